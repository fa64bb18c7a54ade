"""Websockets through a real proxy to a real site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from yarl import URL

from .conftest import connect, read_all, serving, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import RawSite, Site

    Through = Callable[..., str]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("gated", [False, True])
async def test_messages_go_both_ways(site: Site, site_url: str, through: Through, gated: bool) -> None:
    base = through(site_url, gated=gated)
    headers = {"Cookie": "a=1", "Origin": "https://shop.example"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            URL(f"{base}/chat?room=%31", encoded=True), protocols=("old", "new"), headers=headers
        ) as socket,
    ):
        assert socket.protocol == "new"
        raw = [(name.lower(), value) for name, value in socket._response.raw_headers]
        assert [value for name, value in raw if name == b"set-cookie"] == [b"one=1", b"two=2"]
        assert (b"x-site", b"yes") in raw
        for text in ("tea", "", "Tee für 🫖", "x" * 200_000):
            await socket.send_str(text)
            assert await socket.receive_str() == text
        for data in (b"\x00\xff", b"", bytes(1_000_000)):
            await socket.send_bytes(data)
            assert await socket.receive_bytes() == data
        await socket.ping(b"still there?")
        await socket.close(code=4001, message=b"had my tea")
    until(lambda: len(site.scopes) == 2)
    scope, end = site.scopes
    sent = dict(scope["headers"])
    assert scope["subprotocols"] == ["old", "new"]
    assert (scope["raw_path"], scope["query_string"]) == (b"/chat", b"room=%31")
    assert (sent[b"origin"], sent[b"x-forwarded-for"]) == (b"https://shop.example", b"127.0.0.1")
    assert b"cookie" in sent
    assert (end["code"], end["reason"]) == (4001, "had my tea")


async def test_the_sites_close_code_comes_through(site_url: str, through: Through) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{through(site_url)}/bye") as socket:
        message = await socket.receive()
        assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 4321, "tea is out")


@pytest.mark.parametrize(("code", "seen"), [(1000, {1000}), (3000, {3000}), (None, {1000, 1001})])
async def test_how_the_visitor_ends_it(
    site: Site, site_url: str, through: Through, code: int | None, seen: set[int]
) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"{through(site_url)}/chat")
        assert socket.protocol is None
        if code is None:
            socket._response.close()  # without a word
        else:
            await socket.close(code=code)
    until(lambda: len(site.scopes) == 2)
    assert site.scopes[1]["code"] in seen


async def test_a_site_that_breaks(site_url: str, through: Through) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{through(site_url)}/die") as socket:
        message = await socket.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert message.data in (1006, 1011)


async def refused(base: str, path: str) -> aiohttp.WSServerHandshakeError:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
            await session.ws_connect(f"{base}{path}")
        return raised.value


async def test_a_refusal_keeps_its_status(site_url: str, through: Through) -> None:
    base = through(site_url)
    assert (await refused(base, "/no")).status == 403
    teapot = await refused(base, "/teapot")
    assert teapot.status == 418
    assert teapot.headers["x-why"] == "tea"
    assert teapot.headers["set-cookie"] == "a=1"


async def test_a_redirect_is_not_followed(site: Site, site_url: str, through: Through) -> None:
    base = through(site_url)
    request = (
        b"GET /moved HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with connect(base) as connection:
        connection.sendall(request)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 307")
    assert b"location: ws://127.0.0.1:1/elsewhere" in answer
    assert len(site.scopes) == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"nonsense\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/html\r\n\r\ntea", 502),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\ntea", 403),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", 502),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3, 4\r\n\r\ntea", 502),
    ],
)
async def test_what_is_no_handshake(
    raw_site: Callable[..., RawSite], through: Through, answer: bytes, status: int
) -> None:
    assert (await refused(through(raw_site(answer).url), "/")).status == status


async def test_a_site_that_is_down_and_one_that_is_silent(
    raw_site: Callable[..., RawSite], through: Through
) -> None:
    assert (await refused(through("http://127.0.0.1:1"), "/")).status == 502
    assert (await refused(through(raw_site(b"", linger=True).url, timeout=0.2), "/")).status == 504


async def test_a_path_that_leads_elsewhere_gets_nowhere(site: Site, site_url: str, through: Through) -> None:
    request = (
        b"GET http://evil.example/ HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with connect(through(site_url)) as connection:
        connection.sendall(request)
        assert connection.recv(12) in (b"HTTP/1.1 403", b"HTTP/1.1 400")
    assert site.scopes == []


async def test_a_message_that_is_too_long(raw_site: Callable[..., RawSite], through: Through) -> None:
    async def chatty(scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "bytes": bytes(17 * 2**20)})
            await receive()

    with serving(chatty, ws_max_size=2**26, lifespan="off") as url:
        async with aiohttp.ClientSession() as session, session.ws_connect(through(url)) as socket:
            message = await socket.receive()
            assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1009)
