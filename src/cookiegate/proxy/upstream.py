"""The upstream as an ASGI application: http and websockets are passed on piece by piece, both ways."""

from __future__ import annotations

import asyncio
import logging
from enum import Enum, auto
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from cookiegate.proxy.headers import from_upstream, to_upstream
from cookiegate.proxy.target import BadRequest, BadResponse, Target
from cookiegate.proxy.visitor import Visitor, VisitorLeft
from cookiegate.proxy.websocket import bridge, no_redirects

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from starlette.types import Receive, Scope, Send

_AUTOMATIC = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""What aiohttp would add to every request."""

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_HEADER = 65_536
_TEXTS = {
    400: b"This request could not be understood.\n",
    502: b"The site cannot be reached at the moment. Please try again later.\n",
    504: b"The site takes too long to answer. Please try again later.\n",
}

_logger = logging.getLogger("cookiegate")


class _Use(Enum):
    """What a client is for.

    KEPT keeps connections open. Whatever may not be sent twice goes ONCE, over one of its own: the upstream
    may close a kept one in the very moment in which it is used. SOCKET is for websockets.
    """

    KEPT = auto()
    ONCE = auto()
    SOCKET = auto()


class UpstreamCut(Exception):
    """The upstream ended in the middle of its answer: the server has to cut the visitor's connection too."""


class Upstream:
    """Hands every request on to a server and its answer back: an ASGI application for CookieGate.

    url: ``http://127.0.0.1:8080``; scheme, host and port only. trusted_proxies: addresses or networks whose
    ``Forwarded`` and ``X-Forwarded-*`` headers are kept; everybody else's are replaced. preserve_host: the
    upstream sees the ``Host`` the visitor asked for, and not its own. timeout: seconds to the beginning of
    the answer, the visitor's own time left out. connect_timeout: seconds to a connection.
    Raises UpstreamError for an address that cannot be one.
    """

    def __init__(
        self,
        url: str,
        *,
        trusted_proxies: Sequence[str] = (),
        preserve_host: bool = False,
        timeout: float = 60.0,
        connect_timeout: float = 5.0,
    ) -> None:
        self._target = Target.of(url)
        self._trusted = tuple(trusted_proxies)
        self._preserve_host = preserve_host
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._sessions: dict[_Use, aiohttp.ClientSession] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._lifespan(receive, send)

    async def aclose(self) -> None:
        """Close the connections that are kept for later. Done by itself where the server sends lifespan."""
        while self._sessions:
            await self._sessions.popitem()[1].close()

    def _session(self, use: _Use) -> aiohttp.ClientSession:
        """Return the client, made when it is first needed: only then is there a loop."""
        session = self._sessions.get(use)
        if session is None:
            session = self._sessions[use] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=use is not _Use.KEPT),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=_AUTOMATIC,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout),
                trace_configs=[no_redirects()] if use is _Use.SOCKET else None,
                max_line_size=_LONGEST_HEADER,
                max_field_size=_LONGEST_HEADER,
            )
        return session

    def _headers(self, scope: Scope) -> list[tuple[str, str]]:
        return to_upstream(
            scope,
            self._target.netloc,
            trusted_proxies=self._trusted,
            preserve_host=self._preserve_host,
        )

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            url, headers = URL(self._target.address(scope), encoded=True), self._headers(scope)
        except (BadRequest, ValueError):
            return await _say(send, 400)
        visitor = Visitor(receive, self._timeout)
        if not await visitor.begin():
            return None
        return await _until_left(self._exchange(scope["method"], url, headers, visitor, send), visitor)

    async def _exchange(
        self, method: str, url: URL, headers: list[tuple[str, str]], visitor: Visitor, send: Send
    ) -> None:
        use = _Use.KEPT if method in _REPEATABLE and not visitor.has_body else _Use.ONCE
        sized = any(name == "content-length" for name, _ in headers)
        if visitor.has_body and visitor.length is not None and not sized:
            headers = [*headers, ("content-length", str(visitor.length))]
        try:
            async with asyncio.timeout(self._timeout) as deadline:
                visitor.deadline = deadline
                try:
                    response = await self._session(use).request(
                        method,
                        url,
                        headers=headers,
                        data=visitor if visitor.has_body else None,
                        allow_redirects=False,
                    )
                finally:
                    visitor.deadline = None
        except TimeoutError:
            return await self._fail(send, 504, "no answer in time")
        except (aiohttp.ClientError, OSError, ValueError, VisitorLeft) as error:
            return None if visitor.gone else await self._fail(send, 502, repr(error))
        try:
            await self._hand_back(response, send)
        finally:
            response.close()
        return None

    async def _hand_back(self, response: aiohttp.ClientResponse, send: Send) -> None:
        try:
            if not 200 <= response.status < 600:
                raise BadResponse(f"status {response.status}")
            headers = from_upstream(response.raw_headers, response.status)
        except BadResponse as error:
            return await self._fail(send, 502, str(error))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        content, more = response.content, True
        while more:
            try:
                piece = await content.readany()
            except (aiohttp.ClientError, OSError) as error:
                raise UpstreamCut(f"{self._target.netloc} ended its answer too early: {error!r}") from None
            more = not content.at_eof()
            if piece or not more:
                await send({"type": "http.response.body", "body": piece, "more_body": more})
        return None

    async def _fail(self, send: Send, status: int, reason: str) -> None:
        _logger.warning("upstream %s: %s", self._target.netloc, reason)
        await _say(send, status)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            url = URL(self._target.address(scope, websocket=True), encoded=True)
            headers = self._headers(scope)
        except (BadRequest, ValueError):
            await receive()
            return await send({"type": "websocket.close", "code": 1008})
        session = self._session(_Use.SOCKET)
        return await bridge(session, url, headers, scope, receive, send, timeout=self._timeout)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await self.aclose()
        await send({"type": "lifespan.shutdown.complete"})


async def _until_left(work: Coroutine[object, object, None], visitor: Visitor) -> None:
    """Do the work until it is done, or until nobody waits for it any more."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(visitor.left())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if not tasks[0].cancelled():
        tasks[0].result()


async def _say(send: Send, status: int) -> None:
    """Answer in the upstream's place, with nothing of the request in it."""
    text = _TEXTS[status]
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(text)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
