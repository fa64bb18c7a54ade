"""The part of a rule that is compared with the address: how, and under which words it is found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cookiegate.catalog.filters.options import ascii_host

if TYPE_CHECKING:
    from collections.abc import Callable

# "^": no letter, digit, or one of "_-.%"; or the end of the address. Addresses are ASCII.
_SEPARATOR: Final = r"(?:[^\w.%-]|\Z)"
_STARS: Final = re.compile(r"\*+")
_LITERALS: Final = re.compile(r"[*^]+")
_HOST: Final = re.compile(r"\A\|\|([^/^*|?&=]+)")
# A host that is complete, so that "^" can only be the slash behind it.
_WHOLE_HOST: Final = re.compile(r"\A\|\|([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)[/^]")
_WORD: Final = re.compile(r"(?<![a-z0-9*])[a-z0-9]+(?![a-z0-9*])")
_CLASS: Final = r"\[(?:\\.|[^\]\\])*\]"
_ESCAPE: Final = r"\\(?:k<\w*>|x[0-9a-f]{2}|u[0-9a-f]{4}|[0-9]+|.)"
_REGEX_ITEM: Final = re.compile(f"({_ESCAPE}|{_CLASS}" + r"|[^\\])((?:[*+?]|\{[0-9,]*\})*)", re.DOTALL)
_REGEX_CHANGE: Final = re.compile(r"\\k<(\w+)>|\\.|" + _CLASS + r"|\(\?<(?![=!])|\[", re.DOTALL)
_NOT_JAVASCRIPT: Final = re.compile(r"\\[^ANUZ]|(\\|\(\?[A-Za-z#])", re.DOTALL)
_LONGEST_FOR_REGEX: Final = 4096


@dataclass(frozen=True, slots=True)
class Shape:
    """How a pattern is compared with an address.

    needle: stands in every address that matches, and says it all when there is no ``test``; then ``dotted``
    (``.`` + needle) is set where it must begin with a label of the host.
    """

    needle: str
    dotted: str
    test: Callable[[str], object] | None

    def matches(self, subject: str, host_at: int, host_end: int) -> bool:
        """Whether the address ``subject``, whose host is at these places and has ``needle``, is covered."""
        if self.test is not None:
            return self.test(subject) is not None
        return (
            not self.dotted
            or subject.startswith(self.needle, host_at)
            or (0 <= subject.find(self.dotted, host_at) < host_end)
        )


def is_regex(pattern: str) -> bool:
    """Whether it is written as ``/regular expression/``."""
    return len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/")


def in_ascii(pattern: str) -> str:
    """The pattern as it must be to match canonical addresses: host in IDNA, the rest percent-encoded."""
    host = _HOST.match(pattern)
    if host is not None and not host[1].isascii():
        pattern = f"||{ascii_host(host[1])}{pattern[host.end() :]}"
    return "".join(char if char.isascii() else _percent_encoded(char) for char in pattern)


def _percent_encoded(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace"))


def shape_of(pattern: str, *, case: bool) -> Shape:
    """How to compare the pattern. Raises what ``compile_regex`` raises, for a regular expression."""
    if is_regex(pattern):
        expression = compile_regex(pattern[1:-1], case=case)
        # Bound to the beginning, and not in one of several branches only: no other place needs a try.
        bound = pattern.startswith("/^") and _skeleton(pattern[1:-1]) != ""
        test = expression.match if bound else expression.search
        return Shape("" if case else needle_of(pattern), "", lambda text: test(text, 0, _LONGEST_FOR_REGEX))
    pattern = _HOST.sub(_lower, pattern, count=1) if case else pattern.lower()
    host = _WHOLE_HOST.match(pattern)
    if host is not None:
        pattern = "||" + host[1] + "/" + pattern[host.end() :]
    start, body, end = _anchors(pattern)
    body = _STARS.sub("*", body)
    if not start:
        body = body.removeprefix("*")
    if not end:
        body = body.removesuffix("*")
    if start != "|" and not end and "*" not in body and "^" not in body:
        return Shape(body, "." + body if start else "", None)
    return Shape(max(_LITERALS.split(body), key=len), "", _compile(start, body, end=end).match)


def _lower(found: re.Match[str]) -> str:
    return found[0].lower()


def _anchors(pattern: str) -> tuple[str, str, bool]:
    start = "||" if pattern.startswith("||") else "|" if pattern.startswith("|") else ""
    body = pattern[len(start) :]
    return start, body.removesuffix("|"), body.endswith("|")


def _compile(start: str, body: str, *, end: bool) -> re.Pattern[str]:
    """One expression in linear time: whatever stands between two stars is taken where it is met first.

    That is enough, as the earliest place leaves the most room for the rest; the atomic groups keep the engine
    from trying the later ones.
    """
    first, *others = (
        "".join(_SEPARATOR if char == "^" else re.escape(char) for char in re.split(r"(\^)", part))
        for part in body.split("*")
    )
    way = {"||": r"[a-z]+://(?:[^/.]*\.)*?", "|": "", "": ".*?"}[start]
    if end and not others:
        return re.compile(way + first + r"\Z", re.DOTALL | re.ASCII)
    source = "(?>" + way + first + ")"
    last = others.pop() if end else ""
    source += "".join("(?>.*?" + part + ")" for part in others)
    return re.compile(source + (".*" + last + r"\Z" if end else ""), re.DOTALL | re.ASCII)


def compile_regex(source: str, *, case: bool) -> re.Pattern[str]:
    """Compile what was written for JavaScript. Raises re.error, ValueError, OverflowError, RecursionError."""
    if any(_NOT_JAVASCRIPT.findall(source)):
        raise re.error("not an expression of JavaScript")
    return re.compile(_REGEX_CHANGE.sub(_to_python, source), re.ASCII if case else re.ASCII | re.IGNORECASE)


def _to_python(found: re.Match[str]) -> str:
    text = found[0]
    if found[1] is not None:
        return "(?P=" + found[1] + ")"
    if text == "(?<":
        return "(?P<"
    if text == "[":
        raise re.error("a class without an end")
    if text.startswith("["):
        if text in ("[]", "[^]"):
            return r"(?!)" if text == "[]" else r"[\s\S]"
        inside = re.sub(r"\\.|[\[&~|]|--", _inside_class, text[1:-1], flags=re.DOTALL)
        return "[" + inside + "]"
    return text


def _inside_class(found: re.Match[str]) -> str:
    """What Python may one day read as an operation on sets is a character of its own in JavaScript."""
    text = found[0]
    return r"-\-" if text == "--" else text if text.startswith("\\") else "\\" + text


def words_of(pattern: str) -> list[bytes]:
    """What every matching address has as words of its own (runs of letters and digits), or as its host's end.

    A complete host of several labels, where the pattern begins with one, comes first.
    """
    if is_regex(pattern):
        return [word.encode() for word in _WORD.findall(_skeleton(pattern[1:-1].lower()))]
    low = pattern.lower()
    padded = ("" if low.startswith("|") else "*") + low + ("" if low.endswith("|") else "*")
    words = [word.encode() for word in _WORD.findall(padded)]
    host = _WHOLE_HOST.match(low)
    return words if host is None or "." not in host[1] else [host[1].encode(), *words]


def needle_of(pattern: str) -> str:
    """What stands, in lower case, in every address that matches; "" when nothing is sure to."""
    if is_regex(pattern):
        return max(re.split(r"[* ]+", _skeleton(pattern[1:-1].lower())), key=len)
    return max(_LITERALS.split(_anchors(pattern.lower())[1]), key=len)


def _skeleton(source: str) -> str:
    """What of a regular expression must stand in the address literally; ``*`` for all the rest."""
    kept: list[str] = ["*"]
    depth = 0
    for item, quantity in _REGEX_ITEM.findall(source):
        if item in ("(", ")"):
            depth += 1 if item == "(" else -1
            kept.append("*")
        elif depth == 0 and item == "|":
            return ""
        elif depth == 0:
            kept.append("*" if quantity else _literal(item))
    return "".join(kept) + "*"


def _literal(item: str) -> str:
    if item in ("^", "$"):
        return " "
    if item.startswith("\\"):
        return "*" if item[1].isalnum() else item[1]
    return "*" if len(item) > 1 or item == "." else item
