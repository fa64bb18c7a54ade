"""Lists and dictionaries of structured fields (RFC 9651, which holds RFC 8941), read strictly, with places.

A browser that finds a mistake in such a field ignores all of it, so what is not read here is not used there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cookiegate.gate.headers import edited, get_all, joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from cookiegate.gate.headers import Headers

_KEY = rb"[a-z*][a-z0-9_.*-]*+"
_BARE = rb"(?>%b)" % b"|".join(
    (
        rb'"(?:(?>[ !#-\[\]-~]++|\\["\\]))*+"',  # a string
        rb"-?[0-9]{1,12}\.[0-9]{1,3}",
        rb"@?-?[0-9]{1,15}",  # a number or a date
        rb"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*+",  # a token
        rb":[A-Za-z0-9+/=]*+:",  # bytes
        rb"\?[01]",
        rb'%"(?:(?>[ !#$&-~]++|%[0-9a-f]{2}))*+"',  # a text for people
    )
)
_PARAMETERS = rb"(?:(?>;[ ]*+%b(?:=%b)?))*+" % (_KEY, _BARE)
_INNER = rb"\([ ]*+(?:(?>%b%b(?:[ ]++|(?=\)))))*+\)" % (_BARE, _PARAMETERS)
_VALUE = rb"(?>%b|%b)" % (_BARE, _INNER)
_LIST_MEMBER = re.compile(rb"()(%b)%b" % (_VALUE, _PARAMETERS))
_DICTIONARY_MEMBER = re.compile(rb"(%b)(?:=(%b))?%b" % (_KEY, _VALUE, _PARAMETERS))
_COMMA = re.compile(rb"[ \t]*+(,)[ \t]*+")
_ESCAPED = re.compile(rb'\\(["\\])')


class Member(NamedTuple):
    """One member, from ``start`` to ``end``, which are the commas around it.

    key: empty in a list. text: what a string says; None for what is no string.
    """

    key: str
    text: str | None
    start: int
    end: int


def parse_list(value: bytes) -> list[Member] | None:
    """Read a list; None for what is none. A blank value is the empty list."""
    return _parse(value, _LIST_MEMBER)


def parse_dictionary(value: bytes) -> list[Member] | None:
    """Read a dictionary; None for what is none. A key that comes again is there again."""
    return _parse(value, _DICTIONARY_MEMBER)


def _parse(value: bytes, pattern: re.Pattern[bytes]) -> list[Member] | None:
    stripped = value.strip(b" \t")
    if not stripped:
        return []
    start, at = 0, value.index(stripped)
    end = at + len(stripped)
    members = []
    while found := pattern.match(value, at, end):
        key, text = found[1].decode(), _string(found[2])
        if found.end() == end:
            members.append(Member(key, text, start, len(value)))
            return members
        comma = _COMMA.match(value, found.end(), end)
        if comma is None:
            return None
        members.append(Member(key, text, start, comma.start(1)))
        at, start = comma.end(), comma.end(1)
    return None


def _string(item: bytes | None) -> str | None:
    if item is None or not item.startswith(b'"'):
        return None
    return _ESCAPED.sub(rb"\1", item[1:-1]).decode("ascii")


def filter_members(
    headers: Headers,
    name: bytes,
    parse: Callable[[bytes], list[Member] | None],
    passes: Callable[[Member], bool],
) -> Headers:
    """Drop the members of the field ``name`` (given in lower case) that do not pass; one left empty goes too.

    The others keep their bytes, and the same object comes back when nothing was dropped. What is no such
    field stays.
    Lines are only put together where one cannot be read without the next (RFC 9651, section 4.2).
    """

    def edit(value: bytes) -> bytes:
        members = parse(value) or []
        kept = [value[member.start : member.end] for member in members if passes(member)]
        return value if len(kept) == len(members) else b",".join(kept).strip(b" \t")

    lines = get_all(headers, name)
    if all(parse(line) is not None for line in lines):
        return edited(headers, name, edit)
    whole = joined(headers, name)
    result = edited(whole, name, edit)
    return headers if result is whole else result
