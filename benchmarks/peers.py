"""Other ways to hold the same trackers in a page, each as one would write it with care.

All use the same lean matcher, so that each figure is that of the parser. What they leave out: styles and
``ping``, ``srcdoc``, svg, ``<base>``, entities and escapes in addresses, encodings but UTF-8, what an author
declares, tags and scripts of any length, and a report of what was found.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.metadata import version
from importlib.util import find_spec
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from matcher import runs, service_of, service_of_set, services_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from lolhtml import Element

LOADING: dict[str, tuple[str, ...]] = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "link": ("href",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
}
SELECTOR = ", ".join(f"{tag}[{name}]" for tag, names in LOADING.items() for name in names)
INLINE = "script:not([src])"
_ATTRIBUTE = {
    name: re.compile(rf"(?<=[\s\"'/]){name}(?=\s*+=)", re.IGNORECASE)
    for names in (*LOADING.values(), ("type",))
    for name in names
}


class Peer(NamedTuple):
    """One of them: what to install for it, what to import, and how it holds a page."""

    name: str
    package: str
    module: str
    hold: Callable[[bytes], bytes]

    @property
    def missing(self) -> bool:
        return find_spec(self.module) is None

    @property
    def version(self) -> str:
        return f"{self.package} {version(self.package)}" if self.package else ""


def _named(name: str, value: str | None) -> str | None:
    if not value:
        return None
    return service_of_set(value) if name == "srcset" else service_of(value)


# --- html.parser


class _Offsets(HTMLParser):
    """The standard library's parser; edits are insertions at the offsets it tells."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self._lines = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
        self._script: int | None = None
        self._code: list[str] = []
        self.edits: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = LOADING.get(tag)
        if names is None:
            return
        found = dict(reversed(attrs))  # the first of a name counts
        script = tag == "script"
        if script and not runs(found.get("type")):
            return
        line, column = self.getpos()
        start = self._lines[line - 1] + column
        if script and "src" not in found:
            self._script, self._code = start + len("<script"), []
        for name in names:
            value = found.get(name)
            service = _named(name, value)
            if service is not None:
                inert = ' type="text/plain"' if script else ""
                self.edits.append((start + 1 + len(tag), f'{inert} data-cg-service="{service}"'))
                for renamed in (name, *(("type",) if script and "type" in found else ())):
                    # A value that holds `src=` behind a space would be taken for the attribute.
                    place = _ATTRIBUTE[renamed].search(self.get_starttag_text() or "")
                    if place:
                        self.edits.append((start + place.start(), "data-cg-"))

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._code.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._script is not None and tag == "script":
            services = services_in("".join(self._code))
            if services:
                self.edits.append((self._script, f' type="text/plain" data-cg-service="{services}"'))
            self._script = None


def html_parser(page: bytes) -> bytes:
    """Hold with ``html.parser``: every other byte stays as it is."""
    text = page.decode()
    parser = _Offsets(text)
    parser.feed(text)
    parser.close()
    parts, last = [], 0
    for offset, insertion in sorted(parser.edits, key=lambda edit: edit[0]):
        parts += [text[last:offset], insertion]
        last = offset
    return "".join([*parts, text[last:]]).encode()


# --- selectolax


