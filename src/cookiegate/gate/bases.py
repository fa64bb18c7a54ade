"""What relative addresses may mean on a page: by its own address, and by every ``base`` that may count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.catalog.urls import parse_url

if TYPE_CHECKING:
    from cookiegate.catalog.urls import Url

Meanings = tuple["Url | None", ...]

_MOST_DOUBTFUL = 4


class Bases:
    """The bases of one document. ``fallback``: what its relative addresses mean without a ``base`` element.

    Where scripts run and where not they may differ: a noscript element may hold a base. One that leads to a
    tracker is held from some visitors and not from others, so that its page has both meanings.
    """

    def __init__(self, fallback: Meanings) -> None:
        self._fallback = fallback
        self._own = {True: fallback, False: fallback}
        self._tracked: dict[bool, Meanings] = {True: (), False: ()}
        self._known = {True: False, False: False}
        self._doubtful: Meanings = ()
        self.everywhere = fallback  # to any browser
        self.unscripted = fallback  # to one that does not run scripts

    def meanings(self, *, noscript: bool) -> Meanings:
        """The bases of the browsers that see a tag. noscript: only those that do not run scripts do."""
        return self.unscripted if noscript else self.everywhere

    @property
    def fallback(self) -> Meanings:
        """What the address in a ``base`` element itself is relative to."""
        return self._fallback

    def counts(self, *, noscript: bool) -> bool:
        """Whether a ``base`` here may count: the first one with ``href`` does (HTML, section 4.2.3)."""
        return not all(self._known[scripting] for scripting in _modes(noscript))

    def add(self, text: str, *, noscript: bool, tracked: bool) -> None:
        """Take in the address of a ``base``. tracked: some visitors' browsers will not see it."""
        meanings = tuple(parse_url(text, base) or base for base in self._fallback)
        for scripting in _modes(noscript):
            if self._known[scripting]:
                continue
            if not tracked:
                self._known[scripting] = True
                self._own[scripting] = meanings
            elif not self._tracked[scripting]:
                # Whoever is spared the first one is spared those behind it as well: they never count.
                self._tracked[scripting] = meanings
        self._settle()

    def add_doubtful(self, text: str) -> None:
        """Take in the address of a ``base`` that counts for some browsers only."""
        meanings = _once(*self._doubtful, *(parse_url(text, base) or base for base in self._fallback))
        if len(meanings) <= _MOST_DOUBTFUL:
            self._doubtful = meanings
            self._settle()

    def _settle(self) -> None:
        self.unscripted = _once(*self._own[False], *self._tracked[False], *self._doubtful)
        self.everywhere = _once(*self._own[True], *self._tracked[True], *self.unscripted)


def _modes(noscript: bool) -> tuple[bool, ...]:
    return (False,) if noscript else (True, False)


def _once(*meanings: Url | None) -> Meanings:
    return tuple(dict.fromkeys(meanings))
