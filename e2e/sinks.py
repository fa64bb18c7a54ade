"""A page for every sink: what makes Chromium ask a tracker, and how that comes back after consent."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from html import escape

HOST = "www.clarity.ms"


@dataclass(frozen=True)
class Sink:
    """One way to load something. head, body: of the page, with ``URL`` in the tracker's place.

    at_once: what was held loads as soon as the visitor agrees; else with the next page.
    click: it loads when the element ``#click`` is clicked.
    """

    body: str = ""
    head: str = ""
    at_once: bool = True
    click: bool = False

    def page(self, name: str) -> str:
        """The page, on which the tracker's address ends in the sink's name."""
        head = f"<!doctype html><html lang=en><head><title>Sink</title>{self.head}</head>"
        text = f"{head}<body>{self.body}</body></html>"
        return text.replace("URL", f"https://{HOST}/{name}")


def data_url(document: str, name: str, kind: str = "text/html") -> str:
    """Give a document as an address."""
    document = document.replace("URL", f"https://{HOST}/{name}")
    return f"data:{kind};base64,{b64encode(document.encode()).decode()}"


_IMAGE = "<img src=URL>"
_SVG = "<svg xmlns='http://www.w3.org/2000/svg'><image href='URL' width='9' height='9'/></svg>"
_IMPORT = "@import 'URL'"
_BOX = "display:block;width:9px;height:9px;"

SINKS = {
    "script-src": Sink("<script src=URL></script>"),
    "script-inline": Sink("<script>new Image().src = 'URL'</script>"),
    "script-data": Sink("<script src=\"data:text/javascript,new Image().src = 'URL'\"></script>"),
    "img-src": Sink(_IMAGE),
    "img-srcset": Sink("<img srcset='URL 1x'>"),
    "image-src": Sink("<image src=URL>"),
    "picture-source": Sink("<picture><source srcset=URL><img></picture>"),
    "iframe-src": Sink("<iframe src=URL></iframe>"),
    "frame-src": Sink(),  # a frameset has no body: see below
    "iframe-srcdoc": Sink(f'<iframe srcdoc="{escape(_IMAGE)}"></iframe>'),
    "iframe-srcdoc-shut": Sink('<iframe sandbox srcdoc="&lt;img src=URL>"></iframe>'),
    "iframe-srcdoc-style": Sink(f"<iframe srcdoc=\"<p style='{_BOX}background:url(URL)'>x\"></iframe>"),
    "iframe-srcdoc-script": Sink("<iframe srcdoc=\"<script src='URL'></script>\"></iframe>"),
    "iframe-srcdoc-srcdoc": Sink(
        f'<iframe srcdoc="{escape(f"<iframe srcdoc={chr(34)}{escape(_IMAGE)}{chr(34)}></iframe>")}"></iframe>'
    ),
    "iframe-data": Sink(f"<iframe src='{data_url(_IMAGE, 'iframe-data')}'></iframe>"),
    "iframe-javascript": Sink("<iframe src=\"javascript:new Image().src='URL';1\"></iframe>"),
    "embed-src": Sink("<embed src=URL type=text/html>"),
    "embed-code": Sink("<embed code=URL type=text/html>", at_once=False),
    "embed-data": Sink(f"<embed src='{data_url(_SVG, 'embed-data', 'image/svg+xml')}' type=image/svg+xml>"),
    "object-data": Sink("<object data=URL type=text/html></object>"),
    "object-data-document": Sink(f"<object data='{data_url(_IMAGE, 'object-data-document')}'></object>"),
    "video-src": Sink("<video src=URL preload=auto></video>"),
    "video-poster": Sink("<video poster=URL></video>"),
    "audio-src": Sink("<audio src=URL preload=auto></audio>"),
    "audio-source": Sink("<audio preload=auto><source src=URL></audio>"),
    "track-src": Sink("<video crossorigin src=/missing><track src=URL default kind=captions></video>"),
    "input-src": Sink("<input type=image src=URL>"),
    "link-stylesheet": Sink(head="<link rel=stylesheet href=URL>"),
    "link-stylesheet-data": Sink(
        head=f"<link rel=stylesheet href='{data_url(_IMPORT, 'link-stylesheet-data', 'text/css')}'>"
    ),
    "link-preload": Sink(head="<link rel=preload as=script href=URL>"),
    "link-imagesrcset": Sink(head="<link rel=preload as=image imagesrcset='URL 1x'>", at_once=False),
    "link-modulepreload": Sink(head="<link rel=modulepreload href=URL>"),
    "link-prefetch": Sink(head="<link rel=prefetch href=URL>"),
    "link-icon": Sink(head="<link rel=icon href=URL>"),
    "meta-refresh": Sink(head="<meta http-equiv=refresh content='0;url=URL'>"),
    "base-href": Sink(_IMAGE.replace("URL", "base-href"), head="<base href=https://www.clarity.ms/>"),
    "body-background": Sink(),  # see below
    "table-background": Sink("<table background=URL><tr><td>x</table>"),
    "tr-background": Sink("<table><tr background=URL><td>x</table>"),
    "td-background": Sink("<table><tr><td background=URL>x</table>"),
    "tbody-background": Sink("<table><tbody background=URL><tr><td>x</table>"),
    "col-background": Sink("<table><col background=URL><tr><td>x</table>"),
    "a-ping": Sink("<a id=click href=#x ping=URL>x</a>", click=True),
    "style-attribute": Sink(f"<p style='{_BOX}background:url(URL)'>x"),
    "style-attribute-image-set": Sink(f"<p style='{_BOX}background:image-set(\"URL\" 1x)'>x"),
    "style-element": Sink(head="<style>body { background: url(URL) }</style>"),
    "style-import": Sink(head="<style>@import 'URL';</style>"),
    "style-import-data": Sink(
        head=f"<style>@import '{data_url(_IMPORT, 'style-import-data', 'text/css')}';</style>"
    ),
    "style-font": Sink(
        "<p style='font-family:f'>x", head="<style>@font-face{font-family:f;src:url(URL)}</style>"
    ),
    "svg-style": Sink(f"<svg><style>p{{background:url(URL)}}</style></svg><p style={_BOX}>x"),
    "svg-image": Sink("<svg><image href=URL width=9 height=9 /></svg>"),
    "svg-image-xlink": Sink("<svg><image xlink:href=URL width=9 height=9 /></svg>"),
    "svg-feimage": Sink(
        "<svg><filter id=f><feImage href=URL /></filter><rect width=9 height=9 filter='url(#f)' /></svg>"
    ),
    "svg-script": Sink("<svg><script href=URL></script></svg>"),
    "svg-mask": Sink("<svg><rect width=9 height=9 mask='url(URL#m)' /></svg>"),
    "svg-clip-path": Sink("<svg><rect width=9 height=9 clip-path='url(URL#m)' /></svg>"),
    "svg-fill": Sink("<svg><rect width=9 height=9 fill='url(URL#m)' /></svg>"),
    "svg-marker": Sink("<svg><path d='M0 0L9 9' marker-end='url(URL#m)' /></svg>"),
    "svg-cursor": Sink("<svg><rect width=9 height=9 cursor='url(URL), auto' /></svg>"),
    "svg-set": Sink(
        "<svg><image width=9 height=9><set attributeName=href to=URL /></image></svg>", at_once=False
    ),
    "svg-set-css": Sink(
        "<svg><rect width=9 height=9><set attributeName=mask to='url(URL#m)' /></rect></svg>", at_once=False
    ),
    "svg-animate": Sink(
        "<svg><image width=9 height=9><animate attributeName=href values='/;URL' dur=1s /></image></svg>",
        at_once=False,
    ),
    "handler-onload": Sink("<svg onload=\"new Image().src='URL'\"></svg>", at_once=False),
    "handler-onclick": Sink("<button id=click onclick=\"new Image().src='URL'\">x</button>", click=True),
    "handler-onerror": Sink("<img src=/missing onerror=\"new Image().src='URL'\">", at_once=False),
    "importmap": Sink(
        '<script type=importmap>{"imports": {"x": "URL"}}</script><script type=module>import "x"</script>',
        at_once=False,
    ),
    "shadow": Sink("<div><template shadowrootmode=open><img src=URL></template></div>"),
}


def page_of(name: str) -> str:
    """The page of a sink."""
    if name == "frame-src":
        return f"<!doctype html><html lang=en><frameset><frame src=https://{HOST}/{name}></frameset></html>"
    if name == "body-background":
        return SINKS[name].page(name).replace("<body>", f"<body background=https://{HOST}/{name}>")
    return SINKS[name].page(name)


RULES = '{"prefetch": [{"urls": ["https://www.clarity.ms/x"]}]}'
OTHERS = {
    "rules": f"<!doctype html><html lang=en><body><script type=speculationrules>{RULES}</script>",
    "two": Sink(f"<p style='{_BOX}font-family:f;background:url(URL)'>x").page("image")
    + f"<style>@import 'https://{HOST}/style';</style>",
    "handler": (
        "<!doctype html><html lang=en><body><script>window.ran = 0</script>"
        f"<script id=own src=/own.js onload=\"new Image().src = 'https://{HOST}/x'\"></script>"
    ),
}
"""Pages that show more than one way to load something."""
