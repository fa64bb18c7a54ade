"""Pages without a tracker in them, and every way in which a script may bring one in."""

# ruff: noqa: E501 - what a page does reads best on one line
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
STRICT = (
    f"script-src 'nonce-{NONCE}' 'self' https://{HOST}; img-src * data: blob:; connect-src *; object-src 'none'; "
    "base-uri 'none'"
)
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

    def written(request: Request) -> HTMLResponse:
        return HTMLResponse(_PAGE.replace("<main", '<script src="/own/write.js"></script><main'))

    def write(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"document.write(\"<img src='https:/\" + '/{HOST}/write' + \"'>\")")

    return Starlette(
        routes=[
            Route("/written", written),
            Route("/own/write.js", write),
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
    "script-inline": _SCRIPT + "s.textContent = \"new Image().src = 'URL'\"; document.head.appendChild(s)",
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
    "style-native": "CSSStyleDeclaration.prototype.setProperty.call(box.style, 'background-image', 'url(URL)')",
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

_TYPED = "const t = trustedTypes.createPolicy('page' , {createHTML: s => s, createScriptURL: s => s}); "
_TYPED = _TYPED.replace("const t =", "const t = window.typed ||=")
TRUSTED = {
    "script": _TYPED
    + "const s = document.createElement('script'); s.src = t.createScriptURL('URL'); document.head.append(s)",
    "image": "new Image().src = 'URL'",
    "html": _TYPED + "document.getElementById('box').innerHTML = t.createHTML(\"<b><img src='URL'></b>\")",
    "adjacent": _TYPED
    + "document.getElementById('p').insertAdjacentHTML('beforeend', t.createHTML(\"<img src='URL'>\"))",
}

# What a page may look at, which is the same with and without the guard.
SAME = {
    "script-src": "const s = document.createElement('script'); s.src = 'https://www.clarity.ms/a?b#c';"
    "return [s.src, s.getAttribute('src'), s instanceof HTMLScriptElement]",
    "relative-src": "const i = new Image(); i.src = '/own/x.png'; return [i.src.replace('BASE', ''), i.getAttribute('src'), i.outerHTML]",
    "srcset": "const i = new Image(); i.srcset = 'https://www.clarity.ms/a 1x, /own/b 2x'; return i.srcset",
    "replaced": "const i = new Image(); i.src = 'https://www.clarity.ms/a'; i.src = '/own/b'; return [i.src.replace('BASE', ''), i.outerHTML]",
    "removed": "const i = new Image(); i.src = 'https://www.clarity.ms/a'; i.removeAttribute('src'); return [i.src, i.getAttribute('src')]",
    "names": "return [Node.prototype.appendChild, fetch, WebSocket, Element.prototype.setAttribute, navigator.sendBeacon, XMLHttpRequest.prototype.open,"
    "document.write, Storage.prototype.setItem].map(f => [f.name, f.length, /\\[native code\\]/.test(f), typeof f])",
    "accessors": "return [[Element.prototype, 'innerHTML'], [HTMLScriptElement.prototype, 'src'], [Document.prototype, 'cookie'],"
    "[HTMLElement.prototype, 'style']].map(([o, k]) => { const d = Object.getOwnPropertyDescriptor(o, k);"
    "return [d.enumerable, d.configurable, d.get.name, d.set.name, d.set.length] })",
    "instances": "return [new WebSocket('ws://127.0.0.1:1') instanceof WebSocket, WebSocket.prototype.constructor === WebSocket,"
    "new Audio() instanceof HTMLAudioElement, document.body.style instanceof CSSStyleDeclaration, WebSocket.OPEN]",
    "style-natives": "const o = CSSStyleDeclaration.prototype; o.setProperty.call(box.style, 'color', 'red');"
    "return [o.getPropertyValue.call(box.style, 'color'), o.setProperty.length, box.style.item === o.item,"
    "Object.getOwnPropertyDescriptor(o, 'cssText').get.call(box.style), getComputedStyle(box).color]",
    "errors": "const tried = f => { try { f(); return 'none' } catch (e) { return [e.name, e.constructor === TypeError || e instanceof DOMException] } };"
    "return [() => Node.prototype.appendChild.call({}, document.body), () => document.body.appendChild(), () => document.body.appendChild('x'),"
    "() => document.body.insertBefore(document.createElement('p'), document.head.firstChild), () => document.body.setAttribute('1', 2),"
    "() => document.body.setAttribute('a'), () => new WebSocket(), () => new WebSocket('no'), () => WebSocket('ws://x'), () => document.body.insertAdjacentHTML('no', 'x'),"
    "() => new XMLHttpRequest().open(), () => HTMLScriptElement.prototype.src, () => document.body.append(document.documentElement)].map(tried)",
    "returns": "const p = document.createElement('p'), q = document.createElement('q'); return [document.body.appendChild(p) === p,"
    "document.body.insertBefore(q, p) === q, document.body.append('x'), p.setAttribute('a', 'b'), document.body.replaceChild(q, p) === p, q.insertAdjacentElement('beforeend', p) === p]",
    "globals": "const found = []; for (const key in window) if (/guard|cg|cookiegate/i.test(key)) found.push(key); return found",
    "markup": "box.innerHTML = '<p class=a>1<b>2</b></p><table><tr><td>3</table>&amp;//x'; return box.innerHTML",
    "markup-context": "const r = document.createElement('tr'); r.innerHTML = '<td data-a=//x>1'; return r.outerHTML",
    "adjacent": "box.insertAdjacentHTML('beforeend', '<i>//</i>'); box.insertAdjacentHTML('afterbegin', 'a//'); return box.innerHTML",
    "template": "const t = document.createElement('template'); t.innerHTML = '<tr><td>//</td></tr>'; return [t.innerHTML, t.content.childNodes.length]",
    "style": "const s = box.style; s.color = 'red'; s.setProperty('--x', '1px', 'important'); s['margin-top'] = '3px';"
    "return [box.style === s, s.color, s.getPropertyValue('--x'), s.getPropertyPriority('--x'), s.marginTop, s.cssText, s.length, s[0], 'color' in s,"
    "Object.prototype.toString.call(s), [...s].length, box.getAttribute('style'), s.removeProperty('color'), s.color]",
    "style-own": "box.style.backgroundImage = 'url(\"/own/a.png\")'; return box.style.backgroundImage",
    "sheet": "const s = document.createElement('style'); document.head.append(s); return [s.sheet.insertRule('p{color:red}'), s.sheet.cssRules[0].cssText]",
    "fetch": "return (await fetch('/robots.txt')).status",
    "frozen": "return [Object.isFrozen(Node.prototype), Object.isExtensible(Element.prototype), delete Node.prototype.nothing]",
    "cookie": "document.cookie = 'own=1; path=/'; return document.cookie",
    "storage": "localStorage.setItem('own', 1); return [localStorage.own, localStorage.getItem('own'), localStorage.length]",
    "frame": "const f = document.createElement('iframe'); document.body.append(f); return [f.contentDocument.URL, f.contentWindow.Array !== Array, window.length]",
    "custom": "class X extends HTMLElement { connectedCallback() { this.seen = (this.seen || 0) + 1 } }; customElements.define('x-own', X);"
    "box.innerHTML = '<x-own title=//></x-own>'; return [box.firstChild.seen, box.firstChild instanceof X]",
    "clone": "const i = new Image(); i.src = '/own/a'; return i.cloneNode().outerHTML",
    "mutations": "const seen = []; const o = new MutationObserver(l => l.forEach(r => seen.push(r.type + ' ' + (r.attributeName || r.addedNodes.length))));"
    "o.observe(box, {childList: true, attributes: true}); box.innerHTML = '<b>//</b>'; box.setAttribute('title', 'x'); await 0; return seen",
}
