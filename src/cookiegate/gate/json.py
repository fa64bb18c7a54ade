"""HTML inside JSON: every string with a tag in it is gated as a fragment, and all other bytes stay.

The text is read as what RFC 8259 makes of it, string by string. What is inserted is escaped for the string it
stands in, so that valid JSON stays valid, and what is no JSON is no worse than before.
"""

from __future__ import annotations

import re
from bisect import bisect_right
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
    from cookiegate.gate.plan import Cut
    from cookiegate.gate.steps import Steps
    from cookiegate.policy.model import Policy

LIMIT = 4 * 1024 * 1024
"""Bytes of JSON that are held back to be read."""

# Everything up to a string with a "<" in it, however that is written.
_SKIP = re.compile(rb'(?:(?>[^"]++|"(?:(?>[^"\\<]++|\\(?!u003[cC])[\x00-\xff]))*+"))*+')
_INSIDE = re.compile(rb'(?:(?>[^"\\]++|\\[\x00-\xff]))*+')
_COLON = re.compile(rb"[ \t\r\n]*+:")
# A part of a string that ends between two escapes. Half a surrogate pair is never cut off.
_PART = re.compile(
    rb"(?:(?>[^\\]{1,512}|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|\\u[0-9a-fA-F]{4}|\\[\x00-\xff])){1,1024}+"
)
# Nothing loads without an attribute that has a value, or the text of one of these elements.
_TAG = re.compile(rb"<[A-Za-z]")
_CODE = re.compile(rb"<s(?:cript|tyle)", re.IGNORECASE)
_PLACED = 256


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
        yield
        if not raw.startswith(b'"', at):
            continue
        begin, end = at + 1, (yield from _end_of_string(raw, at + 1))
        at = end + 1
        if not raw.startswith(b'"', end) or _COLON.match(raw, at):
            continue
        inside = raw[begin:end]
        if b"\\" in inside or _may_load(inside):
            text = yield from _decoded(inside, begin)
            if _may_load(text.data):
                plan = yield from read(text.data, policy, url)
                cut = yield from decide(plan, profile)
                yield from _take(text, cut, insertions, findings)
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


def _may_load(text: bytes) -> bool:
    return (b"=" in text and _TAG.search(text) is not None) or _CODE.search(text) is not None


def _end_of_string(raw: bytes, at: int) -> Steps[int]:
    """Find the quotation mark that ends the string from ``at`` on; any other place where there is none."""
    while at < len(raw):
        at = _INSIDE.match(raw, at, at + SLICE).end()  # type: ignore[union-attr]  # matches anything
        if raw.startswith(b'"', at) or at + 1 == len(raw):
            break
        yield
    return at


def _decoded(inside: bytes, start: int) -> Steps[_Text]:
    """Resolve the escapes of a string, in parts."""
    parts, at = [], 0
    while part := _PART.match(inside, at):
        parts.append(from_json(part[0], start + at))
        at = part.end()
        yield
    return _Text(parts)


def _take(text: _Text, cut: Cut, insertions: list[Insertion], findings: list[Finding]) -> Steps[None]:
    """Write what was found in a string as it is in the whole text."""
    for number, (offset, added) in enumerate(cut.insertions):
        insertions.append(Insertion(text.place(offset), escaped(added, (Escape.JSON,))))
        if number % _PLACED == 0:
            yield
    for number, found in enumerate(cut.findings):
        findings.append(found.at(text.place(found.offset)))
        if number % _PLACED == 0:
            yield
