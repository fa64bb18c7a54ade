"""Attributes of one tag, read as a browser's tokeniser reads them (WHATWG HTML, section 13.2.5.32 and on)."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

SPACE = rb"\t\n\f\r "

# A value after "=": quoted, bare, or missing because the tag ends. A quote only counts right here.
VALUE = rb"""(?:"[^"]*+"|'[^']*+'|[^%(s)b>"'][^%(s)b>]*+|(?=>))""" % {b"s": SPACE}
# "=" where a name is expected begins a name; anywhere else it ends one.
NAME = rb"(?:=[^%(s)b/>=]*+|[^%(s)b/>=]++)" % {b"s": SPACE}
_EXACT = rb"(?:(?>[%(s)b/]++|%(n)b(?:[%(s)b]*+=[%(s)b]*+%(v)b|(?![%(s)b]*+=))))*+>" % {
    b"s": SPACE,
    b"n": NAME,
    b"v": VALUE,
}
# Reads what people write in a third of the time; gives up (and leaves it to the exact rule) on an "="
# behind white space, a slash or a quote, where it would have to know what stands before.
_FAST = rb"""(?:(?>[^=>]++|(?<![%(s)b/"'])=[%(s)b]*+%(v)b))*+>""" % {b"s": SPACE, b"v": VALUE}

TAG_NAME = rb"[A-Za-z][^%(s)b/>]*+" % {b"s": SPACE}
TAG_REST = rb"(?:%b|%b)" % (_FAST, _EXACT)

# One attribute; the value is in the second, third or fourth group.
_ATTRIBUTE = (
    rb"""(%(n)b)(?>(?:[%(s)b]*+=[%(s)b]*+(?:"([^"]*+)"|'([^']*+)'|([^%(s)b>"'][^%(s)b>]*+)|(?=>)))?)"""
    % {
        b"s": SPACE,
        b"n": NAME,
    }
)
_EVERY = re.compile(rb"[%b/]*+%b" % (SPACE, _ATTRIBUTE))


def any_case(names: Iterable[bytes]) -> bytes:
    """An alternation that ignores case by classes, by their first letter, which ``re`` compares first."""
    letters = [
        (first, sorted({name[1:] for name in some}))
        for first, some in groupby(sorted(names), key=lambda name: name[:1])
    ]
    return b"|".join(
        b"%b(?:%b)" % (_either(first), b"|".join(b"".join(map(_either, _split(rest))) for rest in others))
        for first, others in letters
    )


def _split(name: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in name]


def _either(letter: bytes) -> bytes:
    return b"[%b%b]" % (letter, letter.upper()) if letter.isalpha() else re.escape(letter)


# The attributes that mean something to a reader of tags; handlers (on...) do too.
MEANT = frozenset(
    b"src srcset href xlink:href imagesrcset data poster background ping attributionsrc srcdoc code style"
    b" type language rel http-equiv content encoding color face size data-category data-service data-cg-keep"
    b" fill stroke filter mask clip-path marker-start marker-mid marker-end cursor to from by values"
    b" width height hidden".split()
)
_MEANT = rb"(?:[oO][nN]|(?:%b)[%b/>=])" % (any_case(MEANT), SPACE)
_OTHERS = rb"""(?:(?>[%(s)b/]++|(?!%(m)b)%(n)b(?>(?:[%(s)b]*+=[%(s)b]*+%(v)b)?)))*+""" % {
    b"s": SPACE,
    b"m": _MEANT,
    b"n": NAME,
    b"v": VALUE,
}
_MEANT_ONLY = re.compile(_OTHERS + _ATTRIBUTE)


class Attribute(NamedTuple):
    """One attribute as it stands: ``name`` in lower case, ``start`` of the name, ``value`` undecoded.

    gap: bytes from the start of the name to the value; 0 when it has none.
    """

    name: bytes
    start: int
    value: bytes
    gap: int = 0

    @property
    def value_at(self) -> int:
        """Where the value begins, behind its quote."""
        return self.start + self.gap


def read_attributes(
    data: bytes | bytearray, start: int, end: int, base: int = 0, *, every: bool = False
) -> list[Attribute]:
    """The attributes of a complete tag between the end of its name and its ``>`` at ``end - 1``.

    base: where the data begins, for the attributes' own ``start``. every: those that mean nothing here too.
    """
    found = []
    read = (_EVERY if every else _MEANT_ONLY).match
    while match := read(data, start, end):
        name, double, single, bare = match.groups()
        value = double if double is not None else single if single is not None else bare or b""
        name_at = match.start(1)
        # The last group that took part is the value, or the name where there is none.
        gap = match.start(match.lastindex) - name_at  # type: ignore[arg-type]  # the first always does
        found.append(Attribute(name.lower(), base + name_at, value, gap))
        start = match.end()
    return found


_ALL = re.compile(
    rb"(?:(?>[%(s)b/]*+%(n)b(?>(?:[%(s)b]*+=[%(s)b]*+%(v)b)?)))*+" % {b"s": SPACE, b"n": NAME, b"v": VALUE}
)


def closes_itself(data: bytes | bytearray, start: int, end: int) -> bool:
    """Whether a complete tag ends in a slash that belongs to no value (as in ``width=1/>``)."""
    return data[end - 2] == 0x2F and _ALL.match(data, start, end).end() < end - 1  # type: ignore[union-attr]  # matches anything


# Numeric references to the C1 range mean windows-1252 (WHATWG HTML, section 13.2.5.80).
_C1 = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}
_REFERENCE = re.compile(r"&(?:#(?:[xX]([0-9A-Fa-f]+)|([0-9]+));?|([A-Za-z][A-Za-z0-9]*)(;?)(?=(=?)))")


def _resolve(match: re.Match[str]) -> str:
    hexadecimal, decimal, name, semicolon, equals = match.groups()
    if name:
        # Without a semicolon only the old names count, and not before "=" or a letter: "&copy=1" stays.
        if semicolon:
            return html5.get(name + ";", match.group())
        return match.group() if equals else html5.get(name, match.group())
    # Ten digits say enough: what is longer is out of range, and int() of a million digits is slow.
    code = (
        int(hexadecimal.lstrip("0")[:10] or "0", 16) if hexadecimal else int(decimal.lstrip("0")[:10] or "0")
    )
    if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return "�"
    return _C1.get(code) or chr(code)


def decode_value(raw: bytes) -> str:
    """An attribute's value as the browser sees it: character references resolved as in attributes."""
    text = raw.decode("utf-8", "replace")
    return _REFERENCE.sub(_resolve, text) if "&" in text else text


# More digits than any character has.
_LONG = re.compile(r"&#0*([0-9]{8})[0-9]+")


def decode_text(text: str) -> str:
    """Text outside of tags with its character references resolved."""
    return unescape(_LONG.sub(r"&#\1", text)) if "&" in text else text
