"""Where the frames and blocks of a zstd body end (RFC 8878, section 3.1), to unpack it block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAME = b"\x28\xb5\x2f\xfd"
_SKIPPED = b"\x2a\x4d\x18"  # behind a byte of 0x50 to 0x5F
_SINGLE_SEGMENT, _CHECKSUM = 0x20, 0x04
_DICTIONARY_ID = (0, 1, 2, 4)
_CONTENT_SIZE = (0, 2, 4, 8)
_REPEATED = 1  # a block of one byte, over and over


class Part(NamedTuple):
    """Bytes of at most one block, its header included; none of a frame to be skipped.

    begins: they are the first of a frame.
    """

    begins: bool
    data: bytes


class Frames:
    """Cuts one body, as it arrives."""

    def __init__(self) -> None:
        self._held = b""  # of a header that is not all there
        self._left = 0  # bytes of the part that has begun
        self._inside = self._skips = False
        self._checksum = 0

    @property
    def complete(self) -> bool:
        """Whether a frame has just ended, or none has begun."""
        return not (self._held or self._left or self._inside)

    def feed(self, data: bytes) -> Iterator[Part]:
        """Cut the next bytes. Raises ValueError where a frame should begin and none does."""
        data, self._held = self._held + data, b""
        at = 0
        while at < len(data):
            begins = False
            if not self._left:
                begins = not self._inside
                self._left = self._block(data, at) if self._inside else self._header(data, at)
                if not self._left:
                    self._held = data[at:]
                    return
            end = min(at + self._left, len(data))
            self._left -= end - at
            yield Part(False, b"") if self._skips else Part(begins, data[at:end])
            at = end

    def _header(self, data: bytes, at: int) -> int:
        """Return the length of a frame's header, or of a whole frame that is skipped; 0: more is needed."""
        if data.startswith(_FRAME, at):
            if len(data) < at + 5:
                return 0
            descriptor = data[at + 4]
            single = bool(descriptor & _SINGLE_SEGMENT)
            content_size = _CONTENT_SIZE[descriptor >> 6] or int(single)
            self._inside, self._skips = True, False
            self._checksum = 4 if descriptor & _CHECKSUM else 0
            return 5 + (not single) + _DICTIONARY_ID[descriptor & 3] + content_size
        if data[at] >> 4 == 5 and data.startswith(_SKIPPED, at + 1):
            self._skips = True
            return 8 + int.from_bytes(data[at + 4 : at + 8], "little") if len(data) >= at + 8 else 0
        if len(data) >= at + 4:
            raise ValueError("no zstd frame")
        return 0

    def _block(self, data: bytes, at: int) -> int:
        """Return the length of a block, with the checksum behind the last one; 0: more is needed."""
        if len(data) < at + 3:
            return 0
        header = int.from_bytes(data[at : at + 3], "little")
        last, kind, size = header & 1, header >> 1 & 3, header >> 3
        self._inside = not last
        return 3 + (1 if kind == _REPEATED else size) + (self._checksum if last else 0)
