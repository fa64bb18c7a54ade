"""Visitors who leave in the middle of a page: nothing of their requests stays behind."""

from __future__ import annotations

import asyncio
import gc
import gzip
from collections import Counter

import brotli
import pytest

from cookiegate import CookieGate, Policy
from cookiegate.responder import Responder

HTML = (b"content-type", b"text/html")
TRACKER = b'<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
PAGE = b"<!doctype html><html><body><h1>Shop</h1>" + TRACKER + b"<p>bread</p>" * 400 + b"</body></html>"
JSON = b'{"html": "<img src=https://www.facebook.com/tr?id=1>"}'
POLICY = Policy.from_dict({"site": {"json_html": ["/data"]}})
KEY = "a key that is long enough for the tests"


class Gone(OSError):
    """What a server raises in an application whose visitor has left (ASGI 2.4)."""


def messages(data, kind, coding=b"", size=1000):
    headers = [kind, *([(b"content-encoding", coding)] if coding else [])]
    yield {"type": "http.response.start", "status": 200, "headers": headers}
    for at in range(0, len(data), size):
        yield {"type": "http.response.body", "body": data[at : at + size], "more_body": True}
    yield {"type": "http.response.body", "body": b""}


ANSWERS = {
    "/page": lambda: messages(PAGE, HTML),
    "/gzip": lambda: messages(gzip.compress(PAGE), HTML, b"gzip", 20),
    "/br": lambda: messages(brotli.compress(PAGE), HTML, b"br", 20),
    "/data": lambda: messages(JSON, (b"content-type", b"application/json"), size=9),
    "/text": lambda: messages(PAGE, (b"content-type", b"text/plain")),
}


async def application(scope, receive, send):
    for message in ANSWERS[scope["path"]]():
        await send(message)
        await asyncio.sleep(0)


def scope_of(path):
    headers = [(b"host", b"shop.example"), (b"accept-encoding", b"gzip, br")]
    return {"type": "http", "method": "GET", "scheme": "http", "path": path, "headers": headers}


async def raised_at(gate, path, number):
    """Be gone at one of the messages; whether it came to that."""
    sent = 0

    async def send(message):
        nonlocal sent
        sent += 1
        if sent > number:
            raise Gone

    try:
        await gate(scope_of(path), None, send)
    except Gone:
        return True
    return False


async def cancelled_at(gate, path, number):
    """Be cancelled while one of the messages waits to be taken; whether it came to that."""
    sent, waits = 0, asyncio.Event()

    async def send(message):
        nonlocal sent
        sent += 1
        if sent > number:
            waits.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(gate(scope_of(path), None, send))
    waiting = asyncio.create_task(waits.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    came = waits.is_set()
    for one in (task, waiting):
        one.cancel()
    await asyncio.gather(task, waiting, return_exceptions=True)
    return came


async def everywhere(gate, leave):
    """Leave at every message of every answer; how often that was."""
    left = 0
    for path in ANSWERS:
        number = 0
        while await leave(gate, path, number):
            number += 1
        left += number
    return left


def kinds():
    """How many of our objects there are, by type."""
    gc.collect()
    found = Counter(type(one).__qualname__ for one in gc.get_objects() if _is_ours(type(one)))
    return found + Counter({"coroutines": sum(map(asyncio.iscoroutine, gc.get_objects()))})


def _is_ours(kind):
    # Some types of compiled modules give no name of a module, but a descriptor.
    return str(getattr(kind, "__module__", "")).startswith("cookiegate") or kind.__name__ in {
        "Decompress",
        "Compress",
        "Decompressor",
        "Compressor",
    }


@pytest.mark.parametrize("leave", [raised_at, cancelled_at])
def test_who_leaves_leaves_nothing_behind(leave):
    gate = CookieGate(application, policy=POLICY, secret_keys=KEY)

    async def run():
        assert await everywhere(gate, leave) >= 20  # whatever is remembered is remembered now
        before, left = kinds(), 0
        while left < 1000:
            left += await everywhere(gate, leave)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return kinds() - before

    assert asyncio.run(run()) == Counter()


@pytest.mark.parametrize("path", ANSWERS)
def test_an_answered_request_goes_without_the_collector(path):
    """What refers to itself would stay until the collector comes, with all that the server knows of it."""
    gate = CookieGate(application, policy=POLICY, secret_keys=KEY)

    async def ask(number):
        await raised_at(gate, path, number)

    def responders():
        return sum(issubclass(type(one), Responder) for one in gc.get_objects())

    asyncio.run(ask(10_000))
    gc.collect()
    gc.disable()
    try:
        before = responders()
        asyncio.run(ask(10_000))
        asyncio.run(ask(1))
        assert responders() == before
    finally:
        gc.enable()
