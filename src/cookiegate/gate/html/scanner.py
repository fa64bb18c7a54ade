"""Finds the tags that may load something in a page, in pieces of any size, by the tokeniser rules of the
HTML standard (WHATWG HTML, section 13.2.5). It knows HTML and nothing of consent.

Most of a page is skipped inside one possessive regular expression; Python runs only where that stops: at a
tag that may load something or that changes how the following bytes are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cookiegate.gate.html.attrs import Attribute, read_attributes
from cookiegate.gate.html.grammar import (
    BEFORE_BODY,
    BREAKOUT,
    COMMENT_END,
    FOREIGN_ROOTS,
    INTEGRATION,
    NOSCRIPT_END,
    NOT_SPACE,
    QUIET,
    RAW_END,
    RAW_TEXT,
    SCRIPT_TOKENS,
    SKIP,
    TAG,
)
from cookiegate.gate.html.sinks import FOREIGN_SINKS, SINKS, runs
from cookiegate.gate.html.tagreader import TagReader

if TYPE_CHECKING:
    from collections.abc import Callable

TAG_CAP = 256 * 1024
SCRIPT_CAP = 4 * 1024 * 1024
DEEPEST = 512
"""Elements of foreign content that are followed into each other, as many as browsers nest."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag that may load something. Offsets count from the first byte of the page.

    name_end: directly behind the tag's name, where attributes may be inserted before all others.
    foreign: inside svg or math. cut: the tag was too long to wait for; attributes behind these are not known.
    """

    name: bytes
    start: int
    name_end: int
    attributes: tuple[Attribute, ...]
    foreign: bool = False
    cut: bool = False

    def get(self, name: bytes) -> bytes | None:
        """The value of the first attribute of that name, which is the one that counts."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute.value
        return None


class Handler(Protocol):
    """What a scanner tells while it reads, in document order."""

    def tag(self, tag: Tag) -> None:
        """A start tag that may load something."""

    def script(self, tag: Tag, code: bytes | None) -> None:
        """A script element without ``src``, and its code; None when it is too long to wait for."""

    def body(self, offset: int) -> None:
        """The place directly behind the body's start tag, or where a body without a tag begins."""


