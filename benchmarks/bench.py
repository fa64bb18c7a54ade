"""``make bench``: one table from one interleaved run, and what of it is to be reached. It asserts nothing.

Every round times every contender once, so that a busy moment of the machine hits them all; ratios and
differences are taken within a round, and the medians of the rounds are shown. Times are of the processor.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

from contenders import AGAIN, BARE, KINDS, NEW, SIZES, Group, groups
from cookiegate import Policy, gate_html
from measure import run
from memory import beginning, extra_memory, streamed
from pages import URL
from peers import PEERS
from serving import gated, longest_pause, serving
from table import Line, Unit, as_json, table, targets_table
from targets import BLOCKED, FIRST_LOOKUP, LOADED, MEMORY, STREAMED, WHOLE, targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Wanted = Callable[[str], bool]

ROUNDS = 11


def timed(groups: Iterable[Group]) -> Iterator[Line]:
    """What was timed in rounds. In ASGI groups the others do the work of the first and some more."""
    for group in groups:
        base = group.contenders[group.base]
        for one in group.contenders.values():
            rate = group.length / one.median if group.length else None
            line = Line(group.title, one.name, one.median, rate=rate, kind=group.kind)
            if group.base != BARE:
                line = line._replace(ratio=one.ratio(base))
            elif one is not base:
                line = line._replace(added=one.added(base))
            yield line


def catalogue(rounds: int) -> Iterator[Line]:
    """What a process does before its first page, and with that one."""
    found = beginning(min(rounds, 7))
    title = "a fresh process"
    yield Line(title, LOADED, found.load)
    yield Line(title, FIRST_LOOKUP, found.first_lookup)
    yield Line(title, "first gate_html, mixed 100 KB", found.first_page)
    yield Line(title, MEMORY, found.memory, Unit.BYTES)


def memory(wanted: Wanted) -> Iterator[Line]:
    """What gating takes beside the page, its result included."""
    policy = Policy()
    for kind, make in KINDS.items():
        for size in ("100 KB", "1 MB"):
            title = f"{kind} {size}"
            if wanted(f"{title}, memory"):
                page = make(SIZES[size])
                whole = extra_memory(partial(gate_html, page, policy=policy, url=URL))
                pieces = extra_memory(partial(streamed, page, policy, URL))
                yield Line(title, WHOLE, whole, Unit.BYTES, ratio=whole / len(page), kind=kind)
                yield Line(title, STREAMED, pieces, Unit.BYTES, kind=kind)


def pauses(loop: asyncio.AbstractEventLoop, rounds: int, wanted: Wanted) -> Iterator[Line]:
    """How long others wait while a large page that comes whole is served."""
    for kind, make in KINDS.items():
        for size in ("1 MB", "5 MB"):
            title = f"{kind} {size}"
            if wanted(f"{title}, event loop"):
                bare = serving(partial(HTMLResponse, make(SIZES[size])))
                gate = gated(bare)
                for name, app, new in ((BARE, bare, True), (NEW, gate, True), (AGAIN, gate, False)):
                    loop.run_until_complete(longest_pause(app, new=new))
                    found = [
                        loop.run_until_complete(longest_pause(app, new=new)) for _ in range(min(rounds, 5))
                    ]
                    yield Line(title, name.replace("ASGI: ", BLOCKED), statistics.median(found), kind=kind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default: {ROUNDS}")
    parser.add_argument(
        "--only", metavar="WORD", default="", help='what has this in its name: "mixed", "100 KB", "ASGI", ...'
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    rounds: int = options.rounds

    def wanted(name: str) -> bool:
        return options.only.lower() in name.lower()

    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        found = list(groups(loop, wanted))
        run([one for group in found for one in group.contenders.values()], rounds)
        once = [*memory(wanted), *pauses(loop, rounds, wanted)]
        if wanted("a fresh process, catalogue"):
            once += catalogue(rounds)
    lines = [*timed(found), *once]
    reached = targets(found, once)
    used = [peer.version for peer in PEERS if not peer.missing and peer.package]
    missing = [peer.package for peer in PEERS if peer.missing]
    if options.format == "json":
        about = {"python": platform.python_version(), "rounds": rounds, "with": used, "missing": missing}
        print(json.dumps({**about, **as_json(lines, reached)}, indent=1))
        return
    starlette = f"starlette {version('starlette')}"
    print(f"Python {platform.python_version()}, {', '.join([starlette, *used])}, {rounds} rounds")
    for package in missing:
        print(f"{package} is not installed: its lines are left out")
    print(
        "ratio: to the gate when warm, or to the page's length. added: to Starlette alone. Lower is better.\n"
    )
    print("\n".join(table(lines)))
    print("\n" + "\n".join(targets_table(reached)))


if __name__ == "__main__":
    main()
