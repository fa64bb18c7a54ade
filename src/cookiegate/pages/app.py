"""What is served under the prefix: the settings page, the answer to a choice, the state, and the assets."""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import parse_qsl, unquote

from cookiegate.assets import assets_by_file
from cookiegate.consent.choose import accept_all, reject_all, save
from cookiegate.consent.decide import profile_of
from cookiegate.devices import device_of
from cookiegate.gate.bucket import bucket_cookie, has_cookie
from cookiegate.gate.forwarded import allowed_post
from cookiegate.gate.headers import elements, get, get_all, headers_of
from cookiegate.gate.set_cookie import deletions
from cookiegate.pages.declaration import declaration_fragment, declaration_json, declaration_page
from cookiegate.pages.guard import guard_asset
from cookiegate.pages.post import (
    Action,
    Post,
    Refused,
    parse_choice,
    parse_everything,
    read_body,
    wants_json,
    way_back,
)
from cookiegate.pages.render import base_of, language_of, message_page
from cookiegate.pages.report import Reports
from cookiegate.pages.settings import settings_page
from cookiegate.policy.model import Cache, Guard
from cookiegate.policy.texts import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from cookiegate.assets import Asset
    from cookiegate.consent.cookie import ConsentCookie
    from cookiegate.consent.decide import Profile
    from cookiegate.consent.model import ConsentState, Signals
    from cookiegate.devices import Device
    from cookiegate.gate.headers import Headers
    from cookiegate.gate.visit import Visit
    from cookiegate.pages.report import Violation
    from cookiegate.policy.model import Policy

_HTML = b"text/html; charset=utf-8"
_JSON = b"application/json"
_NO_GZIP = re.compile(rb";\s*q\s*=\s*0(?:\.0*)?\s*$", re.IGNORECASE)

_CSP = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    b"base-uri 'none'; connect-src 'self'; img-src 'self'"
)
_OWN = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _CSP),
    (b"referrer-policy", b"same-origin"),
    (b"vary", b"Cookie, Accept-Language, Sec-GPC"),
    (b"x-content-type-options", b"nosniff"),
)
# What says nothing about its reader may be kept for a while. By the reader alone: its links hold the root
# path, which some servers take from a request's header.
_KEPT = {b"cache-control": b"private, max-age=300", b"vary": b"Accept, Accept-Language"}
_FOREVER = (
    (b"cache-control", b"public, max-age=31536000, immutable"),
    (b"vary", b"Accept-Encoding"),
    (b"x-content-type-options", b"nosniff"),
)


