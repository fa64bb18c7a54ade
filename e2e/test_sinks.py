"""Every sink in a real browser: it asks the tracker without the gate, and with it only after consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error

from sinks import HOST, RULES, SINKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Visitor

    Visitors = Callable[..., Visitor]


def asked(visitor: Visitor, name: str, *, within: int = 40) -> bool:
    """Wait until the tracker is asked; not for ever."""
    for _ in range(within):
        if f"{HOST}/{name}" in visitor.requests:
            return True
        try:
            visitor.settle()
        except Error:
            visitor.page.wait_for_load_state()  # a refresh has taken us elsewhere
    return f"{HOST}/{name}" in visitor.requests


def visit(visitor: Visitor, name: str) -> None:
    """Open the page of a sink; a refresh may take us elsewhere before it is loaded."""
    try:
        visitor.goto(f"/sink/{name}")
    except Error:
        if name != "meta-refresh":
            raise


def click(visitor: Visitor, name: str) -> None:
    if SINKS[name].click:
        visitor.page.locator("#click").click()


@pytest.mark.parametrize("name", SINKS)
def test_a_sink(sinks: str, open_sinks: str, visitors: Visitors, name: str) -> None:
    # Were this one silent too, the silence below would mean nothing.
    visitor = visitors(open_sinks)
    visit(visitor, name)
    click(visitor, name)
    assert asked(visitor, name)
    visitor.close()

    visitor = visitors(sinks)
    visitor.goto(f"/sink/{name}")
    click(visitor, name)
    assert not asked(visitor, name, within=3)
    assert visitor.requests == []

    if name == "frame-src":
        return  # a frameset has no place for the question
    visitor.save("Accept all")
    if SINKS[name].at_once:
        if SINKS[name].click:
            visitor.settle()  # the answer has come; our script still has to take it in
        click(visitor, name)
        assert asked(visitor, name)
    visit(visitor, name)
    click(visitor, name)
    assert asked(visitor, name)


def test_speculation_rules_come_back_as_new_ones(sinks: str, visitors: Visitors) -> None:
    # What Chromium prefetches by rules is not shown to the driver.
    visitor = visitors(sinks)
    visitor.goto("/rules")
    rules = visitor.page.locator("script[type=speculationrules]")
    assert rules.text_content() == RULES.replace("https:", "data:,cg:microsoft-clarity:analytics:https:")
    visitor.page.evaluate("window.before = document.querySelector('[type=speculationrules]')")
    visitor.save("Accept all")
    visitor.until("!before.isConnected")
    assert rules.text_content() == RULES


def test_what_was_not_granted_stays_held(sinks: str, visitors: Visitors) -> None:
    visitor = visitors(sinks)
    visitor.goto("/two")
    visitor.choose("analytics")
    visitor.goto("/two")
    assert asked(visitor, "style")
    assert not asked(visitor, "image", within=3)
    assert visitor.requests == ["www.clarity.ms/style"]


def test_a_script_with_a_held_handler_does_not_run_twice(sinks: str, visitors: Visitors) -> None:
    visitor = visitors(sinks)
    visitor.goto("/handler")
    visitor.save("Accept all")
    visitor.settle()
    assert visitor.page.evaluate("ran") == 1
    assert "clarity" in str(visitor.page.locator("#own").get_attribute("onload"))
