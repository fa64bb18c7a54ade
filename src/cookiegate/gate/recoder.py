"""Lets the scanner read a page of any encoding as if bytes of ASCII meant ASCII, and puts insertions into the
page as it came: nothing is encoded again that was not inserted.

An offset in what is read is not always the offset in the page; the second is called its place.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Protocol

from cookiegate.gate.charset import (
    MOST_HEAD,
    Charset,
    declared_in_html,
    declared_in_xml,
    header_charset,
    marks,
)
from cookiegate.gate.html.edits import Insertion, insert

if TYPE_CHECKING:
    from collections.abc import Callable

_ESCAPE = b"\x1b"
_OTHER = b"\xff"  # no markup, and in no UTF-8 text
# What may stand behind ESC, and what it switches to (Encoding, section 12.2.1).
_DESIGNATORS = (b"(B", b"(J", b"(I", b"$@", b"$B")
_ASCII, _ROMAN = 0, 1
_SWITCH = re.compile(rb"\x1b(\([BJI]|\$[@B])")
_PART_OF_SWITCH = re.compile(rb"\x1b[($]?\Z")
_NOT_ASCII = bytes([0x0E, 0x0F, 0x1B, *range(0x80, 0x100)])


def _hiding(characters: bytes) -> bytes:
    return bytes(_OTHER[0] if byte in characters else byte for byte in range(256))


_TABLES = (_hiding(_NOT_ASCII), _hiding(_NOT_ASCII + b"\\~"), *[_OTHER * 256] * 3)

# To count UTF-16 units by the bytes of UTF-8: one for each character, and one more for those of four bytes.
_CONTINUATIONS = bytes(range(0x80, 0xC0))
_BELOW_FOUR = bytes(range(0xF0))


class _Way(Protocol):
    """One way of reading; ``feed`` gives what the scanner reads, ``insert`` and ``place`` as in Recoder."""

    def feed(self, data: bytes, final: bool) -> bytes: ...

    def insert(self, data: bytes, offset: int, insertions: list[Insertion]) -> bytes: ...

    def place(self, offset: int) -> int: ...


class _Plain:
    """Bytes as they are."""

    def feed(self, data: bytes, final: bool) -> bytes:
        return data

    def insert(self, data: bytes, offset: int, insertions: list[Insertion]) -> bytes:
        return insert(data, offset, insertions)

    def place(self, offset: int) -> int:
        return offset


class _Unread:
    """A page that no browser reads: there is nothing to see in it, and it leaves as it came."""

    def __init__(self) -> None:
        self._page = b""

    def feed(self, data: bytes, final: bool) -> bytes:
        self._page += data
        return b""

    def insert(self, data: bytes, offset: int, insertions: list[Insertion]) -> bytes:
        page, self._page = self._page, b""
        return page

    def place(self, offset: int) -> int:
        return offset


class _Recoded(ABC):
    """Keeps the page from ``_base`` on, until what is read of it leaves. start: where that begins."""

    def __init__(self, start: int) -> None:
        self._page = bytearray()
        self._base = start
        self._final = False

    def insert(self, data: bytes, offset: int, insertions: list[Insertion]) -> bytes:
        end = offset + len(data)
        insertions = sorted(insertions, key=lambda insertion: insertion.offset)
        placed = [Insertion(self._cut(at), self._fit(text, at)) for at, text in insertions]
        count = len(self._page) if self._final else self._cut(end) - self._base
        out = insert(bytes(self._page[:count]), self._base, placed)
        del self._page[:count]
        self._base += count
        self._forget(end)
        return out

    def place(self, offset: int) -> int:
        return self._cut(offset)

    @abstractmethod
    def _cut(self, offset: int) -> int:
        """Give the place behind all that was read below this offset."""
        ...

    @abstractmethod
    def _fit(self, text: bytes, offset: int) -> bytes:
        """Write what is to be inserted so that a browser reads it there as it is."""
        ...

    @abstractmethod
    def _forget(self, offset: int) -> None:
        """Drop what was only needed for offsets below this one."""
        ...


class _Utf16(_Recoded):
    """UTF-16, read as UTF-8. codec: Python's name for the byte order."""

    def __init__(self, codec: str) -> None:
        super().__init__(0)
        self._codec = codec
        self._high = codec == "utf-16-le"  # which byte of a unit says that it is half a character
        self._tail = b""
        self._text = bytearray()  # what is read of ``_page``
        self._text_base = 0
        self._last = (0, 0)  # an offset and its place: the next one is counted from there

    def feed(self, data: bytes, final: bool) -> bytes:
        data = self._tail + data
        end = len(data) & ~1
        if end and not final and data[end - 2 + self._high] & 0xFC == 0xD8:
            end -= 2  # the other half of the character may follow
        self._tail = data[end:]
        self._final = final
        self._page += data if final else data[:end]
        text = data[:end].decode(self._codec, "replace").encode()
        self._text += text
        return text

    def _cut(self, offset: int) -> int:
        read, place = self._last
        start, end = min(read, offset) - self._text_base, max(read, offset) - self._text_base
        part = self._text[start:end]
        units = len(part.translate(None, _CONTINUATIONS)) + len(part.translate(None, _BELOW_FOUR))
        place += 2 * units if read <= offset else -2 * units
        self._last = (offset, place)
        return place

    def _fit(self, text: bytes, offset: int) -> bytes:
        return text.decode("utf-8", "replace").encode(self._codec)

    def _forget(self, offset: int) -> None:
        del self._text[: offset - self._text_base]
        self._text_base = offset
        self._last = (offset, self._base)


