"""Other ways to hold the same trackers in a page, each as one would write it with care.

They do less: no media, styles or ``srcset``, no encodings but UTF-8, no markup inside ``noscript``.
"""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import accumulate
from typing import TYPE_CHECKING

from cookiegate.catalog import Index, default_index, parse_url

if TYPE_CHECKING:
    from cookiegate.catalog.model import Service

LOADING = {"script": "src", "img": "src", "iframe": "src", "link": "href"}


def _service(index: Index, url: str | None) -> Service | None:
    parsed = parse_url(url) if url else None
    match = index.match_url(parsed) if parsed else None
    return match.service if match else None


class _Offsets(HTMLParser):
    """The standard library's parser; edits are insertions at the offsets it tells."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self._text = text
        self._index = default_index()
        self._lines = [0, *accumulate(len(line) for line in text.splitlines(keepends=True))]
        self._script: int | None = None
        self.edits: list[tuple[int, str]] = []

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = LOADING.get(tag)
        if name is None:
            return
        found = dict(attrs)
        after = self._offset() + 1 + len(tag)
        if tag == "script" and name not in found:
            self._script = after
        service = _service(self._index, found.get(name))
        if service is not None:
            inert = ' type="text/plain"' if tag == "script" else ""
            self.edits.append((after, f'{inert} data-cg-service="{service.id}"'))
            self.edits.append((self._text.index(name + "=", after), "data-cg-"))

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            for match in self._index.match_inline(data):
                self.edits.append((self._script, f' type="text/plain" data-cg-service="{match.service.id}"'))
                break
            self._script = None


def html_parser(page: bytes) -> bytes:
    """Hold with ``html.parser``: every other byte stays as it is."""
    text = page.decode()
    parser = _Offsets(text)
    parser.feed(text)
    parser.close()
    parts, last = [], 0
    for offset, insertion in parser.edits:
        parts += [text[last:offset], insertion]
        last = offset
    return "".join([*parts, text[last:]]).encode()


def selectolax(page: bytes) -> bytes:
    """Hold with selectolax (lexbor, in C): the whole page is written anew."""
    from selectolax.lexbor import LexborHTMLParser

    index = default_index()
    tree = LexborHTMLParser(page)
    for node in tree.css("script, img, iframe, link"):
        tag = node.tag or ""
        name = LOADING[tag]
        url = node.attributes.get(name)
        service = _service(index, url)
        if tag == "script" and url is None:
            found = index.match_inline(node.text())
            service = found[0].service if found else None
        if service is not None:
            if url is not None:
                node.attrs[f"data-cg-{name}"] = url
                del node.attrs[name]
            if tag == "script":
                node.attrs["type"] = "text/plain"
            node.attrs["data-cg-service"] = service.id
    return (tree.html or "").encode()
