"""Pages for everyone: with ``cache = "shared"`` or ``"bucket"`` no visitor leaves a trace in them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate import Policy, consent_of
from cookiegate.policy.model import Cache, Collection

pytestmark = pytest.mark.anyio

SHARED, BUCKET = Policy(cache=Cache.SHARED), Policy(cache=Cache.BUCKET)
BOTH = pytest.mark.parametrize("policy", [SHARED, BUCKET], ids=["shared", "bucket"])
TRACKER = b'<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
PAGE = b'<!doctype html><html lang="de"><body>' + TRACKER + b"<h1>Laden</h1></body></html>"
HELD = b'<script data-cg-service="google-analytics" data-cg-purpose="analytics" data-cg-src='
HTML = (b"content-type", b"text/html; charset=utf-8")
PUBLIC = (b"cache-control", b"public, max-age=60, s-maxage=600")
DOCUMENT = (b"sec-fetch-dest", b"document")
ANSWERED = (b"cg-bucket", b"answered")


def start(*headers, status=200):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


BODY = {"type": "http.response.body", "body": PAGE}
PIECES = [
    {"type": "http.response.body", "body": PAGE[:44], "more_body": True},
    {"type": "http.response.body", "body": PAGE[44:]},
]


def visitors(site):
    return [
        [],
        [site.answered("accept")],
        [site.answered("reject")],
        [(b"sec-gpc", b"1")],
        [(b"accept-language", b"ar")],
        [(b"sec-fetch-dest", b"iframe")],
        [site.answered("accept"), site.answered("reject")],
        [(b"cookie", b"cg=forged; cg-b=answered")],
        # That something of theirs is denied, and looked at for that, is no question of the application's.
        [(b"cookie", b"_ga=1; basket=1")],
    ]


@BOTH
@pytest.mark.parametrize("pieces", [[BODY], PIECES], ids=["whole", "stream"])
async def test_everyone_gets_the_same_page(site, policy, pieces):
    bodies, heads = set(), set()
    for headers in visitors(site):
        seen = await site.send(
            start(HTML, PUBLIC, (b"etag", b'"v1"')), *pieces, policy=policy, headers=headers
        )
        bodies.add(seen.body)
        heads.add(tuple(seen.headers))
        assert not seen.reports[0].profile.answered
    (body,) = bodies
    assert HELD in body or b"data-cg-src=" in body
    assert b'<section id="cg" lang="de"' in body
    assert TRACKER not in body
    (head,) = heads
    assert dict(head)[b"cache-control"] == b"public, max-age=60, s-maxage=600"
    assert dict(head).get(b"vary") == (b"CG-Bucket" if policy is BUCKET else None)
    assert b"set-cookie" not in dict(head)
    assert dict(head)[b"etag"].startswith(b'W/"v1--cg')


WORDS = st.sampled_from(
    [
        (b"cookie", b"cg=x; _ga=1"),
        (b"cookie", b"cg-b=answered"),
        (b"sec-gpc", b"1"),
        (b"dnt", b"1"),
        (b"accept-language", b"ar;q=0.9, de"),
        (b"sec-fetch-dest", b"iframe"),
        (b"sec-fetch-dest", b"empty"),
        (b"referer", b"https://elsewhere.example/secret"),
        (b"user-agent", b"Mozilla/5.0"),
        (b"origin", b"https://elsewhere.example"),
        (b"authorization", b"Basic eA=="),
        (b"x-forwarded-for", b"192.0.2.9"),
        (b"x-forwarded-proto", b"https"),
        (b"if-none-match", b'"v1"'),
        (b"range", b"bytes=0-9"),
    ]
)


@given(
    st.lists(WORDS, max_size=6),
    st.sampled_from([None, "accept", "reject"]),
    st.sampled_from([SHARED, BUCKET]),
)
def test_nothing_that_a_visitor_says_is_in_the_page_for_everyone(site, words, answer, policy):
    messages = [start(HTML, PUBLIC, (b"etag", b'"v1"')), *PIECES]
    headers = [*words, *([site.answered(answer)] if answer else [])]
    nobody = asyncio.run(site.send(*messages, policy=policy))
    somebody = asyncio.run(
        site.send(*messages, policy=policy, headers=headers, client=("192.0.2.99", 1), query_string=b"q=1")
    )
    assert (somebody.headers, somebody.body) == (nobody.headers, nobody.body)


@BOTH
async def test_what_the_site_says_to_caches_stays(site, policy):
    said = [PUBLIC, (b"cdn-cache-control", b"max-age=9"), (b"vary", b"Accept-Encoding")]
    seen = await site.send(start(HTML, *said), BODY, policy=policy)
    assert seen.get("cdn-cache-control") == "max-age=9"
    assert seen.get("vary") == ("Accept-Encoding, CG-Bucket" if policy is BUCKET else "Accept-Encoding")
    nothing = await site.send(start(HTML), BODY, policy=policy)
    assert nothing.get("cache-control") is None


async def test_those_in_the_bucket_are_not_asked_and_get_nothing_else(site):
    asked = await site.send(start(HTML, (b"etag", b'"v1"')), BODY, policy=BUCKET)
    told = await site.send(start(HTML, (b"etag", b'"v1"')), BODY, policy=BUCKET, headers=[ANSWERED])
    assert b'id="cg"' not in told.body
    assert b'<a id="cg-l" href="/privacy-choices/" lang="de"' in told.body
    assert b'data-cg-state="/privacy-choices/state"' in told.body
    assert TRACKER not in told.body
    assert told.get("etag") != asked.get("etag")
    assert told.get("vary") == "CG-Bucket"
    # Who is refused and who is granted shows in nothing.
    for answer in ("accept", "reject"):
        again = await site.send(
            start(HTML, (b"etag", b'"v1"')), BODY, policy=BUCKET, headers=[ANSWERED, site.answered(answer)]
        )
        assert (again.body, again.headers) == (told.body, told.headers)


async def test_a_bucket_counts_only_where_the_policy_says_so(site):
    for policy in (Policy(), SHARED):
        seen = await site.send(start(HTML), BODY, policy=policy, headers=[ANSWERED])
        assert b'<section id="cg"' in seen.body


@BOTH
async def test_the_stop_switch_holds_for_everyone(site, policy):
    stopped = replace(policy, collection=Collection.SUSPENDED)
    seen = await site.send(start(HTML), BODY, policy=stopped, headers=[site.answered("accept")])
    assert TRACKER not in seen.body


@BOTH
async def test_headers_are_those_for_everyone_too(site, policy):
    tracking = [
        (b"set-cookie", b"_ga=1"),
        (b"set-cookie", b"basket=1"),
        (b"link", b"<https://www.googletagmanager.com/gtag/js>; rel=preload; as=script"),
    ]
    for kind in (b"text/html", b"application/json"):
        seen = await site.send(
            start((b"content-type", kind), *tracking),
            {"type": "http.response.body"},
            policy=policy,
            headers=[site.answered("accept")],
        )
        assert seen.all("set-cookie") == ["basket=1"]
        assert seen.get("link") is None
    hints = {
        "type": "http.response.early_hint",
        "links": [b"<https://www.googletagmanager.com/gtag/js>; rel=preload; as=script"],
    }
    early = await site.send(hints, start(HTML), BODY, policy=policy, headers=[site.answered("accept")])
    assert early.messages[0]["links"] == []


@BOTH
async def test_json_that_holds_html_is_for_everyone_too(site, policy):
    policy = replace(policy, site=replace(policy.site, json_html=("/page",)))
    body = {"type": "http.response.body", "body": b'{"html": "<img src=https://www.facebook.com/tr?id=1>"}'}
    seen = await site.send(
        start((b"content-type", b"application/json"), PUBLIC),
        body,
        policy=policy,
        headers=[site.answered("accept")],
    )
    assert b"data-cg-src" in seen.body
    assert seen.get("cache-control") == PUBLIC[1].decode()


# --- what is for one visitor alone


@pytest.mark.parametrize(
    "ask",
    [
        lambda view: view.allows("analytics"),
        lambda view: view.allows_service("google-analytics"),
        lambda view: view.decide("google-analytics"),
        lambda view: view.state,
        lambda view: view.signals,
        lambda view: view.profile,
    ],
)
@BOTH
async def test_a_page_made_for_its_visitor_is_theirs_alone(site, policy, ask):
    async def app(scope, receive, send):
        ask(consent_of(scope))
        await send(start(HTML, PUBLIC, (b"etag", b'"v1"')))
        await send(BODY)

    seen = await site.run(app, policy=policy, headers=[site.answered("accept")])
    assert TRACKER in seen.body
    assert seen.get("cache-control") == "private, max-age=60"
    assert seen.get("vary").startswith("Cookie, Sec-GPC")
    shared = await site.send(start(HTML, (b"etag", b'"v1"')), BODY, policy=policy)
    assert seen.get("etag") != shared.get("etag")
    refused = await site.run(app, policy=policy, headers=[site.answered("reject")])
    assert TRACKER not in refused.body
    assert b'id="cg"' not in refused.body


@pytest.mark.parametrize(("policy", "names"), [(SHARED, ["cg"]), (BUCKET, ["cg", "cg-b"])])
async def test_an_answer_from_code_is_theirs_alone(site, policy, names):
    async def app(scope, receive, send):
        await consent_of(scope).grant("analytics")
        await send(start(HTML, PUBLIC))
        await send(BODY)

    seen = await site.run(app, policy=policy)
    assert TRACKER in seen.body
    assert seen.get("cache-control") == "private, max-age=60"
    assert [value.partition("=")[0] for value in seen.all("set-cookie")] == names
    ages = {value.partition("Max-Age=")[2].partition(";")[0] for value in seen.all("set-cookie")}
    assert ages == {"15552000"}


@BOTH
async def test_data_that_carries_an_answer_is_theirs_alone(site, policy):
    async def app(scope, receive, send):
        await consent_of(scope).withdraw("analytics")
        await send(start((b"content-type", b"application/json"), PUBLIC))
        await send({"type": "http.response.body", "body": b"{}"})

    seen = await site.run(app, policy=policy)
    assert seen.get("cache-control") == "private, max-age=60"
    assert seen.get("set-cookie").startswith("cg=")


@BOTH
async def test_what_cannot_be_read_is_nobodys_to_keep(site, policy):
    seen = await site.send(start(HTML, PUBLIC, (b"content-encoding", b"x-odd")), BODY, policy=policy)
    assert seen.get("content-security-policy")
    assert seen.get("cache-control") == "private, max-age=60"


async def test_what_is_asked_after_the_start_changes_nothing(site):
    async def app(scope, receive, send):
        await send(start(HTML, PUBLIC))
        await send({"type": "http.response.body", "body": PAGE[:44], "more_body": True})
        assert consent_of(scope).allows("analytics")
        await send({"type": "http.response.body", "body": PAGE[44:]})

    seen = await site.run(app, policy=SHARED, headers=[site.answered("accept")])
    assert TRACKER not in seen.body
    assert not seen.reports[0].profile.grants["analytics"]


# --- what a cache has, and asks about


@BOTH
async def test_the_page_for_everyone_is_confirmed_whoever_asks(site, policy):
    first = await site.send(start(HTML, PUBLIC, (b"etag", b'"v1"')), BODY, policy=policy)
    tag = first.get("etag").encode()
    for headers in visitors(site):
        seen = await site.send(
            start((b"etag", b'"v1"'), PUBLIC, status=304),
            {"type": "http.response.body"},
            policy=policy,
            headers=[*headers, (b"if-none-match", tag)],
        )
        assert [v for n, v in seen.scope["headers"] if n == b"if-none-match"] == [b'"v1"']
        assert seen.status == 304
        assert seen.get("etag") == tag.decode()
        assert seen.get("cache-control") == PUBLIC[1].decode()
        assert not seen.all("set-cookie")


@BOTH
async def test_no_visitors_own_page_is_confirmed_as_the_one_for_everyone(site, policy):
    accept = site.answered("accept")
    private = await site.send(start(HTML, (b"etag", b'"v1"')), BODY, headers=[accept])
    headers = [accept, DOCUMENT, (b"if-none-match", private.get("etag").encode())]
    seen = await site.send(start(HTML), BODY, policy=policy, headers=headers)
    assert not [v for n, v in seen.scope["headers"] if n == b"if-none-match"]


async def test_the_page_of_one_bucket_is_not_confirmed_for_the_other(site):
    first = await site.send(start(HTML, (b"etag", b'"v1"')), BODY, policy=BUCKET, headers=[ANSWERED])
    tag = (b"if-none-match", first.get("etag").encode())
    other = await site.send(start(HTML), BODY, policy=BUCKET, headers=[DOCUMENT, tag])
    assert not [v for n, v in other.scope["headers"] if n == b"if-none-match"]


@BOTH
async def test_a_304_after_a_question_confirms_the_page_for_everyone(site, policy):
    first = await site.send(start(HTML, (b"etag", b'"v1"')), BODY, policy=policy)

    async def app(scope, receive, send):
        consent_of(scope).allows("analytics")
        await send(start((b"etag", b'"v1"'), PUBLIC, status=304))
        await send({"type": "http.response.body"})

    headers = [site.answered("accept"), (b"if-none-match", first.get("etag").encode())]
    seen = await site.run(app, policy=policy, headers=headers)
    assert seen.get("etag") == first.get("etag")


@BOTH
async def test_a_head_says_what_the_page_would(site, policy):
    full = await site.send(start(HTML, PUBLIC, (b"etag", b'"v1"')), BODY, policy=policy)
    head = await site.send(
        start(HTML, PUBLIC, (b"etag", b'"v1"')),
        BODY,
        policy=policy,
        method="HEAD",
        headers=[site.answered("accept")],
    )
    assert head.body == b""
    assert head.headers == full.headers
