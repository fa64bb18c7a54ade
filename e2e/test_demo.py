"""Nothing tracks before the visitor agrees: every page of the demo, with and without JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness import COOKIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Visitor

    Visitors = Callable[..., Visitor]

# What each snippet requests, read off its own text: (purpose, request with JavaScript, request without it).
# A request without JavaScript that is a pixel needs "beacons" beside its purpose.
SNIPPETS = {
    "gtm": ("marketing", "www.googletagmanager.com/gtm.js", "www.googletagmanager.com/ns.html"),
    "ga4": ("analytics", "www.googletagmanager.com/gtag/js", None),
    "meta": ("marketing", "connect.facebook.net/en_US/fbevents.js", "www.facebook.com/tr"),
    "hotjar": ("analytics", "static.hotjar.com/c/hotjar-0.js", None),
    "pinterest": ("marketing", "s.pinimg.com/ct/core.js", "ct.pinterest.com/v3/"),
    "uet": ("marketing", "bat.bing.com/bat.js", None),
    "tiktok": ("marketing", "analytics.tiktok.com/i18n/pixel/events.js", None),
    "criteo": ("marketing", "dynamic.criteo.com/js/ld/ld.js", None),
    "matomo": ("analytics", "cdn.matomo.cloud/lindensalt.matomo.cloud/matomo.js", None),
    "clarity": ("analytics", "www.clarity.ms/tag/xxxxxxxxxx", None),
    "x": ("marketing", "static.ads-twitter.com/uwt.js", None),
    "linkedin": (
        "marketing",
        "snap.licdn.com/li.lms-analytics/insight.min.js",
        "px.ads.linkedin.com/collect/",
    ),
    "hubspot": ("marketing", "js.hs-scripts.com/0000000.js", None),
    "youtube": ("marketing", "www.youtube.com/embed/XXXXXXXXXXX", "www.youtube.com/embed/XXXXXXXXXXX"),
    "maps": ("preferences", "www.google.com/maps/embed", "www.google.com/maps/embed"),
}
PIXELS = {"meta", "pinterest", "linkedin"}
PAGES = {
    "/": ("gtm", "ga4", "meta", "hotjar"),
    "/kitchen": ("gtm", "ga4", "meta", "pinterest", "uet"),
    "/kitchen/stoneware-teapot": ("gtm", "ga4", "meta", "tiktok", "criteo", "youtube"),
    "/journal/glaze-room": ("gtm", "ga4", "matomo", "clarity", "x", "maps", "linkedin"),
    "/contact": ("gtm", "ga4", "linkedin", "hubspot"),
    "/basket": ("gtm", "ga4", "meta", "uet", "clarity"),
    "/privacy-policy": (),
}
PURPOSES = ("preferences", "analytics", "marketing")
OURS = {"ls_session"}
"""What the shop itself stores on any page: nobody is asked about it."""

both = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


def wanted(path: str, script: bool, granted: set[str]) -> set[str]:
    """Return the requests a page makes once these purposes and means are granted."""
    requests = set()
    for name in PAGES[path]:
        purpose, with_script, without = SNIPPETS[name]
        request = with_script if script else without
        pixel = name in PIXELS and not script
        if request and purpose in granted and (not pixel or "beacons" in granted):
            requests.add(request)
    return requests


def tracking(visitor: Visitor) -> set[str]:
    """Name the cookies beside the shop's necessary ones and the answer itself."""
    return visitor.cookies() - OURS - {"cg", "ls_basket"}


@both
def test_without_the_gate_every_page_asks_its_vendors_at_once(
    bare: str, visitors: Visitors, script: bool
) -> None:
    # Were the snippets or the recording broken, every silence below would mean nothing.
    visitor = visitors(bare, script=script)
    for path in PAGES:
        visitor.goto(path)
        visitor.expect(wanted(path, script, {*PURPOSES, "beacons"}))


@both
@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_nobody_before_the_choice_and_only_the_granted_after_it(
    demo: str, visitors: Visitors, path: str, script: bool
) -> None:
    visitor = visitors(demo, script=script)
    visitor.goto(path)
    visitor.expect(set())
    assert tracking(visitor) == set()

    if script:
        visitor.page.evaluate("window.stayed = true")
    visitor.save("Accept all")
    visitor.expect(wanted(path, script, {*PURPOSES, "beacons"}))
    assert visitor.page.url == f"{demo}{path}"
    if script:
        assert visitor.page.evaluate("window.stayed") is True
    assert visitor.page.locator("#cg").is_hidden()


@both
def test_after_a_refusal_no_page_asks_anyone(demo: str, visitors: Visitors, script: bool) -> None:
    visitor = visitors(demo, script=script)
    visitor.goto("/")
    visitor.save("Reject all")
    visitor.expect(set())
    for path in PAGES:
        visitor.goto(path)
        visitor.expect(set())
        assert visitor.page.locator("#cg").count() == 0
    assert tracking(visitor) == set()


