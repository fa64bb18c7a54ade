"""What a browser would see as a tag, whatever stands around it and however it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiegate.gate.html.scanner import Scanner, Tag

if TYPE_CHECKING:
    import random


class Heard:
    """Writes down what a scanner tells."""

    def __init__(self) -> None:
        self.tags: list[Tag] = []
        self.scripts: list[tuple[Tag, bytes | None]] = []
        self.heads: list[int] = []
        self.bodies: list[int] = []

    def tag(self, tag: Tag) -> None:
        self.tags.append(tag)

    def script(self, tag: Tag, code: bytes | None) -> None:
        self.scripts.append((tag, code))

    def head(self, offset: int) -> None:
        self.heads.append(offset)

    def body(self, offset: int) -> None:
        self.bodies.append(offset)


def scan(page: bytes, *, xml: bool = False) -> Heard:
    heard = Heard()
    scanner = Scanner(heard, xml=xml)
    assert scanner.feed(page, final=True) == (0, page)
    return heard


def sources(heard: Heard) -> list[bytes]:
    """What the images and frames of a page show, in order."""
    return [
        a.value for tag in heard.tags for a in tag.attributes if a.name in (b"src", b"href", b"xlink:href")
    ]


SEEN: dict[bytes, list[bytes]] = {
    b"<img src=1>": [b"1"],
    b'<svg a="/"/><title><img src=0></title><img src=1>': [b"1"],
    b"<svg a=/><title><img src=1></title></svg>": [b"1"],
    b"<IMG SRC=1>": [b"1"],
    b"<image src=1>": [b"1"],
    b"text < 5 <img src=1>": [b"1"],
    b"<3<img src=1>": [b"1"],
    b"<img src=1": [],
    b"<": [],
    b"</": [],
    b"<!": [],
    b"</><img src=1>": [b"1"],
    b"</ <img src=0><img src=1>": [b"1"],
    b"<?x <img src=0><img src=1>": [b"1"],
    b"<!x <img src=0><img src=1>": [b"1"],
    b"<!DOCTYPE '><img src=1>'>": [b"1"],
    b"<!-- <img src=0> --><img src=1>": [b"1"],
    b"<!-- <img src=0> --!><img src=1>": [b"1"],
    b"<!--><img src=1>-->": [b"1"],
    b"<!---><img src=1>-->": [b"1"],
    b"<!--!><img src=0>--><img src=1>": [b"1"],
    b"<!---!><img src=0>--><img src=1>": [b"1"],
    b"<!----!><img src=1>-->": [b"1"],
    b"<!-- --- --- <img src=0> ---><img src=1>": [b"1"],
    b"<!-- <img src=0>": [],
    b"<!-<img src=0><img src=1>": [b"1"],
    b"<div title='<img src=0>'><img src=1>": [b"1"],
    b'<div title="<!--"><img src=1>': [b"1"],
    b"</div title='<img src=0>'><img src=1>": [b"1"],
    b'<div ="x" title="><img src=0>"><img src=1>': [b"1"],
    b"<title><img src=0></title><img src=1>": [b"1"],
    b"<title><img src=0></titles><img src=0></TITLE ><img src=1>": [b"1"],
    b"<textarea><img src=0></textarea><img src=1>": [b"1"],
    b"<style><img src=0></style><img src=1>": [b"1"],
    b"<style><!-- </style><img src=1>": [b"1"],
    b"<xmp><img src=0></xmp><img src=1>": [b"1"],
    b"<noembed><img src=0></noembed><img src=1>": [b"1"],
    b"<noframes><img src=0></noframes><img src=1>": [b"1"],
    b"<iframe src=f><img src=0></iframe><img src=1>": [b"f", b"1"],
    b"<plaintext><img src=0></plaintext><img src=0>": [],
    b"<script><img src=0></script><img src=1>": [b"1"],
    b"<script>'</scripts>'<img src=0></script/><img src=1>": [b"1"],
    b"<script><!-- <script></script> <img src=0> --></script><img src=1>": [b"1"],
    b"<script><!-- <script></script></script><img src=1>": [b"1"],
    b"<script><!--></script><img src=1>": [b"1"],
    b"<script><!-- --></script><img src=1>": [b"1"],
    b"<script><!-- <script> --></script><img src=1>": [b"1"],
    b"<script><!-- <script></script><img src=0>": [],
    b"<noscript><img src=1></noscript><img src=2>": [b"1", b"2"],
    b"<noscript><p title='</noscript><img src=1>": [b"1"],
    b"<noscript><!-- </noscript><img src=1>": [b"1"],
    b"<noscript><style> </noscript><img src=1>": [b"1"],
    b"<noscript><noscript><img src=1></noscript><img src=2>": [b"1", b"2"],
    b"<noscript><img src=1>": [b"1"],
    b"<noscript><img src=1><img src=": [b"1"],
    b"<template><img src=1></template>": [b"1"],
    b"<svg><image href=1 /><use xlink:href=2 /></svg><img src=3>": [b"1", b"2", b"3"],
    b"<svg><style><image href=1></style></svg>": [b"1"],
    b"<svg><title><img src=1></title></svg><img src=2>": [b"1", b"2"],
    b"<svg/><title><img src=0></title><img src=1>": [b"1"],
    b"<svg width=1/><title><img src=1></title></svg>": [b"1"],
    b"<svg><![CDATA[<image href=0>]]><image href=1></svg>": [b"1"],
    b"<![CDATA[<img src=0>]]><img src=1>": [b"1"],
    b"<svg><foreignObject><title><img src=0></title></foreignObject><title><img src=1></title></svg>": [b"1"],
    b"<svg><p><title><img src=0></title><img src=1>": [b"1"],
    b"<svg></p><title><img src=0></title><img src=1>": [b"1"],
    b"<svg><font><title><img src=1></title></font></svg>": [b"1"],
    b"<svg><font color=red><title><img src=0></title><img src=1>": [b"1"],
    b"<svg><g></g></b></svg><title><img src=0></title><img src=1>": [b"1"],
    b"<svg><foreignObject></svg><title><img src=0></title><img src=1>": [b"1"],
    b"<svg><svg></svg><style><image href=1></style></svg>": [b"1"],
    b"<math><mi><title><img src=0></title></mi><style><mglyph></style></math><img src=1>": [b"1"],
    b"<svg><script href=1></script><noscript><image href=2></noscript></svg>": [b"1", b"2"],
    b"<input type=image src=1><embed src=2><object data=x></object><body background=y>": [b"1", b"2"],
}


@pytest.mark.parametrize("page", SEEN, ids=lambda page: page.decode())
def test_only_what_a_browser_loads_is_seen(page: bytes) -> None:
    assert sources(scan(page)) == SEEN[page]


@pytest.mark.parametrize("page", SEEN, ids=lambda page: page.decode())
def test_it_is_the_same_byte_by_byte(page: bytes) -> None:
    heard, out = Heard(), b""
    scanner = Scanner(heard)
    for index in range(len(page)):
        offset, part = scanner.feed(page[index : index + 1])
        assert offset == len(out)
        out += part
    out += scanner.feed(b"", final=True)[1]
    assert out == page
    whole = scan(page)
    assert (heard.tags, heard.scripts, heard.bodies) == (whole.tags, whole.scripts, whole.bodies)


CODE: dict[bytes, list[bytes]] = {
    b"<script>a()</script>": [b"a()"],
    b"<script>a()": [b"a()"],
    b"<script type=''>a()</script>": [b"a()"],
    b"<script type=module>a()</script>": [b"a()"],
    b"<script type=' Text/JavaScript '>a()</script>": [b"a()"],
    b"<script language=JavaScript>a()</script>": [b"a()"],
    b"<script language=vbscript>a()</script>": [],
    b"<script type='application/ld+json'>{}</script>": [],
    b"<script type='text/template'><img src=0></script>": [],
    b"<script type='text/javascript; charset=utf-8'>a()</script>": [],
    b"<script src=x>a()</script>": [],
    b"<script src>a()</script>": [],
    b"<script>'<!--'</script>": [b"'<!--'"],
    b"<script><!--\na()\n//--></script>": [b"<!--\na()\n//-->"],
    b"<noscript><script>a()</script></noscript>": [b"a()"],
    b"<noscript><script>a()</noscript>": [b"a()</noscript>"],
    b"<svg><script>a()</script></svg>": [b"a()"],
}


@pytest.mark.parametrize("page", CODE, ids=lambda page: page.decode())
def test_inline_code_comes_whole(page: bytes) -> None:
    assert [code for _, code in scan(page).scripts] == CODE[page]


BODY: dict[bytes, int | None] = {
    b"<!doctype html><body>|x": 21,
    b"<html><head></head><body class='<body>'>x": 40,
    b"<!doctype html><title><body></title><p>x": 36,
    b"<!doctype html><script>'<body>'</script><BODY>x": 46,
    b"<!doctype html><!-- <body> --> text": 31,
    b"<!doctype html><head><meta charset=utf-8><link rel=x href=y></head>\n<p>": 68,
    b"<!doctype html><head><template><p><body></template><noscript><img src=1></noscript></head> x": 91,
    b"<!doctype html></template><p>": 26,
    b"<!doctype html></body>": 15,
    b"<!doctype html></br>": 15,
    b"<!doctype html>": 15,
    b"<html><head></head></html>": 19,
    b"<html><frameset><frame src=1></frameset>": None,
    b"\xef\xbb\xbf<!doctype html>x": 18,
    b"\xef\xbb": None,
    b"<p>fragment</p><body>": None,
    b"text": None,
    b"<div><body>": None,
    b"": None,
    b"<html><svg><title>x</title></svg>": 6,
}


@pytest.mark.parametrize("page", BODY, ids=lambda page: page.decode("utf-8", "replace"))
def test_the_body_begins_where_a_browser_begins_it(page: bytes) -> None:
    expected = BODY[page]
    assert scan(page).bodies == ([] if expected is None else [expected])


def test_xhtml_closes_every_element_with_a_slash() -> None:
    page = (
        b"<html><head><script src='a'/><title/><style/></head><body><![CDATA[<img src='0'/>]]>"
        b"<textarea><img src='1'/></textarea><plaintext/><img src='2'/><script>a()</script></body></html>"
    )
    heard = scan(page, xml=True)
    assert sources(heard) == [b"a", b"1", b"2"]
    assert [code for _, code in heard.scripts] == [b"a()"]


PIECES = [
    b"<img src=a>",
    b'<img src="b>c">',
    b"<img alt='<script>' src=q>",
    b"<script>",
    b"</script>",
    b"<!--",
    b"-->",
    b"--!>",
    b"<style>",
    b"</style>",
    b"<title>",
    b"</title>",
    b'<a ="x" b>',
    b'<a b="c"=d>',
    b"<svg>",
    b"</svg>",
    b"text",
    b" ",
    b"<!doctype html>",
    b"<head>",
    b"<body>",
    b"<iframe src=i>",
    b"</iframe>",
    b"<![CDATA[",
    b"]]>",
    b"</",
    b"<",
    b">",
    b'"',
    b"'",
    b"=",
    b"/",
    b"<noscript>",
    b"</noscript>",
    b"<script src=s>",
    b"<foreignobject>",
    b"<template>",
    b"</template>",
    b"<p>",
    b"</p>",
    b"<plaintext>",
    b"<frameset>",
    b"\xef\xbb\xbf",
    b"\x00",
]


@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join) | st.binary(),
    st.randoms(use_true_random=False),
)
def test_any_bytes_in_any_pieces_give_the_same(page: bytes, rnd: random.Random) -> None:
    whole, heard, out = scan(page), Heard(), b""
    scanner = Scanner(heard)
    at = 0
    while at < len(page):
        step = rnd.randint(0, 7)
        out += scanner.feed(page[at : at + step])[1]
        at += step
    out += scanner.feed(b"", final=True)[1]
    assert out == page
    assert (heard.tags, heard.scripts, heard.bodies) == (whole.tags, whole.scripts, whole.bodies)


def test_space_begins_no_body_in_xml_either() -> None:
    page = b"<html xmlns='http://www.w3.org/1999/xhtml'> <head/> <body> text</body></html>"
    assert scan(page, xml=True).bodies == [page.index(b" text")]


@pytest.mark.parametrize("page", [*SEEN, *CODE, *BODY], ids=lambda page: page.decode("latin-1"))
def test_one_byte_alone_changes_nothing(page: bytes) -> None:
    whole = scan(page)
    for at in range(len(page)):
        heard = Heard()
        scanner = Scanner(heard)
        out = b"".join(scanner.feed(part)[1] for part in (page[:at], page[at : at + 1], page[at + 1 :]))
        assert out + scanner.feed(b"", final=True)[1] == page
        assert (heard.tags, heard.scripts, heard.bodies) == (whole.tags, whole.scripts, whole.bodies), at


class TestCaps:
    """What is too long to wait for goes on, and is told as such."""

    def cut(
        self, page: bytes, *, step: int = 7, tag_cap: int = 32, script_cap: int = 64
    ) -> tuple[Heard, int]:
        """Scan in small pieces under small caps; also say how much was held back at the most."""
        heard, out, most = Heard(), b"", 0
        scanner = Scanner(heard, tag_cap=32, script_cap=64)
        for at in range(0, len(page), step):
            out += scanner.feed(page[at : at + step])[1]
            most = max(most, at + step - len(out))
        out += scanner.feed(b"", final=True)[1]
        assert out == page
        return heard, most

    def test_a_tag(self) -> None:
        heard, most = self.cut(
            b"<p><img class=c src='https://t.example/" + b"x" * 300 + b"' srcset=s><img src=1>"
        )
        first, second = heard.tags
        assert first.cut
        assert first.start == 3
        assert first.name_end == 7
        assert (first.get(b"src") or b"").startswith(b"https://t.example/xxx")
        assert first.get(b"srcset") is None
        assert second.get(b"src") == b"1"
        assert not second.cut
        assert most <= 48

    def test_attributes_keep_their_place(self) -> None:
        page = b"<!doctype html><title>x</title><p>" + b"y" * 50 + b"<img a=1 src=2 alt='" + b"z" * 99 + b"'>"
        tag = self.cut(page, step=5)[0].tags[0]
        assert [page[a.start :][: len(a.name)] for a in tag.attributes] == [b"src", b"alt"]

    def test_a_tag_cut_between_attributes(self) -> None:
        heard, _ = self.cut(b"<img a" + b" b=1" * 30 + b" src=1>", step=1)
        assert heard.tags[0].cut

    def test_a_script_element(self) -> None:
        heard, most = self.cut(b"<script>" + b"x" * 500 + b"</script><img src=1>")
        assert [(tag.start, code) for tag, code in heard.scripts] == [(0, None)]
        assert sources(heard) == [b"1"]
        assert most <= 96

    def test_a_script_tag(self) -> None:
        heard, _ = self.cut(b"<script data-x='" + b"x" * 100 + b"'><img src=0></script><img src=1>")
        assert heard.tags[0].cut
        assert heard.scripts == []
        assert sources(heard) == [b"1"]

    def test_names_without_end(self) -> None:
        heard, most = self.cut(b"<" + b"a" * 300 + b"img src=0>" + b"</" + b"b" * 300 + b"><img src=1>")
        assert sources(heard) == [b"1"]
        assert most <= 48

    def test_an_end_tag(self) -> None:
        heard, most = self.cut(b"<svg></svg x='" + b"x" * 300 + b"'><title><img src=0></title><img src=1>")
        assert sources(heard) == [b"1"]
        assert most <= 48

    def test_the_body_begins_before_a_long_tag(self) -> None:
        for first in (b"<div x='", b"</body x='"):
            heard, _ = self.cut(b"<!doctype html>" + first + b"x" * 300 + b"'>text")
            assert heard.bodies == [15]
        page = b"<!doctype html><body x='" + b"x" * 300 + b"'>"
        assert self.cut(page + b"text")[0].bodies == [len(page)]

    def test_a_long_html_tag_names_no_language(self) -> None:
        scanner = Scanner(Heard(), tag_cap=32)
        page = b"<html data-x='" + b"x" * 300 + b"' lang=de><body>"
        for at in range(0, len(page), 7):
            scanner.feed(page[at : at + 7])
        assert scanner.language is None

    def test_comments_and_text_flow(self) -> None:
        _, most = self.cut(b"<!--" + b"x" * 300 + b"-->" + b"y" * 300 + b"<style>" + b"z:y;" * 99, step=1)
        assert most <= 12

    def test_what_has_come_behind_the_body_tag(self) -> None:
        rest: list[bytes] = []

        class Handler(Heard):
            def body(self, offset: int) -> None:
                rest.append(scanner.pending)

        scanner = Scanner(Handler())
        scanner.feed(b"<!doctype html><body><a href=/x>", final=True)
        assert rest == [b"<a href=/x>"]


@pytest.mark.parametrize(
    ("page", "xml", "language"),
    [
        (b"<!doctype html><html lang=de><body>", False, b"de"),
        (b'<HTML class=x\nLANG = "de-AT" lang=en><p>', False, b"de-AT"),
        (b"<html lang=''><body>", False, b""),
        (b"<html xml:lang=fr><body>", False, None),
        (b"<html xml:lang='fr'><body>", True, b"fr"),
        (b"<html xml:lang='fr' lang='ar'><body>", True, b"ar"),
        # Another html tag adds what the first one does not say.
        (b"<html><html lang=de><html lang=en><body>", False, b"de"),
        (b"<html><head></head><body><html lang=de>", False, None),
        # These are none.
        (b"<!-- <html lang=de> --><html><body>", False, None),
        (b"<script>'<html lang=de>'</script><html><body>", False, None),
        (b"<template><html lang=de></template><body>", False, None),
        (b"<meta name='<html lang=de>'><body lang=de>", False, None),
    ],
)
def test_the_language_that_the_html_tag_names(page: bytes, xml: bool, language: bytes | None) -> None:
    for step in (1, 5, 999):
        scanner = Scanner(Heard(), xml=xml)
        for at in range(0, len(page), step):
            scanner.feed(page[at : at + step])
        scanner.feed(b"", final=True)
        assert scanner.language == language


HEADS = [
    (b"<!doctype html><html><head><meta charset=utf-8></head><body>x", 27),
    (b"<!doctype html>\n<!-- <head> -->\n<html lang=en>\n<HEAD class='<head>'>\n<title>x", 68),
    (b"<!doctype html><title>a</title><p>", 15),
    (b"<!doctype html>\n<link rel=stylesheet href=a><head>", 16),
    (b"<!doctype html>text", 15),
    (b"<!doctype html>", 15),
    (b"<html>text<head>", 6),
    (b"<html><body class=x>a", 6),
    (b"<html>\n<script>'<head>'</script><head>", 7),
    (b"<html><noscript><head></noscript><head>", 6),
    (b"<html><template><head></template><head>", 6),
    (b"<html></head><script></script>", 13),
    (b"<html><frameset><frame></frameset>", 6),
    (b"<body><p>", 0),
    (b"<title>x</title><body>y", 16),  # as late as it becomes known that this is a document
    (b"<title>x</title><head>y", 22),
    (b"<template><head></template><html>", 33),
    (b"<p>x", None),
    (b"<title>x</title><p>x<html><head>", None),
    (b"<li><head></li>", None),
    (b"", None),
]


class TestHead:
    @pytest.mark.parametrize(("page", "place"), HEADS)
    def test_where_the_head_begins(self, page: bytes, place: int | None) -> None:
        assert scan(page).heads == ([] if place is None else [place])

    @given(page=st.sampled_from([page for page, _ in HEADS]), data=st.data())
    def test_in_any_pieces(self, page: bytes, data: st.DataObject) -> None:
        heard, whole = Heard(), scan(page)
        scanner, at, left = Scanner(heard), 0, 0
        while at < len(page):
            count = data.draw(st.integers(1, 9))
            offset, out = scanner.feed(page[at : at + count])
            at, left = at + count, offset + len(out)
            # It can still be put there: what stands behind it has not left before it was told.
            assert heard.heads or not whole.heads or left <= whole.heads[0]
        scanner.feed(b"", final=True)
        assert (heard.heads, heard.bodies) == (whole.heads, whole.bodies)

    @pytest.mark.parametrize(
        ("page", "place"),
        [
            (b"<html><link " + b"a=b " * 50 + b"><body>", 6),
            (b"<body " + b"a=b " * 50 + b"><p>", 0),
            (b"<html><div " + b"a=b " * 50 + b"><p>", 6),
            (b"<html " + b"a=b " * 50 + b"><title>x</title>", 207),
            (b"<!doctype html><head " + b"a=b " * 50 + b"><title>x</title>", 222),
            (b"<frameset " + b"a=b " * 50 + b">", 0),
        ],
    )
    def test_long_tags(self, page: bytes, place: int) -> None:
        heard = Heard()
        scanner = Scanner(heard, tag_cap=64, script_cap=64)
        for byte in page:
            scanner.feed(bytes([byte]))
        scanner.feed(b"", final=True)
        assert heard.heads == [place]

    @pytest.mark.parametrize(
        ("page", "heads"),
        [
            (b"<html xmlns='http://www.w3.org/1999/xhtml'><head><title>x</title></head><body/></html>", [49]),
            (b"<html><body>x</body></html>", []),
            (b"<html><head/><body>x</body></html>", [13]),
        ],
    )
    def test_in_xml_nothing_is_implied(self, page: bytes, heads: list[int]) -> None:
        assert scan(page, xml=True).heads == heads
