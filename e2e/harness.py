"""What browser tests and pictures share: a browser, a server, and a visitor whose requests are seen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, Route

HERE = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PREFIX = "/privacy-choices/"
SITE = "site.example"
"""A domain whose hosts are all this machine."""


def chromium(playwright: Playwright) -> str:
    """Return the browser to use. Raises FileNotFoundError: a browser that cannot be had fails the run."""
    candidates = [os.environ.get("COOKIEGATE_CHROMIUM"), "/usr/bin/chromium"]
    if named := candidates[0]:
        candidates = [named]  # who names a browser wants that one and no other
    else:
        candidates += [shutil.which(name) for name in NAMES] + [playwright.chromium.executable_path]
    for path in candidates:
        if path and os.access(path, os.X_OK):
            return path
    tried = ", ".join(dict.fromkeys(filter(None, candidates)))
    raise FileNotFoundError(f"no Chromium at {tried}: install one or name it in COOKIEGATE_CHROMIUM")


def launch(playwright: Playwright) -> Browser:
    """Start the browser, with every name but this machine's leading nowhere; below SITE all are its own."""
    rules = f"MAP *.{SITE} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    arguments = [f"--host-resolver-rules={rules}"]
    # What a sandboxed frame requests in a process of its own is not shown to the driver.
    arguments.append("--disable-features=IsolateSandboxedIframes")
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium's sandbox refuses root
    return playwright.chromium.launch(executable_path=chromium(playwright), args=arguments)


@contextmanager
def served(*arguments: str) -> Iterator[str]:
    """Serve one application in a process of its own; give its address, and end the process."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "serve.py"), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server did not start (status {process.wait()})")
        yield f"http://127.0.0.1:{json.loads(line)['port']}"
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdin.close()
        process.stdout.close()


# What the vendors' scripts leave in the browser. The names are theirs, the values are not.
COOKIES = {
    "www.googletagmanager.com/gtag/js": ("_ga", "_ga_XXXXXXXXXX"),
    "connect.facebook.net/en_US/fbevents.js": ("_fbp",),
    "static.hotjar.com/c/hotjar-0.js": ("_hjSessionUser_0", "_hjSession_0"),
    "cdn.matomo.cloud/lindensalt.matomo.cloud/matomo.js": ("_pk_id.1.1fff", "_pk_ses.1.1fff"),
    "www.clarity.ms/tag/xxxxxxxxxx": ("_clck", "_clsk"),
    "bat.bing.com/bat.js": ("_uetsid", "_uetvid"),
    "analytics.tiktok.com/i18n/pixel/events.js": ("_ttp",),
    "s.pinimg.com/ct/core.js": ("_pin_unauth",),
    "js.hs-scripts.com/0000000.js": ("hubspotutk", "__hstc"),
    "dynamic.criteo.com/js/ld/ld.js": ("cto_bundle",),
}
# The one snippet that calls its script's constructor as soon as it has come.
EXTRAS = {"bat.bing.com/bat.js": "window.UET = function () { this.push = function () {}; };"}
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b")


def short(url: str) -> str:
    """Name a request by host and path."""
    parts = urlsplit(url)
    return f"{parts.hostname}{parts.path}"


def fake(route: Route) -> None:
    """Answer in a vendor's place, with as little as the page needs."""
    name, kind = short(route.request.url), route.request.resource_type
    if kind == "script":
        lines = [f'document.cookie = "{cookie}=1; path=/; max-age=9999";' for cookie in COOKIES.get(name, ())]
        lines += [EXTRAS.get(name, ""), f'(window.ran = window.ran || []).push("{name}");']
        route.fulfill(content_type="text/javascript", body="\n".join(lines))
    elif kind == "document":
        route.fulfill(content_type="text/html", body=f"<!doctype html><title>{name}</title>")
    else:
        route.fulfill(content_type="image/gif", body=GIF)


class Visitor:
    """A fresh browser profile on one page. ``requests`` names, in order, all that went to other hosts.

    panel: the demo's panel is loaded too; most tests look at the page alone, and are faster for it.
    """

    def __init__(
        self, browser: Browser, base: str, *, script: bool = True, panel: bool = False, **options: object
    ) -> None:
        self.base = base
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.context: BrowserContext = browser.new_context(java_script_enabled=script, **options)
        self.context.set_default_timeout(10_000)
        # Whatever is not the site's own is answered here. The pattern is matched by the browser's driver.
        self.context.route(re.compile(f"^(?!{re.escape(base)}/)"), self._route)
        if not panel:
            self.context.route(f"{base}/_panel?**", lambda route: route.fulfill(status=204))
        self.page: Page = self.context.new_page()
        self.listen()
        self._barrier = 0
        self._script = script

    def listen(self) -> None:
        """Take down the errors of the page."""
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _route(self, route: Route, request: Request) -> None:
        self.requests.append(short(request.url))
        self.answer(route)

    def answer(self, route: Route) -> None:
        """Answer a request to another host; replaced by tests that want to say when."""
        fake(route)

    def goto(self, path: str) -> None:
        """Open a page, and forget what was requested before."""
        self.requests.clear()
        self.page.goto(f"{self.base}{path}")

    def settle(self) -> None:
        """Bring what loads lazily into view, and let every request that is due reach the route.

        Not by waiting a while: two frames are painted, then a request of our own makes the round. Without
        JavaScript nothing loads lazily, and the load event has waited for all there is.
        """
        self._barrier += 1
        if not self._script:
            self.page.wait_for_load_state("load")
            return
        self.page.evaluate(
            """async address => {
                for (const frame of document.querySelectorAll("main iframe")) frame.scrollIntoView();
                await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
                window.scrollTo(0, 0);
                await fetch(address);
            }""",
            f"{self.base}/robots.txt?{self._barrier}",
        )

    def until(self, expression: str) -> None:
        """Wait until it is true in the page. (The driver's way is eval, which a strict policy forbids.)"""
        for _ in range(100):
            if self.page.evaluate(expression):
                return
            self.settle()
        raise AssertionError(f"never true: {expression}")

    def expect(self, wanted: set[str]) -> None:
        """Wait for these requests; fail on a missing one, on one more, and on one that came twice."""
        for _ in range(50):
            here = wanted <= set(self.requests)
            self.settle()
            if here:
                break
        assert sorted(self.requests) == sorted(wanted)
        assert not self.errors, self.errors

    def press(self, label: str) -> None:
        """Press the button with this label, wherever it is, and wait for what follows."""
        self.page.get_by_role("button", name=label, exact=True).click()

    def choose(self, *purposes: str) -> None:
        """Switch on exactly these purposes and means on the settings page, and save."""
        self.page.goto(f"{self.base}{PREFIX}")
        for box in self.page.locator('form input[type=checkbox]:not([name^="service:"])').all():
            box.set_checked(box.get_attribute("name") in purposes, force=True)
        self.save("Save choices")

    def save(self, label: str) -> None:
        """Press a button that answers, on the first layer or in settings, and wait until it is answered."""
        with self.page.expect_response(lambda response: response.request.method == "POST") as posted:
            self.press(label)
        assert posted.value.status < 400
        self.page.wait_for_load_state("load")

    def cookies(self) -> set[str]:
        """Name the cookies the browser holds for the site."""
        return {cookie["name"] for cookie in self.context.cookies(self.base)}

    def close(self) -> None:
        """Throw the browser profile away."""
        self.context.close()
