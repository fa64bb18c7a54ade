"""Reports of browsers, and of those who pretend to be one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.pages.app import Pages
from cookiegate.pages.post import MOST_BYTES
from cookiegate.pages.report import BURST, MOST_REPORTS, RATE, Reports, Violation, violations_in

SITE = "shop.example"
REPORT = {
    "document-uri": "https://shop.example/pots/1?session=secret#top",
    "blocked-uri": "https://Adverts.example:8443/pixel?visitor=7",
    "effective-directive": "img-src",
    "violated-directive": "img-src",
    "source-file": "https://shop.example/app.js",
}
FOUND = Violation(host="adverts.example", directive="img-src", path="/pots/1")
OLD = "application/csp-report"
NEW = "application/reports+json"


def old(**more: object) -> bytes:
    return json.dumps(
        {"csp-report": REPORT | {name.replace("_", "-"): value for name, value in more.items()}}
    ).encode()


def new(*bodies: object, kind: str = "csp-violation") -> bytes:
    return json.dumps(
        [{"type": kind, "age": 1, "url": "https://x/", "body": body} for body in bodies]
    ).encode()


BODY = {
    "documentURL": "https://shop.example/pots/1?session=secret",
    "blockedURL": "https://adverts.example/pixel",
    "effectiveDirective": "img-src",
    "sourceFile": "https://shop.example/app.js",
}


def test_both_forms_say_the_same():
    assert violations_in(old(), SITE) == [FOUND]
    assert violations_in(new(BODY), SITE) == [FOUND]
    assert violations_in(json.dumps([{"csp-report": REPORT}, {"csp-report": REPORT}]).encode(), SITE) == [
        FOUND
    ]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (
            {"effective_directive": "script-src-elem"},
            Violation(host="adverts.example", directive="script-src-elem", path="/pots/1"),
        ),
        ({"effective_directive": "", "violated_directive": "img-src 'self' x"}, FOUND),
        (
            {"document_uri": "HTTPS://SHOP.example"},
            Violation(host="adverts.example", directive="img-src", path="/"),
        ),
        (
            {"document_uri": "http://shop.example:8000/a%20b?c"},
            Violation(host="adverts.example", directive="img-src", path="/a%20b"),
        ),
        (
            {"blocked_uri": "wss://[2001:db8::1]:1/x"},
            Violation(host="[2001:db8::1]", directive="img-src", path="/pots/1"),
        ),
        ({"blocked_uri": "https://adverts.example"}, FOUND),
        ({"source_file": ""}, FOUND),
    ],
)
def test_what_is_kept(said, found):
    assert violations_in(old(**said), SITE) == [found]


@pytest.mark.parametrize(
    "said",
    [
        {"document_uri": "https://other.example/"},
        {"document_uri": "https://shop.example.other.example/"},
        {"document_uri": "https://shop.example@other.example/"},
        {"document_uri": "about"},
        {"document_uri": None},
        {"document_uri": "https://shop.example/" + "x" * 600},
        {"document_uri": "https://shop.example/a\nb"},
        {"document_uri": "https://shop.example/caf\u00e9"},
        {"blocked_uri": "inline"},
        {"blocked_uri": "eval"},
        {"blocked_uri": "data"},
        {"blocked_uri": "blob:https://shop.example/1"},
        {"blocked_uri": "chrome-extension://abcdef/x.js"},
        {"blocked_uri": "https://<b>/"},
        {"blocked_uri": ["https://adverts.example/"]},
        {"source_file": "chrome-extension://abcdef/x.js"},
        {"source_file": "moz-extension://abcdef/x.js"},
        {"source_file": "safari-web-extension://abcdef/x.js"},
        {"effective_directive": "<script>"},
        {"effective_directive": "frame-ancestors"},
    ],
)
def test_what_is_left_out(said):
    assert violations_in(old(**said), SITE) == []


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"\xff", b"[" * 100_000, b"null", b"3", b'"x"', b"{}", b"[]", b"[[]]", b"[null]"),
        *(b'{"csp-report": 3}', b'{"csp-report": {}}', b'[{"type": "csp-violation"}]'),
        new(BODY, kind="deprecation"),
        new([], "x"),
    ],
)
def test_what_is_no_report(body):
    assert violations_in(body, SITE) == []


@given(st.binary(max_size=200))
def test_any_bytes_are_read(body):
    violations_in(body, SITE)


_KEYS = st.sampled_from(
    ["csp-report", "type", "body", "document-uri", "blockedURL", "blocked-uri", "effectiveDirective"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.just("csp-violation"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
)


@given(_JSON)
def test_any_json_is_read(content):
    assert violations_in(json.dumps(content).encode(), SITE) == []


def test_a_batch_is_read_up_to_a_point():
    bodies = [{**BODY, "blockedURL": f"https://h{number}.example/"} for number in range(MOST_REPORTS + 10)]
    assert len(violations_in(new(*bodies), SITE)) == MOST_REPORTS


@pytest.mark.parametrize("site", ["shop.example:8000", "shop.example:443", "SHOP.example".lower()])
def test_ports_do_not_count(site):
    assert violations_in(old(), site) == [FOUND]
    assert violations_in(old(document_uri="https://[::1]/"), "[::1]") == [
        Violation(host="adverts.example", directive="img-src", path="/")
    ]


# --- over ASGI


@pytest.fixture
def told(browser):
    found: list[Violation] = []
    browser.pages = Pages(browser.policy, browser.cookie, clock=lambda: 1.0, on_violation=found.append)
    return found


@pytest.mark.anyio
async def test_a_report_is_handed_over(browser, told):
    cross = {"sec-fetch-site": "cross-site", "origin": "null"}
    for kind, body in ((OLD, old()), (f"{NEW}; charset=utf-8", new(BODY)), ("application/json", old())):
        reply = await browser.ask(
            "POST", "/report", headers={"content-type": kind, **cross}, body=[body[:9], body[9:]]
        )
        assert (reply.status, reply.body, reply.all("content-type"), reply.all("content-length")) == (
            204,
            b"",
            [],
            [],
        )
        assert not reply.all("set-cookie")
    assert told == [FOUND] * 3


@pytest.mark.anyio
async def test_nobody_has_to_listen(browser):
    reply = await browser.ask("POST", "/report", headers={"content-type": OLD}, body=old())
    assert reply.status == 204


@pytest.mark.anyio
async def test_what_is_not_read(browser, told):
    for method in ("GET", "HEAD", "PUT", "OPTIONS"):
        reply = await browser.ask(method, "/report")
        assert (reply.status, reply.get("allow")) == (405, "POST")
    for headers in (
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
    ):
        assert (await browser.ask("POST", "/report", headers=headers, body=old())).status == 415
    body = b" " * MOST_BYTES + old()
    assert (await browser.ask("POST", "/report", headers={"content-type": OLD}, body=body)).status == 413
    assert (await browser.ask("POST", "/report", headers={"content-type": OLD}, body=[])).status == 0
    assert told == []


@pytest.mark.anyio
async def test_a_hook_that_fails_is_logged_without_what_was_reported(browser, caplog):
    def fail(violation: Violation) -> None:
        raise OSError("full")

    browser.pages = Pages(browser.policy, browser.cookie, on_violation=fail)
    reply = await browser.ask("POST", "/report", headers={"content-type": OLD}, body=old())
    assert reply.status == 204
    assert [record.getMessage() for record in caplog.records] == ["on_violation failed"]
    assert "adverts" not in caplog.text


@pytest.mark.anyio
async def test_more_than_enough_is_refused_until_time_passes():
    now = 1000.0
    reports = Reports(None, lambda: now)
    headers = [(b"content-type", OLD.encode())]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": old()}

    async def take() -> int | None:
        return await reports.take(headers, SITE, receive)  # type: ignore[arg-type]

    assert {await take() for _ in range(int(BURST))} == {204}
    assert await take() == 429
    now -= 500.0  # the clock is set back
    assert await take() == 429
    now += 1.0
    assert [await take() for _ in range(int(RATE) + 1)] == [204] * int(RATE) + [429]
    now += 1e6
    assert {await take() for _ in range(int(BURST))} == {204}
    assert await take() == 429
