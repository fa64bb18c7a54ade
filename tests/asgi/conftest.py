"""Raw ASGI: an application that sends exactly the given messages, and everything that leaves the gate."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from cookiegate import CookieGate, Policy, Report
from cookiegate.consent.choose import accept_all, reject_all
from cookiegate.consent.cookie import ConsentCookie
from cookiegate.consent.model import NO_SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "a key that is long enough for the tests"


@dataclass
class Seen:
    """What left the gate, and what came in to the application."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    scope: dict[str, Any] = field(default_factory=dict)
    reported_before_end: bool = False

    @property
    def start(self) -> dict[str, Any]:
        return next(m for m in self.messages if m["type"] == "http.response.start" and m["status"] >= 200)

    @property
    def status(self) -> int:
        return self.start["status"]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(bytes(name).lower(), bytes(value)) for name, value in self.start.get("headers", ())]

    def all(self, name: str) -> list[str]:
        return [value.decode() for key, value in self.headers if key == name.encode()]

    def get(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [m for m in self.messages if m["type"] == "http.response.body"]

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.bodies)

    @property
    def bare(self) -> bytes:
        """The body without the guard."""
        return re.sub(rb"<script [^>]*/assets/guard\.[^>]*></script>", b"", self.body, count=1)


class Site:
    """Wraps applications in a gate with a fixed key."""

    def __init__(self) -> None:
        self.policy = Policy()
        self.cookie = ConsentCookie(KEY, self.policy)

    def answered(self, answer: str) -> tuple[bytes, bytes]:
        """Return the Cookie header of a visitor who accepted or rejected everything an hour ago."""
        choose = {"accept": accept_all, "reject": reject_all}[answer]
        state = choose(self.policy, None, NO_SIGNALS, now=time.time() - 3600, new_id=lambda: "s" * 22)
        return (b"cookie", self.cookie.name(False) + b"=" + self.cookie.dumps(state).encode())

    async def run(
        self,
        app: Any,
        *,
        method: str = "GET",
        path: str = "/page",
        headers: Any = (),
        policy: Policy | None = None,
        on_response: Callable[[Report], None] | None = None,
        **extra: Any,
    ) -> Seen:
        """Send one request through a gate around ``app`` and return what came out."""
        seen = Seen()

        async def outer(scope: Any, receive: Any, send: Any) -> None:
            seen.scope = scope
            await app(scope, receive, send)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                seen.reported_before_end = bool(seen.reports)
            seen.messages.append(message)

        gate = CookieGate(
            outer,
            policy=policy or self.policy,
            secret_keys=KEY,
            on_response=on_response or seen.reports.append,
        )
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"shop.example"), *headers]
            if isinstance(headers, tuple | list)
            else headers,
            "client": ("192.0.2.7", 4711),
            "server": ("shop.example", 80),
            **extra,
        }
        self.last = seen
        await gate(scope, receive, send)
        return seen

    async def send(self, *messages: dict[str, Any], **request: Any) -> Seen:
        """Like ``run``, for an application that sends these messages."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            for message in messages:
                await send(message)

        return await self.run(app, **request)


@pytest.fixture(scope="session")
def site() -> Site:
    return Site()


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param
