"""What packs and unpacks bodies: zlib, and for br and zstd the libraries that may be there.

Everything works in bounded steps: one takes at most ``TAKEN`` bytes, and gives some 128 KiB at most.
"""

from __future__ import annotations

import zlib
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from cookiegate.exceptions import CookieGateError
from cookiegate.gate.zstd_frames import Frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from cookiegate.gate.zstd_frames import Part

TAKEN = 16 * 1024
"""Bytes that are unpacked at a time at most: each gzip member's end copies what follows it."""

_GIVEN = 64 * 1024
_GZIP = zlib.MAX_WBITS | 16
_MAGIC = b"\x1f\x8b"

# With these, br and zstd take a half and an eighth of the time of gzip for as few bytes, and keep less than a
# megabyte while a page is open.
_LEVEL_OF_ZLIB = 6
_LEVEL_OF_ZSTD = 3
_WINDOW_OF_ZSTD = 17
_QUALITY_OF_BROTLI = 4
_WINDOW_OF_BROTLI = 17
# The largest window that browsers take (RFC 9659, section 3), of which this is the binary logarithm.
_MOST_WINDOW = 23


class EncodingError(CookieGateError, ValueError):
    """A body is corrupt or cut off, or its coding is unknown: nobody can say what is in it."""


class TooLargeError(EncodingError):
    """A body unpacks to more than ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the body unpacks to more than {limit} bytes")


class Unpacker(Protocol):
    """Undoes one coding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what some ``TAKEN`` bytes unpack to, in pieces that may be empty: each is a step."""
        ...

    def close(self) -> None:
        """Raise EncodingError when the body is cut off."""
        ...


class Encoder(NamedTuple):
    """Packs one body; the same bytes in, in the same pieces, give the same bytes out.

    flush: after it, everything that was fed can be read. close: gives the end.
    """

    feed: Callable[[bytes], bytes]
    flush: Callable[[], bytes]
    close: Callable[[], bytes]


class Codec(NamedTuple):
    """One coding. unpacker: is given the most bytes that it may unpack to."""

    unpacker: Callable[[int], Unpacker]
    encoder: Callable[[], Encoder]


def codec_of(coding: bytes) -> Codec | None:
    """Return how a coding, named in lower case, is packed and unpacked here; None where it cannot be."""
    find = _FINDERS.get(coding)
    return find() if find else None


def _library(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        return None


class _Room:
    """Counts what was unpacked, and refuses more than ``limit`` in all."""

    def __init__(self, limit: int) -> None:
        self._limit = self._left = limit

    def take(self, unpacked: bytes) -> bytes:
        self._left -= len(unpacked)
        if self._left < 0:
            raise TooLargeError(self._limit)
        return unpacked


def _corrupt(why: object) -> EncodingError:
    return EncodingError(f"corrupt body: {why}")


class _Inflater(_Room):
    def inflate(self, stream: zlib._Decompress, data: bytes) -> bytes:
        try:
            return self.take(stream.decompress(data, _GIVEN))
        except zlib.error as error:
            raise _corrupt(error) from None


class _Gzip:
    """One or more gzip members (RFC 1952, section 2.2). What follows the last is ignored, as browsers do."""

    def __init__(self, limit: int) -> None:
        self._room = _Inflater(limit)
        self._member: zlib._Decompress | None = None
        self._begun = self._over = False
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        full = False
        while (data or full) and not self._over:
            if self._member is None:
                data, self._held = self._held + data, b""
                if self._begun and not data.startswith(_MAGIC):
                    self._over = not _MAGIC.startswith(data)
                    self._held = data
                    break
                self._begun = True
                self._member = zlib.decompressobj(_GZIP)
            member = self._member
            unpacked = self._room.inflate(member, data)
            full = len(unpacked) == _GIVEN and not member.eof
            data = member.unconsumed_tail
            if member.eof:
                data, self._member = member.unused_data, None
            yield unpacked
        yield b""

    def close(self) -> None:
        if self._member is not None:
            raise EncodingError("the body ends within a gzip member")


class _Deflate:
    """A zlib stream (RFC 1950), or the bare deflate stream (RFC 1951) that some servers send instead."""

    def __init__(self, limit: int) -> None:
        self._room = _Inflater(limit)
        self._stream: zlib._Decompress | None = None
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        stream = self._stream
        if stream is None:
            data = self._held + data
            if len(data) < 2:
                self._held = data
                yield b""
                return
            self._held = b""
            stream = zlib.decompressobj(zlib.MAX_WBITS if _has_zlib_header(data) else -zlib.MAX_WBITS)
            self._stream = stream
        while not stream.eof:
            unpacked = self._room.inflate(stream, data)
            data = stream.unconsumed_tail
            yield unpacked
            if not data and len(unpacked) < _GIVEN:
                return
        yield b""

    def close(self) -> None:
        if self._held or (self._stream is not None and not self._stream.eof):
            raise EncodingError("the body ends within a deflate stream")


def _has_zlib_header(data: bytes) -> bool:
    # A bare stream begins like that only if it pads a stored block with ones, which no encoder does.
    return data[0] & 0x8F == 0x08 and (data[0] << 8 | data[1]) % 31 == 0


class _Brotli:
    """A brotli stream (RFC 7932). Nothing may follow it: the library does not say where it ended."""

    def __init__(self, library: ModuleType, limit: int) -> None:
        self._room = _Room(limit)
        self._error: type[Exception] = library.error
        self._stream = library.Decompressor()
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._begun = True
        more = True
        while more:
            try:
                unpacked = self._stream.process(data, output_buffer_limit=_GIVEN)
            except self._error as error:
                raise _corrupt(error) from None
            # The library says that it takes more while there is still something to be given.
            data, more = b"", len(unpacked) >= _GIVEN or not self._stream.can_accept_more_data()
            yield self._room.take(unpacked)

    def close(self) -> None:
        if self._begun and not self._stream.is_finished():
            raise EncodingError("the body ends within a brotli stream")


class _Zstd:
    """One or more zstd frames (RFC 8878, section 3.1), and nothing else, as browsers have it.

    The libraries unpack all that they are given, and four bytes may become 128 KiB: they get block by block.
    """

    def __init__(self, new_frame: Callable[[], Any], error: type[Exception], limit: int) -> None:
        self._room = _Room(limit)
        self._new_frame = new_frame
        self._errors = (error, ValueError, EOFError)
        self._frames = Frames()
        self._frame: Any = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        parts = self._frames.feed(data)
        unpacked: bytes | None = b""
        while unpacked is not None:
            yield self._room.take(unpacked)
            try:
                unpacked = self._next(parts)
            except self._errors as error:
                raise _corrupt(error) from None

    def _next(self, parts: Iterator[Part]) -> bytes | None:
        part = next(parts, None)
        if part is None:
            return None
        if part.begins:
            self._frame = self._new_frame()
        unpacked: bytes = self._frame.decompress(part.data) if part.data else b""
        return unpacked

    def close(self) -> None:
        if not self._frames.complete:
            raise EncodingError("the body ends within a zstd frame")


# Libraries are looked for when the first body or request asks for them, so that nobody else waits for that.


@cache
def _gzip() -> Codec:
    return Codec(_Gzip, partial(_zlib_encoder, _GZIP))


@cache
def _deflate() -> Codec:
    return Codec(_Deflate, partial(_zlib_encoder, zlib.MAX_WBITS))


def _zlib_encoder(wbits: int) -> Encoder:
    # No time and no name is written into the header.
    packer = zlib.compressobj(_LEVEL_OF_ZLIB, zlib.DEFLATED, wbits)
    return Encoder(packer.compress, partial(packer.flush, zlib.Z_SYNC_FLUSH), packer.flush)


@cache
def _br() -> Codec | None:
    library = _library("brotli")
    # Before 1.2 nobody could say how much may be unpacked at a time.
    if library is None or not hasattr(library.Decompressor, "can_accept_more_data"):
        return None

    def encoder() -> Encoder:
        packer = library.Compressor(quality=_QUALITY_OF_BROTLI, lgwin=_WINDOW_OF_BROTLI)
        return Encoder(packer.process, packer.flush, packer.finish)

    return Codec(partial(_Brotli, library), encoder)


@cache
def _zstd() -> Codec | None:
    if library := _library("zstandard"):
        return _by_zstandard(library)
    library = _library("compression.zstd")
    return _by_compression(library) if library else None


def _by_zstandard(library: ModuleType) -> Codec:
    settings = library.ZstdCompressionParameters.from_level(_LEVEL_OF_ZSTD, window_log=_WINDOW_OF_ZSTD)

    def frame() -> Any:
        return library.ZstdDecompressor(max_window_size=1 << _MOST_WINDOW).decompressobj()

    def encoder() -> Encoder:
        packer = library.ZstdCompressor(compression_params=settings).compressobj()
        return Encoder(packer.compress, partial(packer.flush, library.COMPRESSOBJ_FLUSH_BLOCK), packer.flush)

    return Codec(partial(_Zstd, frame, library.ZstdError), encoder)


def _by_compression(library: ModuleType) -> Codec:
    """By the standard library, from Python 3.14 on."""
    setting, most = library.CompressionParameter, library.DecompressionParameter.window_log_max
    settings = {setting.compression_level: _LEVEL_OF_ZSTD, setting.window_log: _WINDOW_OF_ZSTD}

    def encoder() -> Encoder:
        packer = library.ZstdCompressor(options=settings)
        return Encoder(packer.compress, partial(packer.flush, packer.FLUSH_BLOCK), packer.flush)

    frame = partial(library.ZstdDecompressor, options={most: _MOST_WINDOW})
    return Codec(partial(_Zstd, frame, library.ZstdError), encoder)


_FINDERS: dict[bytes, Callable[[], Codec | None]] = {
    b"gzip": _gzip,
    b"x-gzip": _gzip,
    b"deflate": _deflate,
    b"br": _br,
    b"zstd": _zstd,
}
