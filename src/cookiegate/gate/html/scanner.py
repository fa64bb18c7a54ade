"""Finds the tags that may load something in a page, in pieces of any size, as a browser would find them
(WHATWG HTML, sections 13.2.5 and 13.2.6). It knows HTML and nothing of consent.

A page may have several readings. What a noscript element holds is text where scripts run, and markup where
they do not; when it ends in the middle of a tag or comment, the two go on apart behind it. And browsers look
ahead for what to fetch, by rules that know nothing of svg. All are followed until they stand at one place.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from sys import maxsize
from typing import TYPE_CHECKING, NamedTuple

from cookiegate.gate.html.reading import Reading
from cookiegate.gate.html.replay import Past
from cookiegate.gate.html.tags import Handler, Tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cookiegate.gate.html.construction.tree import Tree
    from cookiegate.gate.html.tags import Memory

__all__ = ["SCRIPT_CAP", "TAG_CAP", "Handler", "Scanner", "Tag"]

TAG_CAP = 256 * 1024
SCRIPT_CAP = 4 * 1024 * 1024
READING_CAP = 3


class _Told(NamedTuple):
    tag: Tag
    code: bytes | None
    inline: bool
    reading: Reading


class Scanner:
    """Reads a page piece by piece; ``feed`` gives back the bytes that are decided.

    At most one tag (256 KiB) or one inline script (4 MiB) is held back. No input raises or recurses.
    xml: the page is XHTML, where a slash closes any element, and only scripts are read as text.
    memory: takes the tags it knows in the handler's place; None: the handler hears of all. It may change on
    the way.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        xml: bool = False,
        memory: Memory | None = None,
        tag_cap: int = TAG_CAP,
        script_cap: int = SCRIPT_CAP,
    ) -> None:
        self.memory = memory
        self.buffer: bytes | bytearray = b""
        self.base = 0
        self.language: bytes | None = None  # that the html tag names, known before the body begins
        self.tag_cap = tag_cap
        self.script_cap = script_cap
        self._handler = handler
        self._past = Past()
        self._split = False  # whether there was a noscript element
        self._queue: list[_Told] = []
        self._least = maxsize  # where the first of these stands
        first = Reading(self, 0, scripting=True, xml=xml)
        first.begin(finds_body=True)
        self._readings = [first]
        self._ended: list[Reading] = []  # those of which something is still in the queue

    @property
    def pending(self) -> bytes:
        """The bytes that have come but are not read yet."""
        return bytes(self.buffer[self._readings[0].pos :])

    def feed(self, data: bytes, *, final: bool = False) -> tuple[int, bytes]:
        """Take the next bytes; give the offset and the bytes that may leave now (all when ``final``)."""
        if self.buffer:
            self.buffer = bytearray(self.buffer) if isinstance(self.buffer, bytes) else self.buffer
            self.buffer += data
        else:
            self.buffer = (
                data  # as a rule a page comes whole, or nothing is left of what came: no copy is made
            )
        end = len(self.buffer)
        for reading in self._readings:
            reading.waits = False
        while self._read_together(end, final) if len(self._readings) > 1 else self._read_alone(end, final):
            pass
        for reading in self._readings:
            if final:
                reading.finish(end)
            else:
                reading.cap(end)
        count = min(reading.safe for reading in self._readings)
        self._deliver(count)
        return self._release(count, keep=not final)

    def _read_alone(self, end: int, final: bool) -> bool:
        """The usual case. True: there are several readings now."""
        reading = self._readings[0]
        while reading.step(end, final, end):
            if len(self._readings) > 1:
                return True
        return False

    def _read_together(self, end: int, final: bool) -> bool:
        """Read on where least has been read, at most to where another stands. False: all wait for more."""
        moving = [reading for reading in self._readings if not reading.waits]
        if not moving:
            return False
        reading = min(moving, key=lambda each: each.pos)
        hasty = reading.hasty
        ahead = [
            each.pos
            for each in self._readings
            if each.pos > reading.pos and (each.between if hasty else each.plain)
        ]
        reading.waits = not reading.step(end, final, min(ahead, default=end))
        self._merge()
        return True

    def _merge(self) -> None:
        """Readings that stand at one place and will go on alike are one from there on."""
        for index, reading in enumerate(self._readings):
            for other in self._readings[:index]:
                if reading.pos == other.pos and reading.goes_on_like(other):
                    reading.ended = self.base + reading.pos
                    self._readings.remove(reading)
                    self._ended.append(reading)
                    if len(self._readings) == 1:
                        self._deliver(self._readings[0].safe)
                    return

    def _release(self, count: int, *, keep: bool) -> tuple[int, bytes]:
        offset, buffer = self.base, self.buffer
        if count == len(buffer):
            out, self.buffer = bytes(buffer), b""
        else:
            out = bytes(memoryview(buffer)[:count])
            self.buffer = bytearray(buffer) if isinstance(buffer, bytes) else buffer
            del self.buffer[:count]
        if count:
            self.base += count
            for reading in self._readings:
                reading.shift(count)
            if keep:
                self._past.keep(out, self.base)
        return offset, out

    # --- what the readings tell

    def tell(self, reading: Reading, tag: Tag, code: bytes | None, *, inline: bool) -> None:
        """A tag, or with ``inline`` a script element and its code."""
        told = _Told(tag, code, inline, reading)
        if len(self._readings) > 1 or self._queue or reading.safe + self.base <= tag.start:
            self._queue.append(told)
            self._least = min(self._least, tag.start)
        else:
            self._hand_over(told)

    @property
    def remembers(self) -> Memory | None:
        """Who may take a tag in the handler's place, now."""
        # What is still in the queue may change what tags mean.
        return None if self._queue or len(self._readings) > 1 else self.memory

    def _hand_over(self, told: _Told) -> None:
        if told.inline:
            self._handler.script(told.tag, told.code)
        else:
            self._handler.tag(told.tag)

    def _deliver(self, before: int) -> None:
        """Hand over, in document order, what stands before ``before``, where every reading is through."""
        limit = self.base + before
        if self._least < limit:
            ready = sorted(
                (told for told in self._queue if told.tag.start < limit), key=lambda told: told.tag.start
            )
            self._queue = [told for told in self._queue if told.tag.start >= limit]
            self._least = min((told.tag.start for told in self._queue), default=maxsize)
            for start, group in groupby(ready, key=lambda told: told.tag.start):
                for told in self._compared(start, [*group]):
                    self._hand_over(told)
        for reading in self._readings:
            reading.forget(limit)
        if not self._queue:
            self._ended.clear()

    def _compared(self, start: int, group: list[_Told]) -> Iterator[_Told]:
        """Tags at one place, each once, with a note of who sees them."""
        every = (*self._readings, *self._ended)
        present = [each for each in every if each.born <= start < each.ended and not each.hasty]
        for foreign in (False, True):
            same = [told for told in group if told.tag.foreign == foreign]
            parsing = [told for told in same if not told.reading.hasty]
            if not same:
                continue
            told = (parsing or same)[0]
            if len(parsing) < len(present):
                noscript = not any(each.reading.scripting for each in same)
                rest = [reading for reading in present if reading.scripting]
                sheltered = len(parsing) + len(rest) == len(present) and all(
                    each.hides(start) for each in rest
                )
                told = told._replace(
                    tag=replace(told.tag, noscript=noscript, disputed=not (noscript and sheltered))
                )
            yield told

    def tell_head(self, at: int) -> None:
        """Where the head begins."""
        self._handler.head(self.base + at)

    def tell_body(self, at: int) -> None:
        """Where the body begins."""
        self._handler.body(self.base + at)

    # --- what the readings ask for

    def splits(self, *, scripting: bool) -> bool:
        """Whether a browser without scripting is to be followed apart from here on, if the two may differ."""
        return scripting and self._split and not self._follows(scripting=False, hasty=False)

    def divide(self) -> None:
        """There was a noscript element: what is open behind it need not be the same to every browser."""
        self._split = True

    def split(self, at: int, tree: Tree | None) -> None:
        """Follow a browser without scripting from ``at`` on."""
        self._split = True
        if not self._follows(scripting=False, hasty=False):
            self._add(Reading(self, at, scripting=False, tree=tree))

    def hasten(self, at: int, name: bytes, *, scripting: bool) -> None:
        """From ``at`` on a browser that looks ahead reads otherwise than one that parses: as in ``name``."""
        if not self.hurries(scripting=scripting):
            reading = Reading(self, at, scripting=scripting, hasty=True)
            reading.enter(name)
            self._add(reading)

    def hurries(self, *, scripting: bool) -> bool:
        """Whether a browser that looks ahead is followed apart."""
        return self._follows(scripting=scripting, hasty=True)

    def _follows(self, *, scripting: bool, hasty: bool) -> bool:
        return any(each.scripting is scripting and each.hasty is hasty for each in self._readings)

    @property
    def crowded(self) -> bool:
        """Whether no more readings are followed."""
        return sum(not reading.hasty for reading in self._readings) >= READING_CAP

    def doubt(self, at: int, tree: Tree | None, *, scripting: bool) -> None:
        """From ``at`` on the page may be read with this tree as well."""
        if not self.crowded:
            self._add(Reading(self, at, scripting=scripting, tree=tree, strays=True))

    def _add(self, reading: Reading) -> None:
        reading.born = self.base + reading.pos
        self._readings.append(reading)
        self._readings.sort(key=lambda each: each.hasty)  # where two are one again, a hasty one goes

    def replay(self, at: int, *, scripting: bool) -> Tree | None:
        """The whole tree of what stands before ``at``; None when that is not known any more."""
        return self._past.replay(self.buffer, at, self.base, scripting=scripting)

    def lose(self, *, scripting: bool) -> None:
        """From here on it is not known what is open."""
        self._past.lose(scripting=scripting)

    def remember(self, at: int, tree: Tree, *, scripting: bool) -> None:
        """The whole tree of what stands before ``at``, where a token begins."""
        self._past.remember(self.base + at, tree, scripting=scripting)
