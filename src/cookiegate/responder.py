"""The state machine of one response: what the application sends, and what of it reaches the visitor.

The start message waits for the first body message: a body that comes whole keeps an exact Content-Length, and
one that cannot be read can still become an error page. Nothing leaves that was not decided.
"""

from __future__ import annotations

import logging
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from cookiegate.desk import Report
from cookiegate.gate import cache
from cookiegate.gate.codecs import EncodingError
from cookiegate.gate.csp import nonce_of
from cookiegate.gate.encoding import Decoder
from cookiegate.gate.headers import get, get_all, headers_of, replace, without
from cookiegate.gate.link import filter_hints
from cookiegate.gate.media import (
    DECIDED_BY,
    Media,
    coding_of,
    is_xhtml,
    looks_like_html,
    media_of,
    unreadable,
)
from cookiegate.gate.page import PageGate
from cookiegate.gate.plain import is_plain
from cookiegate.gate.recoder import Recoder
from cookiegate.gate.steps import gated, gathered, packed, unpacked
from cookiegate.messages import data_of, with_headers
from cookiegate.response_headers import VARY, ResponseHeaders
from cookiegate.turns import handed_on, in_turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from starlette.types import Message, Scope, Send

    from cookiegate.desk import Desk
    from cookiegate.gate.codecs import Encoder
    from cookiegate.gate.headers import Headers
    from cookiegate.gate.page import Snippet

BYPASSES = frozenset({"http.response.pathsend", "http.response.zerocopysend"})
"""Extensions by which a file goes from the disk to the visitor without passing here."""

BARRIER = (
    b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    b"base-uri 'self'"
)
"""The Content-Security-Policy of a page that cannot be read: it loads only what its own site serves."""

BODILESS = frozenset({204, 205, 304})
MOST_WHOLE = 4 * 1024 * 1024
"""Bytes that a page which came packed may unpack to, and still be held back whole."""

SOON = 4096
"""Bytes of a stream that are read first, so that its beginning does not wait for the rest that has come."""

AHEAD = 64 * 1024
"""Bytes behind them in which a link to the settings is looked for."""

_REFUSAL = b"This page was sent in a form that could not be checked, so it is not shown.\n"

_logger = logging.getLogger("cookiegate")


