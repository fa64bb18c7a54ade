"""Makes this process forget what it remembers of pages, so that the next one meets a fresh process state."""

from __future__ import annotations

import gc
from functools import _lru_cache_wrapper
from typing import TYPE_CHECKING, Any

from cookiegate import gate_html, lookup_url
from cookiegate.catalog import default_index
from cookiegate.gate.known import Known

if TYPE_CHECKING:
    from collections.abc import Callable

_HOMES = ("cookiegate.catalog", "cookiegate.consent", "cookiegate.gate", "cookiegate.policy")
# Not of pages: the catalogue itself, and what is arranged of it at first use.
_CATALOGUE = frozenset(
    {"Index._compile", "compile_signature", "default_index", "interest_of", "load_services"}
)


class Memos:
    """Every memory that outlives a page, found once: ``functools`` caches, tags, and inline codes."""

    def __init__(self) -> None:
        gate_html(
            b"<script>fbq('init')</script><img src=//site.invalid/>"
        )  # what is made at first use is there
        lookup_url("https://site.invalid/")
        self._forget: list[Callable[[], object]] = [default_index()._codes._found.clear]
        for one in gc.get_objects():
            if is_memo(one):
                self._forget.append(one.cache_clear)
            elif isinstance(one, Known):
                self._forget.append(one.tags.clear)

    def forget(self) -> None:
        """Empty them; the catalogue stays loaded and arranged."""
        for forget in self._forget:
            forget()


def is_memo(one: Any) -> bool:
    """Whether an object is a ``functools`` cache that fills up with what pages say."""
    if not isinstance(one, _lru_cache_wrapper):
        return False
    return str(one.__module__).startswith(_HOMES) and one.__qualname__ not in _CATALOGUE
