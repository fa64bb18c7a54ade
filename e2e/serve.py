"""Serve an application of the browser tests on a free port, and print that port as one line of JSON.

Usage: ``python serve.py APP [--trust ADDRESS] [--cache MODE]``, where APP is one of APPS. It ends with
SIGTERM, or when whoever started it is gone.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Mount, Route

import charset_pages
import guard_pages
import vendors
import wall_pages
from cookiegate import CookieGate, Policy
from cookiegate.demo.app import Shop, create_app, demo_policy
from cookiegate.demo.panel import Sightings
from cookiegate.policy.model import Guard
from sinks import OTHERS, page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

KEY = "a key that is only used in browser tests"

ORDER = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Order</title>
<script>window.ran = [];</script>
<script src="https://www.googletagmanager.com/gtag/js?id=G-XXXXXXXXXX"></script>
<script>ran.push("inline gtag"); window.dataLayer = window.dataLayer || [];
function gtag(){dataLayer.push(arguments);} gtag('js', new Date()); gtag('config', 'G-XXXXXXXXXX');</script>
<script src="https://connect.facebook.net/en_US/fbevents.js"></script>
<script>ran.push("inline fbq"); window.fbq = window.fbq || function(){};
fbq('init', '000000000000000');</script>
</head><body><h1>Order</h1>
<iframe src="https://www.youtube.com/embed/XXXXXXXXXXX" title="Film" width="200" height="100"></iframe>
<script src="https://static.hotjar.com/c/hotjar-0.js?sv=6"></script>
<script>ran.push("inline hj"); window.hj = window.hj || function(){}; hj('event', 'seen');</script>
</body></html>
"""


def order_app() -> CookieGate:
    """Build a page whose scripts depend on one another, so that their order is seen."""
    app = Starlette(
        routes=[
            Route("/", lambda request: HTMLResponse(ORDER)),
            Route("/robots.txt", lambda request: PlainTextResponse("")),
        ]
    )
    return CookieGate(app, secret_keys=[KEY])


# What a cache may keep for everyone, in a language that the browsers of the tests do not ask for.
CACHED = ORDER.replace('lang="en"', 'lang="de"').replace(
    "</body>", '<img src="https://www.facebook.com/tr?id=0" alt="" width="1" height="1"></body>'
)
AROUND = '<!doctype html><html lang="de"><title>Around</title><body><iframe src="/"></iframe></body></html>'
LISTENING = """<!doctype html><html lang="en"><title>Listening</title><body>
<script defer src="/listen.js"></script></body></html>"""
LISTEN = """document.addEventListener("cookiegate:change", event => {
  (window.told = window.told || []).push(event.detail);
});"""
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; "
    "require-trusted-types-for 'script'"
)


def cached_app(mode: str) -> CookieGate:
    """Build pages that caches may keep for ten minutes."""
    public = {"Cache-Control": "public, s-maxage=600"}

    def page(text: str, **headers: str) -> Callable[[Request], HTMLResponse]:
        return lambda request: HTMLResponse(text, headers=public | headers)

    routes = [
        Route("/", page(CACHED)),
        Route("/around", page(AROUND)),
        Route("/listening", page(LISTENING)),
        Route("/strict", page(LISTENING, **{"Content-Security-Policy": STRICT})),
        Route("/listen.js", lambda request: PlainTextResponse(LISTEN, media_type="text/javascript")),
        Route("/robots.txt", lambda request: PlainTextResponse("")),
    ]
    return CookieGate(Starlette(routes=routes), policy=Policy.from_dict({"cache": mode}), secret_keys=[KEY])


def open_sinks_app() -> Starlette:
    """Build a page for every sink, with no gate before them."""

    def show(request: Request) -> HTMLResponse:
        return HTMLResponse(page_of(request.path_params["name"]))

    def other(request: Request) -> HTMLResponse:
        return HTMLResponse(OTHERS[request.path_params["name"]])

    robots = Route("/robots.txt", lambda request: PlainTextResponse(""))
    own = Route("/own.js", lambda request: PlainTextResponse("ran++", media_type="text/javascript"))
    return Starlette(routes=[robots, own, Route("/sink/{name}", show), Route("/{name}", other)])


def demo_app(trusted: list[str]) -> CookieGate:
    """Build the demo shop, with these addresses as trusted proxies."""
    policy = demo_policy()
    policy = replace(policy, site=replace(policy.site, trusted_proxies=tuple(trusted)))
    return create_app(secret_keys=[KEY], policy=policy)


def bare_app() -> Starlette:
    """Build the shop with no gate before it, and an empty panel: the panel shows what a gate found."""
    policy = demo_policy()
    shop = Shop(policy, Sightings(policy)).app
    return Starlette(routes=[Route("/_panel", lambda request: HTMLResponse("")), Mount("/", shop)])


def end_with_parent() -> None:
    """Leave when standard input closes: a killed test run leaves no server behind."""
    sys.stdin.read()
    os._exit(0)


APPS: dict[str, Callable[[argparse.Namespace], ASGIApp]] = {
    "demo": lambda arguments: demo_app(arguments.trust),
    "bare": lambda _: bare_app(),
    "order": lambda _: order_app(),
    "sinks": lambda _: CookieGate(open_sinks_app(), secret_keys=[KEY]),
    "open-sinks": lambda _: open_sinks_app(),
    "cached": lambda arguments: cached_app(arguments.cache),
    "charsets": lambda _: charset_pages.create_app(KEY),
    "wall": lambda _: wall_pages.create_app(KEY),
    "strict-wall": lambda _: wall_pages.create_app(KEY, strict=True),
    "reporting-wall": lambda _: wall_pages.reporting_app(KEY),
    "open-wall": lambda _: wall_pages.site(),
    "guard": lambda _: CookieGate(guard_pages.create_app(), policy=guard_pages.POLICY, secret_keys=[KEY]),
    "guard-alone": lambda _: CookieGate(guard_pages.create_app(), secret_keys=[KEY]),
    "guard-off": lambda _: CookieGate(
        guard_pages.create_app(), policy=Policy(guard=Guard.OFF), secret_keys=[KEY]
    ),
    "open-guard": lambda _: guard_pages.create_app(),
    "vendors": lambda _: CookieGate(vendors.create_app(), secret_keys=[KEY]),
    "csp-vendors": lambda _: CookieGate(
        vendors.create_app(),
        secret_keys=[KEY],
        policy=Policy.from_dict({"csp": "enforce", "unknown": "hold", "guard": "off"}),
    ),
    "open-vendors": lambda _: vendors.create_app(),
}


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("app", choices=APPS)
    parser.add_argument("--trust", action="append", default=[])
    parser.add_argument("--cache", default="private")
    arguments = parser.parse_args()
    app = APPS[arguments.app](arguments)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    threading.Thread(target=end_with_parent, daemon=True).start()
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    # uvicorn would believe X-Forwarded-Proto from this address; whom to believe is the gate's to decide.
    config = uvicorn.Config(app, log_level="warning", proxy_headers=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
