"""Attributes of one tag, read as a browser's tokeniser reads them (WHATWG HTML, section 13.2.5.32 and on)."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5
from typing import NamedTuple

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

_ATTRIBUTE = re.compile(
    rb"""[%(s)b/]*+(%(n)b)(?>(?:[%(s)b]*+=[%(s)b]*+(?:"([^"]*+)"|'([^']*+)'|([^%(s)b>"'][^%(s)b>]*+)|(?=>)))?)"""
    % {b"s": SPACE, b"n": NAME}
)


class Attribute(NamedTuple):
    """One attribute as it stands: ``name`` in lower case, ``start`` of the name, ``value`` undecoded."""

    name: bytes
    start: int
    value: bytes


def read_attributes(data: bytes | bytearray, start: int, end: int, base: int = 0) -> list[Attribute]:
    """The attributes of a complete tag between the end of its name and its ``>`` at ``end - 1``.

    base: where the data begins, for the attributes' own ``start``.
    """
    found = []
    for match in _ATTRIBUTE.finditer(data, start, end):
        name, double, single, bare = match.groups()
        value = double if double is not None else single if single is not None else bare or b""
        found.append(Attribute(bytes(name).lower(), base + match.start(1), bytes(value)))
    return found


def closes_itself(data: bytes | bytearray, start: int, end: int) -> bool:
    """Whether the slash of a complete tag that ends in ``/>`` belongs to no value (as in ``width=1/>``)."""
    last = start
    for match in _ATTRIBUTE.finditer(data, start, end):
        last = match.end()
    return last < end - 1


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
