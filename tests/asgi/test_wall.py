"""Which responses carry the policy derived from the decision."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cookiegate import CookieGate, Policy
from cookiegate.consent.choose import accept_all
from cookiegate.consent.cookie import ConsentCookie
from cookiegate.consent.model import NO_SIGNALS
from cookiegate.responder import BARRIER

KEY = "a key that is long enough for the tests"
NOW = 1_900_000_000.0
NAME = b"content-security-policy"
ENFORCE = Policy.from_dict(
    {"csp": "enforce", "unknown": "hold", "site": {"json_html": ["/page"]}, "services": [{"use": "hotjar"}]}
)
HTML = (b"Content-Type", b"text/html")
SECURE = (b"host", b"shop.example")
OWN = (
    b"Content-Security-Policy",
    b"script-src 'nonce-abc' 'strict-dynamic'; img-src https://pictures.test *",
)


def answer(
    status: int,
    *headers: tuple[bytes, bytes],
    policy: Policy = ENFORCE,
    request: tuple[Any, ...] = (),
    **more: Any,
) -> tuple[int, dict[bytes, list[bytes]]]:
    """Send one response through the gate; give its status and its headers."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send(
            {"type": "http.response.body", "body": b"<p>Page" if more.get("method") != "HEAD" else b""}
        )

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    hook = more.pop("on_violation", None)
    gate = CookieGate(app, secret_keys=KEY, policy=policy, clock=lambda: NOW, on_violation=hook)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/page",
        "scheme": "https",
        "headers": [SECURE, *request],
        **more,
    }
    asyncio.run(gate(scope, None, send))  # type: ignore[arg-type]
    found: dict[bytes, list[bytes]] = {}
    for name, value in sent[0]["headers"]:
        found.setdefault(name.lower(), []).append(value)
    return sent[0]["status"], found


@pytest.mark.parametrize(
    ("status", "headers", "more"),
    [
        (200, [HTML], {}),
        (404, [HTML], {}),
        (200, [], {}),
        (200, [HTML], {"method": "HEAD"}),
        (200, [(b"content-type", b"application/xhtml+xml")], {}),
        (200, [HTML], {"request": [(b"sec-fetch-dest", b"iframe")]}),
    ],
)
def test_every_page_carries_it(status, headers, more):
    [text] = answer(status, *headers, **more)[1][NAME]
    assert text.startswith(b"default-src 'self' ")
    assert b"hotjar" not in text
    assert b"report" not in text


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, [(b"content-type", b"application/json")]),
        (200, [(b"content-type", b"text/css")]),
        (200, [(b"content-type", b"image/png")]),
        (204, []),
        (302, [(b"location", b"/"), (b"content-type", b"text/plain")]),
        (200, [HTML, (b"content-disposition", b"attachment")]),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_else_does(status, headers, method):
    assert NAME not in answer(status, *headers, method=method)[1]


def test_the_barrier_has_the_stricter_one_already():
    [text] = answer(200, HTML, (b"content-encoding", b"x-unknown"))[1][NAME]
    assert text == BARRIER


def test_it_stands_beside_the_site_s_own():
    own, ours = answer(200, HTML, OWN)[1][NAME]
    assert own == OWN[1]
    assert b" https://pictures.test" in ours
    assert b"nonce" not in ours


def test_a_grant_loosens_it_and_makes_another_variant():
    cookie = ConsentCookie(KEY, ENFORCE, clock=lambda: NOW)
    state = accept_all(ENFORCE, None, NO_SIGNALS, now=NOW - 60, new_id=lambda: "s" * 22)
    request = [(b"cookie", b"__Host-cg=" + cookie.dumps(state).encode())]
    etag = (b"etag", b'"one"')
    strict, loose = answer(200, HTML, etag)[1], answer(200, HTML, etag, request=request)[1]
    assert b" *.hotjar.com wss://hotjar.com " in loose[NAME][0]
    assert strict[b"etag"] != loose[b"etag"]
    # Whoever has it is told that it still stands, with the same policy.
    status, again = answer(304, etag, request=[*request, (b"if-none-match", loose[b"etag"][0])])
    assert (status, again[NAME], again[b"etag"]) == (304, loose[NAME], loose[b"etag"])


def test_a_page_from_before_the_policy_was_switched_on_is_no_longer_good():
    off = Policy.from_dict({"unknown": "hold", "services": [{"use": "hotjar"}]})
    etag = (b"etag", b'"one"')
    assert answer(200, HTML, etag, policy=off)[1][b"etag"] != answer(200, HTML, etag)[1][b"etag"]
    assert NAME not in answer(200, HTML, policy=off)[1]


def test_who_listens_is_told_where_it_is_only_reported_and_where_it_is_enforced():
    report = Policy.from_dict({"csp": "report", "consent": {"prefix": "/p"}})
    found = answer(200, HTML, policy=report, root_path="/app")[1]
    assert NAME not in found
    assert (
        b"; report-uri /app/p/report; report-to cookiegate"
        in found[b"content-security-policy-report-only"][0]
    )
    assert found[b"reporting-endpoints"] == [b'cookiegate="/app/p/report"']
    listening = answer(200, HTML, on_violation=print)[1]
    assert listening[NAME][0].endswith(b"; report-uri /privacy-choices/report; report-to cookiegate")
