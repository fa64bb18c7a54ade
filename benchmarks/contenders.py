"""Who is timed: on each page the gate beside its peers, and an application with and without it."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, JSONResponse

from cookiegate import Policy, gate_html, lookup_url
from cookiegate.catalog import default_index
from cookiegate.consent.decide import granted_profile
from cookiegate.gate.plan import Plans
from measure import Contender, fresh, repeated
from memos import Memos
from mixed import mixed
from pages import URL, WORDS, script_heavy, tag_dense
from peers import PEERS
from serving import gated, requests, serving

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

SIZES = {"10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000, "5 MB": 5_000_000}
TIMED = ("10 KB", "100 KB", "1 MB")
KINDS: dict[str, Callable[[int], bytes]] = {
    "tag-dense": tag_dense,
    "script-heavy": script_heavy,
    "mixed": mixed,
}

COLD = "cookiegate, nothing remembered"
WARM = "cookiegate, warm"
PLAN = "cookiegate, the same page again"
BARE = "ASGI: Starlette alone"
GZIP = "ASGI: with GZipMiddleware"
NEW = "ASGI: with CookieGate, a new page"
AGAIN = "ASGI: with CookieGate, the same page"
JSON = "ASGI: with CookieGate"
LOOKUP = "lookup_url, a new address"
REMEMBERED = "lookup_url, a remembered address"


class Group(NamedTuple):
    """Contenders that are compared with one of them, the base. kind, size: of the page; length: its bytes."""

    title: str
    base: str
    contenders: dict[str, Contender]
    kind: str = ""
    size: str = ""
    length: int = 0


def groups(loop: asyncio.AbstractEventLoop, wanted: Callable[[str], bool]) -> Iterator[Group]:
    """All that is timed in rounds, of what is wanted by its title and what is done with it."""
    policy, memos = Policy(), Memos()
    for kind, make in KINDS.items():
        for size in TIMED:
            title = f"{kind} {size}"
            page = make(SIZES[size])
            if wanted(f"{title}, peers"):
                yield Group(title, WARM, _functions(page, policy, memos), kind, size, len(page))
            if wanted(f"{title}, ASGI"):
                yield Group(title, BARE, _served(loop, page), kind, size, len(page))
    if wanted("JSON, ASGI"):
        yield Group("JSON", BARE, _served(loop, None))
    if wanted("addresses, lookup_url"):
        yield Group("addresses", REMEMBERED, _lookups(memos))


def _functions(page: bytes, policy: Policy, memos: Memos) -> dict[str, Contender]:
    gate = partial(gate_html, page, policy=policy, url=URL)
    again = partial(Plans(policy).gate, page, granted_profile(policy, ()), url=URL)
    return _by_name(
        Contender(COLD, fresh(gate, memos.forget)),
        Contender(WARM, repeated(gate), again=True),
        Contender(PLAN, repeated(again), again=True),
        *(Contender(peer.name, repeated(partial(peer.hold, page))) for peer in PEERS if not peer.missing),
    )


def _served(loop: asyncio.AbstractEventLoop, page: bytes | None) -> dict[str, Contender]:
    """page: None for an answer in JSON, which the gate lets pass."""
    bare = serving(partial(HTMLResponse, page) if page else partial(JSONResponse, {"in_stock": True}))
    gate = gated(bare)
    contenders = [
        Contender(BARE, requests(loop, bare), again=True),
        Contender(GZIP, requests(loop, GZipMiddleware(bare)), again=True),
    ]
    if page:
        contenders.append(Contender(NEW, requests(loop, gate, new=True), again=True))
    contenders.append(Contender(AGAIN if page else JSON, requests(loop, gate), again=True))
    return _by_name(*contenders)


def _lookups(memos: Memos) -> dict[str, Contender]:
    urls = addresses(2000)

    def lookups() -> None:
        for url in urls:
            lookup_url(url)

    return _by_name(
        Contender(LOOKUP, fresh(lookups, memos.forget), count=len(urls)),
        Contender(REMEMBERED, repeated(lookups), count=len(urls), again=True),
    )


def addresses(count: int) -> list[str]:
    """Different addresses as they stand in pages: half of trackers, half of others, on 150 hosts each."""
    chance = random.Random(4)
    hosts = [service.hosts[0] for service in default_index().services if service.hosts]
    known = [f"{chance.choice(('www', 'cdn', 'static'))}.{host}" for host in chance.sample(hosts, 150)]
    strangers = [f"{chance.choice(WORDS)}{number}.example" for number in range(150)]
    found = []
    for number in range(count):
        host = chance.choice(known if number % 2 else strangers)
        found.append(f"https://{host}/{chance.choice(WORDS)}/{number}.js?v={number}")
    return found


def _by_name(*contenders: Contender) -> dict[str, Contender]:
    return {one.name: one for one in contenders}
