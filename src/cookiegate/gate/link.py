"""``Link`` headers and early hints (RFC 8288, RFC 8297): they make a browser load before it sees the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cookiegate.gate.findings import Kind
from cookiegate.gate.headers import edited, elements
from cookiegate.gate.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cookiegate.consent.decide import Profile
    from cookiegate.gate.findings import Finding
    from cookiegate.gate.headers import Headers
    from cookiegate.policy.model import Policy

_HINTS = frozenset(
    b"preload prefetch preconnect dns-prefetch modulepreload prerender compression-dictionary".split()
)
_ICONS = frozenset(b"icon apple-touch-icon apple-touch-icon-precomposed mask-icon".split())
_LOADING = _HINTS | _ICONS | {b"stylesheet", b"manifest"}

# Commas between links are those outside <> and quoted strings; what is never closed reaches to the end.
_LINKS = re.compile(rb'(?:(?>[^,<"]++|<[^>]*+>?+|"(?:(?>[^"\\]++|\\.))*+"?+))++', re.DOTALL)
_LINK = re.compile(rb'[ \t]*<([^>]*+)>((?:(?>[^"]++|"(?:(?>[^"\\]++|\\.))*+"))*+)', re.DOTALL)
_ADDRESS = re.compile(rb"<([^<>]*+)")
_QUOTED = re.compile(rb'"((?:(?>[^"\\]++|\\.))*+)"', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def filter_link(headers: Headers, judge: Judge) -> Headers:
    """Drop the links that would load what this visitor did not allow; a ``Link`` header left empty goes too.

    The bytes of the other links stay as they are, and the same object comes back when nothing was dropped.
    """
    return edited(headers, b"link", lambda value: _filtered(value, judge))


def filter_hints(
    links: Iterable[bytes], policy: Policy, profile: Profile, *, url: str
) -> tuple[list[bytes], list[Finding]]:
    """Do what ``filter_link`` does for the ``links`` of an ``http.response.early_hint`` message.

    url: the page's own, for what is relative to it.
    """
    judge = Judge(policy, profile, url)
    kept = [_filtered(bytes(link), judge) for link in links]
    return [link for link in kept if link], judge.findings


@dataclass(frozen=True, slots=True)
class _Link:
    """What one link would make a browser load. image: as an image, which may be a web beacon."""

    kind: Kind
    addresses: list[str]
    image: bool


def _filtered(value: bytes, judge: Judge) -> bytes:
    """Return the value without its denied links: itself when there are none, empty when all are."""
    links = _LINKS.findall(value)
    kept = [link for link in links if _passes(link, judge)]
    return value if len(kept) == len(links) else b",".join(kept).strip(b" \t")


def _passes(text: bytes, judge: Judge) -> bool:
    link = _read(text)
    return link is None or judge.passes(link.kind, link.addresses, image=link.image)


def _read(text: bytes) -> _Link | None:
    """Read one link; None when no browser loads anything for it.

    One that is malformed, which browsers read each in their own way, counts as loading all its addresses.
    """
    found = _LINK.fullmatch(text)
    if found is None:
        addresses = [_text(address) for address in _ADDRESS.findall(text)]
        return _Link(Kind.LINK, addresses, image=False)
    relations: set[bytes] = set()
    addresses = [_text(found[1])]
    image = False
    for parameter in elements(found[2], b";"):
        name, _, value = parameter.partition(b"=")
        value = _unquoted(value.strip(b" \t"))
        match name.strip(b" \t").lower():
            case b"rel":
                relations.update(value.lower().split())
            case b"as":
                image |= value.lower() == b"image"
            case b"imagesrcset":
                image = True
                addresses += _srcset(_text(value))
    if not relations & _LOADING:
        return None
    kind = Kind.HINT if relations & _HINTS else Kind.LINK
    return _Link(kind, addresses, image=image or bool(relations & _ICONS))


def _srcset(text: str) -> list[str]:
    """Every address in a ``srcset``; pieces of addresses with commas too, since holding too much is safe."""
    words = [word.strip(",") for word in text.split()]
    return [piece for word in words for piece in dict.fromkeys([word, *word.split(",")])]


def _unquoted(value: bytes) -> bytes:
    quoted = _QUOTED.match(value)
    return _ESCAPED.sub(rb"\1", quoted[1]) if quoted is not None else value


def _text(address: bytes) -> str:
    return address.strip().decode("utf-8", "replace")
