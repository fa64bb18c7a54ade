"""The trackers the world knows: look one up by URL, by cookie name or by inline code."""

from __future__ import annotations

from functools import lru_cache

from cookiegate.catalog.index import Index
from cookiegate.catalog.load import load_services
from cookiegate.catalog.model import CookieRule, Holds, Lifetime, Match, Service, Unit
from cookiegate.catalog.urls import Url, parse_url

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

_SOME_PAGE = Url("https", "site.invalid", "/")


@lru_cache(maxsize=1)
def default_index() -> Index:
    """The index over the services that cookiegate ships."""
    return Index(load_services())


def lookup_url(url: str | bytes) -> Service | None:
    """The catalogue's service behind a URL as it may stand in a page, protocol-relative ones too.

    The path of a self-hosted tracker counts on every host. None for what the catalogue does not know.
    """
    text = url.decode("utf-8", "replace") if isinstance(url, bytes) else url
    parsed = parse_url(text, _SOME_PAGE)
    if parsed is None:
        return None
    index = default_index()
    match = index.match_url(parsed) or index.match_site_path(parsed.path)
    return match.service if match is not None else None


def lookup_cookie(name: str) -> Service | None:
    """The catalogue's service that sets a cookie of this name."""
    match = default_index().match_cookie(name)
    return match.service if match is not None else None
