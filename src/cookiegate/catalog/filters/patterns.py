"""The part of a rule that is compared with the address: how to compare, and under which words to look it up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cookiegate.catalog.filters.options import ascii_host

if TYPE_CHECKING:
    from collections.abc import Callable

# "^": no letter, digit, or one of "_-.%"; or the end of the address. Addresses are ASCII.
_SEPARATOR: Final = rb"(?:[^\w.%\x80-\xff-]|\Z)"
_STARS: Final = re.compile(rb"\*+")
_LITERALS: Final = re.compile(rb"[*^]+")
_HOST: Final = re.compile(rb"\|\|([^/^*|?&=]+)")
# A host that is complete, so that "^" can only be the slash behind it.
_WHOLE_HOST: Final = re.compile(rb"\|\|([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)[/^]")
_WORD: Final = re.compile(rb"(?<![a-z0-9*])[a-z0-9]{3,}(?![a-z0-9*])")
_CLASS: Final = rb"\[(?:\\.|[^\]\\])*\]"
_REGEX_ITEM: Final = re.compile(rb"(\\.|" + _CLASS + rb"|[^\\])((?:[*+?]|\{[^}]*\})*)", re.DOTALL)
_REGEX_CHANGE: Final = re.compile(rb"\\k<(\w+)>|\\.|" + _CLASS + rb"|\(\?<(?![=!])", re.DOTALL)
_NOT_JAVASCRIPT: Final = re.compile(rb"\\.|(\(\?[A-Za-z#])", re.DOTALL)
_LONGEST_FOR_REGEX: Final = 4096


@dataclass(frozen=True, slots=True)
class Shape:
    """How a pattern is compared with an address.

    needle: stands in every address that matches, and says it all when there is no ``test``; then ``dotted``
    (``.`` + needle) is set where it must begin with a label of the host.
    """

    needle: bytes
    dotted: bytes
    test: Callable[[bytes], object] | None

    def matches(self, subject: bytes, host_at: int, host_end: int) -> bool:
        """Whether the address ``subject``, whose host is at these places, is covered."""
        if self.test is not None:
            return self.needle in subject and self.test(subject) is not None
        if not self.dotted:
            return self.needle in subject
        return subject.startswith(self.needle, host_at) or (
            0 <= subject.find(self.dotted, host_at) < host_end
        )


def is_regex(pattern: bytes) -> bool:
    """Whether it is written as ``/regular expression/``."""
    return len(pattern) > 2 and pattern.startswith(b"/") and pattern.endswith(b"/")


def in_ascii(pattern: bytes) -> bytes:
    """The pattern as it must be to match canonical addresses: host in IDNA, the rest percent-encoded."""
    host = _HOST.match(pattern)
    if host is not None and not host[1].isascii():
        pattern = b"||" + ascii_host(host[1]) + pattern[host.end() :]
    return b"".join(b"%c" % byte if byte < 0x80 else b"%%%02X" % byte for byte in pattern)


def shape_of(pattern: bytes, *, case: bool) -> Shape:
    """How to compare the pattern. Raises re.error, ValueError, OverflowError or RecursionError for a bad regex."""
    if is_regex(pattern):
        expression = compile_regex(pattern[1:-1], case=case)
        return Shape(b"", b"", lambda subject: expression.search(subject, 0, _LONGEST_FOR_REGEX))
    if case:
        pattern = _HOST.sub(lambda host: host[0].lower(), pattern, count=1)
    else:
        pattern = pattern.lower()
    host = _WHOLE_HOST.match(pattern)
    if host is not None:
        pattern = b"||" + host[1] + b"/" + pattern[host.end() :]
    start, body, end = _anchors(pattern)
    body = _STARS.sub(b"*", body)
    if not start:
        body = body.removeprefix(b"*")
    if not end:
        body = body.removesuffix(b"*")
    if start != b"|" and not end and b"*" not in body and b"^" not in body:
        return Shape(body, b"." + body if start else b"", None)
    return Shape(max(_LITERALS.split(body), key=len), b"", _compile(start, body, end=end).match)


def _anchors(pattern: bytes) -> tuple[bytes, bytes, bool]:
    start = b"||" if pattern.startswith(b"||") else b"|" if pattern.startswith(b"|") else b""
    body = pattern[len(start) :]
    return start, body.removesuffix(b"|"), body.endswith(b"|")


def _compile(start: bytes, body: bytes, *, end: bool) -> re.Pattern[bytes]:
    """One expression in linear time: whatever stands between two stars is taken where it is met first.

    That is enough, as the earliest place leaves the most room for the rest; the atomic groups keep the engine
    from trying the later ones.
    """
    first, *others = (
        b"".join(_SEPARATOR if char == b"^" else re.escape(char) for char in re.split(rb"(\^)", part))
        for part in body.split(b"*")
    )
    way = {b"||": rb"[a-z]+://(?:[^/.]*\.)*?", b"|": b"", b"": b".*?"}[start]
    if end and not others:
        return re.compile(way + first + rb"\Z", re.DOTALL)
    source = b"(?>" + way + first + b")"
    last = others.pop() if end else b""
    source += b"".join(b"(?>.*?" + part + b")" for part in others)
    return re.compile(source + (b".*" + last + rb"\Z" if end else b""), re.DOTALL)


def compile_regex(source: bytes, *, case: bool) -> re.Pattern[bytes]:
    """Compile what was written for JavaScript. Raises as ``shape_of``."""
    if any(_NOT_JAVASCRIPT.findall(source)):
        raise re.error("flags and comments in groups are not JavaScript's")
    return re.compile(_REGEX_CHANGE.sub(_to_python, source), 0 if case else re.IGNORECASE)


def _to_python(found: re.Match[bytes]) -> bytes:
    text = found[0]
    if found[1] is not None:
        return b"(?P=" + found[1] + b")"
    if text == b"(?<":
        return b"(?P<"
    if text.startswith(b"["):
        if text in (b"[]", b"[^]"):
            return rb"(?!)" if text == b"[]" else rb"[\s\S]"
        inside = re.sub(rb"\\.|[\[&~|]|--", _inside_class, text[1:-1], flags=re.DOTALL)
        return b"[" + inside + b"]"
    return text


def _inside_class(found: re.Match[bytes]) -> bytes:
    """What Python may one day read as an operation on sets is a character of its own in JavaScript."""
    text = found[0]
    return rb"-\-" if text == b"--" else text if text.startswith(b"\\") else b"\\" + text


def words_of(pattern: bytes) -> list[bytes]:
    """What every matching address has as words of its own (runs of letters and digits), or as its host's end.

    A complete host, where the pattern begins with one, comes first; words are of three characters and more.
    """
    if is_regex(pattern):
        return _WORD.findall(_skeleton(pattern[1:-1].lower()))
    low = pattern.lower()
    padded = (b"" if low.startswith(b"|") else b"*") + low + (b"" if low.endswith(b"|") else b"*")
    words = _WORD.findall(padded)
    host = _WHOLE_HOST.match(low)
    return words if host is None else [host[1], *words]


def _skeleton(source: bytes) -> bytes:
    """What of a regular expression must stand in the address literally; ``*`` for all the rest."""
    kept: list[bytes] = [b"*"]
    depth = 0
    for item, quantity in _REGEX_ITEM.findall(source):
        if item in (b"(", b")"):
            depth += 1 if item == b"(" else -1
            kept.append(b"*")
        elif depth == 0 and item == b"|":
            return b""
        elif depth == 0:
            kept.append(b"*" if quantity else _literal(item))
    return b"".join(kept) + b"*"


def _literal(item: bytes) -> bytes:
    if item in (b"^", b"$"):
        return b" "
    if len(item) == 2 and item.startswith(b"\\"):
        return b"*" if item[1:].isalnum() else item[1:]
    return b"*" if len(item) > 1 or item == b"." else item
