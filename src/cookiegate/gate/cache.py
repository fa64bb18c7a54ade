"""Caches (RFC 9111): a page belongs to one visitor, and no revalidation revives what they withdrew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cookiegate.gate.headers import elements, get_all, replace, without

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cookiegate.gate.headers import Headers

VARY = (b"Cookie", b"Sec-GPC")
"""The request headers that every page depends on."""

_DOCUMENT_DESTINATIONS = frozenset(b"document iframe frame embed object fencedframe".split())
_PAGE_TYPES = frozenset({b"text/html", b"application/xhtml+xml"})

# Each of these outranks Cache-Control for some shared cache, RFC 9213 and the vendors' elder names for it.
_FOR_SHARED_CACHES = re.compile(
    rb"(?:[!-~]+-)?cdn-cache-control|surrogate-control|edge-control|akamai-cache-control|x-accel-expires"
)

_MARK = b"--cg"
_ETAG = re.compile(rb'(?:W/)?"([^"]*+)"')
_SUFFIX = re.compile(_MARK + rb"[0-9a-z]++\Z")


def is_document_request(headers: Headers) -> bool:
    """Whether the answer is going to be shown as a page, in the window, in a frame, or by a script.

    Says ``Sec-Fetch-Dest``; where a browser does not send it (plain http, old ones), and where a script asks,
    ``Accept`` naming HTML.
    """
    destinations = {_token(value) for value in get_all(headers, b"sec-fetch-dest")}
    if not destinations.isdisjoint(_DOCUMENT_DESTINATIONS):
        return True
    if destinations and b"empty" not in destinations:
        return False
    offers = (item for value in get_all(headers, b"accept") for item in value.split(b","))
    return any(_token(offer) in _PAGE_TYPES for offer in offers)


def vary(headers: Headers, names: Sequence[bytes] = VARY) -> Headers:
    """Name what the response depends on in ``Vary``, after what is named already; ``*`` covers everything."""
    values = get_all(headers, b"vary")
    named = {item.strip(b" \t").lower() for value in values for item in value.split(b",")}
    missing = [name for name in names if name.lower() not in named]
    if b"*" in named or not missing:
        return headers
    known = [text for value in values if (text := value.strip(b" \t,"))]
    return replace(headers, b"vary", b", ".join([*known, *missing]))


def private(headers: Headers) -> Headers:
    """Keep shared caches from storing the response; what the browser may do with it stays as it was.

    ``private`` comes first, where no unclosed quotation can swallow it. ``private="field"`` speaks of that
    field alone, so it gives way. The headers that overrule ``Cache-Control`` for shared caches go, all but
    the ``content`` of ``Surrogate-Control``, which asks for edge-side includes.
    """
    headers = _without_targeted(headers)
    directives = [item for value in get_all(headers, b"cache-control") for item in elements(value)]
    dropped = {b"public", b"s-maxage", b"private"}
    kept = [item for item in directives if _directive(item) not in dropped]
    plain = [item for item in directives if item.lower() == b"private"]
    if len(plain) == 1 and len(kept) == len(directives) - 1:
        return headers
    return replace(headers, b"cache-control", b", ".join([b"private", *kept]))


def rewritten(headers: Headers, variant: str) -> Headers:
    """Turn the validators and digests of the application's page into those of what the visitor gets.

    ``ETag: "x"`` becomes ``W/"x--cgVARIANT"``: the application's tag says when the page changed, the variant
    what was done to it. A malformed or repeated tag goes. ``Last-Modified`` goes, since it says nothing about
    the variant, and so do all digests, which were of other bytes. For 200 and 304 alike. variant: without
    quotes.
    """
    headers = without(headers, b"last-modified", b"content-md5", b"digest", b"content-digest", b"repr-digest")
    tags = get_all(headers, b"etag")
    if not tags:
        return headers
    found = _ETAG.fullmatch(tags[0].strip(b" \t"))
    if found is None or len(tags) > 1:
        return without(headers, b"etag")
    return replace(headers, b"etag", b'W/"%b%b%b"' % (found[1], _MARK, variant.encode()))


def unvalidated(headers: Headers) -> Headers:
    """Drop the validators of a page that goes out unread: nobody could say later for whom it was right."""
    return without(headers, b"etag", b"last-modified")


def inner_conditions(headers: Headers, variant: str, *, document: bool) -> Headers:
    """Translate what a reading request knows already into what the application said.

    Tags in ``If-None-Match`` of this variant lose their suffix; the strong form is what is passed on, which
    equals both in the weak comparison of this header (RFC 9110, section 13.1.2). Tags of other variants go:
    a 304 for them would show the page as the visitor has not chosen it.

    document: the answer is a page, so everything goes that could revive one from before the gate or ask for
    a piece of one: tags without a suffix, ``*``, ``If-Modified-Since``, ``Range`` and ``If-Range``. Other
    requests keep them.
    """
    if document:
        headers = without(headers, b"if-modified-since", b"range", b"if-range")
    suffix = _MARK + variant.encode()
    headers = _translated(headers, b"if-none-match", lambda tag: _inner_tag(tag, suffix, document=document))
    return _translated(headers, b"if-match", _original_tag)


def writing_conditions(headers: Headers) -> Headers:
    """Translate what a request that changes something knows of what it changes.

    That is the application's page and no variant of it, so tags of every variant lose their suffix. What is
    passed on is the strong form, though ours was weak and a weak one never matches in ``If-Match`` (RFC 9110,
    section 13.1.1): it is the application's own tag that was weakened here, and if that was a weak one too,
    the application finds no match, as it would without the gate.
    """
    headers = _translated(headers, b"if-none-match", _original_tag)
    return _translated(headers, b"if-match", _original_tag)


def _translated(headers: Headers, name: bytes, inner_tag: Callable[[bytes], bytes | None]) -> Headers:
    result: list[tuple[bytes, bytes]] = []
    changed = False
    for pair in headers:
        if len(pair[0]) == len(name) and bytes(pair[0]).lower() == name:
            tags = elements(bytes(pair[1]))
            inner = [tag for outer in tags if (tag := inner_tag(outer))]
            if inner != tags:
                changed = True
                if inner:
                    result.append((pair[0], b", ".join(inner)))
                continue
        result.append(pair)
    return result if changed else headers


def _inner_tag(tag: bytes, suffix: bytes, *, document: bool) -> bytes | None:
    found = _ETAG.fullmatch(tag)
    if found is None or _MARK not in found[1]:
        return None if document else tag
    return b'"%b"' % found[1].removesuffix(suffix) if found[1].endswith(suffix) else None


def _original_tag(tag: bytes) -> bytes:
    found = _ETAG.fullmatch(tag)
    suffix = _SUFFIX.search(found[1]) if found else None
    return b'"%b"' % found[1][: suffix.start()] if found and suffix else tag


def _without_targeted(headers: Headers) -> Headers:
    names = {name for key, _ in headers if _FOR_SHARED_CACHES.fullmatch(name := bytes(key).lower())}
    if not names:
        return headers
    directives = [item for value in get_all(headers, b"surrogate-control") for item in elements(value)]
    content = [item for item in directives if _directive(item) == b"content"]
    if not content:
        return without(headers, *names)
    return replace(
        without(headers, *names - {b"surrogate-control"}), b"surrogate-control", b", ".join(content)
    )


def _directive(item: bytes) -> bytes:
    return item.partition(b"=")[0].strip(b" \t").lower()


def _token(item: bytes) -> bytes:
    return item.partition(b";")[0].strip(b" \t").lower()
