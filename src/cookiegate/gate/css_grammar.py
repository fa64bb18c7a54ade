"""The tokens of CSS as patterns, and what functions mean for what is loaded (CSS Syntax 3)."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TypeAlias

Text: TypeAlias = bytes | bytearray

NEWLINES = b"\n\r\f"
BLANK = b" \t\n\r\f"
NAME_BYTES = bytes(
    byte for byte in range(256) if byte >= 0x80 or not byte or chr(byte).isalnum() or byte in b"-_"
)
# A longer name, escapes and all, is none of ours: the longest is 18 letters of at most 9 bytes.
LONG_NAME = 256
OPEN, CLOSE, SLASH, AT, BACKSLASH = b"()/@\\"


def _any_case(word: bytes) -> bytes:
    return b"".join(b"[%c%c]" % (c, c - 32) if chr(c).isalpha() else b"%c" % c for c in word)


_SPACE = rb"[ \t\n\r\f]*+"
# A whole escape: what follows it is here as far as it could belong to it.
_ESCAPE = (
    rb"\\(?:[^0-9a-fA-F\n\r\f]|[0-9a-fA-F]{1,6}+(?:\r\n|\r(?=[^\n])|[ \t\n\f]|(?=[^ \t\n\r\f])))"  # 4.3.7
)
_NAME = rb"(?:(?>[-\w\x80-\xff\x00]++|%b))*+" % _ESCAPE
_IN_DOUBLE = rb'(?:(?>[^"\\\n\r\f]++|%b|\\(?:\r\n|\r(?=[^\n])|[\n\f])))*+' % _ESCAPE
_IN_SINGLE = _IN_DOUBLE.replace(b'"', b"'")
_DATA = _any_case(b"data:")
_URL_FUNCTION = _any_case(b"url") + rb"\("

# By these the functions of ours are told from most others; function_of() tells them exactly.
_ENDS = [_any_case(end) for end in (b"url", b"src", b"-set", b"image", b"-fade")]
_SAME_ENDS = [
    _any_case(end) for end in (b"var", b"env", b"attr", b"if", b"herit", b"valid", b"-item", b"oggle")
]

_COMMENT = rb"/(?:(?=[^*])|\*[^*]*+\*++(?:(?>[^/*][^*]*+\*++))*+/)"
# Behind an @import or @namespace there may be an address only if it goes on like one.
_OTHER_AT = rb"@(?:(?=[^iInN\\])|(?![-\w]{0,9}(?:\\|\Z))(?!%b|%b)|%b|%b)" % (
    _any_case(b"import"),
    _any_case(b"namespace"),
    _any_case(b"import") + _SPACE + rb"(?=[^ \t\n\r\f\"'uUsS\\/])",
    _any_case(b"namespace") + _SPACE + rb"(?=[^ \t\n\r\f\\/\w\x80-\xff\x00-])",
)
# A name with an escape in it that is no function's.
_ESCAPED_NAME = rb"%b%b(?=[^(\\]|\\[\n\r\f])|\\[\n\r\f]" % (_ESCAPE, _NAME)
_LESS = rb"<(?=[^!]|![^-]|!-[^-])"
_STRINGS = rb"""\"%b(?:"|(?=[\n\r\f]))|'%b(?:'|(?=[\n\r\f]))""" % (_IN_DOUBLE, _IN_SINGLE)
_COMMON = rb"|".join((_COMMENT, _OTHER_AT, _ESCAPED_NAME, _LESS))

# A URL as nearly all are: whole, not long, without escapes. Its text is one of three groups.
_WHOLE_URL = rb"""%(space)b(?:"([^"\\\n\r\f]{1,2048}+)"|'([^'\\\n\r\f]{1,2048}+)'"""
_WHOLE_URL = (_WHOLE_URL + rb"""|([^\x00-\x20"'()\\\x7f]{1,2048}+))%(space)b\)""") % {b"space": _SPACE}
_OURS = rb"(?<=[^-\w\x80-\xff\x00#@]%b)" % _URL_FUNCTION

