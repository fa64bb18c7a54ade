"""Conditional requests against real files, which have validators, 304 and 206 of their own.

First the rules, one row each; then a browser with a cache, that does whatever a visitor may do.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from starlette.applications import Starlette
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from pathlib import Path

    from asgi.conftest import Seen, Site

pytestmark = pytest.mark.anyio

TRACKER = '<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
PAGE = f"<!doctype html><html><body><h1>%s</h1>{TRACKER}</body></html>"
DATE = b"Tue, 01 Jan 2030 00:00:00 GMT"

NAVIGATES = [(b"sec-fetch-dest", b"document"), (b"accept", b"text/html,*/*;q=0.8")]
NAMES_HTML = [(b"accept", b"text/html")]
SCRIPT_WANTS_HTML = [(b"sec-fetch-dest", b"empty"), (b"accept", b"text/html, */*")]
SCRIPT = [(b"sec-fetch-dest", b"empty"), (b"accept", b"*/*")]
SAYS_NOTHING: list[tuple[bytes, bytes]] = []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "page.html", PAGE % "Shop")
    write(tmp_path / "data.json", '{"a": 1}')
    return tmp_path


def write(file: Path, text: str, age: int = 0) -> None:
    """Write a file so that its validators change even within a second."""
    file.write_text(text)
    os.utime(file, (1_700_000_000 + age, 1_700_000_000 + age))


def files(folder: Path) -> Starlette:
    async def put(request: Any) -> Response:
        """Optimistic locking, as RFC 9110 has it: a strong comparison with the tag of the file."""
        file = folder / "page.html"
        current = FileResponse(file, stat_result=file.stat()).headers["etag"]
        wanted = request.headers.get("if-match"), request.headers.get("if-none-match")
        if wanted[0] not in (None, current) or wanted[1] in ("*", current):
            return PlainTextResponse("somebody else was faster", 412)
        write(file, (await request.body()).decode(), age=60)
        return Response(status_code=204)

    async def attachment(request: Any) -> Response:
        return FileResponse(folder / "page.html", filename="page.html")

    async def events(request: Any) -> Response:
        return Response(
            "data: <script src=https://www.googletagmanager.com/gtag/js>\n\n", media_type="text/event-stream"
        )

    return Starlette(
        routes=[
            Route("/page.html", put, methods=["PUT"]),
            Route("/attachment", attachment),
            Route("/events", events),
            Mount("/", StaticFiles(directory=folder)),
        ]
    )


# Since this version of ASGI a server raises where nobody listens any more, and applications need not ask.
ASGI = {"version": "3.0", "spec_version": "2.4"}


async def ask(site: Site, app: Any, path: str = "/page.html", *headers: Any, **more: Any) -> Seen:
    return await site.run(
        app, path=path, headers=[pair for group in headers for pair in group], asgi=ASGI, **more
    )


async def tag_of(site: Site, app: Any, *headers: Any) -> bytes:
    seen = await ask(site, app, "/page.html", NAVIGATES, *headers)
    assert seen.get("last-modified") is None
    return seen.get("etag").encode()


def own_tag(folder: Path, name: str = "page.html") -> bytes:
    file = folder / name
    return FileResponse(file, stat_result=file.stat()).headers["etag"].encode()


def is_held(seen: Seen) -> bool:
    assert seen.body.count(b"gtag/js") == 1
    return b"data-cg-src=" in seen.body


# --- the rules: who asks for a page, what they hold already, and what they get

MINE, OTHERS, BEFORE = "their own variant", "a variant of another answer", "the file from before the gate"
RULES = [
    # who asks             what they say they hold          status
    (NAVIGATES, (b"if-none-match", MINE), 304),
    (NAVIGATES, (b"if-none-match", OTHERS), 200),
    (NAVIGATES, (b"if-none-match", BEFORE), 200),
    (NAVIGATES, (b"if-none-match", b"*"), 200),
    (NAVIGATES, (b"if-modified-since", DATE), 200),
    (NAVIGATES, (b"range", b"bytes=0-9"), 200),
    (NAMES_HTML, (b"if-none-match", MINE), 304),
    (NAMES_HTML, (b"if-none-match", OTHERS), 200),
    (NAMES_HTML, (b"if-none-match", BEFORE), 200),
    (NAMES_HTML, (b"if-modified-since", DATE), 200),
    (NAMES_HTML, (b"range", b"bytes=0-9"), 200),
    (SCRIPT_WANTS_HTML, (b"if-none-match", MINE), 304),
    (SCRIPT_WANTS_HTML, (b"if-none-match", OTHERS), 200),
    (SCRIPT_WANTS_HTML, (b"if-none-match", BEFORE), 200),
    (SCRIPT_WANTS_HTML, (b"if-modified-since", DATE), 200),
    (SCRIPT_WANTS_HTML, (b"range", b"bytes=0-9"), 200),
    (SCRIPT, (b"if-none-match", MINE), 304),
    (SCRIPT, (b"if-none-match", OTHERS), 200),
    (SAYS_NOTHING, (b"if-none-match", MINE), 304),
    (SAYS_NOTHING, (b"if-none-match", OTHERS), 200),
    # Who does not say that they want a page may have asked for data, where all this is as ever.
    (SCRIPT, (b"if-none-match", BEFORE), 304),
    (SAYS_NOTHING, (b"if-modified-since", DATE), 304),
    (SCRIPT, (b"range", b"bytes=0-9"), 502),  # a piece of a page that nobody can read
    (SAYS_NOTHING, (b"range", b"bytes=0-9"), 206),
]


@pytest.mark.parametrize(("who", "holds", "status"), RULES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_who_gets_a_page_and_who_a_confirmation(site, folder, who, holds, status, method):
    app = files(folder)
    mine = await tag_of(site, app)
    held = {MINE: mine, OTHERS: await tag_of(site, app, [site.answered("accept")]), BEFORE: own_tag(folder)}
    seen = await ask(site, app, "/page.html", who, [(holds[0], held.get(holds[1], holds[1]))], method=method)
    if method == "HEAD" and holds[0] == b"range" and status == 200:
        assert seen.get("content-range") is None
    assert seen.status == status
    if status == 200:
        assert seen.get("etag") == mine.decode()
        assert method == "HEAD" or is_held(seen)
    elif status == 304 and holds[1] == MINE:
        assert seen.get("etag") == mine.decode()
        assert seen.get("cache-control") == "private"
        assert "Cookie" in seen.get("vary")
    elif status == 206:
        assert "default-src 'self'" in seen.get("content-security-policy")
        assert seen.get("etag") is None
        assert seen.get("last-modified") is None
    assert status in (200, 206, 502) or seen.body == b""


OTHER_ANSWERS = [
    ("/data.json", SCRIPT, (b"if-none-match", "data.json"), 304),
    ("/data.json", SCRIPT, (b"if-modified-since", DATE), 304),
    ("/data.json", SCRIPT, (b"range", b"bytes=0-3"), 206),
    ("/data.json", SCRIPT, (b"range", b"bytes=90-"), 416),
    ("/attachment", SCRIPT, (b"range", b"bytes=0-3"), 206),
    ("/attachment", SAYS_NOTHING, (b"x-nothing", b""), 200),
    ("/events", SCRIPT, (b"x-nothing", b""), 200),
    ("/nothing", NAVIGATES, (b"if-none-match", b"*"), 404),
]


@pytest.mark.parametrize(("path", "who", "holds", "status"), OTHER_ANSWERS)
async def test_what_is_no_page_is_as_without_the_gate(site, folder, path, who, holds, status):
    app = files(folder)
    value = own_tag(folder, holds[1]) if isinstance(holds[1], str) else holds[1]
    seen = await ask(site, app, path, who, [(holds[0], value)])
    bare: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        bare.append(message)

    await app({**seen.scope, "headers": [(b"host", b"shop.example"), *who, (holds[0], value)]}, receive, send)
    assert seen.status == status
    assert seen.messages == bare


async def test_a_changed_page_is_not_confirmed(site, folder):
    app = files(folder)
    tag = await tag_of(site, app)
    write(folder / "page.html", PAGE % "Sale", age=60)
    seen = await ask(site, app, "/page.html", NAVIGATES, [(b"if-none-match", tag)])
    assert seen.status == 200
    assert b"<h1>Sale" in seen.body


async def test_what_went_out_unread_is_not_confirmed_after_a_withdrawal(site):
    tag = b'"v1"'

    async def unreadable(scope, receive, send):
        known = (b"if-none-match", tag) in scope["headers"]
        headers = [(b"content-type", b"text/html"), (b"content-encoding", b"dcb"), (b"etag", tag)]
        headers.append((b"last-modified", DATE))
        await send({"type": "http.response.start", "status": 304 if known else 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if known else gzip.compress(b"<p>")})

    before = await ask(site, unreadable, "/", NAVIGATES, [site.answered("accept")])
    assert before.get("content-security-policy") is None
    assert before.get("etag") is None
    assert before.get("last-modified") is None


# --- writers: the tag that a page was given out with is good for changing it

WRITERS = [
    ("if-match", "as it was given out", 204),
    ("if-match", "of another visitor", 204),
    ("if-match", "the application's own", 204),
    ("if-match", "of an older page", 412),
    ("if-match", b'W/"unknown"', 412),
    ("if-none-match", b"*", 412),
    ("if-none-match", "as it was given out", 412),
    ("if-none-match", "of an older page", 204),
]


@pytest.mark.parametrize(("name", "knows", "status"), WRITERS)
async def test_two_writers_do_not_overwrite_each_other(site, folder, name, knows, status):
    app = files(folder)
    tags = {"as it was given out": await tag_of(site, app), "the application's own": own_tag(folder)}
    tags["of another visitor"] = await tag_of(site, app, [site.answered("accept")])
    write(folder / "page.html", PAGE % "Old", age=-60)
    tags["of an older page"] = await tag_of(site, app)
    write(folder / "page.html", PAGE % "Shop")
    condition = (name.encode(), tags.get(knows, knows))
    seen = await ask(site, app, "/page.html", NAMES_HTML, [condition], method="PUT")
    assert seen.status == status


# --- a browser with a cache (RFC 9111): whatever it is shown is what this visitor would be shown afresh


@dataclass
class Stored:
    """A response, and what was asked for it."""

    seen: Seen
    asked: dict[bytes, bytes]
    headers: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.headers = dict(self.seen.headers)

    def fits(self, asked: dict[bytes, bytes]) -> bool:
        names = self.headers.get(b"vary", b"").lower().split(b",")
        return all(self.asked.get(name.strip()) == asked.get(name.strip()) for name in names)


class Visitor(RuleBasedStateMachine):
    """Goes back and forth between answers, pages and ways of asking; the site changes under their feet."""

    site: Any
    folder: Any

    @initialize()
    def begin(self) -> None:
        self.app = files(self.folder)
        self.age = 0
        self.edits()
        self.answer: list[Any] = []
        self.language: list[Any] = []
        self.signal: list[Any] = []
        self.stored: list[Stored] = []

    @rule()
    def edits(self) -> None:
        self.age += 60
        write(self.folder / "page.html", PAGE % f"Shop {self.age}", self.age)

    @rule(answer=st.sampled_from(["accept", "reject", None]))
    def answers(self, answer: str | None) -> None:
        self.answer = [self.site.answered(answer)] if answer else []

    @rule(value=st.sampled_from([b"en", b"de"]))
    def changes_language(self, value: bytes) -> None:
        self.language = [(b"accept-language", value)]

    @rule(on=st.booleans())
    def sends_a_signal(self, on: bool) -> None:
        self.signal = [(b"sec-gpc", b"1")] if on else []

    @rule(
        who=st.sampled_from([NAVIGATES, SCRIPT_WANTS_HTML, SCRIPT, SAYS_NOTHING, NAMES_HTML]),
        fitting=st.booleans(),
    )
    def looks(self, who: list[Any], fitting: bool) -> None:
        """fitting: the cache heeds Vary, as all should; others are only kept right by the tags."""
        request = [*who, *self.answer, *self.language, *self.signal]
        asked = dict(request)
        known = [one for one in self.stored if not fitting or one.fits(asked)]
        tags = [one.headers[b"etag"] for one in known]
        condition = [(b"if-none-match", b", ".join(tags))] if tags else []
        seen = anyio.run(partial(ask, self.site, self.app, "/page.html", request, condition))
        fresh = anyio.run(partial(ask, self.site, self.app, "/page.html", request))
        if seen.status == 304:
            (chosen,) = {
                one.seen.body: one for one in known if one.headers[b"etag"] == dict(seen.headers)[b"etag"]
            }.values()
            shown = chosen.seen.body
        else:
            shown = seen.body
            self.stored.append(Stored(seen, asked))
        assert shown == fresh.body
        assert b"last-modified" not in dict(seen.headers)


def test_a_visitor_is_never_shown_a_variant_that_is_not_theirs(site, tmp_path):
    Visitor.site, Visitor.folder = site, tmp_path
    run_state_machine_as_test(
        Visitor, settings=settings(max_examples=25, stateful_step_count=20, deadline=None)
    )
