"""A site whose own style sheet and script reach for trackers at run time, where no reader of pages looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from cookiegate import CookieGate, Policy, Violation

if TYPE_CHECKING:
    from starlette.requests import Request

GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b")
NONCE = "c29tZXRoaW5nUmFuZG9t"
# What a strict site says: only its own scripts by nonce, and what they load.
STRICT = (
    f"default-src 'none'; script-src 'nonce-{NONCE}' 'strict-dynamic'; style-src 'self' https:; "
    "img-src * data: blob:; connect-src *; frame-src *; worker-src 'self' blob:; font-src *; media-src *; "
    "form-action *; base-uri 'none'"
)

POLICY = {
    "unknown": "hold",
    "csp": "enforce",
    "guard": "off",  # the policy alone
    "services": [
        {"use": "hotjar"},
        {"use": "meta-pixel"},
        {
            "name": "Pay",
            "vendor": "Pay Ltd",
            "purpose": "necessary",
            "hosts": ["pay.test"],
        },
    ],
}

CSS = """
@import "https://static.hotjar.com/import.css";
@import "https://nobody.test/import.css";
@import "https://css.pay.test/import.css";
@font-face { font-family: far; src: url(https://nobody.test/font.woff2); }
p { font-family: far; background: url(https://www.facebook.com/tr?css); }
h1 { background: url(https://script.hotjar.com/css.gif); }
h2 { background: url(/own.gif?css); }
h3 { background: url(/away?css); }
"""

# Each line is one way out. What does not come is no error of the page's.
SCRIPT = """
window.own = [];
const add = (name, fields) => document.body.appendChild(Object.assign(document.createElement(name), fields));
const quiet = promise => promise.catch(() => {});
for (const place of ["www.facebook.com/tr", "script.hotjar.com/x", "nobody.test/x", "pay.test/x"]) {
  const host = `https://${place}`;
  new Image().src = host + "?image";
  add("div", { innerHTML: `<img src="${host}?inner">` });
  add("div", {}).style.backgroundImage = `url(${host}?style)`;
  add("iframe", { src: host + "?frame" });
  add("embed", { src: host + "?embed" });
  add("video", { src: host + "?video" });
  add("link", { rel: "stylesheet", href: host + "?sheet" });
  add("script", { src: host + "?script" });
  add("link", { rel: "prefetch", href: host + "?prefetch" });
  add("link", { rel: "preload", as: "image", href: host + "?preload" });
  add("link", { rel: "modulepreload", href: host + "?modulepreload" });
  add("link", { rel: "icon", href: host + "?icon" });
  add("link", { rel: "manifest", href: host + "?manifest" });
  add("object", { data: host + "?object" });
  add("audio", { src: host + "?audio" });
  add("input", { type: "image", src: host + "?input" });
  add("div", { innerHTML: `<svg><image href="${host}?svg"/><use href="${host}?use#a"/></svg>` });
  add("style", { textContent: `@import "${host}?import"; i { background: url(${host}?rule) }` });
  add("script", {
    type: "speculationrules",
    textContent: JSON.stringify({ prefetch: [{ source: "list", urls: [host + "?speculation"] }] }),
  });
  quiet(import(host + "?module"));
  try { new SharedWorker(host + "?shared"); } catch (e) {}
  new WebSocket(host.replace("https", "wss") + "?socket").onerror = () => {};
  add("a", { href: "#", ping: host + "?ping" }).click();
  quiet(fetch(host + "?fetch", { mode: "no-cors" }));
  navigator.sendBeacon(host + "?beacon", "x");
  try { new EventSource(host + "?events"); } catch (e) {}
  const request = new XMLHttpRequest();
  request.open("GET", host + "?xhr");
  request.onerror = () => {};
  request.send();
  add("iframe", { name: host });
  const form = add("form", { action: host + "?form", method: "post", target: host });
  form.submit();
}
new Image().src = "/away?image";
quiet(fetch("/away?fetch", { mode: "no-cors" }));

// The site's own things.
const seen = name => own.push(name);
add("img", { src: "/own.gif?image", onload: () => seen("image") });
const svg = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>";
add("img", { src: svg, onload: () => seen("data") });
fetch("/own.gif?fetch").then(answer => answer.blob()).then(blob => {
  seen("fetch");
  add("img", { src: URL.createObjectURL(blob), onload: () => seen("blob") });
});
add("script", { src: "/more.js" });
add("iframe", { src: "/frame", onload: () => seen("frame") });
new Worker("/worker.js").onmessage = () => seen("worker");
new Worker(URL.createObjectURL(new Blob(["postMessage(1)"]))).onmessage = () => seen("blob worker");
"""

OWN = {"image", "data", "fetch", "blob", "script", "frame", "worker", "blob worker", "inline"}

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Wall</title>
<link rel="stylesheet" href="/site.css">
</head><body><h1>Wall</h1><h2>Own</h2><h3>Away</h3><p>Text</p>
<img src="/away?markup" alt="" width="20" height="20"><img src="/own.gif" alt="" width="20" height="20">
<script{nonce} src="/app.js"></script>
<script{nonce}>own.push("inline");</script>
</body></html>
"""


def site(*, strict: bool = False) -> Starlette:
    """Build the site, with no gate before it."""

    def page(request: Request) -> HTMLResponse:
        if strict:
            text = PAGE.format(nonce=f' nonce="{NONCE}"')
            return HTMLResponse(text, headers={"content-security-policy": STRICT})
        return HTMLResponse(PAGE.format(nonce=""))

    def script(text: str) -> Response:
        return PlainTextResponse(text, media_type="text/javascript")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/frame", lambda request: HTMLResponse("<!doctype html><title>Frame</title><p>Frame")),
            Route("/site.css", lambda request: PlainTextResponse(CSS, media_type="text/css")),
            Route("/app.js", lambda request: script(SCRIPT)),
            Route("/more.js", lambda request: script('own.push("script")')),
            Route("/worker.js", lambda request: script("postMessage(1)")),
            Route("/own.gif", lambda request: Response(GIF, media_type="image/gif")),
            Route("/away", lambda request: RedirectResponse("https://www.facebook.com/tr?away")),
            Route("/robots.txt", lambda request: PlainTextResponse("")),
        ]
    )


def create_app(key: str, *, strict: bool = False) -> CookieGate:
    """Build the site with the gate and the wall before it."""
    return CookieGate(site(strict=strict), secret_keys=[key], policy=Policy.from_dict(POLICY))


def reporting_app(key: str) -> CookieGate:
    """Build the site with a wall that only reports; what is reported is at /violations."""
    app, found = site(), []
    app.router.routes.append(Route("/violations", lambda request: JSONResponse(found)))
    policy = Policy.from_dict({**POLICY, "csp": "report", "unknown": "report"})

    def keep(violation: Violation) -> None:
        found.append([violation.host, violation.directive, violation.path])

    return CookieGate(app, secret_keys=[key], policy=policy, on_violation=keep)
