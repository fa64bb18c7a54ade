"""Pages without a tracker in them, and every way in which a script may bring one in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from cookiegate import Policy

if TYPE_CHECKING:
    from starlette.requests import Request

HOST = "www.clarity.ms"
UNKNOWN = "pixels.unknown.example"

POLICY = Policy.from_dict(
    {
        "services": [
            {"use": "microsoft-clarity"},
            {"use": "meta-pixel"},
            {
                "name": "Our counter",
                "purpose": "analytics",
                "paths": ["/stats/*"],
                "storage": ["counter"],
                "cookies": [{"name": "count_*"}, {"name": "counted"}],
            },
        ]
    }
)

NONCE = "bm9uY2U="
STRICT = f"script-src 'nonce-{NONCE}' 'self'; img-src * data: blob:; connect-src *; object-src 'none'; base-uri 'none'"
TYPES = "require-trusted-types-for 'script'"
POLICIES = {
    "": "",
    "strict": STRICT,
    "types": TYPES,
    "types-named": f"{TYPES}; trusted-types page cookiegate cookiegate-guard",
    "types-list": f"{TYPES}; trusted-types page cookiegate",
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Guard</title></head>
<body><main id="main"><p id="p">Text</p><div id="box" style="width:9px;height:9px"></div></main></body></html>"""


def create_app() -> Starlette:
    """Build the pages, with no gate before them."""

    def page(request: Request) -> HTMLResponse:
        rules = POLICIES[request.path_params.get("rules", "")]
        return HTMLResponse(_PAGE, headers={"content-security-policy": rules} if rules else {})

    def own(request: Request) -> PlainTextResponse:
        return PlainTextResponse("", media_type="text/javascript")

    return Starlette(
        routes=[
            Route("/robots.txt", lambda request: PlainTextResponse("")),
            Route("/own/{rest:path}", own),
            Route("/stats/{rest:path}", own),
            Route("/", page),
            Route("/page/{rules}", page),
        ]
    )


