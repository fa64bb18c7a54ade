"""Finding the few rules, among many thousand, that an address could fall under."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from cookiegate.catalog.filters.model import EVERY_SORT
from cookiegate.catalog.filters.options import parse_places
from cookiegate.catalog.filters.patterns import needle_of, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cookiegate.catalog.filters.options import Options
    from cookiegate.catalog.filters.rules import RuleText

    # What must stand in the address, the sorts of requests, and the number of the rule.
    Sifted = tuple[str, int, int]
    Sieve = tuple[Sifted, ...]

# Words of nearly every address tell nothing: no rule is found by them.
_EVERYWHERE: Final = frozenset([b"http", b"https", b"www", b"com"])
# A rule is found by one of these only when it has no other word.
_VERY_COMMON: Final = (
    b"net org html php asp aspx js min img css png gif jpg jpeg svg webp static assets images cdn api id "
    b"0 1 2 3 4 5 6 7 8 9 a b c d e f g h i j k l m n o p q r s t u v w x y z"
)
_VERY_MANY: Final = 1_000_000
# Words of many an address, which tell less than their number in the rules says.
_COMMON: Final = (
    b"app blog bundle content de dist en file files fonts footer header icon icons image includes index "
    b"jquery lang lib logo main media name news page pages plugins product products script scripts "
    b"search style styles themes type uploads ver version woff2 wp"
)
_SOME: Final = 20
# With more rules than this behind a word, those for certain pages are found by the page instead.
_MANY: Final = 8
# An address that says the same word a thousand times must not have its rules tried a thousand times.
_FEW: Final = 24
_WORDS: Final = bytes(
    byte if byte < 0x80 and chr(byte).isalnum() else 0x20 for byte in bytes(range(0x80)).lower() + bytes(0x80)
)


def words_in(address: str) -> list[bytes]:
    """The runs of letters and digits in an address, in lower case; those of a long one each once."""
    words = address.encode("utf-8", "surrogatepass").translate(_WORDS).split()
    return words if len(words) <= _FEW else list(dict.fromkeys(words))


class Index:
    """Numbers of rules: by a word or host of the address, by a host of the page, and the keyless ones."""

    def __init__(self) -> None:
        self._found_by: dict[bytes, int | Sieve] = {}
        self._by_page: dict[bytes, Sieve] = {}
        self._keyless: Sieve = ()
        self._shared: dict[bytes, list[Sifted]] = {}
        self._waiting: list[tuple[int, str, Options]] = []
        self._counts = Counter(
            dict.fromkeys(_VERY_COMMON.split(), _VERY_MANY) | dict.fromkeys(_COMMON.split(), _SOME)
        )

    def add_host(self, host: bytes, number: int) -> None:
        """A rule for everything on a host, which has two labels at least, and below."""
        if self._found_by.setdefault(host, number) != number:
            self._shared.setdefault(host, []).append(("", EVERY_SORT, number))

    def add(self, rule: RuleText, number: int) -> None:
        """Any rule. It is found only after ``settle``."""
        self._waiting.append((number, rule.pattern, rule.options))
        self._counts.update(words_of(rule.pattern))

    def settle(self) -> None:
        """Put every waiting rule under the word that the fewest rules share; none can be added any more."""
        counts, shared = self._counts, self._shared
        counts[b""] = _VERY_MANY
        by_page: dict[bytes, list[Sifted]] = {}
        for number, pattern, options in self._waiting:
            words = [word for word in words_of(pattern) if word not in _EVERYWHERE]
            word = min(words, key=counts.__getitem__, default=b"")
            if counts[word] == 1 and self._found_by.setdefault(word, number) == number:
                continue
            sifted = (needle_of(pattern), options.sorts, number)
            pages = _pages_of(options.domains) if counts[word] > _MANY else ()
            for page in pages:
                by_page.setdefault(page, []).append(sifted)
            if not pages:
                shared.setdefault(word, []).append(sifted)
        self._keyless = tuple(shared.pop(b"", ()))
        for word, sieve in shared.items():
            alone = self._found_by.get(word)
            first = [("", EVERY_SORT, alone)] if isinstance(alone, int) else []
            self._found_by[word] = (*first, *sieve)
        self._by_page = {page: tuple(sieve) for page, sieve in by_page.items()}
        self._waiting, self._shared, self._counts = [], {}, Counter()

    def candidates(
        self, words: Sequence[bytes], hosts: Sequence[bytes], pages: Sequence[bytes], low: str, sort: int
    ) -> list[int]:
        """The rules that a request could fall under: by host, by word, by page, then the keyless.

        low: the address in lower case. sort: the bit of the request's type and party.
        """
        numbers: list[int] = []
        found_by = self._found_by
        keys = (*hosts[:-1], *words)  # the last host, a top level, is a word as well
        if not found_by.keys().isdisjoint(keys):
            for held in [found_by[key] for key in keys if key in found_by]:
                if isinstance(held, int):
                    numbers.append(held)
                else:
                    for needle, sorts, number in held:
                        if sorts & sort and needle in low:
                            numbers.append(number)
        if not self._by_page.keys().isdisjoint(pages):
            for page in pages:
                for needle, sorts, number in self._by_page.get(page, ()):
                    if sorts & sort and needle in low:
                        numbers.append(number)
        for needle, sorts, number in self._keyless:
            if sorts & sort and needle in low:
                numbers.append(number)
        return numbers


def _pages_of(domains: bytes) -> Sequence[bytes]:
    """The hosts of pages without which the rule does not hold; nothing when they cannot be listed."""
    places = parse_places(domains)
    if places is None or places.default or places.entities:
        return ()
    return [host for host, meant in places.table.items() if meant]
