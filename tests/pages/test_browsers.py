"""Cookies in your browser: the visitor's own browser first, and every other one in a list."""

from __future__ import annotations

import re

import pytest

from cookiegate.devices import Browser, Device
from cookiegate.pages.browsers import ACTIONS, DESKS, HANDS, IPHONE, guide_of, guides
from cookiegate.pages.settings import settings_page
from cookiegate.policy.texts import LANGUAGES, texts

EVERY = [*DESKS.values(), *HANDS.values(), IPHONE]


@pytest.mark.parametrize(
    ("device", "name"),
    [
        (Device(Browser.CHROME), "Chrome"),
        (Device(Browser.CHROME, apple=True), "Chrome"),
        (Device(Browser.SAFARI, apple=True), "Safari"),
        (Device(Browser.CHROME, handheld=True), "Chrome (Android)"),
        (Device(Browser.SAMSUNG, handheld=True), "Samsung Internet"),
        (Device(Browser.SAFARI, handheld=True, apple=True), "Safari (iPhone, iPad)"),
        (Device(Browser.CHROME, handheld=True, apple=True), None),
        (Device(Browser.SAFARI, handheld=True), None),
        (Device(Browser.OTHER), None),
        (Device(Browser.OTHER, handheld=True), None),
    ],
)
def test_whose_menus_are_known(device: Device, name: str | None) -> None:
    guide = guide_of(device)
    assert (guide.name if guide else None) == name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_browser_is_explained_in_every_language(language: str) -> None:
    t = texts(language)
    own, others = guides(t, Device(Browser.FIREFOX))
    assert own is not None
    assert own.name == "Firefox"
    assert [row.name for row in others] == [guide.name for guide in EVERY if guide.name != "Firefox"]
    for row in (own, *others):
        assert [what for what, _, _ in row.steps] == [t.get(f"browser.{action}") for action in ACTIONS]
        assert all(way for _, way, _ in row.steps)
        assert row.help.startswith("https://")
    assert guides(t, Device(Browser.OTHER))[0] is None
    assert len(guides(t, Device(Browser.OTHER))[1]) == len(EVERY)


def test_the_page_shows_the_own_browser_first(shop, visit_of):
    html = settings_page(shop, visit_of(shop), Device(Browser.EDGE)).decode()
    assert "<summary>Your browser: Edge</summary>" in html
    assert "Enter in the address bar: <code><bdi>edge://settings/content/cookies</bdi></code>" in html
    assert "edge://" not in "".join(re.findall(r'href="[^"]*"', html))
    assert "<summary>Other browsers</summary>" in html
    assert "Your browser:" not in settings_page(shop, visit_of(shop)).decode()


@pytest.mark.anyio
async def test_the_browser_is_known_by_its_request(browser):
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    assert "Your browser: Firefox" in (await browser.ask("GET", "/", headers={"user-agent": agent})).text
    strange = {"user-agent": "\xff" * 3000, "sec-ch-ua": "\xff"}
    reply = await browser.ask("GET", "/", headers=strange)
    assert reply.status == 200
    assert "Your browser:" not in reply.text
