"""A real caching proxy before a real server with the gate, on free ports of 127.0.0.1."""

from __future__ import annotations

import http.client
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from cookiegate import CookieGate, Policy, consent_of

# The browser tests run behind the same proxies: they are found as a script finds them.
sys.path.insert(0, str(Path(__file__).parent))

from proxies import PROXIES, SECONDS, proxy_before

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "a key that is long enough for the tests"

TRACKER = '<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
BODY = f'<!doctype html><html lang="en"><title>Shop</title><body>{TRACKER}<h1>Shop</h1></body></html>'


class Application:
    """Sends one page under any path, says what caches may do with it, and counts how often it was asked.

    ``/brief``: caches may keep it for a second. ``/mine``: it asks about its visitor. ``/agree`` and
    ``/withdraw`` record an answer. ``/basket`` sets a cookie of the site's own.
    """

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        self.asked[path] = self.asked.get(path, 0) + 1
        lasts = b"max-age=1" if path.startswith("/brief") else b"max-age=600, s-maxage=600"
        tag = b'"v1"'
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"public, " + lasts),
            (b"etag", tag),
        ]
        if path.startswith("/mine"):
            consent_of(scope).allows("analytics")
        if path == "/agree":
            await consent_of(scope).grant("analytics")
        if path == "/withdraw":
            await consent_of(scope).withdraw("analytics")
        if path == "/basket":
            headers.append((b"set-cookie", b"basket=1"))
        known = [value for name, value in scope["headers"] if name == b"if-none-match"]
        status = 304 if known == [tag] else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if status == 304 else BODY.encode()})


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def cached(self) -> str:
        """What the proxy says: HIT, MISS, EXPIRED, REVALIDATED, or nothing."""
        return self.headers.get("X-Cache-Status", "")

    @property
    def tracks(self) -> bool:
        return TRACKER in self.body

    @property
    def asks(self) -> bool:
        return '<section id="cg"' in self.body


@dataclass
class Person:
    """A visitor with a jar of cookies."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
        sent = {"Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, path, body, sent)
            reply = connection.getresponse()
            text = reply.read().decode()
        finally:
            connection.close()
        for line in reply.headers.get_all("Set-Cookie", ()):
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return Answer(reply.status, reply.headers, text)

    def answers(self, action: str) -> None:
        """Press a button of the banner, or of the settings page."""
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        reply = self.ask("/privacy-choices/", "POST", f"action={action}", **form)
        assert reply.status == 303
        assert "cg" in self.cookies


@dataclass
class Site:
    """A site behind a proxy."""

    port: int
    application: Application

    def person(self) -> Person:
        return Person(self.port)

    def asked(self, path: str) -> int:
        """How often the application itself was asked for a page."""
        return self.application.asked.get(path, 0)


@contextmanager
def serving(app: Any) -> Iterator[int]:
    """Serve an application with uvicorn, in a thread; give its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", proxy_headers=False, lifespan="off", http="h11")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=SECONDS)
        listener.close()


@contextmanager
def site_behind(proxy: str, cache: str, folder: Path) -> Iterator[Site]:
    """Serve the application with the gate behind a proxy."""
    application = Application()
    gate = CookieGate(application, policy=Policy.from_dict({"cache": cache}), secret_keys=KEY)
    with serving(gate) as behind, proxy_before(behind, proxy, folder) as port:
        yield Site(port, application)


@pytest.fixture(scope="module", params=PROXIES)
def private(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_behind(request.param, "private", tmp_path_factory.mktemp("private")) as site:
        yield site


@pytest.fixture(scope="module", params=PROXIES)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_behind(request.param, "shared", tmp_path_factory.mktemp("shared")) as site:
        yield site


@pytest.fixture(scope="module", params=[name for name in PROXIES if name != "nginx"])
def bucket(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_behind(request.param, "bucket", tmp_path_factory.mktemp("bucket")) as site:
        yield site


@pytest.fixture(scope="module")
def without_buckets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve pages by bucket behind a cache that knows of none."""
    with site_behind("nginx", "bucket", tmp_path_factory.mktemp("unaware")) as site:
        yield site