@both
@pytest.mark.parametrize(
    "granted",
    [{"preferences"}, {"analytics"}, {"marketing"}, {"marketing", "beacons"}],
    ids=lambda granted: "+".join(sorted(granted)),
)
def test_one_purpose_loads_its_services_and_no_other(
    demo: str, visitors: Visitors, granted: set[str], script: bool
) -> None:
    visitor = visitors(demo, script=script)
    visitor.goto("/")
    visitor.choose(*granted)
    for path in PAGES:
        visitor.goto(path)
        visitor.expect(wanted(path, script, granted))


@both
def test_withdrawing_stops_every_page_and_takes_the_cookies_away(
    demo: str, visitors: Visitors, script: bool
) -> None:
    visitor = visitors(demo, script=script)
    visitor.goto("/")
    visitor.save("Accept all")
    visitor.expect(wanted("/", script, {*PURPOSES, "beacons"}))
    for path in PAGES:
        visitor.goto(path)
        visitor.expect(wanted(path, script, {*PURPOSES, "beacons"}))
    visitor.goto("/kitchen?view=list")
    left = {"_ga", "_fbp", "ls_seen", "ls_view"}  # these come from the server
    if script:
        left |= {cookie for names in COOKIES.values() for cookie in names}
    assert tracking(visitor) == left

    visitor.page.get_by_role("link", name="Privacy choices").click()
    visitor.save("Withdraw all")
    assert tracking(visitor) == set()
    for path in PAGES:
        visitor.goto(path)
        visitor.expect(set())
    assert tracking(visitor) == set()
    assert visitor.cookies() == {*OURS, "cg"}


@both
def test_the_basket_works_without_an_answer(demo: str, visitors: Visitors, script: bool) -> None:
    visitor = visitors(demo, script=script)
    visitor.goto("/kitchen/stoneware-teapot")
    visitor.press("Add to basket")
    visitor.page.wait_for_url(f"{demo}/basket")
    assert visitor.page.get_by_role("main").get_by_text("Stoneware teapot").is_visible()
    visitor.press("Remove Stoneware teapot, 0.9 litre")
    visitor.page.get_by_text("Nothing in it yet").wait_for()
    visitor.expect(set())
    assert tracking(visitor) == set()


@both
def test_the_panel_follows_the_choice(demo: str, visitors: Visitors, script: bool) -> None:
    visitor = visitors(demo, script=script, panel=True)
    visitor.goto("/")
    visitor.page.locator(".tried summary").click()
    panel = visitor.page.frame_locator(".tried-list")
    row = panel.locator("li", has_text="Meta Pixel")
    row.get_by_text("Held", exact=True).wait_for()
    row.get_by_text("You have not chosen yet.").wait_for()
    panel.locator("li", has_text="Basket and session").get_by_text("Allowed", exact=True).wait_for()

    visitor.save("Accept all")
    strip = visitor.page.frame_locator(".tried-strip")
    strip.get_by_text("allowed").wait_for()
    assert strip.get_by_text("held").count() == 0
    if not script:
        visitor.page.locator(".tried summary").click()  # the page came anew, with the drawer shut
    row.get_by_text("Allowed", exact=True).wait_for()
    assert row.get_by_text("You agreed.").is_visible()
    assert panel.locator("#cg").count() == 0


def test_a_page_without_trackers_says_so(demo: str, visitors: Visitors) -> None:
    visitor = visitors(demo, panel=True)
    visitor.goto("/privacy-policy")
    visitor.page.locator(".tried summary").click()
    visitor.page.frame_locator(".tried-list").get_by_text("This page carries no tracker").wait_for()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)], ids=["desktop", "phone"])
def test_the_open_panel_and_the_first_layer_leave_each_other_room(
    demo: str, visitors: Visitors, width: int, height: int
) -> None:
    visitor = visitors(demo, viewport={"width": width, "height": height})
    visitor.goto("/kitchen/stoneware-teapot")
    visitor.page.locator(".tried summary").click()
    panel = visitor.page.locator(".tried").bounding_box()
    card = visitor.page.locator("#cg").bounding_box()
    assert panel is not None
    assert card is not None
    assert panel["y"] + panel["height"] <= card["y"]
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width


@both
def test_a_browser_that_objects_keeps_marketing_held(demo: str, visitors: Visitors, script: bool) -> None:
    visitor = visitors(demo, script=script, extra_http_headers={"Sec-GPC": "1"})
    visitor.goto("/")
    visitor.save("Accept all")
    visitor.expect(wanted("/", script, {"preferences", "analytics", "beacons"}))
    visitor.goto("/journal/glaze-room")
    visitor.expect(wanted("/journal/glaze-room", script, {"preferences", "analytics", "beacons"}))
