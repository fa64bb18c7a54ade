"""Every shape of message an application may send, one by one, on asyncio and on trio."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio

TRACKER = b'<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
HEAD = b'<!doctype html><html lang="en"><head><title>Shop</title></head>'
PAGE = HEAD + b"<body><h1>Shop</h1>" + TRACKER + b"</body></html>"
INNOCENT = HEAD + b'<body class="a>b"><h1>Shop</h1><script src="/own.js"></script></body></html>'
HELD = (
    b'<script type="text/plain" data-cg-service="google-analytics" data-cg-purpose="analytics" data-cg-src='
)
HTML = (b"content-type", b"text/html; charset=utf-8")
JSON = (b"content-type", b"application/json")


def start(*headers, status=200, **extra):
    return {"type": "http.response.start", "status": status, "headers": [*headers], **extra}


def body(data=b"", more=False):
    return {"type": "http.response.body", "body": data, "more_body": more}


def is_gated(seen) -> bool:
    return seen.body.count(HELD) == 1 and b' src="https' not in seen.body


# --- the page itself


async def test_a_page_is_held_asked_about_and_reported(site):
    seen = await site.send(start(HTML), body(PAGE))
    assert is_gated(seen)
    before, rest = seen.bare.split(b"<body>")
    assert before == HEAD
    assert seen.body.index(b"/guard.") < seen.body.index(b"<title>")
    assert rest.lstrip().startswith((b"<link", b"<section", b"<div", b"<aside", b"<form"))
    (report,) = seen.reports
    assert seen.reported_before_end
    assert (report.path, report.status, report.problem) == ("/page", 200, "")
    assert [(f.service, f.allowed) for f in report.findings] == [("google-analytics", False)]
    assert not report.profile.answered


async def test_an_innocent_page_differs_by_one_snippet_and_the_guard(site):
    for headers, guarded in (((), 1), ([site.answered("accept")], 0), ([site.answered("reject")], 1)):
        seen = await site.send(start(HTML), body(INNOCENT), headers=headers)
        place = INNOCENT.index(b'b">') + 3
        assert seen.body.count(b"/guard.") == guarded
        assert seen.bare.startswith(INNOCENT[:place])
        assert seen.body.endswith(INNOCENT[place:])
        assert len(seen.body) > len(INNOCENT)


async def test_after_accepting_everything_only_the_settings_link_is_added(site):
    seen = await site.send(start(HTML), body(PAGE), headers=[site.answered("accept")])
    snippet = seen.body.removeprefix(HEAD + b"<body>").removesuffix(PAGE.removeprefix(HEAD + b"<body>"))
    assert HEAD + b"<body>" + snippet + PAGE.removeprefix(HEAD + b"<body>") == seen.body
    assert 0 < len(snippet) <= 250
    assert [f.allowed for f in seen.reports[0].findings] == [True]


async def test_a_page_that_links_to_the_settings_gets_no_link(site):
    page = HEAD + b'<body><a href="/privacy-choices/">Privacy</a>'
    seen = await site.send(start(HTML), body(page), headers=[site.answered("accept")])
    assert seen.body == page


async def test_a_link_to_the_settings_is_found_wherever_it_came_with_the_beginning(site):
    page = HEAD + b"<body>" + b"<p>bread</p>" * 1500 + b'<a href="/privacy-choices/">Privacy</a>'
    accepted = [site.answered("accept")]
    seen = await site.send(start(HTML), body(page, True), body(), headers=accepted)
    assert seen.body == page


async def test_the_beginning_of_a_stream_does_not_wait_for_what_came_with_it(site):
    page = HEAD + b"<body>" + b"<p>bread</p>" * 20_000
    for headers in ([], [site.answered("accept")]):
        seen = await site.send(start(HTML), body(page, True), body(), headers=headers)
        first = next(message for message in seen.messages if message["type"] == "http.response.body")
        assert 0 < len(first["body"]) < 10_000
        assert first["more_body"]
        assert seen.body.endswith(page.partition(b"<body>")[2])


async def test_a_fragment_is_gated_and_gets_no_snippet(site):
    seen = await site.send(start(HTML), body(b"<p>More</p>" + TRACKER))
    assert is_gated(seen)
    assert seen.body.startswith(b"<p>More</p><script type=")


async def test_same_page_same_visitor_same_bytes(site):
    one, two = [await site.send(start(HTML, (b"etag", b'"a"')), body(PAGE)) for _ in "12"]
    assert one.messages == two.messages


# --- headers of pages


@pytest.mark.parametrize("page", [PAGE, INNOCENT, b"<p>fragment</p>"])
async def test_every_page_belongs_to_its_visitor(site, page):
    given = [
        HTML,
        (b"cache-control", b"public, max-age=60"),
        (b"vary", b"accept-encoding"),
        (b"etag", b'"v1"'),
    ]
    given += [(b"last-modified", b"Tue, 01 Jan 2030 00:00:00 GMT"), (b"accept-ranges", b"bytes")]
    seen = await site.send(start(*given, (b"content-md5", b"x")), body(page))
    assert seen.get("vary") == "accept-encoding, Cookie, Sec-GPC, Accept-Language, Sec-Fetch-Dest"
    assert seen.get("cache-control") == "private, max-age=60"
    assert seen.get("etag").startswith('W/"v1--cg')
    assert not {"last-modified", "content-md5", "accept-ranges"} & {name.decode() for name, _ in seen.headers}


async def test_head_says_what_get_says_but_the_length(site):
    given = [HTML, (b"content-length", b"%d" % len(PAGE)), (b"etag", b'"v1"'), (b"set-cookie", b"_ga=1")]
    got = await site.send(start(*given), body(PAGE))
    for data in (PAGE, b""):
        head = await site.send(start(*given), body(data), method="HEAD")
        assert head.headers == [pair for pair in got.headers if pair[0] != b"content-length"]
        assert head.body == b""
        assert head.status == 200


@pytest.mark.parametrize(
    ("given", "length"),
    [([], None), ([(b"Content-Length", b"%d" % len(PAGE))], True), ([(b"content-length", b"3")], True)],
)
async def test_the_length_of_a_whole_page_is_exact_where_there_was_one(site, given, length):
    seen = await site.send(start(HTML, *given), body(PAGE))
    assert seen.all("content-length") == ([str(len(seen.body))] if length else [])
    assert len(seen.bodies) == 1


async def test_the_length_of_a_page_in_pieces_goes(site):
    seen = await site.send(
        start(HTML, (b"content-length", b"%d" % len(PAGE))), body(PAGE[:90], True), body(PAGE[90:])
    )
    assert seen.get("content-length") is None
    assert is_gated(seen)


@pytest.mark.parametrize("size", [1, 2, 7, 64])
async def test_a_page_in_many_pieces(site, size):
    whole = await site.send(start(HTML), body(PAGE))
    pieces = [body(PAGE[at : at + size], True) for at in range(0, len(PAGE), size)]
    seen = await site.send(start(HTML), *pieces, body())
    assert seen.body == whole.body
    assert seen.headers == whole.headers
    assert [m.get("more_body") for m in seen.bodies] == [True] * (len(seen.bodies) - 1) + [False]
    assert seen.reported_before_end


async def test_what_can_leave_leaves_at_once(site):
    seen = await site.send(start(HTML), body(PAGE[:80], True))
    assert seen.status == 200
    assert seen.bare.startswith(PAGE[:60])


async def test_a_stream_that_ends_without_body_key(site):
    seen = await site.send(start(HTML), body(PAGE, True), {"type": "http.response.body"})
    assert is_gated(seen)
    assert seen.bodies[-1].get("more_body", False) is False


async def test_no_body_key_at_all(site):
    seen = await site.send(start(HTML, (b"content-length", b"0")), {"type": "http.response.body"})
    assert seen.body == b""
    assert seen.get("content-length") == "0"


@pytest.mark.parametrize("kind", [bytearray, memoryview])
async def test_bodies_that_are_like_bytes(site, kind):
    seen = await site.send(start(HTML), body(kind(PAGE[:50]), True), body(kind(PAGE[50:])))
    assert is_gated(seen)
    data = kind(b"\x00plain")
    seen = await site.send(start(JSON), body(data))
    assert seen.bodies[0]["body"] is data


@pytest.mark.parametrize(
    "shape",
    [list, tuple, iter, lambda pairs: (pair for pair in pairs), lambda pairs: [list(pair) for pair in pairs]],
)
async def test_headers_of_any_shape(site, shape):
    for kind in (HTML, JSON):
        pairs = [kind, (b"set-cookie", b"_ga=1"), (b"set-cookie", b"basket=2")]
        seen = await site.send({**start(), "headers": shape(pairs)}, body(PAGE))
        assert seen.all("set-cookie") == ["basket=2"]
        assert seen.get("content-type") == kind[1].decode()
        assert is_gated(seen) == (kind is HTML)


async def test_headers_that_are_missing(site):
    for data in (b'{"a": 1}', PAGE):
        seen = await site.send({"type": "http.response.start", "status": 200}, body(data))
        assert is_gated(seen) == (data is PAGE)


async def test_names_in_mixed_case(site):
    seen = await site.send(
        start(
            (b"Content-Type", b"Text/HTML"),
            (b"Set-Cookie", b"_ga=1"),
            (b"ETag", b'"1"'),
            (b"VARY", b"Cookie"),
        ),
        body(PAGE),
    )
    assert is_gated(seen)
    assert seen.all("set-cookie") == []
    assert seen.all("vary") == ["Cookie, Sec-GPC, Accept-Language, Sec-Fetch-Dest"]
    assert len(seen.all("etag")) == 1


# --- what is a page, and what is not


@pytest.mark.parametrize(
    "kind",
    [
        b"text/html",
        b"TEXT/HTML",
        b" text/html ;charset=utf-8",
        b"application/xhtml+xml",
        b"Application/XHTML+XML; q=1",
        b"text/plain, text/html",
        b"text/html,",
        b"*/*",
        b"",
    ],
)
async def test_types_that_are_pages(site, kind):
    seen = await site.send(start((b"content-type", kind)), body(PAGE))
    assert is_gated(seen)
    assert seen.get("cache-control") == "private"


@pytest.mark.parametrize("beginning", [b"", b" \r\n\t\x0c", b"\xef\xbb\xbf", b"\xef\xbb\xbf "])
async def test_a_page_without_a_type_is_sniffed_as_a_browser_does(site, beginning):
    assert is_gated(await site.send(start(), body(beginning + PAGE)))
    pieces = [body(beginning + PAGE[:1], True), body(PAGE[1:9], True), body(PAGE[9:])]
    assert is_gated(await site.send(start(), *pieces))


async def test_what_is_no_page_without_a_type_passes_as_it_is(site):
    seen = await site.send(start(), body(b"{", True), body(b'"a"', True), body(b":1}"))
    assert seen.body == b'{"a":1}'
    assert seen.headers == []
    message = body(b"\x89PNG\r\n")
    seen = await site.send(start(), message)
    assert seen.bodies[0] is message
    seen = await site.send(start((b"x-content-type-options", b"nosniff")), body(PAGE))
    assert seen.body == PAGE
    seen = await site.send(start(), body(), method="HEAD")
    assert seen.headers == []


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"text/htmlx")],
        [(b"content-type", b"application/json")],
        [(b"content-type", b"image/svg+xml")],
        [HTML, (b"content-disposition", b"attachment; filename=a.html")],
        [HTML, (b"Content-Disposition", b" ATTACHMENT")],
        [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")],
    ],
)
async def test_what_is_no_page_passes_as_it_is(site, headers):
    given = start(*headers, (b"content-length", b"%d" % len(PAGE)))
    messages = [given, body(PAGE[:9], True), body(PAGE[9:])]
    seen = await site.send(*messages)
    assert all(out is given for out, given in zip(seen.messages, messages, strict=True))
    assert seen.reports == []


async def test_an_inline_disposition_is_a_page(site):
    assert is_gated(await site.send(start(HTML, (b"content-disposition", b"inline")), body(PAGE)))


async def test_json_passes_as_the_same_objects(site):
    messages = [start(JSON, (b"vary", b"origin"), (b"set-cookie", b"basket=1")), body(b"{}")]
    seen = await site.send(*messages)
    assert [out is given for out, given in zip(seen.messages, messages, strict=True)] == [True, True]


async def test_the_cookies_of_data_are_filtered_and_reported(site):
    seen = await site.send(start(JSON, (b"set-cookie", b"_ga=1"), (b"set-cookie", b"basket=1")), body(b"{}"))
    assert seen.all("set-cookie") == ["basket=1"]
    assert seen.get("vary") is None
    assert [(f.url, f.allowed) for f in seen.reports[0].findings if f.service] == [("_ga", False)]
    assert seen.reported_before_end
    allowed = await site.send(
        start(JSON, (b"set-cookie", b"_ga=1")), body(b"{}"), headers=[site.answered("accept")]
    )
    assert allowed.all("set-cookie") == ["_ga=1"]


async def test_links_are_filtered_on_pages_and_data(site):
    link = b"<https://www.googletagmanager.com/gtag/js?id=1>; rel=preload; as=script"
    for kind in (HTML, JSON):
        seen = await site.send(
            start(kind, (b"link", link), (b"link", b"</a.css>; rel=preload")), body(b"<p>")
        )
        assert seen.all("link") == ["</a.css>; rel=preload"]
        assert [f.service for f in seen.reports[0].findings] == ["google-analytics"]


# --- statuses


@pytest.mark.parametrize("status", [200, 201, 203, 301, 302, 400, 403, 404, 410, 422, 500, 503])
async def test_every_status_with_a_body(site, status):
    seen = await site.send(start(HTML, status=status), body(PAGE))
    assert is_gated(seen)
    assert seen.reports[0].status == seen.status == status


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_every_status_without_a_body(site, status):
    messages = [start(HTML, (b"etag", b'"1"'), status=status), body()]
    seen = await site.send(*messages)
    assert [out is given for out, given in zip(seen.messages, messages, strict=True)] == [True, True]


async def test_a_part_of_a_page_cannot_be_read_so_it_gets_a_barrier(site, caplog):
    seen = await site.send(start(HTML, (b"content-range", b"bytes 3-9/99"), status=206), body(PAGE[3:10]))
    assert seen.body == PAGE[3:10]
    assert "default-src 'self'" in seen.get("content-security-policy")
    assert seen.reports[0].problem == "a part of a page cannot be read without the rest"
    video = [start((b"content-type", b"video/mp4"), status=206), body(b"123")]
    assert (await site.send(*video)).messages == video


async def test_informational_responses(site):
    link = b"<https://www.googletagmanager.com/gtag/js>; rel=preload; as=script, </own.css>; rel=preload"
    plain = start(status=102)
    seen = await site.send(plain, start((b"link", link), status=103), start(HTML), body(PAGE))
    assert seen.messages[0] is plain
    assert seen.messages[1]["headers"] == [(b"link", b"</own.css>; rel=preload")]
    assert is_gated(seen)


async def test_early_hints(site):
    hint = {
        "type": "http.response.early_hint",
        "links": iter(
            [b"<https://www.googletagmanager.com/gtag/js>; rel=preload", b"</own.css>; rel=preload"]
        ),
    }
    seen = await site.send(hint, start(HTML), body(PAGE))
    assert seen.messages[0] == {"type": "http.response.early_hint", "links": [b"</own.css>; rel=preload"]}
    assert len(seen.reports[0].findings) == 2


# --- extensions


async def test_trailers_follow_the_page(site):
    trailers = {
        "type": "http.response.trailers",
        "headers": [(b"server-timing", b"a")],
        "more_trailers": False,
    }
    for kind in (HTML, JSON):
        seen = await site.send(start(kind, trailers=True), body(PAGE), trailers)
        assert seen.start["trailers"] is True
        assert seen.messages[-1] is trailers


async def test_files_cannot_be_sent_around_the_gate(site):
    bypasses = {"http.response.pathsend": {}, "http.response.zerocopysend": {}}
    offered = {**bypasses, "http.response.debug": {}, "http.response.trailers": {}}
    seen = await site.send(start(JSON), body(b"{}"), extensions=offered)
    assert seen.scope["extensions"] == {"http.response.debug": {}, "http.response.trailers": {}}
    assert len(offered) == 4
    innocent = {"http.response.debug": {}}
    seen = await site.send(start(JSON), body(b"{}"), extensions=innocent)
    assert seen.scope["extensions"] is innocent
    for kind in bypasses:
        with pytest.raises(RuntimeError, match="was not offered"):
            await site.send(start(HTML), {"type": kind, "path": "/a.html"}, extensions=offered)
        assert site.last.messages == []


async def test_messages_nobody_knows_pass(site):
    debug = {"type": "http.response.debug", "info": {"template": object()}}
    seen = await site.send(debug, start(HTML), body(PAGE))
    assert seen.messages[0] is debug


# --- when things go wrong


async def test_an_application_that_raises_before_the_start(site):
    async def app(scope, receive, send):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await site.run(app)
    assert site.last.messages == []


async def test_an_application_that_raises_after_the_start_leaves_room_for_an_error_page(site):
    async def app(scope, receive, send):
        await send(start(HTML))
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await site.run(app)
    assert site.last.messages == []


async def test_an_application_that_raises_within_the_page(site):
    async def app(scope, receive, send):
        await send(start(HTML))
        await send(body(PAGE[:100], True))
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await site.run(app)
    assert site.last.bodies[-1]["more_body"] is True
    assert site.last.reports == []


async def test_a_second_start_replaces_one_that_nobody_saw(site):
    seen = await site.send(start(HTML), start(HTML, status=500), body(PAGE))
    assert [m["status"] for m in seen.messages if "status" in m] == [500]
    assert is_gated(seen)


async def test_nothing_follows_the_end_of_a_page(site):
    with pytest.raises(RuntimeError, match="after the end"):
        await site.send(start(HTML), body(PAGE), body(PAGE))
    assert site.last.body.count(b"googletagmanager") == 1


async def test_a_visitor_who_went_away(site):
    async def app(scope, receive, send):
        assert (await receive())["type"] == "http.request"
        await send(start(HTML))
        await send(body(PAGE))

    gone = OSError("client disconnected")

    def fail(report):
        raise gone

    # The server's own exception reaches the application; one from on_response does not.
    assert is_gated(await site.run(app, on_response=fail))


async def test_a_server_that_raises_tells_the_application(site):
    from cookiegate import CookieGate

    async def app(scope, receive, send):
        await send(start(HTML))
        with pytest.raises(OSError, match="gone"):
            await send(body(PAGE))
        raise LookupError("seen")

    async def send(message):
        raise OSError("gone")

    gate = CookieGate(app, secret_keys="k" * 32)
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(LookupError, match="seen"):
        await gate(scope, None, send)


async def test_a_report_that_fails_is_logged_and_the_page_goes_out(site, caplog):
    def fail(report):
        raise ZeroDivisionError("in the callback")

    seen = await site.send(start(HTML), body(PAGE), on_response=fail)
    assert is_gated(seen)
    assert "on_response failed for /page" in caplog.text
    assert "in the callback" in caplog.text
