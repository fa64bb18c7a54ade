"""Content codings: what arrives compressed is unpacked to be read, and packed again.

The codings of the standard library: gzip and deflate (RFC 9110, section 8.4.1), one after another too.
"""

from __future__ import annotations

import zlib

from cookiegate.exceptions import CookieGateError

LIMIT = 64 * 1024 * 1024
"""Bytes a body may unpack to."""

_GZIP = frozenset({b"gzip", b"x-gzip"})
_KNOWN = _GZIP | {b"deflate", b"identity", b""}
_MAGIC = b"\x1f\x8b"
_PIECE = 16 * 1024  # each member's end copies what follows it, and a body may be nothing but empty members


class EncodingError(CookieGateError, ValueError):
    """A body is corrupt or cut off, or its coding is unknown: nobody can say what is in it."""


class TooLargeError(EncodingError):
    """A body unpacks to more than ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the body unpacks to more than {limit} bytes")


def supported(content_encoding: bytes) -> bool:
    """Whether Decoder reads this ``Content-Encoding``; several headers are to be joined by commas."""
    return all(coding in _KNOWN for coding in _codings(content_encoding))


def inner_accept_encoding(value: bytes) -> bytes:
    """Cut ``Accept-Encoding`` down to the codings that the gate can read.

    ``*`` goes too, since it invites all others. The same bytes come back when nothing has to go, and
    ``identity`` when nothing is left.
    """
    offered = value.split(b",")
    kept = [item for item in offered if _name(item) in _KNOWN]
    if len(kept) == len(offered):
        return value
    return b",".join(kept).strip(b" \t,") or b"identity"


def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether a client with this ``Accept-Encoding`` reads gzip."""
    weights = {_name(item): _weight(item) for item in accept_encoding.split(b",")}
    named = [weights[coding] for coding in _GZIP if coding in weights]
    return max(named) > 0 if named else weights.get(b"*", 0) > 0


class Decoder:
    """Unpacks one body as it arrives.

    content_encoding: as in ``supported``; codings are undone from last to first. limit: bytes that any coding
    may unpack to. Raises EncodingError, and its child TooLargeError; nothing is to be fed after that.
    """

    def __init__(self, content_encoding: bytes, limit: int = LIMIT) -> None:
        self._stages: list[_Gzip | _Deflate] = []
        for coding in reversed(_codings(content_encoding)):
            if coding in _GZIP:
                self._stages.append(_Gzip(limit))
            elif coding == b"deflate":
                self._stages.append(_Deflate(limit))
            elif coding not in _KNOWN:
                raise EncodingError(f"unknown content coding {coding.decode('latin-1')!r}")

    def feed(self, data: bytes) -> bytes:
        """Return what ``data`` unpacks to, as far as that is known."""
        for stage in self._stages:
            data = stage.feed(data)
        return data

    def close(self) -> None:
        """Raise EncodingError when the body is cut off. One without a single byte is empty, not cut off."""
        for stage in self._stages:
            stage.close()


class Encoder:
    """Packs one body as gzip; the same bytes in, in the same pieces, give the same bytes out.

    streaming: every piece can be read as soon as it arrives, at the cost of a few bytes for each.
    level: as in zlib, 0 to 9.
    """

    def __init__(self, *, streaming: bool = False, level: int = 6) -> None:
        # zlib writes no time and no name into the header.
        self._packer = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        self._streaming = streaming

    def feed(self, data: bytes) -> bytes:
        """Return the next piece; it may be empty unless streaming."""
        packed = self._packer.compress(data)
        return packed + self._packer.flush(zlib.Z_SYNC_FLUSH) if self._streaming and data else packed

    def close(self) -> bytes:
        """Return the end of the body."""
        return self._packer.flush()


class _Inflater:
    """A bounded zlib stream: refuses what unpacks to more than ``limit`` in all."""

    def __init__(self, limit: int) -> None:
        self._limit = self._room = limit

    def _inflate(self, stream: zlib._Decompress, data: bytes) -> bytes:
        try:
            unpacked = stream.decompress(data, self._room + 1)
        except zlib.error as error:
            raise EncodingError(f"corrupt body: {error}") from None
        self._room -= len(unpacked)
        if self._room < 0:
            raise TooLargeError(self._limit)
        return unpacked


class _Gzip(_Inflater):
    """One or more gzip members (RFC 1952, section 2.2). What follows the last is ignored, as browsers do."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._member: zlib._Decompress | None = None
        self._begun = self._over = False
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        return b"".join(map(self._piece, (data[at : at + _PIECE] for at in range(0, len(data), _PIECE))))

    def _piece(self, data: bytes) -> bytes:
        unpacked: list[bytes] = []
        while data and not self._over:
            if self._member is None:
                data, self._held = self._held + data, b""
                if self._begun and not data.startswith(_MAGIC):
                    self._over = not _MAGIC.startswith(data)
                    self._held = data
                    break
                self._begun = True
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            unpacked.append(self._inflate(self._member, data))
            data = self._member.unused_data
            if self._member.eof:
                self._member = None
        return b"".join(unpacked)

    def close(self) -> None:
        if self._member is not None:
            raise EncodingError("the body ends within a gzip member")


class _Deflate(_Inflater):
    """A zlib stream (RFC 1950), or the bare deflate stream (RFC 1951) that some servers send instead."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._stream: zlib._Decompress | None = None
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        if self._stream is None:
            self._held += data
            if len(self._held) < 2:
                return b""
            data, self._held = self._held, b""
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if _has_zlib_header(data) else -zlib.MAX_WBITS)
        return b"" if self._stream.eof else self._inflate(self._stream, data)

    def close(self) -> None:
        if self._held or (self._stream is not None and not self._stream.eof):
            raise EncodingError("the body ends within a deflate stream")


def _has_zlib_header(data: bytes) -> bool:
    # A bare stream begins like that only if it pads a stored block with ones, which no encoder does.
    return data[0] & 0x8F == 0x08 and (data[0] << 8 | data[1]) % 31 == 0


def _codings(content_encoding: bytes) -> list[bytes]:
    return [_name(item) for item in content_encoding.split(b",")]


def _name(item: bytes) -> bytes:
    return item.partition(b";")[0].strip(b" \t").lower()


def _weight(item: bytes) -> float:
    """The ``q`` of one offer: 1 when absent, 0 when it is no number."""
    for parameter in item.split(b";")[1:]:
        name, _, value = parameter.partition(b"=")
        if name.strip(b" \t").lower() == b"q":
            try:
                return float(value)
            except ValueError:
                return 0
    return 1
