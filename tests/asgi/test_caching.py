"""What caches and browsers may keep: no visitor is shown a page made for another answer."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio

PAGE = b"<!doctype html><html><body><h1>Shop</h1></body></html>"
HTML = (b"content-type", b"text/html")
DOCUMENT = (b"sec-fetch-dest", b"document")


def start(*headers, status=200):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


BODY = {"type": "http.response.body", "body": PAGE}


def asked(seen, name):
    return [value for key, value in seen.scope["headers"] if key.lower() == name]


async def tag_for(site, *headers):
    seen = await site.send(start(HTML, (b"etag", b'"v1"')), BODY, headers=[DOCUMENT, *headers])
    return seen.get("etag").encode()


async def test_the_tag_tells_apart_whatever_makes_pages_differ(site):
    tags = [
        await tag_for(site),
        await tag_for(site, site.answered("accept")),
        await tag_for(site, site.answered("reject")),
        await tag_for(site, (b"sec-gpc", b"1")),
        await tag_for(site, (b"accept-language", b"de")),
    ]
    assert len(set(tags)) == len(tags)
    assert await tag_for(site) == tags[0]
    assert await tag_for(site, (b"accept-language", b"en-GB, en;q=0.5")) == tags[0]


async def test_the_same_page_is_confirmed(site):
    tag = await tag_for(site)
    unchanged = start((b"ETag", b'"v1"'), (b"Cache-Control", b"public"), status=304)
    seen = await site.send(
        unchanged, {"type": "http.response.body"}, headers=[DOCUMENT, (b"If-None-Match", tag)]
    )
    assert asked(seen, b"if-none-match") == [b'"v1"']
    assert seen.status == 304
    assert seen.get("etag") == tag.decode()
    assert seen.get("vary") == "Cookie, Sec-GPC, Accept-Language, Sec-Fetch-Dest"
    assert seen.get("cache-control") == "private"
    assert seen.body == b""


async def test_no_page_of_another_answer_is_confirmed(site):
    allowed = await tag_for(site, site.answered("accept"))
    headers = [DOCUMENT, (b"if-none-match", allowed), site.answered("reject")]
    seen = await site.send(start(HTML, (b"etag", b'"v1"')), BODY, headers=headers)
    assert asked(seen, b"if-none-match") == []


async def test_no_page_from_before_the_gate_is_confirmed(site):
    dates = [
        (b"if-modified-since", b"Tue, 01 Jan 2030 00:00:00 GMT"),
        (b"range", b"bytes=0-9"),
        (b"if-range", b'"1"'),
    ]
    seen = await site.send(start(HTML), BODY, headers=[DOCUMENT, (b"if-none-match", b'"v1"'), *dates])
    assert [name for name, _ in seen.scope["headers"]] == [b"host", b"sec-fetch-dest"]


async def test_what_is_no_page_is_confirmed_as_ever(site):
    headers = [(b"if-none-match", b'"v1"'), (b"if-modified-since", b"x"), (b"range", b"bytes=0-9")]
    message = start((b"etag", b'"v1"'), status=304)
    seen = await site.send(message, {"type": "http.response.body"}, headers=headers)
    assert seen.scope["headers"][1:] == headers
    assert seen.messages[0] is message


async def test_a_tag_of_another_answer_does_not_make_a_304_a_page(site):
    tag = await tag_for(site, site.answered("accept"))
    message = start((b"etag", b'"v1"'), status=304)
    seen = await site.send(message, {"type": "http.response.body"}, headers=[(b"if-none-match", tag)])
    assert seen.messages[0] is message


async def test_several_valid_cookies_become_one_on_pages_only(site):
    cookies = [site.answered("accept"), site.answered("reject")]
    seen = await site.send(start(HTML, (b"set-cookie", b"basket=1")), BODY, headers=cookies)
    basket, ours = seen.all("set-cookie")
    assert basket == "basket=1"
    assert ours.startswith("cg=")
    assert seen.reports[0].profile.grants["analytics"] is False
    head = await site.send(start(HTML), BODY, headers=cookies, method="HEAD")
    assert len(head.all("set-cookie")) == 1
    data = await site.send(start((b"content-type", b"application/json")), BODY, headers=cookies)
    assert data.headers == [(b"content-type", b"application/json")]


@pytest.mark.parametrize("dest", [b"iframe", b"frame", b"embed", b"object", b"fencedframe"])
async def test_a_page_inside_another_leaves_the_question_to_that_one(site, dest):
    body = {"type": "http.response.body", "body": b"<!doctype html><body>framed</body>"}
    framed = await site.send(start(HTML, (b"etag", b'"v1"')), body, headers=[(b"sec-fetch-dest", dest)])
    assert framed.bare == body["body"]
    assert b"/guard." in framed.body
    alone = await site.send(start(HTML, (b"etag", b'"v1"')), body, headers=[DOCUMENT])
    assert b'<section id="cg"' in alone.body
    assert framed.get("etag") != alone.get("etag")
