"""URLs as a browser reads them, cut down to what a catalogue needs: scheme, host, path and query.

Follows the WHATWG URL Standard (url.spec.whatwg.org) for ``http``, ``https``, ``ws`` and ``wss``. Knowingly
dropped, because a tracker stays the same tracker with or without them: user info, port, the host's trailing
dots, the fragment.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address
from urllib.parse import unquote_to_bytes

_SCHEMES = frozenset({"http", "https", "ws", "wss"})

# The shapes nearly every URL in a page has; what they do not cover goes the exact way below.
# Whether a host is one is looked at afterwards, since pages repeat few hosts.
_IN_PATH = r"A-Za-z0-9_~!$&'()*+,;=@%\[\]|\-"
_PLAIN = re.compile(
    rf"(?:(?:(https?):)?//([a-z0-9_.-]{{1,253}})(/[{_IN_PATH}:./]*+)?"
    rf"|(/(?!/)[{_IN_PATH}:./]*+)|([{_IN_PATH}][{_IN_PATH}./]*+)|)"
    r"(?:\?([A-Za-z0-9_~!$&()*+,;=:@%./?\[\\\]^`{|}-]*+))?(?:#.*+)?",
    re.DOTALL,
)
_PLAIN_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*")
_HIDDEN_DOT = re.compile("%2[eE]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AUTHORITY = re.compile(r"[^/\\?#]*")
_IGNORED_IN_URL = {ord(c): None for c in "\t\n\r"}
_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_PATH_ENCODED = re.compile(r"[^!$%&'()*+,./0-9:;=@A-Z\[\]_a-z|~-]")
_QUERY_ENCODED = re.compile(r"[^!$%&()*+,./0-9:;=?@A-Z\[\\\]^_`a-z{|}~-]")
_ONE_DOT = frozenset({".", "%2e"})
_TWO_DOTS = frozenset({"..", ".%2e", "%2e.", "%2e%2e"})
_FORBIDDEN_IN_HOST = re.compile(r"[\x00-\x20\x7f#%/:<>?@\[\\\]^|]")
_IN_IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_ZEROS = re.compile(r"(?<![^:])0(?::0)+(?![^:])")
_PORT = re.compile(r"[0-9]*")
# Code points that UTS #46 maps to nothing: an invisible letter does not make another host.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u180b-\u180d\u180f\u200b\u2060\u2064\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
_LONGEST_HOST = 253  # RFC 1035, section 2.3.4; a longer name cannot be asked for, and punycode is quadratic


@dataclass(frozen=True, slots=True)
class Url:
    """A canonical URL: lower-case ASCII host, path with its dot segments resolved, query without ``?``."""

    scheme: str
    host: str
    path: str
    query: str = ""

    def __str__(self) -> str:
        text = f"{self.scheme}://{self.host}{self.path}"
        return f"{text}?{self.query}" if self.query else text


def parse_url(text: str, base: Url | None = None) -> Url | None:
    """Read ``text`` as a browser would, against ``base`` when it is relative.

    None for anything that is not fetched over the network by that address (``data:``, ``blob:``,
    ``javascript:``, ``mailto:``, ...), for a relative reference without a base, and for what no browser
    accepts. Never raises.
    """
    parts = split_url(text, base)
    return None if parts is None else Url(*parts)


def split_url(text: str, base: Url | None = None) -> tuple[str, str, str, str] | None:
    """What ``parse_url`` reads, as scheme, host, path and query, for those who need no more than these."""
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        named = _SCHEME.match(text)
        if named is not None and named[1].lower() not in _SCHEMES:
            return None
    else:
        scheme, host, path, on_host, in_folder, query = plain.groups()
        if host is not None:
            if path is None:
                path = "/"
            if scheme is None and base is not None:
                scheme = base.scheme
            if scheme is not None and _is_plain_host(host) and not _has_dots(path):
                return scheme, host, path, query or ""
        elif base is not None:
            if on_host is not None:
                path = on_host
            elif in_folder is not None:
                path = f"{base.path[: base.path.rfind('/')]}/{in_folder}"
            else:
                return base.scheme, base.host, base.path, base.query if query is None else query
            if not _has_dots(path):
                return base.scheme, base.host, path, query or ""
    url = _parse(text, base)
    return None if url is None else (url.scheme, url.host, url.path, url.query)


@lru_cache(maxsize=1024)
def _is_plain_host(text: str) -> bool:
    return _PLAIN_HOST.fullmatch(text) is not None


def _has_dots(path: str) -> bool:
    """Whether a path may have segments such as ``..`` to be resolved."""
    return "/." in path or ("%2" in path and _HIDDEN_DOT.search(path) is not None)


def _parse(text: str, base: Url | None) -> Url | None:
    text = text.strip(_C0_AND_SPACE).translate(_IGNORED_IN_URL)
    if (
        not text.isascii()
    ):  # a lone surrogate becomes U+FFFD, as in every string a browser hands to its parser
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = text.partition("#")[0]
    named = _SCHEME.match(text)
    if named is None:
        return None if base is None else _relative(text, base)
    scheme = named[1].lower()
    if scheme not in _SCHEMES:
        return None
    rest = text[named.end() :]
    if base is not None and base.scheme == scheme and not _begins_authority(rest):
        return _relative(rest, base)  # "https:page" on an https page is relative, on an http page a host
    return _absolute(scheme, rest)


def _begins_authority(text: str) -> bool:
    return len(text) > 1 and text[0] in "/\\" and text[1] in "/\\"


def _relative(text: str, base: Url) -> Url | None:
    if _begins_authority(text):
        return _absolute(base.scheme, text)
    path, mark, query = text.partition("?")
    path = path.replace("\\", "/")
    if path.startswith("/"):
        return Url(base.scheme, base.host, _canonical_path(path), _canonical_query(query))
    if path:
        folder = base.path.rpartition("/")[0]
        return Url(base.scheme, base.host, _canonical_path(f"{folder}/{path}"), _canonical_query(query))
    return Url(base.scheme, base.host, base.path, _canonical_query(query) if mark else base.query)


def _absolute(scheme: str, text: str) -> Url | None:
    text = text.lstrip("/\\")
    authority = _AUTHORITY.match(text)
    assert authority is not None  # noqa: S101 - the pattern matches the empty string too
    host = _host_of(authority[0].rpartition("@")[2])
    if host is None:
        return None
    path, _, query = text[authority.end() :].partition("?")
    return Url(scheme, host, _canonical_path(path.replace("\\", "/")), _canonical_query(query))


def _canonical_path(path: str) -> str:
    if _PATH_ENCODED.search(path) is not None:
        path = _PATH_ENCODED.sub(_percent_encoded, path)
    kept: list[str] = []
    segments = path.split("/")[1:]
    last = len(segments) - 1
    for number, segment in enumerate(segments):
        lowered = segment.lower() if len(segment) <= 6 else segment
        if lowered in _TWO_DOTS:
            del kept[-1:]
        elif lowered not in _ONE_DOT:
            kept.append(segment)
            continue
        if number == last:
            kept.append("")
    return "/" + "/".join(kept)


def _canonical_query(query: str) -> str:
    return _QUERY_ENCODED.sub(_percent_encoded, query) if query else ""


def _percent_encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


def _host_of(text: str) -> str | None:
    """The host of an authority without user info, or None when a browser would refuse it."""
    bracketed = text.startswith("[")
    if bracketed:
        host, _, port = text.rpartition("]")
        host += "]"
        if port and not port.startswith(":"):
            return None
        port = port[1:]
    else:
        host, _, port = text.partition(":")
    if _PORT.fullmatch(port) is None or len(port.lstrip("0")) > 5 or int(port or 0) > 0xFFFF:
        return None
    if bracketed:
        return _ipv6(host[1:-1])
    if "%" in host:
        host = unquote_to_bytes(host).decode("utf-8", "replace")
    if "\ufffd" in host:
        return None
    host = _ascii_host(host)
    if not host.strip(".") or len(host) > _LONGEST_HOST or _FORBIDDEN_IN_HOST.search(host) is not None:
        return None
    return _ipv4(host.removesuffix(".")) if _ends_in_number(host.removesuffix(".")) else host.rstrip(".")


def _ascii_host(host: str) -> str:
    """Lower case and IDNA, after UTS #46 as browsers apply it (``ß`` stays itself). Empty when too long."""
    if not host.isascii():
        if len(host) > _LONGEST_HOST * 4:
            return ""
        mapped = unicodedata.normalize("NFKC", _INVISIBLE.sub("", host)).lower()
        mapped = unicodedata.normalize("NFC", mapped).replace("\u3002", ".")
        labels = mapped.split(".")
        host = ".".join(label if label.isascii() else "xn--" + _punycode(label) for label in labels)
    return host.lower()


