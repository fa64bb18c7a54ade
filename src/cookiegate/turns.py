"""Long work in the event loop, from which other requests are not kept waiting."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, TypeVar, cast

from anyio.lowlevel import checkpoint

if TYPE_CHECKING:
    from cookiegate.gate.steps import Steps

    _Result = TypeVar("_Result")

TURN = 0.001
"""Seconds after which other requests get their turn."""


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
