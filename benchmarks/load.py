"""Slow readers, and readers who leave: what a real server needs for them with the gate and without.

The servers are child processes on 127.0.0.1 that end with this one. It takes some minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from table import Line, Target, Unit, as_json, table, targets_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator

    from starlette.requests import Request

    T = TypeVar("T")

LENGTH = 1_000_000
SHORT = 50_000
PIECE = 16 * 1024
BUFFER = 32 * 1024  # bytes that the system keeps for a slow reader, on either side
READERS = 200
ARRIVALS = 4.0  # seconds in which all readers come
READING = 16.0  # seconds in which one reads a page
THINKING = 0.02  # seconds before an answer begins, as of a page that asks a database
LEAVERS = 20_000
AT_A_TIME = 20
LIMIT = 600.0  # seconds after which a part of the run is given up


def app() -> Starlette:
    """Streams pages, and tells at /tasks how many tasks there are."""
    from mixed import mixed

    def page(length: int) -> Callable[[Request], Awaitable[Response]]:
        whole = mixed(length)
        pieces = [whole[at : at + PIECE] for at in range(0, len(whole), PIECE)]

        async def streamed() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece
                await asyncio.sleep(0)

        async def answer(request: Request) -> Response:
            await asyncio.sleep(THINKING)
            return StreamingResponse(streamed(), media_type="text/html")

        return answer

    async def tasks(request: Request) -> Response:
        return JSONResponse(len(asyncio.all_tasks()))

    routes = [
        Route("/tasks", tasks),
        Route("/long/{number}", page(LENGTH)),
        Route("/short/{number}", page(SHORT)),
    ]
    return Starlette(routes=routes)


def serve(gated: bool) -> None:
    """Serve on a port of the system's choice, and say which on the standard output."""
    import uvicorn

    from serving import gated as behind_a_gate

    served = behind_a_gate(app()) if gated else app()
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        listening.bind(("127.0.0.1", 0))
        listening.listen(2048)
        print(listening.getsockname()[1], flush=True)
        config = uvicorn.Config(served, log_level="critical", access_log=False, lifespan="off")
        uvicorn.Server(config).run(sockets=[listening])


