"""A websocket between a visitor and the upstream: messages, sub-protocol, close codes and refusals."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, NamedTuple

import aiohttp
from aiohttp import WSMsgType

from cookiegate.proxy.headers import of_handshake
from cookiegate.proxy.target import BadResponse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import SimpleNamespace

    from starlette.types import Receive, Scope, Send
    from yarl import URL

LONGEST_MESSAGE = 16 * 2**20
"""Bytes of one message, as uvicorn takes them."""

_ENDED = 1011  # a side went away without a word (RFC 6455, section 7.4.1)
_AWAY = 1001
_NORMAL = 1000
_NO_CODE = (0, 1005)
_REFUSAL = "websocket.http.response"

_logger = logging.getLogger("cookiegate")


class _Close(NamedTuple):
    """How one side ended the conversation."""

    code: int
    reason: str = ""


class _Redirected(Exception):
    """The upstream answers a handshake with a redirect: it is the visitor's to follow, and not ours."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        super().__init__(f"status {response.status}")


def no_redirects() -> aiohttp.TraceConfig:
    """Return what keeps aiohttp from following a redirect, which its websockets have no option for."""

    async def stop(_: object, __: SimpleNamespace, params: aiohttp.TraceRequestRedirectParams) -> None:
        raise _Redirected(params.response)

    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(stop)
    return config


async def bridge(
    session: aiohttp.ClientSession,
    url: URL,
    headers: Iterable[tuple[str, str]],
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    timeout: float,  # noqa: ASYNC109 - of the handshake alone
) -> None:
    """Connect both sides, and pass messages on until one of them ends. timeout: seconds to the handshake."""
    await receive()  # websocket.connect
    try:
        async with asyncio.timeout(timeout):
            upstream = await session.ws_connect(
                url,
                headers=headers,
                protocols=scope.get("subprotocols") or (),
                max_msg_size=LONGEST_MESSAGE,
            )
    except aiohttp.WSServerHandshakeError as error:
        told = [(name.encode(), _bytes(value)) for name, value in (error.headers or {}).items()]
        # A success that is no handshake has nothing for the visitor.
        return await _refuse(scope, send, error.status if error.status >= 300 else 502, told)
    except _Redirected as redirect:
        return await _refuse(scope, send, redirect.response.status, redirect.response.raw_headers)
    except TimeoutError:
        _logger.warning("upstream %s: no websocket in time", url.authority)
        return await _refuse(scope, send, 504)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        _logger.warning("upstream %s: %r", url.authority, error)
        return await _refuse(scope, send, 502)
    async with upstream:
        raw = upstream._response.raw_headers  # the handshake's answer has no other name
        try:
            accepted = of_handshake(raw)
        except BadResponse:
            return await _refuse(scope, send, 502)
        await send({"type": "websocket.accept", "subprotocol": upstream.protocol, "headers": accepted})
        return await _converse(upstream, receive, send)


async def _converse(upstream: aiohttp.ClientWebSocketResponse, receive: Receive, send: Send) -> None:
    up = asyncio.ensure_future(_upwards(receive, upstream))
    down = asyncio.ensure_future(_downwards(upstream, send))
    try:
        await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (up, down):
            task.cancel()
        ended, answered = await asyncio.gather(up, down, return_exceptions=True)
    if isinstance(ended, _Close):  # the visitor has gone first, and hears nothing any more
        await upstream.close(code=ended.code, message=ended.reason.encode())
        return
    close = answered if isinstance(answered, _Close) else _Close(_ENDED)
    await send({"type": "websocket.close", "code": close.code, "reason": close.reason})


async def _upwards(receive: Receive, upstream: aiohttp.ClientWebSocketResponse) -> _Close:
    """Pass on what the visitor says; return how the visitor ended it."""
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text")
        if text is not None:
            await upstream.send_str(text)
        else:
            await upstream.send_bytes(message["bytes"])
    code = message.get("code") or _NO_CODE[1]
    if code == 1006:
        return _Close(_AWAY)
    return _Close(_NORMAL if code in _NO_CODE else code, message.get("reason") or "")


async def _downwards(upstream: aiohttp.ClientWebSocketResponse, send: Send) -> _Close:
    """Pass on what the upstream says; return how the upstream ended it."""
    while True:
        message = await upstream.receive()
        match message.type:
            case WSMsgType.TEXT:
                await send({"type": "websocket.send", "text": message.data})
            case WSMsgType.BINARY:
                await send({"type": "websocket.send", "bytes": bytes(message.data)})
            case WSMsgType.CLOSE:
                code = _NORMAL if message.data in _NO_CODE else message.data
                return _Close(code, message.extra or "")
            case WSMsgType.ERROR if isinstance(message.data, aiohttp.WebSocketError):
                return _Close(message.data.code)
            case _:
                return _Close(_ENDED)


async def _refuse(scope: Scope, send: Send, status: int, raw: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Refuse the handshake: with the upstream's own status where the server can say it, else with 403."""
    if _REFUSAL not in (scope.get("extensions") or {}):
        return await send({"type": "websocket.close", "code": _NORMAL})
    try:
        headers = of_handshake(raw, refused=True)
    except BadResponse:
        headers, status = [], 502
    headers = [*headers, (b"content-length", b"0")]
    await send({"type": f"{_REFUSAL}.start", "status": status, "headers": headers})
    return await send({"type": f"{_REFUSAL}.body", "body": b""})


def _bytes(value: str) -> bytes:
    """Return a header as it came: aiohttp reads headers as UTF-8, and what is none as lone surrogates."""
    return value.encode("utf-8", "surrogateescape")
