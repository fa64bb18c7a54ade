"""Text that stands encoded inside other text (a document in an attribute, text in JSON), and the way back."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from cookiegate.gate.html.attrs import decode_value

if TYPE_CHECKING:
    from collections.abc import Callable

# The pattern of attrs.py on bytes: it touches ASCII only, so other bytes may mean whatever they mean.
_REFERENCE = re.compile(rb"&(?:#(?:[xX][0-9A-Fa-f]+|[0-9]+);?|[A-Za-z][A-Za-z0-9]*+(?:;|(?!=)))")
_HIGH, _LOW = rb"[dD][89abAB][0-9a-fA-F]{2}", rb"[dD][c-fC-F][0-9a-fA-F]{2}"
_JSON_ESCAPE = re.compile(rb"\\(?:u(?:%b\\u%b|[0-9a-fA-F]{4})|[\x00-\xff])" % (_HIGH, _LOW))
_JSON_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_JSON_LETTERS.update((character, character) for character in (b'"', b"\\", b"/"))

# How many escapes, up to what length, are remembered while one text is read.
_KNOWN, _SHORT = 1024, 40


class Escape(Enum):
    """How text is written where it stands."""

    ATTRIBUTE = auto()
    JSON = auto()


@dataclass(frozen=True, slots=True)
class Mapped:
    """``data`` is the text decoded, as UTF-8 where it was encoded; ``place`` leads back.

    ``start`` is where the raw text begins in the outer one. The rest are the turns in the way: from
    ``inner[i]`` of ``data`` on, which is ``outer[i]`` of the raw text, it goes byte by byte (odd ``i``), or
    there is one reference, up to the next turn.
    """

    data: bytes
    start: int = 0
    inner: array[int] | None = None
    outer: array[int] | None = None

    def place(self, offset: int) -> int:
        """Where in the outer text that begins which is at ``offset`` of ``data``, its end included."""
        if self.inner is None or self.outer is None:
            return self.start + offset
        turn = bisect_right(self.inner, offset) - 1
        if turn < 0:
            return self.start + offset
        return self.start + self.outer[turn] + (offset - self.inner[turn] if turn & 1 else 0)


def _referenced(reference: bytes) -> bytes:
    """What a character reference stands for; itself if it is none."""
    return decode_value(reference).encode()


def _json_unit(escape: bytes) -> bytes:
    if escape[1:2] != b"u" or len(escape) == 2:
        return _JSON_LETTERS.get(escape[1:], escape)
    units = b"".join(bytes.fromhex(part.decode()) for part in escape.split(b"\\u"))
    return units.decode("utf-16-be", "replace").encode()


def _map(raw: bytes, start: int, pattern: re.Pattern[bytes], read: Callable[[bytes], bytes]) -> Mapped:
    parts: list[bytes] = []
    inner: list[int] = []
    outer: list[int] = []
    known: dict[bytes, bytes] = {}
    shift = done = 0  # how much shorter the decoded text is so far
    for match in pattern.finditer(raw):
        written = match[0]
        text = known.get(written)
        if text is None:
            text = read(written)
            if len(known) < _KNOWN and len(written) < _SHORT:
                known[written] = text
        if text == written and pattern is _REFERENCE:
            continue  # not a reference after all
        begin, end = match.span()
        inner.append(begin - shift)
        outer.append(begin)
        shift += end - begin - len(text)
        inner.append(end - shift)
        outer.append(end)
        parts += (raw[done:begin], text)
        done = end
    if not parts:
        return Mapped(raw, start)
    parts.append(raw[done:])
    return Mapped(b"".join(parts), start, array("q", inner), array("q", outer))


def from_attribute(raw: bytes, start: int = 0) -> Mapped:
    """An attribute's value with its character references resolved, as in attributes.

    ``start`` is the offset of its first byte in the outer text. Bytes that need no decoding stay as they are.
    """
    return _map(raw, start, _REFERENCE, _referenced) if b"&" in raw else Mapped(raw, start)


def from_json(raw: bytes, start: int = 0) -> Mapped:
    """The inside of a JSON string with its escapes resolved (RFC 8259, section 7).

    Half of a surrogate pair alone becomes U+FFFD. What is no escape stays as it is.
    """
    return _map(raw, start, _JSON_ESCAPE, _json_unit) if b"\\" in raw else Mapped(raw, start)


_WRITTEN = {
    Escape.ATTRIBUTE: {code: f"&#{code};" for code in b"&<>\"'`=\t\n\f\r "},
    # Not only for JSON's sake: it mostly stands in a script element.
    Escape.JSON: {code: f"\\u{code:04x}" for code in (*range(32), *b"\"\\<>&'", 127)},
}


def escaped(text: bytes, through: tuple[Escape, ...]) -> bytes:
    """``text`` (ASCII) as it is written inside all of ``through``, the innermost first.

    It can be inserted wherever ``place`` leads: in an attribute its first character is a reference, so that
    none before it reads on (``&amp`` followed by a letter). One thing it cannot mend: ``&copy`` in
    ``&copyright`` is text because of the letter behind it, and becomes a reference if that letter moves away.
    """
    written = text.decode("ascii")
    for escape in through:
        first = ""
        if escape is Escape.ATTRIBUTE and written[:1] > "\0":  # NUL has no reference, and needs none
            first, written = f"&#{ord(written[0])};", written[1:]
        written = first + written.translate(_WRITTEN[escape])
    return written.encode()
