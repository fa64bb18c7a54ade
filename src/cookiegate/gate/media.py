"""What a browser will make of a response: a page, which the gate reads, or something else."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING

from cookiegate.gate.encoding import supported
from cookiegate.gate.headers import get, get_all

if TYPE_CHECKING:
    from cookiegate.gate.headers import Headers

_HTML = frozenset({b"text/html", b"application/xhtml+xml"})
_UNTYPED = frozenset({b"*/*", b"unknown/unknown", b"application/unknown"})
_TYPE = re.compile(rb"[^ \t;(]*+")  # browsers read "text/html charset=utf-8" too
_UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_UTF_8 = b"\xef\xbb\xbf"

DECIDED_BY = 4
"""Bytes of a body after which ``looks_like_html`` knows as much as it ever will."""


class Media(Enum):
    """What the headers of a response say about its body."""

    HTML = auto()
    OTHER = auto()
    UNTYPED = auto()  # the browser looks at the body itself


def is_xhtml(headers: Headers) -> bool:
    """Whether the body is read by the rules of XML."""
    return any(_essence(value) == b"application/xhtml+xml" for value in get_all(headers, b"content-type"))


def is_json(headers: Headers) -> bool:
    """Whether the body is JSON (RFC 8259, and RFC 6839, section 3.1)."""
    types = _essences(b",".join(get_all(headers, b"content-type")))
    return any(one == b"application/json" or one.endswith(b"+json") for one in types)


def is_rules(headers: Headers) -> bool:
    """Whether the body is speculation rules (HTML, section 7.6.1.2)."""
    return b"application/speculationrules+json" in _essences(b",".join(get_all(headers, b"content-type")))


def media_of(headers: Headers) -> Media:
    """Read ``Content-Type``, ``Content-Disposition`` and ``X-Content-Type-Options`` as a browser does.

    Of several types the browser's choice depends on its make, so one that is HTML suffices. Without a type,
    or with one of those that mean none, it sniffs (WHATWG MIME Sniffing, section 7) unless told ``nosniff``.
    """
    values = get_all(headers, b"content-type")
    types = _essences(values[0] if len(values) == 1 else b",".join(values))
    if types and types.isdisjoint(_HTML) and types.isdisjoint(_UNTYPED):
        return Media.OTHER
    dispositions = get_all(headers, b"content-disposition")
    if dispositions and all(_token(value) == b"attachment" for value in dispositions):
        return Media.OTHER
    if not types.isdisjoint(_HTML):
        return Media.HTML
    nosniff = _token((get(headers, b"x-content-type-options") or b"").partition(b",")[0]) == b"nosniff"
    return Media.OTHER if nosniff else Media.UNTYPED


@lru_cache(maxsize=256)
def _essences(content_type: bytes) -> frozenset[bytes]:
    return frozenset(_essence(item) for item in content_type.split(b",")) - {b""}


def coding_of(headers: Headers) -> bytes:
    """Return the ``Content-Encoding`` of a response, empty for a body that is sent as it is."""
    coding = b",".join(get_all(headers, b"content-encoding"))
    return b"" if all(_token(item) in (b"", b"identity") for item in coding.split(b",")) else coding


def unreadable(status: int, headers: Headers) -> str:
    """Say why the body of a page cannot be read, as far as status and headers tell; empty when it can."""
    if status == 206:
        return "a part of a page cannot be read without the rest"
    if not supported(coding := coding_of(headers)):
        return f"the content coding {coding.decode('latin-1')!r} cannot be read"
    return ""


def looks_like_html(beginning: bytes) -> bool:
    """Whether a browser that sniffs may find HTML in a body that begins like this; blank may become HTML."""
    if codec := _UTF_16.get(beginning[:2]):
        beginning = beginning[2:].decode(codec, "ignore").encode()
    return beginning.removeprefix(_UTF_8).lstrip(b" \t\r\n\f")[:1] in (b"", b"<")


def _essence(value: bytes) -> bytes:
    return _TYPE.match(value.strip(b" \t"))[0].lower()  # type: ignore[index]  # matches anything


def _token(value: bytes) -> bytes:
    return value.partition(b";")[0].strip(b" \t").lower()
