"""Linden & Salt: pages as a shop has them, the vendors' own snippets on them, and the gate in front."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import jinja2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from cookiegate import CookieGate, Policy
from cookiegate.demo.goods import AISLES, BY_SLUG, PRODUCTS, change_basket, euros, read_basket, write_basket
from cookiegate.demo.panel import Sightings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

HERE = Path(__file__).parent
DAY = 24 * 60 * 60
LARGEST_FORM = 4096
"""Bytes of a posted form the shop reads; its own forms stay far below."""


def demo_policy() -> Policy:
    """Read what the shop declares."""
    return Policy.load(HERE / "policy.toml")


def create_app(*, secret_keys: Sequence[str] | str | None = None, policy: Policy | None = None) -> CookieGate:
    """Build the shop behind the gate.

    secret_keys: as CookieGate takes them; without any, here or in COOKIEGATE_SECRET_KEYS, one is made up and
    visitors' choices end with the process. policy: the demo's own unless given.
    """
    policy = policy or demo_policy()
    if not secret_keys and not os.environ.get("COOKIEGATE_SECRET_KEYS"):
        secret_keys = [secrets.token_urlsafe(32)]
    sightings = Sightings(policy)
    return CookieGate(
        Shop(policy, sightings).app, policy=policy, secret_keys=secret_keys, on_response=sightings.note
    )


class Shop:
    """The shop's views. It knows nothing of the gate: a site that puts the gate in front need not either."""

    def __init__(self, policy: Policy, sightings: Sightings) -> None:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True
        )
        environment.globals |= {
            "aisles": AISLES,
            "products": PRODUCTS,
            "choices_url": f"{policy.consent.prefix}/",
            "euros": euros,
        }
        self.templates = Jinja2Templates(env=environment)
        self.app = Starlette(
            routes=[
                Route("/", self.home),
                Route("/journal/glaze-room", self.story),
                Route("/contact", self.contact),
                Route("/newsletter", self.join, methods=["POST"]),
                Route("/basket", self.basket),
                Route("/basket", self.change, methods=["POST"]),
                Route("/privacy-policy", self.privacy),
                Route("/robots.txt", self.robots),
                Route("/_panel", sightings.show),
                Mount("/assets", StaticFiles(directory=HERE / "static")),
                Route("/{aisle}", self.aisle),
                Route("/{aisle}/{slug}", self.product),
            ],
            exception_handlers={404: self.missing},
        )

    async def home(self, request: Request) -> Response:
        """Greet."""
        return self._page(request, "home.html")

    async def aisle(self, request: Request) -> Response:
        """Show an aisle as pictures or as a list; the visitor's pick is a preference cookie."""
        aisle = request.path_params["aisle"]
        if aisle not in AISLES:
            raise HTTPException(404)
        asked = request.query_params.get("view")
        view = asked or request.cookies.get("ls_view")
        seen = BY_SLUG.get(request.cookies.get("ls_seen", ""))
        response = self._page(request, "aisle.html", aisle=aisle, list_view=view == "list", seen=seen)
        if asked in {"list", "pictures"}:
            response.set_cookie("ls_view", asked, max_age=365 * DAY, samesite="lax")
        return response

    async def product(self, request: Request) -> Response:
        """Show one product, and remember that it was looked at."""
        product = BY_SLUG.get(request.path_params["slug"])
        if product is None or product.aisle != request.path_params["aisle"]:
            raise HTTPException(404)
        response = self._page(request, "product.html", product=product)
        response.set_cookie("ls_seen", product.slug, max_age=90 * DAY, samesite="lax")
        pixel = request.cookies.get("_fbp", "fb.1.1764000000000.000000000")
        response.set_cookie("_fbp", pixel, max_age=90 * DAY, samesite="lax")
        return response

    async def story(self, request: Request) -> Response:
        """Tell about the kiln."""
        return self._page(request, "story.html")

    async def contact(self, request: Request) -> Response:
        """Show address, delivery, returns and the newsletter form."""
        return self._page(request, "contact.html", joined="joined" in request.query_params)

    async def join(self, request: Request) -> Response:
        """Thank for a newsletter address. The demo keeps none."""
        await _form(request)
        return RedirectResponse("/contact?joined#newsletter", status_code=303)

    async def basket(self, request: Request) -> Response:
        """Show the basket."""
        return self._page(request, "basket.html")

    async def change(self, request: Request) -> Response:
        """Put a product in or take it out."""
        form = await _form(request)
        lines = read_basket(request.cookies.get("ls_basket", ""))
        lines = change_basket(lines, form.get("slug", ""), -9 if form.get("action") == "remove" else 1)
        response = RedirectResponse("/basket", status_code=303)
        response.set_cookie("ls_basket", write_basket(lines), max_age=7 * DAY, httponly=True, samesite="lax")
        return response

    async def privacy(self, request: Request) -> Response:
        """Say what the shop stores. The one page without a tracker."""
        return self._render(request, "privacy.html", {})

    async def robots(self, request: Request) -> Response:
        """Keep crawlers out of a demo."""
        return PlainTextResponse("User-agent: *\nDisallow: /\n")

    async def missing(self, request: Request, _: Exception) -> Response:
        """Say that there is no such page."""
        return self._render(request, "missing.html", {}, status_code=404)

    def _page(self, request: Request, template: str, **values: object) -> Response:
        """Render a page, and set the cookies that a shop sets from its server, or sets anew, on every page.

        ``_ga`` comes from the server where analytics is tagged server-side: no script is needed for it.
        """
        response = self._render(request, template, values)
        session = request.cookies.get("ls_session") or secrets.token_urlsafe(16)
        response.set_cookie("ls_session", session, httponly=True, samesite="lax")
        analytics = request.cookies.get("_ga", "GA1.1.000000000.1764000000")
        response.set_cookie("_ga", analytics, max_age=730 * DAY, samesite="lax")
        return response

    def _render(
        self, request: Request, template: str, values: dict[str, object], status_code: int = 200
    ) -> Response:
        lines = read_basket(request.cookies.get("ls_basket", ""))
        values |= {
            "lines": lines,
            "count": sum(line.count for line in lines),
            "total": euros(sum(line.cents for line in lines)),
            "path": request.url.path,
        }
        return self.templates.TemplateResponse(request, template, values, status_code=status_code)


async def _form(request: Request) -> dict[str, str]:
    """Read a small urlencoded form, the first value of each field; a larger one is refused with 413."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise HTTPException(413)
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
