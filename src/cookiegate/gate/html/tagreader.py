"""A start or end tag that arrives in pieces: read on from where the last piece ended."""

from __future__ import annotations

import re
from enum import Enum, auto

from cookiegate.gate.html.attrs import SPACE, Attribute

_SPACE_OR_SLASH = re.compile(rb"[%b/]*+" % SPACE)
_SPACE = re.compile(rb"[%b]*+" % SPACE)
_TAG_NAME_END = re.compile(rb"[%b/>]" % SPACE)
_NAME_END = re.compile(rb"[%b/>=]" % SPACE)
_BARE_END = re.compile(rb"[%b>]" % SPACE)


class _At(Enum):
    TAG_NAME = auto()
    BEFORE_NAME = auto()
    NAME = auto()
    AFTER_NAME = auto()
    BEFORE_VALUE = auto()
    QUOTED = auto()
    BARE = auto()


class TagReader:
    """Reads one tag whose first byte is at ``start``; every byte is looked at once, however small the pieces.

    ``pos`` is where reading goes on; ``attributes`` are those complete so far. ``closes_itself``: the last
    byte before ``>`` was a slash that belongs to no value. With ``keep`` switched off (a tag too long to hold
    back) it only looks for the end.
    """

    def __init__(self, start: int, name_start: int) -> None:
        self.start = start
        self.name_start = name_start
        self.name = b""
        self.name_end = 0
        self.pos = name_start
        self.attributes: list[Attribute] = []
        self.keep = True
        self.closes_itself = False
        self.named = False  # whether the whole name has come
        self._at = _At.TAG_NAME
        self._mark = name_start  # where the name or value now being read began
        self._attribute = b""
        self._attribute_start = 0
        self._quote = b""

    def shift(self, dropped: int) -> None:
        """Say that ``dropped`` bytes have left the front of the buffer."""
        self.start -= dropped
        self.name_start -= dropped
        self.name_end -= dropped
        self.pos -= dropped
        self._mark -= dropped
        self._attribute_start -= dropped
        self.attributes = [a._replace(start=a.start - dropped) for a in self.attributes] if self.keep else []

    def unfinished(self, data: bytearray) -> Attribute | None:
        """The attribute whose value is being read now, with as much of the value as has come."""
        if self._at in (_At.QUOTED, _At.BARE):
            return Attribute(self._attribute, self._attribute_start, bytes(data[self._mark : self.pos]))
        return None

    def read(self, data: bytearray, end: int) -> bool:
        """Read on up to ``end``; True when the tag's ``>`` was found, and ``pos`` is then behind it."""
        while self.pos < end:
            match self._at:
                case _At.TAG_NAME:
                    if not self._until(_TAG_NAME_END, data, end):
                        return False
                    # If a part of it has left, it is too long to be the name of anything.
                    if self.name_start >= 0:
                        self.name = bytes(data[self.name_start : self.pos]).lower()
                    self.name_end = self.pos
                    self.named = True
                    self._at = _At.BEFORE_NAME
                case _At.BEFORE_NAME:
                    behind = _SPACE_OR_SLASH.match(data, self.pos, end).end()  # type: ignore[union-attr]  # matches anything
                    if behind > self.pos:
                        self.closes_itself = data[behind - 1] == 0x2F
                    self.pos = behind
                    if self.pos == end:
                        return False
                    if data[self.pos] == 0x3E:
                        self.pos += 1
                        return True
                    self.closes_itself = False
                    self._mark = self._attribute_start = self.pos
                    self.pos += 1  # "=" here is the first letter of a name
                    self._at = _At.NAME
                case _At.NAME:
                    if not self._until(_NAME_END, data, end):
                        return False
                    self._attribute = bytes(data[self._mark : self.pos]).lower() if self.keep else b""
                    self._at = _At.AFTER_NAME
                case _At.AFTER_NAME:
                    self.pos = _SPACE.match(data, self.pos, end).end()  # type: ignore[union-attr]  # matches anything
                    if self.pos == end:
                        return False
                    if data[self.pos] == 0x3D:
                        self.pos += 1
                        self._at = _At.BEFORE_VALUE
                    else:
                        self._add(b"")
                case _At.BEFORE_VALUE:
                    self.pos = _SPACE.match(data, self.pos, end).end()  # type: ignore[union-attr]  # matches anything
                    if self.pos == end:
                        return False
                    self._quote = bytes(data[self.pos : self.pos + 1])
                    if self._quote in (b'"', b"'"):
                        self.pos += 1
                        self._at = _At.QUOTED
                    elif self._quote == b">":
                        self._add(b"")
                    else:
                        self._at = _At.BARE
                    self._mark = self.pos
                case _At.QUOTED:
                    found = data.find(self._quote, self.pos, end)
                    if found < 0:
                        self.pos = end
                        return False
                    self._add(bytes(data[self._mark : found]) if self.keep else b"")
                    self.pos = found + 1
                case _:  # BARE
                    if not self._until(_BARE_END, data, end):
                        return False
                    self._add(bytes(data[self._mark : self.pos]) if self.keep else b"")
        return False

    def _until(self, stop: re.Pattern[bytes], data: bytearray, end: int) -> bool:
        found = stop.search(data, self.pos, end)
        self.pos = found.start() if found else end
        return found is not None

    def _add(self, value: bytes) -> None:
        if self.keep:
            self.attributes.append(Attribute(self._attribute, self._attribute_start, value))
        self._at = _At.BEFORE_NAME
