"""What stands behind the ``$`` of a rule: request types, party, domains, and what changes the rule's rank."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cookiegate.catalog.filters.model import THIRD, TYPE_BITS, RequestType, Skipped
from cookiegate.catalog.urls import parse_url

_T = RequestType
_EVERY_TYPE: Final = sum(TYPE_BITS.values())
_DEFAULT_TYPES: Final = _EVERY_TYPE & ~TYPE_BITS[_T.DOCUMENT] & ~TYPE_BITS[_T.POPUP]

# Nothing that a page refers to is requested as one of these.
_NO_REQUEST: Final = (
    "content ehide elemhide extension genericblock generichide ghide inline-font inline-script jsinject "
    "popunder shide specifichide urlblock webrtc"
)
_TYPES: Final[dict[bytes, int]] = {
    **{kind.encode(): bit for kind, bit in TYPE_BITS.items()},
    **dict.fromkeys(_NO_REQUEST.encode().split(), 0),
    b"all": _EVERY_TYPE,
    b"background": TYPE_BITS[_T.IMAGE],
    b"beacon": TYPE_BITS[_T.PING],
    b"css": TYPE_BITS[_T.STYLESHEET],
    b"doc": TYPE_BITS[_T.DOCUMENT],
    b"frame": TYPE_BITS[_T.SUBDOCUMENT],
    b"object-subrequest": TYPE_BITS[_T.OBJECT],
    b"xhr": TYPE_BITS[_T.XMLHTTPREQUEST],
}
_PARTIES: Final = {b"third-party": True, b"3p": True, b"first-party": False, b"1p": False}

# Blocks, and answers the request with something harmless of the extension's own.
_REPLACING: Final = frozenset([b"empty", b"mp4", b"redirect", b"rewrite"])
_OTHER_EFFECTS: Final = frozenset(
    b"cname cookie csp hls jsonprune network permissions queryprune redirect-rule referrerpolicy "
    b"removeheader removeparam replace stealth uritransform urlskip urltransform xmlprune".split()
)

# Second-level names under which registries sell, for "google.*", which is google.co.uk too.
SHARED_SECOND_LEVEL: Final = frozenset(b"ac co com edu go gob gov gv ne net nom or org sch".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one rule.

    sorts: bits of the request types and parties it is about.
    domains, to, deny: the values of ``domain=``, ``to=`` and ``denyallow=`` as written, b"" without.
    """

    sorts: int = _DEFAULT_TYPES | _DEFAULT_TYPES << THIRD
    domains: bytes = b""
    to: bytes = b""
    deny: bytes = b""
    case: bool = False
    important: bool = False
    badfilter: bool = False
    replacing: bool = False


NO_OPTIONS: Final = Options()


@lru_cache(maxsize=1024)
def parse_options(raw: bytes) -> Options | Skipped:
    """Read the options of a rule; why the rule is none of ours when one of them says so."""
    types: int | None = None
    party: bool | None = None
    values: dict[bytes, bytes] = {}
    flags: set[bytes] = set()
    for part in raw.split(b","):
        name, equals, value = part.partition(b"=")
        name = name.lower()
        negated = name.startswith(b"~")
        name = name.removeprefix(b"~")
        if name in _REPLACING or name in _OTHER_EFFECTS:
            if name in _OTHER_EFFECTS:
                return Skipped.EFFECT
            flags.add(b"replacing")
        elif equals:
            name = b"domain" if name == b"from" else name
            if negated or not _places_are_sound(name, value):
                return Skipped.OPTION
            values[name] = value
        elif name in _TYPES:
            bit = _TYPES[name]
            before = types if types is not None else _DEFAULT_TYPES if negated else 0
            types = before & ~bit if negated else before | bit
        elif name in _PARTIES:
            party = _PARTIES[name] != negated
        elif name == b"match-case" or (name in (b"important", b"badfilter") and not negated):
            if not negated:
                flags.add(name)
        elif name.strip(b"_"):  # "_" is for looks
            return Skipped.OPTION
    if types is None:
        types = _DEFAULT_TYPES
    elif types == 0:
        return Skipped.EFFECT
    return Options(
        sorts=(0 if party is True else types) | (0 if party is False else types << THIRD),
        domains=values.get(b"domain", b""),
        to=values.get(b"to", b""),
        deny=values.get(b"denyallow", b""),
        case=b"match-case" in flags,
        important=b"important" in flags,
        badfilter=b"badfilter" in flags,
        replacing=b"replacing" in flags,
    )


def _places_are_sound(name: bytes, value: bytes) -> bool:
    if name == b"reason":
        return True
    if name == b"denyallow" and (b"~" in value or b"*" in value):
        return False
    known = name in (b"domain", b"to", b"denyallow")
    return known and b"/" not in value and value.strip(b"|~.") != b""


@dataclass(frozen=True, slots=True)
class Places:
    """Hosts that a rule is for (True) or not for (False), with all below them; the longest one decides.

    default: for hosts that are not named. entities: some end in ``.*``, which stands for any top level.
    """

    table: dict[bytes, bool]
    default: bool
    entities: bool

    def include(self, hosts: tuple[bytes, ...]) -> bool:
        """Whether the rule is for the host whose ``hosts`` (itself, then its parents) these are."""
        for host in hosts:
            said = self.table.get(host)
            if said is None and self.entities:
                said = self._entity(host)
            if said is not None:
                return said
        return self.default

    def _entity(self, host: bytes) -> bool | None:
        head, _, top = host.rpartition(b".")
        said = self.table.get(head + b".*")
        if said is None and len(top) == 2:
            head, _, second = head.rpartition(b".")
            if second in SHARED_SECOND_LEVEL:
                said = self.table.get(head + b".*")
        return said


def parse_places(value: bytes) -> Places | None:
    """Read ``a.com|~b.a.com|c.*``; None for an empty value, which sets no limit."""
    if not value:
        return None
    table: dict[bytes, bool] = {}
    for part in value.lower().split(b"|"):
        host = part.removeprefix(b"~").rstrip(b".")
        if host:
            if not host.isascii():
                host = ascii_host(host.decode("utf-8", "replace")).encode("utf-8", "replace")
            table[host] = not part.startswith(b"~")
    entities = any(host.endswith(b".*") for host in table)
    return Places(table, not any(table.values()), entities)


def ascii_host(host: str) -> str:
    """The form in which a host with other letters stands in addresses; itself when it is no host."""
    url = parse_url(f"http://{host}/")
    return url.host if url is not None else host


@lru_cache(maxsize=4096)
def parents_of(host: str) -> tuple[bytes, ...]:
    """The host itself and everything above it, longest first; nothing for no host."""
    labels = host.lower().encode("utf-8", "surrogatepass").split(b".")
    return tuple(b".".join(labels[place:]) for place in range(len(labels))) if host else ()
