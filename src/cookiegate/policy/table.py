"""Typed reading of one table of the policy file: whatever is wrong with it becomes a PolicyError."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from cookiegate.exceptions import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_Closed = TypeVar("_Closed", bound=StrEnum)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Table:
    """One table, and the place it has in the file.

    source: names the file in errors. path: the table's own dotted key, empty for the whole file.
    known: the keys it may have; None where any key is an id that the caller checks.
    Values are never coerced: a policy must not become looser, or other, than it is written.
    """

    def __init__(self, raw: object, source: str, path: str = "", known: Sequence[str] | None = None) -> None:
        self.source = source
        self._path = path
        if not isinstance(raw, Mapping):
            raise PolicyError(source, path or "policy", raw, "must be a table")
        self._raw: dict[str, object] = {}
        for key, value in raw.items():
            if not isinstance(key, str) or (known is not None and key not in known):
                raise self.error(str(key), value, _unknown(str(key), known or ()))
            self._raw[key] = value

    def __contains__(self, key: str) -> bool:
        return key in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def raw(self, key: str) -> object:
        """Return a value as it stands; None when it is absent."""
        return self._raw.get(key)

    def at(self, key: str) -> str:
        """Return the dotted key of an entry: ``consent.prefix``."""
        step = key if _BARE_KEY.fullmatch(key) else json.dumps(key)
        return f"{self._path}.{step}" if self._path else step

    def error(self, key: str, value: object, allowed: str) -> PolicyError:
        """Make the error for an entry of this table."""
        return PolicyError(self.source, self.at(key), value, allowed)

    def text(self, key: str, default: str = "") -> str:
        """Return one line of text."""
        value = self._raw.get(key, default)
        if not isinstance(value, str):
            raise self.error(key, value, "must be a text")
        if _CONTROL.search(value) or value != value.strip():
            raise self.error(key, value, "must be one line of text, with no white space around it")
        return value

    def said(self, key: str, needed: str = "") -> str:
        """Return a text that may be absent but not empty; ``needed`` says why it may not be absent."""
        value = self.text(key)
        if (key in self or needed) and not value:
            raise self.error(key, value, needed or "must not be empty; leave the key out instead")
        return value

    def number(self, key: str, default: int, least: int, most: int) -> int:
        """Return a whole number from ``least`` to ``most``. A boolean is none."""
        value = self._raw.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.error(key, value, f"must be a whole number from {least} to {most}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self._raw.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, value, "must be true or false")
        return value

    def choice(self, key: str, default: _Closed) -> _Closed:
        """Return one value of a closed set."""
        value = self._raw.get(key, default)
        allowed = [member.value for member in type(default)]
        if not isinstance(value, str) or value not in allowed:
            raise self.error(key, value, f"must be one of {quoted(allowed)}")
        return type(default)(value)

    def items(self, key: str) -> Sequence[object]:
        """Return a list; an absent one is empty."""
        value = self._raw.get(key, ())
        if not isinstance(value, list | tuple):
            raise self.error(key, value, "must be a list")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of different texts."""
        found: list[str] = []
        for place, value in enumerate(self.items(key)):
            if not isinstance(value, str):
                raise self.item_error(key, place, value, "must be a text")
            if value in found:
                raise self.item_error(key, place, value, "stands there twice")
            found.append(value)
        return tuple(found)

    def item_error(self, key: str, place: int, value: object, allowed: str) -> PolicyError:
        """Make the error for one item of a list."""
        return PolicyError(self.source, f"{self.at(key)}[{place}]", value, allowed)

    def table(self, key: str, known: Sequence[str] | None = None) -> Table:
        """Return a table inside this one; an absent one is empty."""
        return Table(self._raw.get(key, {}), self.source, self.at(key), known)

    def tables(self, key: str, known: Sequence[str]) -> list[Table]:
        """Return a list of tables, as ``[[services]]`` makes one."""
        places = enumerate(self.items(key))
        return [Table(raw, self.source, f"{self.at(key)}[{place}]", known) for place, raw in places]


def quoted(values: Sequence[str]) -> str:
    """List values as they are written in the file: ``"on", "suspended"``."""
    return ", ".join(f'"{value}"' for value in values)


def _unknown(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key[:100], known, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"unknown key; {meant}the keys here are {', '.join(known)}"
