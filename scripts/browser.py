"""Make sure that the browser tests have a Chromium that starts, and write its path to ``.venv/.chromium``.

Tried in this order: ``COOKIEGATE_CHROMIUM``, an installed browser, the one Playwright downloaded before,
Playwright's download, and as root on Debian its package. Nothing is asked. A browser that cannot be had ends
this with status 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from debian import apt_install, may_install, run, say
from playwright.sync_api import Error, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

STAMP = Path(sys.prefix) / ".chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def problem(path: str) -> str:
    """Say why no page is shown in this browser, empty when one is: an executable may lack its libraries."""
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path)
            page = browser.new_page()
            page.goto("data:text/html,<title>works</title>")
            title = page.title()
            browser.close()
    except Error as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        # Playwright's first line only says that the browser was closed; the browser itself says why.
        reasons = [line for line in lines if "error while loading" in line or "rror:" in line]
        return (reasons or lines or ["unknown reason"])[-1]
    return "" if title == "works" else "shows no page"


def playwrights_own() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def check_driver() -> None:
    """Playwright's driver is a Node.js of its own, and a bare Debian lacks one of its libraries."""
    command = [sys.executable, "-m", "playwright", "--version"]
    driver = subprocess.run(command, capture_output=True, text=True, check=False)
    if driver.returncode and may_install() and apt_install("libatomic1"):
        driver = subprocess.run(command, capture_output=True, text=True, check=False)
    if driver.returncode:
        lines = driver.stderr.strip().splitlines() or ["unknown reason"]
        raise SystemExit(
            f"cookiegate: Playwright's driver does not start: {lines[-1]} "
            "(on Debian install what it lacks, and a browser: sudo apt-get install -y libatomic1 chromium)"
        )


def installed() -> Iterator[str]:
    for name in NAMES:
        if path := shutil.which(name):
            yield path
    own = playwrights_own()
    if Path(own).is_file():
        yield own


def obtained() -> Iterator[str]:
    """Get a browser, the next way only when the one before did not lead to one that starts."""
    say("downloading Playwright's Chromium")
    if run(sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"):
        yield playwrights_own()
        if may_install() and run(sys.executable, "-m", "playwright", "install-deps", "chromium"):
            yield playwrights_own()
    if may_install() and apt_install("chromium"):
        yield "/usr/bin/chromium"


def find() -> str:
    """Return the path of a browser that works. Ends the program with the reasons when there is none."""
    if named := os.environ.get("COOKIEGATE_CHROMIUM"):
        if reason := problem(named):
            raise SystemExit(f"cookiegate: COOKIEGATE_CHROMIUM={named} does not start: {reason}")
        return named
    tried: list[str] = []
    for source in (installed, obtained):
        for path in source():
            reason = problem(path)
            if not reason:
                return path
            say(f"{path} does not start: {reason}")
            tried.append(path)
    what = f" ({', '.join(tried)} did not start)" if tried else ""
    raise SystemExit(
        f"cookiegate: the browser tests need a Chromium and none could be had{what}; install one "
        "(Debian: sudo apt-get install -y chromium) or name one (make test COOKIEGATE_CHROMIUM=/path/to/it)"
    )


def main() -> None:
    known = STAMP.read_text().strip() if STAMP.is_file() else ""
    if known and os.access(known, os.X_OK) and os.environ.get("COOKIEGATE_CHROMIUM", known) == known:
        return
    check_driver()
    path = find()
    STAMP.write_text(f"{path}\n")
    say(f"browser tests use {path}")


if __name__ == "__main__":
    main()
