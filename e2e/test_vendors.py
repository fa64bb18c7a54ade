"""Vendors' snippets as sites paste them: nobody is asked before consent, everybody after it.

Each vendor has a page of its own, and its scripts are answered by fakes that go on as the real ones do. Some
have a second page, where a script of the site's own puts the snippet together at run time.
"""

from __future__ import annotations

import re
from collections import Counter
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from cookiegate import lookup_cookie, lookup_url
from cookiegate.catalog import default_index
from harness import Visitor, served, short
from vendors import VENDORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from vendors import Vendor

LOADERS = [name for name, vendor in VENDORS.items() if vendor.app]
each = pytest.mark.parametrize("name", VENDORS)
PAGES = [f"/vendor/{name}" for name in VENDORS] + [f"/app/{name}" for name in LOADERS]
each_page = pytest.mark.parametrize("path", PAGES)

# The ways in which a script asks somebody, or keeps something: the fakes use them all.
WAYS = {
    "image": r"new Image\(",
    "image element": r'createElement\("img"\)',
    "srcset": r"\.srcset = ",
    "script": r'createElement\("script"\)',
    "script's text": r"\.text = ",
    "frame": r'createElement\("iframe"\)',
    "frame of the page's own": r"\.contentDocument",
    "setAttribute": r'\.setAttribute\("src"',
    "innerHTML": r"\.innerHTML = ",
    "insertAdjacentHTML": r"\.insertAdjacentHTML\(",
    "document.write": r"document\.write\(",
    "form": r"\.submit\(\)",
    "style sheet": r'rel = "stylesheet"|rel="stylesheet"',
    "prefetch": r'"prefetch"',
    "style": r"\.style\.backgroundImage",
    "rule": r"\.insertRule\(",
    "text of a style": r"\.textContent = '@import",
    "fetch": r"fetch\(",
    "request": r"XMLHttpRequest",
    "beacon": r"navigator\.sendBeacon\(",
    "socket": r"new WebSocket\(",
    "event source": r"new EventSource\(",
    "worker": r"new Worker\(",
    "cookie": r"document\.cookie = ",
    "local storage": r"localStorage\.setItem",
    "session storage": r"sessionStorage\.setItem",
    "database": r"indexedDB\.open",
}
KEPT = """async () => [
    ...Object.keys(localStorage),
    ...Object.keys(sessionStorage),
    ...(await indexedDB.databases()).map(database => database.name),
]"""
EMPTY = """async () => {
    localStorage.clear();
    sessionStorage.clear();
    for (const { name } of await indexedDB.databases()) await new Promise(done => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = request.onerror = request.onblocked = done;
    });
}"""


def hear_sockets(visitor: Visitor) -> None:
    visitor.page.on("websocket", lambda socket: visitor.requests.append(short(socket.url)))


def staying(browser: Browser, app: str, **options: object) -> Iterator[Visitor]:
    """Serve an application, and give one visitor for all its pages."""
    with served(app) as base:
        visitor = Visitor(browser, base, **options)
        hear_sockets(visitor)
        yield visitor
        visitor.close()


@pytest.fixture(scope="module")
def bare(browser: Browser) -> Iterator[Visitor]:
    """Give a visitor of the pages with no gate before them."""
    yield from staying(browser, "open-vendors")


@pytest.fixture(scope="module")
def gated(browser: Browser) -> Iterator[Visitor]:
    yield from staying(browser, "vendors")


@pytest.fixture(scope="module")
def bare_plain(browser: Browser) -> Iterator[Visitor]:
    """Give a visitor without JavaScript."""
    yield from staying(browser, "open-vendors", script=False)


@pytest.fixture(scope="module")
def strict(browser: Browser) -> Iterator[Visitor]:
    """Give a visitor whose browser enforces the decision, with no guard in the pages."""
    yield from staying(browser, "csp-vendors")


@pytest.fixture(scope="module")
def strict_plain(browser: Browser) -> Iterator[Visitor]:
    yield from staying(browser, "csp-vendors", script=False)


def vendor_of(path: str) -> Vendor:
    return VENDORS[path.rpartition("/")[2]]


def begin(visitor: Visitor, path: str) -> None:
    """Make the visitor a new one."""
    if vendor_of(path).sockets:
        # Chromium makes a page's process wait for a socket, the longer the more of them have failed.
        visitor.page.close()
        visitor.page = visitor.context.new_page()
        visitor.listen()
        hear_sockets(visitor)
    visitor.goto("/robots.txt")
    visitor.context.clear_cookies()
    visitor.page.evaluate(EMPTY)


def visit(visitor: Visitor, path: str) -> None:
    """Open a page, with the vendor's fakes in place."""
    visitor.errors.clear()
    visitor.answer = vendor_of(path).answer
    visitor.goto(path)


