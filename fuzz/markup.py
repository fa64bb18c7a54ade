"""Adversarial pages: pieces of markup that change how what follows is read, in any order.

Some tags carry a number, by which a test finds them again in what another parser made of the page.
"""

from __future__ import annotations

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
        '|<param>|<wbr>|</li>|</dd>|<desc>|<title>|<a ="x" b>|<b c =">">|<a b="c"=d>|<x "=\'>|<!-->'
        "|<!--->|<?php ?>|<!x>|</ x>|</>|<|>|<3"
    ),
    "foreign": _pieces(
        '<svg>|<svg>|<svg>|</svg>|<svg/>|<math>|<math>|</math>|<g>|</g>|<g x="1">|<path/>'
        "|<path d='a'></path>|<title>a</title>|<defs>|</defs>|<clippath>|</clippath>"
        "|<svg><g><path/></g></svg>|<svg x='1'>|<circle>|</circle>|</svg >|<text>a|</text>|<desc>"
        "|</desc>|<foreignobject>|</foreignobject>|<mi>|</mi>|<mo>|</mo>|<mglyph>|<malignmark>"
        "|<annotation-xml>|<annotation-xml encoding=text/html>|</annotation-xml>"
        "|<annotation-xml encoding='Application/XHTML+xml'>|<![CDATA[|]]>|<svg a=/>|<g a='/'/>"
        "|<svg><desc>|<math><mi>|<math><annotation-xml encoding=text/html>|<svg><foreignObject>"
        "|<svg><script>"
    ),
    "text": _pieces(
        "<style>|</style>|<title>|</title>|<textarea>|</textarea>|<script>|</script>|<xmp>|</xmp>"
        "|<iframe>|</iframe>|<noembed>|</noembed>|<noframes>|</noframes>|<!--|-->|--!>|</script/>"
        "|</SCRIPT\n>|<plaintext>"
    ),
    "table": _pieces(
        "<table>|</table>|<tr>|</tr>|<td>|</td>|<th>|<tbody>|</tbody>|<thead>|<caption>|</caption>"
        "|<colgroup>|</colgroup>|<col>|</tfoot>|<tfoot>"
    ),
    "page": _pieces("<html>|</html>|<head>|</head>|<body>|</body>|<frameset>|</frameset>|<frame>"),
    "template": ("<template>", "</template>", "<template><col>"),
    "select": ("<select>", "</select>", "<select><option>"),
    "noscript": ("<noscript>", "</noscript>", "<noscript><p a='", "'>", "<noscript><!--"),
}
WEIGHTS = {
    "html": 6,
    "foreign": 7,
    "text": 4,
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
)


def page(rnd: random.Random, *, without: Iterable[str] = (), numbered: tuple[str, ...] = NUMBERED) -> str:
    """One page. ``without``: kinds of pieces that the other parser reads by other rules."""
    kinds = [kind for kind in WEIGHTS if kind not in without]
    weights = [WEIGHTS[kind] for kind in kinds]
    parts = [rnd.choice(DOCTYPES)]
    for number in range(rnd.randint(2, 22)):
        if rnd.random() < 0.35:
            parts.append(rnd.choice(numbered).format(number))
        else:
            parts.append(rnd.choice(PIECES[rnd.choices(kinds, weights)[0]]))
    return "".join(parts)


class Heard:
    """Writes down what a scanner tells."""

    def __init__(self) -> None:
        self.tags: list[Tag] = []
        self.scripts: list[tuple[Tag, bytes | None]] = []
        self.bodies: list[int] = []

    def tag(self, tag: Tag) -> None:
        self.tags.append(tag)

    def script(self, tag: Tag, code: bytes | None) -> None:
        self.scripts.append((tag, code))

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
        if number:
            name = "img" if tag.name == b"image" and not tag.foreign else tag.name.decode()
            found.setdefault(int(number), []).append((name, tag.foreign, tag))
    return found