def _punycode(label: str) -> str:
    return label.encode("punycode").decode("ascii")


def _ipv6(text: str) -> str | None:
    """An address in brackets, as the URL Standard writes it (host serializing)."""
    if _IN_IPV6.fullmatch(text) is None:
        return None
    try:
        packed = int(IPv6Address(text))
    except ValueError:
        return None
    address = ":".join(f"{packed >> shift & 0xFFFF:x}" for shift in range(112, -16, -16))
    runs = [found.span() for found in _ZEROS.finditer(address)]
    if runs:  # the first of the longest ones is left out
        start, end = max(runs, key=lambda run: run[1] - run[0])
        address = f"{address[:start].removesuffix(':')}::{address[end:].removeprefix(':')}"
    return f"[{address}]"


def _ends_in_number(host: str) -> bool:
    last = host.rpartition(".")[2]
    return last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last) is not None


def _ipv4(host: str) -> str | None:
    """The dotted form of ``127.1``, ``0x7f000001`` and their kin (URL Standard, IPv4 parser)."""
    numbers: list[int] = []
    for part in host.split("."):
        digits, radix = part, 10
        if part.startswith("0x"):
            digits, radix = part[2:], 16
        elif len(part) > 1 and part.startswith("0"):
            digits, radix = part[1:], 8
        if not part or len(digits) > 40:
            return None
        try:
            numbers.append(int(digits, radix) if digits else 0)
        except ValueError:
            return None
    if len(numbers) > 4 or any(number > 255 for number in numbers[:-1]):
        return None
    if numbers[-1] >= 256 ** (5 - len(numbers)):
        return None
    address = numbers[-1]
    for place, number in enumerate(numbers[:-1]):
        address += number << (8 * (3 - place))
    return ".".join(str(address >> shift & 0xFF) for shift in (24, 16, 8, 0))
