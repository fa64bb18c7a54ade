"""Long work gives others their turn, and is never ahead of who takes it."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from cookiegate import turns

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("turn", [0, 3600])
async def test_pieces_are_handed_on_when_they_are_much(monkeypatch, turn):
    monkeypatch.setattr(turns, "TURN", turn)
    made = 0

    def pieces():
        nonlocal made
        for _ in range(20):
            made += 1
            yield b"x" * (turns.HANDED_ON // 4)
        yield b"the end"

    sent = []

    async def send(data):
        sent.append((made, len(data)))
        await checkpoint()

    rest = await turns.handed_on(pieces(), send)
    assert sent == [(number, turns.HANDED_ON) for number in (4, 8, 12, 16, 20)]
    assert rest == b"the end"


async def test_what_comes_first_may_leave_at_once():
    sent = []

    async def send(data):
        sent.append(data)

    pieces = [b"", b"first", b"x" * turns.HANDED_ON, b"the ", b"end"]
    assert await turns.handed_on(iter(pieces), send, hurries=True) == b"the end"
    assert sent == [b"first", pieces[2]]


async def test_others_have_their_turn(monkeypatch):
    monkeypatch.setattr(turns, "TURN", 0)
    seen = []

    async def other():
        while len(seen) < 3:
            seen.append("other")
            await checkpoint()

    def steps():
        for _ in range(50):
            yield b""
        seen.append("done")

    async def send(data):
        raise AssertionError("there is nothing to send")

    async with anyio.create_task_group() as group:
        group.start_soon(other)
        assert await turns.handed_on(steps(), send) == b""
    assert seen[:3] == ["other"] * 3
