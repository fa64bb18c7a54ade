"""What every site of the host tests shows, whatever framework it is made with."""

from __future__ import annotations

import asyncio
import gzip
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = "a key that is only used in the tests of servers"
USER, PASSWORD = "linden", "salt"

GA = b'<script async src="https://www.googletagmanager.com/gtag/js?id=G-XXXXXXXXXX"></script>'
HELD = b'data-cg-src="https://www.googletagmanager.com/gtag/js?id=G-XXXXXXXXXX"'
TRACKER_COOKIE = "_ga=GA1.1.1.1; Path=/; Max-Age=999"
OWN_COOKIE = "basket=3; Path=/"


def page(title: str, content: bytes = b"", head: bytes = b"") -> bytes:
    """Return a whole page with this title."""
    start = b'<!doctype html>\n<html lang="en">\n<head><title>%b</title>%b</head>\n' % (title.encode(), head)
    return start + b'<body class="shop">\n<h1>%b</h1>\n%b</body>\n</html>\n' % (title.encode(), content)


INNOCENT = page("Innocent", b"<p>\xc3\x9c <b>no</b> trackers here & <i>nothing</i> <br/> to change.\n" * 40)
TRACKED = page("Tracked", b"<p>Hello.\n", GA)
MISSING = page("Missing", b"<p>This page does not exist.\n", GA)
BROKEN = page("Broken", b"<p>Something went wrong.\n", GA)
LINE = b'<p class="x">A paragraph of a long page, with <a href="/innocent">a link</a>.\n'
LARGE = page("Large", LINE * 28_000, GA)
DATA = {"html": GA.decode(), "price": 3}
FILE = bytes(range(256)) * 64
ETAG = '"page-1"'

END = b"</body>\n</html>\n"
PIECES = (page("Stream", b"<p>first\n").removesuffix(END), GA + b"\n", b"<p>last\n" + END)
EVENTS = (b"data: first " + GA + b"\n\n", b"data: last " + GA + b"\n\n")


class Signals:
    """What a client tells a response that is under way, and the other way round."""

    def __init__(self) -> None:
        self._events: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def set(self, name: str) -> None:
        """Let whoever waits for this go on."""
        self._events[name].set()

    async def wait(self, name: str) -> str:
        """Wait until somebody sets it. Raises TimeoutError after ten seconds, so that nothing hangs."""
        await asyncio.wait_for(self._events[name].wait(), 10)
        return "yes"


SIGNALS = Signals()


async def pieces(name: str) -> AsyncIterator[bytes]:
    """Make a page whose second part is not made before the client asks for it."""
    yield PIECES[0]
    await SIGNALS.wait(f"go {name}")
    yield PIECES[1]
    yield PIECES[2]


async def events(name: str) -> AsyncIterator[bytes]:
    """Make two server-sent events, the second when the client asks for it."""
    yield EVENTS[0]
    await SIGNALS.wait(f"go {name}")
    yield EVENTS[1]


async def endless(name: str) -> AsyncIterator[bytes]:
    """Make a page without an end, and tell when nobody wants it any more."""
    try:
        yield PIECES[0]
        while True:
            yield b"<p>more\n" + GA + b"\n"
            await asyncio.sleep(0.01)
    finally:
        SIGNALS.set(f"closed {name}")


def packed(body: bytes) -> bytes:
    """Return the body in the coding gzip."""
    return gzip.compress(body, 6, mtime=0)


def write_files(folder: Path) -> Path:
    """Write what the sites serve from the disk."""
    (folder / "page.html").write_bytes(TRACKED)
    (folder / "data.bin").write_bytes(FILE)
    return folder
