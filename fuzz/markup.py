"""Adversarial pages: pieces of markup that change how what follows is read, in any order.

Some tags carry a number, by which a test finds them again in what another parser made of the page.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cookiegate.gate.html.scanner import Scanner, Tag

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Mapping


def _pieces(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


PIECES: Mapping[str, tuple[str, ...]] = {
    "html": _pieces(
        "text| |&#32;|&amp;|\0|<p>|</p>|<div>|</div>|<span>|</span>|<b>|</b>|<i a>|</i>|<a>|</a>|<li>"
        "|<ul>|</ul>|<h1>|</h1>|<button>|</button>|<form>|</form>|<br>|</br>|<hr>|<nobr>|</nobr>|<dd>"
        "|<ruby>|<rt>|<rb>|</ruby>|<pre>|</pre>|<applet>|</applet>|<object>|</object>|<input>"
        "|<input type=hidden>|<x>|</x>|<option>|<optgroup>|</option>|<font>|</font>|<font color=1>"
        "|<param>|<wbr>|</li>|</dd>|<desc>|<title>|<isindex>|<keygen>|<image>|</image>|<dt>|<rp>|<rtc>"
        "|<marquee>|</marquee>|<h6>|</h3>|<center>|<dialog>|<search>|</form >|<center></center>|<main>"
        "|<address>|<ol>|</ol>|<dl>|<u><u><u><u>|<em class=a>|<em class='a'>|<font size=1>|<strong>"
        "|</strong>|</em>|</u>|</address>|<listing>|<fencedframe>|<portal>|<menuitem>|<embed>|<area>"
        "|<source>|<track>|<object data=a>|<video>|</video>|<slot>|<base>|<link>|<meta>|<frame>"
    ),
    "foreign": _pieces(
        '<svg>|<svg>|<svg>|</svg>|<svg/>|<math>|<math>|</math>|<g>|</g>|<g x="1">|<path/>'
        "|<path d='a'></path>|<title>a</title>|<defs>|</defs>|<clippath>|</clippath>"
        "|<svg><g><path/></g></svg>|<svg x='1'>|<circle>|</circle>|</svg >|<text>a|</text>|<desc>"
        "|</desc>|<foreignobject>|</foreignobject>|<mi>|</mi>|<mo>|</mo>|<mglyph>|<malignmark>"
        "|<annotation-xml>|<annotation-xml encoding=text/html>|</annotation-xml>"
        "|<annotation-xml encoding='Application/XHTML+xml'>|<![CDATA[|]]>|<svg a=/>|<g a='/'/>"
        "|<svg><desc>|<math><mi>|<math><annotation-xml encoding=text/html>|<svg><foreignObject>"
        "|<svg><script>|<svg><font color>|<svg><font>|<svg><font xlink:color=1>|<svg><title>|<mtext>"
        "|<ms>|<mn>|</mtext>|<math><annotation-xml><svg>|<annotation-xml encoding=text/html encoding=x>"
        "|<annotation-xml encoding=x encoding=text/html>|<annotation-xml encoding=' text/html'>"
        "|<annotation-xml encoding=text&#x2f;html>|<semantics>|<svg></p>|<svg></br>|<math></p>|</g/>"
        "|<svg><style>|<svg><textarea>|<svg><template>|<svg><select>|<svg><table>|<svg><plaintext>"
        "|<svg><noscript>|<svg><title/>|<svg><desc/>|<math><mi/>|<svg><a>|<svg><b>|<svg><x></b>|<mi/>"
        "|<svg><foreignobject><p>|<svg><desc><table>|<math><mi><table>|<svg><iframe>|<math><style>"
        "|<svg><foreignobject><svg>|<svg><lineargradient>|</lineargradient>|<svg><script/>|<script/>"
        "|<svg><![CDATA[>]]>|<![CDATA[]]>|<![CDATA[]]]]>|<![cdata[|]]|<svg><image>|<svg><frameset>"
    ),
    "text": _pieces(
        "<style>|</style>|<title>|</title>|<textarea>|</textarea>|<script>|</script>|<xmp>|</xmp>"
        "|<iframe>|</iframe>|<noembed>|</noembed>|<noframes>|</noframes>|</script/>"
        "|</SCRIPT\n>|<plaintext>|</style\f>|</TITLE/x='>'>|</textarea a='>|</stylex>|</style|<title/>"
        "|<script><!--|<script><!--<script>|<script><!--<script |<script><!-- <script></script>|<script"
        "|<!--<script>|<!--<scripts>|</script |</scripts>|<script><!-->|<script><!--->|<script>--><!--"
        "|<script><!--<script/|<script><!--</script>|<script>'<!--'</script>|<script><!- <script>"
        "|<script><!--<script></script\f|<script><!--<SCRIPT>-->|<plaintext/>|<iframe/>|</plaintext>"
    ),
    "comment": _pieces(
        "<!--|-->|--!>|<!-->|<!--->|<!---->|<!----!>|<!---!>|<!--->x-->|<!--a--!>|<!--a--!x-->|<!--a--|->"
        "|<!--a--->|<!-- <!-- -->|<!--<!-->|<!--<!--->|<!--<!---!>|<!-- - -- --- ->|<!--a-!>|<!|<!-|<!x>"
        "|<?php ?>|<?|<?x>|<?x a='>'?>|<?xml version=1?>|<? >|</ x>|</>|</?>|</!>|</!-->|</3>|<!doctype>"
        "|<!DOCTYPE html>|<!doctype html [ '>' ]>|<!doctype a 'b'>|<![if x]>|<![endif]>|<!--[if x]>"
        "|<![endif]-->|</|<!>|<!-x>|<?->"
    ),
    "odd": _pieces(
        '<a ="x" b>|<a b =">">|<a b="c"=d>|<x "=\'>|<|<3|<a b=1 b=\'>\'>|<a b=>|<a b= >|<a b="|\'>|"'
        "|>|=|/>|<p\0>|<\0p>|<p\fa>|<p\ra=1>|\r|\f|\r\n|\n|\t|<p/>|<p//a>|<b/=/>|<x/a=/>|<x a='>'b=\">\">"
        '|<x a=b"c>|<x a=b\'>|<x a"b=c>|<x <y>|<x<y>|<p a=<b>|<svg\0>|</svg\0>|<x\0y>|\0\0|&|&#|&am'
        "|<x a=`>`>|<p\n>|<p\v>|<x a='\0'>|</p a='>'>|</div/>|</b b=1>|<svg\n>|<svg\f/>|<svg / >|<svg/ a>"
        "|\u00a0|\u2028|<\u00e9>|<p\u00e9>|</\u00e9>|<x =>|<x a==>|<x a='b'/>|<x/>|<g a=b/>|<g a= />|&#0;&#x"
        "|&NewLine;|&nbsp;|&#10;|&#0;|\ufeff"
    ),
    "table": _pieces(
        "<table>|</table>|<tr>|</tr>|<td>|</td>|<th>|<tbody>|</tbody>|<thead>|<caption>|</caption>"
        "|<colgroup>|</colgroup>|<col>|</tfoot>|<tfoot>|<table><tr><td>|<table>x|<table> <tr>|<table><b>"
        "|<table><svg>|<table><template>|<table><script>|<table><input type=hidden>|<table><form>"
        "|<table><select>|<table><caption>|<table><math><mi>|<table><tr>\0|<table><colgroup>|</th>|</col>"
        "|<td><table>|<table><style>|<input type=' hidden'>|<input type=HIDDEN>|<input type=hidden type=x>"
        "|<input type=h&#105;dden>"
    ),
    "page": _pieces(
        "<html>|</html>|<head>|</head>|<body>|</body>|<frameset>|</frameset>|<frame>|<html a><html b>"
        "|</head> |</body> |</body>x|</html> <p>|<head><template>|<head></template>|<head><noscript>"
        "|</frameset></html>|<frameset><frameset>|<body><frameset>|<head><title>a</title>"
        "|</frameset><noframes>|<frameset><noscript>|<frameset><svg>|<frameset><script></script>"
        "|<div><frameset>|<p><frameset>|<input type=hidden><frameset>|<head></br>|</body><frameset>"
        "|<svg><desc><frameset>|<b><frameset>|<template><frameset>|</p><frameset>|<svg></svg><frameset>"
    ),
    "template": _pieces(
        "<template>|</template>|<template>|</template>|<template><col>|<template><tr>|<template><td>"
        "|<template><caption>|<template shadowrootmode=open>|<div><template shadowrootmode=open>"
        "|<template><html>|<template><frameset>|<template><p>"
        "|<template><tbody>|<template><svg>|<template><col></template>|<template><col><svg>"
        "|<template><template>|<template><form><form>|<template><select>|<template for=a>|<svg><template>"
        "|<template><col><template>|<template><col> x|<template><head>|<template></body>|</template >"
    ),
    "select": _pieces(
        "<select>|</select>|<select><option>|<select><svg>|<select><div>|<select><button>|<select><table>"
        "|<select><input>|<select><select>|<select><hr>|<select><textarea>|<select><selectedcontent>"
        "|<select multiple>|<select><keygen>|<select><p>|<select><optgroup><option>|<select><template>"
        "|<select><math><mi>|<selectedcontent>|</selectedcontent>|<select><b>|<select><option><b>|<legend>"
        "|<select><div><option>|<select><svg><desc>|<select><option><select>|<select><b><option>"
    ),
    "noscript": _pieces(
        "<noscript>|</noscript>|<noscript><p a='|'>|<noscript><!--|<noscript>|</noscript>"
        "|<noscript><noscript>|<head><noscript>|<head><noscript><p>|<head><noscript><style>"
        "|<head><noscript><link>|<noscript><svg>|<noscript><table>|<noscript><template>|</noscript >"
        "|<noscript><title>|<noscript><textarea>|<noscript><script>|<noscript><!--</noscript>"
        "|<noscript><plaintext>|<noscript><select>|<noscript></p>|<noscript></br>|<svg><noscript>"
        "|<noscript><frameset>|<noscript><svg><![CDATA[|<noscript><b>|<noscript><form>|<NOSCRIPT/>"
        "|<svg><desc><noscript>|<table><noscript>|<template><noscript>|<select><noscript>"
        "|<noscript></svg>|<noscript></table>|<noscript></template>|<noscript></div>"
    ),
}
WEIGHTS = {
    "html": 6,
    "foreign": 7,
    "text": 3,
    "comment": 2,
    "odd": 2,
    "table": 3,
    "page": 1,
    "template": 1,
    "select": 1,
    "noscript": 2,
}
DOCTYPES = ("", "", "<!doctype html>", "<!doctype html PUBLIC '-//W3C//DTD HTML 3.2//EN'>")
NUMBERED = (
    "<img data-service={}>",
    "<img data-service={}>",
    "<image data-service={}>",
    "<embed data-service={}>",
    "<script data-service={}></script>",
    "<input data-service={}>",
    "<IMG DATA-SERVICE={} DATA-SERVICE=999>",
    "<img/data-service={} />",
    "<img a='>' data-service = '{}'\n>",
    '<img a="b"data-service={} b=">">',
    "<img =data-service data-service={} <b>",
    "<image\fk={} />",
    "<script data-service={}><!--</script>",
    "<script href=a src=a data-service={} />",
    "<svg><script href=a data-service={} /></svg>",
    "<svg><image data-service={} /></svg>",
    "<svg><script data-service={}>",
    "<img\rk={} a=`'`>",
)


@cache
def _choice(without: frozenset[str]) -> tuple[str, ...]:
    """All pieces, each as often as its kind weighs."""
    others = tuple(f"<{kind}" for kind in without)
    found: list[str] = []
    for kind, weight in WEIGHTS.items():
        some = [each for each in PIECES[kind] if not any(other in each.lower() for other in others)]
        if kind not in without:
            found += [some[at % len(some)] for at in range(weight * 120)]
    return tuple(found)


def page(rnd: random.Random, *, without: Iterable[str] = (), numbered: tuple[str, ...] = NUMBERED) -> str:
    """One page. ``without``: kinds of pieces that the other parser reads by other rules."""
    pieces = _choice(frozenset(without))
    # Few different pieces meet each other more often than many.
    pool = [rnd.choice(pieces) for _ in range(rnd.randint(2, 10))] if rnd.random() < 0.6 else pieces
    parts = [rnd.choice(DOCTYPES)]
    for number in range(rnd.randint(2, 22)):
        if rnd.random() < 0.35:
            parts.append(rnd.choice(numbered).format(number))
        else:
            parts.append(rnd.choice(pool))
    text = "".join(parts).lstrip("\ufeff")  # where a page comes as text, that is no byte order mark
    # Some pages end in the middle of a tag.
    return text[: rnd.randrange(len(text) + 1)] if rnd.random() < 0.1 else text


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

    def all(self) -> list[Tag]:
        """Tags and inline scripts."""
        return self.tags + [tag for tag, _ in self.scripts]

    def same(self, other: Heard) -> bool:
        return (self.tags, self.scripts, self.bodies) == (other.tags, other.scripts, other.bodies)


def scan(data: bytes, step: Callable[[], int] | None = None) -> Heard:
    """Scan a page, at once or in pieces of the sizes that ``step`` gives.

    Raises AssertionError when what comes out is not what went in.
    """
    heard, out, at = Heard(), b"", 0
    scanner = Scanner(heard)
    while at < len(data):
        size = step() if step else len(data)
        offset, part = scanner.feed(data[at : at + size], final=step is None)
        if offset != len(out):
            raise AssertionError(offset, len(out))
        out += part
        at += size
    out += scanner.feed(b"", final=True)[1]
    if out != data:
        raise AssertionError(data)
    return heard


def numbers(tags: Iterable[Tag]) -> dict[int, list[tuple[str, bool, Tag]]]:
    """The numbered tags: each one's name as in the tree, and whether it is foreign."""
    found: dict[int, list[tuple[str, bool, Tag]]] = {}
    for tag in tags:
        number = tag.get(b"data-service")
        if number and number.isdigit():
            name = "img" if tag.name == b"image" and not tag.foreign else tag.name.decode()
            found.setdefault(int(number), []).append((name, tag.foreign, tag))
    return found
