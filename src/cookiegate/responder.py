"""The state machine of one response: what the application sends, and what of it reaches the visitor.

The start message waits for the first body message: a body that comes whole keeps an exact Content-Length, and
one that cannot be read can still become an error page. Nothing leaves that was not decided.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from anyio.lowlevel import checkpoint

from cookiegate.gate import cache
from cookiegate.gate.csp import nonce_of
from cookiegate.gate.encoding import Decoder, Encoder, EncodingError, accepts_gzip
from cookiegate.gate.headers import get, get_all, headers_of, replace, without
from cookiegate.gate.link import filter_hints, filter_link
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
from cookiegate.gate.recoder import Recoder
from cookiegate.gate.set_cookie import filter_set_cookie

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Message, Scope, Send

    from cookiegate.consent.decide import Profile
    from cookiegate.gate.findings import Finding
    from cookiegate.gate.headers import Headers
    from cookiegate.gate.plan import Plans
    from cookiegate.gate.visit import Visit
    from cookiegate.pages.snippet import Snippets
    from cookiegate.policy.model import Policy
    from cookiegate.view import ConsentView

BYPASSES = frozenset({"http.response.pathsend", "http.response.zerocopysend"})
"""Extensions by which a file goes from the disk to the visitor without passing here."""

BARRIER = (
    b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    b"base-uri 'self'"
)
"""The Content-Security-Policy of a page that cannot be read: it loads only what its own site serves."""

SLICE = 64 * 1024
"""Bytes of a page that are gated at a time: some milliseconds."""

_VARY = (*cache.VARY, b"Accept-Language", b"Sec-Fetch-Dest")
_BODILESS = frozenset({204, 205, 304})
_REFUSAL = b"This page was sent in a form that could not be checked, so it is not shown.\n"

_logger = logging.getLogger("cookiegate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one response tried to load: for every page, and for what else has findings.

    path: of the request, with what a mounting application puts before it. status: as the visitor sees it.
    findings: those of headers first, then those of the page in its order.
    problem: why the body went out unread, or not at all; empty as a rule.
    """

    path: str
    status: int
    findings: tuple[Finding, ...]
    profile: Profile
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all responses of one site share.

    clock: Unix seconds. release: names our code, so that no page from before an update is revalidated.
    """

    policy: Policy
    plans: Plans
    snippets: Snippets
    clock: Callable[[], float]
    on_response: Callable[[Report], None] | None = None
    release: str = ""

    def variant(self, visit: Visit) -> str:
        """Name, in 12 hex digits, all by which this visitor's page differs from another visitor's."""
        return _variant(self.release, visit.profile.key, self.snippets.render(visit))


@lru_cache(maxsize=1024)
def _variant(release: str, profile: str, snippet: bytes) -> str:
    return hashlib.sha256(f"{release}\0{profile}\0".encode() + snippet).hexdigest()[:12]


class Responder:
    """Takes the place of ``send`` for one request."""

    __slots__ = ("_beginning", "_decoder", "_desk", "_encoder", "_findings", "_gate", "_headers", "_on_body",
                 "_raw", "_scope", "_send", "_start", "_untyped", "_view")  # fmt: skip

    _decoder: Decoder
    _gate: PageGate
    _start: Message
    _headers: Headers

    def __init__(self, desk: Desk, scope: Scope, view: ConsentView, send: Send) -> None:
        self._desk = desk
        self._scope = scope
        self._view = view
        self._send = send
        self._on_body: Callable[[Message], Awaitable[None]] = send
        self._findings: list[Finding] = []
        self._encoder: Encoder | None = None
        self._untyped = False
        self._raw = self._beginning = b""

    async def __call__(self, message: Message) -> None:
        """Take one message from the application."""
        kind = message["type"]
        if kind == "http.response.body":
            await self._on_body(message)
        elif kind == "http.response.start":
            await self._begin(message)
        elif kind == "http.response.early_hint":
            desk = self._desk
            links, findings = filter_hints(message["links"], desk.policy, self._view.profile, url=self._url())
            self._findings += findings
            await self._send({**message, "links": links})
        elif kind in BYPASSES:
            raise RuntimeError(f"{kind} was not offered to the application: it would pass the gate unread")
        elif kind != "http.response.trailers" or self._on_body != self._swallow:
            await self._send(message)

    # --- the start

    async def _begin(self, message: Message) -> None:
        status: int = message["status"]
        headers = self._filtered(headers_of(message))
        if status < 200:  # informational: the response itself is still to come
            return await self._send(_with(message, headers))
        self._view.seal()
        self._start, self._headers = message, headers
        media = Media.OTHER if status in _BODILESS else media_of(headers)
        self._untyped = media is Media.UNTYPED
        head = self._scope["method"] == "HEAD"
        if status == 304 and self._revalidates():
            await self._pass(self._page_headers())
        elif media is Media.OTHER or (self._untyped and head):
            await self._pass(self._with_cookies(headers, page=False))
        elif problem := unreadable(status, headers):
            await self._bar(problem)
        elif head:
            await self._pass(without(self._page_headers(), b"content-length"))
            self._on_body = self._empty
        else:
            self._decoder = Decoder(coding_of(headers))
            self._raw = self._beginning = b""
            self._on_body = self._first
        return None

    def _filtered(self, headers: Headers) -> Headers:
        """Drop what is not allowed. Without such headers nobody looks at the visitor's cookie."""
        desk = self._desk
        names = {bytes(name).lower() for name, _ in headers}
        if b"set-cookie" in names:
            headers, findings = filter_set_cookie(headers, desk.policy, self._view.profile, now=desk.clock())
            self._findings += findings
        if b"link" in names:
            headers, findings = filter_link(headers, desk.policy, self._view.profile, url=self._url())
            self._findings += findings
        return headers

    def _revalidates(self) -> bool:
        """Whether the visitor holds this page as it was made for the answer that still stands."""
        tags = b",".join(get_all(self._scope["headers"], b"if-none-match"))
        return b"--cg" in tags and self._desk.variant(self._view.visit).encode() in tags

    def _page_headers(self) -> Headers:
        """Return the headers of a page: the same for GET, HEAD and 304, whether or not bytes will change."""
        headers = cache.rewritten(self._headers, self._desk.variant(self._view.visit))
        headers = cache.private(cache.vary(without(headers, b"accept-ranges"), _VARY))
        if coding_of(headers):
            headers = cache.vary(headers, (b"Accept-Encoding",))
            if self._packs():
                headers = replace(headers, b"content-encoding", b"gzip")
            else:
                headers = without(headers, b"content-encoding")
        return self._with_cookies(headers, page=True)

    def _with_cookies(self, headers: Headers, *, page: bool) -> Headers:
        cookies = self._view.set_cookies(page=page)
        return [*headers, *((b"set-cookie", value) for value in cookies)] if cookies else headers

    def _packs(self) -> bool:
        return accepts_gzip(b",".join(get_all(self._scope["headers"], b"accept-encoding")))

    # --- bodies that are not read

    async def _pass(self, headers: Headers, problem: str = "") -> None:
        """Send the start; the body follows as it comes."""
        self._on_body = self._send
        if self._findings or problem:
            self._report(problem=problem)
        await self._send(_with(self._start, headers))

    async def _bar(self, problem: str) -> None:
        """Send a body that cannot be read behind a policy under which it loads nothing from elsewhere.

        What a script fetches is put into a page that has a policy of its own, so there only refusing helps.
        """
        headers = cache.private(cache.vary(self._with_cookies(self._headers, page=True), _VARY))
        if self._view.profile.denies_anything:
            if get(self._scope["headers"], b"sec-fetch-dest") == b"empty":
                return await self._refuse(problem)
            headers = [*headers, (b"content-security-policy", BARRIER)]
        return await self._pass(headers, problem)

    async def _refuse(self, problem: str) -> None:
        """Answer in the application's place, and let nothing of its body follow."""
        self._on_body = self._swallow
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
        data, more = _data(message)
        self._raw += data
        try:
            self._beginning += self._decoded(data, more)
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
        visit, snippets = self._view.visit, self._desk.snippets
        headers, nonce = self._page_headers(), nonce_of(self._headers)
        if coding_of(headers):
            self._encoder = Encoder(streaming=more)
        url, xml, profile = self._url(), is_xhtml(self._headers), visit.profile
        types = b",".join(get_all(self._headers, b"content-type"))
        recoder = Recoder(types, xml=xml, framed=visit.framed)

        def snippet(rest: bytes) -> bytes:
            return snippets.render(visit, nonce=nonce, page_rest=rest)

        if more or len(self._beginning) > SLICE:
            policy = self._desk.policy
            self._gate = PageGate(policy, profile, url=url, xml=xml, recoder=recoder, snippet=snippet)
            body = await self._gated(self._beginning, more)
        else:
            plans = self._desk.plans
            page = plans.gate(self._beginning, profile, url=url, xml=xml, recoder=recoder, snippet=snippet)
            self._findings += page.findings
            body = self._encoder.feed(page.body) + self._encoder.close() if self._encoder else page.body
        if more:
            headers = without(headers, b"content-length")
        elif get(headers, b"content-length") is not None:
            headers = replace(headers, b"content-length", b"%d" % len(body))
        await self._send(_with(self._start, headers))
        await self._forward(message, body, more)

    async def _rest(self, message: Message) -> None:
        data, more = _data(message)
        self._on_body = self._over  # for good, should anything of this fail
        try:
            data = self._decoded(data, more)
        except EncodingError as error:
            self._report(problem=str(error))
            raise  # the server then cuts the connection: nobody takes the page for a whole one
        await self._forward(message, await self._gated(data, more), more)

    def _decoded(self, data: bytes, more: bool) -> bytes:
        data = self._decoder.feed(data)
        if not more:
            self._decoder.close()
        return data

    async def _gated(self, data: bytes, more: bool) -> bytes:
        """Gate a part of the page: a large one in slices, so that other requests get their turn."""
        gate, encoder, parts = self._gate, self._encoder, []
        for at in range(0, max(len(data), 1), SLICE):
            if at:
                await checkpoint()
            part = gate.feed(data[at : at + SLICE])
            final = not more and at + SLICE >= len(data)
            if final:
                part += gate.close()
                self._findings += gate.findings
            if encoder:
                part = encoder.feed(part) + (encoder.close() if final else b"")
            parts.append(part)
        return b"".join(parts)

    async def _forward(self, message: Message, body: bytes, more: bool) -> None:
        self._on_body = self._rest if more else self._over
        if not more:
            self._report()
        await self._send({**message, "body": body})

    async def _over(self, message: Message) -> None:
        raise RuntimeError("http.response.body came after the end of the response")

    # ---

    def _url(self) -> str:
        """Return the page's address, for what is relative to it."""
        origin = self._view.visit.origin
        path = self._scope.get("raw_path") or quote(self._scope["path"]).encode()
        return f"{origin.scheme}://{origin.host or 'localhost'}{path.decode('latin-1')}"

    def _report(self, *, status: int = 0, problem: str = "") -> None:
        """Hand over what was found. Whatever goes wrong with it, the visitor gets the page."""
        if problem:
            _logger.warning("%s: %s", self._scope["path"], problem)
        if self._desk.on_response is None:
            return
        report = Report(
            path=self._scope["path"],
            status=status or self._start["status"],
            findings=tuple(self._findings),
            profile=self._view.profile,
            problem=problem,
        )
        try:
            self._desk.on_response(report)
        except Exception:
            _logger.exception("on_response failed for %s", report.path)


def _with(message: Message, headers: Headers) -> Message:
    """Return the message with these headers: itself when it has them already."""
    own = message.get("headers")
    return message if headers is own or (own is None and not headers) else {**message, "headers": headers}


def _data(message: Message) -> tuple[bytes, bool]:
    return bytes(message.get("body", b"")), message.get("more_body", False)
