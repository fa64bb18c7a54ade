"""One answer for all hosts of a domain, as a real browser keeps it."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from cookiegate import CookieGate, Policy
from harness import PREFIX, SITE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

KEY = "a key that is only used in browser tests"
CERTIFICATE = Path(__file__).parent / "localhost.pem"
PAGE = """<!doctype html><html lang="en"><title>Tea</title><h1>Tea</h1>
<script src="https://www.googletagmanager.com/gtag/js?id=G-XXXXXXXXXX"></script>"""


def app(domain: str) -> CookieGate:
    policy = Policy.from_dict({"consent": {"domain": domain}} if domain else {})
    return CookieGate(
        Starlette(routes=[Route("/", lambda request: HTMLResponse(PAGE))]), policy=policy, secret_keys=[KEY]
    )


@pytest.fixture
def serving() -> Iterator[Callable[..., int]]:
    """Give a starter of servers, with or without TLS; it gives their ports."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(domain: str, *, tls: bool) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        tls_options = {"ssl_certfile": str(CERTIFICATE)} if tls else {}
        config = uvicorn.Config(app(domain), log_level="critical", lifespan="off", **tls_options)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        servers.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        return int(listener.getsockname()[1])

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(10_000)
    yield context
    context.close()


def held(page: Page, url: str) -> bool:
    page.goto(url)
    return page.locator("script[data-cg-src]").count() == 1


def answer(page: Page, label: str) -> None:
    with page.expect_response(lambda response: response.request.method == "POST") as posted:
        page.get_by_role("button", name=label, exact=True).click()
    assert posted.value.status < 400
    page.wait_for_load_state("load")


@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
def test_one_answer_counts_on_all_hosts(
    serving: Callable[..., int], context: BrowserContext, tls: bool
) -> None:
    scheme, name = ("https", "__Secure-cg") if tls else ("http", "cg")
    port = serving(SITE, tls=tls)
    shop, blog = (f"{scheme}://{host}.{SITE}:{port}/" for host in ("shop", "blog"))
    page = context.new_page()
    assert held(page, shop)
    answer(page, "Accept all")
    [cookie] = context.cookies()
    assert (cookie["name"], cookie["domain"], cookie["secure"]) == (name, f".{SITE}", tls)
    assert cookie["httpOnly"]
    assert not held(page, blog)
    assert page.locator("#cg").count() == 0
    page.goto(blog.rstrip("/") + PREFIX)
    answer(page, "Withdraw all")
    assert held(page, shop)
    assert len(context.cookies()) == 1


def test_an_answer_from_before_moves_to_the_domain(
    serving: Callable[..., int], context: BrowserContext
) -> None:
    before, now = serving("", tls=True), serving(SITE, tls=True)  # cookies do not tell ports apart
    page = context.new_page()
    assert held(page, f"https://shop.{SITE}:{before}/")
    answer(page, "Accept all")
    assert [cookie["name"] for cookie in context.cookies()] == ["__Host-cg"]
    assert held(page, f"https://blog.{SITE}:{now}/")
    assert not held(page, f"https://shop.{SITE}:{now}/")
    assert [cookie["name"] for cookie in context.cookies()] == ["__Secure-cg"]
    assert not held(page, f"https://blog.{SITE}:{now}/")
