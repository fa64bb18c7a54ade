"""The bucket that a cache may know a visitor by: whether they have answered, and nothing of what.

It is not signed and anyone may forge it. It only picks one of two pages on which everything is held, so a
forged one hides the question from the forger. The cookie is for the cache, which makes the request header of
it; only the header counts here, since the page that comes back is kept under what the header says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.consent.model import BUCKET_COOKIE
from cookiegate.gate.headers import get_all

if TYPE_CHECKING:
    from cookiegate.gate.headers import Headers

VARY = (b"CG-Bucket",)
"""The one request header that a page depends on then."""

_ANSWERED = b"answered"
_PAIR = BUCKET_COOKIE.encode() + b"=" + _ANSWERED


def names_answered(headers: Headers) -> bool:
    """Whether a request asks for the page of those who have answered; what is unclear asks for the other."""
    return get_all(headers, b"cg-bucket") == [_ANSWERED]


def has_cookie(headers: Headers) -> bool:
    """Whether a request carries the cookie."""
    pairs = (pair for value in get_all(headers, b"cookie") for pair in value.split(b";"))
    return any(pair.strip(b" \t") == _PAIR for pair in pairs)


def bucket_cookie(max_age: int, *, secure: bool) -> bytes:
    """Return the ``Set-Cookie`` value that keeps the bucket for so many seconds; with 0 it is forgotten."""
    pair = _PAIR if max_age else BUCKET_COOKIE.encode() + b"="
    line = b"%b; Max-Age=%d; Path=/; HttpOnly; SameSite=Lax" % (pair, max_age)
    return line + b"; Secure" if secure else line
