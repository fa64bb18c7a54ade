"""The site's own Content-Security-Policy: read here, never weakened."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cookiegate.gate.headers import get_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cookiegate.gate.headers import Headers

# The directives that rule our script, the one that counts first (CSP Level 3, section 6.8.3).
_DIRECTIVES = (b"script-src-elem", b"script-src", b"default-src")
_NONCE = re.compile(rb"(?:^|\s)'nonce-([A-Za-z0-9+/_-]+={0,2})'(?=\s|$)", re.IGNORECASE)
_ANY_NONCE = re.compile(rb"'nonce-[^'\s;,]*+'", re.IGNORECASE)
_LOADS = re.compile(r"[a-z]+(?:-[a-z]+)*-src(?:-[a-z]+)?")
_SOURCE = re.compile(
    r"(?:([a-z][a-z0-9+.-]*+)://)?((?:\*\.)?[a-z0-9_-]++(?:(?>\.[a-z0-9_-]++))*+)(?::([0-9]++|\*))?(/[!\"$-+\--:<->@-~]*+)?",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*+:", re.IGNORECASE)
# These name no host, and whoever tracks is at one.
_OF_EVERYBODY = frozenset(("http:", "https:", "ws:", "wss:", "ftp:"))


class Source(NamedTuple):
    """A source that names a host. ``host``: in lower case; ``below``: those below it are meant instead."""

    text: str
    host: str = ""
    below: bool = False
    path: str = ""


def nonce_of(headers: Headers) -> str:
    """Return the nonce with which the site lets scripts of a page run, or an empty text.

    Several headers, and several policies in one, all have to be met, so the nonce of the first that has one
    is taken: no other could meet that one. What is only reported on does not count.
    """
    for directives in _policies(headers):
        ruling = next((directives[name] for name in _DIRECTIVES if name in directives), b"")
        if found := _NONCE.search(ruling):
            return found[1].decode()
    return ""


def named_in(headers: Headers) -> tuple[Source, ...]:
    """Return the sources by which the site's own policies let something load, each once and as written.

    Left out is what names nobody: keywords, nonces and hashes, ``*``, ``https:`` and their like. A source
    without a host is a scheme of the browser's own, such as ``blob:``.
    """
    values = get_all(headers, b"content-security-policy")
    # Nonces differ with every response, and name no host.
    return _named(tuple([_ANY_NONCE.sub(b"", value) for value in values])) if values else ()


@lru_cache(maxsize=256)
def _named(values: tuple[bytes, ...]) -> tuple[Source, ...]:
    found: dict[Source, None] = {}
    for directives in _policies([(b"content-security-policy", value) for value in values]):
        for name, sources in directives.items():
            if _LOADS.fullmatch(name.decode("latin-1")):
                for text in sources.decode("latin-1").split():
                    if source := _source(text):
                        found[source] = None
    return tuple(found)


def _source(text: str) -> Source | None:
    if _SCHEME.fullmatch(text):
        return None if text.lower() in _OF_EVERYBODY else Source(text)
    found = _SOURCE.fullmatch(text)
    if found is None or (found[1] and f"{found[1].lower()}:" not in _OF_EVERYBODY):
        return None
    host = found[2].lower()
    if host.startswith("*.") and "." not in host[2:]:
        return None  # a top-level domain
    return Source(text, host.removeprefix("*."), host.startswith("*."), found[4] or "")


def _policies(headers: Headers) -> Iterator[dict[bytes, bytes]]:
    """Every policy that is enforced, as its directives; the first of a name counts."""
    for value in get_all(headers, b"content-security-policy"):
        for policy in value.split(b","):
            directives: dict[bytes, bytes] = {}
            for directive in policy.split(b";"):
                name, *sources = directive.split(maxsplit=1) or [b""]
                directives.setdefault(name.lower(), b"".join(sources))
            yield directives
