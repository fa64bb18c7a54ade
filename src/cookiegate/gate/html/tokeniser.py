"""The tokeniser (WHATWG HTML, section 13.2.5), resumable at any byte.

Most of a page is skipped inside one possessive regular expression; Python runs only where that stops: at a
tag that may load something or that changes how the following bytes are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cookiegate.gate.html.grammar import COMMENT_END, HEAD_STEP, RAW_END, SCRIPT_TOKENS, STEP, SVG_STEP, TAG
from cookiegate.gate.html.tagreader import TagReader

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from cookiegate.gate.css import CssReader, CssUrl
    from cookiegate.gate.html.attrs import Attribute
    from cookiegate.gate.html.construction.tree import Tree
    from cookiegate.gate.html.reading import Reading
    from cookiegate.gate.html.tags import Memory, Tag

_NO = (b"no", b"NO", b"No", b"nO")
_TEXT_CAP = 16 * 1024
_REFERENCE_CAP = 40  # a character reference is not longer than this


class Page(Protocol):
    """What a reading is of, and whom it tells. Places count from the first byte of ``buffer``."""

    buffer: bytes | bytearray
    base: int  # offset in the page of the buffer's first byte
    language: bytes | None  # that the html tag names
    tag_cap: int
    script_cap: int

    @property
    def remembers(self) -> Memory | None:
        """Who may take a tag in the handler's place, now."""

    def tell(self, reading: Reading, tag: Tag, code: bytes | None, *, inline: bool) -> None:
        """A tag, or with ``inline`` a script element and its code."""

    def tell_head(self, at: int) -> None:
        """Where the head begins."""

    def tell_body(self, at: int) -> None:
        """Where the body begins."""

    def splits(self, *, scripting: bool) -> bool:
        """Whether a browser without scripting is to be followed apart from here on, if the two may differ."""

    def split(self, at: int, tree: Tree | None) -> None:
        """Follow a browser without scripting from ``at`` on."""

    def divide(self) -> None:
        """There was a noscript element: what is open behind it need not be the same to every browser."""

    def hasten(self, at: int, name: bytes, *, scripting: bool) -> None:
        """From ``at`` on a browser that looks ahead reads otherwise than one that parses: as in this element;
        without a name, as in a comment that ends at the next ``>``.
        """

    def hurries(self, *, scripting: bool) -> bool:
        """Whether a browser that looks ahead is followed apart."""

    @property
    def crowded(self) -> bool:
        """Whether no more readings are followed."""

    def doubt(self, at: int, tree: Tree | None, *, scripting: bool) -> None:
        """From ``at`` on the page may be read with this tree as well."""

    def lose(self, *, scripting: bool) -> None:
        """From here on it is not known what is open."""

    def replay(self, at: int, *, scripting: bool) -> Tree | None:
        """The whole tree of what stands before ``at``; None when that is not known any more."""

    def remember(self, at: int, tree: Tree, *, scripting: bool) -> None:
        """The whole tree of what stands before ``at``, where a token begins."""


