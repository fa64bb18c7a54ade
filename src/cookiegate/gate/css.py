"""Everything in CSS by which a browser fetches, read in pieces (CSS Syntax 3, CSS Values 4, CSS Images 4)."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from cookiegate.gate import css_grammar as grammar
from cookiegate.gate.css_grammar import Function, Text

HELD = b"data:,cg:"
# How often "strings are addresses here" may change on the way into parentheses. Odd: at the bound they are.
_DEEPEST = 63


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
                return self._wait_for_name(data, start, grammar.name_start(data, start, end), end)
            byte = data[place]
            if byte == grammar.OPEN:
                function = grammar.function_of(data, start, grammar.name_start(data, start, place), place)
                start = self._open(function, data, place + 1, end, found)
            elif byte == grammar.BACKSLASH:
                begin = grammar.name_start(data, start, place)
                stop = grammar.end_of(grammar.NAMES, data, begin, end)
                if not grammar.is_whole(data, stop, end):
                    return self._wait_for_name(data, start, begin, stop)
                start = self._open(grammar.function_of(data, start, begin, stop), data, stop + 1, end, found)
            elif byte == grammar.AT:
                stop = grammar.end_of(grammar.NAMES, data, place + 1, end)
                if not grammar.is_whole(data, stop, end):
                    return self._wait_for_name(data, place, place + 1, stop)
                name = grammar.name_of(data, place + 1, stop)
                start = stop
                if data[stop] == grammar.OPEN:
                    start = self._open(Function.OTHER, data, stop + 1, end, found)
                else:
                    self._state = self._at_rules.get(name, _State.TEXT)
            elif byte in grammar.STRING:
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
        matches = grammar.PLAIN.finditer(data, start, end)
        while (match := next(matches)).lastindex:  # one without comes, if only an empty one at the end
            begin, stop = match.span(match.lastindex)
            if stop - begin > self._cap:
                return match.start(), data.rindex(b"(", match.start(), begin)
            if not grammar.is_data(data, begin, stop):
                self._report(data, begin, stop, found)
        return match.span()

    def _nested(self, data: Text, start: int, end: int, found: Found) -> tuple[int, int]:
        """The same within parentheses that matter, up to their end."""
        depths = self._depths
        matches = grammar.NESTED.finditer(data, start, end)
        while kind := (match := next(matches)).lastindex:
            if kind == 1:
                depths[-1] += match.end() - match.start(1)
            elif kind == 2:
                self._close(match.end() - match.start(2))
                if not depths:
                    return match.end(), match.end()
            elif kind == 3:
                self._push(False)
            elif len(depths) & 1:
                begin, stop = match.span(kind)
                if stop - begin > self._cap:
                    return match.start(), begin - 1
                if self._imports or not grammar.is_data(data, begin, stop):
                    self._report(data, begin, stop, found)
        return match.span()

    def _wait_for_name(self, data: Text, lower: int, begin: int, stop: int) -> int:
        if stop - begin >= grammar.LONG_NAME:
            self._state = _State.NAME
            return stop
        return begin - 1 if begin > lower and data[begin - 1] in b"#@" else begin

    def _open(self, function: Function, data: Text, place: int, end: int, found: Found) -> int:
        """What a function, whose ``(`` is before ``place``, makes of what follows; the place to go on at."""
        depths = self._depths
        if function is Function.URL:
            match = grammar.WHOLE.match(data, place, end)
            begin, stop = match.span(match.lastindex or 0) if match else (0, 0)
            if match and stop - begin <= self._cap:
                if self._silent or self._imports or not grammar.is_data(data, begin, stop):
                    self._report(data, begin, stop, found)
                return match.end()
            self._state = _State.BEGIN
        elif function is Function.IMAGES:
            self._push(True)
        elif depths:
            self._push(function is Function.SAME and len(depths) & 1 == 1)
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
            found.append(CssUrl(begin, stop, grammar.decode(bytes(data[begin:stop])), self._imports))
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
        place = grammar.end_of(grammar.STRING[self._quote], data, start, end)
        if place == end or data[place] == grammar.BACKSLASH:
            return place
        self._state = _State.TEXT
        return place + (data[place] == self._quote)  # an open one ends before its line break

    def _name(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        place = grammar.end_of(grammar.NAMES, data, start, end)
        if not grammar.is_whole(data, place, end):
            return place
        self._state = _State.TEXT
        opens = data[place] == grammar.OPEN
        return self._open(Function.OTHER, data, place + 1, end, found) if opens else place

    def _prelude(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        """Behind ``@import`` or ``@namespace``, up to its URL."""
        place, state = grammar.end_of(grammar.SPACES, data, start, end), self._state
        if place == end or data.startswith(b"/*", place, end):
            if place < end:
                self._state, self._behind_comment = _State.COMMENT, state
            return min(place + 2, end)
        if data[place] == grammar.SLASH and place + 1 == end:
            return place
        imports = state is _State.IMPORT
        self._state = _State.TEXT
        if data[place] in grammar.STRING:
            if imports:
                self._state, self._quote, self._imports = _State.QUOTED, data[place], True
            return place + imports
        stop = grammar.end_of(grammar.NAMES, data, place, end)
        if not grammar.is_whole(data, stop, end):
            wait = self._wait_for_name(data, place, place, stop)
            if self._state is _State.TEXT:
                self._state = state
            return wait
        if data[stop] == grammar.OPEN:
            function = grammar.function_of(data, place, place, stop)
            self._imports = imports and function in (Function.URL, Function.IMAGES)
            self._silent = not imports and function is Function.URL
            if self._imports or self._silent:
                return self._open(function, data, stop + 1, end, found)
        elif not imports and place < stop < place + grammar.LONG_NAME:
            self._state = state  # the prefix
            return stop
        return place

    def _begin(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        place = grammar.end_of(grammar.SPACES, data, start, end)
        if place == end:
            return end
        if data[place] not in grammar.STRING:
            self._state = _State.URL
            return place
        if self._depths:
            self._push(False)
        self._state, self._quote = _State.QUOTED, data[place]
        return place + 1

    def _url(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        if not self._stop:
            place = grammar.end_of(grammar.URL, data, start + self._seen, end)
            self._seen = place - start
            if not self._imports and grammar.is_data(data, start, place):
                return self._leave(_State.REST, place)
            if place - start > self._cap:
                self._report(data, start, start + self._cap, found)
                return self._leave(_State.REST, place)
            if place == end or (data[place] == grammar.BACKSLASH and not grammar.is_whole(data, place, end)):
                if final:
                    self._report(data, start, end, found)
                return start
            if data[place] in grammar.BLANK:
                self._stop = place - start
        stop = start + (self._stop or self._seen)
        place = grammar.end_of(grammar.SPACES, data, start + self._seen, end)
        self._seen = place - start
        if place == end and not final and place - start <= self._cap:
            return start
        closed = place < end and data[place] == grammar.CLOSE
        if closed or place == end or place - start > self._cap:
            self._report(data, start, stop, found)
        return self._leave(_State.TEXT if closed else _State.REST, place + closed)

    def _quoted(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        place = grammar.end_of(grammar.STRING[self._quote], data, start + self._seen, end)
        self._seen = place - start
        if not self._imports and grammar.is_data(data, start, place):
            return self._leave(_State.STRING, place)
        if place - start > self._cap:
            self._report(data, start, start + self._cap, found)
            return self._leave(_State.STRING, place)
        if place == end or data[place] == grammar.BACKSLASH:
            if final:  # a backslash at the very end is nothing
                self._report(data, start, place if end - place == 1 else end, found)
            return start
        closed = data[place] == self._quote
        if closed:
            self._report(data, start, place, found)
        return self._leave(_State.TEXT, place + closed)

    def _rest(self, data: Text, start: int, end: int, final: bool, found: Found) -> int:
        place = grammar.end_of(grammar.REST, data, start, end)
        if place < end and data[place] == grammar.CLOSE:
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
