"""The words of filter lists: what is requested, what was found, why a line is no rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class RequestType(StrEnum):
    """What an address is requested as, in the words of the Adblock Plus syntax.

    ``subdocument`` is a frame; ``document`` and ``popup`` are pages in a tab or window of their own, which only
    rules that say so are about; ``ping`` is ``<a ping>`` and ``sendBeacon``.
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
    EFFECT: the rule does something else than block (``csp``, ``removeparam``, ``redirect-rule``, ``elemhide``).
    OPTION: depends on something unknown here (``method``, ``app``), or its value makes no sense. REGEX: a
    regular expression that does not compile. PORT: it names a port, and addresses are compared without theirs.
    LOCAL: the loopback names in every hosts file. EVERYTHING: it would match any request. LONG: over 64 KiB.
    BADFILTER: switches another rule off, or is such a rule.
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


BITS = {kind: 1 << place for place, kind in enumerate(RequestType)}


class Request(NamedTuple):
    """A request, prepared for being compared with rules.

    text: the address; low: the same in lower case; host_at, host_end: where its host is in both.
    bit: of the request's type. hosts, pages: the host and its parents, longest first, of the address and of
    the page.
    """

    text: bytes
    low: bytes
    host_at: int
    host_end: int
    bit: int
    third_party: bool
    hosts: tuple[bytes, ...]
    pages: tuple[bytes, ...]
