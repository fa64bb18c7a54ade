"""Pages in any encoding that a browser reads: the same decisions, the same text, and our text right in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from charset_pages import PAGES
from cookiegate.gate.charset import LABELS, Charset
from cookiegate.gate.recoder import Recoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Route

    from harness import Visitor

    Visitors = Callable[..., Visitor]

TRACKERS = {"www.googletagmanager.com/gtag/js", "www.facebook.com/tr"}
TEXT = "() => { document.getElementById('cg')?.remove(); return document.title + document.body.innerText; }"


def test_pages_in_every_encoding_are_held_and_read_the_same(charsets: str, visitors: Visitors) -> None:
    """One visitor for all pages: a browser profile costs more than they do."""
    visitor = visitors(charsets, locale="de-DE")
    # A script that does not say its own encoding is read in that of the page.
    empty = "text/javascript; charset=utf-8"
    visitor.answer = lambda route: route.fulfill(content_type=empty)  # type: ignore[method-assign]  # this test answers by itself
    banners = set()
    for name in PAGES:
        visitor.goto(f"/bare/{name}")
        visitor.expect(TRACKERS)
        bare = visitor.page.evaluate(TEXT)
        encoding = visitor.page.evaluate("document.characterSet")
        visitor.goto(f"/{name}")
        visitor.expect(set())
        banners.add(visitor.page.locator("#cg").inner_text())
        assert visitor.page.evaluate(TEXT) == bare, name
        assert visitor.page.evaluate("document.characterSet") == encoding, name
    (banner,) = banners
    assert any(letter in banner for letter in "äöüß")

    visitor.goto("/utf-8")
    visitor.save("Alle akzeptieren")
    visitor.expect(TRACKERS)
    for name in PAGES:
        visitor.goto(f"/{name}")
        visitor.expect(TRACKERS)


# --- what a browser reads, we read

HIDDEN = b"\x1b$B<b>!\x1b(B"  # an element, unless this is ISO-2022-JP
FILLED = b"<!--" + b"x" * 1200 + b"-->"
META = b"<meta charset=iso-2022-jp>"
WIDE = "<b>w</b>"


def utf16(codec: str, text: str = WIDE) -> bytes:
    return text.encode(codec)


READ = {
    "nothing declared": ("text/html", HIDDEN),
    "header": ("text/html; charset=iso-2022-jp", HIDDEN),
    "header, quoted": ('text/html; charset=" iso-2022-jp"', HIDDEN),
    "header, single quotes": ("text/html; charset='iso-2022-jp'", HIDDEN),
    "header, spaces": ("text/html; charset = iso-2022-jp", HIDDEN),
    "header, first of two": ("text/html; charset=iso-2022-jp; charset=utf-8", HIDDEN),
    "header, first bad": ("text/html; charset=bogus; charset=iso-2022-jp", HIDDEN),
    "header, first empty": ("text/html; charset=; charset=iso-2022-jp", HIDDEN),
    "header, last of two types": ("text/html; charset=utf-8, text/html; charset=iso-2022-jp", HIDDEN),
    "header, carried over": ("text/html; charset=iso-2022-jp, text/html", HIDDEN),
    "header, of another type": ("text/plain; charset=iso-2022-jp, text/html", HIDDEN),
    "header, no semicolon": ("text/html charset=iso-2022-jp", HIDDEN),
    "header, unknown, then meta": ("text/html; charset=bogus", META + HIDDEN),
    "header outranks meta": ("text/html; charset=utf-8", META + HIDDEN),
    "mark outranks header": ("text/html; charset=iso-2022-jp", b"\xef\xbb\xbf" + HIDDEN),
    "replacement": ("text/html; charset=iso-2022-kr", b"<b>" + HIDDEN),
    "meta": ("text/html", META + HIDDEN),
    "meta, behind the first escape": ("text/html", HIDDEN + META),
    "meta, pragma": ("text/html", b"<meta http-equiv=content-type content='charset=csiso2022jp'>" + HIDDEN),
    "meta, no pragma": ("text/html", b"<meta content='x; charset=iso-2022-jp'>" + HIDDEN),
    "meta, first counts": ("text/html", b"<meta charset=utf-8>" + META + HIDDEN),
    "meta, bogus": ("text/html", b"<meta charset=bogus>" + META + HIDDEN),
    "meta, utf-16": ("text/html", b"<meta charset=utf-16>" + META + HIDDEN),
    "meta in a comment": ("text/html", b"<!--" + META + b"-->" + HIDDEN),
    "meta in a short comment": ("text/html", b"<!-->" + META + HIDDEN),
    "meta in an attribute": ("text/html", b"<p title='" + META + b"'>" + HIDDEN),
    "meta in a title": ("text/html", b"<title>" + META + b"</title>" + HIDDEN),
    "meta in a script": ("text/html", b"<script>'" + META + b"'</script>" + HIDDEN),
    "meta in noscript": ("text/html", b"<noscript>" + META + b"</noscript>" + HIDDEN),
    "meta behind a script": ("text/html", b"<script>1<b</script>" + META + HIDDEN),
    "meta in the body": ("text/html", b"<body><p>x" + META + HIDDEN),
    "meta late in the head": ("text/html", b"<html><head>" + FILLED + b"<link>" + META + HIDDEN),
    "meta late in the body": ("text/html", b"<html><head></head><body>" + FILLED + META + HIDDEN),
    "meta far behind": ("text/html", HIDDEN + FILLED + b"<p>" + META),
    "xml declaration": ("text/html", b"<?xml version='1.0' encoding='iso-2022-jp'?>" + HIDDEN),
    "xml declaration, utf-16": ("text/html", b"<?xml version='1.0' encoding='utf-16'?>" + HIDDEN),
    "meta outranks xml": ("text/html", b"<?xml encoding='iso-2022-jp'?><meta charset=utf-8>" + HIDDEN),
    "little-endian mark": ("text/html; charset=utf-8", utf16("utf-16-le", "\ufeff" + WIDE)),
    "big-endian mark": ("text/html; charset=utf-16le", utf16("utf-16-be", "\ufeff" + WIDE)),
    "no mark": ("text/html", utf16("utf-16-le")),
    "xml in utf-16le": ("text/html", utf16("utf-16-le", "<?xml version='1.0'?>" + WIDE)),
    "xml in utf-16be": ("text/html", utf16("utf-16-be", "<?xml version='1.0'?>" + WIDE)),
    "processing instruction in utf-16be": ("text/html", utf16("utf-16-be", "<?y?>" + WIDE)),
    "lone surrogates": ("text/html; charset=utf-16le", b"\0\xdc\0\xd8" + utf16("utf-16-le") + b"\0\xd8<"),
    "escape within a tag": ("text/html; charset=iso-2022-jp", b"<\x1b(Bb>x</b><\x1b(J\x1b(Bb><\x1b(Jb>"),
    "errors": ("text/html; charset=iso-2022-jp", b"\x1b<b>\x1b$<b>\x1b(<b>\x1b$B\n<b>\x1b$A<b>\x1b(J<b>"),
    "katakana": ("text/html; charset=iso-2022-jp", b"\x1b(I<b>\x1b(B<b>\x1b$@<b>\x1b(J<b>"),
}  # fmt: skip


def test_we_read_what_the_browser_reads(browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()

    def answer(route: Route) -> None:
        content_type, body = READ[case]
        route.fulfill(headers={"content-type": content_type}, body=body)

    page.route("**/*", answer)
    for case, (content_type, body) in READ.items():
        page.goto("http://pages.example/")
        elements = page.evaluate("document.querySelectorAll('b').length")
        read = Recoder(content_type.encode()).feed(body, final=True)
        assert read.count(b"<b>") == elements, case
    context.close()


def test_we_know_the_names_that_the_browser_knows(browser: Browser) -> None:
    context = browser.new_context()
    asked = [*(label.decode() for label in LABELS), "utf16", "utf-7", "iso-2022-jp-2", "cesu-8"]
    answers = context.new_page().evaluate(
        """labels => labels.map(label => {
            try { return new TextDecoder(label).encoding; } catch { return ""; }
        })""",
        asked,
    )
    context.close()
    kinds = {
        "utf-16le": Charset.UTF_16LE,
        "utf-16be": Charset.UTF_16BE,
        "iso-2022-jp": Charset.ISO_2022_JP,
    }
    for label, answer in zip(asked, answers, strict=True):
        kind = LABELS.get(label.encode())
        if kind in (None, Charset.REPLACEMENT):  # the decoder of scripts refuses it
            assert answer == "", label
        else:
            assert answer, label
            assert kinds.get(answer, Charset.ASCII) is kind, label


@pytest.mark.parametrize("label", ["utf-8", "shift_jis", "euc-jp", "euc-kr", "big5", "gbk", "gb18030"])
def test_no_lead_byte_swallows_markup(browser: Browser, label: str) -> None:
    """All of two or three bytes, the last of them one that markup is made of, with a neutral byte between."""
    context = browser.new_context()
    swallowed = context.new_page().evaluate(
        """label => {
            const decoder = new TextDecoder(label), swallowed = [];
            for (const last of "\\t\\n\\f\\r \\"&'/<=>!-") {
                const bytes = [], leads = [...Array(128).keys()].map(lead => lead + 128);
                for (const lead of leads) {
                    bytes.push(lead, last.charCodeAt(0), 1);
                    for (let next = 48; next < 256; next++) bytes.push(lead, next, last.charCodeAt(0), 1);
                }
                const parts = decoder.decode(new Uint8Array(bytes)).split("\\x01");
                if (parts.length !== 128 * 209 + 1 || parts.pop() !== "") swallowed.push("\\x01");
                if (!parts.every(part => part.endsWith(last))) swallowed.push(last);
            }
            return swallowed;
        }""",
        label,
    )
    context.close()
    assert swallowed == []
