"""The site in Starlette."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from cookiegate import consent_of
from hosting import content
from hosting.content import SIGNALS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send
    from starlette.websockets import WebSocket

STREAMS = {"stream": content.pieces, "sse": content.events, "endless": content.endless}


async def home(request: Request) -> Response:
    return HTMLResponse(content.TRACKED)


async def innocent(request: Request) -> Response:
    return HTMLResponse(content.INNOCENT)


async def large(request: Request) -> Response:
    return HTMLResponse(content.LARGE)


async def data(request: Request) -> Response:
    return JSONResponse(content.DATA)


async def stream(request: Request) -> Response:
    kind = request.path_params["kind"]
    media_type = "text/event-stream" if kind == "sse" else "text/html"
    return StreamingResponse(STREAMS[kind](request.path_params["name"]), media_type=media_type)


async def go(request: Request) -> Response:
    SIGNALS.set(f"go {request.path_params['name']}")
    return PlainTextResponse("gone")


async def closed(request: Request) -> Response:
    return PlainTextResponse(await SIGNALS.wait(f"closed {request.path_params['name']}"))


async def cookies(request: Request) -> Response:
    response = HTMLResponse(content.INNOCENT)
    response.headers.append("Set-Cookie", content.TRACKER_COOKIE)
    response.headers.append("Set-Cookie", content.OWN_COOKIE)
    return response


async def login(request: Request) -> Response:
    fields = dict(parse_qsl((await request.body()).decode()))
    if fields.get("password") != content.PASSWORD:
        return HTMLResponse(content.page("Wrong password"), 403)
    request.session["user"] = fields["user"]
    return RedirectResponse("/me", 303)


async def me(request: Request) -> Response:
    return PlainTextResponse(request.session.get("user", "nobody"))


def consent(request: Request) -> Response:  # in a thread
    view = consent_of(request)
    return JSONResponse({"analytics": view.allows("analytics"), "answered": view.state is not None})


async def grant(request: Request) -> Response:
    await consent_of(request).grant("analytics")
    return HTMLResponse(content.TRACKED)


async def tagged(request: Request) -> Response:
    headers = {"ETag": content.ETAG}
    if request.headers.get("If-None-Match") == content.ETAG:
        return Response(status_code=304, headers=headers)
    return HTMLResponse(content.TRACKED, headers=headers)


async def moved(request: Request) -> Response:
    return RedirectResponse("/innocent", 302)


async def broken(request: Request) -> Response:
    raise RuntimeError("on purpose")


async def show_missing(request: Request, error: Exception) -> Response:
    return HTMLResponse(content.MISSING, 404)


async def show_broken(request: Request, error: Exception) -> Response:
    return HTMLResponse(content.BROKEN, 500)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
    yield {"begun": "begun"}


async def begun(request: Request) -> Response:
    return PlainTextResponse(getattr(request.state, "begun", "not begun"))


async def remote(request: Request) -> Response:
    return JSONResponse({"scheme": request.url.scheme, "host": request.url.netloc, "path": request.url.path})


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


class Hints:
    """Sends early hints where the server knows them. No framework does, so this is plain ASGI."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "http.response.early_hint" in scope.get("extensions", {}):
            links = [
                b"</own.css>; rel=preload; as=style",
                b"<https://www.googletagmanager.com/gtag/js>; rel=preload; as=script",
            ]
            await send({"type": "http.response.early_hint", "links": links})
        await HTMLResponse(content.TRACKED)(scope, receive, send)


def create_app(folder: Path) -> Starlette:
    """Build the site; folder: with the files it serves."""

    async def file(request: Request) -> Response:
        return FileResponse(folder / "page.html")

    async def download(request: Request) -> Response:
        return FileResponse(folder / "page.html", filename="page.html")

    return Starlette(
        routes=[
            Route("/", home),
            Route("/innocent", innocent),
            Route("/large", large),
            Route("/json", data),
            Route("/stream/{kind}/{name}", stream),
            Route("/go/{name}", go),
            Route("/closed/{name}", closed),
            Route("/cookies", cookies),
            Route("/login", login, methods=["POST"]),
            Route("/me", me),
            Route("/consent", consent),
            Route("/grant", grant),
            Route("/etag", tagged),
            Route("/redirect", moved),
            Route("/error", broken),
            Route("/file", file),
            Route("/download", download),
            Route("/begun", begun),
            Route("/remote", remote),
            Route("/hints", Hints()),
            WebSocketRoute("/echo", echo),
            Mount("/static", StaticFiles(directory=folder)),
        ],
        middleware=[
            Middleware(GZipMiddleware),
            Middleware(SessionMiddleware, secret_key=content.KEY),
        ],
        lifespan=lifespan,
        exception_handlers={404: show_missing, 500: show_broken},
    )
