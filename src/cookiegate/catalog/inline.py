"""Recognising trackers in inline code: call signatures, and the addresses that the code loads.

Code is never parsed, and a whole catalogue is never tried on it: its identifiers are collected once, and only
signatures that have their anchor among them are searched for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_TOKEN = re.compile(r"(?P<word>[\w$]+)|(?P<space>\s+)|(?P<quote>['\"`])|(?P<other>.)", re.ASCII | re.DOTALL)
# Objects whose properties are global names; "this.hj(" or "e.hj(" in other people's code is something else.
_GLOBAL_OBJECTS = ("window", "self", "globalThis", "top", "parent", "win", "w")
_NOT_A_PROPERTY = (
    "(?:(?<![\\w$.])|" + "|".join(rf"(?<=(?<![\w$.]){name}\.)" for name in _GLOBAL_OBJECTS) + ")"
)
_WHOLE_WORD = r"(?<![\w$])"
# Words of the language and of the browser: they tell no code from any other.
_COMMON = frozenset(
    {"add", "async", "call", "config", "create", "createElement", "data", "dataLayer", "document", "event"}
    | {"function", "get", "getElementById", "head", "href", "identify", "id", "init", "js", "key", "load"}
    | {"location", "name", "new", "null", "options", "page", "push", "queue", "ready", "script", "send"}
    | {"set", "setup", "src", "start", "this", "track", "type", "url", "use", "user", "var", "window"}
)
_LINE_ENDS = re.compile(r"[\n\r\u2028\u2029]")
_COMMENT_MARKS = re.compile(r"(?:(?<=[\s;{},()])|\A)/\*|\*/")

# An absolute address in quotes (or unquoted inside document.write), its slashes escaped or not.
_SLASH = r"(?:\\?/|\\u002[fF]|\\x2[fF])"
_ADDRESS = re.compile(
    rf"""["'`=(](?:[hH][tT][tT][pP][sS]?)?:?{_SLASH}{{2}}((?:[^\s"'`<>\\]|{_SLASH}){{4,2000}})""",
)
_ESCAPED_SLASH = re.compile(r"\\(?:/|u002[fF]|x2[fF])")
_LOADS = re.compile(
    r"createElement|\.src\b|\bsrc\s*:|\bimport\b|\bfetch\b|sendBeacon|document\.write|XMLHttpRequest|new\s+Image"
    r"|setAttribute|importScripts|getScript|loadScript|WebSocket|EventSource|innerHTML|insertAdjacentHTML"
    r"|\$\.(?:ajax|get|post)\b|<script|<iframe|<img",
)
_NEARBY = 1500  # characters between an address and the code that loads it; published snippets stay below 700
_LONGEST_LINE = 2000  # a longer line is minified code, not a comment
_LONGEST_COMMENT = 65536


class SignatureError(ValueError):
    """A signature that could not be told from other code."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A compiled call signature. ``family`` is its first word, by which a weak one yields to the others."""

    text: str
    anchor: str
    family: str
    weak: bool
    pattern: re.Pattern[str]

    def find(self, code: str) -> int:
        """Offset of the first call that is not commented out, or -1."""
        for found in self.pattern.finditer(code):
            if not commented_out(code, found.start()):
                return found.start()
        return -1


def compile_signature(text: str) -> Signature:
    """Compile a signature as ``Service.inline`` describes it.

    Raises SignatureError when it holds no identifier that is rarer than the language's own words.
    """
    weak = text.startswith("?")
    body = text.removeprefix("?").strip()
    words = _IDENTIFIER.findall(body)
    rare = [word for word in words if word not in _COMMON and len(word) > 1]
    if not rare:
        raise SignatureError("needs an identifier that other code does not use")
    pieces: list[str] = []
    for token in _TOKEN.finditer(body):
        kind, piece = token.lastgroup, token[0]
        if kind == "word":
            if not pieces:
                called = body[token.end() :].lstrip().startswith("(")
                pieces.append(_NOT_A_PROPERTY if called else _WHOLE_WORD)
            else:
                pieces.append(_WHOLE_WORD)
            pieces.append(re.escape(piece) + r"(?![\w$])")
        elif kind == "space":
            pieces.append(r"\s*")
        elif kind == "quote":
            pieces.append("['\"`]")
        else:
            pieces.append(re.escape(piece))
    return Signature(text, max(rare, key=len), words[0], weak, re.compile("".join(pieces)))


def identifiers(code: str) -> set[str]:
    """Every identifier of the code, those inside strings and comments too."""
    return set(_IDENTIFIER.findall(code))


def addresses(code: str) -> Iterator[tuple[int, str]]:
    """Absolute addresses that stand quoted in the code, as (offset, protocol-relative URL)."""
    for found in _ADDRESS.finditer(code):
        yield found.start(), "//" + _ESCAPED_SLASH.sub("/", found[1])


def loads_nearby(code: str, offset: int) -> bool:
    """Whether code around the offset loads something; else the address there is merely mentioned."""
    return _LOADS.search(code, max(0, offset - _NEARBY), offset + _NEARBY) is not None


def commented_out(code: str, offset: int) -> bool:
    """Whether the offset is inside a comment; in doubt it is not, so that doubt holds the code back."""
    line = -1
    for end in _LINE_ENDS.finditer(code, max(0, offset - _LONGEST_LINE), offset):
        line = end.end()
    if line < 0 and offset <= _LONGEST_LINE:
        line = 0
    if line >= 0 and code[line:offset].lstrip().startswith("//"):
        return True
    opened = code.rfind("/*", max(0, offset - _LONGEST_COMMENT), offset)
    if opened < 0 or code.find("*/", opened, offset) >= 0:
        return False
    # Only what surely is one: "image/*" in a string opens no comment; a comment's mark follows space or code.
    following = _COMMENT_MARKS.search(code, offset, offset + _LONGEST_COMMENT)
    return _COMMENT_MARKS.match(code, opened) is not None and following is not None and following[0] == "*/"