class _Iso2022Jp(_Recoded):
    """ISO-2022-JP: what stands in ASCII or Roman is read as it is, and the rest as one byte for another. The
    sequences that switch between them are no characters: they are left out, and kept with their offsets."""

    def __init__(self, start: int = 0) -> None:
        super().__init__(start)
        self._start = start
        self._tail = b""
        self._end = start  # of what was read
        self._now = _ASCII
        self._has_switched = False  # right before the next byte
        self._offsets = array("q")  # of the switches whose bytes are still here
        self._shifts = array("q")  # from offset to place behind each of them
        self._states = bytearray()
        self._shift = 0  # before the first of them
        self._state = _ASCII

    def feed(self, data: bytes, final: bool) -> bytes:
        data = self._tail + data
        cut = None if final else _PART_OF_SWITCH.search(data, max(0, len(data) - 2))
        end = cut.start() if cut else len(data)
        self._tail, data = data[end:], data[:end]
        self._final = final
        self._page += data
        read: list[bytes] = []
        shift = self._shifts[-1] if self._shifts else self._shift
        pieces = _SWITCH.split(data)
        for text, designator in zip(pieces[::2], [*pieces[1::2], b""], strict=True):
            if text:
                read.append(text.translate(_TABLES[self._now]))
                self._end += len(text)
                self._has_switched = False
            if not designator:  # the last text
                continue
            self._now = _DESIGNATORS.index(designator)
            self._offsets.append(self._end)
            shift += 3
            if self._has_switched:  # two in a row are an error, which is a character
                read.append(_OTHER)
                self._end += 1
                shift -= 1
            self._has_switched = True
            self._shifts.append(shift)
            self._states.append(self._now)
        return b"".join(read)

    def insert(self, data: bytes, offset: int, insertions: list[Insertion]) -> bytes:
        if offset < self._start:
            if offset + len(data) < self._start:
                return insert(data, offset, insertions)
            self._page[:0] = data[: self._start - offset]
            self._base = self._start = offset
        return super().insert(data, offset, insertions)

    def place(self, offset: int) -> int:
        return self._behind(offset, bisect_right(self._offsets, offset))

    def _cut(self, offset: int) -> int:
        return self._behind(offset, bisect_left(self._offsets, offset))

    def _behind(self, offset: int, switches: int) -> int:
        return offset + (self._shifts[switches - 1] if switches else self._shift)

    def _fit(self, text: bytes, offset: int) -> bytes:
        before = bisect_left(self._offsets, offset)
        state = self._states[before - 1] if before else self._state
        if state in (_ASCII, _ROMAN):  # wherever there is markup; Roman has no backslash and no tilde
            return text
        text = _ESCAPE + _DESIGNATORS[_ASCII] + text
        if before < len(self._offsets) and self._offsets[before] == offset:
            return text  # the page itself switches there
        return text + _ESCAPE + _DESIGNATORS[state]

    def _forget(self, offset: int) -> None:
        count = bisect_left(self._offsets, offset)
        if count:
            self._shift, self._state = self._shifts[count - 1], self._states[count - 1]
            del self._offsets[:count], self._shifts[:count], self._states[:count]


