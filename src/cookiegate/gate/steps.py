"""Work on a body in steps of a millisecond or so: whoever takes them may do something else in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Generator

    from cookiegate.gate.encoding import Decoder, Encoder
    from cookiegate.gate.page import PageGate

    Result = TypeVar("Result")
    Steps = Generator[None, None, Result]

SLICE = 32 * 1024
"""Bytes of a page that are read at a time: a millisecond, and some on hostile ones."""

_PACKED = 4 * 1024  # bytes may become a thousand times as many


def finished(steps: Steps[Result]) -> Result:
    """Take all steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("Result", end.value)


def unpacked(decoder: Decoder | None, data: bytes, *, final: bool) -> Steps[bytes]:
    """Unpack a part of a body. Raises EncodingError."""
    if decoder is None:
        return data
    parts = []
    for at in range(0, len(data), _PACKED):
        parts.append(decoder.feed(data[at : at + _PACKED]))
        yield
    if final:
        decoder.close()
    return b"".join(parts)


def gated(gate: PageGate, encoder: Encoder | None, data: bytes, *, final: bool) -> Steps[bytes]:
    """Gate a part of a page, and pack it."""
    parts = []
    for at in range(0, max(len(data), 1), SLICE):
        part = gate.feed(data[at : at + SLICE])
        last = final and at + SLICE >= len(data)
        if last:
            part += gate.close()
        if encoder:
            part = encoder.feed(part) + (encoder.close() if last else b"")
        parts.append(part)
        yield
    return b"".join(parts)


def packed(encoder: Encoder | None, body: bytes) -> Steps[bytes]:
    """Pack a whole body."""
    if encoder is None:
        return body
    parts = []
    for at in range(0, len(body), SLICE):
        parts.append(encoder.feed(body[at : at + SLICE]))
        yield
    return b"".join([*parts, encoder.close()])
