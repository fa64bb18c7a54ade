"""``make bench``: one table from one interleaved run. It asserts nothing about speed.

Every round times every contender once, so that a busy moment of the machine hits them all. The medians of the
rounds are shown.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import statistics
import sys
import time
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from peers import html_parser, selectolax
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from cookiegate import CookieGate, Policy, gate_html
from pages import script_heavy, tag_dense

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message

SIZES = {"10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000}
KINDS = {"tag-dense": tag_dense, "script-heavy": script_heavy}
ROUNDS = 15
AT_LEAST = 0.004
"""Seconds one timing takes at least, by repeating: shorter ones measure the clock."""


class Contender:
    """One thing that is timed: its samples are seconds per call."""

    def __init__(self, name: str, call: Callable[[], object]) -> None:
        self.name = name
        self._call = call
        self.samples: list[float] = []
        self._repeats = 1
        call()  # fills caches: what a process does once is not what a page costs
        while self.sample() * self._repeats < AT_LEAST:
            self._repeats *= 2
        self.samples.clear()

    def sample(self) -> float:
        """Time one turn of repeated calls."""
        start = time.perf_counter()
        for _ in range(self._repeats):
            self._call()
        self.samples.append((time.perf_counter() - start) / self._repeats)
        return self.samples[-1]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


def asgi(loop: asyncio.AbstractEventLoop, app: ASGIApp) -> Callable[[], object]:
    """Return a call that makes one request in this process, as a server would, and drops what is sent."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"shop.example"),
            (b"accept", b"text/html"),
            (b"accept-encoding", b"gzip"),
            (b"accept-language", b"en"),
        ],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        pass

    async def request() -> None:
        await app(dict(scope), receive, send)

    return lambda: loop.run_until_complete(request())


def serving(response: Callable[[], Response]) -> Starlette:
    """Return a Starlette application with one page."""

    async def page(request: Request) -> Response:
        return response()

    return Starlette(routes=[Route("/", page)])


def gated(app: ASGIApp) -> CookieGate:
    return CookieGate(app, secret_keys="only-for-timing-and-longer-than-32-bytes")


def contenders(loop: asyncio.AbstractEventLoop) -> list[tuple[str, int, list[list[Contender]]]]:
    """Return, per page, groups of contenders; the first of each group is what its ratios are to."""
    policy = Policy()
    pages = []
    for kind, make in KINDS.items():
        for size, length in SIZES.items():
            page = make(length)
            functions = [
                Contender("gate_html", partial(gate_html, page, policy=policy)),
                Contender("html.parser, edits at offsets", partial(html_parser, page)),
            ]
            if find_spec("selectolax"):
                functions.append(Contender("selectolax, written anew", partial(selectolax, page)))
            bare = serving(partial(HTMLResponse, page))
            served = [
                Contender("ASGI: Starlette alone", asgi(loop, bare)),
                Contender("ASGI: with GZipMiddleware", asgi(loop, GZipMiddleware(bare))),
                Contender("ASGI: with CookieGate", asgi(loop, gated(bare))),
            ]
            pages.append((f"{kind} {size}", len(page), [functions, served]))
    bare = serving(lambda: JSONResponse({"in_stock": True}))
    served = [
        Contender("ASGI: Starlette alone", asgi(loop, bare)),
        Contender("ASGI: with GZipMiddleware", asgi(loop, GZipMiddleware(bare))),
        Contender("ASGI: with CookieGate", asgi(loop, gated(bare))),
    ]
    pages.append(("JSON", 17, [served]))
    return pages


def shown(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default: {ROUNDS}")
    rounds: int = parser.parse_args().rounds
    with asyncio.Runner() as runner:
        pages = contenders(runner.get_loop())
        timed = [one for _, _, groups in pages for group in groups for one in group]
        for turn in range(rounds):
            if sys.stderr.isatty():
                print(f"\rround {turn + 1} of {rounds}", end="", file=sys.stderr, flush=True)
            for one in timed:
                one.sample()
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    with_peer = f", selectolax {version('selectolax')}" if find_spec("selectolax") else ""
    print(
        f"Python {platform.python_version()}, starlette {version('starlette')}{with_peer}, {rounds} rounds\n"
    )
    print(f"{'page':20} {'':30} {'median':>10} {'MB/s':>8} {'ratio':>8}")
    for title, length, groups in pages:
        for group in groups:
            for one in group:
                rate = f"{length / one.median / 1e6:.0f}" if length > 100 else ""
                ratio = one.median / group[0].median
                print(f"{title:20} {one.name:30} {shown(one.median):>10} {rate:>8} {ratio:>7.2f}x")
                title = ""
    print("\nratio: to the first line of its group. Lower is faster.")


if __name__ == "__main__":
    main()
