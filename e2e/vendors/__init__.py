"""Vendors' snippets as their documentation prints them, each with small fakes of what its scripts do next.

One text file describes one vendor, in sections that begin with a line ``== NAME``:

    service           the ids of the catalogue whose services the page uses
    head, body        what the vendor tells a site to paste; ``@demo FILE`` is a snippet of the demo
    app.js            the same, done at run time by a script of the site's own that puts addresses together
    app.js for the next page   one that, once it was refused, does not ask again before that
    script ADDRESS    what the script, document or style sheet at this host and path holds
    document ADDRESS
    style ADDRESS
    requests          host and path of all that is asked for once everything is granted, as often as it is
    without script    the same for a browser without JavaScript
    cookies           names of what is kept with the site's own address
    storage           the same of any kind of storage, one name a line
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

import cookiegate.demo
from harness import GIF, short

if TYPE_CHECKING:
    import playwright.sync_api
    from starlette.requests import Request

HERE = Path(__file__).parent
DEMO = Path(cookiegate.demo.__file__).parent / "templates" / "snippets"
KINDS = {"script": "text/javascript", "document": "text/html", "style": "text/css"}


@dataclass(frozen=True)
class Vendor:
    """One vendor's snippet. answers: media type and text, by host and path. late: ``app`` asks only once."""

    name: str
    services: tuple[str, ...]
    requests: tuple[str, ...]
    head: str = ""
    body: str = ""
    app: str = ""
    late: bool = False
    without_script: tuple[str, ...] = ()
    cookies: frozenset[str] = frozenset()
    storage: frozenset[str] = frozenset()
    answers: dict[str, tuple[str, str]] = field(default_factory=dict)

    def page(self) -> str:
        """The page of a site that pasted the snippet."""
        return page_of(self.name, self.head, self.body)

    def app_page(self) -> str:
        """The page of a site whose own script does what the snippet does."""
        return page_of(self.name, "", f'<div id="widget"></div>\n<script src="{self.app_address}"></script>')

    @property
    def app_address(self) -> str:
        """Where the site's own script is: an address that names no vendor."""
        return f"/app-{sorted(VENDORS).index(self.name)}.js"

    @property
    def sockets(self) -> bool:
        """Whether its scripts open sockets."""
        return any("new WebSocket(" in text for _, text in self.answers.values())

    def answer(self, route: playwright.sync_api.Route) -> None:
        """Answer in the vendor's place."""
        request = route.request
        headers = {
            "Access-Control-Allow-Origin": request.headers.get("origin", "*"),
            "Access-Control-Allow-Credentials": "true",
        }
        if known := self.answers.get(short(request.url)):
            kind, text = known
            route.fulfill(content_type=kind, body=text, headers=headers)
        elif request.resource_type == "image":
            route.fulfill(content_type="image/gif", body=GIF, headers=headers)
        elif request.resource_type == "document":
            route.fulfill(content_type="text/html", body="<!doctype html><title>A frame</title>")
        elif request.resource_type in ("script", "stylesheet"):
            kind = "text/css" if request.resource_type == "stylesheet" else "text/javascript"
            route.fulfill(content_type=kind, body="", headers=headers)
        else:
            route.fulfill(content_type="application/json", body="{}", headers=headers)


def page_of(title: str, head: str, body: str) -> str:
    """Put a page together."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        f"{head}\n</head>\n<body><main><h1>{title}</h1>\n{body}\n</main></body></html>\n"
    )


def read(file: Path) -> Vendor:
    """Read the description of one vendor. Raises ValueError for a section that has no meaning."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            lines = sections.setdefault(line[3:], [])
        elif line.startswith("@demo "):
            lines.append((DEMO / line[6:]).read_text(encoding="utf-8"))
        else:
            lines.append(line)
    texts = {name: "\n".join(each) for name, each in sections.items()}
    answers = {}
    for name in [name for name in texts if name.split(" ")[0] in KINDS]:
        kind, _, address = name.partition(" ")
        answers[address] = (KINDS[kind], texts.pop(name))
    words = {name: tuple(texts.pop(name, "").split()) for name in LISTS}
    late = texts.pop("app.js for the next page", "")
    vendor = Vendor(
        file.stem,
        words["service"],
        words["requests"],
        texts.pop("head", ""),
        texts.pop("body", ""),
        texts.pop("app.js", late),
        bool(late),
        words["without script"],
        frozenset(words["cookies"]),
        frozenset(texts.pop("storage", "").splitlines()),
        answers,
    )
    if texts:
        raise ValueError(f"{file.name}: no section is called {', '.join(texts)}")
    return vendor


LISTS = ("service", "requests", "without script", "cookies")
VENDORS = {file.stem: read(file) for file in sorted(HERE.glob("*.txt"))}


def create_app() -> Starlette:
    """Build a page for every vendor, and one whose own script does the same, with no gate before them."""

    def show(request: Request) -> HTMLResponse:
        return HTMLResponse(VENDORS[request.path_params["name"]].page())

    def show_app(request: Request) -> HTMLResponse:
        return HTMLResponse(VENDORS[request.path_params["name"]].app_page())

    def script(request: Request) -> PlainTextResponse:
        vendor = next(each for each in VENDORS.values() if each.app_address == request.url.path)
        return PlainTextResponse(vendor.app, media_type="text/javascript")

    return Starlette(
        routes=[
            Route("/robots.txt", lambda request: PlainTextResponse("")),
            Route("/vendor/{name}", show),
            Route("/app/{name}", show_app),
            Route("/app-{number}.js", script),
        ]
    )
