"""Cookies in your browser: where each browser shows, blocks and clears them, the reader's own one first.

Browsers on a desk have addresses for it, which no web page may link to; on a telephone there are only menus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cookiegate.devices import Browser, Device

if TYPE_CHECKING:
    from cookiegate.policy.texts import Texts

ACTIONS = ("see", "block", "clear")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """One browser. places: its own address for each of ACTIONS; none where there are only menus.

    menus: key of the texts that say the way through them. help: what its maker says.
    """

    name: str
    help: str
    places: tuple[str, ...] = ()
    menus: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideRow:
    """A guide in the reader's words. steps: what it is for, the way, and whether the way is an address."""

    name: str
    help: str
    steps: tuple[tuple[str, str, bool], ...]


_CHROME = "https://support.google.com/chrome/answer/95647"
_FIREFOX = "https://support.mozilla.org/kb/clear-cookies-and-site-data-firefox"
_OPERA = "https://help.opera.com/en/latest/web-preferences/"
_BRAVE = "https://support.brave.app/hc/en-us/articles/360050634931"
_EDGE = "https://support.microsoft.com/microsoft-edge/manage-cookies-in-microsoft-edge"

DESKS = {
    Browser.CHROME: Guide(
        name="Chrome",
        help=_CHROME,
        places=(
            "chrome://settings/content/all",
            "chrome://settings/cookies",
            "chrome://settings/clearBrowserData",
        ),
    ),
    Browser.EDGE: Guide(
        name="Edge",
        help=_EDGE,
        places=(
            "edge://settings/content/cookies/siteData",
            "edge://settings/content/cookies",
            "edge://settings/clearBrowserData",
        ),
    ),
    Browser.FIREFOX: Guide(
        name="Firefox",
        help=_FIREFOX,
        places=("about:preferences#privacy",) * 3,
    ),
    Browser.SAFARI: Guide(
        name="Safari",
        help="https://support.apple.com/guide/safari/manage-cookies-sfri11471/mac",
        menus="safari",
    ),
    Browser.OPERA: Guide(
        name="Opera",
        help=_OPERA,
        places=(
            "opera://settings/content/all",
            "opera://settings/cookies",
            "opera://settings/clearBrowserData",
        ),
    ),
    Browser.BRAVE: Guide(
        name="Brave",
        help=_BRAVE,
        places=(
            "brave://settings/content/all",
            "brave://settings/cookies",
            "brave://settings/clearBrowserData",
        ),
    ),
}
HANDS = {
    Browser.CHROME: Guide(name="Chrome (Android)", help=_CHROME, menus="android"),
    Browser.SAMSUNG: Guide(
        name="Samsung Internet", help="https://www.samsung.com/support/mobile-devices/", menus="samsung"
    ),
    Browser.FIREFOX: Guide(name="Firefox (Android)", help=_FIREFOX, menus="firefox_android"),
    Browser.EDGE: Guide(name="Edge (Android)", help=_EDGE, menus="android"),
    Browser.OPERA: Guide(name="Opera (Android)", help=_OPERA, menus="android"),
    Browser.BRAVE: Guide(name="Brave (Android)", help=_BRAVE, menus="android"),
}
IPHONE = Guide(name="Safari (iPhone, iPad)", help="https://support.apple.com/105082", menus="safari_ios")


def guide_of(device: Device) -> Guide | None:
    """Return the guide for this browser; None where nobody knows it."""
    if device.handheld and device.apple:
        return IPHONE if device.browser is Browser.SAFARI else None
    return (HANDS if device.handheld else DESKS).get(device.browser)


def guides(t: Texts, device: Device) -> tuple[GuideRow | None, tuple[GuideRow, ...]]:
    """Return the guide for the reader's own browser, if it is known, and those for the others."""
    own = guide_of(device)
    every = [*DESKS.values(), *HANDS.values(), IPHONE]
    return (_row(t, own) if own else None), tuple(_row(t, guide) for guide in every if guide is not own)


def _row(t: Texts, guide: Guide) -> GuideRow:
    ways = guide.places or tuple(t.get(f"browser.{guide.menus}.{action}") for action in ACTIONS)
    steps = tuple(
        (t.get(f"browser.{action}"), way, bool(guide.places))
        for action, way in zip(ACTIONS, ways, strict=True)
    )
    return GuideRow(name=guide.name, help=guide.help, steps=steps)
