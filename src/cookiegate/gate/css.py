"""Everything in CSS by which a browser fetches, read in pieces (CSS Syntax 3, CSS Values 4, CSS Images 4)."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

HELD = b"data:,cg:"

Text: TypeAlias = bytes | bytearray

_NEWLINES = b"\n\r\f"
_BLANK = b" \t\n\r\f"
_NAME_BYTES = bytes(
    byte for byte in range(256) if byte >= 0x80 or not byte or chr(byte).isalnum() or byte in b"-_"
)
# A longer name, escapes and all, is none of ours: the longest is 18 letters of at most 9 bytes.
_LONG_NAME = 256
# How often "strings are addresses here" may change on the way into parentheses. Odd: at the bound they are.
_DEEPEST = 63
_OPEN, _CLOSE, _SLASH, _AT, _BACKSLASH = b"()/@\\"


def held_prefix(services: str, purposes: str) -> bytes:
    """What is put in front of a URL to hold it: a ``data:`` URL, which fetches nothing and is no style sheet.

    Both are ids separated by white space or ``+``. The text means nothing to HTML, CSS, JSON and URL readers.
    """

    def joined(ids: str) -> str:
        return "+".join(quote(name, safe="") for name in ids.replace("+", " ").split())

    return HELD + f"{joined(services)}:{joined(purposes)}:".encode()


class CssUrl(NamedTuple):
    """A URL that CSS loads: its text lies between ``offset`` and ``end``, behind ``url(``, space and quote.

    ``value`` has the escapes resolved. ``imports``: it is the address of an ``@import``.
    """

    offset: int
    end: int
    value: str
    imports: bool


Found: TypeAlias = list[CssUrl]


class _State(Enum):
    TEXT = auto()  # between tokens
    COMMENT = auto()
    STRING = auto()  # one that loads nothing
    NAME = auto()  # the rest of a name longer than any that matters
    IMPORT = auto()  # behind @import
    NAMESPACE = auto()  # behind @namespace
    BEGIN = auto()  # behind url(
    URL = auto()  # at the first byte of one without quotes
    QUOTED = auto()  # at the first byte of one in quotes
    REST = auto()  # up to the ")" of a url( that loads nothing, or whose URL is reported already


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

# By these the functions of ours are told from most others; _function() tells them exactly.
_ENDS = [_any_case(end) for end in (b"url", b"src", b"-set", b"image", b"-fade")]
_SAME_ENDS = [
    _any_case(end) for end in (b"var", b"env", b"attr", b"if", b"herit", b"valid", b"-item", b"oggle")
]

_COMMENT = rb"/(?:(?=[^*])|\*[^*]*+\*++(?:(?>[^/*][^*]*+\*++))*+/)"
_OTHER_AT = rb"@(?:(?=[^iInN\\])|(?![-\w]{0,9}(?:\\|\Z))(?!%b|%b))" % (
    _any_case(b"import"),
    _any_case(b"namespace"),
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
_PLAIN = re.compile(
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
_NESTED = re.compile(
    rb"""(?:(?>[^"'()/@\\<]++|\((?<!%(url)b)[^"'()/@\\<]*+\)|""|''|%(common)b))*+"""
    rb"""(?:(\((?<![\w\x80-\xff\x00]\()\(*+)|(\)++)|(?=\((?<=[lcterfvdmLCTERFVDM]\()(?:%(known)b))"""
    rb"""|(\()|"([^"\\\n\r\f]++)"|'([^'\\\n\r\f]++)')?"""
    % {
        b"url": _URL_FUNCTION,
        b"common": _COMMON,
        b"known": rb"|".join(rb"(?<=%b\()" % end for end in (*_ENDS, *_SAME_ENDS)),
    }
)

_SPACES = re.compile(_SPACE)
_NAMES = re.compile(_NAME)
_STRING = {ord('"'): re.compile(_IN_DOUBLE), ord("'"): re.compile(_IN_SINGLE)}
_URL = re.compile(rb"""(?:(?>[^\x01-\x20"'()\\\x7f]++|%b))*+""" % _ESCAPE)
_REST = re.compile(rb"(?:(?>[^)\\]++|\\[\x00-\xff]))*+")
_WHOLE = re.compile(_WHOLE_URL)

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


def _decode(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return _ESCAPES.sub(_resolve, text) if b"\\" in raw or b"\x00" in raw else text


class _Function(Enum):
    URL = auto()
    IMAGES = auto()  # strings in it are addresses
    SAME = auto()  # strings in it are what they are around it: it stands for a part of its argument
    OTHER = auto()


_FUNCTIONS = {
    b"url": _Function.URL,
    **dict.fromkeys((b"src", b"image", b"image-set", b"-webkit-image-set"), _Function.IMAGES),
    **dict.fromkeys((b"cross-fade", b"-webkit-cross-fade"), _Function.IMAGES),
    **dict.fromkeys((b"", b"var", b"env", b"attr", b"if", b"inherit", b"first-valid"), _Function.SAME),
    **dict.fromkeys((b"random-item", b"toggle"), _Function.SAME),
}


def _is_whole(data: Text, place: int, end: int) -> bool:
    """Whether the name that was read up to ``place`` ends there whatever follows ``end``."""
    if place == end:
        return False
    return data[place] != _BACKSLASH or (place + 1 < end and data[place + 1] in _NEWLINES)


def _end(pattern: re.Pattern[bytes], data: Text, start: int, end: int) -> int:
    match = pattern.match(data, start, end)
    return match.end() if match else start


def _name_start(data: Text, lower: int, place: int) -> int:
    """Where the name that ends before ``place`` begins, not looking before ``lower`` nor too far."""
    lower = max(lower, place - _LONG_NAME)
    return lower + len(data[lower:place].rstrip(_NAME_BYTES))


def _function(data: Text, lower: int, begin: int, stop: int) -> _Function:
    """What the ``(`` at ``stop`` opens, behind the name from ``begin``; the text begins at ``lower``."""
    if stop - begin >= _LONG_NAME or (begin > lower and data[begin - 1] in b"#@"):
        return _Function.OTHER
    name = bytes(data[begin:stop])
    if b"\\" in name:
        name = _decode(name).encode()
    return _FUNCTIONS.get(name.lower(), _Function.OTHER)


def _is_data(data: Text, begin: int, stop: int) -> bool:
    """Whether this is a ``data:`` URL, which fetches nothing (one that is imported may)."""
    return data[begin : min(begin + 5, stop)].lower() == b"data:"


class CssReader:
    """Reads a style sheet, or with ``declarations`` the text of a style attribute, in pieces.

    It keeps no text: what is undecided (at most a name, or one URL of ``cap`` bytes) stays with the caller.
    """

    def __init__(self, cap: int = 256 * 1024, declarations: bool = False) -> None:
        self._cap = cap
        self._at_rules = {} if declarations else {b"import": _State.IMPORT, b"namespace": _State.NAMESPACE}
        self._state = _State.TEXT
        self._behind_comment = _State.TEXT
        self._quote = 0
        # Of the URL that is being read: how far it was looked at, and where it ended if space follows it.
        self._seen = 0
        self._stop = 0
        self._imports = False
        self._silent = False
        # Open parentheses from the first image-set() on: how many where strings are addresses, then how many
        # within those where they are not, and so on in turn.
        self._depths: list[int] = []

    def read(self, data: Text, start: int, end: int, *, final: bool) -> tuple[list[CssUrl], int]:
        """The URLs in ``data[start:end]`` and the place up to which all is decided: go on there, with more.

        ``final``: nothing follows, and what is open ends here.
        """
        found: list[CssUrl] = []
        place = start
        while place < end:
            state = self._state
            reached = _STEPS[state](self, data, place, end, final, found)
            if reached == place and self._state is state:
                break
            place = reached
        return found, end if final else place

    def _text(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        while self._state is _State.TEXT:
            if not self._depths:
                start, place = self._plain(data, start, end, found)
            else:
                start, place = self._nested(data, start, end, found)
                if not self._depths:
                    start = place
                    continue
            if place == end:
                return self._wait_for_name(data, start, _name_start(data, start, end), end)
            byte = data[place]
            if byte == _OPEN:
                function = _function(data, start, _name_start(data, start, place), place)
                start = self._open(function, data, place + 1, end, found)
            elif byte == _BACKSLASH:
                begin = _name_start(data, start, place)
                stop = _end(_NAMES, data, begin, end)
                if not _is_whole(data, stop, end):
                    return self._wait_for_name(data, start, begin, stop)
                start = self._open(_function(data, start, begin, stop), data, stop + 1, end, found)
            elif byte == _AT:
                stop = _end(_NAMES, data, place + 1, end)
                if not _is_whole(data, stop, end):
                    return self._wait_for_name(data, place, place + 1, stop)
                name = _decode(bytes(data[place + 1 : min(stop, place + _LONG_NAME)])).encode().lower()
                start = stop
                if data[stop] == _OPEN:
                    start = self._open(_Function.OTHER, data, stop + 1, end, found)
                else:
                    self._state = self._at_rules.get(name, _State.TEXT)
            elif byte in _STRING:
                start = place + 1
                self._state, self._quote = (_State.QUOTED if len(self._depths) & 1 else _State.STRING), byte
            elif data.startswith(b"/*", place, end):
                start = place + 2
                self._state, self._behind_comment = _State.COMMENT, _State.TEXT
            elif data.startswith(b"<!--", place, end):
                start = place + 4  # a token of its own, whose dashes begin no name
            else:
                return place  # the first bytes of one of these two
        return start

    def _plain(self, data: Text, start: int, end: int, found: Found) -> tuple[int, int]:
        """Read on to what needs a closer look: where its token may begin at the earliest, and the place."""
        for match in _PLAIN.finditer(data, start, end):
            if not match.lastindex:
                return match.span()
            begin, stop = match.span(match.lastindex)
            if stop - begin > self._cap:
                return match.start(), data.rindex(b"(", match.start(), begin)
            if not _is_data(data, begin, stop):
                self._report(data, begin, stop, found)
        return end, end

    def _nested(self, data: Text, start: int, end: int, found: Found) -> tuple[int, int]:
        """The same within parentheses that matter, up to their end."""
        depths = self._depths
        for match in _NESTED.finditer(data, start, end):
            kind = match.lastindex
            if kind == 1:
                depths[-1] += match.end() - match.start(1)
            elif kind == 2:
                self._close(match.end() - match.start(2))
                if not depths:
                    return match.end(), match.end()
            elif kind == 3:
                self._push(False)
            elif kind is None:
                return match.span()
            elif len(depths) & 1:
                begin, stop = match.span(kind)
                if stop - begin > self._cap:
                    return match.start(), begin - 1
                if self._imports or not _is_data(data, begin, stop):
                    self._report(data, begin, stop, found)
        return end, end

    def _wait_for_name(self, data: Text, lower: int, begin: int, stop: int) -> int:
        if stop - begin >= _LONG_NAME:
            self._state = _State.NAME
            return stop
        return begin - 1 if begin > lower and data[begin - 1] in b"#@" else begin

    def _open(self, function: _Function, data: Text, place: int, end: int, found: Found) -> int:
        """What a function, whose ``(`` is before ``place``, makes of what follows; the place to go on at."""
        depths = self._depths
        if function is _Function.URL:
            match = _WHOLE.match(data, place, end)
            if match and match.end(match.lastindex or 0) - match.start(match.lastindex or 0) <= self._cap:
                begin, stop = match.span(match.lastindex or 0)
                if self._silent or self._imports or not _is_data(data, begin, stop):
                    self._report(data, begin, stop, found)
                return match.end()
            self._state = _State.BEGIN
        elif function is _Function.IMAGES:
            self._push(True)
        elif depths:
            self._push(function is _Function.SAME and len(depths) & 1 == 1)
        return place

    def _push(self, images: bool) -> None:
        depths = self._depths
        if images == len(depths) & 1 or len(depths) == _DEEPEST:
            depths[-1] += 1
        else:
            depths.append(1)

    def _close(self, count: int) -> None:
        depths = self._depths
        while depths and depths[-1] <= count:
            count -= depths.pop()
        if depths:
            depths[-1] -= count
        else:
            self._imports = False

    def _report(self, data: Text, begin: int, stop: int, found: Found) -> None:
        """Give out the URL, unless it is empty (which loads nothing) or a namespace's name."""
        if stop > begin and not self._silent:
            found.append(CssUrl(begin, stop, _decode(bytes(data[begin:stop])), self._imports))
        self._imports = self._silent = False

    def _leave(self, state: _State, place: int) -> int:
        """Go on in ``state``, at ``place``, behind a URL."""
        self._state = state
        self._seen = self._stop = 0
        self._imports = self._silent = False
        return place

    def _comment(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        place = data.find(b"*/", start, end)
        if place < 0:
            return end - (data[end - 1] == ord("*"))
        self._state = self._behind_comment
        return place + 2

    def _string(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        place = _end(_STRING[self._quote], data, start, end)
        if place == end or data[place] == _BACKSLASH:
            return place
        self._state = _State.TEXT
        return place + (data[place] == self._quote)  # an open one ends before its line break

    def _name(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        place = _end(_NAMES, data, start, end)
        if not _is_whole(data, place, end):
            return place
        self._state = _State.TEXT
        return self._open(_Function.OTHER, data, place + 1, end, found) if data[place] == _OPEN else place

    def _prelude(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        """Behind ``@import`` or ``@namespace``, up to its URL."""
        place, state = _end(_SPACES, data, start, end), self._state
        if place == end or data.startswith(b"/*", place, end):
            if place < end:
                self._state, self._behind_comment = _State.COMMENT, state
            return min(place + 2, end)
        if data[place] == _SLASH and place + 1 == end:
            return place
        imports = state is _State.IMPORT
        self._state = _State.TEXT
        if data[place] in _STRING:
            if imports:
                self._state, self._quote, self._imports = _State.QUOTED, data[place], True
            return place + imports
        stop = _end(_NAMES, data, place, end)
        if not _is_whole(data, stop, end):
            wait = self._wait_for_name(data, place, place, stop)
            if self._state is _State.TEXT:
                self._state = state
            return wait
        if data[stop] == _OPEN:
            function = _function(data, place, place, stop)
            self._imports = imports and function in (_Function.URL, _Function.IMAGES)
            self._silent = not imports and function is _Function.URL
            if self._imports or self._silent:
                return self._open(function, data, stop + 1, end, found)
        elif not imports and place < stop < place + _LONG_NAME:
            self._state = state  # the prefix
            return stop
        return place

    def _begin(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        place = _end(_SPACES, data, start, end)
        if place == end:
            return end
        if data[place] not in _STRING:
            self._state = _State.URL
            return place
        if self._depths:
            self._push(False)
        self._state, self._quote = _State.QUOTED, data[place]
        return place + 1

    def _url(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        if not self._stop:
            place = _end(_URL, data, start + self._seen, end)
            self._seen = place - start
            if not self._imports and _is_data(data, start, place):
                return self._leave(_State.REST, place)
            if place - start > self._cap:
                self._report(data, start, start + self._cap, found)
                return self._leave(_State.REST, place)
            if place == end or (data[place] == _BACKSLASH and not _is_whole(data, place, end)):
                if final:
                    self._report(data, start, end, found)
                return start
            if data[place] in _BLANK:
                self._stop = place - start
        stop = start + (self._stop or self._seen)
        place = _end(_SPACES, data, start + self._seen, end)
        self._seen = place - start
        if place == end and not final and place - start <= self._cap:
            return start
        closed = place < end and data[place] == _CLOSE
        if closed or place == end or place - start > self._cap:
            self._report(data, start, stop, found)
        return self._leave(_State.TEXT if closed else _State.REST, place + closed)

    def _quoted(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        place = _end(_STRING[self._quote], data, start + self._seen, end)
        self._seen = place - start
        if not self._imports and _is_data(data, start, place):
            return self._leave(_State.STRING, place)
        if place - start > self._cap:
            self._report(data, start, start + self._cap, found)
            return self._leave(_State.STRING, place)
        if place == end or data[place] == _BACKSLASH:
            if final:  # a backslash at the very end is nothing
                self._report(data, start, place if end - place == 1 else end, found)
            return start
        closed = data[place] == self._quote
        if closed:
            self._report(data, start, place, found)
        return self._leave(_State.TEXT, place + closed)

    def _rest(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        place = _end(_REST, data, start, end)
        if place < end and data[place] == _CLOSE:
            self._state = _State.TEXT
            return place + 1
        return place


_STEPS = {
    _State.TEXT: CssReader._text,
    _State.COMMENT: CssReader._comment,
    _State.STRING: CssReader._string,
    _State.NAME: CssReader._name,
    _State.IMPORT: CssReader._prelude,
    _State.NAMESPACE: CssReader._prelude,
    _State.BEGIN: CssReader._begin,
    _State.URL: CssReader._url,
    _State.QUOTED: CssReader._quoted,
    _State.REST: CssReader._rest,
}
