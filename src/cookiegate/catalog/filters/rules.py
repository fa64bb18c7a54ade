"""From a line to a rule: what sort of line it is, and its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from cookiegate.catalog.filters.model import FilterMatch, Request, Skipped
from cookiegate.catalog.filters.options import NO_OPTIONS, Options, Places, parse_options, parse_places
from cookiegate.catalog.filters.patterns import Shape, compile_regex, in_ascii, is_regex, shape_of

_LONGEST: Final = 64 * 1024
_OPTION: Final = re.compile(rb"~?[\w-]+(?:=.*)?")
_FIRST_OPTION: Final = re.compile(rb"\$~?[\w-]+(?:=.*)?\Z")
_COSMETIC: Final = re.compile(rb"#@?[?$%]{0,2}#|^\[\$|^[^/|@]*\$@?\$[a-z]")
_HOSTS_FILE: Final = re.compile(
    rb"(?:0\.0\.0\.0|127(?:\.\d{1,3}){3}|255\.255\.255\.255|::1?|fe80::1(?:%\w+)?)[ \t]+([^#]*)"
)
_LOCAL_NAMES: Final = frozenset(
    b"0.0.0.0 broadcasthost ip6-allhosts ip6-allnodes ip6-allrouters ip6-localhost ip6-localnet ip6-loopback "
    b"ip6-mcastprefix local localhost localhost.localdomain".split()
)
_DOMAIN: Final = re.compile(rb"(?:[\w\x80-\xff-]+\.)+[a-z\x80-\xff][a-z0-9\x80-\xff-]*", re.IGNORECASE)
# A line with any of these is in the Adblock Plus syntax, and so is the whole list.
_ADBLOCK: Final = re.compile(
    rb"^[ \t]*+(?:\[adblock|[^!#\n][^#\n]*?(?:[/|*^$@=?&,~]|##))", re.IGNORECASE | re.MULTILINE
)
_PORT: Final = re.compile(rb"(?:^\|\||//)[\w.-]+:\d")


class RuleText(NamedTuple):
    """A rule taken apart: ``raw_options`` as written behind the ``$``."""

    exception: bool
    pattern: str
    raw_options: bytes
    options: Options

    @property
    def identity(self) -> tuple[bool, str, frozenset[bytes]]:
        """Equal for a rule and the ``badfilter`` that switches it off."""
        parts = frozenset(self.raw_options.split(b",")) - {b"badfilter", b""}
        return self.exception, self.pattern, parts


def is_domain_list(data: bytes) -> bool:
    """Whether a list has nothing but names: then they are hosts, and not words to look for in addresses."""
    return _ADBLOCK.search(data) is None


def lines_of_hosts(line: bytes) -> list[bytes]:
    """A line of a hosts file as lines with one name each; nothing when it is none."""
    found = _HOSTS_FILE.match(line)
    if found is None:
        return []
    address = line.split(None, 1)[0]
    return [address + b" " + name for name in found[1].split()]


def read_rule(line: bytes, *, domains: bool) -> RuleText | Skipped:
    """Take a line apart, which has no white space around it and is not empty.

    domains: the list is a list of domains, or a hosts file (one name a line, see ``lines_of_hosts``).
    """
    if len(line) > _LONGEST:
        return Skipped.LONG
    if line.startswith(b"!") or (line.startswith(b"[") and line.endswith(b"]")):
        return Skipped.COMMENT
    if (b"#" in line or b"$" in line or line.startswith(b"[")) and _COSMETIC.search(line) is not None:
        return Skipped.COSMETIC
    if line.startswith(b"#"):
        return Skipped.COMMENT
    host = _host_line(line, domains=domains)
    if host:
        if host.lower() in _LOCAL_NAMES:
            return Skipped.LOCAL
        return RuleText(False, _readable(b"||" + host + b"^"), b"", NO_OPTIONS)
    exception = line.startswith(b"@@")
    pattern = line[2:] if exception else line
    if b" " in pattern or b"\t" in pattern:
        pattern = b"".join(pattern.split())
    raw = b""
    options = NO_OPTIONS
    if b"$" in pattern:
        pattern, raw = _without_options(pattern)
        read = parse_options(raw) if raw else NO_OPTIONS
        if isinstance(read, Skipped):
            return read
        options = read
    if exception and options.replacing:
        return Skipped.EFFECT
    if not raw and not pattern.strip(b"*|"):
        return Skipped.EVERYTHING
    if b":" in pattern and _PORT.search(pattern) is not None:
        return Skipped.PORT
    rule = RuleText(exception, _readable(pattern), raw, options)
    return rule if not is_regex(rule.pattern) or _compiles(rule) else Skipped.REGEX


def _without_options(pattern: bytes) -> tuple[bytes, bytes]:
    """Part a rule at the first ``$`` behind which all reads as options; a ``$`` may be of the pattern too."""
    parts = pattern.split(b",")
    place = len(parts) - 1
    while place and _OPTION.fullmatch(parts[place]) is not None:
        place -= 1
    for number in range(place, len(parts)):
        found = _FIRST_OPTION.search(parts[number])
        if found is not None:
            at = found.start() + sum(len(part) + 1 for part in parts[:number])
            return pattern[:at], pattern[at + 1 :]
    return pattern, b""


def _host_line(line: bytes, *, domains: bool) -> bytes:
    if b" " in line or b"\t" in line:
        found = _HOSTS_FILE.fullmatch(line)
        if found is not None:
            return found[1].strip()
    if not domains:
        return b""
    name = line.partition(b"#")[0].rstrip()
    return name if _DOMAIN.fullmatch(name) is not None else b""


def _readable(pattern: bytes) -> str:
    return pattern.decode() if pattern.isascii() else in_ascii(pattern.decode("utf-8", "replace"))


def _compiles(rule: RuleText) -> bool:
    try:
        compile_regex(rule.pattern[1:-1], case=rule.options.case)
    except (re.error, ValueError, OverflowError, RecursionError):
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule ready for being compared, and what is to be said when it matches."""

    found: FilterMatch
    sorts: int
    important: bool
    shape: Shape
    case: bool
    pages: Places | None
    to: Places | None
    deny: Places | None

    def covers(self, request: Request) -> bool:
        """Whether the request falls under the rule."""
        subject = request.text if self.case else request.low
        return (
            self.sorts & request.sort != 0
            and self.shape.needle in subject
            and self.shape.matches(subject, request.host_at, request.host_end)
            and (self.pages is None or self.pages.include(request.pages))
            and (self.to is None or self.to.include(request.hosts))
            and (self.deny is None or not self.deny.include(request.hosts))
        )


def compile_rule(text: RuleText, found: FilterMatch) -> Rule:
    """Prepare a rule that ``read_rule`` has taken apart."""
    options = text.options
    return Rule(
        found=found,
        sorts=options.sorts,
        important=options.important,
        shape=shape_of(text.pattern, case=options.case),
        case=options.case,
        pages=parse_places(options.domains),
        to=parse_places(options.to),
        deny=parse_places(options.deny),
    )
