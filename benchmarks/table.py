"""What was measured, as a table for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Unit(StrEnum):
    """In what a figure is kept."""

    SECONDS = "s"
    BYTES = "bytes"
    TIMES = "times"


class Line(NamedTuple):
    """One line of the table.

    rate: bytes in a second. ratio: to what the group is compared with, which has 1 itself, or to the length
    of the page. added: seconds more than the first of the group. kind: of the page.
    """

    page: str
    what: str
    figure: float
    unit: Unit = Unit.SECONDS
    rate: float | None = None
    ratio: float | None = None
    added: float | None = None
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A row of what is to be reached.

    figures: by kind of page, or one by an empty name. more: the more the better.
    """

    what: str
    at_least: float
    aim: float | None = None
    unit: Unit = Unit.TIMES
    more: bool = False
    figures: dict[str, float] = field(default_factory=dict)

    def verdict(self) -> str:
        """Whether it is reached, in words; on all kinds of pages, else on which it is not."""
        missed = [kind for kind, figure in self.figures.items() if not self._good(figure, self.at_least)]
        if missed:
            everywhere = len(missed) == len(self.figures)
            return "missed" if everywhere else "missed on " + ", ".join(missed)
        aim = self.aim
        if aim is None:
            return "reached"
        beyond = all(self._good(figure, aim) for figure in self.figures.values())
        return "reached, and the aim" if beyond else "reached"

    def _good(self, figure: float, wanted: float) -> bool:
        return figure >= wanted if self.more else figure <= wanted


def shown(figure: float, unit: Unit = Unit.SECONDS) -> str:
    """A figure as people read it."""
    size = abs(figure)
    if unit is Unit.TIMES:
        return f"{figure:.2f}x"
    if unit is Unit.BYTES:
        return f"{figure / 1e6:.2f} MB" if size >= 1e5 else f"{figure / 1e3:.1f} kB"
    return f"{figure * 1e3:.2f} ms" if size >= 1e-3 else f"{figure * 1e6:.2f} µs"


def table(lines: Iterable[Line]) -> Iterator[str]:
    """The table, line by line."""
    yield f"{'page':20} {'':50} {'median':>10} {'MB/s':>7} {'ratio':>8} {'added':>11}"
    last = ""
    for line in lines:
        page = line.page if line.page != last else ""
        last = line.page
        rate = f"{line.rate / 1e6:.0f}" if line.rate else ""
        ratio = shown(line.ratio, Unit.TIMES) if line.ratio is not None else ""
        added = shown(line.added) if line.added is not None else ""
        figure = shown(line.figure, line.unit)
        yield f"{page:20} {line.what:50} {figure:>10} {rate:>7} {ratio:>8} {added:>11}".rstrip()


def targets_table(targets: Iterable[Target]) -> Iterator[str]:
    """The second table: what is to be reached, and whether it is."""
    shown_targets = [target for target in targets if target.figures]
    for target in shown_targets[:1]:
        kinds = " / ".join(target.figures)
        yield f"{'targets':58} {'at least':>9} {'aim':>9}   measured{f' ({kinds})' if kinds else ''}"
    for target in shown_targets:
        wanted = f"{'>=' if target.more else '<='} {shown(target.at_least, target.unit)}"
        aim = shown(target.aim, target.unit) if target.aim is not None else ""
        figures = " / ".join(shown(figure, target.unit) for figure in target.figures.values())
        yield f"{target.what:55} {wanted:>12} {aim:>9}   {figures}: {target.verdict()}"


def as_json(lines: Iterable[Line], targets: Iterable[Target]) -> dict[str, object]:
    """The same, to be written as JSON: seconds, bytes, and plain ratios."""
    return {
        "lines": [line._asdict() for line in lines],
        "targets": [
            {
                "what": target.what,
                "unit": target.unit,
                "at_least": target.at_least,
                "aim": target.aim,
                "more_is_better": target.more,
                "figures": target.figures,
                "verdict": target.verdict(),
            }
            for target in targets
            if target.figures
        ],
    }
