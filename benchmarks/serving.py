"""Requests in this process, as a server would make them; what is sent is dropped."""

from __future__ import annotations

import asyncio
from itertools import count
from time import process_time
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Route

from cookiegate import CookieGate

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message

    from measure import Batch

_numbers = count(1)


def serving(response: Callable[[], Response]) -> Starlette:
    """A Starlette application that gives the same answer at every address."""

    async def page(request: Request) -> Response:
        return response()

    return Starlette(routes=[Route("/{path:path}", page)])


def gated(app: ASGIApp) -> CookieGate:
    return CookieGate(app, secret_keys="only-for-timing-and-longer-than-32-bytes")


async def request(app: ASGIApp, path: str) -> None:
    """Ask for one page, as a browser that was never here."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"www.linden.example"),
            (b"accept", b"text/html"),
            (b"accept-encoding", b"gzip"),
            (b"accept-language", b"en"),
        ],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 443),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        pass

    await app(scope, receive, send)


def requests(loop: asyncio.AbstractEventLoop, app: ASGIApp, *, new: bool = False) -> Batch:
    """A batch of requests. new: each for a page at another address, of which there is no plan yet."""

    async def several(times: int) -> float:
        paths = [f"/{next(_numbers):08}" if new else "/again" for _ in range(times)]
        start = process_time()
        for path in paths:
            await request(app, path)
        return process_time() - start

    return lambda times: loop.run_until_complete(several(times))


async def longest_pause(app: ASGIApp, *, new: bool) -> float:
    """Seconds of work that another task had to wait for at most while one page was served."""
    path = f"/{next(_numbers):08}" if new else "/again"
    longest, last, over = 0.0, process_time(), False

    def tick() -> None:
        nonlocal longest, last
        now = process_time()
        longest = max(longest, now - last)
        last = now

    async def ticking() -> None:
        while not over:
            tick()
            await asyncio.sleep(0)

    task = asyncio.create_task(ticking())
    await asyncio.sleep(0)
    await request(app, path)
    tick()
    over = True
    await task
    return longest
