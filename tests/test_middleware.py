"""The door: how it is put up, what it hands on, and what it answers itself."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

import cookiegate
from cookiegate import CookieGate, Policy, consent_of, middleware
from cookiegate.exceptions import PolicyError, SecretKeyError
from cookiegate.gate.known import known_on

KEY = "a key that is long enough for the tests"
TRACKER = '<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
PAGE = f"<!doctype html><html><head></head><body><h1>Shop</h1>{TRACKER}</body></html>"
HELD = 'data-cg-src="https://www.googletagmanager.com'


async def page(request):
    return HTMLResponse(PAGE)


async def nothing(scope, receive, send):
    raise AssertionError("not to be called")


def client(app, **options):
    return TestClient(CookieGate(app, secret_keys=KEY, **options), base_url="http://shop.example")


# --- putting it up


def test_what_cannot_work_is_refused_at_once(monkeypatch, tmp_path):
    monkeypatch.delenv("COOKIEGATE_SECRET_KEYS", raising=False)
    with pytest.raises(SecretKeyError, match="cookiegate keygen"):
        CookieGate(nothing)
    with pytest.raises(SecretKeyError):
        CookieGate(nothing, secret_keys=["short"])
    with pytest.raises(PolicyError):
        CookieGate(nothing, secret_keys=KEY, policy=tmp_path / "missing.toml")
    with pytest.raises(TypeError, match="not dict"):
        CookieGate(nothing, secret_keys=KEY, policy={})

    async def report(_): ...

    for callback in (report, 3):
        with pytest.raises(TypeError, match="on_response must be a plain function that takes a Report"):
            CookieGate(nothing, secret_keys=KEY, on_response=callback)
        with pytest.raises(TypeError, match="on_violation must be a plain function that takes a Violation"):
            CookieGate(nothing, secret_keys=KEY, on_violation=callback)


def test_a_policy_is_an_object_or_a_file(tmp_path):
    file = tmp_path / "policy.toml"
    file.write_text('unknown = "hold"\n')
    assert CookieGate(nothing, secret_keys=KEY).policy == Policy()
    assert CookieGate(nothing, secret_keys=KEY, policy=file).policy.unknown == "hold"
    assert CookieGate(nothing, secret_keys=KEY, policy=str(file)).policy.unknown == "hold"
    policy = Policy()
    assert CookieGate(nothing, secret_keys=[KEY, KEY + "2"], policy=policy).policy is policy


def test_a_gate_is_warm_before_its_first_page():
    policy = Policy.from_dict(
        {"services": [{"name": "Warm", "vendor": "Warm", "purpose": "analytics", "hosts": ["warm.example"]}]}
    )
    found = known_on(policy, "https", "b.example").tags
    assert not found
    CookieGate(nothing, policy=policy, secret_keys=[KEY])
    assert found


def test_the_keys_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("COOKIEGATE_SECRET_KEYS", f"{KEY},{KEY}2")
    assert CookieGate(nothing).policy == Policy()


def test_an_installed_and_a_bare_checkout_both_work(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    for version in (missing, lambda name: "9.9"):
        monkeypatch.setattr(middleware, "version", version)
        answer = client(Starlette(routes=[Route("/", page)])).get("/")
        assert HELD in answer.text


def test_the_public_names():
    for name in cookiegate.__all__:
        assert getattr(cookiegate, name).__module__.startswith("cookiegate.")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cookiegate.nothing
    heavy = "('starlette', 'babel', 'jinja2')"
    code = f"import sys, cookiegate; print([m for m in sys.modules if m.startswith({heavy})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- in the frameworks


def test_starlette_and_fastapi_wrapped_and_as_middleware():
    wrapped = client(Starlette(routes=[Route("/", page)]))
    inside = Starlette(routes=[Route("/", page)])
    inside.add_middleware(CookieGate, secret_keys=[KEY])
    listed = Starlette(routes=[Route("/", page)], middleware=[Middleware(CookieGate, secret_keys=KEY)])
    fast = FastAPI()
    fast.get("/", response_class=HTMLResponse)(lambda: PAGE)
    fast.add_middleware(CookieGate, secret_keys=KEY)
    answers = [wrapped.get("/")]
    answers += [TestClient(app, base_url="http://shop.example").get("/") for app in (inside, listed, fast)]
    for answer in answers:
        assert answer.text == answers[0].text
        assert HELD in answer.text
        assert answer.headers["content-length"] == str(len(answer.content))


def test_a_visitor_accepts_refuses_and_withdraws():
    async def shop(request):
        response = HTMLResponse(PAGE)
        response.set_cookie("_ga", "1")
        response.set_cookie("basket", "2")
        response.headers["x-analytics"] = str(consent_of(request).allows("analytics"))
        return response

    browser = client(Starlette(routes=[Route("/", shop)]))
    own = {"Sec-Fetch-Site": "same-origin", "Referer": "http://shop.example/?a=1"}
    first = browser.get("/")
    assert (HELD in first.text, first.headers["x-analytics"]) == (True, "False")
    assert set(browser.cookies) == {"basket"}

    accepted = browser.post("/privacy-choices/", data={"action": "accept-all"}, headers=own)
    assert accepted.url.path == "/"
    assert (HELD in accepted.text, accepted.headers["x-analytics"]) == (False, "True")
    assert "_ga" in browser.cookies

    rejected = browser.post("/privacy-choices/", data={"action": "reject-all"}, headers=own)
    assert (HELD in rejected.text, rejected.headers["x-analytics"]) == (True, "False")
    assert set(browser.cookies) == {"basket", "cg"}


def test_our_pages_answer_under_the_prefix_and_nothing_else_does():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["path"])
        await PlainTextResponse("own")(scope, receive, send)

    browser = client(app)
    assert browser.get("/privacy-choices/").headers["content-type"].startswith("text/html")
    assert browser.get("/privacy-choices/state").json()["answered"] is False
    assert browser.get("/privacy-choices", follow_redirects=False).headers["location"] == "/privacy-choices/"
    assert browser.get("/privacy-choices/nothing").status_code == 404
    assert seen == []
    for path in ("/privacy-choices2", "/a/privacy-choices/", "/privacy", "/"):
        assert browser.get(path).text == "own"
    policy = Policy.from_dict({"consent": {"prefix": "/own/choices"}})
    moved = client(app, policy=policy)
    assert moved.get("/own/choices/state").json()["answered"] is False
    assert moved.get("/privacy-choices/state").text == "own"


def test_below_a_mounting_application():
    shop = Starlette(routes=[Route("/", page)])
    app = Starlette(routes=[Mount("/shop", app=CookieGate(shop, secret_keys=KEY)), Route("/", page)])
    browser = TestClient(app, base_url="http://shop.example")
    answer = browser.get("/shop/")
    assert HELD in answer.text
    assert 'action="/shop/privacy-choices/"' in answer.text
    assert browser.get("/shop/privacy-choices/state").json()["answered"] is False
    assert HELD not in browser.get("/").text
    assert browser.get("/privacy-choices/state").status_code == 404


@pytest.mark.parametrize("tenant", ["a b", "größe", "50%", "\\evil.example"])
def test_below_a_mount_that_the_visitor_names(tenant):
    gate = CookieGate(Starlette(routes=[Route("/", page)]), secret_keys=KEY)
    browser = TestClient(Starlette(routes=[Mount("/{tenant}", app=gate)]), base_url="http://shop.example")
    answer = browser.get(f"/{quote(tenant)}/")
    assert f'action="/{quote(tenant)}/privacy-choices/"' in answer.text
    assert browser.get(f"/{quote(tenant)}/privacy-choices/state").json()["answered"] is False
    assert browser.get(f"/{quote(tenant)}/privacy-choices", follow_redirects=False).headers["location"] == (
        f"/{quote(tenant)}/privacy-choices/"
    )


def test_above_a_mounted_application():
    inner = Starlette(routes=[Route("/", page), Route("/privacy-choices/", page)])
    browser = client(Starlette(routes=[Mount("/shop", app=inner)]))
    answer = browser.get("/shop/")
    assert HELD in answer.text
    assert 'action="/privacy-choices/"' in answer.text
    assert HELD in browser.get("/shop/privacy-choices/").text


def test_a_root_path_that_the_path_does_not_hold():
    gate = CookieGate(Starlette(routes=[Route("/", page)]), secret_keys=KEY)
    sent = run(gate, {"path": "/privacy-choices/state", "root_path": "/proxied"})
    assert sent[0]["status"] == 200
    assert b'"answered"' in sent[1]["body"]


def test_one_gate_in_another_leaves_it_to_the_outer_one():
    twice = CookieGate(CookieGate(Starlette(routes=[Route("/", page)]), secret_keys=KEY), secret_keys=KEY)
    once = client(Starlette(routes=[Route("/", page)]))
    assert TestClient(twice, base_url="http://shop.example").get("/").text == once.get("/").text


# --- what is handed on


def run(app, scope):
    sent = []

    async def send(message):
        sent.append(message)

    base = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"shop.example")]}
    asyncio.run(app({**base, **scope}, None, send))
    return sent


@pytest.mark.parametrize("kind", ["lifespan", "something.new"])
def test_other_connections_pass_untouched(kind):
    seen = []

    async def app(*connection):
        seen.append(connection)

    connection = ({"type": kind, "headers": []}, object(), object())
    asyncio.run(CookieGate(app, secret_keys=KEY)(*connection))
    assert all(a is b for a, b in zip(seen[0], connection, strict=True))


def test_lifespan_and_websockets_through_starlette():
    events = []

    async def lifespan(app):
        events.append("up")
        yield {"shared": 1}
        events.append("down")

    async def chat(socket):
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    async def shared(request):
        return JSONResponse(request.state.shared)

    app = Starlette(
        routes=[WebSocketRoute("/chat", chat), Route("/", shared)], lifespan=asynccontextmanager(lifespan)
    )
    with client(app) as browser:
        with browser.websocket_connect("/chat") as socket:
            assert socket.receive_text() == "hello"
        assert browser.get("/").json() == 1
    assert events == ["up", "down"]


def test_the_scope_of_the_server_is_not_changed():
    scope = {"path": "/", "headers": iter([(b"Accept-Encoding", b"dcb"), (b"host", b"shop.example")])}
    scope["extensions"] = {"http.response.pathsend": {}}
    before = dict(scope)
    seen = {}

    async def app(inner, receive, send):
        seen.update(inner)
        assert consent_of(inner).visit.origin.host == "shop.example"
        await PlainTextResponse("x")(inner, receive, send)

    run(CookieGate(app, secret_keys=KEY), scope)
    assert scope == before
    assert scope["extensions"] == {"http.response.pathsend": {}}
    assert seen["extensions"] == {}
    assert seen["headers"] == [(b"accept-encoding", b"identity"), (b"host", b"shop.example")]


def test_no_headers_at_all():
    async def app(scope, receive, send):
        await HTMLResponse(PAGE)({**scope, "headers": list(scope["headers"])}, receive, send)

    gate = CookieGate(app, secret_keys=KEY)
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(gate({"type": "http", "method": "GET", "path": "/"}, None, send))
    assert HELD.encode() in sent[1]["body"]


# --- with what applications really send


def test_files_compression_streams_and_redirects(tmp_path):
    file = tmp_path / "page.html"
    file.write_text(PAGE)

    async def pieces():
        for at in range(0, len(PAGE), 10):
            yield PAGE[at : at + 10]

    async def stream(request):
        return StreamingResponse(pieces(), media_type="text/html")

    async def from_file(request):
        return FileResponse(file)

    async def away(request):
        return RedirectResponse("/", 303)

    routes = [Route("/", page), Route("/stream", stream), Route("/file", from_file), Route("/away", away)]
    plain = client(Starlette(routes=routes))
    packed = client(Starlette(routes=routes, middleware=[Middleware(GZipMiddleware, minimum_size=1)]))
    expected = plain.get("/").text
    assert HELD in expected
    for browser in (plain, packed):
        for path in ("/", "/stream", "/file", "/away"):
            answer = browser.get(path)
            assert answer.text == expected
    assert packed.get("/").headers["content-encoding"] == "gzip"
    assert packed.get("/", headers={"accept-encoding": "br"}).headers.get("content-encoding") is None
    ranged = plain.get("/file", headers={"range": "bytes=0-9", "accept": "text/html"})
    assert (ranged.status_code, ranged.text) == (200, expected)


def test_a_page_is_confirmed_through_a_real_file_response(tmp_path):
    (tmp_path / "index.html").write_text(PAGE)
    browser = client(StaticFiles(directory=tmp_path, html=True))
    first = browser.get("/index.html", headers={"accept": "text/html"})
    assert HELD in first.text
    assert "last-modified" not in first.headers
    again = {"accept": "text/html", "if-none-match": first.headers["etag"]}
    same = browser.get("/index.html", headers=again)
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    own = {"Sec-Fetch-Site": "same-origin"}
    browser.post("/privacy-choices/", json={"action": "accept-all"}, headers=own)
    accepted = browser.get("/index.html", headers=again)
    assert accepted.status_code == 200
    assert HELD not in accepted.text
