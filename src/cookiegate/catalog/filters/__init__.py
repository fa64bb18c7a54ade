"""Filter lists that an operator names: Adblock Plus syntax, hosts files and lists of domains.

No list is part of cookiegate. What is understood and what is not: docs/filter-lists.md.
"""

from __future__ import annotations

from cookiegate.catalog.filters.lists import FilterLists
from cookiegate.catalog.filters.model import FilterMatch, RequestType, Skipped

__all__ = ["FilterLists", "FilterMatch", "RequestType", "Skipped"]
