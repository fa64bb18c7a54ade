"""HTML inside JSON: every string with a tag in it is gated as a fragment, and all other bytes stay.

The text is read as what RFC 8259 makes of it, string by string. What is inserted is escaped for the string it
stands in, so that valid JSON stays valid, and what is no JSON is no worse than before.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from cookiegate.gate.html.edits import Insertion
from cookiegate.gate.mapped import Escape, Mapped, escaped, from_json
from cookiegate.gate.page import GatedPage
from cookiegate.gate.plan import decide, inserted, read
from cookiegate.gate.steps import SLICE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cookiegate.consent.decide import Profile
    from cookiegate.gate.findings import Finding
    from cookiegate.gate.steps import Steps
    from cookiegate.policy.model import Policy

LIMIT = 4 * 1024 * 1024
"""Bytes of JSON that are held back to be read."""

# Everything up to a string with a "<" in it, however that is written.
_SKIP = re.compile(rb'(?:(?>[^"]++|"(?:(?>[^"\\<]++|\\(?!u003[cC])[\x00-\xff]))*+"))*+')
_STRING = re.compile(rb'"((?:(?>[^"\\]++|\\[\x00-\xff]))*+)("?)')
_TAG = re.compile(rb"<|\\u003[cC]")
_COLON = re.compile(rb"[ \t\r\n]*+:")


def is_named(paths: Sequence[str], path: str) -> bool:
    """Whether one of the policy's paths means this one; a ``*`` at the end stands for any rest."""
    return any(path.startswith(one[:-1]) if one.endswith("*") else path == one for one in paths)


def gate_json(raw: bytes, policy: Policy, profile: Profile, *, url: str) -> Steps[GatedPage]:
    """Hold what is not granted in the strings of a JSON text. url: the address it was fetched from.

    Offsets of findings are those of the text. Names of members are not values, and stay.
    """
    insertions: list[Insertion] = []
    findings: list[Finding] = []
    at = 0
    while at < len(raw):
        at = _SKIP.match(raw, at, at + SLICE).end()  # type: ignore[union-attr]  # matches anything
        if string := _STRING.match(raw, at):
            at = string.end()
            if string[2] and _TAG.search(string[1]) and not _COLON.match(raw, at):
                text = yield from _decoded(string[1], string.start(1))
                plan = yield from read(text.data, policy, url)
                cut = yield from decide(plan, profile)
                insertions += [
                    Insertion(text.place(o), escaped(t, (Escape.JSON,))) for o, t in cut.insertions
                ]
                findings += [replace(found, offset=text.place(found.offset)) for found in cut.findings]
        yield
    return GatedPage((yield from inserted(raw, insertions)), tuple(findings))


class _Text:
    """A string decoded in parts, and the way back from each."""

    def __init__(self, parts: list[Mapped]) -> None:
        self.data = b"".join([part.data for part in parts])
        self._parts = parts
        self._begins = [0]
        for part in parts[:-1]:
            self._begins.append(self._begins[-1] + len(part.data))

    def place(self, offset: int) -> int:
        """Where in the JSON text that stands which is at ``offset`` of the string."""
        number = bisect_right(self._begins, offset) - 1
        return self._parts[number].place(offset - self._begins[number])


def _decoded(inside: bytes, start: int) -> Steps[_Text]:
    """Resolve the escapes of a string. It is cut before spaces: those are part of no escape."""
    parts, at = [], 0
    while True:
        cut = inside.find(b" ", at + SLICE)
        end = cut if cut > 0 else len(inside)
        parts.append(from_json(inside[at:end], start + at))
        if end == len(inside):
            return _Text(parts)
        at = end
        yield
