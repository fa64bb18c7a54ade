"""Raw ASGI headers: pairs of byte strings in arrival order, names in any case.

Every function hands back the object it was given when there is nothing to change, so that a response which
needs nothing passes without a copy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

Headers = Sequence[tuple[bytes, bytes]]
"""What the functions here take and return. Applications also send lists as pairs and bytearrays as values."""

# An unclosed quotation reaches to the end, so that every value splits in linear time.
_ELEMENTS = {
    separator: re.compile(rb'(?:(?>[^%b"]++|"(?:(?>[^"\\]++|\\.))*+"?+))++' % separator, re.DOTALL)
    for separator in (b",", b";")
}


def headers_of(message: Mapping[str, object]) -> Headers:
    """Return the headers of an ASGI scope or message; none when the key is missing.

    A list or tuple is returned itself. Any other iterable is read, once: put the result back then.
    """
    raw = message.get("headers")
    if isinstance(raw, list | tuple):
        return raw
    return list(cast("Iterable[tuple[bytes, bytes]]", raw)) if raw is not None else ()


def get(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """Return the first value of the header ``name`` (given in lower case), or None."""
    for key, value in headers:
        if len(key) == len(name) and bytes(key).lower() == name:
            return bytes(value)
    return None


def get_all(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """Return every value of the header ``name`` (given in lower case), in order."""
    return [bytes(v) for k, v in headers if len(k) == len(name) and bytes(k).lower() == name]


def without(headers: Headers, *names: bytes) -> Headers:
    """Drop every header with one of these names (given in lower case)."""
    kept = [pair for pair in headers if bytes(pair[0]).lower() not in names]
    return headers if len(kept) == len(headers) else kept


def replace(headers: Headers, name: bytes, value: bytes) -> Headers:
    """Set ``name`` (given in lower case) to one value: in the place of its first, else at the end."""
    places = [place for place, pair in enumerate(headers) if bytes(pair[0]).lower() == name]
    if len(places) == 1 and bytes(headers[places[0]][1]) == value:
        return headers
    changed = list(headers)
    if not places:
        changed.append((name, value))
        return changed
    changed[places[0]] = (name, value)
    for place in reversed(places[1:]):
        del changed[place]
    return changed


def joined(headers: Headers, name: bytes) -> Headers:
    """Put several values of ``name`` (given in lower case) into one, as browsers do, without blank ones."""
    values = get_all(headers, name)
    if len(values) < 2:
        return headers
    return replace(headers, name, b", ".join([value for value in values if value.strip()]))


def edited(headers: Headers, name: bytes, edit: Callable[[bytes], bytes]) -> Headers:
    """Put every value of ``name`` (given in lower case) through ``edit``; what it leaves empty goes.

    The same object comes back when ``edit`` gives back every value it was given.
    """
    result: list[tuple[bytes, bytes]] = []
    changed = False
    for pair in headers:
        if len(pair[0]) == len(name) and bytes(pair[0]).lower() == name:
            value = bytes(pair[1])
            kept = edit(value)
            if kept is not value:
                changed = True
                if kept:
                    result.append((pair[0], kept))
                continue
        result.append(pair)
    return result if changed else headers


def elements(value: bytes, separator: bytes = b",") -> list[bytes]:
    """Split a list (RFC 9110, section 5.6.1) on ``,`` or ``;`` outside quoted strings, without empty ones.

    White space around an element is dropped, everything inside it kept.
    """
    return [item for found in _ELEMENTS[separator].findall(value) if (item := found.strip(b" \t"))]