class Responder(ResponseHeaders):
    """One request: the view of its visitor, and what takes the place of ``send``.

    It is made for every request, and most responses are no pages: what is not set yet stands in the class,
    and nothing is done before the first message shows that something must be.
    """

    # A function and no method of this very object, which would keep itself, and the page, from being freed.
    _on_body: Callable[[Any, Message], Awaitable[None]] | None = None
    _encoder: Encoder | None = None
    _untyped = False
    _raw = _beginning = b""
    _decoder: Decoder | None = None
    _pieces: Iterator[bytes]
    _gate: PageGate
    _start: Message

    def __init__(self, scope: Scope, desk: Desk, send: Send) -> None:
        self._scope = scope
        self._desk = desk
        self._send = send
        self._straight: Send | None = None  # takes everything that is left to come, as it is

    def answer(self, message: Message) -> Awaitable[None]:
        """Take one message from the application; one that needs no look costs one call."""
        if self._straight:
            return self._straight(message)
        if is_plain(message) and not self.changed:
            self._sealed = True
            self._straight = self._send
            return self._send(message)
        return self._look_at(message)

    async def _look_at(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body" and self._on_body:
            await self._on_body(self, message)
        elif kind == "http.response.start":
            await self._begin(message)
        elif kind == "http.response.early_hint":
            policy, profile = self._desk.policy, self.audience.profile
            links, findings = filter_hints(message["links"], policy, profile, url=self._url())
            self._note(findings)
            await self._send({**message, "links": links})
        elif kind in BYPASSES:
            raise RuntimeError(f"{kind} was not offered to the application: it would pass the gate unread")
        elif kind != "http.response.trailers" or self._on_body is not Responder._swallow:
            await self._send(message)

    # --- the start

    async def _begin(self, message: Message) -> None:
        status: int = message["status"]
        headers = self._filtered(headers_of(message))
        if status < 200:  # informational: the response itself is still to come
            return await self._send(with_headers(message, headers))
        self.seal()
        self._start, self._headers = message, headers
        media = Media.OTHER if status in BODILESS else media_of(headers)
        self._untyped = media is Media.UNTYPED
        head = self._scope["method"] == "HEAD"
        if status == 304 and self._revalidates():
            await self._pass(self._page_headers(self.everyone or self.visit))
        elif media is Media.OTHER or (self._untyped and head):
            await self._begin_data(headers)
        elif problem := unreadable(status, headers):
            await self._bar(problem)
        elif head:
            await self._begin_head()
        else:
            coding = coding_of(headers)
            self._decoder = Decoder(coding) if coding else None
            self._raw = self._beginning = b""
            self._on_body = Responder._first
        return None

    async def _begin_data(self, headers: Headers) -> None:
        """Start a response that is no page."""
        await self._pass(self._with_cookies(headers, page=False))

    async def _begin_head(self) -> None:
        """Say what would be said with the body."""
        self._on_body = Responder._empty
        await self._leave(without(self._page_headers(self.audience), b"content-length"))

    # --- bodies that are not read

    async def _pass(self, headers: Headers, problem: str = "") -> None:
        """Send the start; the body follows as it comes."""
        self._straight = self._send
        await self._leave(headers, problem)

    async def _leave(self, headers: Headers, problem: str = "") -> None:
        """Send the start, and tell what was found in it."""
        if self._findings or problem:
            self._report(problem=problem)
        await self._send(with_headers(self._start, headers))

    async def _bar(self, problem: str) -> None:
        """Send a body that cannot be read behind a policy under which it loads nothing from elsewhere.

        What a script fetches is put into a page that has a policy of its own, so there only refusing helps.
        """
        headers = self._with_cookies(cache.unvalidated(self._headers), page=True)
        headers = cache.private(cache.vary(headers, VARY))
        if self.visit.profile.denies_anything:
            if get(self._scope["headers"], b"sec-fetch-dest") == b"empty":
                return await self._refuse(problem)
            headers = [*headers, (b"content-security-policy", BARRIER)]
        return await self._pass(headers, problem)

    async def _refuse(self, problem: str) -> None:
        """Answer in the application's place, and let nothing of its body follow."""
        self._on_body = Responder._swallow
        self._report(status=502, problem=problem)
        headers: Headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(_REFUSAL)),
            (b"cache-control", b"no-store"),
        ]
        headers = self._with_cookies(headers, page=False)
        await self._send({"type": "http.response.start", "status": 502, "headers": headers})
        await self._send({"type": "http.response.body", "body": _REFUSAL})

    async def _swallow(self, message: Message) -> None:
        """Drop what follows a refusal."""

    async def _empty(self, message: Message) -> None:
        await self._send({**message, "body": b""})

    # --- bodies that are read

    async def _first(self, message: Message) -> None:
        """Take the body until its beginning tells what it is, and send the start."""
        data, more = data_of(message)
        self._raw += data
        self._pieces = unpacked(self._decoder, data, final=not more)
        try:
            # A page that was packed is whole only up to a point: a few bytes may be millions.
            self._beginning += await in_turns(gathered(self._pieces, MOST_WHOLE if self._decoder else None))
        except EncodingError as error:
            return await self._refuse(str(error))
        if more and len(self._beginning) < DECIDED_BY:
            return None
        raw = message if data == self._raw else {**message, "body": self._raw}
        if self._untyped and not looks_like_html(self._beginning):
            await self._pass(self._with_cookies(self._headers, page=False))
            return await self._send(raw)
        return await self._open(message, more)

    async def _open(self, message: Message, more: bool) -> None:
        """Send the start of a page and the first of its body."""
        visit = self.audience
        headers, nonce = self._page_headers(visit), nonce_of(self._headers)
        self._encoder = self._outgoing().encoder()
        url, xml, profile = self._url(), is_xhtml(self._headers), visit.profile
        types = b",".join(get_all(self._headers, b"content-type"))
        recoder = Recoder(types, xml=xml, framed=visit.framed)
        snippet = partial(self._desk.snippets.render, visit, nonce)
        guard = self._desk.guards.render(visit, nonce=nonce)
        page, self._raw, self._beginning = self._beginning, b"", b""
        if more or (self._decoder and len(page) >= MOST_WHOLE):
            await self._send(with_headers(self._start, without(headers, b"content-length")))
            policy = self._desk.policy
            snippet = partial(_ahead, snippet, page[SOON : SOON + AHEAD])
            self._gate = PageGate(
                policy, profile, url=url, xml=xml, recoder=recoder, snippet=snippet, guard=guard
            )
            pieces = chain((page[:SOON], page[SOON:]), self._pieces)
            return await self._stream(message, pieces, more, hurries=not self._encoder)
        plans = self._desk.plans
        whole = await in_turns(
            plans.steps(page, profile, url=url, xml=xml, recoder=recoder, snippet=snippet, guard=guard)
        )
        self._note(whole.findings)
        body = await in_turns(gathered(packed(self._encoder, (whole.body,), final=True)))
        if get(headers, b"content-length") is not None:
            headers = replace(headers, b"content-length", b"%d" % len(body))
        await self._send(with_headers(self._start, headers))
        return await self._end(message, body)

    async def _rest(self, message: Message) -> None:
        data, more = data_of(message)
        await self._stream(message, unpacked(self._decoder, data, final=not more), more)

    async def _stream(
        self, message: Message, pieces: Iterator[bytes], more: bool, *, hurries: bool = False
    ) -> None:
        """Send what comes of these pieces of a page. hurries: what comes first does not wait for more."""

        async def send(body: bytes) -> None:
            await self._send({**message, "body": body, "more_body": True})

        self._on_body = Responder._over  # for good, should anything of this fail
        steps = packed(self._encoder, gated(self._gate, pieces, final=not more), final=not more)
        try:
            body = await handed_on(steps, send, hurries=hurries)
        except EncodingError as error:
            self._report(problem=str(error))
            raise  # the server then cuts the connection: nobody takes the page for a whole one
        if not more:
            self._note(self._gate.findings)
            return await self._end(message, body)
        self._on_body = Responder._rest
        return await self._send({**message, "body": body})

    async def _end(self, message: Message, body: bytes) -> None:
        self._on_body = Responder._over
        self._report()
        await self._send({**message, "body": body})

    async def _over(self, message: Message) -> None:
        raise RuntimeError("http.response.body came after the end of the response")

    # ---

    def _report(self, *, status: int = 0, problem: str = "") -> None:
        """Hand over what was found. Whatever goes wrong with it, the visitor gets the page."""
        if problem:
            _logger.warning("%s: %s", self._scope["path"], problem)
        if self._desk.on_response is None:
            return
        report = Report(
            path=self._scope["path"],
            status=status or self._start["status"],
            findings=self._findings,
            profile=self.audience.profile,
            problem=problem,
        )
        try:
            self._desk.on_response(report)
        except Exception:
            _logger.exception("on_response failed for %s", report.path)


def _ahead(snippet: Snippet, ahead: bytes, page: bytes, start: int, rebased: bool, language: str) -> bytes:
    """Ask for the snippet where the page has come further than it has been read; ahead: what has come."""
    return snippet(page[start:] + ahead, 0, rebased, language)