def selectolax(page: bytes) -> bytes:
    """Hold with selectolax (lexbor, in C): the whole page is written anew."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(page)
    for node in tree.css(f"{SELECTOR}, {INLINE}"):
        tag = node.tag or ""
        found = node.attributes
        if tag == "script":
            if not runs(found.get("type")):
                continue
            if "src" not in found:
                services = services_in(node.text())
                if services:
                    node.attrs["type"] = "text/plain"
                    node.attrs["data-cg-service"] = services
                continue
        for name in LOADING[tag]:
            value = found.get(name)
            service = _named(name, value)
            if value is not None and service is not None:
                node.attrs[f"data-cg-{name}"] = value
                del node.attrs[name]
                if tag == "script":
                    node.attrs["type"] = "text/plain"
                node.attrs["data-cg-service"] = service
    return (tree.html or "").encode()


# --- lxml


def lxml(page: bytes) -> bytes:
    """Hold with lxml.html (libxml2, in C): the whole page is written anew."""
    from lxml import html

    tree = html.document_fromstring(page)
    for node in tree.iter(*LOADING):
        found = node.attrib
        if node.tag == "script":
            if not runs(found.get("type")):
                continue
            if "src" not in found:
                services = services_in(node.text or "")
                if services:
                    found["type"] = "text/plain"
                    found["data-cg-service"] = services
                continue
        for name in LOADING[node.tag]:
            value = found.get(name)
            service = _named(name, value)
            if service is not None:
                found[f"data-cg-{name}"] = found.pop(name)
                if node.tag == "script":
                    found["type"] = "text/plain"
                found["data-cg-service"] = service
    written: bytes = html.tostring(tree, encoding="utf-8", doctype="<!doctype html>")
    return written


# --- python-lolhtml

_RAW_END = {
    name: re.compile(rb"</%b[\t\n\f\r />]" % name, re.IGNORECASE) for name in (b"script", b"noscript")
}


class _Loads:
    """Holds the elements that load by one attribute."""

    def __init__(self, name: str) -> None:
        self._name = name

    def element(self, element: Element) -> None:
        value = element.get_attribute(self._name)
        service = _named(self._name, value)
        if value is None or service is None:
            return
        if element.tag_name == "script":
            kind = element.get_attribute("type")
            if not runs(kind):
                return
            if kind is not None:
                element.set_attribute("data-cg-type", kind)
            element.set_attribute("type", "text/plain")
        element.set_attribute(f"data-cg-{self._name}", value)
        element.remove_attribute(self._name)
        element.set_attribute("data-cg-service", service)


class _Waiting:
    """Remembers where in the output the elements stand whose text is to be read once it is there."""

    def __init__(self, output: list[Any], places: list[tuple[int, bytes]], name: bytes) -> None:
        self._output = output
        self._places = places
        self._name = name

    def element(self, element: Element) -> None:
        if self._name == b"noscript" or runs(element.get_attribute("type")):
            self._places.append((len(self._output), self._name))


def lolhtml(page: bytes) -> bytes:
    """Hold with lol-html (in Rust): what no handler asks for is copied.

    When a script's text comes, its start tag has left. So the output is kept, in the pieces it comes in: one
    for each element with a handler, one for all between two of them. Start tags of scripts that have to wait
    are changed there, afterwards. That is faster than text handlers, which are called for each ``<`` in a
    script, and than a second pass. What stands in ``noscript`` is text to lol-html, and is gated as a page of
    its own. This keeps the whole page, so it streams no more; and to it, ``</script>`` inside
    ``<!--<script>`` is the end.
    """
    from lolhtml import HTMLRewriter

    output: list[Any] = []  # bytes; the library's own type for a sink is wider
    places: list[tuple[int, bytes]] = []
    rewriter = HTMLRewriter(output.append)
    by_name: dict[str, list[str]] = {}
    for tag, names in LOADING.items():
        for name in names:
            by_name.setdefault(name, []).append(f"{tag}[{name}]")
    for name, selectors in by_name.items():
        rewriter.on(", ".join(selectors), _Loads(name))
    rewriter.on(INLINE, _Waiting(output, places, b"script"))
    rewriter.on("noscript", _Waiting(output, places, b"noscript"))
    rewriter.write(page)
    rewriter.end()
    for place, tag_name in places:
        start, text = output[place], b"".join(output[place + 1 : place + 2])
        ended = _RAW_END[tag_name].search(text)
        end = ended.start() if ended else len(text)
        if tag_name == b"noscript":
            output[place + 1] = lolhtml(text[:end]) + text[end:]
        elif services := services_in(text[:end].decode()):
            at = len(b"<script")
            output[place] = (
                start[:at] + b' type="text/plain" data-cg-service="%b"' % services.encode() + start[at:]
            )
    return b"".join(output)


PEERS = (
    Peer("python-lolhtml", "python-lolhtml", "lolhtml", lolhtml),
    Peer("selectolax, written anew", "selectolax", "selectolax", selectolax),
    Peer("lxml.html, written anew", "lxml", "lxml", lxml),
    Peer("html.parser, edits at offsets", "", "html.parser", html_parser),
)
