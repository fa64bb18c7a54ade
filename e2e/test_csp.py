"""The wall: what the gate cannot see does not go out either, with JavaScript and without; the site works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness import served
from wall_pages import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness import Visitor

HOTJAR, META, STRANGER, PAY = "hotjar.com", "facebook.com", "nobody.test", "pay.test"


@pytest.fixture(scope="module", params=["wall", "strict-wall"])
def walled(request: pytest.FixtureRequest) -> Iterator[str]:
    with served(request.param) as base:
        yield base


@pytest.fixture(scope="module")
def open_wall() -> Iterator[str]:
    with served("open-wall") as base:
        yield base


def sites(visitor: Visitor) -> set[str]:
    """Name the sites that were asked for, by redirects too."""
    return {".".join(request.split("/")[0].split(".")[-2:]) for request in visitor.requests}


def visit(visitor: Visitor) -> None:
    # What a redirect leads to is not routed, but told.
    visitor.page.on("websocket", lambda socket: visitor.requests.append(socket.url.removeprefix("wss://")))
    visitor.page.on("request", lambda request: _redirected(visitor, request.redirected_from, request.url))
    visitor.goto("/")


def _redirected(visitor: Visitor, source: object, url: str) -> None:
    if source is not None and not url.startswith(visitor.base):
        visitor.requests.append(url.removeprefix("https://").partition("?")[0] + " redirected")


def settle(visitor: Visitor, *, script: bool = True) -> None:
    if script:
        visitor.until(f"own.length >= {len(OWN)}")
        assert set(visitor.page.evaluate("own")) == OWN
    for _ in range(3):
        visitor.settle()
    assert not visitor.errors, visitor.errors


@pytest.mark.parametrize("script", [True, False])
def test_without_the_gate_all_of_it_goes_out(
    open_wall: str, visitors: Callable[..., Visitor], script: bool
) -> None:
    visitor = visitors(open_wall, script=script)
    visit(visitor)
    settle(visitor, script=script)
    assert sites(visitor) == {HOTJAR, META, STRANGER, PAY}
    assert "www.facebook.com/tr redirected" in visitor.requests


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("answer", ["", "Reject all"])
def test_nothing_goes_out_that_is_not_allowed(
    walled: str, visitors: Callable[..., Visitor], script: bool, answer: str
) -> None:
    visitor = visitors(walled, script=script)
    visit(visitor)
    settle(visitor, script=script)
    assert sites(visitor) <= {PAY}
    if answer:
        visitor.save(answer)
        visitor.goto("/")
        settle(visitor, script=script)
    assert sites(visitor) <= {PAY}
    assert "css.pay.test/import.css" in visitor.requests
    assert not script or "pay.test/x?socket" in visitor.requests


@pytest.mark.parametrize("script", [True, False])
def test_a_grant_opens_it_for_what_was_granted(
    walled: str, visitors: Callable[..., Visitor], script: bool
) -> None:
    visitor = visitors(walled, script=script)
    visit(visitor)
    visitor.choose("analytics", "beacons")
    visitor.goto("/")
    settle(visitor, script=script)
    assert sites(visitor) == {HOTJAR, PAY}


def test_an_answer_on_the_page_is_followed_by_a_page_that_may_load_it(
    walled: str, visitors: Callable[..., Visitor]
) -> None:
    visitor = visitors(walled)
    visit(visitor)
    settle(visitor)
    visitor.requests.clear()
    visitor.save("Accept all")
    settle(visitor)
    assert sites(visitor) == {HOTJAR, META, PAY}
    assert "www.facebook.com/tr redirected" in visitor.requests


def test_a_wall_that_only_reports_blocks_nothing_and_tells(visitors: Callable[..., Visitor]) -> None:
    with served("reporting-wall") as base:
        visitor = visitors(base)
        visit(visitor)
        settle(visitor)
        assert sites(visitor) == {HOTJAR, META, STRANGER, PAY}
        found: list[list[str]] = []
        for _ in range(50):
            found = visitor.page.evaluate("fetch('/violations').then(answer => answer.json())")
            if len({host for host, *_ in found} & {"www.facebook.com", "127.0.0.1"}) == 2 and (
                ["nobody.test", "connect-src", "/"] in found
            ):
                break
        hosts = {host for host, *_ in found}
        # Of a redirect the browser names the address it began with: the site's own.
        assert {"www.facebook.com", "nobody.test", "127.0.0.1"} <= hosts
        assert PAY not in hosts
        assert ["nobody.test", "connect-src", "/"] in found
        assert {path for *_, path in found} == {"/"}
