"""The site in FastAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware

from cookiegate import consent_of
from hosting import content
from hosting.content import SIGNALS

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = {"stream": content.pieces, "sse": content.events, "endless": content.endless}


def create_app(folder: Path) -> FastAPI:
    """Build the site; folder: with the files it serves."""
    app = FastAPI()
    app.add_middleware(SessionMiddleware, secret_key=content.KEY)
    app.add_middleware(GZipMiddleware)
    app.mount("/static", StaticFiles(directory=folder))
    add_pages(app)
    add_visitor(app)
    add_files(app, folder)
    return app


def add_pages(app: FastAPI) -> None:
    """Add what is only shown."""

    @app.get("/", response_class=HTMLResponse)
    @app.head("/", response_class=HTMLResponse)
    async def home() -> str:
        return content.TRACKED.decode()

    @app.get("/innocent", response_class=HTMLResponse)
    def innocent() -> str:
        return content.INNOCENT.decode()

    @app.get("/large", response_class=HTMLResponse)
    def large() -> str:
        return content.LARGE.decode()

    @app.get("/json")
    async def data() -> dict[str, object]:
        return content.DATA

    @app.get("/stream/{kind}/{name}")
    async def stream(kind: str, name: str) -> StreamingResponse:
        media_type = "text/event-stream" if kind == "sse" else "text/html"
        return StreamingResponse(STREAMS[kind](name), media_type=media_type)

    @app.get("/go/{name}", response_class=PlainTextResponse)
    async def go(name: str) -> str:
        SIGNALS.set(f"go {name}")
        return "gone"

    @app.get("/closed/{name}", response_class=PlainTextResponse)
    async def closed(name: str) -> str:
        return await SIGNALS.wait(f"closed {name}")

    @app.get("/etag")
    async def tagged(request: Request) -> Response:
        headers = {"ETag": content.ETAG}
        if request.headers.get("If-None-Match") == content.ETAG:
            return Response(status_code=304, headers=headers)
        return HTMLResponse(content.TRACKED, headers=headers)

    @app.get("/redirect")
    async def moved() -> RedirectResponse:
        return RedirectResponse("/innocent", 302)

    @app.get("/error")
    def broken() -> None:
        raise RuntimeError("on purpose")

    @app.exception_handler(404)
    async def show_missing(request: Request, error: Exception) -> HTMLResponse:
        return HTMLResponse(content.MISSING, 404)

    @app.exception_handler(500)
    async def show_broken(request: Request, error: Exception) -> HTMLResponse:
        return HTMLResponse(content.BROKEN, 500)

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()


def add_visitor(app: FastAPI) -> None:
    """Add what depends on who asks."""

    @app.get("/cookies", response_class=HTMLResponse)
    def cookies(response: Response) -> str:
        response.headers.append("Set-Cookie", content.TRACKER_COOKIE)
        response.headers.append("Set-Cookie", content.OWN_COOKIE)
        return content.INNOCENT.decode()

    @app.post("/login")
    async def login(request: Request) -> Response:
        fields = dict(parse_qsl((await request.body()).decode()))
        if fields.get("password") != content.PASSWORD:
            return HTMLResponse(content.page("Wrong password"), 403)
        request.session["user"] = fields["user"]
        return RedirectResponse("/me", 303)

    @app.get("/me", response_class=PlainTextResponse)
    async def me(request: Request) -> str:
        return str(request.session.get("user", "nobody"))

    @app.get("/consent")
    async def consent(request: Request) -> dict[str, bool]:
        view = consent_of(request)
        return {"analytics": view.allows("analytics"), "answered": view.state is not None}

    @app.get("/grant", response_class=HTMLResponse)
    def grant(request: Request) -> str:  # in a thread
        consent_of(request).grant_sync("analytics")
        return content.TRACKED.decode()


def add_files(app: FastAPI, folder: Path) -> None:
    """Add what comes from the disk."""

    @app.get("/file")
    async def file() -> FileResponse:
        return FileResponse(folder / "page.html")

    @app.get("/download")
    async def download() -> FileResponse:
        return FileResponse(folder / "page.html", filename="page.html")
