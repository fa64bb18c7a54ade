"""Finding the few rules, among many thousand, that an address could fall under."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from cookiegate.catalog.filters.options import parse_places
from cookiegate.catalog.filters.patterns import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cookiegate.catalog.filters.model import Request
    from cookiegate.catalog.filters.rules import Rule, RuleText

    Table = dict[bytes, int | list[int]]

# Words of nearly every address: a rule is looked up under one of them only when it has no other.
_EVERYWHERE: Final = (
    b"http https www com net org html php asp aspx min img css png gif jpg jpeg svg static assets images cdn api".split()
)
_VERY_MANY: Final = 1_000_000
# With so many rules under a word, looking a rule up by the pages it is for is quicker.
_CROWD: Final = 8
_WORDS: Final = bytes(
    byte if chr(byte).isalnum() and byte < 0x80 else 0x20 for byte in bytes(range(0x80)).lower() + bytes(0x80)
)


def words_in(address: bytes) -> list[bytes]:
    """The runs of letters and digits in an address, in lower case."""
    return address.translate(_WORDS).split()


class Index:
    """Numbers of rules, by a word or host of the address, by a host of the page, and those to be tried always."""

    def __init__(self) -> None:
        self._by_address: Table = {}
        self._by_page: Table = {}
        self._always: list[int] = []
        self._waiting: list[tuple[int, list[bytes], bytes]] | None = []

    def add_host(self, host: bytes, number: int) -> None:
        """A rule for everything on a host and below."""
        _put(self._by_address, host, number)

    def add(self, rule: RuleText, number: int) -> None:
        """Any rule. It is found only after ``settle``."""
        self._waiting.append((number, words_of(rule.pattern), rule.options.domains))

    def settle(self) -> None:
        """Put every waiting rule under the word that the fewest rules share."""
        counts = Counter(dict.fromkeys(_EVERYWHERE, _VERY_MANY))
        for _, words, _ in self._waiting:
            counts.update(words)
        for number, words, domains in self._waiting:
            best = min(words, key=counts.__getitem__) if words else b""
            pages = self._pages(domains) if not best or counts[best] > _CROWD else ()
            for page in pages:
                _put(self._by_page, page, number)
            if best and not pages:
                _put(self._by_address, best, number)
            elif not pages:
                self._always.append(number)
        self._waiting = []

    def _pages(self, domains: bytes) -> Sequence[bytes]:
        places = parse_places(domains)
        if places is None or places.default or places.entities:
            return ()
        return [host for host, meant in places.table.items() if meant]

    def find(self, words: Iterable[bytes], request: Request, rule_of: Callable[[int], Rule]) -> Rule | None:
        """The first rule that the request falls under: by host, by word, by page, then those without a key."""
        for table, keys in (
            (self._by_address, request.hosts),
            (self._by_address, words),
            (self._by_page, request.pages),
        ):
            if table.keys().isdisjoint(keys):
                continue
            for key in keys:
                held = table.get(key)
                if held is None:
                    continue
                for number in (held,) if isinstance(held, int) else held:
                    rule = rule_of(number)
                    if rule.covers(request):
                        return rule
        for number in self._always:
            rule = rule_of(number)
            if rule.covers(request):
                return rule
        return None

    def may_hold(self, words: Iterable[bytes], hosts: Iterable[bytes], pages: Iterable[bytes]) -> bool:
        """Whether ``find`` would have anything to compare: quickly told, and mostly not."""
        known = self._by_address.keys().isdisjoint
        return not (
            known(hosts) and known(words) and not self._always and self._by_page.keys().isdisjoint(pages)
        )


def _put(table: Table, key: bytes, number: int) -> None:
    held = table.setdefault(key, number)
    if held is number:
        return
    if isinstance(held, int):
        table[key] = [held, number]
    else:
        held.append(number)