# Everything outside parentheses that can be nothing of ours: most of any sheet goes through here.
PLAIN = re.compile(
    rb"""(?:(?>[^"'(/@\\<]++|\((?:(?<![lcteLCTE]\()|%(others)b|(?<=%(url)b)%(space)b(?:\)|"%(data)b%(double)b"|"""
    rb"""'%(data)b%(single)b')|%(ours)b%(space)b%(data)b[^"'()\\\x00-\x20\x7f]*+\))|%(strings)b|%(common)b))*+"""
    rb"""(?:\(%(ours)b%(whole)b)?"""
    % {
        b"others": b"".join(rb"(?<!%b\()" % end for end in _ENDS),
        b"url": _URL_FUNCTION,
        b"ours": _OURS,
        b"whole": _WHOLE_URL,
        b"space": _SPACE,
        b"data": _DATA,
        b"double": _IN_DOUBLE,
        b"single": _IN_SINGLE,
        b"strings": _STRINGS,
        b"common": _COMMON,
    }
)
# The same within image-set() and its like, up to and with what matters there: one of the five groups. What
# ends in a dash is taken for no name: it may be "<!--".
NESTED = re.compile(
    rb"""(?:(?>[^"'()/@\\<]++|\((?<!%(url)b)[^"'()/@\\<]*+\)|"(?:"|(?=[\n\r\f]))|'(?:'|(?=[\n\r\f]))|%(common)b))*+"""
    rb"""(?:(\((?<![\w\x80-\xff\x00]\()\(*+)|(\)++)|(?=\((?<=[lcterfvdmLCTERFVDM]\()(?:%(known)b))"""
    rb"""|(\()|"([^"\\\n\r\f]++)"|'([^'\\\n\r\f]++)')?"""
    % {
        b"url": _URL_FUNCTION,
        b"common": _COMMON,
        b"known": rb"|".join(rb"(?<=%b\()" % end for end in (*_ENDS, *_SAME_ENDS)),
    }
)

SPACES = re.compile(_SPACE)
NAMES = re.compile(_NAME)
STRING = {ord('"'): re.compile(_IN_DOUBLE), ord("'"): re.compile(_IN_SINGLE)}
URL = re.compile(rb"""(?:(?>[^\x01-\x20"'()\\\x7f]++|%b))*+""" % _ESCAPE)
REST = re.compile(rb"(?:(?>[^)\\]++|\\[\x00-\xff]))*+")
WHOLE = re.compile(_WHOLE_URL)

_ESCAPES = re.compile(
    r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[ \t\n\r\f])?|(\r\n|[\n\r\f])|([^\n\r\f])?)|\x00", re.DOTALL
)


def _resolve(match: re.Match[str]) -> str:
    code, newline, character = match.groups()
    if code:
        number = int(code, 16)
        return (
            chr(number) if 0 < number < 0xD800 or 0xDFFF < number <= 0x10FFFF else "\N{REPLACEMENT CHARACTER}"
        )
    return "" if newline else character or "\N{REPLACEMENT CHARACTER}"


def decode(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return _ESCAPES.sub(_resolve, text) if b"\\" in raw or b"\x00" in raw else text


class Function(Enum):
    URL = auto()
    IMAGES = auto()  # strings in it are addresses
    SAME = auto()  # strings in it are what they are around it: it stands for a part of its argument
    OTHER = auto()


_FUNCTIONS = {
    b"url": Function.URL,
    **dict.fromkeys((b"src", b"image", b"image-set", b"-webkit-image-set"), Function.IMAGES),
    **dict.fromkeys((b"cross-fade", b"-webkit-cross-fade"), Function.IMAGES),
    **dict.fromkeys((b"", b"var", b"env", b"attr", b"if", b"inherit", b"first-valid"), Function.SAME),
    **dict.fromkeys((b"random-item", b"toggle"), Function.SAME),
}


def is_whole(data: Text, place: int, end: int) -> bool:
    """Whether the name that was read up to ``place`` ends there whatever follows ``end``."""
    if place == end:
        return False
    return data[place] != BACKSLASH or (place + 1 < end and data[place + 1] in NEWLINES)


def end_of(pattern: re.Pattern[bytes], data: Text, start: int, end: int) -> int:
    match = pattern.match(data, start, end)
    return match.end() if match else start


def name_start(data: Text, lower: int, place: int) -> int:
    """Where the name that ends before ``place`` begins, not looking before ``lower`` nor too far."""
    lower = max(lower, place - LONG_NAME)
    return lower + len(data[lower:place].rstrip(NAME_BYTES))


def name_of(data: Text, begin: int, stop: int) -> bytes:
    """A name with its escapes resolved, in lower case; nothing that is known if it is too long."""
    if stop - begin >= LONG_NAME:
        return b"?"
    name = bytes(data[begin:stop])
    return (decode(name).encode() if b"\\" in name else name).lower()


def function_of(data: Text, lower: int, begin: int, stop: int) -> Function:
    """What the ``(`` at ``stop`` opens, behind the name from ``begin``; the text begins at ``lower``."""
    if begin > lower and data[begin - 1] in b"#@":
        return Function.OTHER
    return _FUNCTIONS.get(name_of(data, begin, stop), Function.OTHER)


def is_data(data: Text, begin: int, stop: int) -> bool:
    """Whether this is a ``data:`` URL, which fetches nothing (one that is imported may)."""
    return data[begin : min(begin + 5, stop)].lower() == b"data:"
