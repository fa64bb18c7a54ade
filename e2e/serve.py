"""Serve an application of the browser tests on a free port, and print that port as one line of JSON.

Usage: ``python serve.py demo|bare|order|sinks|open-sinks|charsets [--trust ADDRESS]``, or one of the
vendors' applications. It ends with SIGTERM, or when whoever started it is gone.
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
import vendors
from cookiegate import CookieGate, Policy
from cookiegate.demo.app import Shop, create_app, demo_policy
from cookiegate.demo.panel import Sightings
from sinks import OTHERS, page_of

if TYPE_CHECKING:
    from starlette.requests import Request

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


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser()
    apps = ["demo", "bare", "order", "sinks", "open-sinks", "charsets"]
    apps += ["vendors", "open-vendors", "csp-vendors"]
    parser.add_argument("app", choices=apps)
    parser.add_argument("--trust", action="append", default=[])
    arguments = parser.parse_args()
    makers = {
        "demo": lambda: demo_app(arguments.trust),
        "bare": bare_app,
        "order": order_app,
        "sinks": lambda: CookieGate(open_sinks_app(), secret_keys=[KEY]),
        "open-sinks": open_sinks_app,
        "charsets": lambda: charset_pages.create_app(KEY),
        "vendors": lambda: CookieGate(vendors.create_app(), secret_keys=[KEY]),
        "open-vendors": vendors.create_app,
        "csp-vendors": lambda: CookieGate(
            vendors.create_app(),
            secret_keys=[KEY],
            policy=Policy.from_dict({"csp": "enforce", "unknown": "hold", "guard": "off"}),
        ),
    }
    app = makers[arguments.app]()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    threading.Thread(target=end_with_parent, daemon=True).start()
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    # uvicorn would believe X-Forwarded-Proto from this address; whom to believe is the gate's to decide.
    config = uvicorn.Config(app, log_level="warning", proxy_headers=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
