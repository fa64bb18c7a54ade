"""Remembering what was worked out: the cheapest lookup there is, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sized

_Key = TypeVar("_Key", bound="Sized")
_Value = TypeVar("_Value")

LONGEST = 256
"""Longer keys are worked out each time by default, so that nobody can fill the memory with them."""


class Remembered(dict[_Key, _Value]):
    """``remembered[key]`` is ``work_out(key)``. Half as dear as functools.lru_cache for keys of bytes.

    most: how many are remembered; then it begins anew. longest: what of a key's length is remembered.
    """

    def __init__(self, work_out: Callable[[_Key], _Value], *, most: int, longest: int = LONGEST) -> None:
        self._work_out = work_out
        self._most = most
        self._longest = longest

    def __missing__(self, key: _Key) -> _Value:
        value = self._work_out(key)
        if len(key) <= self._longest:
            if len(self) >= self._most:
                self.clear()
            self[key] = value
        return value
