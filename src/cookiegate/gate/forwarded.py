"""Where a request really came from: behind a TLS proxy, and across sites."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from cookiegate.gate.headers import elements, get_all, headers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cookiegate.gate.headers import Headers

_Address = IPv4Address | IPv6Address

_HOST = re.compile(rb"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PAIR = re.compile(rb'([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^"\s]*))', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_SITE = re.compile(rb"(https?)://([^/?#]+)", re.IGNORECASE)
_DEFAULT_PORT = {"http": ":80", "https": ":443"}
_IN_PATHS = "/!$&'()*+,;=:@"  # what of a path needs no percent sign, RFC 3986, section 3.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The address a visitor typed, and where the visitor is.

    scheme: ``http`` or ``https``. host: in lower case, with a port where the ``Host`` header has one; empty
    when the request names none. client: an IP address, or empty when the server does not tell.
    """

    scheme: str
    host: str
    client: str

    @property
    def secure(self) -> bool:
        """Whether the visitor's browser speaks https."""
        return self.scheme == "https"


def origin_of(scope: Mapping[str, object], trusted_proxies: Sequence[str] = ()) -> Origin:
    """Work out the origin of a request from its ASGI scope.

    ``X-Forwarded-Proto``, ``-Host`` and ``-For``, and for what they leave out ``Forwarded`` (RFC 7239), count
    only when the peer is one of ``trusted_proxies`` (addresses or networks, raises ValueError for others).
    Of a list, the first entry names scheme and host, as the outermost proxy saw them; the client is the last
    entry that is not itself a trusted proxy, since everything before it may be invented. A value that is
    malformed counts as none: the scope's own is taken.
    """
    headers = headers_of(scope)
    scheme = "https" if scope.get("scheme") in ("https", "wss") else "http"
    peer = cast("Sequence[object] | None", scope.get("client"))
    client = str(peer[0]) if peer else ""
    host = _one_host(get_all(headers, b"host")) or _server(scope)
    if trusted_proxies and _is_trusted(_address(client), trusted := networks(tuple(trusted_proxies))):
        forwarded = _forwarded(headers)
        protos = _listed(headers, b"x-forwarded-proto") or forwarded.get(b"proto", [])
        if protos and protos[0].lower() in (b"http", b"https"):
            scheme = protos[0].lower().decode()
        hosts = _listed(headers, b"x-forwarded-host") or forwarded.get(b"host", [])
        host = _one_host(hosts[:1]) or host
        clients = _listed(headers, b"x-forwarded-for") or forwarded.get(b"for", [])
        client = _visitor(clients, trusted) or client
    return Origin(scheme=scheme, host=host, client=client)


def root_of(scope: Mapping[str, object]) -> str:
    """Return the path that a mounting application or a proxy puts before every path, as links write it.

    No slash ends it; empty for none. A visitor may have chosen it: as what a mount with a parameter matched,
    and by a header of their own (daphne's ``Daphne-Root-Path``). So it never leads to another host, as
    ``//host`` and ``/\\host`` would, and holds nothing but what an address may hold.
    """
    path = cast("str", scope.get("root_path", "")).strip("/")
    return quote(f"/{path}", _IN_PATHS, errors="replace") if path else ""


def is_trusted(client: str, trusted_proxies: Sequence[str]) -> bool:
    """Whether an address is one of these addresses and networks. Raises ValueError for what is neither."""
    return bool(trusted_proxies) and _is_trusted(_address(client), networks(tuple(trusted_proxies)))


def allowed_post(headers: Headers, origin: Origin) -> bool:
    """Whether a state-changing request may come from where it says it comes from.

    ``Sec-Fetch-Site`` decides alone where it is sent: ``same-origin``, or ``none`` for what the visitor
    started outside any page. Browsers without it (Safari before 16.4, and every browser on plain http) send
    ``Origin`` with a form, so that must be this origin; an https one also counts when only the proxy in front
    speaks https and nobody declared it as trusted. ``Origin: null`` is what a sandboxed frame of any site
    sends: refused, also where ``Referrer-Policy: no-referrer`` made it so.

    With neither header, a ``Referer`` of this origin is accepted: a page of another site cannot forge it,
    only leave it out. With none of the three the request is refused: an attacker can leave them all out in
    an old browser, and a program of good will can send ``Origin``. One of the three sent twice is refused.
    """
    site = get_all(headers, b"sec-fetch-site")
    source = get_all(headers, b"origin")
    referer = get_all(headers, b"referer")
    if max(len(site), len(source), len(referer)) > 1:
        return False
    if site:
        return site[0].strip(b" \t") in (b"same-origin", b"none")
    if source:
        found = _SITE.fullmatch(source[0].strip(b" \t"))
    else:
        found = _SITE.match(referer[0].strip(b" \t")) if referer else None
    if found is None or not origin.host:
        return False
    scheme = found[1].decode().lower()
    if scheme != origin.scheme and scheme != "https":
        return False
    return _fold(scheme, found[2].decode("latin-1").lower()) == _fold(scheme, origin.host)


@lru_cache(maxsize=32)
def networks(trusted_proxies: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read addresses and networks (``10.0.0.0/8``). Raises ValueError for anything else."""
    return tuple(ip_network(entry, strict=False) for entry in trusted_proxies)


def _fold(scheme: str, host: str) -> str:
    return host.removesuffix(_DEFAULT_PORT[scheme])


def _one_host(values: list[bytes]) -> str:
    """The host of exactly one valid value: two ``Host`` headers are an attack, not a choice."""
    if len(values) == 1 and _HOST.fullmatch(value := values[0].strip(b" \t")):
        return value.decode().lower()
    return ""


def _server(scope: Mapping[str, object]) -> str:
    server = cast("Sequence[object] | None", scope.get("server"))
    if not server or server[1] is None:  # none, or a unix socket
        return ""
    name = str(server[0])
    return f"[{name}]:{server[1]}" if ":" in name else f"{name}:{server[1]}"


def _listed(headers: Headers, name: bytes) -> list[bytes]:
    return [item for value in get_all(headers, name) for item in elements(value)]


def _forwarded(headers: Headers) -> dict[bytes, list[bytes]]:
    """Return the values of each parameter of ``Forwarded``, nearest proxy last; none when it is malformed."""
    found: dict[bytes, list[bytes]] = {}
    for element in _listed(headers, b"forwarded"):
        for text in elements(element, b";"):
            pair = _PAIR.fullmatch(text)
            if pair is None:
                return {}
            value = pair[3] if pair[2] is None else _ESCAPED.sub(rb"\1", pair[2])
            found.setdefault(pair[1].lower(), []).append(value)
    return found


def _visitor(nodes: list[bytes], trusted: tuple[IPv4Network | IPv6Network, ...]) -> str:
    """Walk back from the nearest proxy to the first address that nobody trusts; empty when malformed."""
    address: _Address | None = None
    for node in reversed(nodes):
        text = node.decode("latin-1")
        if text.startswith("["):
            text = text[1:].partition("]")[0]
        elif text.count(":") == 1:
            text = text.partition(":")[0]
        address = _address(text)
        if not _is_trusted(address, trusted):
            break
    return "" if address is None else str(address)


def _address(text: str) -> _Address | None:
    """Read an address without its zone (``%eth0``), which may be any text."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A socket that listens on both families shows IPv4 peers as ::ffff:192.0.2.1.
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _is_trusted(address: _Address | None, trusted: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return address is not None and any(address in network for network in trusted)