class HasVisit(Protocol):
    """What the middleware puts into ``scope["cookiegate"]``."""

    @property
    def visit(self) -> Visit: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response. headers: all but Content-Type and Content-Length, which follow from the rest."""

    status: int
    body: bytes = b""
    media_type: bytes = _HTML
    headers: tuple[tuple[bytes, bytes], ...] = _OWN


class Pages:
    """ASGI application for everything under the prefix; needs ``scope["cookiegate"]`` as HasVisit.

    clock: Unix seconds, for the time of an answer.
    on_violation: is handed each Violation that browsers report.
    new_id: a new visitor's number, 22 characters of base64url.
    """

    def __init__(
        self,
        policy: Policy,
        cookie: ConsentCookie,
        *,
        clock: Callable[[], float] = time.time,
        on_violation: Callable[[Violation], None] | None = None,
        new_id: Callable[[], str] = lambda: secrets.token_urlsafe(16),
    ) -> None:
        self._policy = policy
        self._cookie = cookie
        self._clock = clock
        self._new_id = new_id
        self._reports = Reports(on_violation, clock)
        self._guard = guard_asset(policy) if policy.guard is not Guard.OFF else None
        assets_by_file()  # read and packed now, not while a visitor waits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one http request. Whatever a client sends, no exception leaves this."""
        visit = cast("HasVisit", scope["cookiegate"]).visit
        method = scope["method"]
        headers = headers_of(scope)
        try:
            query = scope.get("query_string", b"")
            answer = await self._route(method, self._place(scope, visit), query, headers, visit, receive)
        except Refused as refused:
            answer = self._refuse(refused, headers, visit)
        if answer is None:
            return  # the client went away
        start = [(b"content-type", answer.media_type), (b"content-length", b"%d" % len(answer.body))]
        if answer.status == 204:
            start = []
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": [*start, *answer.headers]}
        )
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})

    def _place(self, scope: Scope, visit: Visit) -> str:
        """Return the path below the prefix. Servers differ in whether the path holds the root path."""
        path = cast("str", scope["path"])
        mounted = unquote(visit.root_path) + self._policy.consent.prefix
        return path.removeprefix(mounted if path.startswith(mounted) else self._policy.consent.prefix)

    async def _route(
        self, method: str, place: str, query: bytes, headers: Headers, visit: Visit, receive: Receive
    ) -> Answer | None:
        base = base_of(self._policy, visit.root_path)
        reads = method in ("GET", "HEAD")
        match place:
            case "" if reads:
                return Answer(status=307, headers=(*_OWN, (b"location", base.encode())))
            case "/" if reads:
                return Answer(status=200, body=settings_page(self._policy, visit, _device(headers)))
            case "/" if method == "POST":
                return await self._choose(headers, visit, receive)
            case "/state" if reads:
                mended = _set(self._mended(headers, visit))
                return _state_answer(visit.profile, visit.state, visit.signals, mended)
            case "/erase" if method == "POST":
                return await self._erase(headers, visit, receive)
            case "/report" if method == "POST":
                status = await self._reports.take(headers, visit.origin.host, receive)
                return None if status is None else Answer(status=status)
            case "/trackers" if reads:
                return self._declare(headers, query, visit)
            case "" | "/state" | "/trackers":
                raise _not_allowed("GET, HEAD")
            case "/":
                raise _not_allowed("GET, HEAD, POST")
            case "/erase" | "/report":
                raise _not_allowed("POST")
        asset = self._asset(place.removeprefix("/assets/")) if place.startswith("/assets/") else None
        if asset is None:
            raise Refused(404, "not_found", "there is nothing under this address")
        if not reads:
            raise _not_allowed("GET, HEAD")
        media_type = asset.media_type.encode()
        if not _reads_gzip(headers):
            return Answer(status=200, body=asset.body, media_type=media_type, headers=_FOREVER)
        packed = (*_FOREVER, (b"content-encoding", b"gzip"))
        return Answer(status=200, body=asset.gzipped, media_type=media_type, headers=packed)

    def _asset(self, file: str) -> Asset | None:
        if self._guard is not None and file == self._guard.file:
            return self._guard
        return assets_by_file().get(file)

    def _declare(self, headers: Headers, query: bytes, visit: Visit) -> Answer:
        """Answer with what the site uses: the same for every visitor."""
        policy, origin = self._policy, visit.origin
        cookie = self._cookie.name(origin.secure, origin.host).decode()
        asked = dict(parse_qsl(query.decode("latin-1"))).get("format")
        kept = tuple((name, _KEPT.get(name, value)) for name, value in _OWN)
        if asked == "json" or (not asked and wants_json(headers)):
            return _json_answer(200, declaration_json(policy, cookie), (), kept)
        if asked == "fragment":
            fragment = declaration_fragment(policy, language_of(policy, visit), cookie)
            return Answer(status=200, body=fragment.encode(), headers=kept)
        return Answer(status=200, body=declaration_page(policy, visit, cookie), headers=kept)

    async def _choose(self, headers: Headers, visit: Visit, receive: Receive) -> Answer | None:
        body = await _own_body(headers, visit, receive)
        if body is None:
            return None
        state = self._stored(self._answer_of(parse_choice(headers, body), visit))
        profile = profile_of(self._policy, state, visit.signals)
        origin = visit.origin
        cookies = self._cookie.set_cookies(state, secure=origin.secure, host=origin.host)
        cookies += self._bucket(state, visit)
        answered = replace(visit, state=state, profile=profile)
        cookies += self._deletions(headers, answered)
        if wants_json(headers):
            return _state_answer(profile, state, visit.signals, _set(cookies))
        back = way_back(headers, visit, base_of(self._policy, visit.root_path))
        return Answer(status=303, headers=(*_OWN, (b"location", back.encode()), *_set(cookies)))

    def _answer_of(self, post: Post, visit: Visit) -> ConsentState:
        policy, state, signals = self._policy, visit.state, visit.signals
        now, new_id = self._clock(), self._new_id
        if post.action is Action.ACCEPT_ALL:
            return accept_all(policy, state, signals, now=now, new_id=new_id)
        if post.action is Action.REJECT_ALL:
            return reject_all(policy, state, signals, now=now, new_id=new_id)
        return save(policy, state, signals, post.choices, partial=post.partial, now=now, new_id=new_id)

    def _stored(self, state: ConsentState) -> ConsentState:
        """Return the state as the cookie will give it back: exceptions that do not fit are refusals there."""
        return self._cookie.loads(self._cookie.dumps(state)) or state

    async def _erase(self, headers: Headers, visit: Visit, receive: Receive) -> Answer | None:
        body = await _own_body(headers, visit, receive)
        if body is None:
            return None
        everything = parse_everything(headers, body)
        nothing = profile_of(self._policy, None, visit.signals)
        cookies = self._cookie.delete_cookies(secure=visit.origin.secure, host=visit.origin.host)
        cookies += self._bucket(None, visit)
        forgotten = replace(visit, state=None, profile=nothing)
        gone = self._deletions(headers, forgotten, erase=True)
        extra = _set([*cookies, *gone])
        if everything:
            extra = (*extra, (b"clear-site-data", b'"cookies", "storage"'))
        if wants_json(headers):
            return _state_answer(nothing, None, visit.signals, extra)
        t = texts(language_of(self._policy, visit))
        count = len({line.partition(b"=")[0] for line in gone})
        text = t.plural("notice.erased", count) if count else t.get("notice.erased_choice")
        page = message_page(self._policy, visit, heading=t.get("record.erase"), text=text)
        return Answer(status=200, body=page, headers=(*_OWN, *extra))

    def _bucket(self, state: ConsentState | None, visit: Visit) -> list[bytes]:
        """Tell a cache whether there is an answer, where the policy has it ask."""
        if self._policy.cache is not Cache.BUCKET:
            return []
        left = self._cookie.seconds_left(state) if state else 0
        return [bucket_cookie(left, secure=visit.origin.secure)]

    def _mended(self, headers: Headers, visit: Visit) -> list[bytes]:
        """Do it where the visitor's bucket says otherwise: it was lost, forged, or outlived the answer."""
        state = visit.state
        return [] if (state is not None) == has_cookie(headers) else self._bucket(state, visit)

    def _deletions(self, headers: Headers, visit: Visit, *, erase: bool = False) -> list[bytes]:
        # Nobody sets cookies below our prefix: what reaches it stands above.
        sent, above = get_all(headers, b"cookie"), visit.root_path.encode()
        return deletions(self._policy, visit, sent, above, erase=erase)

    def _refuse(self, refused: Refused, headers: Headers, visit: Visit) -> Answer:
        allow = ((b"allow", refused.detail.encode()),) if refused.status == 405 else ()
        if wants_json(headers):
            detail = f"allowed here: {refused.detail}" if allow else refused.detail
            return _json_answer(refused.status, {"error": detail}, allow)
        t = texts(language_of(self._policy, visit))
        page = message_page(
            self._policy,
            visit,
            heading=t.get(f"error.{refused.key}_title"),
            text=t.get(f"error.{refused.key}"),
        )
        return Answer(status=refused.status, body=page, headers=(*_OWN, *allow))


