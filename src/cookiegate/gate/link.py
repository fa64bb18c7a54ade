"""``Link`` headers and early hints (RFC 8288, RFC 8297): they make a browser load before it sees the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cookiegate.catalog.urls import Url, parse_url
from cookiegate.gate.findings import Finding, Kind
from cookiegate.gate.headers import elements
from cookiegate.gate.recognise import site_of_host
from cookiegate.policy.model import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cookiegate.catalog.model import Match
    from cookiegate.consent.decide import Profile
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


def filter_link(
    headers: Headers, policy: Policy, profile: Profile, *, url: str
) -> tuple[Headers, list[Finding]]:
    """Drop the links that would load what this visitor did not allow; a ``Link`` header left empty goes too.

    The bytes of the other links stay as they are, and the same object comes back when nothing was dropped.
    url: the page's own, for what is relative to it.
    """
    findings: list[Finding] = []
    changed: dict[int, bytes] = {}
    judge: _Judge | None = None
    for place, (key, raw) in enumerate(headers):
        if len(key) == 4 and bytes(key).lower() == b"link":
            judge = judge or _Judge(policy, profile, url)
            value = bytes(raw)
            kept = judge.filter(value, findings)
            if kept is not value:
                changed[place] = kept
    if not changed:
        return headers, findings
    result: list[tuple[bytes, bytes]] = []
    for place, pair in enumerate(headers):
        rest = changed.get(place)
        if rest is None:
            result.append(pair)
        elif rest:
            result.append((pair[0], rest))
    return result, findings


def filter_hints(
    links: Iterable[bytes], policy: Policy, profile: Profile, *, url: str
) -> tuple[list[bytes], list[Finding]]:
    """Do what ``filter_link`` does for the ``links`` of an ``http.response.early_hint`` message."""
    findings: list[Finding] = []
    judge = _Judge(policy, profile, url)
    kept = [judge.filter(bytes(link), findings) for link in links]
    return [link for link in kept if link], findings


@dataclass(frozen=True, slots=True)
class _Link:
    """What one link would make a browser load. image: as an image, which may be a web beacon."""

    kind: Kind
    addresses: list[str]
    image: bool


class _Judge:
    """Decides about the links of one response."""

    def __init__(self, policy: Policy, profile: Profile, url: str) -> None:
        self._policy = policy
        self._profile = profile
        self._page = parse_url(url)

    def filter(self, value: bytes, findings: list[Finding]) -> bytes:
        """Return the value without its denied links: itself when there are none, empty when all are."""
        links = _LINKS.findall(value)
        kept = [link for link in links if self._passes(link, findings)]
        return value if len(kept) == len(links) else b",".join(kept).strip(b" \t")

    def _passes(self, text: bytes, findings: list[Finding]) -> bool:
        link = _read(text)
        if link is None:
            return True
        found = [finding for address in link.addresses if (finding := self._finding(link, address))]
        findings += found
        return all(finding.allowed for finding in found)

    def _finding(self, link: _Link, address: str) -> Finding | None:
        url = parse_url(address, self._page)
        if url is None:
            return None
        match = self._match(url)
        service = match.service if match is not None else None
        if service is not None:
            decision = self._profile.decide(service, beacon=link.image and service.beacon)
        elif self._policy.unknown is Unknown.ALLOW or self._is_own(url):
            return None
        else:
            decision = self._profile.decide_unknown()
        return Finding(
            service=service.id if service is not None else None,
            purpose=service.purpose if service is not None else None,
            kind=link.kind,
            url=address,
            offset=-1,
            allowed=decision.allowed,
            reason=decision.reason,
            rule=match.rule if match is not None else "",
        )

    def _match(self, url: Url) -> Match | None:
        match = self._policy.index.match_url(url)
        if match is None and self._page is not None and url.host == self._page.host:
            match = self._policy.index.match_site_path(url.path, url.query)
        return match

    def _is_own(self, url: Url) -> bool:
        return self._page is not None and site_of_host(url.host) == site_of_host(self._page.host)


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
