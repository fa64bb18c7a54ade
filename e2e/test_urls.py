"""Our reading of URLs beside the browser's own ``new URL``, on thousands of hostile spellings.

Chromium leaves the standard in small things, and we do not follow it there: it writes ``%20`` and ``%2A``
into hosts nobody can own, ``%7C`` into paths, and reads ``01`` and letters beyond ASCII around brackets.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from cookiegate.catalog.urls import Url, parse_url

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BASES = (
    Url("https", "shop.example", "/a/b/page.html", "x=1"),
    Url("http", "shop.example", "/"),
)
SCHEMES = """
    https: http: ws: wss: HTTPS: hTTp: ht\ttps: h\nttp: \x00https: https:\t ftp: data: blob:https: blob:
    filesystem:https: view-source:https: javascript: mailto: about: file: https+x: 1https: https; https
""".strip(" \n").split(" ")
SLASHES = (
    "",
    "/",
    "//",
    "///",
    "////",
    "\\",
    "\\\\",
    "/\\",
    "\\/",
    "/\t/",
    "\n//",
    "//\r",
    "/ /",
    "/./",
    "//?",
)
USERS = (
    "",
    "",
    "",
    "",
    "me@",
    "me:pw@",
    "me:p@ss@",
    ":@",
    "@",
    "a%40b@",
    "t.example@",
    "t.example:80@",
    "é@",
)
HOSTS = (
    """
    t.example T.Example t.example. t.example.. .t.example t..example t .. . %74.ex%61mple
    t%2Eexample t%2fexample t%00example t%25example %E2%98%83.example t%ZZ.example t%.example
    bücher.example BÜCHER.example b%C3%BCcher.example faß.example FASS.example ﬀ.example
    ｔ．ｅｘample ｔ。example t｡example t.ex\u00adample \u00adt.example t\u200b.example
    t\u200d.example t\u200c.example t\u2060.example t\ufeff.example t\ufe0f.example 日本語.example
    例え。テスト مثال.example דוגמה.example \u202et.example σίσυφος.example ΣΊΣΥΦΟΣ.example ﷺ.example
    ⅷ.example ①.example ½.example ℡.example ™.example ª.example ı.example İ.example i̇.example
    ſ.example K.example Å.example Ω.example xn--bcher-kva.example XN--BCHER-KVA.example
    xn--fa-hia.example xn--.example xn--a.example xn--zzzzzz.example xn--t-.example
    xn--ls8h.example 💩.example ❤️.example t_t.example _.example -t.example t-.example
    a--b.example ab--c.example t!x.example t$x.example t&x.example t'x.example t(x).example
    t*x.example t+x.example t,x.example t;x.example t=x.example t~x.example t`x.example
    t{x}.example t"x.example t<x.example t>x.example t^x.example t|x.example t[x.example
    t]x.example t:x.example t\x7fx.example t\x01x.example t\u00a0x.example t\u3000x.example
    t\u2028x.example t\ufffdx.example t\u0378x.example t\ue000x.example t\U000e0001x.example
    t\u0300x.example \u0300t.example t\u00b7x.example l·l.example t\u0640x.example ‐.example
    t﹒example t․example t…example t℀x.example 127.0.0.1 127.1 127.0.1 0x7f.1 0x7f000001
    2130706433 017700000001 0300.0250.0.1 0x.0x.0 0x 0 00 08 0x1g 1.2.3 1.2.3.4.5 256.0.0.1
    1.2.3.256 1.2.65536 1.16777216 4294967295 4294967296 0xffffffff 0x100000000 1..2 1.2. 1.2..
    1.2.3.4. .1 1.2.3.4x x.1 x.0x1 x.09 1.2.3.08 ０Ｘ７f.1 １２７.0.0.1 1%2e2%2E3.4 127。0。0。1 +1 1e3
    0b1 0o17 1_0 [::1] [::] [1:2:3:4:5:6:7:8] [2001:DB8::1]
    [2001:0db8:0000:0000:0000:0000:0000:0001] [::ffff:1.2.3.4] [::1.2.3.4] [1:0:0:2:0:0:0:3]
    [0:0:1::] [::1]x [::1 ::1] [] [:] [:::] [1::2::3] [12345::] [::1.2.3] [::1.2.3.256] [::g]
    [::1%25eth0] [::1%eth0] [v1.x] [1:2:3:4:5:6:7] [1:2:3:4:5:6:7:8:9] [1:2:3:4:5:6:1.2.3.4]
    [1:2:3:4:5:6:7:1.2.3.4] [ ::1] localhost LOCALHOST localhost. t.example,u.example
    t.example\tx t.exa\nmple
""".strip(" \n")
    .replace("\n    ", " ")
    .split(" ")
)
PORTS = (
    "",
    "",
    "",
    "",
    ":",
    ":0",
    ":80",
    ":443",
    ":00443",
    ":8080",
    ":65535",
    ":65536",
    ":99999999999",
    ":x",
)
PORTS += (":8 0", ":-1", ":+1", ":8０", ":80:80", ":1\t2", ":%38")
PATHS = (
    """
    / /x /x/y.js x ./x ../x ../../../x /./x /x/.. /x/. /x/../ /.. /. /../.. /%2e/x /%2E%2e/x /.%2e/x /x/%2e%2E
    /x/%2e%2e%2f /... /x/..y /x;y=1 /x//y //x ///x /\\x /x\\..\\y /x%5C..%5Cy /x%2Fy /a%20b /a+b /é /é%C3 /%
    /%zz /%C3%A9 /"x" /<x> /`x` /{x} /x|y /x^y /x~y /x'y /[x] /x@y /x:y /x\ty /x\ny /\x00x /\x7fx /\ufffd /💩
    /\ud7ff /x\u00a0 C:/x /C|/x /x/C:/.. /$&()*+,= /x\u2028 1:x a:b .. . ./ ../ .%2e %2e
""".strip(" \n")
    .replace("\n    ", " ")
    .split(" ")
)
QUERIES = (
    "",
    "",
    "?",
    "?x=1",
    "?x=é",
    "?a b",
    "?a'b",
    '?a"b',
    "?<>",
    "?`{}|^",
    "?a\\b",
    "?%zz",
    "?💩",
    "?a\tb",
    "??",
)
QUERIES += ("?x#y", "?/../x", "?\x00", "?\x7f", "?@:")
FRAGMENTS = ("", "", "", "#", "#x", "#?y", "#/..", "#é")
AROUND = ("", "", "", "", " ", "\t", "\n", "\x00", "\x1f ", "\x0c", "\r\n")
READ = """pairs => pairs.map(([text, base]) => {
    try {
        const url = new URL(text, base);
        return [url.protocol, url.hostname, url.pathname, url.search];
    } catch { return null; }
})"""


