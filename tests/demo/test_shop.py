"""The demo shop: its pages, its basket, its cookies, and the panel that tells what the gate found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from cookiegate import CookieGate
from cookiegate.consent.decide import Reason, granted_profile
from cookiegate.demo import create_app
from cookiegate.demo.app import LARGEST_FORM, demo_policy
from cookiegate.demo.goods import PRODUCTS, change_basket, read_basket, write_basket
from cookiegate.demo.panel import KEPT, KINDS, REASONS, Sightings
from cookiegate.desk import Report
from cookiegate.gate.findings import Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

PATHS = [
    "/",
    "/kitchen",
    "/table",
    "/journal/glaze-room",
    "/contact",
    "/basket",
    "/privacy-policy",
    *(product.path for product in PRODUCTS),
]
ANSWER = "/privacy-choices/"


@pytest.fixture
def shop() -> Iterator[TestClient]:
    with TestClient(create_app(secret_keys="k" * 32), base_url="http://shop.example") as client:
        yield client


def answer(shop: TestClient, action: str) -> None:
    headers = {"origin": "http://shop.example", "accept": "application/json"}
    assert shop.post(ANSWER, json={"action": action}, headers=headers).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_every_page_opens_asks_and_links_back_to_the_choices(shop: TestClient, path: str) -> None:
    page = shop.get(path)
    assert page.status_code == 200
    assert 'id="cg"' in page.text
    assert f'href="{ANSWER}">Privacy choices</a>' in page.text


@pytest.mark.parametrize("path", PATHS)
def test_no_page_loads_anything_from_elsewhere_before_the_choice(shop: TestClient, path: str) -> None:
    text = shop.get(path).text
    assert re.findall(r"<(?:link|img|iframe|script)\b[^>]*\s(?:src|href)=.(?:https?:)?//[^>]*>", text) == []


@pytest.mark.parametrize("path", ["/nowhere", "/kitchen/nothing", "/table/stoneware-teapot", "/a/b/c"])
def test_what_is_not_there_says_so(shop: TestClient, path: str) -> None:
    page = shop.get(path)
    assert page.status_code == 404
    assert "not on the shelf" in page.text


def test_same_page_same_bytes(shop: TestClient) -> None:
    assert shop.get("/kitchen").content == shop.get("/kitchen").content


@pytest.mark.parametrize("asset", ["shop.css", "shop.js", "panel.css", "mark.svg"])
def test_what_the_pages_use_is_there(shop: TestClient, asset: str) -> None:
    assert shop.get(f"/assets/{asset}").status_code == 200


def test_the_server_sets_cookies_of_three_purposes_and_only_the_granted_arrive(shop: TestClient) -> None:
    shop.get("/kitchen/salt-crock")
    shop.get("/kitchen?view=list")
    assert set(shop.cookies) == {"ls_session"}
    answer(shop, "accept-all")
    shop.get("/kitchen/salt-crock")
    page = shop.get("/kitchen?view=list")
    assert set(shop.cookies) == {"cg", "ls_session", "ls_seen", "ls_view", "_ga", "_fbp"}
    assert "You last looked at" in page.text
    assert "as-list" in shop.get("/table").text
    answer(shop, "reject-all")
    shop.get("/kitchen/salt-crock")
    assert set(shop.cookies) == {"cg", "ls_session"}


def test_the_basket_fills_and_empties(shop: TestClient) -> None:
    for _ in range(2):
        page = shop.post("/basket", data={"slug": "linden-board"})
    assert page.url.path == "/basket"
    assert "2 × € 34.00" in page.text
    assert "€ 68.00" in page.text
    assert "Basket (2)" in page.text
    page = shop.post("/basket", data={"slug": "linden-board", "action": "remove"})
    assert "Nothing in it yet" in page.text


def test_a_basket_forgives_what_it_does_not_know() -> None:
    lines = read_basket("linden-board:2.nothing:1.salt-crock:x.salt-crock:10.espresso-cups:1.")
    assert write_basket(lines) == "linden-board:2.espresso-cups:1"
    assert change_basket(lines, "nothing", 1) == lines
    for _ in range(12):
        lines = change_basket(lines, "espresso-cups", 1)
    assert write_basket(lines) == "linden-board:2.espresso-cups:9"


def test_the_newsletter_thanks(shop: TestClient) -> None:
    page = shop.post("/newsletter", data={"email": "someone@example.org"})
    assert page.url.path == "/contact"
    assert "Thank you" in page.text


def test_a_form_that_is_too_large_is_refused(shop: TestClient) -> None:
    assert shop.post("/newsletter", content=b"x" * (LARGEST_FORM + 1)).status_code == 413


def test_crawlers_stay_out(shop: TestClient) -> None:
    assert "Disallow: /" in shop.get("/robots.txt").text


def test_the_panel_shows_what_is_held_and_follows_the_choice(shop: TestClient) -> None:
    shop.get("/")
    held = shop.get("/_panel?path=/").text
    assert "Meta Pixel" in held
    assert "inline code, web beacon" in held
    assert "You have not chosen yet." in held
    assert "Always on" in held
    assert 'id="cg"' not in held
    assert "4 held" in shop.get("/_panel?path=/&view=strip").text

    answer(shop, "accept-all")
    # The page was not asked for again: the panel decides anew for whoever looks at it.
    allowed = shop.get("/_panel?path=/").text
    assert "You agreed." in allowed
    assert "You have not chosen yet." not in allowed
    strip = shop.get("/_panel?path=/&view=strip").text
    assert "5 allowed" in strip
    assert "held" not in strip


def test_the_panel_of_a_page_without_trackers_is_empty(shop: TestClient) -> None:
    shop.get("/privacy-policy")
    for path in ("/privacy-policy", "/never-asked-for"):
        assert "carries no tracker" in shop.get("/_panel", params={"path": path}).text
        assert "nothing" in shop.get("/_panel", params={"path": path, "view": "strip"}).text


def finding(**values: object) -> Finding:
    given = {"service": None, "purpose": None, "kind": Kind.SCRIPT, "url": "", "offset": 0}
    return Finding(**{**given, "allowed": True, "reason": Reason.UNKNOWN, **values})  # type: ignore[arg-type]


def test_the_panel_names_what_nobody_declared() -> None:
    policy = demo_policy()
    rows = Sightings(policy).rows(
        (
            finding(url="https://cdn.tagloop.example/t.js"),
            finding(kind=Kind.COOKIE, url="tagloop_id"),
        ),
        granted_profile(policy, []),
    )
    assert [(row.name, row.kinds) for row in rows] == [
        ("cdn.tagloop.example", ["script"]),
        ("tagloop_id", ["cookie from this server"]),
    ]


def test_a_pixel_and_a_script_of_one_service_may_differ() -> None:
    policy = demo_policy()
    meta = {"service": "meta-pixel", "purpose": "marketing"}
    rows = Sightings(policy).rows(
        (finding(kind=Kind.INLINE, **meta), finding(kind=Kind.BEACON, **meta)),
        granted_profile(policy, ["marketing"]),
    )
    assert [(row.allowed, row.kinds) for row in rows] == [(True, ["inline code"]), (False, ["web beacon"])]


def test_the_panel_keeps_the_newest_pages_only() -> None:
    policy = demo_policy()
    sightings = Sightings(policy)
    profile = granted_profile(policy, [])

    def note(path: str, status: int = 200) -> None:
        sightings.note(Report(path=path, status=status, findings=(finding(),), profile=profile))

    for number in range(KEPT + 5):
        note(f"/{number}")
    note("/gone", status=404)
    note("/_panel")
    note("/assets/shop.css")
    assert list(sightings._seen) == [f"/{number}" for number in range(5, KEPT + 5)]


def test_every_kind_and_reason_has_its_words() -> None:
    assert set(KINDS) == set(Kind)
    assert set(REASONS) == {reason.value for reason in Reason}


def test_without_keys_the_demo_makes_one_up_for_as_long_as_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COOKIEGATE_SECRET_KEYS", raising=False)
    assert isinstance(create_app(), CookieGate)
    monkeypatch.setenv("COOKIEGATE_SECRET_KEYS", "e" * 32)
    assert isinstance(create_app(), CookieGate)
