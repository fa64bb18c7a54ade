"""Scripts that were held run in the order in which the page has them, whoever answers first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import fake, short

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Route

    from harness import Visitor

IN_ORDER = [
    "www.googletagmanager.com/gtag/js",
    "inline gtag",
    "connect.facebook.net/en_US/fbevents.js",
    "inline fbq",
    "static.hotjar.com/c/hotjar-0.js",
    "inline hj",
]


def test_held_scripts_run_in_the_order_of_the_page(order: str, visitors: Callable[..., Visitor]) -> None:
    visitor = visitors(order)
    visitor.goto("/")
    visitor.expect(set())
    assert visitor.page.evaluate("ran") == []
    assert visitor.page.locator("iframe").get_attribute("src") is None

    waiting: list[Route] = []

    def answer(route: Route) -> None:
        # The first script is slow: what stands behind it must not overtake it.
        if short(route.request.url) == IN_ORDER[0]:
            waiting.append(route)
        else:
            fake(route)

    visitor.answer = answer  # type: ignore[method-assign]  # this test answers by itself
    with visitor.page.expect_request(lambda request: short(request.url) == IN_ORDER[0]):
        visitor.save("Accept all")
    visitor.settle()
    assert visitor.page.evaluate("ran") == []
    [first] = waiting
    fake(first)
    visitor.until("ran.length == 6")
    assert visitor.page.evaluate("ran") == IN_ORDER
    assert visitor.page.locator("iframe").get_attribute("src") == "https://www.youtube.com/embed/XXXXXXXXXXX"
    assert visitor.errors == []

    # What the server grants from the beginning runs in the same order.
    visitor.answer = fake  # type: ignore[method-assign]  # this test answers by itself
    visitor.goto("/")
    assert visitor.page.evaluate("ran") == IN_ORDER
