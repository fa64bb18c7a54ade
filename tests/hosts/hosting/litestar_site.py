"""The site in Litestar, with its own protection against forged posts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from litestar import Litestar, MediaType, Request, Response, WebSocket, get, head, post, websocket
from litestar.config.compression import CompressionConfig
from litestar.config.csrf import CSRFConfig
from litestar.exceptions import HTTPException
from litestar.middleware.session.server_side import ServerSideSessionConfig
from litestar.params import Body
from litestar.response import File, Redirect, Stream
from litestar.static_files import create_static_files_router

from cookiegate import consent_of
from hosting import content
from hosting.content import SIGNALS

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = {"stream": content.pieces, "sse": content.events, "endless": content.endless}
Fields = Annotated[dict[str, str], Body(media_type="application/x-www-form-urlencoded")]


def html(body: bytes, status: int = 200, **headers: str) -> Response[bytes]:
    return Response(body, status_code=status, media_type=MediaType.HTML, headers=headers)


@get("/")
async def home() -> Response[bytes]:
    return html(content.TRACKED)


@head("/")
async def head_of_home() -> None:
    return None


@get("/innocent", sync_to_thread=True)
def innocent() -> Response[bytes]:
    return html(content.INNOCENT)


@get("/large")
async def large() -> Response[bytes]:
    return html(content.LARGE)


@get("/json")
async def data() -> dict[str, Any]:
    return content.DATA


@get("/stream/{kind:str}/{name:str}")
async def stream(kind: str, name: str) -> Stream:
    return Stream(STREAMS[kind](name), media_type="text/event-stream" if kind == "sse" else "text/html")


@get("/go/{name:str}", media_type=MediaType.TEXT)
async def go(name: str) -> str:
    SIGNALS.set(f"go {name}")
    return "gone"


@get("/closed/{name:str}", media_type=MediaType.TEXT)
async def closed(name: str) -> str:
    return await SIGNALS.wait(f"closed {name}")


@get("/cookies")
async def cookies(request: Request[Any, Any, Any]) -> Response[bytes]:
    response = html(content.INNOCENT)
    for line in (content.TRACKER_COOKIE, content.OWN_COOKIE):
        name, _, rest = line.partition("=")
        value, _, attributes = rest.partition("; ")
        ages = [item.partition("=")[2] for item in attributes.split("; ") if item.startswith("Max-Age=")]
        response.set_cookie(name, value, max_age=int(ages[0]) if ages else None)
    return response


@post("/login")
async def login(data: Fields, request: Request[Any, Any, Any]) -> Response[Any]:
    if data.get("password") != content.PASSWORD:
        return html(content.page("Wrong password"), 403)
    request.session["user"] = data["user"]
    return Redirect("/me", status_code=303)


@get("/me", media_type=MediaType.TEXT)
async def me(request: Request[Any, Any, Any]) -> str:
    return str(request.session.get("user", "nobody"))


@get("/consent")
async def consent(request: Request[Any, Any, Any]) -> dict[str, bool]:
    view = consent_of(request)
    return {"analytics": view.allows("analytics"), "answered": view.state is not None}


@get("/grant")
async def grant(request: Request[Any, Any, Any]) -> Response[bytes]:
    await consent_of(request).grant("analytics")
    return html(content.TRACKED)


@get("/etag")
async def tagged(request: Request[Any, Any, Any]) -> Response[Any]:
    if request.headers.get("If-None-Match") == content.ETAG:
        return Response(None, status_code=304, headers={"ETag": content.ETAG})
    return html(content.TRACKED, ETag=content.ETAG)


@get("/redirect", status_code=302)
async def moved() -> Redirect:
    return Redirect("/innocent")


@get("/error")
async def broken() -> None:
    raise RuntimeError("on purpose")


@websocket("/echo")
async def echo(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


def show_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return html(content.MISSING if status == 404 else content.BROKEN, status)


def create_app(folder: Path) -> Litestar:
    """Build the site; folder: with the files it serves."""

    @get("/file")
    async def file() -> File:
        return File(folder / "page.html", media_type="text/html", content_disposition_type="inline")

    @get("/download")
    async def download() -> File:
        return File(folder / "page.html", filename="page.html", media_type="text/html")

    pages = [home, head_of_home, innocent, large, data, stream, go, closed, tagged, moved, broken, echo]
    return Litestar(
        route_handlers=[
            *pages,
            cookies,
            login,
            me,
            consent,
            grant,
            file,
            download,
            create_static_files_router("/static", [folder]),
        ],
        middleware=[ServerSideSessionConfig().middleware],
        csrf_config=CSRFConfig(secret=content.KEY),
        compression_config=CompressionConfig(backend="gzip"),
        exception_handlers={Exception: show_error},
        openapi_config=None,
    )
