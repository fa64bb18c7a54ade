"""The words of filter lists: what is requested, what was found, why a line is no rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class RequestType(StrEnum):
    """What an address is requested as, in the words of the Adblock Plus syntax.

    ``subdocument`` is a frame; ``document`` and ``popup`` are pages in a tab or window of their own, which
    only rules that say so are about; ``ping`` is ``<a ping>`` and ``sendBeacon``.
    """

    SCRIPT = "script"
    IMAGE = "image"
    STYLESHEET = "stylesheet"
    SUBDOCUMENT = "subdocument"
    XMLHTTPREQUEST = "xmlhttprequest"
    PING = "ping"
    MEDIA = "media"
    FONT = "font"
    OBJECT = "object"
    WEBSOCKET = "websocket"
    OTHER = "other"
    POPUP = "popup"
    DOCUMENT = "document"


class Skipped(StrEnum):
    """Why a line of a list is no rule here.

    COMMENT: for people, or a directive to a program. COSMETIC: hides elements or runs code in the page.
    EFFECT: the rule does something else than block (``csp``, ``removeparam``, ``redirect-rule``).
    OPTION: depends on something unknown here (``method``, ``app``), or its value makes no sense.
    REGEX: a regular expression that does not compile. PORT: names a port; addresses are compared without.
    LOCAL: the loopback names in every hosts file. EVERYTHING: it would match any request.
    LONG: over 64 KiB. BADFILTER: switches another rule off, or is switched off.
    """

    COMMENT = "comment"
    COSMETIC = "cosmetic"
    EFFECT = "effect"
    OPTION = "option"
    REGEX = "regex"
    PORT = "port"
    LOCAL = "local"
    EVERYTHING = "everything"
    LONG = "long"
    BADFILTER = "badfilter"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterMatch:
    """The rule that a request fell under: the list's name, the line in it (from 1), and the rule's text."""

    source: str
    line: int
    rule: str


TYPE_BITS = {kind: 1 << place for place, kind in enumerate(RequestType)}
# A sort is a type from one party: the bits of the types for the first, then the same for the third.
THIRD = len(TYPE_BITS)
THIRD_PARTY_BITS = {kind: bit << THIRD for kind, bit in TYPE_BITS.items()}
EVERY_SORT = (1 << 2 * THIRD) - 1


class Request(NamedTuple):
    """A request, prepared for being compared with rules.

    text: the address; low: the same in lower case; host_at, host_end: where its host is in both.
    sort: the bit of its type and party.
    hosts, pages: the host and its parents, longest first, of the address and of the page.
    """

    text: str
    low: str
    host_at: int
    host_end: int
    sort: int
    hosts: tuple[bytes, ...]
    pages: tuple[bytes, ...]
