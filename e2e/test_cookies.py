"""What denied services left in a real browser is deleted, on whatever path, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Visitor

    Visitors = Callable[..., Visitor]

PAGE = "/kitchen/stoneware-teapot"
TRACKING = {("_ga", "/"), ("_ga", "/kitchen"), ("_fbp", "/kitchen/"), ("_ttp", PAGE)}
KEPT = {("theme", "/"), ("login", "/kitchen")}


@pytest.fixture
def visitor(demo: str, visitors: Visitors) -> Visitor:
    """Somebody without JavaScript, in whose browser trackers and the site have left cookies."""
    visitor = visitors(demo, script=False)
    place = {"value": "1", "domain": "127.0.0.1"}
    visitor.context.add_cookies([{**place, "name": name, "path": path} for name, path in TRACKING | KEPT])
    return visitor


def left(visitor: Visitor) -> set[tuple[str, str]]:
    found = {(cookie["name"], cookie["path"]) for cookie in visitor.context.cookies()}
    return found & (TRACKING | KEPT)


def test_a_page_deletes_what_nobody_agreed_to(visitor: Visitor) -> None:
    assert left(visitor) == TRACKING | KEPT
    visitor.goto("/privacy-policy")
    assert left(visitor) == KEPT | TRACKING - {("_ga", "/")}  # the others were not sent there
    visitor.goto(PAGE)
    assert left(visitor) == KEPT


def test_what_was_accepted_stays_until_it_is_withdrawn(visitor: Visitor) -> None:
    visitor.goto("/privacy-choices/")
    visitor.save("Accept all")
    visitor.goto(PAGE)
    assert left(visitor) == TRACKING | KEPT
    visitor.goto("/privacy-choices/")
    visitor.save("Withdraw all")
    visitor.goto(PAGE)
    assert left(visitor) == KEPT
