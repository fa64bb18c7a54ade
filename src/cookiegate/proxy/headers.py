"""Headers on their way through: what ends at each hop, what says where a request came from, and the rest.

The rest stays as it is: order, duplicates and bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cookiegate.gate.forwarded import is_trusted, origin_of
from cookiegate.gate.headers import elements, get_all, headers_of, replace, without
from cookiegate.proxy.target import BadRequest, BadResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cookiegate.gate.headers import Headers

_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer "
    b"proxy-authentication-info transfer-encoding upgrade http2-settings".split()
)
"""What RFC 9110, section 7.6.1, keeps between neighbours. Trailers are not passed on, nor announced then."""

# Not for ``Connection`` to name: without them a message would end elsewhere, or at another site.
_NEVER_NAMED = frozenset({b"content-length", b"host"})
_EXPECT = frozenset({b"expect"})  # our server says 100 as soon as the body is asked for
_HANDSHAKE = frozenset(
    {b"sec-websocket-" + name for name in (b"key", b"version", b"extensions", b"protocol", b"accept")}
)
_OF_CONTENT = frozenset(
    {b"content-" + name for name in (b"length", b"type", b"encoding", b"language", b"range", b"md5")}
)
_BODILESS = frozenset({204, 304})
# Later versions split the Cookie header, which has to be whole again before them (RFC 9113, section 8.2.3).
_ONE_COOKIE = frozenset({"1.0", "1.1"})

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_DIGITS = re.compile(rb"[0-9]{1,18}")
_PLAIN_NODE = re.compile(r"[A-Za-z0-9._-]+")


def to_upstream(
    scope: Mapping[str, Any],
    host: str,
    *,
    trusted_proxies: Sequence[str] = (),
    preserve_host: bool = False,
) -> list[tuple[str, str]]:
    """Return the headers for the upstream. Raises BadRequest for what could be read in two ways.

    host: the upstream's own, for ``Host`` unless the visitor's is preserved. What is no UTF-8 in a value is
    taken as ISO-8859-1 and becomes UTF-8: that is all the client library writes.
    """
    headers: Headers = [(bytes(name).lower(), bytes(value)) for name, value in headers_of(scope)]
    if scope.get("http_version", "1.1") not in _ONE_COOKIE and (cookies := get_all(headers, b"cookie")):
        headers = replace(headers, b"cookie", b"; ".join(cookies))
    if not all(_NAME.fullmatch(name) and not _CONTROL.search(value) for name, value in headers):
        raise BadRequest("a header")
    hosts = get_all(headers, b"host")
    if len(hosts) > 1:
        raise BadRequest("two Host headers")
    dropped = _ending_here(headers) | _EXPECT | {b"host"}
    if scope["type"] == "websocket":
        dropped |= _HANDSHAKE | {b"content-length"}
    passed = [pair for pair in _measured(headers, BadRequest) if pair[0] not in dropped]
    if not is_trusted(_peer(scope), trusted_proxies):
        passed = [pair for pair in passed if not _tells_origin(pair[0])]
    named = hosts[0] if preserve_host and hosts and hosts[0] else host.encode()
    lines = [(b"host", named), *_with_origin(scope, passed, trusted_proxies)]
    return [(name.decode("ascii"), _text(value)) for name, value in lines]


def from_upstream(raw: Iterable[tuple[bytes, bytes]], status: int) -> list[tuple[bytes, bytes]]:
    """Return the headers for the visitor, names in lower case. Raises BadResponse."""
    headers = [(bytes(name).lower(), bytes(value).strip(b" \t")) for name, value in raw]
    for name, value in headers:
        if not _NAME.fullmatch(name) or _CONTROL.search(value):
            raise BadResponse("a header that cannot be passed on")
    dropped = _ending_here(headers)
    if status in _BODILESS:
        dropped |= {b"content-length"}  # of a body that does not come; servers would wait for it
    return [pair for pair in _measured(headers, BadResponse) if pair[0] not in dropped]


def of_handshake(raw: Iterable[tuple[bytes, bytes]], *, refused: bool = False) -> list[tuple[bytes, bytes]]:
    """Return the headers of a websocket handshake for the visitor, whose own server does the shaking."""
    dropped = _HANDSHAKE | _OF_CONTENT if refused else _HANDSHAKE
    return [pair for pair in from_upstream(raw, 200) if pair[0] not in dropped]


def _ending_here(headers: Headers) -> frozenset[bytes]:
    """Return the names that end at this hop: the fixed ones, and what ``Connection`` names."""
    named = {item.lower() for value in get_all(headers, b"connection") for item in elements(value)}
    return _HOP | (named - _NEVER_NAMED)


def _measured(headers: Headers, problem: type[BadRequest | BadResponse]) -> Headers:
    """Keep one ``Content-Length`` at most, and none beside ``Transfer-Encoding`` (RFC 9112, section 6.3)."""
    lengths = {item for value in get_all(headers, b"content-length") for item in elements(value) or [b""]}
    if not lengths:
        return headers
    if len(lengths) > 1 or not _DIGITS.fullmatch(length := lengths.pop()):
        raise problem("a Content-Length that says nothing")
    rest = without(headers, b"content-length")
    if get_all(headers, b"transfer-encoding"):
        return rest
    place = next(place for place, pair in enumerate(headers) if pair[0] == b"content-length")
    return [*rest[:place], (b"content-length", length), *rest[place:]]


def _tells_origin(name: bytes) -> bool:
    return name in (b"forwarded", b"x-real-ip") or name.startswith(b"x-forwarded-")


def _with_origin(scope: Mapping[str, Any], headers: Headers, trusted_proxies: Sequence[str]) -> Headers:
    """Say where the request came from: the visitor's address, scheme and host as far as they are believed."""
    origin = origin_of(scope, trusted_proxies)
    peer = _peer(scope)
    before = b", ".join(get_all(headers, b"x-forwarded-for")) or origin.client.encode()
    chain = [before] if before and before != peer.encode() else []
    told = b", ".join(get_all(headers, b"forwarded"))
    if told:
        elements_ = [told, _element(peer)]
    else:
        elements_ = [_element(origin.client, origin.host, origin.scheme)]
        elements_ += [_element(peer)] if peer != origin.client else []
    lines = [
        *without(headers, b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"),
        (b"x-forwarded-for", b", ".join([*chain, peer.encode()] if peer else chain)),
        (b"x-forwarded-proto", origin.scheme.encode()),
        (b"x-forwarded-host", origin.host.encode()),
        (b"forwarded", b", ".join(elements_)),
    ]
    return [pair for pair in lines if pair[1] or not _tells_origin(pair[0])]


def _element(client: str, host: str = "", scheme: str = "") -> bytes:
    """Return one element of ``Forwarded`` (RFC 7239, section 4)."""
    node = f"[{client}]" if ":" in client else client
    parts = {"for": node or "unknown", "host": host, "proto": scheme}
    return ";".join(f"{key}={_quoted(value)}" for key, value in parts.items() if value).encode()


def _quoted(value: str) -> str:
    return value if _PLAIN_NODE.fullmatch(value) else f'"{value}"'


def _peer(scope: Mapping[str, Any]) -> str:
    """Return the address of whoever is connected to us; empty on a unix socket."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