class Tokeniser:
    """Reads the buffer of a page from ``pos`` on.

    hold: bytes from here on must not leave yet. tree: what is open, while that matters; None: all is HTML.
    before_head, before_body: the head, and the body, has not begun; nothing may be skipped then.
    """

    _reader: TagReader  # of the tag that is being waited for
    _css: CssReader  # of the style element that is being read

    def __init__(self, page: Page, pos: int, *, tree: Tree | None, xml: bool) -> None:
        self.page = page
        self.pos = pos
        self.hold: int | None = None
        self.tree = tree
        self.xml = xml
        self.before_body = self.before_head = False
        self.holds_code = False  # an svg script element is open, whose text is collected
        self.document = False
        self._state: Callable[[int, bool, int], bool] = self._markup
        self._raw = b""
        self._ends_text = False  # this end tag ends an element that holds text
        self._script_state = "plain"
        self._text_from = 0  # from here on the end of a style element is looked for
        self._code_start = 0
        self._token_start = 0
        self._bang_from = 0  # "--!>" ends a comment only from here on (in the page)

    @property
    def between(self) -> bool:
        """Whether it stands between two tokens, not in text that only one end tag can end."""
        return self._state == self._markup

    @property
    def plain(self) -> bool:
        """Whether it stands between two tokens, in HTML."""
        return self.tree is None and self._state == self._markup

    @property
    def safe(self) -> int:
        """Bytes before this are decided, and will not be spoken of any more."""
        return self.pos if self.hold is None else self.hold

    def step(self, end: int, closed: bool, limit: int) -> bool:
        """Read on up to ``end``, by skipping only to ``limit``; False: nothing more to do with these bytes.

        closed: nothing follows ``end``.
        """
        return self._state(end, closed, limit)

    def shift(self, count: int) -> None:
        """Say that ``count`` bytes have left the front of the buffer."""
        self.pos -= count
        self._code_start -= count
        self._token_start -= count
        self._text_from -= count
        if self._state in (self._opening, self._closing):
            self._reader.shift(count)
        if self.hold is not None:
            self.hold -= count

    # --- states: each reads from self.pos to ``end``; True means that there is more to do with these bytes

    def _bom(self, end: int, closed: bool, limit: int) -> bool:
        mark = b"\xef\xbb\xbf"
        start = bytes(self.page.buffer[: min(3, end)])
        if start != mark and mark.startswith(start) and not closed:
            return False
        self.pos = 3 if start == mark else 0
        self._state = self._markup
        return True

    def _markup(self, end: int, closed: bool, limit: int) -> bool:
        buffer, start = self.page.buffer, self.pos
        if self.tree:
            if self.tree.indifferent and not self.holds_code:
                self._nest(self.tree, limit)
        elif not (self.xml or self.before_head):
            self._skip(HEAD_STEP if self.before_body else STEP, limit)
        if start < self.pos < end and (self.pos == limit or self._hurried()):
            return True
        if self.pos >= end:
            return False
        if buffer[self.pos] != 0x3C:
            return self._text(end, closed)
        head = bytes(buffer[self.pos : min(self.pos + 9, end)])
        if len(head) < 9 and not closed and _undecided(head):
            return False
        if head[1:2].isalpha() or (head[1:2] == b"/" and head[2:3].isalpha()):
            return self._tag(end, closed, opens=head[1:2] != b"/")
        if head.startswith(b"<!--"):
            self._bang_from = self.page.base + self.pos + 4
            self.pos += 2  # "<!-->" and "<!--->" are whole comments
            self._state = self._comment
        elif head.startswith(b"<![CDATA[") and self._cdata_allowed():
            self.pos += 9
            if self.tree:
                self._cdata_met()
            self._state = self._cdata
        elif head[1:2] in (b"!", b"?", b"/"):
            self.document |= head.lower() == b"<!doctype"
            self._token_start = self.pos
            self._state = self._bogus
        else:
            return self._text(end, closed)
        return True

    def _skip(self, pattern: re.Pattern[bytes], limit: int) -> None:
        """Go on to the next tag that may matter, or to what takes a closer look."""
        buffer, base, memory, pos = self.page.buffer, self.page.base, self.page.remembers, self.pos
        known = memory.known if memory else {}
        while True:
            step = pattern.match(buffer, pos, limit)
            text = step[1]  # type: ignore[index]  # matches anything
            pos = step.end()  # type: ignore[union-attr]  # matches anything
            if text is None:
                self.pos = pos
                return
            if memory is None:
                self.pos = pos - len(text)
                return
            if text[1:3] in _NO:
                self.page.divide()
            made = known.get(text, memory)
            if made is memory:
                made = memory.judge(text)
            if made is not None:
                memory.again(base + pos - len(text), made)

    def _nest(self, tree: Tree, limit: int) -> None:
        """Follow elements of svg that mean nothing but their place, and what stands between them."""
        buffer, pos = self.page.buffer, self.pos
        while True:
            step = SVG_STEP.match(buffer, pos, limit)
            closes, name, empty = step.groups()  # type: ignore[union-attr]  # matches anything
            pos = step.end()  # type: ignore[union-attr]  # matches anything
            if name is None:
                break
            if not (empty or tree.nest(name, closes=bool(closes))):
                pos = step.start(1) - 1  # type: ignore[union-attr]  # matches anything
                break
            if not tree.indifferent:
                break
        self.pos = pos

    def _cdata_allowed(self) -> bool:
        if self.tree is None:
            return self.xml
        return self.tree.current is not None and bool(self.tree.current.space)

    def _text(self, end: int, closed: bool) -> bool:
        buffer = self.page.buffer
        stop = buffer.find(b"<", self.pos + 1, end)
        if stop < 0:
            stop = end
            if self._waits_for_text(end, closed):
                return False
            if self.tree and not closed:
                # A character reference is not told in pieces.
                cut = buffer.rfind(b"&", max(self.pos, end - _REFERENCE_CAP), end)
                if cut == self.pos:
                    return False
                stop = cut if cut >= 0 else end
        start, self.pos = self.pos, stop
        self._text_told(start, decode=True)
        return True

    def _waits_for_text(self, end: int, closed: bool) -> bool:
        """Whether the text of an svg style element is waited for: no address in it may come in pieces."""
        node = self.tree.current if self.tree else None
        return (
            not closed
            and node is not None
            and (node.name, node.space) == (b"style", b"svg")
            and end - self.pos < _TEXT_CAP
        )

    def _comment(self, end: int, closed: bool, limit: int) -> bool:
        found = COMMENT_END.search(self.page.buffer, self.pos, end)
        while found and found.end() - found.start() == 4 and self.page.base + found.start() < self._bang_from:
            found = COMMENT_END.search(self.page.buffer, found.start() + 1, end)
        if found is None:
            self.pos = max(self.pos, end - 3)
            return False
        self.pos = found.end()
        self._state = self._markup
        return True

    def _cdata(self, end: int, closed: bool, limit: int) -> bool:
        start = self.pos
        found = self.page.buffer.find(b"]]>", start, end)
        if found < 0:
            if self._waits_for_text(end, closed):
                return False
            self.pos = max(start, end - 2)
            self._text_told(start, decode=False)
            return False
        self.pos = found
        self._text_told(start, decode=False)
        self.pos = found + 3
        self._state = self._markup
        return True

    def _bogus(self, end: int, closed: bool, limit: int) -> bool:
        found = self.page.buffer.find(b">", self.pos, end)
        if found < 0:
            self.pos = end
            return False
        self.pos = found + 1
        if self.tree:
            token = bytes(self.page.buffer[max(0, self._token_start) : self.pos])
            if token[:9].lower() == b"<!doctype":
                self.tree.doctype(token)
        self._state = self._markup
        return True

    def _raw_text(self, end: int, closed: bool, limit: int) -> bool:
        found = RAW_END[self._raw].search(self.page.buffer, self.pos, end)
        if found is None:
            self.pos = max(self.pos, end - len(self._raw) - 2)
            return False
        self.pos = found.start()
        self._state = self._end_of_text
        return True

    def _style(self, end: int, closed: bool, limit: int) -> bool:
        """The content of a style element: nothing of it is held back but an address in the making."""
        found = RAW_END[b"style"].search(self.page.buffer, self._text_from, end)
        stop = found.start() if found else end if closed else max(self._text_from, end - len("</style"))
        urls, at = self._css.read(self.page.buffer, self.pos, stop, final=closed or found is not None)
        for url in urls:
            self._css_told(url, url.offset)
        self.pos, self._text_from = at, stop
        if found is None:
            return False
        self._state = self._end_of_text
        return True

    def _end_of_text(self, end: int, closed: bool, limit: int) -> bool:
        """The end tag of an element that holds text."""
        self._ends_text = True
        self._state = self._markup
        return self._tag(end, closed, opens=False)

    def _plaintext(self, end: int, closed: bool, limit: int) -> bool:
        self.pos = end
        return False

    def _code(self, end: int, closed: bool, limit: int) -> bool:
        """The content of a script element, up to the end tag that a browser takes for its own."""
        while token := SCRIPT_TOKENS[self._script_state].search(self.page.buffer, self.pos, end):
            text = token.group().lower()
            self.pos = token.end()
            if text == b"<!--":
                self.pos -= 2  # "<!-->" opens and closes
                self._script_state = "escaped"
            elif text == b"-->":
                self._script_state = "plain"
            elif text == b"<script":
                self._script_state = "double"
            elif self._script_state == "double":
                self._script_state = "escaped"
            else:
                self.pos = token.start()
                self._code_told(token.start())
                self._state = self._end_of_text
                return True
        self.pos = max(self.pos, end - len("</script"))
        if closed:
            self._code_told(end)
        elif end - self._code_start > self.page.script_cap:
            self._code_told(None)
        return False

    # --- tags

    def _tag(self, end: int, closed: bool, *, opens: bool) -> bool:
        match = TAG.match(self.page.buffer, self.pos, end)
        if match is None:
            # A tag that never ends is no tag; one that may still end is read on as the bytes come.
            if closed:
                return False
            self._reader = TagReader(self.pos, self.pos + (1 if opens else 2))
            self._keep(self.pos)
            self._state = self._opening if opens else self._closing
            return True
        start, self.pos = self.pos, match.end()
        name = bytes(match.group(1)).lower()
        if opens:
            self._start_found(name, start, match.end(1))
        else:
            self._end_met(name, start)
            self._end_found(name, start)
        return True

    def _closing(self, end: int, closed: bool, limit: int) -> bool:
        reader = self._reader
        whole = reader.read(self.page.buffer, end)
        self.pos = reader.pos
        if reader.keep and (whole or reader.named or end - reader.start > self.page.tag_cap):
            reader.keep = False  # its attributes mean nothing: they need not be waited for
            self._end_met(reader.name, reader.start)
            self._let_go()
        if whole:
            self._state = self._markup
            self._end_found(reader.name, reader.start)
        return whole

    def _opening(self, end: int, closed: bool, limit: int) -> bool:
        reader = self._reader
        whole = reader.read(self.page.buffer, end)
        self.pos = reader.pos
        if reader.keep and not whole and end - reader.start > self.page.tag_cap:
            reader.keep = False
            self._start_cut(reader, reader.attributes(self.page.buffer))
            self._let_go()
        if whole:
            self._state = self._markup
            if reader.keep:
                self._let_go()
                self._start_found(reader.name, reader.start, reader.name_end)
            else:
                self._cut_found(reader)
        return whole

    def _keep(self, at: int) -> None:
        """Hold back the bytes from ``at`` on, if none before them are."""
        if self.hold is None:
            self.hold = at

    # --- what a reading makes of it

    def _let_go(self) -> None:
        """Hold back no more than the reading has to."""

    def _text_told(self, start: int, *, decode: bool) -> None:
        """Characters from ``start`` to ``pos``; ``decode``: they may hold character references."""

    def _code_told(self, end: int | None) -> None:
        """A script element's code up to ``end``; None: it is too long to wait for."""

    def _hurried(self) -> bool | None:
        """Whether one who looks ahead is followed apart, and may catch up here."""

    def _cdata_met(self) -> None:
        """The beginning of a CDATA section in foreign content."""

    def _css_told(self, url: CssUrl, at: int) -> None:
        """An address in a style element; ``at``: its place in the buffer."""

    def _start_found(self, name: bytes, start: int, name_end: int) -> None:
        """A start tag, from ``start`` to ``pos``."""

    def _start_cut(self, reader: TagReader, attributes: list[Attribute]) -> None:
        """A start tag that is too long to wait for, as far as it has come."""

    def _cut_found(self, reader: TagReader) -> None:
        """The end of a start tag that was too long to wait for."""

    def _end_met(self, name: bytes, start: int) -> None:
        """The name of an end tag, whose bytes may leave now."""

    def _end_found(self, name: bytes, start: int) -> None:
        """A whole end tag."""


def _undecided(head: bytes) -> bool:
    """Whether a ``<`` near the end of what has come may still become something else."""
    if head in (b"<", b"</"):
        return True
    return any(whole.startswith(head.lower()) for whole in (b"<!--", b"<!doctype", b"<![cdata["))