# What a page's script does, with URL in the tracker's place. It runs in a function.
_SCRIPT = "const s = document.createElement('script'); "
_IMG = "<img src='URL'>"
LOADS = {
    "script-src": _SCRIPT + "s.src = 'URL'; document.head.appendChild(s)",
    "script-src-late": _SCRIPT + "document.head.appendChild(s); s.src = 'URL'",
    "script-attribute": _SCRIPT + "s.setAttribute('src', 'URL'); document.body.append(s)",
    "script-before": "document.head.append(document.createElement('script'));"
    "const f = document.getElementsByTagName('script')[0], s = document.createElement('script');"
    "s.async = true; s.src = 'URL'; f.parentNode.insertBefore(s, f)",
    "script-inline": _SCRIPT
    + "s.textContent = \"new Image().src = 'URL'\"; document.head.appendChild(s)",
    "script-module": _SCRIPT + "s.type = 'module'; s.src = 'URL'; document.head.prepend(s)",
    "image": "new Image().src = 'URL'",
    "image-kept": "window.kept = new Image(1, 1); kept.src = 'URL'",
    "image-attribute": "document.createElement('img').setAttribute('SRC', 'URL')",
    "image-node": "const a = document.createAttribute('src'); a.value = 'URL';"
    "document.createElement('img').setAttributeNode(a)",
    "image-attr-value": "const i = document.createElement('img'); i.setAttribute('src', 'data:,');"
    "box.append(i); i.getAttributeNode('src').value = 'URL'",
    "image-srcset": "const i = new Image(); i.srcset = 'URL 1x'; box.append(i)",
    "image-relative": "const i = new Image(); i.src = '//' + 'URL'.slice(8); box.append(i)",
    "svg-image": "const ns = 'http://www.w3.org/2000/svg', s = document.createElementNS(ns, 'svg'),"
    "i = document.createElementNS(ns, 'image'); i.setAttribute('width', 9); i.setAttribute('height', 9);"
    "i.setAttributeNS('http://www.w3.org/1999/xlink', 'xlink:href', 'URL'); s.append(i); box.append(s)",
    "iframe": "const f = document.createElement('iframe'); f.src = 'URL'; box.append(f)",
    "iframe-srcdoc": "const f = document.createElement('iframe'); f.srcdoc = \"<img src='URL'>\"; box.append(f)",
    "embed": "const e = document.createElement('embed'); e.src = 'URL'; box.append(e)",
    "object": "const o = document.createElement('object'); o.data = 'URL'; box.append(o)",
    "video-poster": "const v = document.createElement('video'); v.poster = 'URL'; box.append(v)",
    "video-source": "const v = document.createElement('video'), s = document.createElement('source');"
    "s.src = 'URL'; v.append(s); box.append(v)",
    "audio": "new Audio('URL').load()",
    "input": "const i = document.createElement('input'); i.type = 'image'; i.src = 'URL'; box.append(i)",
    "link-style": "const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = 'URL'; document.head.append(l)",
    "link-preload": "const l = document.createElement('link'); l.href = 'URL'; l.rel = 'preload'; l.as = 'image'; document.head.append(l)",
    "inner": f'box.innerHTML = "{_IMG}"',
    "inner-deep": f'box.innerHTML = "<ul><li><picture>{_IMG}</picture></ul>"',
    "inner-handler": "box.innerHTML = \"<img src='data:,' onerror=\\\"this.onerror=null;this.src='URL'\\\">\"",
    "inner-style": "box.innerHTML = \"<p style='background:url(URL)'>x</p>\"",
    "inner-sheet": "box.innerHTML = \"<style>#p{background:url('URL')}</style>\"",
    "inner-iframe": "box.innerHTML = \"<iframe src='URL'></iframe>\"",
    "inner-referenced": "box.innerHTML = \"<img src='https&#58;&#47;/\" + 'URL'.slice(8) + \"'>\"",
    "outer": f'box.outerHTML = "<b>{_IMG}</b>"',
    "adjacent": f'p.insertAdjacentHTML("afterend", "{_IMG}")',
    "adjacent-in": f'p.insertAdjacentHTML("beforeend", "{_IMG}")',
    "unsafe": f'box.setHTMLUnsafe("{_IMG}")',
    "fragment": f'box.append(document.createRange().createContextualFragment("{_IMG}"))',
    "fragment-script": "box.append(document.createRange().createContextualFragment("
    "\"<script src='URL'></scr\" + 'ipt>'))",
    "template": f'const t = document.createElement("template"); t.innerHTML = "{_IMG}";'
    "box.append(t.content.cloneNode(true))",
    "template-import": f'const t = document.createElement("template"); t.innerHTML = "{_IMG}";'
    "box.append(document.importNode(t.content, true))",
    "parser": f'const d = new DOMParser().parseFromString("{_IMG}", "text/html");'
    "box.append(...d.body.childNodes)",
    "parser-adopted": f'const d = new DOMParser().parseFromString("{_IMG}", "text/html");'
    "box.append(document.adoptNode(d.body.firstChild))",
    "shadow": f'box.attachShadow({{mode: "open"}}).innerHTML = "{_IMG}"',
    "style-property": "box.style.backgroundImage = 'url(\"URL\")'",
    "style-shorthand": "box.style.background = 'url(URL) no-repeat'",
    "style-dashed": "box.style['background-image'] = 'url(URL)'",
    "style-set": "box.style.setProperty('background-image', 'url(URL)')",
    "style-text": "box.style.cssText = 'width:9px;height:9px;background:url(URL)'",
    "style-whole": "box.style = 'width:9px;height:9px;background:url(URL)'",
    "style-attribute": "box.setAttribute('style', 'width:9px;height:9px;background:url(URL)')",
    "style-element": "const s = document.createElement('style'); s.textContent = '#p{background:url(URL)}'; document.head.append(s)",
    "style-import": "const s = document.createElement('style'); s.append('@import \"URL\";'); document.head.append(s)",
    "style-rule": "const s = document.createElement('style'); document.head.append(s); s.sheet.insertRule('#p{background:url(URL)}')",
    "style-adopted": "const s = new CSSStyleSheet(); s.replaceSync('#p{background:url(URL)}'); document.adoptedStyleSheets = [s]",
    "append-list": "const i = document.createElement('img'), c = i.cloneNode(); i.src = 'URL'; box.replaceChildren('a', i)",
    "replace-with": "const i = new Image(); i.src = 'URL'; box.replaceWith(i)",
    "frame-realm": "const f = document.createElement('iframe'); box.append(f); const i = f.contentDocument.createElement('img');"
    "i.src = 'URL'; f.contentDocument.body.append(i)",
}
# What is gone when it was not allowed: a page asks again.
CALLS = {
    "fetch": "fetch('URL', {mode: 'no-cors'}).catch(() => 0)",
    "fetch-request": "fetch(new Request('URL', {mode: 'no-cors'})).catch(() => 0)",
    "fetch-address": "fetch(new window['U' + 'RL']('URL'), {mode: 'no-cors'}).catch(() => 0)",
    "xhr": "const x = new XMLHttpRequest(); x.open('GET', 'URL'); x.send()",
    "beacon": "navigator.sendBeacon('URL', 'x')",
    "events": "new EventSource('URL')",
    "form": "const f = document.createElement('form'), i = document.createElement('iframe'); i.name = 'there'; f.target = 'there';"
    "f.method = 'post'; f.action = 'URL'; box.append(i, f); f.submit()",
    "form-request": "const f = document.createElement('form'), i = document.createElement('iframe'); i.name = 'there'; f.target = 'there';"
    "f.method = 'post'; f.action = 'URL'; box.append(i, f); f.requestSubmit()",
    "frame-fetch": "const f = document.createElement('iframe'); box.append(f); f.contentWindow.fetch('URL', {mode: 'no-cors'}).catch(() => 0)",
}
