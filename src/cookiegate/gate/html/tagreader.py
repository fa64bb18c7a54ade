"""A start or end tag that arrives in pieces: read on from where the last piece ended."""

from __future__ import annotations

import re
from enum import Enum, auto

from cookiegate.gate.html.attrs import NAME, SPACE, Attribute, read_attributes

_SPACE_OR_SLASH = re.compile(rb"[%b/]*+" % SPACE)
_SPACE = re.compile(rb"[%b]*+" % SPACE)
_TAG_NAME_END = re.compile(rb"[%b/>]" % SPACE)
_NAME_END = re.compile(rb"[%b/>=]" % SPACE)
_BARE_END = re.compile(rb"[%b>]" % SPACE)
# Attributes that are whole, whatever may follow.
_WHOLE = re.compile(
    rb"""(?:(?>[%(s)b/]*+%(n)b(?>
        [%(s)b]*+=[%(s)b]*+(?>"[^"]*+"|'[^']*+'|[^%(s)b>"'][^%(s)b>]*+(?=[%(s)b>]))
      | [%(s)b]*+(?=[^%(s)b=])
    )))*+"""
    % {b"s": SPACE, b"n": NAME},
    re.VERBOSE,
)


class _At(Enum):
    TAG_NAME = auto()
    BEFORE_NAME = auto()
    NAME = auto()
    AFTER_NAME = auto()
    BEFORE_VALUE = auto()
    QUOTED = auto()
    BARE = auto()


class TagReader:
    """Looks for the end of one tag whose first byte is at ``start``; looks at every byte once, in any pieces.

    ``pos`` is where reading goes on. ``closes_itself``: the last byte before ``>`` was a slash that belongs
    to no value. keep: the tag is held back whole; switched off when it is too long for that.
    """

    def __init__(self, start: int, name_start: int) -> None:
        self.start = start
        self.name_start = name_start
        self.name = b""
        self.name_end = 0
        self.pos = name_start
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

    def attributes(self, data: bytes | bytearray) -> list[Attribute]:
        """Those that have come, the last of them with as much of its value as has come."""
        if self._at in (_At.TAG_NAME, _At.BEFORE_NAME):
            return read_attributes(data, self.name_end, self.pos) if self.named else []
        found = read_attributes(data, self.name_end, self._attribute_start)
        if self._at in (_At.QUOTED, _At.BARE):
            value = bytes(data[self._mark : self.pos])
            gap = self._mark - self._attribute_start
            found.append(Attribute(self._attribute, self._attribute_start, value, gap))
        return found

    def read(self, data: bytes | bytearray, end: int) -> bool:
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
                    if self._before_name(data, end):
                        return True
                case _At.NAME:
                    if not self._until(_NAME_END, data, end):
                        return False
                    self._attribute = bytes(data[self._mark : self.pos]).lower() if self.keep else b""
                    self._at = _At.AFTER_NAME
                case _At.AFTER_NAME:
                    if not self._behind_space(data, end):
                        return False
                    if data[self.pos] == 0x3D:
                        self.pos += 1
                        self._at = _At.BEFORE_VALUE
                    else:
                        self._at = _At.BEFORE_NAME
                case _At.BEFORE_VALUE:
                    if not self._behind_space(data, end):
                        return False
                    self._before_value(data)
                case _At.QUOTED:
                    found = data.find(self._quote, self.pos, end)
                    if found < 0:
                        self.pos = end
                        return False
                    self.pos = found + 1
                    self._at = _At.BEFORE_NAME
                case _:  # BARE
                    if not self._until(_BARE_END, data, end):
                        return False
                    self._at = _At.BEFORE_NAME
        return False

    def _before_name(self, data: bytes | bytearray, end: int) -> bool:
        at = _WHOLE.match(data, self.pos, end).end()  # type: ignore[union-attr]  # matches anything
        behind = _SPACE_OR_SLASH.match(data, at, end).end()  # type: ignore[union-attr]  # matches anything
        if behind > self.pos:
            self.closes_itself = behind > at and data[behind - 1] == 0x2F
        self.pos = behind
        if behind == end:
            return False
        if data[behind] == 0x3E:
            self.pos += 1
            return True
        self.closes_itself = False
        self._mark = self._attribute_start = behind
        self.pos += 1  # "=" here is the first letter of a name
        self._at = _At.NAME
        return False

    def _before_value(self, data: bytes | bytearray) -> None:
        self._quote = bytes(data[self.pos : self.pos + 1])
        if self._quote in (b'"', b"'"):
            self.pos += 1
            self._at = _At.QUOTED
        elif self._quote == b">":
            self._at = _At.BEFORE_NAME
        else:
            self._at = _At.BARE
        self._mark = self.pos

    def _behind_space(self, data: bytes | bytearray, end: int) -> bool:
        self.pos = _SPACE.match(data, self.pos, end).end()  # type: ignore[union-attr]  # matches anything
        return self.pos < end

    def _until(self, stop: re.Pattern[bytes], data: bytes | bytearray, end: int) -> bool:
        found = stop.search(data, self.pos, end)
        self.pos = found.start() if found else end
        return found is not None
