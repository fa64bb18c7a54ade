"""What the gate reports about each candidate it met, in a page or in a header."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cookiegate.consent.decide import Reason


class Kind(StrEnum):
    """The channel by which a response could have started tracking."""

    SCRIPT = "script"
    INLINE = "inline"
    BEACON = "beacon"
    IMAGE = "image"
    FRAME = "frame"
    STYLE = "style"
    HINT = "hint"
    MEDIA = "media"
    OBJECT = "object"
    COOKIE = "cookie"
    LINK = "link"
    PING = "ping"  # told of a click, or of what an advert led to
    REFRESH = "refresh"  # another page takes this one's place
    BASE = "base"  # says what relative addresses mean
    REPORT = "report"  # told of what goes wrong in pages, and of policies that they break


class Finding(NamedTuple):
    """One candidate tracker, and what was decided about it.

    service, purpose: ids, or None for a third party nobody declared.
    url: what would have been loaded, as the page names it; for a cookie its name.
    offset: bytes from the beginning of the body to the tag; -1 for a candidate from a header.
    rule: what the service was recognised by, as the catalogue or a filter list has it; empty for a stranger,
    and for what only the page's author declared.
    """

    service: str | None
    purpose: str | None
    kind: Kind
    url: str
    offset: int
    allowed: bool
    reason: Reason
    rule: str = ""

    def at(self, offset: int) -> Finding:
        """The same at another place."""
        service, purpose, kind, url, _, allowed, reason, rule = self
        return Finding(service, purpose, kind, url, offset, allowed, reason, rule)
