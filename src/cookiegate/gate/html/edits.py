"""Insertions at offsets: what leaves is what came, with bytes of ours between."""

from __future__ import annotations

from typing import NamedTuple


class Insertion(NamedTuple):
    """``text`` goes before the byte at ``offset`` of the page as it came."""

    offset: int
    text: bytes


def insert(data: bytes, offset: int, insertions: list[Insertion]) -> bytes:
    """``data``, which begins at ``offset`` of the page, with the insertions that fall into it."""
    if not insertions:
        return data
    parts: list[bytes | memoryview] = []
    view, done = memoryview(data), 0
    # Two readings of a page may hold one attribute: that is done once.
    once = dict.fromkeys(insertions)
    for place, text in sorted(once, key=lambda insertion: insertion.offset):
        parts += (view[done : place - offset], text)
        done = place - offset
    parts.append(view[done:])
    return b"".join(parts)
