"""What is measured once: memory, and what a process does before its first page."""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from cookiegate.consent.decide import granted_profile
from cookiegate.gate.page import PageGate

if TYPE_CHECKING:
    from collections.abc import Callable

    from cookiegate import Policy

PIECE = 16 * 1024
"""Bytes of a page that is streamed that come at a time."""

_TIMES = """
import json
from time import process_time
from cookiegate import gate_html
from cookiegate.catalog import default_index, lookup_url
from mixed import mixed
page = mixed(100_000)
marks = [process_time()]
default_index(); marks.append(process_time())
lookup_url("https://www.googletagmanager.com/gtm.js"); marks.append(process_time())
gate_html(page); marks.append(process_time())
print(json.dumps([b - a for a, b in zip(marks, marks[1:])]))
"""
_MEMORY = """
import gc, tracemalloc
from cookiegate import gate_html
from cookiegate.catalog import default_index, lookup_cookie, lookup_url
gc.collect()
tracemalloc.start()
default_index(); lookup_url("https://site.invalid/a"); lookup_cookie("_ga")
gate_html(b"<script>fbq('init')</script><img src=/a>")
gc.collect()
print(tracemalloc.get_traced_memory()[0])
"""


class Beginning(NamedTuple):
    """Of a fresh process, in seconds and bytes: the catalogue, then its first look-up, then a first page."""

    load: float
    first_lookup: float
    first_page: float
    memory: int


def beginning(times: int) -> Beginning:
    """Start so many processes; medians.

    One before them compiles what is compiled once, which is the code of modules and the catalogue.
    """
    with TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        rows: list[list[float]] = [json.loads(_python(_TIMES, environment)) for _ in range(times + 1)]
        load, first_lookup, first_page = (statistics.median(column) for column in zip(*rows[1:], strict=True))
        return Beginning(load, first_lookup, first_page, int(_python(_MEMORY, environment)))


def _python(code: str, environment: dict[str, str]) -> str:
    # Modules of the bench are found where it is started.
    folder = str(Path(__file__).resolve().parent)
    code = f"import sys; sys.path.insert(0, {folder!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    return done.stdout


def streamed(page: bytes, policy: Policy, url: str) -> None:
    """Gate a page as it arrives; what leaves is dropped."""
    gate = PageGate(policy, granted_profile(policy, ()), url=url)
    for at in range(0, len(page), PIECE):
        gate.feed(page[at : at + PIECE])
    gate.close()


def extra_memory(call: Callable[[], object]) -> int:
    """Bytes that a call needs at most beside what was there before; its result counts.

    It is called once before, so that memos, which are bounded and stay, do not count.
    """
    call()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - before
