"""Which tags need a second look. Most pictures of a page are the site's own, and their bytes say so."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cookiegate.policy.model import Policy


class Interest:
    """Says of a whole tag whether it may refer to anything but the site's own innocent paths.

    words: beginnings of path segments that mean a tracker on the site itself. Never False for a tag that
    matters.
    """

    def __init__(self, words: tuple[str, ...]) -> None:
        # By their first letter, which is what ``re`` compares first.
        letters = [
            b"%b(?:%b)"
            % (re.escape(first.encode()), b"|".join(re.escape(word[1:].encode()) for word in some))
            for first, some in groupby(sorted(words), key=lambda word: word[0])
        ]
        # Without words: nothing matches.
        self._own = re.compile(rb"[\t\n\f\r \"'=/(](?:%b)" % (b"|".join(letters) or b"(?!)"))

    def innocent(self, address: str) -> bool:
        """Whether a relative address leads to an innocent path of the site, from any page of it."""
        odd = "%" in address or "\\" in address or ":" in address
        return not (odd or self._own.search(b"/" + address.encode("utf-8", "replace")))

    def __call__(self, tag: bytes) -> bool:
        """Look at one tag, from ``<`` to ``>``."""
        # Another host needs one of these, however it is spelt: https:x, //x, /\x, &#47;/x, "/ TAB /x".
        return (
            b":" in tag
            or b"//" in tag
            or b"\\" in tag
            or b"&" in tag
            or b"%" in tag  # an own path may be spelt with it
            or b"/\n" in tag
            or b"/\t" in tag
            or b"/\r" in tag
            or b"data-" in tag.lower()  # the author may declare a purpose
            or self._own.search(tag) is not None
        )


@lru_cache(maxsize=64)
def interest_of(policy: Policy) -> Interest | None:
    """What is of interest on a site's pages; None where any tag may be."""
    words = policy.index.site_words
    return None if policy.filters is not None or "" in words else Interest(words)
