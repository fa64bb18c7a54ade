"""The bytes of a page that have left already, kept for a while, and read once more when the whole tree of
open elements is needed after all: inside svg or math an end tag may close what was opened long before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.gate.html.construction.tree import Tree
from cookiegate.gate.html.reading import Reading

if TYPE_CHECKING:
    from cookiegate.gate.html.tags import Tag

PAST_CAP = 256 * 1024


class Past:
    """The last 256 KiB of a page, and up to where it was replayed. Further back nothing is looked up."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        # scripting -> the tree at some offset; the page is replayed from there
        self._trees: dict[bool, tuple[Tree, int]] = {
            scripting: (Tree(scripting=scripting), 0) for scripting in (True, False)
        }

    def keep(self, data: bytes, end: int) -> None:
        """Take bytes that have left the page up to offset ``end``."""
        self._trees = {key: (tree, at) for key, (tree, at) in self._trees.items() if end - at <= PAST_CAP}
        if self._trees:
            self._bytes += data[-PAST_CAP:]
            del self._bytes[:-PAST_CAP]
        else:
            self._bytes.clear()

    def lose(self, *, scripting: bool) -> None:
        """From now on it is not known what is open."""
        self._trees.pop(scripting, None)

    def remember(self, at: int, tree: Tree, *, scripting: bool) -> None:
        """What is open at offset ``at``, where a token begins."""
        self._trees[scripting] = (tree, at)

    def replay(self, buffer: bytes | bytearray, at: int, base: int, *, scripting: bool) -> Tree | None:
        """The tree at place ``at`` of the buffer, whose first byte is at offset ``base`` of the page.

        It is forgotten here: who takes it has to bring it back.
        """
        tree, start = self._trees.pop(scripting, (None, 0))
        if tree is None or base + at - start > PAST_CAP:
            return None
        if start >= base:
            data = bytes(buffer[start - base : at])
        else:
            data = bytes(self._bytes[len(self._bytes) - (base - start) :] + buffer[:at])
        return _Replay(data).run(tree, begins=start == 0)


class _Replay:
    """A page that is read for its tree alone."""

    def __init__(self, data: bytes) -> None:
        self.buffer: bytes | bytearray = data
        self.base = 0
        self.language: bytes | None = None
        self.tag_cap = self.script_cap = len(data)
        self.crowded = True  # one reading at a time
        self.remembers = None
        self._failed = False

    def run(self, tree: Tree, *, begins: bool) -> Tree | None:
        """The tree behind these bytes; ``begins``: they are the first of the page."""
        reading = Reading(self, 0, scripting=tree.scripting, tree=tree, follows=True)
        if begins:
            reading.begin(finds_body=False)
        end = len(self.buffer)
        while not self._failed and reading.step(end, True, end):
            pass
        return None if self._failed else reading.tree

    def tell(self, reading: Reading, tag: Tag, code: bytes | None, *, inline: bool) -> None:
        """It has been told already."""

    def tell_head(self, at: int) -> None:
        """It has been told already."""

    def tell_body(self, at: int) -> None:
        """It has been told already."""

    def splits(self, *, scripting: bool) -> bool:
        """One reading at a time."""
        return False

    def divide(self) -> None:
        """Nobody is to be told."""

    def split(self, at: int, tree: Tree | None) -> None:
        """One reading at a time."""

    def hasten(self, at: int, name: bytes, *, scripting: bool) -> None:
        """One reading at a time."""

    def hurries(self, *, scripting: bool) -> bool:
        """One reading at a time."""
        return True

    def doubt(self, at: int, tree: Tree | None, *, scripting: bool) -> None:
        """One reading at a time."""

    def lose(self, *, scripting: bool) -> None:
        """More is open than we follow."""
        self._failed = True

    def replay(self, at: int, *, scripting: bool) -> Tree | None:
        """This is the replay."""
        return None

    def remember(self, at: int, tree: Tree, *, scripting: bool) -> None:
        """The tree is given back at the end."""
