"""Real servers on both sides: sites under uvicorn or of raw bytes behind the proxy, raw bytes before it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import uvicorn

from cookiegate import CookieGate, Policy
from cookiegate.proxy import Upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "a-secret-key-of-more-than-32-bytes-for-tests"
PATIENCE = 20.0


@contextlib.contextmanager
def serving(app: object, **options: object) -> Iterator[str]:
    """Serve an ASGI application in a thread; give its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_level="critical", server_header=False, date_header=False, proxy_headers=False, **options
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=PATIENCE)
        assert not thread.is_alive()
        listener.close()


def until(true: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def connect(base: str) -> socket.socket:
    parts = urlsplit(base)
    return socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)


def read_all(connection: socket.socket) -> bytes:
    """Read to the end of the connection."""
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            got += piece
    return got


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    got = b""
    while mark not in got:
        piece = connection.recv(65_536)
        assert piece, got
        got += piece
    return got


def ask(base: str, request: bytes) -> bytes:
    """Send a request as it is, and read what comes until the connection ends."""
    with connect(base) as connection:
        connection.sendall(request)
        return read_all(connection)


def get(base: str, path: str = "/", *headers: str, method: str = "GET") -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return ask(
        base, f"{method} {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{lines}\r\n".encode()
    )


@dataclass
class RawSite:
    """An upstream that answers every request with the same bytes, and keeps what it was sent."""

    answer: bytes
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    linger: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _take(connection: socket.socket, *, early: bool) -> bytes:
    """Read one request: its head, and unless it is to be answered early a body of its Content-Length."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(65_536)
        if not piece:
            return got
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *([0-9]+)", head)
    while length and not early and len(body) < int(length[1]):
        piece = connection.recv(65_536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


@pytest.fixture
def raw_site() -> Iterator[Callable[..., RawSite]]:
    """Give a maker of such upstreams. linger: the connection stays open. early: no body is waited for."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def make(answer: bytes, *, linger: bool = False, early: bool = False) -> RawSite:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        site = RawSite(answer, listener.getsockname()[1], linger=linger)

        def one(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                connection.settimeout(PATIENCE)
                request = _take(connection, early=early)
                if not request:
                    return
                site.requests.append(request)
                connection.sendall(site.answer)
                if site.linger:
                    while connection.recv(65_536):
                        pass
                    site.ended.set()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    thread = threading.Thread(target=one, args=(listener.accept()[0],), daemon=True)
                    thread.start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        threads.append(thread)
        return site

    yield make
    for listener in listeners:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(timeout=PATIENCE)


@pytest.fixture
def through() -> Iterator[Callable[..., str]]:
    """Give a starter of proxies: ``through(site_url, gated=True, ...)`` gives the proxy's address."""
    with contextlib.ExitStack() as stack:

        def start(url: str, *, gated: bool = False, policy: Policy | None = None, **options: object) -> str:
            app: object = Upstream(url, **options)
            if gated:
                app = CookieGate(app, policy=policy, secret_keys=KEY)
            return stack.enter_context(serving(app))

        yield start


class Site:
    """An ASGI site under test. It keeps the scopes it saw, and counts requests that were cut off."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, object]] = []
        self.bodies: list[list[bytes]] = []
        self.left = 0
        self.go_on = threading.Event()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            while (await receive())["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await self.socket(scope, receive, send)
        else:
            await getattr(self, scope["path"].strip("/") or "home")(scope, receive, send)

    async def home(self, scope, receive, send):
        await reply(
            send, b"<!doctype html><title>Shop</title><body><p>Tea", type_=b"text/html; charset=utf-8"
        )

    async def page(self, scope, receive, send):
        page = b'<!doctype html><title>Shop</title><script src="https://www.googletagmanager.com/gtag/js"></script>'
        await reply(send, page, type_=b"text/html; charset=utf-8")

    async def echo(self, scope, receive, send):
        pieces = []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return
            pieces.append(message["body"])
            if not message["more_body"]:
                break
        self.bodies.append(pieces)
        await reply(send, b"".join(pieces))

    async def pingpong(self, scope, receive, send):
        """Answer each piece of the body as it comes."""
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
        )
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            await send(
                {"type": "http.response.body", "body": message.get("body", b"").upper(), "more_body": True}
            )
        await send({"type": "http.response.body", "body": b"."})

    async def events(self, scope, receive, send):
        """Send an event for ever, the next when the test says so."""
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: one\n\n", "more_body": True})
        gone = asyncio.ensure_future(receive_end(receive))
        while not gone.done():
            if self.go_on.is_set():
                self.go_on.clear()
                await send({"type": "http.response.body", "body": b"data: two\n\n", "more_body": True})
            await asyncio.wait([gone], timeout=0.01)
        self.left += 1

    async def flood(self, scope, receive, send):
        """Send 64 MiB, and count what was taken."""
        self.sent = 0
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"video/mp4")]}
        )
        for _ in range(1024):
            await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
            self.sent += 65_536
        await send({"type": "http.response.body", "body": b""})

    async def never(self, scope, receive, send):
        await receive_end(receive)
        self.left += 1

    async def socket(self, scope, receive, send):
        await receive()
        match scope["path"]:
            case "/no":
                await send({"type": "websocket.close", "code": 1000})
            case "/teapot":
                extension = "websocket.http.response"
                headers = [(b"x-why", b"tea"), (b"content-type", b"text/plain"), (b"set-cookie", b"a=1")]
                await send({"type": f"{extension}.start", "status": 418, "headers": headers})
                await send({"type": f"{extension}.body", "body": b"no"})
            case "/moved":
                extension = "websocket.http.response"
                headers = [(b"location", b"ws://127.0.0.1:1/elsewhere")]
                await send({"type": f"{extension}.start", "status": 307, "headers": headers})
                await send({"type": f"{extension}.body", "body": b""})
            case "/bye":
                await send({"type": "websocket.accept"})
                await send({"type": "websocket.close", "code": 4321, "reason": "tea is out"})
            case "/die":
                await send({"type": "websocket.accept"})
                raise RuntimeError("the site breaks")
            case _:
                await self.parrot(scope, receive, send)

    async def parrot(self, scope, receive, send):
        offered = scope["subprotocols"]
        chosen = offered[-1] if offered else None
        headers = [(b"set-cookie", b"one=1"), (b"set-cookie", b"two=2"), (b"x-site", b"yes")]
        await send({"type": "websocket.accept", "subprotocol": chosen, "headers": headers})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self.scopes.append(message)
                return
            answer = {key: message[key] for key in ("text", "bytes") if message.get(key) is not None}
            await send({"type": "websocket.send", **answer})


async def receive_end(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def reply(send, body, *, type_=b"application/octet-stream", status=200, headers=()):
    length = (b"content-length", b"%d" % len(body))
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", type_), length, *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def site_url(site: Site) -> Iterator[str]:
    with serving(site) as url:
        yield url
