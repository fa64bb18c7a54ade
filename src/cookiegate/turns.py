"""Long work in the event loop, from which other requests are not kept waiting."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, TypeVar, cast

from anyio.lowlevel import checkpoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from cookiegate.gate.steps import Steps

    _Result = TypeVar("_Result")

TURN = 0.001
"""Seconds after which other requests get their turn."""

HANDED_ON = 128 * 1024
"""Bytes of a body that are put together at most before they are handed on."""


async def in_turns(steps: Steps[_Result]) -> _Result:
    """Take the steps, and let other requests have their turn every now and then."""
    began = perf_counter()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("_Result", end.value)
        if perf_counter() - began > TURN:
            await checkpoint()
            began = perf_counter()


async def handed_on(
    pieces: Iterator[bytes], send: Callable[[bytes], Awaitable[None]], *, hurries: bool = False
) -> bytes:
    """Take pieces of a body in turns, hand on what is much already, and give the rest.

    Who reads slowly is waited for then, so that no more is made than they take. hurries: the first bytes that
    there are do not wait for others.
    """
    parts: list[bytes] = []
    length, enough = 0, 1 if hurries else HANDED_ON
    began = perf_counter()
    for piece in pieces:
        parts.append(piece)
        length += len(piece)
        if length >= enough:
            whole = b"".join(parts)
            parts, length, enough = [], 0, HANDED_ON
            await send(whole)
            began = perf_counter()
        elif perf_counter() - began > TURN:
            await checkpoint()
            began = perf_counter()
    return b"".join(parts)
