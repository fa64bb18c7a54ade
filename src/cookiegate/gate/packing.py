"""In what coding a body goes out that came packed, and which ones the application may use."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cookiegate.gate.cache import vary
from cookiegate.gate.codecs import codec_of
from cookiegate.gate.encoding import coding_names, codings
from cookiegate.gate.headers import replace, without

if TYPE_CHECKING:
    from cookiegate.gate.codecs import Encoder
    from cookiegate.gate.headers import Headers

_BEST_FIRST = (b"br", b"zstd", b"gzip", b"deflate")
_NAMES = {b"gzip": (b"gzip", b"x-gzip")}
_READABLE_ALWAYS = frozenset({b"identity", b""})
_WEIGHT = re.compile(rb"[01](?:\.[0-9]*+)?")


class Outgoing(NamedTuple):
    """How one body goes out.

    came: whether it came packed; if it did not, nothing is said about codings. coding: in which it leaves;
    empty for as it is.
    """

    came: bool
    coding: bytes

    def name(self, headers: Headers) -> Headers:
        """Name the coding in the headers, and that it depends on what the visitor reads."""
        if not self.came:
            return headers
        headers = vary(headers, (b"Accept-Encoding",))
        if not self.coding:
            return without(headers, b"content-encoding")
        return replace(headers, b"content-encoding", self.coding)

    def encoder(self) -> Encoder | None:
        """Return what packs the body; None: it leaves as it is."""
        codec = codec_of(self.coding)
        return codec.encoder() if codec else None


@lru_cache(maxsize=256)
def outgoing(content_encoding: bytes, accept_encoding: bytes) -> Outgoing:
    """Choose how a body goes out that came in these codings, to who sent this ``Accept-Encoding``.

    The coding that it came in, the outermost one, if the visitor reads that at all; else the one that they
    read best (RFC 9110, section 12.5.3), and of several the first of br, zstd, gzip and deflate; else none.
    Who says nothing about codings gets none.
    """
    came = codings(content_encoding)
    if not came:
        return Outgoing(False, b"")
    weights = dict(zip(coding_names(accept_encoding), map(_weight, accept_encoding.split(b",")), strict=True))

    def weight(coding: bytes) -> float:
        named = [weights[name] for name in _NAMES.get(coding, (coding,)) if name in weights]
        return max(named, default=weights.get(b"*", 0))

    last = b"gzip" if came[-1] == b"x-gzip" else came[-1]
    if codec_of(last) and weight(last):
        return Outgoing(True, last)
    best = max((coding for coding in _BEST_FIRST if codec_of(coding)), key=weight)
    return Outgoing(True, best if weight(best) > weights.get(b"identity", 0) else b"")


def inner_accept_encoding(value: bytes) -> bytes:
    """Cut ``Accept-Encoding`` down to the codings that the gate can read.

    ``*`` goes too, since it invites all others. The same bytes come back when nothing has to go, and
    ``identity`` when nothing is left.
    """
    offered = value.split(b",")
    kept = [item for item, name in zip(offered, coding_names(value), strict=True) if _is_readable(name)]
    if len(kept) == len(offered):
        return value
    return b",".join(kept).strip(b" \t,") or b"identity"


def _is_readable(name: bytes) -> bool:
    return name in _READABLE_ALWAYS or codec_of(name) is not None


def _weight(item: bytes) -> float:
    """The ``q`` of one offer: 1 when absent, 0 when it is no number."""
    for parameter in item.split(b";")[1:]:
        name, _, value = parameter.partition(b"=")
        if name.strip(b" \t").lower() == b"q":
            found = _WEIGHT.fullmatch(value.strip(b" \t"))
            return float(found[0]) if found else 0
    return 1
