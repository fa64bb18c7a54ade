"""What an application asks about the visitor in front of it, and how it records an answer from code."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cookiegate.consent.choose import save
from cookiegate.consent.decide import profile_of, unknown_id
from cookiegate.consent.signals import signals_of
from cookiegate.exceptions import ConsentAlreadySent, GateNotInstalled
from cookiegate.gate.forwarded import origin_of
from cookiegate.gate.headers import get, get_all
from cookiegate.gate.set_cookie import deletions
from cookiegate.gate.visit import Visit
from cookiegate.policy.model import MEANS

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from cookiegate.catalog.model import Service
    from cookiegate.consent.cookie import ConsentCookie
    from cookiegate.consent.decide import Decision, Profile
    from cookiegate.consent.model import ConsentState, Signals
    from cookiegate.policy.model import Policy

_KEY = "cookiegate"
_FRAMES = frozenset({b"iframe", b"frame", b"embed", b"object", b"fencedframe"})


def new_subject() -> str:
    """Return 128 random bits as 22 characters of base64url."""
    return secrets.token_urlsafe(16)


class ConsentView:
    """One visitor during one request. Nothing is read from the request before something is asked.

    Ids are those of purposes (``analytics``), means (``beacons``) and services (``google-analytics``). One
    that does not exist is a mistake in the code and raises ValueError: it would otherwise mean "no" for ever.
    """

    __slots__ = ("_changed", "_clock", "_cookie", "_new_id", "_policy", "_scope", "_sealed", "_visit",
                 "_withdrawn")  # fmt: skip

    def __init__(
        self,
        scope: Scope,
        policy: Policy,
        cookie: ConsentCookie,
        *,
        clock: Callable[[], float],
        new_id: Callable[[], str] = new_subject,
    ) -> None:
        self._scope = scope
        self._policy = policy
        self._cookie = cookie
        self._clock = clock
        self._new_id = new_id
        self._visit: Visit | None = None
        self._changed = self._withdrawn = self._sealed = False

    @property
    def visit(self) -> Visit:
        """The facts of this request, with what was granted and withdrawn from code so far."""
        if self._visit is None:
            self._visit = self._look()
        return self._visit

    @property
    def state(self) -> ConsentState | None:
        """What the visitor answered; None before the first answer and after it has expired."""
        return self.visit.state

    @property
    def signals(self) -> Signals:
        """What the visitor's browser says by itself."""
        return self.visit.signals

    @property
    def profile(self) -> Profile:
        """The decisions for this visitor."""
        return self.visit.profile

    def allows(self, id: str) -> bool:  # noqa: A002 - the word of the whole interface
        """Tell whether a purpose or a means is allowed. Raises ValueError for an id that does not exist."""
        if self._policy.purpose(id) is None and id not in MEANS:
            raise ValueError(unknown_id(self._policy, id))
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

    def seal(self) -> None:
        """End the time for answers: the response starts."""
        self._sealed = True

    def set_cookies(self, *, page: bool) -> list[bytes]:
        """Return the Set-Cookie values that this response has to carry.

        page: it is a page, and not a file or data; only there several valid cookies are replaced by one.
        """
        if not self._changed and not page:
            return []
        visit = self.visit
        if visit.state is None or not (self._changed or visit.reissue):
            return []
        secure = visit.origin.secure
        cookies = [self._cookie.set_cookie(visit.state, secure=secure)]
        if self._withdrawn:
            seen = get_all(self._scope["headers"], b"cookie")
            cookies += deletions(self._policy, visit.profile, seen, visit.origin.host, secure=secure)
        return cookies

    def _look(self) -> Visit:
        headers = self._scope["headers"]
        origin = origin_of(self._scope, self._policy.site.trusted_proxies)
        reading = self._cookie.read(headers, secure=origin.secure)
        signals = signals_of(headers)
        return Visit(
            origin=origin,
            root_path=self._scope.get("root_path", "").rstrip("/"),
            accept_language=b",".join(get_all(headers, b"accept-language")).decode("latin-1"),
            state=reading.state,
            reissue=reading.reissue,
            signals=signals,
            profile=profile_of(self._policy, reading.state, signals),
            framed=get(headers, b"sec-fetch-dest") in _FRAMES,
        )

    def _choose(self, ids: tuple[str, ...], *, granted: bool) -> None:
        if self._sealed:
            raise ConsentAlreadySent("the response has started: grant and withdraw before returning it")
        choices = {self._field(name): granted for name in ids}
        if not choices:
            raise ValueError("name at least one purpose, means or service")
        visit = self.visit
        state = save(
            self._policy,
            visit.state,
            visit.signals,
            choices,
            partial=True,
            now=self._clock(),
            new_id=self._new_id,
        )
        # What does not fit into the cookie becomes a refusal there, so it is one from now on.
        state = self._cookie.loads(self._cookie.dumps(state)) or state
        self._visit = replace(visit, state=state, profile=profile_of(self._policy, state, visit.signals))
        self._changed = True
        self._withdrawn = self._withdrawn or not granted

    def _field(self, id: str) -> str:  # noqa: A002 - the word of the whole interface
        """Return the field under which an answer about this id is saved."""
        purpose = self._policy.purpose(id)
        if purpose is not None and not purpose.optional:
            raise ValueError(f"{id!r} is always allowed: nobody is asked about it")
        return id if purpose is not None or id in MEANS else f"service:{self._service(id).id}"

    def _service(self, id: str) -> Service:  # noqa: A002 - the word of the whole interface
        service = self._policy.index.get(id)
        if service is None:
            raise ValueError(unknown_id(self._policy, id))
        return service


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