class Scanner:
    """Reads a page piece by piece; ``feed`` gives back the bytes that are decided.

    At most one tag (256 KiB) or one inline script (4 MiB) is held back. No input raises or recurses.
    xml: the page is XHTML, where a slash closes any element, and only scripts are read as text.
    interest: tells the tags that the handler wants to hear of; None: it wants all. May change on the way.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        xml: bool = False,
        interest: Callable[[bytes], bool] | None = None,
        tag_cap: int = TAG_CAP,
        script_cap: int = SCRIPT_CAP,
    ) -> None:
        self.interest = interest
        self._handler = handler
        self._xml = xml
        self._tag_cap = tag_cap
        self._script_cap = script_cap
        self._buffer = bytearray()
        self._base = 0  # offset in the page of the buffer's first byte
        self._pos = 0
        self._hold: int | None = None  # bytes from here on must not leave yet
        self._state: Callable[[int, bool], bool] = self._bom
        self._reader = TagReader(0, 0)
        self._raw = b""
        self._script_tag: Tag | None = None
        self._script_state = "plain"
        self._code_start = 0
        self._bang_from = 0  # "--!>" ends a comment only from here on (in the page)
        self._in_noscript = False
        self._limit: int | None = None  # where the noscript element ends for a browser that runs scripts
        self._limit_from = 0
        self._foreign: list[bytes] = []
        self._document = False
        self._before_body = True
        self._templates = 0

    @property
    def pending(self) -> bytes:
        """The bytes that have come but are not read yet."""
        return bytes(self._buffer[self._pos :])

    def feed(self, data: bytes, *, final: bool = False) -> tuple[int, bytes]:
        """Take the next bytes; give the offset and the bytes that may leave now (all when ``final``)."""
        self._buffer += data
        while True:
            end, closed = self._bounds(final)
            if self._state(end, closed):
                continue
            if not closed:
                break
            self._pos = end
            self._hold = None
            if not self._in_noscript:
                break
            self._in_noscript = False
            self._state = self._markup
        if final and self._before_body and self._document:
            self._imply_body(len(self._buffer))
        return self._release(
            len(self._buffer) if final else self._hold if self._hold is not None else self._pos
        )

    def _release(self, count: int) -> tuple[int, bytes]:
        offset, out = self._base, bytes(self._buffer[:count])
        if count:
            del self._buffer[:count]
            self._base += count
            self._pos -= count
            self._limit_from -= count
            self._code_start -= count
            self._reader.shift(count)
            if self._hold is not None:
                self._hold -= count
            if self._limit is not None:
                self._limit -= count
        return offset, out

    def _bounds(self, final: bool) -> tuple[int, bool]:
        """How far to read, and whether nothing can follow there. The text of a noscript element ends where a
        browser that runs scripts ends it, whatever its markup says."""
        size = len(self._buffer)
        if not self._in_noscript:
            return size, final
        if self._limit is None:
            found = NOSCRIPT_END.search(self._buffer, self._limit_from)
            if found is None:
                self._limit_from = max(self._limit_from, size - len("</noscript"))
                return (size, True) if final else (self._limit_from, False)
            self._limit = found.start()
        return self._limit, True

    # --- states: each reads from self._pos to ``end``; True means that there is more to do with these bytes

    def _bom(self, end: int, closed: bool) -> bool:
        mark = b"\xef\xbb\xbf"
        start = bytes(self._buffer[:3])
        if start != mark and mark.startswith(start) and not closed:
            return False
        self._pos = 3 if start == mark else 0
        self._state = self._markup
        return True

    def _markup(self, end: int, closed: bool) -> bool:
        if not (self._before_body or self._foreign or self._xml):
            self._pos = SKIP.match(self._buffer, self._pos, end).end()  # type: ignore[union-attr]  # matches anything
        if self._pos >= end:
            return False
        if self._buffer[self._pos] != 0x3C:
            return self._text(end)
        head = bytes(self._buffer[self._pos : min(self._pos + 9, end)])
        if len(head) < 9 and not closed and _undecided(head):
            return False
        if head[1:2].isalpha() or (head[1:2] == b"/" and head[2:3].isalpha()):
            return self._tag(end, closed, opens=head[1:2] != b"/")
        if head.startswith(b"<!--"):
            self._bang_from = self._base + self._pos + 4
            self._pos += 2  # "<!-->" and "<!--->" are whole comments
            self._state = self._comment
        elif (self._xml or self._foreign_now()) and head.startswith(b"<![CDATA["):
            self._state = self._cdata
        elif head[1:2] in (b"!", b"?", b"/"):
            self._document |= head.lower() == b"<!doctype"
            self._state = self._bogus
        else:
            return self._text(end)
        return True

    def _text(self, end: int) -> bool:
        stop = self._buffer.find(b"<", self._pos + 1, end)
        stop = end if stop < 0 else stop
        if self._expects_body():
            words = NOT_SPACE.search(self._buffer, self._pos, stop)
            if words:
                self._imply_body(words.start())
        self._pos = stop
        return True

    def _comment(self, end: int, closed: bool) -> bool:
        found = COMMENT_END.search(self._buffer, self._pos, end)
        while found and found.end() - found.start() == 4 and self._base + found.start() < self._bang_from:
            found = COMMENT_END.search(self._buffer, found.start() + 1, end)
        if found is None:
            self._pos = max(self._pos, end - 3)
            return False
        self._pos = found.end()
        self._state = self._markup
        return True

    def _cdata(self, end: int, closed: bool) -> bool:
        return self._until(b"]]>", end)

    def _bogus(self, end: int, closed: bool) -> bool:
        return self._until(b">", end)

    def _until(self, stop: bytes, end: int) -> bool:
        found = self._buffer.find(stop, self._pos, end)
        if found < 0:
            self._pos = max(self._pos, end - len(stop) + 1)
            return False
        self._pos = found + len(stop)
        self._state = self._markup
        return True

    def _raw_text(self, end: int, closed: bool) -> bool:
        found = RAW_END[self._raw].search(self._buffer, self._pos, end)
        if found is None:
            self._pos = max(self._pos, end - len(self._raw) - 2)
            return False
        self._pos = found.start()
        self._state = self._markup
        return True

    def _plaintext(self, end: int, closed: bool) -> bool:
        self._pos = end
        return False

    def _code(self, end: int, closed: bool) -> bool:
        """The content of a script element, up to the end tag that a browser takes for its own."""
        while token := SCRIPT_TOKENS[self._script_state].search(self._buffer, self._pos, end):
            text = token.group().lower()
            self._pos = token.end()
            if text == b"<!--":
                self._pos -= 2  # "<!-->" opens and closes
                self._script_state = "escaped"
            elif text == b"-->":
                self._script_state = "plain"
            elif text == b"<script":
                self._script_state = "double"
            elif self._script_state == "double":
                self._script_state = "escaped"
            else:
                self._pos = token.start()
                self._tell_code(token.start())
                self._state = self._markup
                return True
        self._pos = max(self._pos, end - len("</script"))
        if closed:
            self._tell_code(end)
        elif self._script_tag and end - self._code_start > self._script_cap:
            self._tell_code(None)
        return False

    def _tell_code(self, end: int | None) -> None:
        if self._script_tag:
            code = None if end is None else bytes(self._buffer[self._code_start : end])
            self._handler.script(self._script_tag, code)
            self._script_tag = None
            self._hold = None

    # --- tags

    def _tag(self, end: int, closed: bool, *, opens: bool) -> bool:
        match = TAG.match(self._buffer, self._pos, end)
        if match is None:
            # A tag that never ends is no tag; one that may still end is read on as the bytes come.
            if closed:
                return False
            self._reader = TagReader(self._pos, self._pos + (1 if opens else 2))
            self._reader.keep = opens
            self._hold = self._pos
            self._state = self._opening if opens else self._closing
            return True
        start, self._pos = self._pos, match.end()
        name = bytes(match.group(1)).lower()
        if opens:
            # Most pictures are the site's own: their attributes need not be taken apart.
            quiet = name in QUIET and not (self._before_body or self._foreign)
            if quiet and self.interest and not self.interest(bytes(self._buffer[start : self._pos])):
                return True
            self._start_tag(name, start, match.end(1), None, cut=False)
        else:
            self._end_tag(name, start)
        return True

    def _closing(self, end: int, closed: bool) -> bool:
        reader = self._reader
        whole = reader.read(self._buffer, end)
        if self._hold is not None and (whole or reader.name_end or end - reader.start > self._tag_cap):
            self._hold = None
            self._end_tag(reader.name, reader.start)
        self._pos = reader.pos
        if whole:
            self._state = self._markup
        return whole

    def _opening(self, end: int, closed: bool) -> bool:
        reader = self._reader
        whole = reader.read(self._buffer, end)
        if reader.keep and not whole and end - reader.start > self._tag_cap:
            attributes = [*reader.attributes, *filter(None, [reader.unfinished(self._buffer)])]
            if self._before_body and reader.name not in BEFORE_BODY | {b"body", b"frameset"}:
                self._start_before_body(reader.name, reader.start)
            self._tell_tag(reader.name, reader.start, reader.name_end, attributes, cut=True)
            reader.keep = False
            self._hold = None
        self._pos = reader.pos
        if not whole:
            return False
        self._hold = None
        self._state = self._markup
        self._start_tag(reader.name, reader.start, reader.name_end, reader.attributes, cut=not reader.keep)
        return True

    def _start_tag(
        self, name: bytes, start: int, name_end: int, attributes: list[Attribute] | None, *, cut: bool
    ) -> None:
        """A complete start tag, ``self._pos`` behind it; ``attributes`` None: not read yet."""
        foreign = self._foreign_now()
        watched = name in (FOREIGN_SINKS if foreign else SINKS)
        if attributes is None:
            needed = watched or foreign or name in FOREIGN_ROOTS
            attributes = read_attributes(self._buffer, name_end, self._pos) if needed else []
        if foreign and (name in BREAKOUT or (name == b"font" and _styled(attributes))):
            while self._foreign and self._foreign[-1] in FOREIGN_ROOTS:
                self._foreign.pop()
            foreign = False
            watched = name in SINKS
        if self._before_body:
            self._start_before_body(name, start)
        tag = None
        if watched and not cut:
            tag = self._tell_tag(name, start, name_end, attributes, cut=False)
        if (self._xml or foreign or name in FOREIGN_ROOTS) and self._closes_itself(attributes):
            return
        if name in FOREIGN_ROOTS or (foreign and name in INTEGRATION[self._foreign[-1]]):
            if len(self._foreign) < DEEPEST:
                self._foreign.append(name)
        elif name == b"script" and not foreign:
            self._script_state = "plain"
            self._code_start = self._pos
            self._state = self._code
            if tag and tag.get(b"src") is None and runs(tag.get):
                self._script_tag = tag
                self._hold = start
        elif name == b"plaintext" and not (self._xml or foreign):
            self._state = self._plaintext
        elif name in RAW_TEXT and not (self._xml or foreign):
            self._raw = name
            self._state = self._raw_text
        elif name == b"noscript" and not (foreign or self._in_noscript):
            self._in_noscript = True
            self._limit = None
            self._limit_from = self._pos

    def _tell_tag(
        self, name: bytes, start: int, name_end: int, attributes: list[Attribute], *, cut: bool
    ) -> Tag | None:
        foreign = self._foreign_now()
        if name not in (FOREIGN_SINKS if foreign else SINKS):
            return None
        base = self._base
        placed = tuple(Attribute(a.name, base + a.start, a.value) for a in attributes)
        tag = Tag(name, base + start, base + name_end, placed, foreign, cut)
        if cut or name != b"script" or foreign or tag.get(b"src") is not None:
            self._handler.tag(tag)
        return tag

    def _end_tag(self, name: bytes, start: int) -> None:
        if self._before_body:
            if name == b"template":
                self._templates = max(0, self._templates - 1)
            elif name in (b"body", b"html", b"br") and self._expects_body():
                self._imply_body(start)
        if self._foreign_now() and name in (b"p", b"br"):
            while self._foreign and self._foreign[-1] in FOREIGN_ROOTS:
                self._foreign.pop()
        elif name in self._foreign:
            while self._foreign.pop() != name:
                pass

    # --- where we are

    def _foreign_now(self) -> bool:
        return bool(self._foreign) and self._foreign[-1] in FOREIGN_ROOTS

    def _closes_itself(self, attributes: list[Attribute]) -> bool:
        """Whether the tag before ``self._pos`` ends in a slash that belongs to no value (``width=1/>``)."""
        end = self._pos - 1
        last = attributes[-1].value if attributes else b""
        bare = bool(last) and self._buffer[end - len(last) : end] == last
        return self._buffer[end - 1] == 0x2F and not bare

    def _expects_body(self) -> bool:
        return self._before_body and not self._templates and not self._in_noscript

    def _start_before_body(self, name: bytes, start: int) -> None:
        self._document |= name in (b"html", b"head", b"body", b"frameset")
        if name == b"template":
            self._templates += 1
        elif not self._expects_body():
            return
        elif name == b"body":
            self._imply_body(self._pos)
        elif name == b"frameset":
            self._before_body = False
        elif name not in BEFORE_BODY:
            self._imply_body(start)

    def _imply_body(self, at: int) -> None:
        """The body begins at ``at``. A fragment, which names no document at all, has none."""
        self._before_body = False
        if self._document:
            self._handler.body(self._base + at)


def _undecided(head: bytes) -> bool:
    """Whether a ``<`` near the end of what has come may still become something else."""
    if head in (b"<", b"</"):
        return True
    return any(whole.startswith(head.lower()) for whole in (b"<!--", b"<!doctype", b"<![cdata["))


def _styled(attributes: list[Attribute]) -> bool:
    return any(attribute.name in (b"color", b"face", b"size") for attribute in attributes)
