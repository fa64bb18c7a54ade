"""The ASGI door: what comes in, what the application is told, and who answers."""

from __future__ import annotations

import inspect
import os
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from cookiegate.consent.cookie import ConsentCookie
from cookiegate.desk import Desk
from cookiegate.gate.cookie import HiddenCookies
from cookiegate.gate.headers import headers_of
from cookiegate.gate.inner import inner_headers
from cookiegate.gate.json import is_named
from cookiegate.gate.plan import Plans, warm_up
from cookiegate.json_responder import JsonResponder, RulesResponder
from cookiegate.pages.app import Pages
from cookiegate.pages.guard import Guards
from cookiegate.pages.snippet import Snippets
from cookiegate.policy.model import Policy
from cookiegate.responder import BYPASSES
from cookiegate.view import SocketView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from cookiegate.desk import Report
    from cookiegate.pages.report import Violation


class CookieGate:
    """Holds back every tracker until the visitor of an ASGI application has agreed to it.

    policy: a Policy, or the path of a TOML file; None takes the catalogue and the standard purposes.
    secret_keys: for the consent cookie, oldest first, the last one signs; None reads COOKIEGATE_SECRET_KEYS.
    on_response: is handed a Report before the end of each page; it must not block.
    on_violation: is handed each Violation of the policy's ``csp`` that browsers report; it must not block.
    clock: Unix seconds.
    Raises PolicyError, SecretKeyError or TypeError for what cannot work.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        policy: Policy | str | os.PathLike[str] | None = None,
        secret_keys: Sequence[str] | str | None = None,
        on_response: Callable[[Report], None] | None = None,
        on_violation: Callable[[Violation], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        _check_hook("on_response", on_response, "a Report")
        _check_hook("on_violation", on_violation, "a Violation")
        self.app = app
        self.policy = _policy(policy)
        self._prefix = self.policy.consent.prefix
        self._json_html = self.policy.site.json_html
        hides = self.policy.consent.hide_cookies
        self._cookies = HiddenCookies(self.policy, clock=clock) if hides else None
        cookie = ConsentCookie(secret_keys, self.policy, clock=clock)
        self._pages = Pages(self.policy, cookie, clock=clock, on_violation=on_violation)
        self._desk = Desk(
            policy=self.policy,
            cookie=cookie,
            plans=Plans(self.policy),
            snippets=Snippets(self.policy),
            guards=Guards(self.policy),
            clock=clock,
            on_response=on_response,
            on_violation=on_violation,
            # A browser adds the headers of a 304 to those it has, so a page of another mode is no answer.
            release=f"{_release()} {self.policy.csp}",
        )
        warm_up(self.policy)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection. Inside another CookieGate, that one has the say."""
        if scope["type"] != "http" or "cookiegate" in scope:
            if scope["type"] == "websocket" and "cookiegate" not in scope:
                scope = self._socket(scope)
            await self.app(scope, receive, send)
            return
        headers = scope.get("headers")
        if type(headers) is not list:
            headers = headers_of(scope)  # an iterator can be read only once
            scope = {**scope, "headers": headers}
        as_page = is_named(self._json_html, scope["path"]) if self._json_html else False
        view = (JsonResponder if as_page else RulesResponder)(scope, self._desk, send)
        if self._prefix in scope["path"] and self._is_ours(scope):
            await self._pages({**scope, "cookiegate": view}, receive, send)
            return
        # The view and the responder read what the visitor sent; the application sees what it can answer.
        scheme = scope.get("scheme", "http")
        told = inner_headers(headers, view, as_page, scope["method"], self._cookies, scheme)
        inner = {**scope, "headers": told, "cookiegate": view}
        extensions = scope.get("extensions")
        if extensions and not BYPASSES.isdisjoint(extensions):
            inner["extensions"] = {key: extensions[key] for key in extensions if key not in BYPASSES}
        await self.app(inner, receive, view.answer)

    def _socket(self, scope: Scope) -> Scope:
        """Hide the denied cookies from who answers a websocket; nothing else of it is touched."""
        headers = headers_of(scope)
        view = SocketView({**scope, "headers": headers}, self._desk)
        if self._cookies:
            headers = self._cookies.filtered(headers, view)
        return {**scope, "headers": headers, "cookiegate": view}

    def _is_ours(self, scope: Scope) -> bool:
        """Whether the path, without what a mounting application puts before it, is under our prefix."""
        path: str = scope["path"]
        root: str = scope.get("root_path", "").rstrip("/")
        if root and path.startswith(root + "/"):
            path = path[len(root) :]
        return path.startswith(self._prefix) and path[len(self._prefix) :][:1] in ("", "/")


def _check_hook(name: str, hook: object, takes: str) -> None:
    if hook is not None and (not callable(hook) or inspect.iscoroutinefunction(hook)):
        raise TypeError(f"{name} must be a plain function that takes {takes}")


def _policy(policy: Policy | str | os.PathLike[str] | None) -> Policy:
    if policy is None:
        return Policy()
    if isinstance(policy, str | os.PathLike):
        return Policy.load(policy)
    if isinstance(policy, Policy):
        return policy
    raise TypeError(f"policy must be a Policy or the path of a TOML file, not {type(policy).__name__}")


def _release() -> str:
    try:
        return version("cookiegate")
    except PackageNotFoundError:  # a checkout that nobody installed
        return ""
