"""The trackers the world knows: look one up by URL, by cookie name or by inline code."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cookiegate.catalog.index import Index
from cookiegate.catalog.load import load_services
from cookiegate.catalog.model import CookieRule, Holds, Lifetime, Match, Service, Unit
from cookiegate.catalog.urls import Url, parse_url, split_url

__all__ = [
    "CookieRule",
    "Holds",
    "Index",
    "Lifetime",
    "Match",
    "Service",
    "Unit",
    "Url",
    "default_index",
    "lookup_cookie",
    "lookup_url",
    "parse_url",
]

_SOME_PAGE: Final = Url("https", "site.invalid", "/")
_LONGEST_REMEMBERED: Final = 400


@lru_cache(maxsize=1)
def default_index() -> Index:
    """The index over the services that cookiegate ships."""
    return Index(load_services())


def lookup_url(url: str | bytes) -> Service | None:
    """The catalogue's service behind a URL as it may stand in a page, protocol-relative ones too.

    The shape of a self-hosted or proxied tracker counts on every host. None for what the catalogue does not
    know.
    """
    text = url.decode("utf-8", "replace") if isinstance(url, bytes) else url
    if len(text) > _LONGEST_REMEMBERED:
        return _find(text)
    return _remembered(text)


def _find(text: str) -> Service | None:
    parts = split_url(text, _SOME_PAGE)
    if parts is None:
        return None
    _, host, path, query = parts
    match = default_index().match_place(host, path, query)
    return match.service if match is not None else None


# The pages of a site load the same things again and again.
_remembered = lru_cache(maxsize=4096)(_find)


def lookup_cookie(name: str) -> Service | None:
    """The catalogue's service that sets a cookie of this name."""
    match = default_index().match_cookie(name)
    return match.service if match is not None else None