async def _own_body(headers: Headers, visit: Visit, receive: Receive) -> bytes | None:
    """Read a body, if it comes from a page of this site."""
    if not allowed_post(headers, visit.origin):
        raise Refused(403, "cross_origin", "a choice counts only when it comes from this site")
    return await read_body(headers, receive)


def _state_answer(
    profile: Profile,
    state: ConsentState | None,
    signals: Signals,
    extra: tuple[tuple[bytes, bytes], ...] = (),
) -> Answer:
    """Answer with what is in force, as ``GET /state`` and a JSON post both do."""
    content = {
        "answered": profile.answered,
        "given_at": state.given_at if state else None,
        "grants": profile.grants,
        "services": profile.exceptions,
        "signals": {"gpc": signals.gpc},
    }
    return _json_answer(200, content, extra)


def _json_answer(
    status: int,
    content: Mapping[str, object],
    extra: tuple[tuple[bytes, bytes], ...],
    common: tuple[tuple[bytes, bytes], ...] = _OWN,
) -> Answer:
    body = json.dumps(content, separators=(",", ":")).encode()
    return Answer(status=status, body=body, media_type=_JSON, headers=(*common, *extra))


def _device(headers: Headers) -> Device:
    agent, brands = (get(headers, name) or b"" for name in (b"user-agent", b"sec-ch-ua"))
    return device_of(agent.decode("latin-1"), brands.decode("latin-1"))


def _set(cookies: list[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((b"set-cookie", cookie) for cookie in cookies)


def _not_allowed(methods: str) -> Refused:
    return Refused(405, "method", methods)


def _reads_gzip(headers: Headers) -> bool:
    codings = [item for value in get_all(headers, b"accept-encoding") for item in elements(value)]
    return any(
        coding.partition(b";")[0].strip().lower() == b"gzip" and not _NO_GZIP.search(coding)
        for coding in codings
    )
