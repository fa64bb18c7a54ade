"""The rules of one response that hold for every page and every way of cutting it up."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from dataclasses import replace
from itertools import pairwise
from xml.dom.minidom import parseString

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate import CookieGate, Policy, Report
from cookiegate.consent.choose import accept_all, reject_all, save
from cookiegate.consent.cookie import ConsentCookie
from cookiegate.consent.model import NO_SIGNALS

KEY = "a key that is long enough for the tests"
NOW = 1_900_000_000.0
POLICY = Policy()
COOKIE = ConsentCookie(KEY, POLICY, clock=lambda: NOW)
HTML = (b"content-type", b"text/html; charset=utf-8")

PAGE = (
    b'<!doctype html><html lang="en"><head><!-- <body> --><script>var a = "<body>";</script>'
    b'<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
    b"<script>window.dataLayer = window.dataLayer || []; function gtag(){dataLayer.push(arguments);}"
    b"gtag('js', new Date()); gtag('config', 'G-1');</script></head>"
    b'<body data-x="a>b"><h1>Shop</h1><noscript><img src="https://www.facebook.com/tr?id=1&ev=PageView"></noscript>'
    b'<iframe src="https://www.youtube.com/embed/x"></iframe><p>caf\xc3\xa9</p></body></html>'
)


def visitor(answer):
    """Return the Cookie header of a visitor: accepted, rejected, only analytics, or not asked yet."""
    if answer == "none":
        return []
    kwargs = {"now": NOW - 60, "new_id": lambda: "s" * 22}
    state = {
        "accept": lambda: accept_all(POLICY, None, NO_SIGNALS, **kwargs),
        "reject": lambda: reject_all(POLICY, None, NO_SIGNALS, **kwargs),
        "analytics": lambda: save(
            POLICY, None, NO_SIGNALS, {"analytics": True, "beacons": True}, partial=False, **kwargs
        ),
    }[answer]()
    return [(b"cookie", b"cg=" + COOKIE.dumps(state).encode())]


REPORTS: list[Report] = []


async def _nowhere(scope, receive, send):
    await scope["state"](send)


GATE = CookieGate(_nowhere, policy=POLICY, secret_keys=KEY, on_response=REPORTS.append, clock=lambda: NOW)


def respond(pieces, *headers, request=(), method="GET"):
    """Send these pieces as one page through the gate; return the start, the body and the report."""
    sent = []

    async def app(send):
        await send({"type": "http.response.start", "status": 200, "headers": [HTML, *headers]})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": "/page",
        "headers": [(b"host", b"shop.example"), *request],
        "state": app,
    }
    REPORTS.clear()
    asyncio.run(GATE(scope, None, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0], body, REPORTS[0]


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


ANSWERS = ["none", "accept", "reject", "analytics"]
WHOLE = {answer: respond([PAGE], request=visitor(answer)) for answer in ANSWERS}


@given(st.sampled_from(ANSWERS), st.lists(st.integers(0, 2000), max_size=12))
def test_any_way_of_cutting_the_page_gives_the_same_bytes(answer, places):
    start, body, report = respond(cut(PAGE, places), request=visitor(answer))
    assert (start, body) == WHOLE[answer][:2]
    whole = WHOLE[answer][2]
    # Profiles are made anew once many others were asked for: alike is who has the same key.
    assert report.profile.key == whole.profile.key
    assert replace(report, profile=whole.profile) == whole


@given(st.lists(st.integers(0, 2000), max_size=6), st.booleans())
def test_a_packed_page_holds_the_same_bytes(places, zlibbed):
    packed = zlib.compress(PAGE) if zlibbed else gzip.compress(PAGE, mtime=0)
    coding = (b"content-encoding", b"deflate" if zlibbed else b"gzip")
    _, body, report = respond(cut(packed, places), coding, request=[(b"accept-encoding", b"gzip")])
    assert gzip.decompress(body) == WHOLE["none"][1]
    assert report.findings == WHOLE["none"][2].findings


@given(st.lists(st.binary(max_size=40), max_size=4), st.sampled_from(ANSWERS))
def test_any_bytes_pass_without_an_exception(pieces, answer):
    respond(pieces, request=visitor(answer))


RESPONSE = [b"content-encoding", b"set-cookie", b"link", b"content-security-policy", b"etag", b"vary"]
RESPONSE += [b"cache-control", b"content-disposition", b"x-content-type-options", b"content-type"]
REQUEST = [b"cookie", b"host", b"accept-language", b"if-none-match", b"accept-encoding", b"sec-fetch-dest"]


@given(st.binary(max_size=60), st.sampled_from(RESPONSE), st.sampled_from(REQUEST))
def test_any_headers_pass_without_an_exception(value, response, request):
    linked = [(b"link", b"</a>; rel=preload"), (b"etag", b'"1"')]
    respond([b"<p>"], (response, value), *linked)
    respond([b"<p>"], *linked, request=[(request, value)])


def held(body):
    return body.count(b"data-cg-src=") + body.count(b'type="text/plain"')


def test_who_granted_more_is_held_back_less():
    counts = {answer: held(WHOLE[answer][1]) for answer in ANSWERS}
    assert counts["none"] == counts["reject"] > counts["analytics"] > counts["accept"] == 0


def test_undoing_what_was_inserted_gives_the_page_back():
    _, body, _ = WHOLE["reject"]
    _, link, _ = respond([b"<body>"], request=visitor("reject"))
    guard, link = link.split(b"<body>")
    body = body.replace(guard, b"", 1).replace(link, b"", 1)
    assert len(body) > len(PAGE)
    _, allowed, _ = WHOLE["accept"]
    assert allowed.replace(link, b"") == PAGE


def test_the_report_of_a_page():
    _, _, report = WHOLE["analytics"]
    allowed = {finding.service: finding.allowed for finding in report.findings}
    assert allowed["google-analytics"]
    assert not allowed["meta-pixel"]
    assert not allowed["youtube"]
    offsets = [finding.offset for finding in report.findings]
    assert offsets == sorted(offsets)
    assert all(PAGE[offset : offset + 1] == b"<" for offset in offsets)
    assert report.profile.allows("analytics")
    assert (report.path, report.status) == ("/page", 200)


@pytest.mark.parametrize(
    ("policies", "nonce"),
    [
        ([], None),
        ([b"script-src 'nonce-r4nd0m' 'strict-dynamic'"], b"r4nd0m"),
        ([b"img-src *", b"default-src 'self'", b"default-src 'nonce-b'; script-src 'nonce-c'"], b"c"),
        ([b"default-src 'self', script-src 'nonce-d'"], b"d"),
    ],
)
def test_the_sites_nonce_is_reused_and_none_invented(policies, nonce):
    headers = [(b"content-security-policy", policy) for policy in policies]
    start, body, _ = respond([PAGE], *headers)
    assert body.count(b'nonce="') == (0 if nonce is None else body.count(b'nonce="%b"' % nonce))
    assert (b'nonce="' in body) == (nonce is not None)
    assert [pair for pair in start["headers"] if pair[0] == b"content-security-policy"] == headers


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_well_formed_page_stays_well_formed(answer):
    page = (
        b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>Shop</title></head><body>'
        b'<script src="https://connect.facebook.net/en_US/fbevents.js"/><p>Shop</p></body></html>'
    )
    kind = (b"content-type", b"application/xhtml+xml")
    headers = [(b"sec-gpc", b"1"), *visitor(answer)]
    _, body, report = respond(
        [page], kind, (b"content-security-policy", b"script-src 'nonce-n'"), request=headers
    )
    assert parseString(body).documentElement.tagName == "html"  # noqa: S318 - it is our own
    assert b'nonce="n"' in body
    assert len(report.findings) == 1


def test_the_nonce_does_not_make_another_variant():
    etag = (b"etag", b'"1"')
    plain, _, _ = respond([PAGE], etag)
    nonced, _, _ = respond([PAGE], etag, (b"content-security-policy", b"script-src 'nonce-a'"))
    assert [v for n, v in plain["headers"] if n == b"etag"] == [
        v for n, v in nonced["headers"] if n == b"etag"
    ]


@pytest.mark.parametrize(
    ("path", "extra"),
    [("/p/caf\u00e9", {}), ("/p/caf\u00e9", {"raw_path": None}), ("/p", {"raw_path": b"/p"})],
)
def test_first_party_addresses_are_known_under_any_path(path, extra):
    sent = []

    async def app(send):
        link = b"<own.css>; rel=preload, <//shop.example/a.js>; rel=preload"
        await send({"type": "http.response.start", "status": 200, "headers": [HTML, (b"link", link)]})
        await send({"type": "http.response.body", "body": b'<body><img src="a.png"><img src="/b.png">'})

    async def send(message):
        sent.append(message)

    policy = Policy.from_dict({"unknown": "hold"})
    gate = CookieGate(_nowhere, policy=policy, secret_keys=KEY)
    headers = [(b"host", b"shop.example")]
    scope = {"type": "http", "method": "GET", "path": path, "headers": headers, "state": app, **extra}
    asyncio.run(gate(scope, None, send))
    assert sent[1]["body"].endswith(b'<img src="a.png"><img src="/b.png">')
    assert (b"link", b"<own.css>; rel=preload, <//shop.example/a.js>; rel=preload") in sent[0]["headers"]


@pytest.mark.parametrize(
    "seen",
    [
        {"path": "/shop/page", "raw_path": b"/shop/page", "root_path": "/shop"},
        {"path": "/page", "raw_path": b"/page", "root_path": "/shop"},  # stripped on its way here
        {"path": "/shop/page", "root_path": ""},
    ],
)
def test_relative_addresses_are_below_what_stands_before_every_path(seen):
    sent = []

    async def app(send):
        await send({"type": "http.response.start", "status": 200, "headers": [HTML]})
        await send({"type": "http.response.body", "body": b'<body><script src="stats/x.js"></script>'})

    async def send(message):
        sent.append(message)

    ours = {"name": "Our statistics", "vendor": "Us", "purpose": "analytics", "paths": ["/shop/stats/*"]}
    gate = CookieGate(_nowhere, policy=Policy.from_dict({"services": [ours]}), secret_keys=KEY)
    scope = {"type": "http", "method": "GET", "headers": [(b"host", b"shop.example")], "state": app, **seen}
    asyncio.run(gate(scope, None, send))
    assert b'data-cg-src="stats/x.js"' in sent[1]["body"]


def test_without_a_callback_nothing_is_reported():
    sent = []

    async def app(send):
        await send({"type": "http.response.start", "status": 200, "headers": [HTML]})
        await send({"type": "http.response.body", "body": PAGE})

    async def send(message):
        sent.append(message)

    gate = CookieGate(_nowhere, policy=POLICY, secret_keys=KEY)
    asyncio.run(gate({"type": "http", "method": "GET", "path": "/", "headers": [], "state": app}, None, send))
    assert held(sent[1]["body"])
