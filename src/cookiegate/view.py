"""What an application asks about the visitor in front of it, and how it records an answer from code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from cookiegate.consent.choose import save
from cookiegate.consent.decide import profile_of, strictest_profile, unknown_id
from cookiegate.consent.model import NO_SIGNALS
from cookiegate.consent.signals import signals_of
from cookiegate.exceptions import ConsentAlreadySent, GateNotInstalled
from cookiegate.gate.bucket import bucket_cookie, names_answered
from cookiegate.gate.forwarded import origin_of, root_of
from cookiegate.gate.headers import get, get_all
from cookiegate.gate.set_cookie import deletions
from cookiegate.gate.visit import Visit
from cookiegate.pages.declaration import declaration_fragment
from cookiegate.pages.render import language_of
from cookiegate.policy.model import MEANS, Cache

if TYPE_CHECKING:
    from markupsafe import Markup
    from starlette.types import Scope

    from cookiegate.catalog.model import Service
    from cookiegate.consent.decide import Decision, Profile
    from cookiegate.consent.model import ConsentState, Signals
    from cookiegate.desk import Desk

_KEY = "cookiegate"
_FRAMES = frozenset({b"iframe", b"frame", b"embed", b"object", b"fencedframe"})


class ConsentView:
    """One visitor during one request. Nothing is read from the request before something is asked.

    Ids are those of purposes (``analytics``), means (``beacons``) and services (``google-analytics``). One
    that does not exist is a mistake in the code and raises ValueError: it would otherwise mean "no" for ever.
    """

    # One is made for every request, most of which ask nothing: what is not set yet stands here.
    _visit: Visit | None = None
    _everyone: Visit | None = None
    _withdrawn = _sealed = False
    _too_late = "the response has started: grant and withdraw before returning it"
    asked = False
    """Whether the application asked about this visitor, so that what it sends may be for them alone."""
    changed = False
    """Whether something was granted or withdrawn from code."""

    def __init__(self, scope: Scope, desk: Desk) -> None:
        self._scope = scope
        self._desk = desk

    @property
    def visit(self) -> Visit:
        """The facts of this request, with what was granted and withdrawn from code so far."""
        if self._visit is None:
            self._visit = self._look()
        return self._visit

    @property
    def everyone(self) -> Visit | None:
        """All who may be given the response by a cache; None where the policy keeps pages private."""
        cache = self._desk.policy.cache
        if self._everyone is None and cache is not Cache.PRIVATE:
            headers = self._scope["headers"]
            answered = cache is Cache.BUCKET and names_answered(headers)
            self._everyone = Visit(
                origin=origin_of(self._scope, self._desk.policy.site.trusted_proxies),
                root_path=root_of(self._scope),
                accept_language="",
                state=None,
                reissue=False,
                signals=NO_SIGNALS,
                profile=strictest_profile(self._desk.policy, answered=answered),
                everyone=True,
            )
        return self._everyone

    @property
    def audience(self) -> Visit:
        """For whom the response is: for everyone, or for this visitor alone, once they were asked about."""
        if self.asked or self.changed:
            return self.visit
        return self.everyone or self.visit

    @property
    def state(self) -> ConsentState | None:
        """What the visitor answered; None before the first answer and after it has expired."""
        return self._ask().state

    @property
    def signals(self) -> Signals:
        """What the visitor's browser says by itself."""
        return self._ask().signals

    @property
    def profile(self) -> Profile:
        """The decisions for this visitor."""
        return self._ask().profile

    def allows(self, id: str) -> bool:  # noqa: A002 - the word of the whole interface
        """Tell whether a purpose or a means is allowed. Raises ValueError for an id that does not exist."""
        if self._desk.policy.purpose(id) is None and id not in MEANS:
            raise ValueError(unknown_id(self._desk.policy, id))
        return self.profile.allows(id)

    def allows_service(self, id: str) -> bool:  # noqa: A002 - the word of the whole interface
        """Tell whether a service is allowed. Raises ValueError for an id that does not exist."""
        return self.decide(id).allowed

    def decide(self, service_id: str, beacon: bool = False) -> Decision:
        """Decide about a service and say why; ``beacon``: as a web beacon, which needs its own means."""
        return self.profile.decide(self._service(service_id), beacon=beacon)

    async def grant(self, *ids: str) -> None:
        """Record that the visitor agreed to these ids: for this very response, and in their cookie.

        Raises ConsentAlreadySent once the response has started, ValueError for an id that does not exist.
        """
        self._choose(ids, granted=True)

    async def withdraw(self, *ids: str) -> None:
        """Record that the visitor refuses these ids, and delete the known cookies of what is refused now.

        Raises ConsentAlreadySent once the response has started, ValueError for an id that does not exist.
        """
        self._choose(ids, granted=False)

    def grant_sync(self, *ids: str) -> None:
        """Do the same as ``grant`` from a view that runs in a thread."""
        self._choose(ids, granted=True)

    def withdraw_sync(self, *ids: str) -> None:
        """Do the same as ``withdraw`` from a view that runs in a thread."""
        self._choose(ids, granted=False)

    def declaration(self, language: str = "") -> Markup:
        """Return what the site uses, as a part of a page: for a privacy policy of the site's own.

        language: one that our pages speak; empty for the visitor's. Raises ValueError for another one.
        """
        policy, origin = self._desk.policy, self.visit.origin
        cookie = self._desk.cookie.name(origin.secure, origin.host).decode()
        return declaration_fragment(policy, language or language_of(policy, self._ask()), cookie)

    def variant(self) -> str:
        """Name all by which this visitor's page differs from another's, as far as a cache may confirm it."""
        return self._desk.variant(self.everyone or self.visit)

    def seal(self) -> None:
        """End the time for answers: the response starts."""
        self._sealed = True

    def set_cookies(self, *, page: bool) -> list[bytes]:
        """Return the Set-Cookie values that this response has to carry.

        page: it is a page, and not a file or data; only there several valid cookies are replaced by one, and
        what denied services left behind is deleted without a withdrawal.
        """
        if not self.changed and not page:
            return []
        visit = self.visit
        cookies: list[bytes] = []
        if visit.state is not None and (self.changed or visit.reissue):
            secure = visit.origin.secure
            cookies = self._desk.cookie.set_cookies(visit.state, secure=secure, host=visit.origin.host)
            if self._desk.policy.cache is Cache.BUCKET:
                cookies.append(bucket_cookie(self._desk.cookie.seconds_left(visit.state), secure=secure))
        return cookies + self._deletions() if page or self._withdrawn else cookies

    def _deletions(self) -> list[bytes]:
        """Return the Set-Cookie values that delete the denied cookies of this request."""
        scope = self._scope
        path = scope.get("raw_path") or quote(scope["path"]).encode()
        return deletions(self._desk.policy, self.visit, get_all(scope["headers"], b"cookie"), path)

    def _ask(self) -> Visit:
        # What is asked later changes nothing about whose the response is.
        self.asked = self.asked or not self._sealed
        return self.visit

    def _look(self) -> Visit:
        headers = self._scope["headers"]
        origin = origin_of(self._scope, self._desk.policy.site.trusted_proxies)
        reading = self._desk.cookie.read(headers, secure=origin.secure, host=origin.host)
        signals = signals_of(headers)
        return Visit(
            origin=origin,
            root_path=root_of(self._scope),
            accept_language=b",".join(get_all(headers, b"accept-language")).decode("latin-1"),
            state=reading.state,
            reissue=reading.reissue,
            signals=signals,
            profile=profile_of(self._desk.policy, reading.state, signals),
            framed=get(headers, b"sec-fetch-dest") in _FRAMES,
        )

    def _choose(self, ids: tuple[str, ...], *, granted: bool) -> None:
        if self._sealed:
            raise ConsentAlreadySent(self._too_late)
        choices = {self._field(name): granted for name in ids}
        if not choices:
            raise ValueError("name at least one purpose, means or service")
        visit = self.visit
        state = save(
            self._desk.policy,
            visit.state,
            visit.signals,
            choices,
            partial=True,
            now=self._desk.clock(),
            new_id=self._desk.new_id,
        )
        # What does not fit into the cookie becomes a refusal there, so it is one from now on.
        state = self._desk.cookie.loads(self._desk.cookie.dumps(state)) or state
        self._visit = replace(visit, state=state, profile=profile_of(self._desk.policy, state, visit.signals))
        self.changed = True
        self._withdrawn = self._withdrawn or not granted

    def _field(self, id: str) -> str:  # noqa: A002 - the word of the whole interface
        """Return the field under which an answer about this id is saved."""
        purpose = self._desk.policy.purpose(id)
        if purpose is not None and not purpose.optional:
            raise ValueError(f"{id!r} is always allowed: nobody is asked about it")
        return id if purpose is not None or id in MEANS else f"service:{self._service(id).id}"

    def _service(self, id: str) -> Service:  # noqa: A002 - the word of the whole interface
        service = self._desk.policy.index.get(id)
        if service is None:
            raise ValueError(unknown_id(self._desk.policy, id))
        return service


class SocketView(ConsentView):
    """The visitor behind a websocket, over which nothing is answered: its cookie is of the page's making."""

    _sealed = True
    _too_late = "a websocket carries no answer: grant and withdraw in an http request"


def consent_of(request_or_scope: object) -> ConsentView:
    """Return the view of the visitor who made this request.

    Takes a Starlette or FastAPI request, any other object with ``.scope``, or the ASGI scope itself.
    Raises GateNotInstalled where no CookieGate stands before the application.
    """
    scope = getattr(request_or_scope, "scope", request_or_scope)
    view = scope.get(_KEY) if isinstance(scope, Mapping) else None
    if not isinstance(view, ConsentView):
        raise GateNotInstalled(
            "no CookieGate stands before this application: app = CookieGate(app, secret_keys=[...])"
        )
    return view
