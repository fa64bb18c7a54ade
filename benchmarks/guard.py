"""What the guard costs in a browser: Chromium, a page without trackers, and 50 insertions by its script.

Usage: ``python benchmarks/guard.py [--rounds 15]``. The browser is found as the browser tests find it.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path

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
    parser.add_argument("--rounds", type=int, default=15)
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
    # The best of the rounds: whatever else the machine does only adds.
    start, before, after = min(starts), min(plain), min(guarded)
    print(f"size                        {len(gzip.compress(code, 9)):8} bytes (gzip)")
    print(f"start, parsing included     {start:8.2f} ms      target: below {MOST_START:g}")
    print(f"50 insertions without       {before:8.2f} ms")
    print(f"50 insertions with          {after:8.2f} ms")
    print(
        f"extra                       {(after / before - 1) * 100:8.1f} %       target: below {MOST_EXTRA:g}"
    )


if __name__ == "__main__":
    main()
