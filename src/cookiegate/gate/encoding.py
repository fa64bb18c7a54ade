"""Content codings (RFC 9110, section 8.4): what arrives packed is unpacked to be read, and packed again.

gzip and deflate always, br and zstd where their libraries are; several, one after another, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.gate.codecs import TAKEN, EncodingError, codec_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cookiegate.gate.codecs import Unpacker

LIMIT = 64 * 1024 * 1024
"""Bytes a body may unpack to."""

_NONE = frozenset({b"identity", b""})


def coding_names(value: bytes) -> list[bytes]:
    """Return the names in ``Content-Encoding`` or ``Accept-Encoding``, in lower case."""
    return [item.partition(b";")[0].strip(b" \t").lower() for item in value.split(b",")]


def codings(content_encoding: bytes) -> list[bytes]:
    """Return what was applied, in that order."""
    return [name for name in coding_names(content_encoding) if name not in _NONE]


def supported(content_encoding: bytes) -> bool:
    """Whether Decoder reads this ``Content-Encoding``; several headers are to be joined by commas."""
    return all(codec_of(coding) for coding in codings(content_encoding))


class Decoder:
    """Unpacks one body as it arrives.

    content_encoding: as in ``supported``; codings are undone from last to first. limit: bytes that any coding
    may unpack to. Raises EncodingError, and its child TooLargeError past it; nothing is to be fed after that.
    """

    def __init__(self, content_encoding: bytes, limit: int = LIMIT) -> None:
        self._stages: list[Unpacker] = []
        for coding in reversed(codings(content_encoding)):
            codec = codec_of(coding)
            if codec is None:
                raise EncodingError(f"unknown content coding {coding.decode('latin-1')!r}")
            self._stages.append(codec.unpacker(limit))

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what ``data`` unpacks to, as far as that is known: in pieces, each of which is a step.

        They may be empty, and are to be taken to the last before more is fed.
        """
        pieces = iter((data,))
        for stage in self._stages:
            pieces = _through(stage, pieces)
        return pieces

    def close(self) -> None:
        """Raise EncodingError when the body is cut off. One without a single byte is empty, not cut off."""
        for stage in self._stages:
            stage.close()


def _through(stage: Unpacker, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if not piece:
            yield piece
        for at in range(0, len(piece), TAKEN):
            yield from stage.feed(piece[at : at + TAKEN])
