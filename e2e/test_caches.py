"""Behind a cache that everyone shares: one page for all, and each browser starts what its visitor allowed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from harness import PREFIX, served

# What the pages go through is what the tests without a browser use.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "proxies"))

from proxies import proxy_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness import Visitor

    Visitors = Callable[..., Visitor]

ANALYTICS = {"www.googletagmanager.com/gtag/js", "static.hotjar.com/c/hotjar-0.js"}
MARKETING = {"connect.facebook.net/en_US/fbevents.js", "www.youtube.com/embed/XXXXXXXXXXX"}
BEACON = {"www.facebook.com/tr"}

# Whether the question was to be seen in any frame that was painted.
WATCH = """
const look = () => {
  const card = document.getElementById("cg");
  const style = card && getComputedStyle(card);
  if (style && style.display != "none" && style.visibility == "visible") window.seen = true;
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def behind(mode: str, proxy: str, folder: Path) -> Iterator[str]:
    with (
        served("cached", "--cache", mode) as base,
        proxy_before(urlsplit(base).port or 0, proxy, folder) as port,
    ):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module", params=["shared", "bucket"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    proxy = {"shared": "nginx", "bucket": "nginx-bucket"}[request.param]
    yield from behind(request.param, proxy, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from behind("shared", "nginx", tmp_path_factory.mktemp("only-shared"))


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from behind("bucket", "nginx-bucket", tmp_path_factory.mktemp("only-bucket"))


def visit(visitor: Visitor, path: str = "/") -> str | None:
    """Open a page; say what the cache had to do with it."""
    visitor.requests.clear()
    reply = visitor.page.goto(f"{visitor.base}{path}")
    assert reply is not None
    return reply.header_value("x-cache-status")


@pytest.mark.parametrize("order", ["accepts first", "refuses first"])
def test_two_visitors_of_opposite_choices(site: str, visitors: Visitors, order: str) -> None:
    accepting, refusing = visitors(site), visitors(site)
    answers = [(accepting, "Alle akzeptieren"), (refusing, "Alle ablehnen")]
    for visitor, label in answers if order == "accepts first" else reversed(answers):
        visit(visitor)
        visitor.expect(set())
        visitor.save(label)
        visitor.page.locator("#cg").wait_for(state="hidden")
    accepting.expect(ANALYTICS | MARKETING | BEACON)
    refusing.expect(set())
    for visitor, _ in answers:
        visitor.page.add_init_script(WATCH)
        visit(visitor)
    for _ in range(2):
        assert visit(refusing) == "HIT"
        refusing.expect(set())
        assert visit(accepting) == "HIT"
        accepting.expect(ANALYTICS | MARKETING | BEACON)
        for visitor, _ in answers:
            assert visitor.page.locator("#cg-l").is_visible()
            assert not visitor.page.evaluate("window.seen")


def test_exactly_what_was_allowed_starts_in_the_order_of_the_page(site: str, visitors: Visitors) -> None:
    visitor = visitors(site)
    visitor.choose("analytics")
    visit(visitor)
    visitor.expect(ANALYTICS)
    ran = ["www.googletagmanager.com/gtag/js", "inline gtag", "static.hotjar.com/c/hotjar-0.js", "inline hj"]
    assert visitor.page.evaluate("window.ran") == ran
    visitor.choose("marketing")
    visit(visitor)
    visitor.expect(MARKETING)


def test_who_withdrew_gets_no_page_back_that_tracks(site: str, visitors: Visitors) -> None:
    visitor = visitors(site)
    visit(visitor)
    visitor.save("Alle akzeptieren")
    visitor.expect(ANALYTICS | MARKETING | BEACON)
    visitor.page.goto(f"{site}{PREFIX}")
    visitor.save("Withdraw all")
    assert visit(visitor) == "HIT"
    visitor.expect(set())


def test_who_has_not_answered_is_asked_in_the_pages_language(site: str, visitors: Visitors) -> None:
    visitor = visitors(site, locale="ar")
    visit(visitor)
    assert visit(visitor) == "HIT"
    card = visitor.page.locator("#cg")
    card.wait_for(state="visible")
    assert card.get_attribute("lang") == "de"
    assert visitor.page.locator("#cg .cg-gpc").is_hidden()
    visitor.expect(set())


def test_the_browsers_own_signal_counts(site: str, visitors: Visitors) -> None:
    visitor = visitors(site, extra_http_headers={"Sec-GPC": "1"})
    visit(visitor)
    visitor.page.locator("#cg .cg-gpc").wait_for(state="visible")
    visitor.save("Alle akzeptieren")
    visitor.expect(ANALYTICS)
    visit(visitor)
    visitor.expect(ANALYTICS)


def test_without_javascript_everything_stays_held_and_the_answer_is_kept(
    shared: str, visitors: Visitors
) -> None:
    visitor = visitors(shared, script=False)
    visit(visitor)
    assert visitor.page.locator("#cg").is_visible()
    visitor.save("Alle akzeptieren")
    assert visitor.page.url == f"{shared}/"
    assert visitor.page.locator("#cg").is_visible()
    visitor.expect(set())
    assert visitor.cookies() == {"cg"}


def test_without_javascript_a_bucket_takes_the_question_away(bucket: str, visitors: Visitors) -> None:
    visitor = visitors(bucket, script=False)
    visit(visitor)
    assert visitor.page.locator("#cg").is_visible()
    visitor.save("Alle akzeptieren")
    assert visitor.page.locator("#cg").count() == 0
    assert visitor.page.locator("#cg-l").is_visible()
    visitor.expect(set())
    assert visitor.cookies() == {"cg", "cg-b"}


def test_a_lost_bucket_and_a_forged_one_are_mended(bucket: str, visitors: Visitors) -> None:
    visitor = visitors(bucket)
    visit(visitor)
    visitor.save("Alle ablehnen")
    visitor.context.clear_cookies(name="cg-b")
    visitor.page.add_init_script(WATCH)
    with visitor.page.expect_response(f"{bucket}{PREFIX}state"):
        visit(visitor)
    visitor.expect(set())
    assert not visitor.page.evaluate("window.seen")
    assert visitor.cookies() == {"cg", "cg-b"}
    visitor.context.clear_cookies(name="cg")
    with visitor.page.expect_response(f"{bucket}{PREFIX}state"):
        visit(visitor)
    visitor.expect(set())
    visit(visitor)
    visitor.page.locator("#cg").wait_for(state="visible")


@pytest.mark.parametrize("lost", ["state", "assets/cg.*.js"])
def test_the_question_shows_by_itself_when_the_script_cannot_ask(
    shared: str, visitors: Visitors, lost: str
) -> None:
    visitor = visitors(shared)
    visitor.context.route(f"{shared}{PREFIX}{lost}", lambda route: route.abort())
    visit(visitor)
    visitor.page.locator("#cg").wait_for(state="visible")
    visitor.expect(set())


def test_a_page_in_a_frame_leaves_the_question_to_the_page_around_it(site: str, visitors: Visitors) -> None:
    visitor = visitors(site)
    visit(visitor, "/around")
    visitor.page.locator("#cg").wait_for(state="visible")
    inside = visitor.page.frames[1]
    inside.locator("#cg").wait_for(state="hidden")
    visitor.save("Alle akzeptieren")
    visitor.expect(ANALYTICS | MARKETING | BEACON)
    visit(visitor, "/around")
    visitor.expect(ANALYTICS | MARKETING | BEACON)


@pytest.mark.parametrize("path", ["/listening", "/strict"])
def test_whoever_listens_is_told_the_state(site: str, visitors: Visitors, path: str) -> None:
    visitor = visitors(site)
    visit(visitor, path)
    visitor.until("window.told")
    assert visitor.page.evaluate("told[0].answered") is False
    visitor.save("Accept all")
    visitor.until("told.length == 2")
    assert visitor.page.evaluate("told[1].grants.analytics") is True
    visit(visitor, path)
    visitor.until("window.told")
    assert visitor.page.evaluate("told.length == 1 && told[0].grants.analytics") is True
    assert visitor.page.locator("#cg").is_hidden()
    visitor.expect(set())
