"""Filter lists, loaded and asked."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cookiegate.catalog.filters.index import Index, words_in
from cookiegate.catalog.filters.model import BITS, FilterMatch, Request, RequestType, Skipped
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

# More than half of the lines in the lists of trackers, read at a glance.
_HOST_RULE: Final = re.compile(rb"\|\|([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)\^(?:\$third-party)?")
_REMEMBERED: Final = 4096


class FilterLists:
    """Rules of any number of lists, which count as one. Immutable but for a bounded memory of prepared rules.

    rules: how many there are. skipped: how many lines of the lists are none, by reason.
    """

    def __init__(self) -> None:
        self.rules = 0
        self._counted: Counter[Skipped] = Counter()
        self._text = b""
        self._starts = array("L")  # of each rule in the text
        self._lines = array("L")  # of each rule in its list
        self._lists: list[tuple[str, bool]] = []
        self._firsts: list[int] = []  # the first rule of each list
        self._blocks = Index()
        self._important = Index()
        self._exceptions = Index()
        self._prepared: dict[int, Rule] = {}

    @property
    def skipped(self) -> Mapping[Skipped, int]:
        return MappingProxyType(self._counted)

    @classmethod
    def parse(cls, texts: Iterable[tuple[str, str]]) -> FilterLists:
        """Load lists, given as (name, text). No text makes it raise; what is no rule is counted."""
        lists = cls()
        named = [(name, text.encode("utf-8", "surrogatepass")) for name, text in texts]
        switched_off = {
            rule.identity
            for _, data in named
            if b"badfilter" in data
            for rule in map(_rule_in, data.split(b"\n"))
            if rule is not None and rule.options.badfilter
        }
        kept: list[bytes] = []
        for name, data in named:
            lists._load(name, data, switched_off, kept)
        lists._text = b"\n".join(kept)
        ...
        return lists
