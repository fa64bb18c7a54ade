"""The doors beside the page: cookies both ways, headers, websockets, streams of events."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from cookiegate import CookieGate, Policy, consent_of
from cookiegate.consent.decide import Reason
from cookiegate.exceptions import ConsentAlreadySent
from cookiegate.gate.findings import Kind

if TYPE_CHECKING:
    from conftest import Site

pytestmark = pytest.mark.anyio

KEY = "a key that is long enough for the tests"
HTML = (b"content-type", b"text/html")
JSON = (b"content-type", b"application/json")
RULES = (b"content-type", b"application/speculationrules+json")
TRACKER = b"https://www.googletagmanager.com/gtag/js"
SENT = (b"cookie", b"_ga=1; basket=2; _fbp=3")


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes = b"", more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def cookies_in(scope: dict[str, Any]) -> list[bytes]:
    return [value for name, value in scope["headers"] if name.lower() == b"cookie"]


# --- Cookie


async def test_the_application_does_not_see_denied_cookies(site: Site) -> None:
    ours = site.answered("reject")
    seen = await site.send(start(JSON), body(b"{}"), headers=[ours, SENT])
    assert cookies_in(seen.scope) == [ours[1], b"basket=2"]
    view = consent_of(seen.scope)
    assert view.decide("google-analytics").reason is Reason.PURPOSE_DENIED
    assert SENT in view._scope["headers"]
    one = (b"cookie", ours[1] + b"; " + SENT[1])
    seen = await site.send(start(JSON), body(b"{}"), headers=[one])
    assert cookies_in(seen.scope) == [ours[1] + b"; basket=2"]


async def test_allowed_cookies_stay_and_the_policy_may_show_all(site: Site) -> None:
    seen = await site.send(start(JSON), body(b"{}"), headers=[site.answered("accept"), SENT])
    assert cookies_in(seen.scope)[1] is SENT[1]
    policy = Policy.from_dict({"consent": {"hide_cookies": False}})
    seen = await site.send(start(JSON), body(b"{}"), headers=[SENT], policy=policy)
    assert cookies_in(seen.scope) == [SENT[1]]


async def test_middleware_inside_sees_the_same(site: Site) -> None:
    lists = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        lists.append(scope["headers"])
        await send(start(JSON))
        await send(body())

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        lists.append(scope["headers"])
        await app(scope, receive, send)

    await site.run(middleware, headers=[SENT])
    assert lists[0] is lists[1]
    assert (b"cookie", b"basket=2") in lists[0]


# --- deleting what is denied


async def test_a_page_deletes_denied_cookies_and_data_does_not(site: Site) -> None:
    page = await site.send(start(HTML), body(b"<body>"), headers=[SENT], raw_path=b"/a/page")
    assert page.all("set-cookie") == [
        f"{name}=; Path={path}; Max-Age=0"
        for path in ("/", "/a", "/a/", "/a/page")
        for name in ("_ga", "_fbp")
    ]
    assert page.get("cache-control") == "private"
    for kind, status in ((JSON, 200), (HTML, 304), (HTML, 204)):
        data = await site.send(start(kind, status=status), body(), headers=[SENT])
        assert data.all("set-cookie") == []


async def test_after_a_refusal_parent_domains_too(site: Site) -> None:
    refused = await site.send(start(HTML), body(b"<body>"), headers=[site.answered("reject"), SENT])
    assert "_ga=; Path=/; Max-Age=0; Domain=shop.example" in refused.all("set-cookie")
    accepted = await site.send(start(HTML), body(b"<body>"), headers=[site.answered("accept"), SENT])
    assert accepted.all("set-cookie") == []


async def test_what_the_application_deletes_itself_passes_beside_it(site: Site) -> None:
    own = (b"set-cookie", b"_ga=; Max-Age=0; Path=/old")
    page = await site.send(start(HTML, own, (b"set-cookie", b"_ga=2")), body(b"<body>"), headers=[SENT])
    assert page.all("set-cookie")[0] == own[1].decode()
    assert "_ga=2" not in page.all("set-cookie")


# --- headers


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        (b"Refresh", b"0; url=" + TRACKER, Kind.REFRESH),
        (b"Reporting-Endpoints", b'default="' + TRACKER + b'"', Kind.REPORT),
        (b"Speculation-Rules", b'"' + TRACKER + b'"', Kind.HINT),
        (b"SourceMap", TRACKER, Kind.LINK),
        (b"X-SourceMap", TRACKER, Kind.LINK),
        (b"Link", b"<" + TRACKER + b">; rel=preload", Kind.HINT),
        (b"Attribution-Reporting-Register-Source", b'{"destination": "' + TRACKER + b'"}', Kind.PING),
    ],
)
@pytest.mark.parametrize("kind_of_body", [HTML, JSON])
@pytest.mark.parametrize("status", [103, 200, 304])
async def test_headers_that_lead_to_what_is_denied_go(
    site: Site, name: bytes, value: bytes, kind: Kind, kind_of_body: tuple[bytes, bytes], status: int
) -> None:
    messages = [start(kind_of_body, (name, value), status=status), body()]
    if status == 103:
        messages.insert(1, start(JSON))
    for answer, left in (("reject", False), ("accept", True)):
        seen = await site.send(*messages, headers=[site.answered(answer)])
        headers = seen.messages[0]["headers"]
        assert ((name, value) in headers) is left
        assert any(TRACKER in value for _, value in headers) is left
        if status == 200:
            assert [(f.kind, f.allowed) for f in seen.reports[0].findings] == [(kind, left)]


async def test_network_error_logging_is_ended(site: Site) -> None:
    group = {"group": "g", "max_age": 9, "endpoints": [{"url": TRACKER.decode()}]}
    headers = [
        (b"report-to", json.dumps(group).encode()),
        (b"nel", b'{"report_to": "g", "max_age": 9}'),
    ]
    seen = await site.send(start(JSON, *headers), body(b"{}"))
    assert json.loads(seen.get("nel") or "") == {"report_to": "g", "max_age": 0}
    assert json.loads(seen.get("report-to") or "") == {
        "group": "g",
        "max_age": 0,
        "endpoints": [{"url": "https://shop.example/"}],
    }


# --- speculation rules


async def test_speculation_rules_of_their_own_are_gated(site: Site) -> None:
    text = b'{"prefetch":[{"urls":["/own","' + TRACKER + b'"]}]}'
    length = (b"content-length", b"%d" % len(text))
    tag = (b"etag", b'"1"')
    refused = await site.send(start(RULES, length, tag), body(text[:9], True), body(text[9:]))
    own, held = json.loads(refused.body)["prefetch"][0]["urls"]
    assert own == "/own"
    assert held.startswith("data:,cg:")
    assert held.endswith(TRACKER.decode())
    assert refused.get("content-length") == str(len(refused.body))
    assert refused.get("cache-control") == "private"
    assert (refused.get("etag") or "").startswith('W/"1--cg')
    assert not refused.reports[0].findings[0].allowed
    accepted = await site.send(start(RULES, length), body(text), headers=[site.answered("accept")])
    assert accepted.body == text


async def test_packed_rules_and_rules_on_a_path_of_json(site: Site) -> None:
    text = b'{"prefetch":[{"urls":["' + TRACKER + b'"]}]}'
    packed = (b"content-encoding", b"gzip")
    seen = await site.send(
        start(RULES, packed), body(gzip.compress(text)), headers=[(b"accept-encoding", b"gzip")]
    )
    assert b'"data:,cg:' in gzip.decompress(seen.body)
    policy = Policy.from_dict({"site": {"json_html": ["/page"]}})
    seen = await site.send(start(RULES), body(text), policy=policy)
    assert b'"data:,cg:' in seen.body
    head = await site.send(start(RULES, (b"content-length", b"9")), body(), method="HEAD")
    assert head.get("content-length") is None


# --- streams of events


async def test_a_stream_of_events_passes_piece_by_piece(site: Site) -> None:
    pieces = [b"data: <script src=", TRACKER, b"></script>\n\n", b": still here\n\n"]
    sent_by_then: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert cookies_in(scope) == [b"basket=2"]
        await send(start((b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")))
        for piece in pieces:
            await send(body(piece, True))
            sent_by_then.append(len(site.last.bodies))
        await send(body())

    seen = await site.run(app, headers=[SENT])
    assert sent_by_then == [1, 2, 3, 4]
    assert [message["body"] for message in seen.bodies] == [*pieces, b""]
    assert seen.headers == [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    assert seen.reports == []


# --- websockets


async def connected(
    site: Site, *headers: tuple[bytes, bytes], policy: Policy | None = None, **extra: Any
) -> Any:
    """Open a websocket through a gate, and return the scope that the application was handed."""
    handed: list[Any] = []

    async def app(*connection: Any) -> None:
        handed.extend(connection)

    scope = {"type": "websocket", "path": "/chat", "headers": [(b"host", b"shop.example"), *headers], **extra}
    sent = dict(scope), object(), object()
    await CookieGate(app, policy=policy or site.policy, secret_keys=KEY)(*sent)
    assert sent[0] == scope
    assert handed[1:] == list(sent[1:])
    return handed[0]


async def test_only_the_cookies_of_a_websocket_are_filtered(site: Site) -> None:
    ours = site.answered("reject")
    coding = (b"accept-encoding", b"br")
    scope = await connected(site, coding, ours, SENT, subprotocols=["chat"])
    assert scope["headers"] == [(b"host", b"shop.example"), coding, ours, (b"cookie", b"basket=2")]
    assert scope["subprotocols"] == ["chat"]
    policy = Policy.from_dict({"consent": {"hide_cookies": False}})
    assert SENT in (await connected(site, SENT, policy=policy))["headers"]


async def test_what_a_websocket_may_know_of_its_visitor(site: Site) -> None:
    view = consent_of(await connected(site, site.answered("accept"), SENT))
    assert view.allows("analytics")
    assert consent_of(await connected(site, SENT)).state is None
    assert consent_of(await connected(site, scheme="wss")).visit.origin.secure
    for answer in (view.grant_sync, view.withdraw_sync):
        with pytest.raises(ConsentAlreadySent, match="websocket"):
            answer("analytics")
    with pytest.raises(ConsentAlreadySent, match="websocket"):
        await view.grant("analytics")


async def test_a_websocket_inside_another_gate_is_left_to_that_one(site: Site) -> None:
    scope = await connected(site, SENT, cookiegate="the outer one")
    assert scope["cookiegate"] == "the outer one"
    assert SENT in scope["headers"]