class Child(NamedTuple):
    """A server in a process of its own."""

    port: int
    pid: int

    def memory(self, *, peak: bool = False) -> int:
        """Bytes that are in memory now, or were at most."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:" if peak else "VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("the server is gone")


@contextmanager
def child(gated: bool) -> Iterator[Child]:
    """Start a server, and end it."""
    command = [sys.executable, __file__, "--serve", "gated" if gated else "bare"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Child(int(process.stdout.readline()), process.pid)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


async def _connected(port: int, path: str) -> tuple[socket.socket, float]:
    """Ask for a page; when that was."""
    loop = asyncio.get_running_loop()
    link = socket.socket()
    link.setblocking(False)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    await loop.sock_connect(link, ("127.0.0.1", port))
    began = time.perf_counter()
    head = (
        f"GET {path} HTTP/1.1\r\nhost: www.linden.example\r\naccept: text/html\r\nconnection: close\r\n\r\n"
    )
    await loop.sock_sendall(link, head.encode())
    return link, began


async def read_slowly(port: int, number: int) -> float:
    """Read a page in so many seconds; how long its first byte took."""
    await asyncio.sleep(ARRIVALS * number / READERS)
    loop = asyncio.get_running_loop()
    link, began = await _connected(port, f"/long/{number}")
    with link:
        length = len(await loop.sock_recv(link, PIECE))
        first = time.perf_counter() - began
        while piece := await loop.sock_recv(link, PIECE):
            length += len(piece)
            await asyncio.sleep(max(0.0, began + READING * length / LENGTH - time.perf_counter()))
    if length < LENGTH:
        raise RuntimeError(f"a page of {length} bytes")
    return first


async def leave(port: int, number: int) -> None:
    """Ask for a page, and go: before its first byte, after it, or after some more."""
    loop = asyncio.get_running_loop()
    link, _ = await _connected(port, f"/short/{number}")
    with link:
        for _ in range(number % 4):
            await loop.sock_recv(link, PIECE)


async def leavers(port: int, numbers: range) -> None:
    waiting = iter(numbers)

    async def one_by_one() -> None:
        for number in waiting:
            await leave(port, number)

    await asyncio.gather(*[one_by_one() for _ in range(AT_A_TIME)])


async def left_over(port: int) -> int:
    """How many tasks the server has beside those of an idle one."""
    for _ in range(50):
        link, _ = await _connected(port, "/tasks")
        with link:
            answer = b""
            while piece := await asyncio.get_running_loop().sock_recv(link, PIECE):
                answer += piece
        tasks = int(answer.partition(b"\r\n\r\n")[2])
        if tasks <= 2:  # the server's own, and the one that answers
            return 0
        await asyncio.sleep(0.1)
    return tasks - 2


class Found(NamedTuple):
    """What one server needed.

    first: seconds to the first byte, the median of all readers. peak: bytes in memory at most while they
    read. growth: bytes that those who left have left behind. tasks: the same of tasks.
    """

    first: float
    peak: int
    growth: int
    tasks: int


def measured(count: int, *, gated: bool) -> Found:
    """Let everybody come to a server of their own; count: of those who leave."""

    async def readers() -> list[float]:
        return await asyncio.gather(*[read_slowly(server.port, number) for number in range(READERS)])

    with child(gated) as server:
        _run(leavers(server.port, range(20)))  # whatever is made on the first request is made now
        first = median(_run(readers()))
        peak = server.memory(peak=True)
        _run(leavers(server.port, range(count // 10)))
        before = server.memory()
        _run(leavers(server.port, range(count // 10, count)))
        tasks = _run(left_over(server.port))
        return Found(first, peak, server.memory() - before, tasks)


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, LIMIT))


def lines(count: int, bare: Found, gated: Found) -> list[Line]:
    """The table, line by line."""
    reading, leaving = f"{READERS} slow readers", f"{count} who leave"
    return [
        Line(reading, "first byte, alone", bare.first),
        Line(reading, "first byte, with CookieGate", gated.first, ratio=gated.first / bare.first),
        Line(reading, "memory, alone", bare.peak, Unit.BYTES),
        Line(reading, "memory, with CookieGate", gated.peak, Unit.BYTES, ratio=gated.peak / bare.peak),
        Line(leaving, "growth, alone", bare.growth, Unit.BYTES),
        Line(leaving, "growth, with CookieGate", gated.growth, Unit.BYTES),
    ]


def targets(bare: Found, gated: Found) -> list[Target]:
    """What issue 4 asks for under load."""
    ratio = {"": gated.first / bare.first}
    return [
        Target(what="first byte: to that of the application alone", figures=ratio, at_least=1.2),
        Target(what="memory of the process", figures={"": gated.peak}, at_least=300e6, unit=Unit.BYTES),
        Target(
            what="growth by those who leave, beside the application's",
            figures={"": max(0.0, gated.growth - bare.growth)},
            at_least=2e6,
            unit=Unit.BYTES,
        ),
        Target(what="tasks of those who left", figures={"": gated.tasks}, at_least=0),
    ]


def main() -> None:
    """Measure, and print tables or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", choices=["bare", "gated"], help=argparse.SUPPRESS)
    parser.add_argument("--leavers", type=int, default=LEAVERS, help="how many leave in the middle of a page")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve == "gated")
        return
    bare, gated = (measured(options.leavers, gated=one) for one in (False, True))
    found, wanted = lines(options.leavers, bare, gated), targets(bare, gated)
    if options.format == "json":
        print(json.dumps(as_json(found, wanted), indent=2))
        return
    print("\n".join([*table(found), "", *targets_table(wanted)]))


if __name__ == "__main__":
    main()
