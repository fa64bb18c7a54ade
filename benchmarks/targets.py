"""What issue 3 asks the gate to reach, held against the figures of one run."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from contenders import AGAIN, BARE, COLD, GZIP, JSON, LOOKUP, NEW, PLAN, WARM
from table import Target, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from contenders import Group
    from table import Line

LOADED = "catalogue: loaded"
FIRST_LOOKUP = "catalogue: first lookup_url"
MEMORY = "catalogue: memory"
WHOLE = "extra memory: whole page"
STREAMED = "extra memory: in pieces of 16 KB"
BLOCKED = "event loop blocked: "


def targets(groups: Sequence[Group], once: Sequence[Line]) -> list[Target]:
    """All of them; one without figures was not measured in this run. Speeds are of the gate to another."""
    return [
        Target(
            what="100 KB, nothing remembered: speed to python-lolhtml",
            figures=_speed(groups, COLD, "python-lolhtml"),
            at_least=0.8,
            aim=1.0,
            more=True,
        ),
        Target(
            what="100 KB, warm: speed to python-lolhtml",
            figures=_speed(groups, WARM, "python-lolhtml"),
            at_least=1.2,
            aim=1.5,
            more=True,
        ),
        Target(
            what="100 KB, warm: speed to selectolax",
            figures=_speed(groups, WARM, "selectolax"),
            at_least=4,
            aim=6,
            more=True,
        ),
        Target(
            what="100 KB, warm: speed to html.parser",
            figures=_speed(groups, WARM, "html.parser"),
            at_least=12,
            aim=15,
            more=True,
        ),
        Target(
            what="100 KB, the same page again: speed to warm",
            figures=_speed(groups, PLAN, WARM),
            at_least=5,
            aim=8,
            more=True,
        ),
        Target(
            what="100 KB, a new page: added time to what GZip adds",
            figures=_added(groups, NEW),
            at_least=0.3,
            aim=0.2,
        ),
        Target(
            what="100 KB, the same page: added time to what GZip adds",
            figures=_added(groups, AGAIN),
            at_least=0.3,
            aim=0.2,
        ),
        Target(
            what="what is not HTML: added time",
            figures=_single(
                g.contenders[JSON].added(g.contenders[BARE]) for g in groups if JSON in g.contenders
            ),
            at_least=2e-6,
            aim=1e-6,
            unit=Unit.SECONDS,
        ),
        Target(
            what="lookup_url, a new address",
            figures=_single(g.contenders[LOOKUP].median for g in groups if LOOKUP in g.contenders),
            at_least=2e-6,
            aim=1.2e-6,
            unit=Unit.SECONDS,
        ),
        Target(
            what="catalogue: loaded, with its first lookup_url",
            figures=_single(_of(once, LOADED, FIRST_LOOKUP)),
            at_least=60e-3,
            aim=30e-3,
            unit=Unit.SECONDS,
        ),
        Target(what=MEMORY, figures=_single(_of(once, MEMORY)), at_least=20e6, unit=Unit.BYTES),
        Target(
            what="extra memory: whole page, to its length",
            figures=_worst((line, line.ratio) for line in once if line.what == WHOLE),
            at_least=3,
        ),
        Target(
            what=STREAMED,
            figures=_worst((line, line.figure) for line in once if line.what == STREAMED),
            at_least=0.5e6,
            unit=Unit.BYTES,
        ),
        Target(
            what="over 512 KB: the event loop blocked at a time",
            figures=_worst((line, line.figure) for line in once if line.what in _PAUSES),
            at_least=5e-3,
            unit=Unit.SECONDS,
        ),
    ]


_PAUSES = tuple(name.replace("ASGI: ", BLOCKED) for name in (NEW, AGAIN))


def _at_100_kb(groups: Iterable[Group], base: str) -> dict[str, Group]:
    return {group.kind: group for group in groups if group.size == "100 KB" and group.base == base}


def _speed(groups: Iterable[Group], name: str, other: str) -> dict[str, float]:
    """By kind of page how many times as fast as the other, which is named by how its name begins."""
    found: dict[str, float] = {}
    for kind, group in _at_100_kb(groups, WARM).items():
        for peer in group.contenders.values():
            if peer.name.startswith(other):
                found[kind] = peer.ratio(group.contenders[name])
    return found


def _added(groups: Iterable[Group], name: str) -> dict[str, float]:
    """By kind of page what the gate adds, in terms of what compression adds in the same round."""
    found: dict[str, float] = {}
    for kind, group in _at_100_kb(groups, BARE).items():
        rounds = zip(*(group.contenders[one].samples for one in (name, GZIP, BARE)), strict=True)
        found[kind] = median((gate - bare) / (gzip - bare) for gate, gzip, bare in rounds)
    return found


def _single(figures: Iterable[float]) -> dict[str, float]:
    """What is not of a kind of page: the sum, if there is anything."""
    found = list(figures)
    return {"": sum(found)} if found else {}


def _of(lines: Iterable[Line], *names: str) -> Iterator[float]:
    return (line.figure for line in lines if line.what in names)


def _worst(found: Iterable[tuple[Line, float | None]]) -> dict[str, float]:
    """The largest figure of each kind of page."""
    worst: dict[str, float] = {}
    for line, figure in found:
        if figure is not None:
            worst[line.kind] = max(figure, worst.get(line.kind, 0.0))
    return worst
