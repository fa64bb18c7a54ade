"""What the guard in the browser knows of trackers: the policy's rules, small enough to stand before a page.

Rules of services that the policy names, and those for paths, are kept as text, each with its service. Of other
hosts only a hash is kept, sorted by what decides about them: a third of the room, at the price that a host that
nobody knows has the hash of a known one now and then (``Hosts.bits`` says how rarely).
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
    from collections.abc import Iterable, Mapping

    from cookiegate.catalog.model import Service
    from cookiegate.policy.model import Policy

_TOP = re.compile(r"\.(?:com?\.[a-z]{2}|[a-z]+)$")
_FAMILY = 3  # hosts that differ in nothing but their top-level domain


class _Share(NamedTuple):
    """How much of a service the common table has room for; None: all."""

    hosts: int | None
    paths: int | None
    names: int | None


_ALL = _Share(None, None, None)
# By the place among the most common: up to here, this much.
_COMMON = {26: _Share(6, 12, 3), 70: _Share(6, 9, 0), 170: _Share(2, 3, 0), 300: _Share(1, 1, 0)}
_TAIL = {26: _Share(6, 12, 3), 300: _Share(6, 3, 0)}
_OTHERS = _Share(2, 0, 0)


def guard_table(policy: Policy) -> dict[str, object]:
    """Return the table that the guard of this policy is given, as JSON may hold it.

    unknown: the policy's. bits: of each hash. hosts: hashes by ``purpose:beacon``, as ``parameter:numbers``.
    rules, names: by ``id:purpose:beacon``, hosts and paths, and cookies and keys in a browser's storage.
    """
    named = {service.id for service in policy.declared}
    rules: dict[str, list[str]] = {}
    names: dict[str, list[str]] = {}
    hosts: dict[str, set[str]] = {}
    every = _services(policy)
    for service, share in every:
        known = service.id if service.id in named else ""
        group = f"{known}:{service.purpose}:{'1' if service.beacon else ''}"
        single, families = _families(service.hosts)
        if known or service.purpose == NECESSARY:
            single, families = [], list(service.hosts)
        texts = [*families, *_paths(service.paths)[: share.paths]]
        if texts:
            rules.setdefault(group, []).extend(texts)
        if some := single[: share.hosts]:
            hosts.setdefault(group[1:], set()).update(some)
        stored = [*(cookie.name for cookie in service.cookies), *service.storage]
        if kept := list(dict.fromkeys(stored))[: share.names]:
            names.setdefault(group, []).extend(kept)
    bits = _BITS[policy.guard]
    return {
        "unknown": policy.unknown.value,
        "bits": bits,
        "hosts": {group: packed({hash_of(host, bits) for host in some}, bits) for group, some in hosts.items()},
        "rules": {group: " ".join(texts) for group, texts in rules.items()},
        "names": {group: "\n".join(texts) for group, texts in names.items()},
    }


_BITS = {Guard.COMMON: 26, Guard.CATALOGUE: 24}


def rules_of(service: Service) -> dict[str, str]:
    """Return one service in the form of the table's rules, for a visitor who decided about it by itself."""
    group = f"{service.id}:{service.purpose}:{'1' if service.beacon else ''}"
    return {group: " ".join([*service.hosts, *_paths(service.paths)])}


@cache
def common() -> tuple[str, ...]:
    """The ids of the services that pages use most, the most common first."""
    lines = (files("cookiegate.catalog") / "data" / "common.txt").read_text("utf-8").splitlines()
    return tuple([line for line in lines if line and not line.startswith("#")])


def _services(policy: Policy) -> Iterable[tuple[Service, _Share]]:
    """The policy's services whole, then the most common, then in the catalogue's table all others."""
    shares = dict.fromkeys([service.id for service in policy.declared], _ALL)
    whole = policy.guard is Guard.CATALOGUE
    steps = _TAIL if whole else _COMMON
    for place, id_ in enumerate(common()):
        shares.setdefault(id_, next(share for limit, share in steps.items() if place < limit))
    if whole:
        for service in policy.index.services:
            shares.setdefault(service.id, _OTHERS)
    for id_, share in shares.items():
        service = policy.index.get(id_)
        if service is not None and (service.purpose != NECESSARY or share is _ALL):
            yield service, share


def _families(hosts: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Hosts by themselves, and ``name.*`` for those that are a vendor's under many top-level domains."""
    stems = Counter(_TOP.sub(".*", host) for host in hosts)
    families = [stem for stem, count in stems.items() if count >= _FAMILY]
    return [host for host in hosts if _TOP.sub(".*", host) not in families], families


def _paths(rules: tuple[str, ...]) -> list[str]:
    places = [rule.partition("/") for rule in rules]
    stems = Counter((_TOP.sub(".*", host), path) for host, _, path in places)
    texts = {
        f"{stem if stems[stem := _TOP.sub('.*', host), path] >= _FAMILY else host}/{path}": 0
        for host, _, path in places
    }
    return list(texts)


def hash_of(text: str, bits: int) -> int:
    """The last ``bits`` of a 32-bit hash (FNV-1a, and one round more to mix it), as guard.js has it too."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x1000193 & 0xFFFFFFFF
    value = (value ^ value >> 15) * 0x2C1B3C6D & 0xFFFFFFFF
    return (value ^ value >> 13) >> (32 - bits)


def packed(values: Iterable[int], bits: int) -> str:
    """Sorted numbers as the gaps between them (Rice coding): ``r:n:`` and base64, the lowest bit first."""
    ordered = sorted(values)
    fine = max(0, round(log2(2**bits / len(ordered) * 0.69)))
    out: list[int] = []
    last = 0
    for value in ordered:
        gap, last = value - last, value
        out += [1] * (gap >> fine)
        out.append(0)
        out += [gap >> place & 1 for place in range(fine)]
    data = bytes(
        sum(bit << place for place, bit in enumerate(out[start : start + 8])) for start in range(0, len(out), 8)
    )
    return f"{fine}:{len(ordered)}:{b64encode(data).decode()}"


def names_in(table: Mapping[str, object]) -> int:
    """How many hosts a table holds as hashes."""
    hosts = table["hosts"]
    assert isinstance(hosts, dict)
    return sum(int(text.split(":")[1]) for text in hosts.values())
