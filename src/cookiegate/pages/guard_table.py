"""What the guard in the browser knows of trackers: the policy's rules, small enough to stand before a page.

Services that the policy names, and what only a path tells, are kept as expressions, each with its service. Of
other hosts only a hash is kept, sorted by what decides about them: a third of the room, at the price that now
and then a host that nobody knows has the hash of a known one (``chance`` says how rarely).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from functools import cache
from importlib.resources import files
from math import log2
from typing import TYPE_CHECKING, NamedTuple

from cookiegate.policy.model import NECESSARY, Guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cookiegate.catalog.model import Service
    from cookiegate.policy.model import Policy

_TOP = re.compile(r"\.(?:com?\.[a-z]{2}|[a-z]+)$")
_SIGNS = re.compile(r"[$()+?\[\]\\^{|}]")
_FAMILY = 3  # hosts that differ in nothing but their top-level domain
_END = "(?![^/?])"  # of a host and of a segment

Rule = tuple[str, str]
"""A group, ``id:purpose:beacon``, and an expression in which a dot is a dot."""


class _Share(NamedTuple):
    """How much of a service there is room for; None: all."""

    hosts: int | None = None
    paths: int | None = None
    names: int | None = None


_ALL = _Share()
# By the place among the most common: up to here, this much.
_COMMON = {26: _Share(6, 12, 2), 70: _Share(4, 4, 0), 160: _Share(2, 2, 0), 300: _Share(2, 1, 0)}
_TAIL = {26: _Share(6, 12, 2), 300: _Share(4, 2, 0)}
_OTHERS = _Share(2, 0, 0)
_BITS = {Guard.COMMON: 23, Guard.CATALOGUE: 24}


class Table(NamedTuple):
    """The table of one policy.

    unknown: what the policy says of strangers. bits: of each hash. hosts: hashes by ``purpose:beacon``.
    rules: of hosts and paths, the one that counts first. names: of cookies, and of keys in the storage.
    own: some rules are for paths on the site itself.
    """

    unknown: str
    bits: int
    hosts: dict[str, set[int]]
    rules: list[Rule]
    names: list[Rule]
    own: bool

    @property
    def chance(self) -> float:
        """How likely a host that nobody knows is taken for a known one."""
        return sum(map(len, self.hosts.values())) / (1 << self.bits)

    @property
    def content(self) -> dict[str, object]:
        """The table as JSON may hold it."""
        hosts = {group: packed(hashes, self.bits) for group, hashes in self.hosts.items()}
        return {**self._asdict(), "hosts": hosts}


def guard_table(policy: Policy) -> Table:
    """Return the table that the guard of this policy is given."""
    bits = _BITS[policy.guard]
    named = {service.id for service in policy.declared}
    hosts: dict[str, set[int]] = {}
    rules: list[tuple[Service, str, str]] = []
    names: dict[str, list[str]] = {}
    for service, share in _services(policy):
        known = service.id in named
        group = _group(service, known=known)
        single, families = _families(service.hosts)
        if known:
            rules += [(service, group, host) for host in service.hosts]
        else:
            rules += [(service, group, host) for host in families]
            if some := single[: share.hosts]:
                hosts.setdefault(group[1:], set()).update(hash_of(host, bits) for host in some)
        paths = share.paths if service.hosts or share.paths is None else max(1, share.paths)
        rules += [(service, group, text) for text in _paths(service.paths)[:paths]]
        stored = dict.fromkeys([*(cookie.name for cookie in service.cookies), *service.storage])
        for name in list(stored)[: share.names]:
            names.setdefault(group, []).append(_literal(name).replace("*", "[^]*"))
    return Table(
        unknown=policy.unknown.value,
        bits=bits,
        hosts=hosts,
        rules=list(_grouped([(group, text) for _, group, text in rules])),
        names=[(group, f"^({'|'.join(some)})$") for group, some in names.items()],
        own=any(text.startswith("/") for _, _, text in rules),
    )


def rules_of(service: Service) -> list[Rule]:
    """Return the rules of one service, for a visitor who decided about it by itself."""
    texts = [*_paths(service.paths), *service.hosts]
    return list(_grouped([(_group(service, known=True), text) for text in texts]))


@cache
def common() -> tuple[str, ...]:
    """The ids of the services that pages use most, the most common first."""
    text = (files("cookiegate.catalog") / "data" / "common.txt").read_text("utf-8")
    return tuple([line for line in text.splitlines() if not line.startswith("#")])


def _group(service: Service, *, known: bool) -> str:
    """The browser asks for an id only where a visitor may have chosen about it."""
    return f"{service.id if known else ''}:{service.purpose}:{'1' if service.beacon else ''}"


def _services(policy: Policy) -> Iterator[tuple[Service, _Share]]:
    """The policy's services whole, then the most common, then in the catalogue's table all others."""
    shares = dict.fromkeys([service.id for service in policy.declared], _ALL)
    whole = policy.guard is Guard.CATALOGUE
    steps = _TAIL if whole else _COMMON
    for place, id_ in enumerate(common()):
        shares.setdefault(id_, next(share for limit, share in steps.items() if place < limit))
    if whole:
        for one in policy.index.services:
            shares.setdefault(one.id, _OTHERS)
    for id_, share in shares.items():
        service = policy.index.get(id_)
        if service is not None and (service.purpose != NECESSARY or share is _ALL):
            yield service, share


def _families(hosts: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Hosts by themselves, and ``name.*`` for those that a vendor has under many top-level domains."""
    stems = Counter(_TOP.sub(".*", host) for host in hosts)
    families = [stem for stem, count in stems.items() if count >= _FAMILY]
    return [host for host in hosts if _TOP.sub(".*", host) not in families], families


