"""Take pictures of the demo as a visitor sees it, into ``./shots`` or the folder named (``make shots``)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from harness import PREFIX, Visitor, launch, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
PRODUCT = "/kitchen/stoneware-teapot"


class Album:
    """Numbers the pictures in the order in which they are taken."""

    def __init__(self, browser: Browser, base: str, folder: Path) -> None:
        self._browser = browser
        self._base = base
        self._folder = folder
        self._count = 0

    def visitor(self, **options: object) -> Visitor:
        """Let someone new in."""
        options = {"viewport": DESKTOP, **options}
        return Visitor(self._browser, self._base, panel=True, **options)

    def take(self, visitor: Visitor, name: str, *, full: bool = False) -> None:
        """Take a picture of what the visitor sees, or of the whole page."""
        self._count += 1
        if full:  # a window as high as the page: what sticks to an edge stays there
            height = visitor.page.evaluate("document.documentElement.scrollHeight")
            visitor.page.set_viewport_size({**visitor.page.viewport_size, "height": height})
        visitor.settle()
        visitor.page.screenshot(path=self._folder / f"{self._count:02}-{name}.png")


def first_visit(album: Album) -> None:
    """The first layer, the panel, and what changes with either answer."""
    visitor = album.visitor()
    visitor.goto("/")
    album.take(visitor, "home-first-visit")
    visitor.goto(PRODUCT)
    album.take(visitor, "product-first-visit")
    visitor.page.locator(".tried summary").click()
    album.take(visitor, "product-panel-held")
    visitor.save("Accept all")
    visitor.page.frame_locator(".tried-strip").get_by_text("allowed").wait_for()
    album.take(visitor, "product-accepted")
    visitor.goto(PREFIX)
    album.take(visitor, "settings-accepted", full=True)
    visitor.close()

    visitor = album.visitor()
    visitor.goto(PRODUCT)
    visitor.save("Reject all")
    visitor.page.locator(".tried summary").click()
    album.take(visitor, "product-rejected")
    visitor.goto("/kitchen")
    album.take(visitor, "kitchen-rejected")
    visitor.goto("/journal/glaze-room")
    album.take(visitor, "story-rejected", full=True)
    visitor.goto("/contact")
    album.take(visitor, "contact-rejected")
    visitor.close()


def other_eyes(album: Album) -> None:
    """On a phone, in the dark, with an opt-out signal, without JavaScript, in Arabic."""
    visitor = album.visitor(viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
    visitor.goto("/")
    album.take(visitor, "phone-first-visit")
    visitor.goto(PRODUCT)
    visitor.page.locator(".tried summary").click()
    album.take(visitor, "phone-panel")
    visitor.goto(PREFIX)
    album.take(visitor, "phone-settings", full=True)
    visitor.close()

    visitor = album.visitor(color_scheme="dark", extra_http_headers={"Sec-GPC": "1"})
    visitor.goto(PRODUCT)
    visitor.page.locator(".tried summary").click()
    album.take(visitor, "dark-signal")
    visitor.save("Accept all")
    visitor.goto("/")
    album.take(visitor, "dark-signal-accepted")
    visitor.goto(PREFIX)
    album.take(visitor, "dark-settings", full=True)
    visitor.close()

    visitor = album.visitor(script=False)
    visitor.goto("/kitchen")
    album.take(visitor, "no-script-first-visit")
    visitor.save("Accept all")
    visitor.page.locator(".tried summary").click()
    album.take(visitor, "no-script-accepted")
    visitor.close()

    visitor = album.visitor(locale="ar", viewport=PHONE)
    visitor.goto("/")
    album.take(visitor, "arabic-phone")
    visitor.goto(PREFIX)
    album.take(visitor, "arabic-settings", full=True)
    visitor.close()


def main() -> None:
    """Take them all."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "shots")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("[0-9][0-9]-*.png"):
        old.unlink()
    with sync_playwright() as playwright, served("demo") as base:
        browser = launch(playwright)
        album = Album(browser, base, folder)
        first_visit(album)
        other_eyes(album)
        browser.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}/")


if __name__ == "__main__":
    main()
