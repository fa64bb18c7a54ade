"""The visitor's side of one request, message by message."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from cookiegate.proxy.visitor import Visitor, VisitorLeft

pytestmark = pytest.mark.anyio
GONE = {"type": "http.disconnect"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def piece(body: bytes = b"", more: bool = False) -> dict[str, object]:
    return {"type": "http.request", "body": body, "more_body": more}


def visitor_of(*messages: dict[str, object], limit: float | None = None) -> Visitor:
    left = list(messages)

    async def receive() -> dict[str, object]:
        if left:
            return left.pop(0)
        return await asyncio.Future()

    return Visitor(receive, limit)  # type: ignore[arg-type]


async def read(visitor: Visitor) -> list[bytes]:
    return [got async for got in visitor]


@pytest.mark.parametrize(
    ("messages", "pieces", "length"),
    [
        ([piece()], [], 0),
        ([{"type": "http.request"}], [], 0),
        ([piece(b"tea")], [b"tea"], 3),
        ([piece(b"tea", True), piece(b"two")], [b"tea", b"two"], None),
        ([piece(b"", True), piece(b"", True), piece(b"tea", True), piece()], [b"tea"], None),
    ],
)
async def test_a_body(messages: list[dict[str, object]], pieces: list[bytes], length: int | None) -> None:
    visitor = visitor_of(*messages)
    assert await visitor.begin()
    assert visitor.length == length
    assert visitor.has_body == (length != 0)
    assert await read(visitor) == pieces
    assert not visitor.gone


async def test_it_is_read_once() -> None:
    visitor = visitor_of(piece(b"tea"))
    await visitor.begin()
    await read(visitor)
    with pytest.raises(VisitorLeft):
        aiter(visitor)


async def test_a_visitor_who_is_gone_from_the_start() -> None:
    visitor = visitor_of(GONE)
    assert not await visitor.begin()
    await visitor.left()


async def test_a_visitor_who_leaves_in_the_middle() -> None:
    visitor = visitor_of(piece(b"tea", True), GONE)
    await visitor.begin()
    with pytest.raises(VisitorLeft):
        await read(visitor)
    assert visitor.gone
    await visitor.left()


async def test_a_visitor_who_leaves_after_the_end() -> None:
    """What comes behind the end is dropped: there is nothing of the request left to come."""
    visitor = visitor_of(piece(b"tea"), piece(), GONE)
    await visitor.begin()
    await visitor.left()
    assert visitor.gone


async def test_the_clock_runs_only_for_the_upstream() -> None:
    """It starts with each piece that is handed over, and stands still while the visitor has to say more."""
    seen: list[bool] = []

    async def receive() -> dict[str, object]:
        seen.append(deadline.when() is None)
        return piece(b"tea", len(seen) < 3)

    visitor = Visitor(receive, 60.0)  # type: ignore[arg-type]
    async with asyncio.timeout(60.0) as deadline:
        await visitor.begin()
        visitor.deadline = deadline
        async for _ in visitor:
            assert deadline.when() is not None
    assert seen == [False, True, True]


async def test_a_clock_that_has_run_out_stays_so() -> None:
    visitor = visitor_of(piece(b"tea"))
    await visitor.begin()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0) as deadline:
            visitor.deadline = deadline
            await asyncio.Future()
    assert deadline.expired()
    assert await read(visitor) == [b"tea"]
