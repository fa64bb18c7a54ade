"""Which browser asks: for words that fit it, and never for a decision. The one import of ``user_agents``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from user_agents import parse

LONGEST = 512
"""Letters of a User-Agent that are read; browsers send a third of it."""


class Browser(StrEnum):
    """The browsers whose own menus we know."""

    CHROME = "chrome"
    EDGE = "edge"
    FIREFOX = "firefox"
    SAFARI = "safari"
    SAMSUNG = "samsung"
    OPERA = "opera"
    BRAVE = "brave"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Device:
    """A browser, and whether it runs on a telephone or a tablet. apple: on one of Apple's."""

    browser: Browser
    handheld: bool = False
    apple: bool = False


# The first words of the names that user_agents gives; the rest says where it runs.
_FAMILIES = {
    "Chrome": Browser.CHROME,
    "Chromium": Browser.CHROME,
    "Edge": Browser.EDGE,
    "Firefox": Browser.FIREFOX,
    "Safari": Browser.SAFARI,
    "Mobile Safari": Browser.SAFARI,
    "Samsung Internet": Browser.SAMSUNG,
    "Opera": Browser.OPERA,
    "Brave": Browser.BRAVE,
}
_ADDED = (" Mobile", " iOS", " WebView")


def device_of(user_agent: str, brands: str = "") -> Device:
    """Return what a request's ``User-Agent`` and ``Sec-CH-UA`` say. What nobody knows is OTHER.

    brands: names Brave, which otherwise calls itself Chrome. Never raises for any text.
    """
    device = _read(user_agent[:LONGEST])
    if device.browser is Browser.CHROME and '"Brave"' in brands[:LONGEST]:
        return Device(Browser.BRAVE, device.handheld, device.apple)
    return device


@lru_cache(maxsize=1024)
def _read(user_agent: str) -> Device:
    agent = parse(user_agent)
    family: str = agent.browser.family
    for word in _ADDED:
        family = family.replace(word, "")
    system: str = agent.os.family
    return Device(
        _FAMILIES.get(family, Browser.OTHER),
        handheld=agent.is_mobile or agent.is_tablet,
        apple=system in ("iOS", "Mac OS X"),
    )
