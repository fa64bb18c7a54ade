"""Pages that are not read in one way alone: by browsers without scripting, by those that look ahead, and
where what decides was too long ago.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cookiegate.gate.html import replay
from cookiegate.gate.html.construction import stack
from cookiegate.gate.html.scanner import Scanner, Tag
from cookiegate.gate.html.tags import read_tag

sys.path.insert(0, str(Path(__file__).parents[3] / "fuzz"))

from markup import Heard, scan

COMMON, NOSCRIPT, DISPUTED = "common", "noscript", "disputed"


def kind(tag: Tag) -> str:
    return DISPUTED if tag.disputed else NOSCRIPT if tag.noscript else COMMON


def seen(page: bytes, step: int | None = None) -> dict[str, str]:
    """The tags of a page by their ``src``, and who sees them; several when not all see the same element."""
    found: dict[str, str] = {}
    for tag in scan(page, None if step is None else lambda: step).tags:
        if source := (tag.get(b"src") or b"").decode():
            found[source] = f"{found[source]} {kind(tag)}" if source in found else kind(tag)
    return found


READINGS = {
    # Without scripting the tag goes on behind the noscript element.
    b"<noscript><p title='</noscript><img src=1><p title='><img src=2>": {"1": DISPUTED, "2": DISPUTED},
    b"<noscript><img src=1></noscript><img src=2>": {"1": NOSCRIPT, "2": COMMON},
    b"<noscript><!-- </noscript><img src=1><!-- --><img src=2>": {"1": DISPUTED, "2": COMMON},
    b"<noscript><style></noscript><img src=1></style><img src=2>": {"1": DISPUTED, "2": COMMON},
    b"<p><noscript><svg></noscript><style><img src=1></style><img src=2>": {"2": COMMON},
    # In a head it has ended where svg begins.
    b"<noscript><svg></noscript><style><img src=1></style><img src=2>": {"1": DISPUTED, "2": COMMON},
    b"<noscript><svg><desc></noscript><title><b></title><img src=1>": {"1": COMMON},
    b"<noscript><svg><desc></noscript></desc><title><img src=1></title></svg><img src=2>": {
        "1": DISPUTED,
        "2": COMMON,
    },
    b"<noscript><img src=1><noscript><img src=2></noscript><img src=3>": {
        "1": NOSCRIPT,
        "2": NOSCRIPT,
        "3": COMMON,
    },
    b"<noscript><a b='</noscript><noscript>'><img src=1></noscript><img src=2>": {"1": NOSCRIPT, "2": COMMON},
    b"<noscript><img src=1": {},
    b"<noscript><img src=1><img src=": {"1": NOSCRIPT},
    # What an end tag closes may depend on what noscript elements held.
    b"<noscript><x></noscript><svg></x><title><img src=1></title>": {"1": DISPUTED},
    b"<x><noscript></x></noscript><svg></x><title><img src=1></title>": {},
    b"<noscript><table></noscript><svg></table><title><img src=1></title>": {"1": DISPUTED},
    b"<noscript><table></noscript><svg><desc><tr><title><img src=1></title>": {},
    b"<noscript><table><td></noscript><svg><desc><td><title><b></title><p><img src=1>": {"1": COMMON},
    b"<noscript></noscript><frameset><title><img src=1></title>": {},
    b"<noscript>x</noscript><frameset><title><img src=1></title>": {},
    # Inside svg a noscript element is HTML only where an integration point holds it.
    b"<svg><noscript><title><img src=1></title></noscript></svg>": {"1": COMMON},
    b"<svg><desc><noscript><style><img src=1></style></noscript><img src=2></desc>": {"2": COMMON},
    b"<svg><desc><noscript><img src=1><a b='</noscript><img src=2>'></desc>": {"1": NOSCRIPT, "2": DISPUTED},
    b"<noscript></noscript><x><svg></x></svg><svg></y><desc><noscript><img src=1></noscript></desc>": {
        "1": NOSCRIPT
    },
    # Who looks ahead takes everything for HTML, and fetches it.
    b"<svg><link rel=stylesheet href=x src=1></svg><img src=2>": {"1": COMMON, "2": COMMON},
    b"<svg><input type=image src=1></svg><img src=2>": {"1": COMMON, "2": COMMON},
    b"<svg><script src=1></script></svg><img src=2>": {"1": COMMON, "2": COMMON},
    b"<svg><image href=x src=1></image></svg>": {"1": "common common"},
    b"<svg><embed src=1></svg>": {"1": COMMON},
    b"<svg><video src=1></video><track src=2></svg>": {"1": COMMON},
    b"<svg><style><img src=1></style></svg>": {"1": COMMON},
    b"<svg><![CDATA[<img src=1>]]></svg><img src=2>": {"2": COMMON},
    b"<svg><![CDATA[>]]><input src=1></svg>": {"1": COMMON},
    b"<svg><![CDATA[><img src=1>]]></svg><img src=2>": {"1": DISPUTED, "2": COMMON},
    b"<svg><noscript><!--</noscript><img src=1>--></svg><img src=2>": {"1": DISPUTED, "2": COMMON},
    b"<svg><title><!--</title><img src=1>--></svg><img src=2>": {"1": DISPUTED, "2": COMMON},
    b"<frameset><img src=1><frame src=2></frameset>": {"1": COMMON, "2": COMMON},
    b"<template><col><img src=1><style></template><img src=2></style>": {"1": COMMON, "2": COMMON},
    b"<noscript><svg><input src=1></svg></noscript>": {"1": NOSCRIPT},
    # A noscript element of svg's own is one to both; one behind it need not stand in svg.
    b"<svg><noscript></p><noscript><image src=1></noscript>": {"1": NOSCRIPT},
    # The type of an input may be written with character references.
    b"<input type=h&#105;dden><frameset><title><frame src=1></title>": {"1": COMMON},
    b"<input type=h1dden><frameset><title><frame src=1></title><frame src=2>": {"2": COMMON},
    # Browsers differ about the capitals of an end tag.
    b"<foreignobject><svg></foreignobject><title><img src=1></title>": {"1": DISPUTED},
    b"<svg><foreignobject><math></foreignobject><title><img src=1></title>": {"1": COMMON},
    b"<svg><foreignobject><math></foreignobject><style><img src=1></style>": {"1": COMMON},
    b"<svg><foreignobject><math></foreignobject></svg><title><img src=1></title>": {},
}


@pytest.mark.parametrize("page", READINGS, ids=lambda page: page.decode())
@pytest.mark.parametrize("step", [None, 1, 7], ids=["whole", "bytes", "pieces"])
def test_every_reading_is_told(page: bytes, step: int | None) -> None:
    assert seen(page, step) == READINGS[page]


# What is fetched by looking ahead, though it is no element, or none that loads anything, to one that parses.
EARLY = {
    b"<frameset><svg><image href=1>": [(b"image", True, COMMON)],
    b"<frameset><svg><image xlink:href=1>": [(b"image", True, COMMON)],
    b"<frameset><image href=1 src=2>": [(b"image", False, COMMON), (b"image", True, COMMON)],
    b"<frameset><svg><script href=1></script>": [(b"script", True, COMMON)],
    b"<frameset><svg><use href=1><image>": [],
    b"<math><svg><image href=1>": [(b"image", True, COMMON)],
    b"<svg><![CDATA[><image href=1>]]></svg>": [(b"image", True, DISPUTED)],
    b"<svg><image href=1></image></svg>": [(b"image", True, COMMON)],
    b"<svg></p><image href=1 src=2>": [(b"image", False, COMMON), (b"image", True, COMMON)],
    b"<svg><base href=1></svg>": [(b"base", False, DISPUTED)],
    b"<svg><base></svg>": [],
    b"<frameset><base href=1>": [(b"base", False, DISPUTED)],
}


@pytest.mark.parametrize("page", EARLY, ids=lambda page: page.decode())
@pytest.mark.parametrize("step", [None, 1])
def test_what_is_fetched_early_is_told(page: bytes, step: int | None) -> None:
    tags = scan(page, None if step is None else lambda: step).tags
    assert [(tag.name, tag.foreign, kind(tag)) for tag in tags] == EARLY[page]


def codes(page: bytes, step: int | None = None) -> list[tuple[bool, bytes | None]]:
    heard = scan(page, None if step is None else lambda: step)
    return [(tag.foreign, code) for tag, code in heard.scripts]


CODES: dict[bytes, list[tuple[bool, bytes | None]]] = {
    b"<svg><script>a(1)</script></svg>": [(True, b"a(1)")],
    b"<svg><script>a&#40;1&#x29; &amp;&lt b</script></svg>": [(True, b"a(1) &< b")],
    b"<svg><script>a(<![CDATA[1 < 2 &amp; 3]]>)</script></svg>": [(True, b"a(1 < 2 &amp; 3)")],
    b"<svg><script>a(<!-- b -->1)</script></svg>": [(True, b"a(1)")],
    b"<svg><script>a(<g>b</g>1)</script></svg>": [(True, b"a(1)")],
    b"<svg><script>a(<script>b</script>1)</script></svg>": [(True, b"a(1)"), (True, b"b")],
    b"<svg><script>a<p>b": [(True, b"a")],
    b"<svg><script>a</svg>b": [(True, b"a")],
    b"<svg><script>a</p>b": [(True, b"a")],
    b"<div><svg><script>a</div>b": [(True, b"a")],
    b"<svg><script>a</div>b</script>": [(True, b"ab")],
    b"<svg><script>a": [(True, b"a")],
    b"<svg><script>a&am": [(True, b"a&am")],
    b"<svg><script/>a": [],
    b"<svg><script type=x>a</script><script>b</script>": [(True, b"b")],
    b"<svg><script href=x>a</script>": [],
    b"<math><script>a</script></math>": [],
    b"<svg><script type=x><script>a</script>b</script></svg>": [(True, b"a")],
    b"<svg><desc><script>a</desc></script></desc></svg>": [(False, b"a</desc>")],
    b"<svg><script>a<desc><script>b</script>c</desc>d</script>": [(True, b"ad"), (False, b"b")],
}


@pytest.mark.parametrize("page", CODES, ids=lambda page: page[:70].decode())
@pytest.mark.parametrize("step", [None, 50, 3], ids=["whole", "fifties", "threes"])
def test_the_code_of_svg_scripts_comes_whole(page: bytes, step: int | None) -> None:
    assert codes(page, step) == CODES[page]


def test_a_reference_without_end() -> None:
    assert codes(b"<svg><script>&#" + b"9" * 5000 + b";a</script>") == [(True, b"?a")]


def test_an_svg_script_that_is_too_long_to_wait_for() -> None:
    heard = Heard()
    scanner = Scanner(heard, script_cap=64)
    page = b"<svg><script>a<script type=x>" + b"b" * 200 + b"</script><script>c</script></script></svg>"
    out = b"".join(scanner.feed(page[at : at + 9])[1] for at in range(0, len(page), 9))
    assert out + scanner.feed(b"", final=True)[1] == page
    assert [(tag.start, code) for tag, code in heard.scripts] == [(5, None), (238, b"c")]


class TestTooLongAgo:
    """The past is forgotten: both ways to read on are followed."""

    @pytest.fixture(autouse=True)
    def short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(replay, "PAST_CAP", 16)

    # At the end tag of an element that may be open; at a tag that may be a table's; at a frameset.
    PAGES = (
        b"<div>" + b"x" * 40 + b"<svg></div><title><img src=1></title><img src=2>",
        b"<x></x>" + b"x" * 40 + b"<svg></x><title><img src=1></title><img src=2>",
        b"<table><td>" + b"x" * 40 + b"<svg><desc><td><title><img src=1></title><img src=2>",
        b"<!--" + b"x" * 40 + b"--><frameset><title><frame src=1></title><frame src=2>",
        b"<template>" + b"x" * 40 + b"<col><style></template><img src=1></style><img src=2>",
    )

    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize("step", [None, 9, 1])
    def test_both_ways_are_told(self, page: bytes, step: int | None) -> None:
        found = seen(page, step)
        assert found["1"] == DISPUTED
        assert found["2"] in (COMMON, DISPUTED)

    @pytest.mark.parametrize("step", [None, 9, 1])
    def test_what_is_near_is_still_known(self, step: int | None) -> None:
        page = b"<div><svg></div><title><img src=1></title>" + b"<p>text</p>" * 9 + b"<img src=2>"
        assert seen(page, step) == {"2": COMMON}

    def test_more_doubts_than_are_followed(self) -> None:
        page = (
            b"x" * 40
            + b"<svg></x><svg></y><desc><table></desc></z><foreignobject><math></foreignobject></q>" * 9
        )
        assert seen(page + b"<img src=1>")["1"] in (COMMON, DISPUTED)
        assert scan(page + b"<frameset><col>" * 9)

    def test_two_ways_too_deep_to_be_compared(self) -> None:
        assert seen(b"x" * 40 + b"<svg></x><svg>" + b"<g>" * 100 + b"<input src=1><img src=2>") == {
            "1": COMMON,
            "2": COMMON,
        }

    def test_an_open_script(self) -> None:
        assert codes(b"x" * 40 + b"<svg><script>a</x>b</script>") == [(True, None)]


class TestTooDeep:
    """More is open, or needs more steps to look through, than we follow."""

    def test_deep(self) -> None:
        page = b"<svg>" + b"<g>" * 5000 + b"</g>" * 5000 + b"</svg><img src=1>"
        assert seen(page) == {"1": COMMON}
        assert seen(page, 4096) == {"1": COMMON}

    @pytest.mark.parametrize("depth", [3, 4, 5, 6, 8])
    def test_anywhere(self, monkeypatch: pytest.MonkeyPatch, depth: int) -> None:
        monkeypatch.setattr(stack, "DEPTH_CAP", depth)
        for middle in (
            b"<b><i><u></div>text</b>",
            b"<noscript><p><p><div><div></noscript>",
            b"<div><form></form>",
            b"<p><b><i></p>text",
            b"<desc><noscript><svg></noscript></desc>",
            b"<p><b></p><div><div>text",
            b"<form><form>",
        ):
            page = b"<div><div><svg><desc>" + middle + b"</desc></div><img src=1>" + b"</svg><p><img src=2>"
            found = seen(page)
            assert {"1", "2"} <= set(found)
            assert seen(page, 1).keys() == found.keys()

    def test_long_walks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stack, "WORK_CAP", 300)
        page = b"<svg><desc><div>" + b"<span>" * 60 + b"</x>" * 60 + b"<img src=1>"
        assert "1" in seen(page)
        page = b"<svg><desc>" + b"<b><p>" * 60 + b"</b><img src=1>"
        assert "1" in seen(page)


class TestCutTags:
    """Start tags that are too long to wait for change what follows too."""

    def scan(self, page: bytes) -> Heard:
        heard = Heard()
        scanner = Scanner(heard, tag_cap=32)
        out = b"".join(scanner.feed(page[at : at + 7])[1] for at in range(0, len(page), 7))
        assert out + scanner.feed(b"", final=True)[1] == page
        return heard

    @pytest.mark.parametrize(
        ("page", "images"),
        [
            (b"<svg><g %b><title><img src=1></title>", [b"1"]),
            (b"<svg><g %b></g></svg><title><img src=0></title><img src=1>", [b"1"]),
            (b"<svg><title %b/><style><img src=1></style>", [b"1"]),
            (b"<svg %b/><title><img src=0></title><img src=1>", [b"1"]),
            (b"<svg %b><title><img src=1></title>", [b"1"]),
            (b"<svg><desc><style %b><img src=0></style></desc><img src=1>", [b"1"]),
            (b"<svg><p %b><title><img src=0></title><img src=1>", [b"1"]),
            (b"<noscript %b><img src=1></noscript><img src=2>", [b"1", b"2"]),
            (b"<svg><desc><noscript %b><img src=1></noscript><img src=2>", [b"1", b"2"]),
            (b"<frameset %b><title><frame src=1></title>", [b"1"]),
            (b"<template %b><col %b><style></template><img src=1></style>", [b"1"]),
            (
                b"<div><svg><desc><form %b></form></desc></div %b><title><img src=0></title><img src=1>",
                [b"1"],
            ),
        ],
    )
    def test_they_are_followed(self, page: bytes, images: list[bytes]) -> None:
        heard = self.scan(page.replace(b"%b", b"x='" + b"y" * 200 + b"'"))
        assert [tag.get(b"src") for tag in heard.tags if tag.get(b"src")] == images

    def test_an_svg_script(self) -> None:
        heard = self.scan(b"<svg><script x='" + b"y" * 200 + b"'>a</script><title><img src=1></title>")
        assert [tag.cut for tag in heard.tags] == [True, False]
        assert heard.scripts == []


def test_xhtml_knows_svg_too() -> None:
    heard = Heard()
    page = (
        b"<html><svg><g/><image href='1'/><foreignObject><img src='2'/><svg/></foreignObject>"
        b"<image href='3'/></svg>"
        b"<img src='4'/><math><mi/><p/></math></g>"
        b"<svg><foreignObject></svg><svg><script>a</script></svg></html>"
    )
    Scanner(heard, xml=True).feed(page, final=True)
    assert [(tag.name, tag.foreign) for tag in heard.tags] == [
        (b"image", True),
        (b"img", False),
        (b"image", True),
        (b"img", False),
    ]
    assert [code for _, code in heard.scripts] == [b"a"]


def test_what_is_known_is_not_told_again() -> None:
    class Known:
        def __init__(self) -> None:
            self.known: dict[bytes, bytes | None] = {b"<img src=7>": None, b"<img src=8>": b"8"}
            self.judged: list[Tag] = []
            self.met: list[tuple[int, object]] = []

        def judge(self, text: bytes) -> object:
            tag = read_tag(text)
            self.judged.append(tag)
            self.known[text] = tag.get(b"src") if b"//" in text else None
            return self.known[text]

        def again(self, offset: int, made: object) -> None:
            self.met.append((offset, made))

    heard, memory = Heard(), Known()
    page = (
        b"<p><img src=1><img src=//2><noscript><img src=3><!-- --></noscript>"
        b"<svg><image href=4 /></div></svg><IMG src=//5><img src=//2><script src=//6 ></script>"
        b"<img src=7><img src=8>"
    )
    Scanner(heard, memory=memory).feed(page, final=True)
    # While several readings are followed the handler hears of all.
    assert [tag.get(b"src") or tag.get(b"href") for tag in heard.tags] == [b"3", b"4"]
    assert [tag.get(b"src") for tag in memory.judged] == [b"1", b"//2", b"//5", b"//6"]
    assert [(tag.name, tag.start, tag.name_end) for tag in memory.judged[2:]] == [
        (b"img", 0, 4),
        (b"script", 0, 7),
    ]
    assert memory.met == [
        (page.index(made), source) for made, source in ((b"<img src=//2", b"//2"), (b"<IMG", b"//5"))
    ] + [
        (page.rindex(b"<img src=//2"), b"//2"),
        (page.index(b"<script"), b"//6"),
        (page.index(b"<img src=8"), b"8"),
    ]


def test_in_a_head_too() -> None:
    class Nothing:
        known: dict[bytes, None] = {}  # noqa: RUF012 - nothing is written there

        def judge(self, text: bytes) -> object:
            return text

        def again(self, offset: int, made: object) -> None:
            met.append((offset, made))

    met: list[tuple[int, object]] = []
    heard = Heard()
    page = (
        b"<!doctype html><html><head><meta charset=utf-8><title>a</title>\n<!-- b --><link href=1 rel=a/>"
        b"<script type='application/json'>{}</script><script src=2></script>\n"
        b"<meta http-equiv=a content=b><link a>"
    )
    Scanner(heard, memory=Nothing()).feed(page + b"text", final=True)
    assert [text for _, text in met] == [b"<link href=1 rel=a/>", b"<script src=2></script>", b"<link a>"]
    assert all(page[at:].startswith(text) for at, text in met)
    assert heard.bodies == [len(page)]


# Addresses in style elements: the text that begins at each, and what it says.
STYLES: dict[bytes, list[tuple[bytes, bytes, bytes]]] = {
    b"<style>a{b:url(1)}</style>": [(b"1)", b"url", b"1")],
    b"<style>@import '\\31 ';</style>": [(b"\\31 ", b"import", b"1")],
    b"<style>a{b:url(1": [(b"1", b"url", b"1")],
    b"<svg><style>a{b:url(1)}</style></svg>": [(b"1)", b"url", b"1")],
    b"<svg><g><style>a{b:url(1)}</style><x>": [(b"1)", b"url", b"1")],
    b"<svg><style><![CDATA[ @import '1&amp;2'; ]]></style></svg>": [(b"1&amp;2'", b"import", b"1&amp;2")],
    b"<svg><title/><style>@import url&#40;1&#x29;</style></svg>": [(b"1&#x29;", b"import", b"1")],
    b"<svg><title/><style>@import &quot;1&quot;</style></svg>": [(b"1&quot;", b"import", b"1")],
    b"<svg><title/><style>a{b:url(1)}": [(b"1)", b"url", b"1")],
    b"<svg><title/><style><g>a{b:url(1)}</g></style></svg>": [],
    b"<svg><desc><style>a{b:url(1)}</style></desc></svg>": [(b"1)", b"url", b"1")],
}


@pytest.mark.parametrize("page", STYLES, ids=lambda page: page.decode())
@pytest.mark.parametrize("step", [None, 1, 7], ids=["whole", "bytes", "pieces"])
def test_the_addresses_of_a_style_element_are_told(page: bytes, step: int | None) -> None:
    tags = [tag for tag in scan(page, None if step is None else lambda: step).tags if tag.css]
    assert [(page[tag.start :], *tag.attributes[0][::2]) for tag in tags] == [
        (page[page.index(rest) :], name, value) for rest, name, value in STYLES[page]
    ]
    assert all(tag.start == tag.name_end == tag.attributes[0].start for tag in tags)


def test_a_style_of_svg_is_not_waited_for_without_end() -> None:
    for begin, end in ((b"", b""), (b"<![CDATA[", b"]]>")):
        page = b"<svg><title/><style>" + begin + b"x:y;" * 10_000 + b"x:url(1)" + end
        scanner, out = Scanner(heard := Heard()), b""
        for at in range(0, len(page), 1000):
            out += scanner.feed(page[at : at + 1000])[1]
            assert at + 1000 - len(out) < 20_000
        scanner.feed(b"", final=True)
        assert len(heard.tags) == 1
