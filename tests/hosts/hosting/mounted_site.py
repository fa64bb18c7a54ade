"""Sites that are made of several: the gate inside a mount, outside of mounts, and two gates in each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Mount, Route

from cookiegate import CookieGate, consent_of
from hosting import content

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def home(request: Request) -> Response:
    return HTMLResponse(content.TRACKED)


async def consent(request: Request) -> Response:
    return JSONResponse(consent_of(request).allows("analytics"))


def shop() -> Starlette:
    return Starlette(routes=[Route("/", home), Route("/page", home), Route("/consent", consent)])


def inside() -> Starlette:
    """A site of which only the shop has a gate."""
    gate = CookieGate(shop(), secret_keys=[content.KEY])
    return Starlette(routes=[Route("/", home), Mount("/shop", gate)])


def outside() -> CookieGate:
    """A gate before a site with a shop."""
    return CookieGate(Starlette(routes=[Route("/", home), Mount("/shop", shop())]), secret_keys=[content.KEY])


def nested() -> CookieGate:
    """A gate before a site whose shop has brought one of its own."""
    return CookieGate(inside(), secret_keys=[content.KEY])
