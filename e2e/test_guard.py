"""The guard in a real browser: what a page's script brings in is asked for only after consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guard_pages import CALLS, HOST, LOADS

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Visitor

    Visitors = Callable[..., Visitor]


def act(visitor: Visitor, way: str, name: str) -> None:
    """Do this in the page, as its own script would."""
    code = way.replace("URL", f"https://{HOST}/{name}")
    visitor.page.evaluate(f"() => {{ {code} }}")


def asked(visitor: Visitor, name: str, *, within: int = 20) -> bool:
    """Wait until the tracker is asked; not for ever."""
    for _ in range(within):
        if f"{HOST}/{name}" in visitor.requests:
            return True
        visitor.settle()
    return f"{HOST}/{name}" in visitor.requests


@pytest.mark.parametrize("name", [*LOADS, *CALLS])
def test_a_way(guarded: str, unguarded: str, visitors: Visitors, name: str) -> None:
    way = LOADS.get(name) or CALLS[name]
    # Were this one silent too, the silence below would mean nothing.
    visitor = visitors(unguarded)
    visitor.goto("/")
    act(visitor, way, name)
    assert asked(visitor, name)
    visitor.close()

    visitor = visitors(guarded)
    visitor.goto("/")
    act(visitor, way, name)
    assert not asked(visitor, name, within=2)
    visitor.save("Accept all")
    if name in CALLS:
        visitor.page.wait_for_function("() => !document.querySelector('#cg:not([hidden])')")
        visitor.settle()
        act(visitor, way, name)
    assert asked(visitor, name)
    visitor.close()

    visitor = visitors(guarded)
    visitor.goto("/")
    visitor.save("Reject all")
    act(visitor, way, name)
    assert not asked(visitor, name, within=2)
    visitor.goto("/")
    act(visitor, way, name)
    assert not asked(visitor, name, within=2)
    assert visitor.requests == []
