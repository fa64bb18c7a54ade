"""The ASGI door: what comes in, what the application is told, and who answers."""

from __future__ import annotations

import inspect
import os
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from cookiegate.consent.cookie import ConsentCookie
from cookiegate.desk import Desk
from cookiegate.gate.headers import headers_of
from cookiegate.gate.inner import inner_headers
from cookiegate.gate.json import is_named
from cookiegate.gate.plan import Plans
from cookiegate.json_responder import JsonResponder
from cookiegate.pages.app import Pages
from cookiegate.pages.guard import Guards
from cookiegate.pages.snippet import Snippets
from cookiegate.policy.model import Policy
from cookiegate.responder import BYPASSES, Responder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from cookiegate.desk import Report


class CookieGate:
    """Holds back every tracker until the visitor of an ASGI application has agreed to it.

    policy: a Policy, or the path of a TOML file; None takes the catalogue and the standard purposes.
    secret_keys: for the consent cookie, oldest first, the last one signs; None reads COOKIEGATE_SECRET_KEYS.
    on_response: is handed a Report before the end of each page; it must not block.
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
        clock: Callable[[], float] = time.time,
    ) -> None:
        if on_response is not None and (
            not callable(on_response) or inspect.iscoroutinefunction(on_response)
        ):
            raise TypeError("on_response must be a plain function that takes a Report")
        self.app = app
        self.policy = _policy(policy)
        self._prefix = self.policy.consent.prefix
        self._json_html = self.policy.site.json_html
        cookie = ConsentCookie(secret_keys, self.policy, clock=clock)
        self._pages = Pages(self.policy, cookie, clock=clock)
        self._desk = Desk(
            policy=self.policy,
            cookie=cookie,
            plans=Plans(self.policy),
            snippets=Snippets(self.policy),
            guards=Guards(self.policy),
            clock=clock,
            on_response=on_response,
            release=_release(),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection. Inside another CookieGate, that one has the say."""
        if scope["type"] != "http" or "cookiegate" in scope:
            await self.app(scope, receive, send)
            return
        headers = scope.get("headers")
        if type(headers) is not list:
            headers = headers_of(scope)  # an iterator can be read only once
            scope = {**scope, "headers": headers}
        as_page = is_named(self._json_html, scope["path"]) if self._json_html else False
        view = (JsonResponder if as_page else Responder)(scope, self._desk, send)
        if self._prefix in scope["path"] and self._is_ours(scope):
            await self._pages({**scope, "cookiegate": view}, receive, send)
            return
        # The view and the responder read what the visitor sent; the application sees what it can answer.
        inner = {**scope, "headers": inner_headers(headers, view, as_page), "cookiegate": view}
        extensions = scope.get("extensions")
        if extensions and not BYPASSES.isdisjoint(extensions):
            inner["extensions"] = {key: extensions[key] for key in extensions if key not in BYPASSES}
        await self.app(inner, receive, view.answer)

    def _is_ours(self, scope: Scope) -> bool:
        """Whether the path, without what a mounting application puts before it, is under our prefix."""
        path: str = scope["path"]
        root: str = scope.get("root_path", "").rstrip("/")
        if root and path.startswith(root + "/"):
            path = path[len(root) :]
        return path.startswith(self._prefix) and path[len(self._prefix) :][:1] in ("", "/")


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
