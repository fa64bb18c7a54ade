"""The addresses in the JSON of an import map or of speculation rules (HTML, sections 8.1.6.2 and 7.6.1.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cookiegate.gate.mapped import from_json

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(rb'"((?:(?>[^"\\]++|\\[\x00-\xff]))*+)"[\t\n\r ]*+(:?)|[\[\]{}]')
# In an import map anything else is the name of a module, or a path that browsers refuse.
_RELATIVE = ("/", "./", "../")


class RuleAddress(NamedTuple):
    """An address in the text. ``offset``: of its first byte, behind the quote. absolute: no base helps it."""

    offset: int
    text: str
    absolute: bool


def import_addresses(code: bytes) -> Iterator[RuleAddress]:
    """The addresses to which an import map leads."""
    for token in _TOKEN.finditer(code):
        if token[1] and not token[2]:
            text = _text(token[1])
            yield RuleAddress(token.start(1), text, not text.startswith(_RELATIVE))


def speculation_addresses(code: bytes) -> Iterator[RuleAddress]:
    """The addresses that speculation rules list.

    Rules that speak of the links in a page (``where``) load nothing that the page does not lead to anyway.
    """
    key = b""
    listed: list[bool] = []  # for each open array or object, whether it is an array of addresses
    for token in _TOKEN.finditer(code):
        text = token[1]
        if text is None:
            if token[0] in b"[{":
                listed.append(token[0] == b"[" and key == b"urls")
            elif listed:
                listed.pop()
            key = b""
        elif token[2]:
            key = _text(text).encode("utf-8", "replace")
        elif text and listed and listed[-1]:
            yield RuleAddress(token.start(1), _text(text), False)


def _text(raw: bytes) -> str:
    return (from_json(raw, 0).data if b"\\" in raw else raw).decode("utf-8", "replace")
