"""The ASGI door: what comes in, what the application is told, and who answers."""

from __future__ import annotations

import inspect
import os
import time
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from cookiegate.consent.cookie import ConsentCookie
from cookiegate.gate.cache import inner_conditions, is_document_request
from cookiegate.gate.encoding import inner_accept_encoding
from cookiegate.gate.headers import get_all, headers_of, replace
from cookiegate.gate.plan import Plans
from cookiegate.pages.app import Pages
from cookiegate.pages.snippet import Snippets
from cookiegate.policy.model import Policy
from cookiegate.responder import BYPASSES, Desk, Responder
from cookiegate.view import ConsentView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from cookiegate.gate.headers import Headers
    from cookiegate.responder import Report

_CONDITIONS = frozenset({b"if-none-match", b"if-modified-since", b"range", b"if-range"})
# What a browser asks for to use it as one of these is never shown as a page (Fetch, section 2.2.7).
_NEVER_PAGES = frozenset(
    b"audio audioworklet font image json manifest paintworklet script serviceworker sharedworker style track "
    b"video worker xslt".split()
)


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
        self._clock = clock
        self._cookie = ConsentCookie(secret_keys, self.policy, clock=clock)
        self._pages = Pages(self.policy, self._cookie, clock=clock)
        self._desk = Desk(
            policy=self.policy,
            plans=Plans(self.policy),
            snippets=Snippets(self.policy),
            clock=clock,
            on_response=on_response,
            release=_release(),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection. Inside another CookieGate, that one has the say."""
        if scope["type"] != "http" or "cookiegate" in scope:
            await self.app(scope, receive, send)
            return
        inner = {**scope, "headers": headers_of(scope)}
        # The view and the responder read what the visitor sent; the application sees what it can answer.
        view = ConsentView(scope := inner.copy(), self.policy, self._cookie, clock=self._clock)
        inner["cookiegate"] = view
        if self._is_ours(scope):
            await self._pages(inner, receive, send)
            return
        extensions = scope.get("extensions")
        if extensions and not BYPASSES.isdisjoint(extensions):
            inner["extensions"] = {key: extensions[key] for key in extensions if key not in BYPASSES}
        inner["headers"] = self._inner_headers(scope["headers"], view)
        await self.app(inner, receive, Responder(self._desk, scope, view, send))

    def _is_ours(self, scope: Scope) -> bool:
        """Whether the path, without what a mounting application puts before it, is under our prefix."""
        path: str = scope["path"]
        root: str = scope.get("root_path", "").rstrip("/")
        if root and path.startswith(root + "/"):
            path = path[len(root) :]
        return path.startswith(self._prefix) and path[len(self._prefix) :][:1] in ("", "/")

    def _inner_headers(self, headers: Headers, view: ConsentView) -> Headers:
        """Ask the application for what can be read, and never to confirm a page of another answer."""
        names = {name.lower(): value for name, value in headers}
        offered = names.get(b"accept-encoding")
        if offered is not None and names.get(b"sec-fetch-dest") not in _NEVER_PAGES:
            if len(names) < len(headers):  # some header came twice
                offered = b",".join(get_all(headers, b"accept-encoding"))
            readable = _readable(offered)
            if readable is not None:
                headers = replace(headers, b"accept-encoding", readable)
        if not _CONDITIONS.isdisjoint(names):
            variant = self._desk.variant(view.visit) if b"if-none-match" in names else ""
            headers = inner_conditions(headers, variant, document=is_document_request(headers))
        return headers


@lru_cache(maxsize=256)
def _readable(offered: bytes) -> bytes | None:
    """Return what of an Accept-Encoding can be read, None for all of it: browsers send very few of them."""
    readable = inner_accept_encoding(offered)
    return None if readable is offered else readable


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
