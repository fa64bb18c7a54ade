"""Work on a body in steps of a millisecond or so: whoever takes them may do something else in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from cookiegate.gate.codecs import Encoder
    from cookiegate.gate.encoding import Decoder
    from cookiegate.gate.page import PageGate

    Result = TypeVar("Result")
    Steps = Generator[None, None, Result]

SLICE = 32 * 1024
"""Bytes of a page that are read at a time: a millisecond, and some on hostile ones."""


def finished(steps: Steps[Result]) -> Result:
    """Take all steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("Result", end.value)


def unpacked(decoder: Decoder | None, data: bytes, *, final: bool) -> Iterator[bytes]:
    """Unpack a part of a body, in pieces, each of which is a step. Raises EncodingError."""
    if decoder is None:
        yield data
        return
    yield from decoder.feed(data)
    if final:
        decoder.close()


def gathered(pieces: Iterable[bytes], most: int | None = None) -> Steps[bytes]:
    """Put pieces together; most: so many bytes, or a little more, and the others stay to be taken."""
    parts, length = [], 0
    for piece in pieces:
        parts.append(piece)
        length += len(piece)
        if most is not None and length >= most:
            break
        yield
    return b"".join(parts)


def gated(gate: PageGate, pieces: Iterable[bytes], *, final: bool) -> Iterator[bytes]:
    """Gate pieces of a page; final: they are the last ones."""
    for piece in pieces:
        if not piece:
            yield piece
        for at in range(0, len(piece), SLICE):
            yield gate.feed(piece[at : at + SLICE])
    if final:
        yield gate.close()


def packed(encoder: Encoder | None, pieces: Iterable[bytes], *, final: bool) -> Iterator[bytes]:
    """Pack pieces of a body, so that they can be read at once; final: they are the last ones."""
    if encoder is None:
        yield from pieces
        return
    waiting = False
    for piece in pieces:
        if not piece:
            yield piece
        for at in range(0, len(piece), SLICE):
            waiting = True
            yield encoder.feed(piece[at : at + SLICE])
    if final:
        yield encoder.close()
    elif waiting:
        yield encoder.flush()
