"""Filter lists, loaded and asked."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cookiegate.catalog.filters.index import Index, words_in
from cookiegate.catalog.filters.model import (
    THIRD_PARTY_BITS,
    TYPE_BITS,
    FilterMatch,
    Request,
    RequestType,
    Skipped,
)
from cookiegate.catalog.filters.options import parents_of
from cookiegate.catalog.filters.rules import (
    Rule,
    RuleText,
    compile_rule,
    is_domain_list,
    lines_of_hosts,
    read_rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cookiegate.catalog.urls import Url

    Identity = tuple[bool, str, frozenset[bytes]]

# More than half of the lines in the lists of trackers, read at a glance.
_HOST_RULE: Final = re.compile(rb"\|\|([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)\^(?:\$third-party)?")
# The pages of a site refer to the same addresses again and again.
_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 512
_UNKNOWN: Final = FilterMatch(source="", line=0, rule="")


class FilterLists:
    """Rules of any number of lists, as one. Immutable but for a bounded memory of rules and answers."""

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        """Load lists, given as (name, text); see ``parse``."""
        self._kept = _Kept()
        self._skipped: Counter[Skipped] = Counter()
        self._blocks = Index()
        self._important = Index()
        self._exceptions = Index()
        self._prepared: dict[int, Rule] = {}
        self._answers: dict[tuple[str, str, int], FilterMatch | None] = {}
        lists = [(name, text.removeprefix("\ufeff").encode("utf-8", "surrogatepass")) for name, text in texts]
        switched_off = _switched_off(data for _, data in lists)
        for name, data in lists:
            self._load(name, data, switched_off)
        self._kept.close()
        for index in (self._blocks, self._important, self._exceptions):
            index.settle()

    @classmethod
    def parse(cls, texts: Iterable[tuple[str, str]]) -> FilterLists:
        """Load lists, given as (name, text). No text makes it raise; lines that are no rules are counted."""
        return cls(texts)

    def __len__(self) -> int:
        """How many rules there are."""
        return len(self._kept)

    @property
    def skipped(self) -> Mapping[Skipped, int]:
        """How many lines are no rules, by reason."""
        return MappingProxyType(self._skipped)

    def match(self, url: Url, *, page_host: str, kind: RequestType, third_party: bool) -> FilterMatch | None:
        """The rule by which a request is blocked; None when it is not, or when an exception allows it.

        page_host: of the page that refers to the address, "" when it is not known: then no rule holds that is
        for certain pages only.
        """
        address = f"{url.scheme}://{url.host}{url.path}"
        if url.query:
            address = f"{address}?{url.query}"
        sort = (THIRD_PARTY_BITS if third_party else TYPE_BITS)[kind]
        key = (address, page_host, sort)
        answer = self._answers.get(key, _UNKNOWN)
        if answer is not _UNKNOWN:
            return answer
        answer = self._match(url, address, page_host, sort)
        if len(address) <= _LONGEST_REMEMBERED:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            self._answers[key] = answer
        return answer

    def _match(self, url: Url, address: str, page_host: str, sort: int) -> FilterMatch | None:
        words = words_in(address)
        hosts = parents_of(url.host)
        pages = parents_of(page_host)
        low = address.lower()
        candidates = self._blocks.candidates(words, hosts, pages, low, sort)
        if not candidates:
            return None
        host_at = len(url.scheme) + 3
        request = Request(address, low, host_at, host_at + len(url.host), sort, hosts, pages)
        block = self._first(candidates, request)
        if block is None or block.important:
            return None if block is None else block.found
        if self._first(self._exceptions.candidates(words, hosts, pages, low, sort), request) is not None:
            block = self._first(self._important.candidates(words, hosts, pages, low, sort), request)
        return None if block is None else block.found

    def _first(self, numbers: list[int], request: Request) -> Rule | None:
        prepared = self._prepared
        for number in numbers:
            rule = prepared.get(number) or self._prepare(number)
            if rule.covers(request):
                return rule
        return None

    def _prepare(self, number: int) -> Rule:
        text, found = self._kept.get(number)
        if len(self._prepared) >= _REMEMBERED:
            self._prepared.clear()
        rule = self._prepared[number] = compile_rule(text, found)
        return rule

    def _load(self, name: str, data: bytes, switched_off: frozenset[Identity]) -> None:
        domains = is_domain_list(data)
        self._kept.begin(name, domains=domains)
        at_a_glance = _HOST_RULE.fullmatch
        for line_number, raw in enumerate(data.split(b"\n"), 1):
            line = raw.strip()
            host = None if switched_off else at_a_glance(line)
            if host is not None:
                self._blocks.add_host(host[1], self._kept.add(line, line_number))
            elif line:
                for one in lines_of_hosts(line) or (line,):
                    self._add(one, line_number, switched_off, domains=domains)

    def _add(
        self, line: bytes, line_number: int, switched_off: frozenset[Identity], *, domains: bool
    ) -> None:
        rule = read_rule(line, domains=domains)
        if isinstance(rule, Skipped):
            self._skipped[rule] += 1
            return
        if rule.options.badfilter or (switched_off and rule.identity in switched_off):
            self._skipped[Skipped.BADFILTER] += 1
            return
        number = self._kept.add(line, line_number)
        (self._exceptions if rule.exception else self._blocks).add(rule, number)
        if rule.options.important and not rule.exception:
            self._important.add(rule, number)


def _switched_off(texts: Iterable[bytes]) -> frozenset[Identity]:
    off: set[Identity] = set()
    for data in texts:
        for raw in data.split(b"\n") if b"badfilter" in data else ():
            rule = read_rule(raw.strip(), domains=False) if b"badfilter" in raw else Skipped.COMMENT
            if not isinstance(rule, Skipped) and rule.options.badfilter:
                off.add(rule.identity)
    return frozenset(off)


class _Kept:
    """The rules as they were written, in one piece of memory: most of them are never needed again."""

    def __init__(self) -> None:
        self._text = b""
        self._pieces: list[bytes] = []
        self._ends = array("L")  # of each rule in the text
        self._lines = array("L")  # of each rule in its list
        self._firsts: list[int] = []  # the first rule of each list
        self._lists: list[tuple[str, bool]] = []

    def __len__(self) -> int:
        return len(self._lines)

    def begin(self, name: str, *, domains: bool) -> None:
        """What is added from here on is of this list."""
        self._firsts.append(len(self))
        self._lists.append((name, domains))

    def add(self, line: bytes, line_number: int) -> int:
        """Keep one more; its number."""
        number = len(self._lines)
        self._pieces.append(line)
        self._ends.append((self._ends[-1] if number else 0) + len(line))
        self._lines.append(line_number)
        return number

    def close(self) -> None:
        """Nothing is added any more."""
        self._text = b"".join(self._pieces)
        self._pieces = []

    def get(self, number: int) -> tuple[RuleText, FilterMatch]:
        """A rule taken apart, and what is said when it matches."""
        start = self._ends[number - 1] if number else 0
        line = self._text[start : self._ends[number]]
        name, domains = self._lists[bisect_right(self._firsts, number) - 1]
        rule = read_rule(line, domains=domains)
        assert not isinstance(rule, Skipped)  # noqa: S101 - it was read before it was kept
        text = line.decode("utf-8", "replace")
        return rule, FilterMatch(source=name, line=self._lines[number], rule=text)
