"""The visitor's side of one request: its body as it comes, and whether somebody still waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive


class VisitorLeft(Exception):
    """The visitor went away in the middle of the body: what came is not all of it."""


class Visitor:
    """Takes the messages of one request: ``begin`` first, then the body by iteration, once; then ``left``.

    limit: seconds that the upstream may take to do its part; None for ever.
    """

    def __init__(self, receive: Receive, limit: float | None = None) -> None:
        self._receive = receive
        self._limit = limit
        self._piece = b""
        self._more = True
        self._read = asyncio.Event()
        self._iterated = False
        self.deadline: asyncio.Timeout | None = None
        """Runs while it is the upstream's turn, and stands still while it is the visitor's."""
        self.gone = False

    async def begin(self) -> bool:
        """Take the first of the body. False: the visitor is gone already."""
        await self._next()
        return not self.gone

    @property
    def has_body(self) -> bool:
        """Whether anything has to be sent as a body."""
        return self._more or bool(self._piece)

    @property
    def length(self) -> int | None:
        """The length of a body that came whole; None while more may come."""
        return None if self._more else len(self._piece)

    async def left(self) -> None:
        """Return once the visitor has gone away. It waits for the end of the body first."""
        await self._read.wait()
        while not self.gone:
            await self._next()

    def __aiter__(self) -> Visitor:
        if self._iterated:  # by a client that wants to send the request again
            raise VisitorLeft("a body that was sent once cannot be sent again")
        self._iterated = True
        return self

    async def __anext__(self) -> bytes:
        while not self._piece:
            if not self._more:
                raise StopAsyncIteration
            self._allow(None)
            await self._next()
            self._allow(self._limit)
            if self.gone:
                raise VisitorLeft("the visitor went away before the end of the body")
        piece, self._piece = self._piece, b""
        self._allow(self._limit)
        return piece

    async def _next(self) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.gone = True
            self._more = False
        else:
            self._piece = bytes(message.get("body", b""))
            self._more = message.get("more_body", False)
        if not self._more:
            self._read.set()

    def _allow(self, seconds: float | None) -> None:
        if self.deadline is not None and not self.deadline.expired():
            now = asyncio.get_running_loop().time()
            self.deadline.reschedule(None if seconds is None else now + seconds)
