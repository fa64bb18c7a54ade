"""Pages in many character encodings, each declared in another way, that would load two trackers."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from cookiegate import CookieGate

PAGE = """<html lang="en"><head>{meta}<title>{text}</title>
<script src="https://www.googletagmanager.com/gtag/js?id=G-XXXXXXXXXX"></script></head>
<body><h1>{text}</h1><p title="{text}">{text}</p>
<img src="https://www.facebook.com/tr?id=1&amp;ev=PageView" alt="">
<p>{text}</p></body></html>
"""
META = '<meta charset="{}">'
PRAGMA = '<meta http-equiv="Content-Type" content="text/html; charset={}">'

# In ISO-2022-JP some of these letters are written with the bytes of "<", ">" and quotes.
JAPANESE = "社会の新しい時代、ガソリンスタンド"
CHINESE = "中文網頁測試朱"
RUSSIAN = "Съешь ещё этих мягких французских булок"
GERMAN = "Grüße aus Köln – für 5 €"


def page(text: str, codec: str, *, meta: str = "", doctype: str = "<!doctype html>", mark: str = "") -> bytes:
    """Write a page in an encoding, by Python's name for it."""
    return (mark + doctype + PAGE.format(meta=meta, text=text)).encode(codec)


# name: what the Content-Type says behind "text/html", and the page
PAGES = {
    "utf-8": ("; charset=utf-8", page(JAPANESE, "utf-8")),
    "utf-16le-mark": ("; charset=utf-8", page(JAPANESE + " \U0001f36a", "utf-16-le", mark="\ufeff")),
    "utf-16be-mark": ("", page(RUSSIAN, "utf-16-be", mark="\ufeff")),
    "utf-16be-header": ("; charset=utf-16be", page(GERMAN, "utf-16-be")),
    "utf-16le-header": ('; charset="UTF-16"', page(GERMAN, "utf-16-le")),
    "utf-16le-xml": ("", page(RUSSIAN, "utf-16-le", doctype="<?xml version='1.0'?>")),
    "iso-2022-jp-header": ("; charset=ISO-2022-JP", page(JAPANESE, "iso2022_jp")),
    "iso-2022-jp-meta": ("", page(JAPANESE, "iso2022_jp", meta=META.format("iso-2022-jp"))),
    "iso-2022-jp-pragma": ("", page(JAPANESE, "iso2022_jp", meta=PRAGMA.format("csISO2022JP"))),
    "iso-2022-jp-late": (
        "",
        page(JAPANESE, "iso2022_jp", doctype=f"<title>{JAPANESE}</title>", meta=META.format("iso-2022-jp")),
    ),
    "shift_jis": ("; charset=shift_jis", page(JAPANESE + "ソ表", "shift_jis")),
    "euc-jp": ("", page(JAPANESE, "euc_jp", meta=META.format("x-euc-jp"))),
    "gbk": ("; charset=gbk", page(CHINESE, "gbk")),
    "gb18030": ("; charset=gb18030", page(CHINESE + "\u20087\U0001f36a", "gb18030")),
    "big5": ("", page("中文網頁測試功許", "big5", meta=META.format("big5"))),
    "windows-1251": ("; charset=windows-1251", page(RUSSIAN, "cp1251")),
    "koi8-r": ("", page(RUSSIAN, "koi8-r", meta=META.format("koi8-r"))),
    "windows-1252": ("", page(GERMAN, "cp1252")),
}


def create_app(key: str) -> Starlette:
    """Serve the pages behind the gate, and without it below ``/bare``."""

    def show(name: str) -> Route:
        parameters, content = PAGES[name]
        headers = {"content-type": f"text/html{parameters}"}
        return Route(f"/{name}", lambda request: Response(content, headers=headers))

    site = Starlette(
        routes=[Route("/robots.txt", lambda request: PlainTextResponse("")), *[show(name) for name in PAGES]]
    )
    return Starlette(routes=[Mount("/bare", site), Mount("/", CookieGate(site, secret_keys=[key]))])
