"""A catalogue's rules for paths and for cookie names, arranged so that few are tried on one of either."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cookiegate.catalog.model import CookieRule, Match, Service

if TYPE_CHECKING:
    from collections.abc import Iterable


class PathRule:
    """What stands behind the host in ``Service.paths``, compiled.

    segment: the first segment of every path it covers; None where paths of several begin differently.
    weight: the greater one is tried first; more literal characters and a demanded parameter say more.
    needle: a text in every path it covers, looked for before all else.
    """

    __slots__ = (
        *("_literal", "_parameter", "_pattern", "_pieces", "_prefix"),
        *("match", "needle", "segment", "weight"),
    )

    def __init__(self, text: str, match: Match) -> None:
        path, _, self._parameter = f"/{text}".partition("?")
        prefix = path.endswith("*") and not path.endswith("/*")
        if path.endswith("/*"):  # "all below" is what a segment rule says anyway
            path = path[:-2]
        literal = path.removesuffix("*")
        if not prefix:
            literal = literal.rstrip("/")
        self._literal = literal
        self._prefix = prefix
        self._pieces = literal.split("/*")
        self._pattern: re.Pattern[str] | None = None
        segment, slash, _ = literal[1:].partition("/")
        whole = bool(segment) and "*" not in segment and (bool(slash) or not prefix)
        self.segment: Final = segment if whole else None
        self.weight: Final = 2 * len(literal) + (1000 if self._parameter else 0) - prefix
        self.needle: Final = max(self._pieces, key=len)
        self.match: Final = match

    def covers(self, path: str, query: str) -> bool:
        """Whether a path, without percent-encoding, and a query, without ``?``, are what the rule says."""
        if self._parameter and f"&{self._parameter}" not in f"&{query}":
            return False
        if len(self._pieces) > 1:
            return self._covers_any_run(path)
        if not path.startswith(self._literal):
            return False
        end = len(self._literal)
        return self._prefix or len(path) == end or path[end] == "/"

    def _covers_any_run(self, path: str) -> bool:
        if self._pattern is None:
            runs = "(?:/[^/]+)*".join(map(re.escape, self._pieces))
            self._pattern = re.compile(runs + ("" if self._prefix else r"(?:/|\Z)"))
        return self._pattern.match(path) is not None


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