def expect(visitor: Visitor, wanted: tuple[str, ...]) -> None:
    """Wait for these requests; fail on a missing one, and on one more."""
    for _ in range(60):
        here = not Counter(wanted) - Counter(visitor.requests)
        visitor.settle()
        if here:
            break
    visitor.settle()
    assert sorted(visitor.requests) == sorted(wanted)
    assert not visitor.errors


def kept(visitor: Visitor) -> set[str]:
    """Name what is in the browser's storage for the site."""
    return set(visitor.page.evaluate(KEPT))


def expect_nothing(visitor: Visitor) -> None:
    expect(visitor, ())
    assert visitor.cookies() <= {"cg"}
    assert kept(visitor) == set()


def expect_all(visitor: Visitor, vendor: Vendor) -> None:
    expect(visitor, vendor.requests)
    assert visitor.cookies() - {"cg"} == vendor.cookies
    assert kept(visitor) == vendor.storage


def expect_plain(visitor: Visitor, wanted: tuple[str, ...]) -> None:
    """Do as ``expect`` does, without JavaScript: who takes a picture has the page painted, fonts and all."""
    for _ in range(60):
        here = not Counter(wanted) - Counter(visitor.requests)
        visitor.page.screenshot()
        if here:
            break
    # Of a frame that was allowed, Chromium may fetch a script ahead that it then does not run.
    ahead = Counter(visitor.requests) - Counter(wanted)
    assert not Counter(wanted) - Counter(visitor.requests)
    assert not ahead or (wanted and {name.rpartition(".")[2] for name in ahead} == {"js"})


@each_page
def test_without_the_gate_a_page_asks_at_once(bare: Visitor, path: str) -> None:
    # Were the fakes or the recording broken, every silence below would mean nothing.
    begin(bare, path)
    visit(bare, path)
    expect_all(bare, vendor_of(path))


@each_page
def test_before_the_choice_and_after_a_refusal_nobody_is_asked(gated: Visitor, path: str) -> None:
    begin(gated, path)
    visit(gated, path)
    expect_nothing(gated)
    gated.save("Reject all")
    expect_nothing(gated)
    visit(gated, path)
    expect_nothing(gated)


@each_page
def test_after_consent_everybody_is_asked(gated: Visitor, path: str) -> None:
    begin(gated, path)
    visit(gated, path)
    gated.page.evaluate("window.stayed = true")
    gated.save("Accept all")
    if not (vendor_of(path).late and path.startswith("/app/")):
        expect_all(gated, vendor_of(path))
    assert gated.page.evaluate("window.stayed") is True
    visit(gated, path)
    expect_all(gated, vendor_of(path))


@pytest.mark.parametrize("path", [f"/app/{name}" for name in LOADERS])
def test_the_browser_enforces_it_without_the_guard_too(strict: Visitor, path: str) -> None:
    begin(strict, path)
    visit(strict, path)
    expect_nothing(strict)
    strict.save("Reject all")
    expect_nothing(strict)
    strict.context.clear_cookies()
    visit(strict, path)
    strict.save("Accept all")
    expect_all(strict, vendor_of(path))


@each
def test_without_script_nobody_is_asked_either(bare_plain: Visitor, strict_plain: Visitor, name: str) -> None:
    path, wanted = f"/vendor/{name}", VENDORS[name].without_script
    visit(bare_plain, path)
    expect_plain(bare_plain, wanted)
    strict_plain.context.clear_cookies()
    visit(strict_plain, path)
    expect_plain(strict_plain, ())
    strict_plain.save("Reject all")
    expect_plain(strict_plain, ())
    assert strict_plain.cookies() == {"cg"}
    if wanted:
        strict_plain.context.clear_cookies()
        visit(strict_plain, path)
        strict_plain.save("Accept all")
        expect_plain(strict_plain, wanted)


@each
def test_the_catalogue_knows_all_that_a_vendor_asks_and_keeps(name: str) -> None:
    vendor = VENDORS[name]
    for address in (*vendor.requests, *vendor.without_script):
        service = lookup_url(f"https://{address}")
        assert service is not None, address
        assert service.purpose != "necessary", address
    for cookie in vendor.cookies:
        assert lookup_cookie(cookie) is not None, cookie
    services = [service for each in vendor.services if (service := default_index().get(each))]
    assert len(services) == len(vendor.services)
    patterns = [pattern for service in services for pattern in service.storage]
    for key in vendor.storage:
        assert any(fnmatchcase(key, pattern) for pattern in patterns), key


def test_the_vendors_are_many_and_use_every_way() -> None:
    assert len(VENDORS) >= 40
    assert len(LOADERS) >= 15
    code = "\n".join(text for vendor in VENDORS.values() for _, text in vendor.answers.values())
    missing = [way for way, pattern in WAYS.items() if not re.search(pattern, code)]
    assert missing == []
