"""Text that stands encoded inside other text (a document in an attribute, text in JSON), and the way back."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING

from cookiegate.gate.html.attrs import decode_value

if TYPE_CHECKING:
    from collections.abc import Callable

# The pattern of attrs.py on bytes: it touches ASCII only, so other bytes may mean whatever they mean.
_REFERENCE = re.compile(rb"&(?:#(?:[xX][0-9A-Fa-f]+|[0-9]+);?|[A-Za-z][A-Za-z0-9]*(?:;|(?=(=?))))")
_HIGH, _LOW = rb"[dD][89abAB][0-9a-fA-F]{2}", rb"[dD][c-fC-F][0-9a-fA-F]{2}"
_JSON_ESCAPE = re.compile(rb"\\(?:u(%b)\\u(%b)|u([0-9a-fA-F]{4})|([\x00-\xff]))" % (_HIGH, _LOW))
_JSON_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_JSON_LETTERS.update((character, character) for character in (b'"', b"\\", b"/"))


class Escape(Enum):
    """How text is written where it stands."""

    ATTRIBUTE = auto()
    JSON = auto()


@dataclass(frozen=True, slots=True)
class Mapped:
    """``data`` is the text decoded, as UTF-8 where it was encoded; ``place`` leads back.

    ``start`` is where the raw text begins in the outer one. The rest are the turns in the way: from
    ``inner[i]`` of ``data`` on, which is ``outer[i]`` outside, it goes byte by byte (odd ``i``), or up to the
    next turn there is one reference.
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
        return self.outer[turn] + (offset - self.inner[turn] if turn & 1 else 0)


@lru_cache(maxsize=1024)
def _referenced(reference: bytes, before_equals: bool) -> bytes:
    """What a reference stands for; itself if it is none."""
    if before_equals:
        return decode_value(reference + b"=")[:-1].encode()
    return decode_value(reference).encode()


def _attribute_unit(match: re.Match[bytes]) -> bytes:
    reference = match.group()
    # The longest name has 32 letters: what is longer is rare, or meant to fill the cache.
    read = _referenced if len(reference) < 40 else _referenced.__wrapped__
    return read(reference, match.group(1) == b"=")


def _json_unit(match: re.Match[bytes]) -> bytes:
    high, low, code, character = match.groups()
    if character:
        return _JSON_LETTERS.get(character, match.group())
    if low:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00).encode()
    return chr(int(code, 16)).encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _map(
    raw: bytes, start: int, pattern: re.Pattern[bytes], unit: Callable[[re.Match[bytes]], bytes]
) -> Mapped:
    parts: list[bytes] = []
    inner, outer = array("q"), array("q")
    done = length = 0
    for match in pattern.finditer(raw):
        text, (begin, end) = unit(match), match.span()
        if text == match.group() and pattern is _REFERENCE:
            continue  # not a reference after all
        length += begin - done
        inner.append(length)
        outer.append(start + begin)
        length += len(text)
        inner.append(length)
        outer.append(start + end)
        parts += (raw[done:begin], text)
        done = end
    if not parts:
        return Mapped(raw, start)
    parts.append(raw[done:])
    return Mapped(b"".join(parts), start, inner, outer)


def from_attribute(raw: bytes, start: int = 0) -> Mapped:
    """An attribute's value with its character references resolved, as in attributes.

    ``start`` is the offset of its first byte in the outer text. Bytes that need no decoding stay as they are.
    """
    return _map(raw, start, _REFERENCE, _attribute_unit) if b"&" in raw else Mapped(raw, start)


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
        first = f"&#{ord(written[0])};" if written and escape is Escape.ATTRIBUTE else ""
        written = first + written[1 if first else 0 :].translate(_WRITTEN[escape])
    return written.encode()
