"""Timing in rounds: every round times every contender once.

The clock is the processor's for this process: what others do on the machine meanwhile does not count.
"""

from __future__ import annotations

import statistics
import sys
from time import process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Batch = Callable[[int], float]
    """Does something so many times, and gives the seconds that took."""

AT_LEAST = 0.004
"""Seconds one sample takes at least, by repeating: shorter ones measure the clock."""


class Contender:
    """One thing that is timed: its samples are seconds for one, one sample a round.

    count: how many one turn of the batch does. again: what others did in between may have emptied its
    memos, so each sample begins with one turn that does not count.
    """

    def __init__(self, name: str, batch: Batch, *, count: int = 1, again: bool = False) -> None:
        self.name = name
        self.samples: list[float] = []
        self._batch = batch
        self._count = count
        self._again = again
        self._repeats = 1
        batch(1)  # fills caches: what a process does once is not what a page costs
        while batch(self._repeats) < AT_LEAST:
            self._repeats *= 2

    def sample(self) -> None:
        """Take the sample of one round."""
        if self._again:
            self._batch(1)
        self.samples.append(self._batch(self._repeats) / self._repeats / self._count)

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    def ratio(self, other: Contender) -> float:
        """How many times as long as the other, the median over the rounds."""
        return statistics.median(a / b for a, b in zip(self.samples, other.samples, strict=True))

    def added(self, other: Contender) -> float:
        """Seconds more than the other, the median over the rounds."""
        return statistics.median(a - b for a, b in zip(self.samples, other.samples, strict=True))


def repeated(call: Callable[[], object]) -> Batch:
    """A batch of the same call again and again."""

    def batch(times: int) -> float:
        start = process_time()
        for _ in range(times):
            call()
        return process_time() - start

    return batch


def fresh(call: Callable[[], object], forget: Callable[[], None]) -> Batch:
    """A batch of calls before each of which something is forgotten, which is not timed."""

    def batch(times: int) -> float:
        spent = 0.0
        for _ in range(times):
            forget()
            start = process_time()
            call()
            spent += process_time() - start
        return spent

    return batch


def run(contenders: Sequence[Contender], rounds: int) -> None:
    """Take the samples of all rounds."""
    shown = sys.stderr.isatty()
    for turn in range(rounds):
        if shown:
            print(f"\rround {turn + 1} of {rounds}", end="", file=sys.stderr, flush=True)
        for one in contenders:
            one.sample()
    if shown:
        print("\r" + " " * 30 + "\r", end="", file=sys.stderr)
