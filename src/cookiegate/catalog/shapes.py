"""Trackers by the shape of an address alone: what a first-party proxy, a CNAME and a copy have in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cookiegate.catalog.rules import PathRule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cookiegate.catalog.model import Match

# Segments that paths of all sites have: another one of the shape says more.
_EVERYWHERE: Final = frozenset(
    """
    ads api app array assets bundle c cdn code config content conversion core.js counter counter.js cta
    delivery event events events.js files h i id impl.js insights interact j js latest loader.js m managed
    metrics p page pages pageview performance pixel pixel.js plugins r rec reporting s scripts sdk.js
    server.php signals standard static store t tag track tracker uploads v1 v2 v3 visits visitor watch
    wp-content www
    """.split()  # noqa: SIM905 - a list of names reads better without quotes
)
_WILD = re.compile(r"[*#]")
_BEGINNING: Final = 3  # characters by which a segment is looked up that is not known as a whole
_LONGEST: Final = 4096  # characters; a tracker's address has its shape within them


class Shapes:
    """The shapes of ``Service.shapes``, arranged so that one look at its segments tells an innocent path.

    words: what the bytes of any matching address without ``&`` and ``%`` hold, at the start or behind ``/``
    or ``=``.
    """

    __slots__ = ("_by_beginning", "_by_segment", "_in_query", "_segments", "words")

    def __init__(self, matches: Iterable[Match]) -> None:
        self._by_segment: dict[str, list[PathRule]] = {}
        self._by_beginning: dict[str, list[PathRule]] = {}
        self._in_query: list[tuple[str, PathRule]] = []
        words: set[str] = set()
        for match in matches:
            rule = PathRule(match.rule[1:], match, ends="?" in match.rule)
            path, _, query = match.rule.partition("?")
            parameters = query.split("&")
            segment, whole = telling_segment(path)
            if not segment:
                self._in_query.append((parameters[0].removesuffix("#"), rule))
                word = {parameters[0].partition("=")[2]}
            elif whole:
                self._by_segment.setdefault(segment, []).append(rule)
                word = _words(path, segment, asks=bool(query))
            else:
                self._by_beginning.setdefault(segment[:_BEGINNING], []).append(rule)
                word = {segment}
            if len(parameters) == 1:  # with two there is "&" between them
                words |= word
        self._segments = frozenset(self._by_segment)
        self.words: Final = tuple(sorted(words))

    def first(self, path: str, query: str) -> Match | None:
        """The shape of greatest weight that a path, without percent-encoding, and a query have."""
        segments = path.split("/")
        found = None
        if not self._segments.isdisjoint(segments):
            for segment in self._segments.intersection(segments):
                found = _heaviest(found, self._by_segment[segment], path, query)
        # One known by its beginning is the file at the end, or the folder at the top.
        if segments[-1][:_BEGINNING] in self._by_beginning:
            found = _heaviest(found, self._by_beginning[segments[-1][:_BEGINNING]], path, query)
        if path[1 : 1 + _BEGINNING] in self._by_beginning:
            found = _heaviest(found, self._by_beginning[path[1 : 1 + _BEGINNING]], path, query)
        if query:
            for needle, rule in self._in_query:
                if needle in query:
                    found = _heaviest(found, (rule,), path, query)
        return None if found is None else found.match


def _heaviest(found: PathRule | None, rules: Iterable[PathRule], path: str, query: str) -> PathRule | None:
    for rule in rules:
        heavier = found is None or rule.weight > found.weight
        if heavier and rule.needle in path and rule.covers(path[:_LONGEST], query[:_LONGEST]):
            found = rule
    return found


def telling_segment(path: str) -> tuple[str, bool]:
    """The segment that other paths have least often, or the beginning of one; and whether it is a whole one.

    Empty where the path says nothing and the query everything.
    """
    segments = [segment for segment in path.split("/") if segment not in ("", "*")]
    whole = [segment for segment in segments if _WILD.search(segment) is None]
    rare = [segment for segment in whole if segment not in _EVERYWHERE]
    if rare:
        return max(rare, key=len), True
    for segment in segments[-1:] if path.startswith("/*/") else (segments[-1:] + segments[:1]):
        beginning = _WILD.split(segment)[0]
        if segment not in whole and len(beginning) >= _BEGINNING:
            return beginning, False
    return (max(whole, key=len), True) if whole else ("", False)


def _words(path: str, segment: str, *, asks: bool) -> set[str]:
    """A segment as it stands in bytes: with what surely follows it, since short ones begin others."""
    if not path.rstrip("/").endswith(f"/{segment}"):
        return {f"{segment}/"}
    return {f"{segment}?", f"{segment}/"} if asks else {segment}
