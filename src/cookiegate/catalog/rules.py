"""A catalogue's rules for paths and for cookie names, arranged so that few are tried on one of either."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cookiegate.catalog.model import CookieRule, Match, Service

if TYPE_CHECKING:
    from collections.abc import Iterable


_WILD = re.compile(r"/\*(?=/|\Z)|[*#]")
_WILD_PIECES = re.compile(rf"({_WILD.pattern})")
_REGEX_OF: Final = {"/*": "(?:/[^/]++)*", "*": "[^/]*", "#": "[0-9]++"}


class PathRule:
    """What stands behind the host in ``Service.paths``, or in ``Service.shapes``, compiled.

    segment: the first segment of every path it covers; None where paths of several begin differently.
    weight: the greater one is tried first; more literal characters and demanded parameters say more.
    needle: a text in every path it covers, looked for before all else.
    ends: paths below the one that is named do not count.
    """

    __slots__ = (
        *("_ends", "_literal", "_parameters", "_pattern", "_prefix", "_wild"),
        *("match", "needle", "segment", "weight"),
    )

    def __init__(self, text: str, match: Match, *, ends: bool = False) -> None:
        path, _, query = f"/{text}".partition("?")
        prefix = path.endswith("*") and not path.endswith("/*")
        if path.endswith("/*"):  # "all below" is what a segment rule says anyway
            path = path[:-2]
        literal = path.removesuffix("*")
        if not prefix:
            literal = literal.rstrip("/")
        self._literal = literal
        self._prefix = prefix = prefix or not literal
        self._ends = ends
        self._parameters = tuple(f"&{parameter}" for parameter in query.split("&") if parameter)
        self._wild = _WILD.search(literal) is not None
        self._pattern: re.Pattern[str] | None = None
        segment, slash, _ = literal[1:].partition("/")
        whole = bool(segment) and _WILD.search(segment) is None and (bool(slash) or not prefix)
        self.segment: Final = segment if whole else None
        self.weight: Final = 2 * len(literal) + 1000 * len(self._parameters) - prefix
        self.needle: Final = max(_WILD.split(literal), key=len)
        self.match: Final = match

    def covers(self, path: str, query: str) -> bool:
        """Whether a path, without percent-encoding, and a query, without ``?``, are what the rule says."""
        for parameter in self._parameters:
            if not _asked(parameter, f"&{query}"):
                return False
        if self._wild:
            return self._covers_pattern(path)
        if not path.startswith(self._literal):
            return False
        end = len(self._literal)
        if self._ends and not self._prefix:
            return path[end:] in ("", "/")
        return self._prefix or len(path) == end or path[end] == "/"

    def _covers_pattern(self, path: str) -> bool:
        if self._pattern is None:
            # One that may begin anywhere is searched for, since trying each run of segments takes longer.
            anywhere = self._literal.startswith("/*/")
            text = self._literal[2:] if anywhere else self._literal
            pieces = (_REGEX_OF.get(piece, re.escape(piece)) for piece in _WILD_PIECES.split(text))
            end = "" if self._prefix else r"/?\Z" if self._ends else r"(?:/|\Z)"
            self._pattern = re.compile(("" if anywhere else r"\A") + "".join(pieces) + end)
        return self._pattern.search(path) is not None


def _asked(parameter: str, query: str) -> bool:
    """Whether a query has ``&name=text``, where ``#`` at the end of the text stands for a digit."""
    if parameter[-1] != "#":
        return parameter in query
    found = query.find(parameter[:-1])
    while found >= 0:
        following = query[found + len(parameter) - 1 : found + len(parameter)]
        if following.isascii() and following.isdigit():
            return True
        found = query.find(parameter[:-1], found + 1)
    return False


class PathRules:
    """All rules of one host, found by the first segment of the path."""

    __slots__ = ("_by_segment", "_others")

    def __init__(self, rules: Iterable[PathRule]) -> None:
        ranked = sorted(rules, key=lambda rule: -rule.weight)
        self._others = [rule for rule in ranked if rule.segment is None]
        self._by_segment = {
            segment: [rule for rule in ranked if rule.segment in (segment, None)]
            for segment in {rule.segment for rule in ranked}
            if segment is not None
        }

    def first(self, path: str, query: str) -> Match | None:
        """The rule of greatest weight that covers the path; among equals the one given first."""
        end = path.find("/", 1)
        for rule in self._by_segment.get(path[1:end] if end > 0 else path[1:], self._others):
            if rule.needle in path and rule.covers(path, query):
                return rule.match
        return None


class CookieRules:
    """Cookie names: exact ones, ``prefix*`` by how the prefix begins, and the few with ``*`` elsewhere."""

    __slots__ = ("_exact", "_others", "_prefixes", "_shortest")

    def __init__(self, rules: Iterable[tuple[CookieRule, Service]]) -> None:
        self._exact: dict[str, Match] = {}
        prefixes: dict[str, Match] = {}
        others: list[_Wild] = []
        for rule, service in rules:
            name = rule.name
            match = Match(service, name)
            if "*" not in name:
                self._exact.setdefault(name, match)
            elif name.index("*") == len(name) - 1:
                prefixes.setdefault(name[:-1], match)
            else:
                others.append(_Wild(match))
        self._others = sorted(others, key=lambda other: -other.weight)
        self._shortest = min(map(len, prefixes), default=0)
        self._prefixes: dict[str, list[tuple[str, Match]]] = {}
        for prefix in sorted(prefixes, key=len, reverse=True):
            self._prefixes.setdefault(prefix[: self._shortest], []).append((prefix, prefixes[prefix]))

    def match(self, name: str) -> Match | None:
        """The rule for a cookie's name, of the longest literal part where several cover it."""
        found = self._exact.get(name)
        if found is not None:
            return found
        literal = 0
        for prefix, match in self._prefixes.get(name[: self._shortest], ()):
            if name.startswith(prefix):
                found, literal = match, len(prefix)
                break
        for other in self._others:
            if other.weight <= literal:
                break
            if other.needle in name and other.covers(name):
                return other.match
        return found


class _Wild:
    """A cookie's name with ``*`` before its end."""

    __slots__ = ("_pattern", "_pieces", "match", "needle", "weight")

    def __init__(self, match: Match) -> None:
        self._pieces = match.rule.split("*")
        self._pattern: re.Pattern[str] | None = None
        self.match: Final = match
        self.needle: Final = max(self._pieces, key=len)
        self.weight: Final = sum(map(len, self._pieces))

    def covers(self, name: str) -> bool:
        if not name.startswith(self._pieces[0]) or not name.endswith(self._pieces[-1]):
            return False
        if self._pattern is None:
            self._pattern = re.compile(".*".join(map(re.escape, self._pieces)), re.DOTALL)
        return self._pattern.fullmatch(name) is not None
