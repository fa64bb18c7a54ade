"""The site in Quart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Quart, Response, jsonify, redirect, request, send_file, session, websocket

from cookiegate import consent_of
from hosting import content
from hosting.content import SIGNALS

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = {"stream": content.pieces, "sse": content.events, "endless": content.endless}


def create_app(folder: Path) -> Quart:
    """Build the site; folder: with the files it serves."""
    app = Quart(__name__, static_folder=str(folder), static_url_path="/static")
    app.secret_key = content.KEY
    add_pages(app)
    add_visitor(app)
    add_files(app, folder)
    return app


def html(body: bytes, status: int = 200) -> Response:
    return Response(body, status, mimetype="text/html")


def add_pages(app: Quart) -> None:
    """Add what is only shown."""

    @app.get("/")
    async def home() -> Response:
        return html(content.TRACKED)

    @app.get("/innocent")
    async def innocent() -> Response:
        return html(content.INNOCENT)

    @app.get("/large")
    async def large() -> Response:
        return html(content.LARGE)

    @app.get("/json")
    async def data() -> Response:
        return jsonify(content.DATA)

    @app.get("/stream/<kind>/<name>")
    async def stream(kind: str, name: str) -> Response:
        response = Response(
            STREAMS[kind](name), mimetype="text/event-stream" if kind == "sse" else "text/html"
        )
        response.timeout = None
        return response

    @app.get("/go/<name>")
    async def go(name: str) -> Response:
        SIGNALS.set(f"go {name}")
        return Response("gone", mimetype="text/plain")

    @app.get("/closed/<name>")
    async def closed(name: str) -> Response:
        return Response(await SIGNALS.wait(f"closed {name}"), mimetype="text/plain")

    @app.get("/etag")
    async def tagged() -> Response:
        response = html(content.TRACKED)
        response.set_etag(content.ETAG.strip('"'))
        return await response.make_conditional(request)

    @app.get("/redirect")
    async def moved() -> Response:
        return redirect("/innocent")

    @app.get("/error")
    async def broken() -> Response:
        raise RuntimeError("on purpose")

    @app.errorhandler(404)
    async def show_missing(error: Exception) -> Response:
        return html(content.MISSING, 404)

    @app.errorhandler(500)
    async def show_broken(error: Exception) -> Response:
        return html(content.BROKEN, 500)

    @app.websocket("/echo")
    async def echo() -> None:
        await websocket.send(await websocket.receive())

    @app.after_request
    async def pack(response: Response) -> Response:
        """Do what the extensions for compression do."""
        if "gzip" in request.headers.get("Accept-Encoding", "") and request.path == "/innocent":
            response.set_data(content.packed(await response.get_data(as_text=False)))
            response.headers["Content-Encoding"] = "gzip"
        return response


def add_visitor(app: Quart) -> None:
    """Add what depends on who asks."""

    @app.get("/cookies")
    async def cookies() -> Response:
        response = html(content.INNOCENT)
        response.headers.add("Set-Cookie", content.TRACKER_COOKIE)
        response.headers.add("Set-Cookie", content.OWN_COOKIE)
        return response

    @app.post("/login")
    async def login() -> Response:
        form = await request.form
        if form.get("password") != content.PASSWORD:
            return html(content.page("Wrong password"), 403)
        session["user"] = form["user"]
        return redirect("/me", 303)

    @app.get("/me")
    async def me() -> Response:
        return Response(session.get("user", "nobody"), mimetype="text/plain")

    @app.get("/consent")
    async def consent() -> Response:
        view = consent_of(request)
        return jsonify({"analytics": view.allows("analytics"), "answered": view.state is not None})

    @app.get("/grant")
    async def grant() -> Response:
        await consent_of(request).grant("analytics")
        return html(content.TRACKED)


def add_files(app: Quart, folder: Path) -> None:
    """Add what comes from the disk."""

    @app.get("/file")
    async def file() -> Response:
        return await send_file(folder / "page.html")

    @app.get("/download")
    async def download() -> Response:
        return await send_file(folder / "page.html", as_attachment=True)
