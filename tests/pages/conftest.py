"""A site to render pages for: own services only, so that the catalogue may grow on its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from cookiegate.catalog import CookieRule, Holds, Index, Lifetime, Service
from cookiegate.catalog.model import Unit
from cookiegate.consent.cookie import ConsentCookie
from cookiegate.consent.decide import profile_of
from cookiegate.consent.model import ConsentState, Signals
from cookiegate.gate.forwarded import Origin
from cookiegate.gate.visit import Visit
from cookiegate.pages.app import Pages
from cookiegate.policy.model import Policy, Site

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_795_356_420.0  # 22 November 2026, 14:07 UTC
KEY = "a secret of more than thirty-two bytes"

SERVICES = (
    Service(
        id="basket",
        name="Basket <b>",
        vendor="Linden & Salt",
        country="DE",
        purpose="necessary",
        cookies=(CookieRule(name="basket", holds=Holds.BASKET),),
    ),
    Service(
        id="visits",
        name="Visits",
        vendor="Visits Ltd",
        country="IE",
        transfers=("US",),
        purpose="analytics",
        privacy_policy="https://visits.example/privacy",
        cookies=(CookieRule(name="_v_*", lifetime=Lifetime(13, Unit.MONTH), holds=Holds.VISITOR),),
        storage=("v.seen", "v.last"),
        script=True,
        beacon=True,
    ),
    Service(id="films", name="Films", vendor="Films Inc", purpose="analytics", script=True),
    Service(
        id="adverts",
        name="Adverts",
        vendor="Adverts Ltd",
        country="MT",
        purpose="marketing",
        cookies=(CookieRule(name="_ad", lifetime=Lifetime(90, Unit.DAY), holds=Holds.ADVERT),),
        script=True,
        beacon=True,
    ),
)


@pytest.fixture(scope="session")
def shop() -> Policy:
    """A site that declares what it uses."""
    site = Site(name="Linden & Salt", privacy_policy="/privacy?a=1&b=2")
    return Policy(site=site, declared=SERVICES, index=Index(()))


@pytest.fixture(scope="session")
def bare() -> Policy:
    """A site that declares nothing."""
    return Policy(index=Index(SERVICES))


def _visit_of(
    policy: Policy,
    state: ConsentState | None = None,
    *,
    language: str = "en",
    gpc: bool = False,
    root_path: str = "",
    scheme: str = "https",
    host: str = "shop.example",
) -> Visit:
    """The facts of a request, as the middleware works them out."""
    signals = Signals(gpc=gpc)
    return Visit(
        origin=Origin(scheme=scheme, host=host, client="192.0.2.1"),
        root_path=root_path,
        accept_language=language,
        state=state,
        reissue=False,
        signals=signals,
        profile=profile_of(policy, state, signals),
    )


@dataclass(frozen=True)
class View:
    """What stands at scope["cookiegate"]."""

    visit: Visit


@dataclass(frozen=True)
class Reply:
    """A response, read back."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def all(self, name: str) -> list[str]:
        return [value.decode() for key, value in self.headers if key == name.encode()]

    def get(self, name: str) -> str:
        (value,) = self.all(name)
        return value


class Browser:
    """Speaks raw ASGI to the pages of one policy, and keeps the consent cookie as a browser would."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.cookie = ConsentCookie(KEY, policy, clock=lambda: NOW)
        self.pages = Pages(policy, self.cookie, clock=lambda: NOW, new_id=lambda: "s" * 22)
        self.visit = _visit_of(policy)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        body: bytes | list[bytes] = b"",
        prefix: str = "/privacy-choices",
        query: bytes = b"",
    ) -> Reply:
        pairs = list(headers.items()) if isinstance(headers, dict) else headers or []
        chunks = [body] if isinstance(body, bytes) else body
        scope = {
            "type": "http",
            "method": method,
            "path": prefix + path,
            "query_string": query,
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
            "cookiegate": View(self.visit),
        }
        incoming = [
            {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
            for index, chunk in enumerate(chunks)
        ]
        sent: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await self.pages(scope, receive, send)  # type: ignore[arg-type]
        if not sent:
            return Reply(0, [], b"")
        start, end = sent
        assert start["type"] == "http.response.start"
        assert end["type"] == "http.response.body"
        return Reply(start["status"], start["headers"], end["body"])  # type: ignore[arg-type]

    async def post(self, body: str, *, to: str = "/", **headers: str) -> Reply:
        """Submit a form of the site's own pages."""
        sent = {
            "content-type": "application/x-www-form-urlencoded",
            "sec-fetch-site": "same-origin",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return await self.ask("POST", to, headers=sent, body=body.encode())

    def take(self, reply: Reply) -> ConsentState | None:
        """Do with the reply's cookie what a browser does, and return what it says now."""
        name = self.cookie.name(self.visit.origin.secure).decode()
        for line in reply.all("set-cookie"):
            if line.startswith(f"{name}="):
                state = self.cookie.loads(line.removeprefix(f"{name}=").partition(";")[0])
                profile = profile_of(self.policy, state, self.visit.signals)
                self.visit = replace(self.visit, state=state, profile=profile)
        return self.visit.state


@pytest.fixture
def visit_of() -> Callable[..., Visit]:
    return _visit_of


@pytest.fixture
def browser(shop: Policy) -> Browser:
    return Browser(shop)


@pytest.fixture
def browser_of() -> Callable[[Policy], Browser]:
    return Browser


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)
