"""The scanner against the browser's own parser, with and without scripting, and against what it fetches."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))

from markup import numbers, page, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

Elements = dict[int, tuple[str, bool]]
# What the scanner tells of: the others are elements too, but load nothing.
SINKS = {
    ("img", False),
    ("embed", False),
    ("script", False),
    ("input", False),
    ("script", True),
    ("image", True),
}

# A frameset takes the place of the body with all that was in it; that of selectedcontent is taken by a copy.
REPLACED = re.compile("<frameset|<selectedcontent")

ELEMENTS = """([pages, live]) => {
  const found = [];
  const walk = (node, out) => {
    for (const element of node.querySelectorAll("*")) {
      const number = element.getAttribute("data-service");
      if (/^[0-9]+$/.test(number)) out.push([Number(number), element.localName, element.namespaceURI]);
      if (element.content?.nodeType === Node.DOCUMENT_FRAGMENT_NODE) walk(element.content, out);
      if (element.shadowRoot) walk(element.shadowRoot, out);
    }
    return out;
  };
  const frame = document.createElement("iframe");
  document.body.append(frame);
  for (const text of pages) {
    let parsed = frame.contentDocument;
    if (live) {
      parsed.open();
      parsed.write(text);
      parsed.close();
    } else {
      parsed = new DOMParser().parseFromString(text, "text/html");
    }
    found.push(walk(parsed, []));
  }
  frame.remove();
  return found;
}"""

FRAMES = """pages => Promise.all(pages.map(text => new Promise(done => {
  const frame = document.createElement("iframe");
  frame.onload = done;
  frame.srcdoc = text;
  document.body.append(frame);
})))"""


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto("about:blank")
    yield page
    context.close()


def elements(tab: Page, pages: list[str], *, live: bool) -> list[Elements]:
    """The numbered elements that may load something, as the browser sees them."""
    svg = "http://www.w3.org/2000/svg"
    html = "http://www.w3.org/1999/xhtml"
    found = []
    for at in range(0, len(pages), 1000):
        for nodes in tab.evaluate(ELEMENTS, [pages[at : at + 1000], live]):
            known = {
                number: (name.lower(), space == svg) for number, name, space in nodes if space in (svg, html)
            }
            found.append({number: node for number, node in known.items() if node in SINKS})
    return found


def differences(text: str, seen: Elements, *, scripting: bool) -> list[object]:
    """What the scanner missed, and what it told without need."""
    told = numbers(scan(text.encode()).all())
    missed = [
        (number, node)
        for number, node in seen.items()
        if node not in [(name, foreign) for name, foreign, _ in told.get(number, [])]
    ]
    more = [
        tag
        for number, tags in told.items()
        for name, foreign, tag in tags
        if seen.get(number) != (name, foreign)
        and not (tag.disputed or tag.ahead or (scripting and tag.noscript))
        and not REPLACED.search(text)
    ]
    return [text, missed, more] if missed or more else []


@pytest.mark.parametrize(("live", "count"), [(False, 5000), (True, 1000)], ids=["no scripting", "scripting"])
def test_it_finds_the_elements_of_the_browser(tab: Page, live: bool, count: int) -> None:
    rnd = random.Random(20261124)
    pages = [page(rnd) for _ in range(count)]
    seen = elements(tab, pages, live=live)
    wrong = [differences(text, nodes, scripting=live) for text, nodes in zip(pages, seen, strict=True)]
    assert [each for each in wrong if each] == []


NUMBERED = (
    "<img src=http://t.test/{}>",
    "<image src=http://t.test/{}>",
    "<img srcset='http://t.test/{} 1x'>",
    "<svg><image href=http://t.test/{} width=9 height=9>",
    "<script src=http://t.test/{}></script>",
    "<link rel=stylesheet href=http://t.test/{}>",
    "<input type=image src=http://t.test/{}>",
    "<video poster=http://t.test/{}></video>",
    "<iframe src=http://t.test/{}></iframe>",
)


def test_whatever_the_browser_fetches_was_told(tab: Page) -> None:
    fetched: set[str] = set()

    def answer(route: Route) -> None:
        fetched.add(route.request.url)
        route.fulfill(status=204)

    tab.context.route("http://t.test/**", answer)
    rnd = random.Random(20261125)
    count, told, certain = 240, set(), set()
    for at in range(0, count, 40):
        pages = [
            page(rnd, numbered=tuple(each.replace("t.test/", f"t.test/{number}/") for each in NUMBERED))
            for number in range(at, at + 40)
        ]
        for text in pages:
            for tag in scan(text.encode()).all():
                addresses = {a.value.decode().split()[0] for a in tag.attributes if b"//t.test/" in a.value}
                told |= addresses
                plain = tag.name == b"img" and not (tag.noscript or tag.disputed or tag.foreign)
                if plain and not re.search("<template|<frameset", text):
                    certain |= addresses
        tab.evaluate(FRAMES, pages)
    assert len(fetched) > count
    assert fetched - told == set()
    # And the other way: an image that was told is an image that is fetched.
    assert certain - fetched == set()
