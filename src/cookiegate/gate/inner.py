"""The request as the application sees it: it is asked for what can be read, and for whole pages.

Of the visitor's cookies it sees those that the visitor allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from cookiegate.gate.cache import inner_conditions, is_document_request, writing_conditions
from cookiegate.gate.headers import get_all, replace
from cookiegate.gate.packing import inner_accept_encoding
from cookiegate.gate.remember import Remembered

if TYPE_CHECKING:
    from cookiegate.gate.cookie import HiddenCookies
    from cookiegate.gate.headers import Headers
    from cookiegate.gate.visit import Visit

_CONDITIONS = frozenset({b"if-match", b"if-none-match", b"if-modified-since", b"range", b"if-range"})
_READING = frozenset({"GET", "HEAD"})
# What a browser asks for to use it as one of these is never shown as a page (Fetch, section 2.2.7).
_NEVER_PAGES = frozenset(
    b"audio audioworklet font image json manifest paintworklet script serviceworker sharedworker style track "
    b"video worker xslt".split()
)
# What most requests consist of, as servers hand it on: none of these is a condition.
_COMMON = frozenset(
    b"host connection user-agent accept accept-language accept-encoding referer cookie origin authorization "
    b"content-type content-length cache-control pragma priority te dnt sec-gpc upgrade-insecure-requests "
    b"sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-purpose purpose sec-ch-ua "
    b"sec-ch-ua-mobile sec-ch-ua-platform x-requested-with forwarded x-forwarded-for x-forwarded-proto "
    b"x-forwarded-host x-forwarded-port x-real-ip x-request-id via traceparent hx-request turbo-frame".split()
)


class _Places(NamedTuple):
    """Where in a request the headers stand that matter here; -1: nowhere."""

    accept_encoding: int
    destination: int
    cookie: int
    signal: int


class Varied(Protocol):
    """One request's visitor."""

    @property
    def visit(self) -> Visit:
        """The facts of the request."""

    def variant(self) -> str:
        """Name all by which this visitor's page differs from another visitor's."""


def inner_headers(
    headers: Headers,
    visitor: Varied,
    page: bool = False,
    method: str = "GET",
    cookies: HiddenCookies | None = None,
    scheme: str = "http",
) -> Headers:
    """Ask the application for what can be read, and never to confirm a page of another answer.

    visitor: asked for their variant of pages only where one that they hold is to be confirmed.
    page: the answer is gated like a page, whatever it is asked for; speculation rules always are.
    cookies: hides those that the visitor does not allow; None: the application sees all. scheme: the scope's.
    """
    places = _places[tuple([name for name, _ in headers])]
    if places is None:
        headers = _uncommon(headers, visitor, page, method)
        return cookies.filtered(headers, visitor) if cookies else headers
    encoding, destination, cookie, gpc = places
    # Most carry nothing that anybody could be denied: that is asked right here, before a call is made.
    if cookies and cookie >= 0 and cookies.suspects[headers[cookie][1]]:
        signal = headers[gpc][1] if gpc >= 0 else b""
        sent = headers[cookie][1]
        shown = cookies.shown(sent, signal, scheme, visitor)
        if shown is not sent:
            left = [(b"cookie", shown)] if shown else []
            return inner_headers([*headers[:cookie], *left, *headers[cookie + 1 :]], visitor, page, method)
    if encoding < 0 or (readable := _readable[headers[encoding][1]]) is None:
        return headers
    if destination >= 0 and headers[destination][1] in _NEVER_PAGES and not page:
        return headers
    changed = list(headers)
    changed[encoding] = (b"accept-encoding", readable)
    return changed


def _uncommon(headers: Headers, visitor: Varied, page: bool, method: str) -> Headers:
    """Do it for names in any case, headers that came twice, and conditions."""
    names = {name.lower(): value for name, value in headers}
    offered = names.get(b"accept-encoding")
    if offered is not None and (page or names.get(b"sec-fetch-dest") not in _NEVER_PAGES):
        if len(names) < len(headers):  # some header came twice
            offered = b",".join(get_all(headers, b"accept-encoding"))
        readable = _readable[offered]
        if readable is not None:
            headers = replace(headers, b"accept-encoding", readable)
    if _CONDITIONS.isdisjoint(names):
        return headers
    if method not in _READING:
        return writing_conditions(headers)
    named = visitor.variant() if b"if-none-match" in names else ""
    whole = page or names.get(b"sec-fetch-dest") == b"speculationrules" or is_document_request(headers)
    return inner_conditions(headers, named, document=whole)


def _find(names: tuple[bytes, ...]) -> _Places | None:
    """Find what matters among the names of a request's headers; None where one is out of the ordinary."""
    place = {name: number for number, name in enumerate(names)}
    if len(place) < len(names) or not _COMMON.issuperset(place):
        return None
    wanted = (b"accept-encoding", b"sec-fetch-dest", b"cookie", b"sec-gpc")
    return _Places(*(place.get(name, -1) for name in wanted))


def _cut_down(offered: bytes) -> bytes | None:
    """Return what of an Accept-Encoding can be read, None for all of it."""
    readable = inner_accept_encoding(offered)
    return None if readable is offered else readable


# A browser sends the same headers with every request, and there are few browsers.
_places = Remembered(_find, most=512)
_readable = Remembered(_cut_down, most=256)