def spellings(dice: random.Random, count: int) -> list[str]:
    """Give every host and path once in plain surroundings, then mixtures of all."""
    texts = [f"https://{host}/x" for host in HOSTS]
    texts += [f"https:{slashes}t.example/x" for slashes in SLASHES]
    texts += [f"{slashes}t.example/x" for slashes in SLASHES]
    texts += [f"{scheme}{slashes}t.example/x" for scheme in SCHEMES for slashes in SLASHES]
    texts += [f"https://{user}t.example{port}/x" for user in USERS for port in PORTS]
    texts += [f"{start}{path}{query}" for start in ("", "//t.example") for path in PATHS for query in QUERIES]
    while len(texts) < count:
        scheme = dice.choice(("", "", "https:", "https:", dice.choice(SCHEMES)))
        slashes = dice.choice(("//", "//", dice.choice(SLASHES)))
        place = dice.choice(USERS) + dice.choice(HOSTS) + dice.choice(PORTS) if dice.random() < 0.8 else ""
        rest = dice.choice(PATHS) + dice.choice(QUERIES) + dice.choice(FRAGMENTS)
        text = f"{dice.choice(AROUND)}{scheme}{slashes}{place}{rest}{dice.choice(AROUND)}"
        if dice.random() < 0.2:
            at = dice.randrange(len(text) + 1)
            text = text[:at] + dice.choice("\t\n\r /\\?#@:.%[]\u00ad\u200b\uff0f") + text[at:]
        texts.append(text)
    return texts


def ours(text: str, base: Url) -> tuple[str, str, str, str] | None:
    url = parse_url(text, base)
    return None if url is None else (url.scheme, url.host, url.path, url.query)


def theirs(read: list[str] | None) -> tuple[str, str, str, str] | None:
    """Cut a browser's answer down to what we keep of it: no trailing dots, no other schemes."""
    if read is None or read[0] not in ("http:", "https:", "ws:", "wss:") or not read[1].rstrip("."):
        return None
    return read[0][:-1], read[1].rstrip("."), read[2].replace("%7C", "|"), read[3].removeprefix("?")


def agree(text: str, mine: tuple[str, ...] | None, other: tuple[str, ...] | None) -> bool:
    """Tell whether nothing is fetched that we do not see as it is.

    Of letters beyond ASCII a browser refuses more than we do: what it does not fetch needs no name.
    """
    if other is not None and "%" in other[1]:
        return mine is None or "*" in mine[1]
    if other is not None and mine is None:
        return other[1].startswith("[") and not text.isascii()
    if mine is not None:
        mine = (*mine[:2], mine[2].replace("%7C", "|"), mine[3])
    return mine == other or (other is None and not text.isascii())


@pytest.mark.parametrize("base", BASES, ids=str)
def test_a_url_means_what_the_browser_reads(browser: Browser, base: Url) -> None:
    texts = spellings(random.Random(20260101), 8000)  # the same ones in every run
    page = browser.new_page()
    try:
        answers = page.evaluate(READ, [[text, str(base)] for text in texts])
    finally:
        page.close()
    differ = [
        f"{text!r}: {ours(text, base)} and not {theirs(answer)}"
        for text, answer in zip(texts, answers, strict=True)
        if not agree(text, ours(text, base), theirs(answer))
    ]
    assert not differ, f"{len(differ)} of {len(texts)}\n" + "\n".join(differ[:40])