def _paths(rules: tuple[str, ...]) -> list[str]:
    places = [(host, _TOP.sub(".*", host), path) for host, _, path in (rule.partition("/") for rule in rules)]
    stems = Counter((stem, path) for _, stem, path in places)
    texts = (f"{stem if stems[stem, path] >= _FAMILY else host}/{path}" for host, stem, path in places)
    return list(dict.fromkeys(texts))


def _grouped(rules: Iterable[Rule]) -> Iterator[Rule]:
    """One expression for a group's rules of a kind: parameters say more than paths, and those than hosts."""
    found: dict[tuple[int, str], list[str]] = {}
    for group, text in rules:
        kind = 0 if "?" in text else 1 if "/" in text else 2
        found.setdefault((kind, group), []).append(_expression(text))
    for (_, group), texts in sorted(found.items(), key=lambda item: item[0][0]):
        yield group, f"^([^/]*.)?({'|'.join(texts)}){_END}"


def _expression(rule: str) -> str:
    """A host or a path of the catalogue as an expression, in which a dot is a dot."""
    host, slash, rest = rule.partition("/")
    path, _, query = rest.partition("?")
    if host.endswith(".*"):
        host = f"{host[:-2]}.(com?.)?[a-z]+"
    if not slash:
        return host
    open_end = path.endswith("*") and not f"/{path}".endswith("/*")
    path = path.removesuffix("*") if open_end else path.removesuffix("*").rstrip("/")
    segments = []
    for segment in path.split("/") if path else []:
        if segment == "*":
            segments.append("(/[^/?]+)*")
        else:
            segments.append("/" + _literal(segment).replace("*", "[^/?]*").replace("#", "\\d+"))
    end = "[^]*" if open_end else ""
    if query:
        asked = (f"(?=[^]*[?&]{_literal(one)})" for one in query.split("&"))
        end = f"{_END}{''.join(asked)}[^]*"
    return f"{host}{''.join(segments)}{end}"


def _literal(text: str) -> str:
    return _SIGNS.sub(r"\\\g<0>", text)


def hash_of(text: str, bits: int) -> int:
    """The first bits of a 32-bit hash (FNV-1a, and a round more to mix it), as guard.js has it too."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x1000193 & 0xFFFFFFFF
    value = (value ^ value >> 15) * 0x2C1B3C6D & 0xFFFFFFFF
    return (value ^ value >> 13) >> (32 - bits)


def packed(values: Iterable[int], bits: int) -> str:
    """Sorted numbers as the gaps between them (Rice coding): ``fine:count:`` and base64, lowest bit first."""
    ordered = sorted(values)
    fine = max(0, round(log2(2**bits / len(ordered) * 0.69)))
    out: list[int] = []
    last = 0
    for value in ordered:
        gap, last = value - last, value
        out += [1] * (gap >> fine)
        out += [0, *(gap >> place & 1 for place in range(fine))]
    eights = (out[start : start + 8] for start in range(0, len(out), 8))
    data = bytes(sum(bit << place for place, bit in enumerate(eight)) for eight in eights)
    return f"{fine}:{len(ordered)}:{b64encode(data).decode()}"