class Recoder:
    """Reads one page, in pieces of any size, as a browser that gets it with this ``Content-Type`` does.

    content_type: several are to be joined by commas. xml: the page is read by the rules of XML. framed: it is
    shown inside another page; if it declares nothing, it is in the encoding of that one.
    Without a mark, and a header that names the encoding, the page's own declaration counts; nobody looks for
    it before the first byte whose meaning depends on it, and at most 64 KiB wait for it then. Nothing raises.
    """

    def __init__(self, content_type: bytes = b"", *, xml: bool = False, framed: bool = False) -> None:
        self._named = header_charset(content_type)
        self._marks = marks(named=self._named is not None, xml=xml)
        self._declared = declared_in_xml if xml else declared_in_html
        self._inherits = framed and not xml
        self._way: _Way = _Plain()
        self._take: Callable[[bytes, bool], bytes] = self._begin
        self._held = bytearray()
        self._seen = bytearray()
        self._passed = 0
        self._enough = 0

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """Take the next bytes of the page; give what is to be read of them by now."""
        return self._take(data, final)

    def insert(self, data: bytes, offset: int, insertions: list[Insertion]) -> bytes:
        """Give the page that belongs to ``data``, which was read and begins at ``offset``, with insertions.

        Their offsets are of what was read. All that was read is to be given back this way once, in order; all
        that is left at once after the final ``feed``.
        """
        return self._way.insert(data, offset, insertions)

    def place(self, offset: int) -> int:
        """Turn an offset in what was read, and not given back yet, into the one in the page."""
        return self._way.place(offset)

    # --- what is still to be found out: each takes the next bytes, and says when there are no more

    def _begin(self, data: bytes, final: bool) -> bytes:
        """Wait for the mark."""
        data = bytes(self._held) + data
        mark = next((mark for mark in self._marks if data.startswith(mark)), None)
        if mark is None and not final and any(mark.startswith(data) for mark in self._marks):
            self._held[:] = data
            return b""
        self._held.clear()
        charset = self._named if mark is None else self._marks[mark]
        self._take = self._watch if charset is None else self._go(charset)
        return self._take(data, final)

    def _watch(self, data: bytes, final: bool) -> bytes:
        """Wait for the byte that only ISO-2022-JP gives a meaning, and then for the declaration."""
        seen = self._seen
        seen += data[: MOST_HEAD - len(seen)]
        at = 0 if self._held else data.find(_ESCAPE)
        if at < 0:
            self._passed += len(data)
            return data
        passed = data[:at]
        self._passed += at
        self._held += data[at:]
        whole = final or len(seen) == MOST_HEAD
        if len(seen) < self._enough and not whole:
            return passed
        self._enough = 2 * len(seen)  # not again for every byte
        charset = self._declared(bytes(seen), whole=whole)
        if charset is None:
            return passed
        if charset is not Charset.ISO_2022_JP:
            # A frame that makes use of ISO-2022-JP gets it from the page around it.
            inherited = charset is Charset.UNDECLARED and self._inherits
            charset = Charset.ISO_2022_JP if inherited else Charset.ASCII
        self._take = self._go(charset)
        return passed + self._take(bytes(self._held), final)

    def _go(self, charset: Charset) -> Callable[[bytes, bool], bytes]:
        if charset is Charset.ISO_2022_JP:
            self._way = _Iso2022Jp(self._passed)
        elif charset is Charset.REPLACEMENT:
            self._way = _Unread()
        elif charset is not Charset.ASCII:
            self._way = _Utf16("utf-16-le" if charset is Charset.UTF_16LE else "utf-16-be")
        return self._way.feed
