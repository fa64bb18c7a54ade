"""The guard in a real browser: what a page's script brings in is asked for only after consent."""

# ruff: noqa: E501 - what a page does reads best on one line
from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from guard_pages import CALLS, HOST, LOADS, SAME, TRUSTED, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Visitor

    Visitors = Callable[..., Visitor]

WAYS = LOADS | CALLS


def act(visitor: Visitor, way: str, name: str) -> None:
    """Do this in the page, as its own script would."""
    code = re.sub(r"\bURL\b", f"https://{HOST}/{name}", way)
    visitor.page.evaluate(f"() => {{ {code} }}")


def asked(visitor: Visitor, name: str, *, within: int = 20) -> bool:
    """Wait until the tracker is asked; not for ever."""
    for _ in range(within):
        if f"{HOST}/{name}" in visitor.requests:
            return True
        visitor.settle()
    return f"{HOST}/{name}" in visitor.requests


def heard(visitor: Visitor, names: dict[str, str], *, within: int) -> set[str]:
    """The ways by which the tracker is asked, each in a fresh page."""
    found = set()
    for name, way in names.items():
        visitor.goto("/")
        act(visitor, way, name)
        if asked(visitor, name, within=within):
            found.add(name)
        assert not [url for url in visitor.requests if name not in url]
    return found


def test_every_way_asks_the_tracker_without_the_guard(unguarded: str, visitors: Visitors) -> None:
    # Were one silent here too, its silence below would mean nothing.
    assert heard(visitors(unguarded), WAYS, within=20) == set(WAYS)


@pytest.mark.parametrize("answer", ["", "Reject all"])
def test_no_way_does_before_consent_and_after_a_refusal(
    guarded: str, visitors: Visitors, answer: str
) -> None:
    visitor = visitors(guarded)
    if answer:
        visitor.goto("/")
        visitor.save(answer)
    assert heard(visitor, WAYS, within=2) == set()
    assert visitor.errors == []


def test_every_way_does_after_consent(guarded: str, visitors: Visitors) -> None:
    visitor, silent = visitors(guarded), set()
    for name, way in WAYS.items():
        visitor.context.clear_cookies()
        visitor.goto("/")
        act(visitor, way, name)
        visitor.save("Accept all")
        if name in CALLS:  # a page asks again
            visitor.until("document.querySelector('#cg-l')")
            act(visitor, way, name)
        if not asked(visitor, name):
            silent.add(name)
        # Once, and by nobody twice. (A frame that is asked for a second time loads again.)
        assert visitor.requests.count(f"{HOST}/{name}") <= 1, name
    assert silent == set()


def test_what_was_held_comes_in_order(guarded: str, visitors: Visitors) -> None:
    visitor = visitors(guarded)
    visitor.goto("/")
    for name in ("first", "second", "third"):
        act(
            visitor,
            "const s = document.createElement('script'); s.async = false; s.src = 'URL'; document.head.append(s)",
            name,
        )
    visitor.save("Accept all")
    assert asked(visitor, "third")
    visitor.until("window.ran?.length == 3")
    assert visitor.page.evaluate("ran") == [f"{HOST}/first", f"{HOST}/second", f"{HOST}/third"]


@pytest.mark.parametrize("answer", ["", "Reject all"])
def test_unknown_pixels_count_as_beacons(guarded: str, visitors: Visitors, answer: str) -> None:
    visitor = visitors(guarded)
    visitor.goto("/")
    if answer:
        visitor.save(answer)
    visitor.page.evaluate(
        f"""() => {{
            new Image(1, 1).src = "https://{UNKNOWN}/pixel";
            navigator.sendBeacon("https://{UNKNOWN}/beacon");
            new Image(90, 90).src = "https://{UNKNOWN}/picture";
        }}"""
    )
    visitor.settle()
    assert visitor.requests == [f"{UNKNOWN}/picture"]


def test_unknown_pixels_need_marketing_and_beacons(guarded: str, visitors: Visitors) -> None:
    visitor = visitors(guarded)
    visitor.goto("/")
    code = f"""() => {{
        const image = new Image(1, 1);
        image.src = "https://{UNKNOWN}/pixel";
        return [image.dataset.cgService, image.dataset.cgPurpose];
    }}"""
    assert visitor.page.evaluate(code) == ["unknown", "marketing beacons"]
    for choices in ({"beacons": True}, {"marketing": True, "beacons": False}):
        post = """async choices => (await fetch("/privacy-choices/", {
            method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ action: "save", choices })
        })).ok"""
        assert visitor.page.evaluate(post, choices)
        visitor.goto("/")
        assert visitor.page.evaluate(code) == ["unknown", "marketing beacons"]
    assert visitor.requests == []


