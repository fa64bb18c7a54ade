"""Recognising trackers in inline code: call signatures, and the addresses that the code loads.

Code is never parsed, and a whole catalogue is never tried on it: its identifiers are collected once, and only
signatures that have their anchor among them are searched for.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_RUN = re.compile(r"[\w$]+", re.ASCII)
_OFTEN = 500  # from here on it takes less time to search for a signature than to try it at each place
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_TOKEN = re.compile(r"(?P<word>[\w$]+)|(?P<space>\s+)|(?P<quote>['\"`])|(?P<other>.)", re.ASCII | re.DOTALL)
# All but the characters of identifiers become a space: splitting the rest is the fastest way to the words.
_SEPARATED = bytes(byte if re.match(r"[\w$]", chr(byte), re.ASCII) else 0x20 for byte in range(256))
_LAST_OF_GLOBAL_OBJECT = frozenset("fnpstw")
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$")
# Objects whose properties are global names; "this.hj(" or "e.hj(" in other people's code is something else.
_GLOBAL_OBJECT = re.compile(r"(?<![\w$.])(?:window|self|globalThis|top|parent|win|w)\.\Z")
# Words of the language and of the browser: they tell no code from any other.
_COMMON = frozenset(
    {"add", "async", "call", "config", "create", "createElement", "data", "dataLayer", "document", "event"}
    | {"function", "get", "getElementById", "head", "href", "identify", "id", "init", "js", "key", "load"}
    | {"location", "name", "new", "null", "options", "page", "push", "queue", "ready", "script", "send"}
    | {"set", "setup", "src", "start", "this", "track", "type", "url", "use", "user", "var", "window"}
)
_LINE_ENDS = ("\n", "\r", "\u2028", "\u2029")
_COMMENT_MARKS = re.compile(r"(?:(?<=[\s;{},()])|\A)/\*|\*/")

# An absolute address in quotes (or unquoted inside document.write), its marks escaped or not. What stands
# before it is looked back at from its last character: a search is fast when it begins with a set of them.
_SLASH = r"(?:\\?/|\\u002[fF]|\\x2[fF])"
_QUOTE = r"""["'`=(27](?:(?<=["'`=(])|(?<=\\x2[27])|(?<=\\u002[27]))"""
_SCHEME = r"(?:[hH][tT][tT][pP][sS]?|[wW][sS][sS]?)?(?::|\\u003[aA]|\\x3[aA])?"
_IN_ADDRESS = rf"""(?:[^\s"'`<>\\]|{_SLASH}|\\(?:u00|x)(?:2[6dDeE]|3[aAdDfF]|5[fF]))"""
_ADDRESS = re.compile(rf"{_QUOTE}{_SCHEME}{_SLASH}{{2}}({_IN_ADDRESS}{{4,2000}})")
_LINK = re.compile(r"<a\s[^<>]*\bhref\s*=\s*\\?\Z")
_LONGEST_LINK = 200
_ESCAPED = re.compile(r"\\(?:(/)|(?:u00|x)([0-9A-Fa-f]{2}))")
_LOADS = re.compile(
    # Each begins with a letter it needs, and looks back at what stands before it: that is ten times as fast.
    r"createElement|\.src\b|src(?<!\wsrc)\s*:|import(?<!\wimport)\b|fetch(?<!\wfetch)\b|sendBeacon"
    r"|document\.write|XMLHttpRequest|new\s+Image|setAttribute|importScripts|getScript|loadScript|WebSocket"
    r"|EventSource|innerHTML|insertAdjacentHTML|\$\.(?:ajax|get|post)\b|<script|<iframe|<img",
)
_NEARBY = 1500  # characters between an address and the code that loads it; published snippets stay below 700
_LONGEST_LINE = 2000  # a longer line is minified code, not a comment
_LONGEST_COMMENT = 65536
MOST_COMMENTED = 50  # commented-out calls of one kind that are looked at before the code is held unread


class SignatureError(ValueError):
    """A signature that could not be told from other code."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A compiled call signature.

    anchor: the first word that tells it from other code. family: the first word, by which a weak one yields.
    whole: begins with a word, so it must not be the end of a longer one. called: that word is a function
    called by its own name, so it must not be a property of just any object.
    """

    text: str
    anchor: str
    family: str
    weak: bool
    whole: bool
    called: bool
    pattern: re.Pattern[str]

    def find(self, code: str, places: Sequence[int] | None = None) -> int:
        """Offset of the first call that is not commented out, or -1.

        places: where the anchor stands in the code, when that is known.
        """
        commented = 0
        for start in self._calls(code, places):
            if not self._stands_free(code, start):
                continue
            if commented == MOST_COMMENTED or not commented_out(code, start):
                return start
            commented += 1
        return -1

    def _calls(self, code: str, places: Sequence[int] | None) -> Iterator[int]:
        if places is None or not self.whole or self.family != self.anchor:
            return (found.start() for found in self.pattern.finditer(code))
        return (place for place in places if self.pattern.match(code, place) is not None)

    def _stands_free(self, code: str, start: int) -> bool:
        # Not a look-behind in the pattern: the literal in front of it makes the search forty times faster.
        if not self.whole or start == 0:
            return True
        before = code[start - 1]
        if before in _WORD:
            return False
        if before != "." or not self.called:
            return True
        last = code[start - 2 : start - 1]
        return last in _LAST_OF_GLOBAL_OBJECT and bool(
            _GLOBAL_OBJECT.search(code[max(0, start - 16) : start])
        )


def anchor_of(text: str) -> str:
    """The first word of a signature that tells it from other code.

    Raises SignatureError when it holds no identifier that is rarer than the language's own words.
    """
    for word in _IDENTIFIER.findall(text):
        if word not in _COMMON and len(word) > 1:
            return str(word)
    raise SignatureError("needs an identifier that other code does not use")


@lru_cache(maxsize=4096)
def compile_signature(text: str) -> Signature:
    """Compile a signature as ``Service.inline`` describes it; most are never asked for, so do it at need.

    Raises SignatureError as ``anchor_of`` does.
    """
    weak = text.startswith("?")
    body = text.removeprefix("?").strip()
    anchor = anchor_of(body)
    words = _IDENTIFIER.findall(body)
    tokens = list(_TOKEN.finditer(body))
    pieces: list[str] = []
    for token in tokens:
        kind, piece = token.lastgroup, token[0]
        if kind == "word":
            pieces.append((r"(?<![\w$])" if pieces else "") + re.escape(piece) + r"(?![\w$])")
        elif kind == "space":
            pieces.append(r"\s*")
        elif kind == "quote":
            pieces.append("['\"`]")
        else:
            pieces.append(re.escape(piece))
    whole = tokens[0].lastgroup == "word"
    called = whole and body[tokens[0].end() :].lstrip().startswith("(")
    return Signature(text, anchor, words[0], weak, whole, called, re.compile("".join(pieces)))


def words_of(code: str) -> set[str]:
    """Every identifier of the code, those inside strings and comments too."""
    return {word.decode() for word in set(code.encode("latin-1", "replace").translate(_SEPARATED).split())}


def places_of(code: str, words: Collection[str]) -> dict[str, list[int]]:
    """Where these words stand in the code, in ascending order; without those that stand there too often."""
    places: dict[str, list[int]] = {word: [] for word in words}
    for found in _RUN.finditer(code):
        known = places.get(found[0])
        if known is not None:
            known.append(found.start())
    return {word: known for word, known in places.items() if len(known) <= _OFTEN}


def addresses(code: str) -> Iterator[tuple[int, str]]:
    """Absolute addresses that stand quoted in the code, as (offset, protocol-relative URL)."""
    for found in _ADDRESS.finditer(code):
        address = found[1]
        yield found.start(), "//" + (_ESCAPED.sub(_plain, address) if "\\" in address else address)


def is_link(code: str, offset: int) -> bool:
    """Whether the address there is where a link in markup leads, which loads nothing."""
    return _LINK.search(code[max(0, offset - _LONGEST_LINK) : offset]) is not None


def _plain(escaped: re.Match[str]) -> str:
    return "/" if escaped[1] else chr(int(escaped[2], 16))


def loading_places(code: str) -> list[int]:
    """Offsets of what may load something, in ascending order."""
    return [found.start() for found in _LOADS.finditer(code)]


def loads_nearby(places: list[int], offset: int) -> bool:
    """Whether one of the loading places is near the offset; else an address there is merely mentioned."""
    first = bisect_left(places, offset - _NEARBY)
    return first < len(places) and places[first] <= offset + _NEARBY


def commented_out(code: str, offset: int) -> bool:
    """Whether the offset is inside a comment; in doubt it is not, so that doubt holds the code back."""
    line = max(code.rfind(end, max(0, offset - _LONGEST_LINE), offset) for end in _LINE_ENDS) + 1
    if (line > 0 or offset <= _LONGEST_LINE) and code[line:offset].lstrip().startswith("//"):
        return True
    opened = code.rfind("/*", max(0, offset - _LONGEST_COMMENT), offset)
    if opened < 0 or code.find("*/", opened, offset) >= 0:
        return False
    # Only what surely is one: "image/*" in a string opens no comment; a comment's mark follows space or code.
    following = _COMMENT_MARKS.search(code, offset, offset + _LONGEST_COMMENT)
    return _COMMENT_MARKS.match(code, opened) is not None and following is not None and following[0] == "*/"
