"""What the guard costs in a browser: Chromium, a page without trackers, and 50 insertions by its script.

Usage: ``python benchmarks/guard.py [--rounds 25]``. The browser is found as the browser tests find it.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

from playwright.sync_api import sync_playwright

from cookiegate.pages.guard import guard_asset
from cookiegate.policy import Policy
from harness import launch, served

MOST_START = 2.0  # milliseconds
MOST_EXTRA = 5.0  # per cent

START = """code => {
    const script = document.createElement("script");
    script.dataset.cgAllow = "";
    script.textContent = code;
    const begin = performance.now();
    document.head.append(script);
    return performance.now() - begin;
}"""

# Cards as a shop's script adds them, with pictures of its own; laid out once, as a browser does in a frame.
INSERT = """async () => {
    const list = document.getElementById("main");
    await new Promise(requestAnimationFrame);
    const begin = performance.now();
    for (let number = 0; number < 50; number++) {
        const card = document.createElement("article");
        card.setAttribute("class", "card");
        card.innerHTML = `<h2>Bowl ${number}</h2>
            <p>Thrown by hand, glazed twice. <a href="/bowl/${number}">More</a></p>
            <ul><li>Stoneware</li><li>22 cm</li><li>In stock</li></ul>
            <button type="button">Into the basket</button>`;
        const image = new Image(90, 90);
        image.src = `/own/${number}.png`;
        image.alt = "A bowl";
        card.prepend(image);
        card.style.color = "#345";
        list.append(card);
        list.offsetHeight;
    }
    return performance.now() - begin;
}"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    code = guard_asset(Policy()).body
    starts: list[float] = []
    plain: list[float] = []
    guarded: list[float] = []
    with (
        sync_playwright() as playwright,
        served("guard-alone") as with_guard,
        served("guard-off") as without,
    ):
        browser = launch(playwright)
        page = browser.new_context().new_page()
        for _ in range(rounds):
            page.goto(f"{without}/")
            starts.append(page.evaluate(START, code.decode()))
            for base, times in ((without, plain), (with_guard, guarded)):
                page.goto(f"{base}/")
                times.append(page.evaluate(INSERT))
        browser.close()
    print(f"size                        {len(gzip.compress(code, 9)):8} bytes (gzip)")
    print(f"                            {'best':>8} {'median':>8}      of {rounds} rounds, taken in turn")
    shown = {
        "start, parsing included": (starts, f"ms   target: below {MOST_START:g}"),
        "50 insertions without": (plain, "ms"),
        "50 insertions with": (guarded, "ms"),
    }
    for name, (times, unit) in shown.items():
        print(f"{name:27} {min(times):8.2f} {median(times):8.2f} {unit}")
    best, middle = ((pick(guarded) / pick(plain) - 1) * 100 for pick in (min, median))
    print(f"{'extra':27} {best:8.1f} {middle:8.1f} %    target: below {MOST_EXTRA:g}")
    busy, processors = os.getloadavg()[0], os.cpu_count() or 1
    if busy > processors:
        print(f"The machine was busy: a load of {busy:.1f} on {processors} processors.")


if __name__ == "__main__":
    main()