def test_what_is_written_while_the_page_is_read(guarded: str, visitors: Visitors) -> None:
    visitor = visitors(guarded)
    visitor.goto("/written")
    assert visitor.page.locator("img[data-cg-src]").count() == 1
    assert visitor.requests == []
    visitor.save("Accept all")
    assert asked(visitor, "write")


def test_the_cookie_store(guarded: str, visitors: Visitors) -> None:
    visitor = visitors(guarded)
    visitor.goto("/")
    code = """async () => {
        await cookieStore.set("counted", "1");
        await cookieStore.set({ name: "count_7", value: "1" });
        await cookieStore.set("own", "1");
        return document.cookie.split("; ").sort();
    }"""
    assert visitor.page.evaluate(code) == ["own=1"]
    visitor.save("Accept all")
    visitor.until("document.querySelector('#cg-l')")
    assert visitor.page.evaluate(code) == ["count_7=1", "counted=1", "own=1"]


def test_storage_and_cookies_of_what_is_refused(guarded: str, visitors: Visitors) -> None:
    visitor = visitors(guarded)
    visitor.goto("/")
    visitor.save("Accept all")
    visitor.goto("/")
    write = """() => {
        for (const store of [localStorage, sessionStorage]) store.setItem("counter", "1"), store.setItem("own", "1");
        for (const name of ["count_7", "counted", "_fbp", "own"]) document.cookie = name + "=1; path=/";
    }"""
    read = "() => [Object.keys(localStorage).sort(), Object.keys(sessionStorage).sort(), document.cookie.split('; ').sort()]"
    visitor.page.evaluate(write)
    assert visitor.page.evaluate(read) == [
        ["counter", "own"],
        ["counter", "own"],
        ["_fbp=1", "count_7=1", "counted=1", "own=1"],
    ]
    visitor.page.goto(f"{guarded}/privacy-choices/")
    visitor.save("Reject all")
    visitor.goto("/")
    assert visitor.page.evaluate(read)[:2] == [["own"], ["own"]]
    visitor.page.evaluate(write)
    assert visitor.page.evaluate(read) == [["own"], ["own"], ["own=1"]]


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("rules", ["", "strict"])
def test_a_page_sees_no_difference(
    guarded: str, unguarded: str, visitors: Visitors, name: str, rules: str
) -> None:
    results = []
    for base in (unguarded, guarded):
        visitor = visitors(base)
        visitor.goto(f"/page/{rules}" if rules else "/")
        results.append(visitor.page.evaluate(f"async () => {{ {SAME[name].replace('BASE', base)} }}"))
        assert visitor.errors == []
        visitor.close()
    assert results[0] == results[1]
    assert results[0] is not None


@pytest.mark.parametrize("rules", ["strict", "types", "types-named", "types-list"])
def test_under_the_sites_own_policy(guarded: str, visitors: Visitors, rules: str) -> None:
    visitor = visitors(guarded)
    visitor.goto(f"/page/{rules}")
    for name, way in TRUSTED.items():
        act(visitor, way, name)
        assert not asked(visitor, name, within=1), name
    visitor.save("Accept all")
    for name in TRUSTED:
        assert asked(visitor, name), name
    assert visitor.errors == []


def test_what_is_stopped_fails_as_the_network_does(guarded: str, visitors: Visitors) -> None:
    visitor = visitors(guarded)
    visitor.goto("/")
    code = """async () => {
        const url = "https://www.clarity.ms/x", event = (o, ...names) => Promise.race(names.map(name =>
            new Promise(done => o.addEventListener(name, e => done([e.type, e.isTrusted])))));
        const x = new XMLHttpRequest;
        x.open("GET", url);
        const failed = event(x, "error", "load");
        x.send();
        return [
            await fetch(url).catch(e => [e.name, e.message]), await failed, x.status,
            await event(new WebSocket("wss://www.clarity.ms/x"), "error", "open"),
            await event(new EventSource(url), "error", "open"), navigator.sendBeacon(url),
        ];
    }"""
    assert visitor.page.evaluate(code) == [
        *(["TypeError", "Failed to fetch"], ["error", True], 0, ["error", True], ["error", True], True)
    ]
    assert visitor.requests == []


@pytest.mark.parametrize("url", ["static.hotjar.com/c/hotjar-1.js", "www.googletagmanager.com/gtag/js"])
def test_services_that_only_the_catalogue_knows(guarded: str, visitors: Visitors, url: str) -> None:
    visitor = visitors(guarded)
    visitor.goto("/")
    visitor.page.evaluate(
        f"""() => {{
            const script = document.createElement("script");
            script.src = "https://{url}";
            document.head.append(script);
        }}"""
    )
    visitor.settle()
    assert visitor.requests == []
    visitor.save("Accept all")
    visitor.until("window.ran?.length == 1")
    assert visitor.requests == [url]
