"""Paths whose JSON holds HTML, as the policy names them; all other JSON is left alone."""

from __future__ import annotations

import gzip
import json

import brotli
import pytest
import zstandard

from cookiegate import Policy
from cookiegate.gate.encoding import Decoder
from cookiegate.gate.json import LIMIT

pytestmark = pytest.mark.anyio

JSON = (b"content-type", b"application/json")
PIXEL = '<img src="https://www.facebook.com/tr?id=1">'
DATA = {"id": 1, "html": f"<p>Card</p>{PIXEL}"}
BODY = json.dumps(DATA).encode()
NAMED = {"policy": Policy.from_dict({"site": {"json_html": ["/api/cards", "/v1/*"]}}), "path": "/api/cards"}
ACCEPTS_GZIP = (b"accept-encoding", b"gzip, dcb")
GZIP = (b"content-encoding", b"gzip")


def start(*headers, status=200):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data=b"", more=False):
    return {"type": "http.response.body", "body": data, "more_body": more}


def is_gated(seen) -> bool:
    data = json.loads(seen.body)
    return data["id"] == 1 and 'data-cg-src="https://www.facebook.com' in data["html"]


@pytest.mark.parametrize("path", ["/api/cards", "/v1/", "/v1/a/b"])
@pytest.mark.parametrize(
    "kind", [b"application/json", b"Application/JSON; charset=utf-8", b"application/ld+json"]
)
async def test_json_of_a_named_path_is_gated(site, path, kind):
    length = (b"content-length", b"%d" % len(BODY))
    seen = await site.send(start((b"content-type", kind), length), body(BODY), **{**NAMED, "path": path})
    assert is_gated(seen)
    assert seen.get("content-length") == str(len(seen.body))
    (report,) = seen.reports
    assert [(found.service, found.allowed) for found in report.findings] == [("meta-pixel", False)]
    assert seen.reported_before_end


async def test_json_of_other_paths_and_other_data_are_left_alone(site):
    for path, kind in (("/api/other", b"application/json"), ("/api/cards", b"text/plain")):
        messages = [start((b"content-type", kind)), body(BODY)]
        seen = await site.send(*messages, **{**NAMED, "path": path})
        assert all(out is given for out, given in zip(seen.messages, messages, strict=True))
        assert seen.reports == []


async def test_pages_of_a_named_path_are_pages(site):
    page = b"<!doctype html><body>" + PIXEL.encode()
    seen = await site.send(start((b"content-type", b"text/html")), body(page), **NAMED)
    assert b"data-cg-src" in seen.body
    assert b'<section id="cg"' in seen.body


async def test_what_was_granted_stays(site):
    seen = await site.send(start(JSON), body(BODY), headers=[site.answered("accept")], **NAMED)
    assert seen.body == BODY
    assert [found.allowed for found in seen.reports[0].findings] == [True]


async def test_without_anything_to_find_nothing_is_reported(site):
    seen = await site.send(start(JSON), body(b'{"a": "<p>"}'), **NAMED)
    assert seen.body == b'{"a": "<p>"}'
    assert seen.reports == []


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_it_may_come_in_pieces(site, size):
    pieces = [body(BODY[at : at + size], True) for at in range(0, len(BODY), size)]
    seen = await site.send(start(JSON, (b"content-length", b"%d" % len(BODY))), *pieces, body(), **NAMED)
    assert is_gated(seen)
    assert len(seen.bodies) == 1
    assert seen.get("content-length") == str(len(seen.body))
    with pytest.raises(RuntimeError, match="after the end"):
        await site.send(start(JSON), body(BODY), body(BODY), **NAMED)


async def test_it_belongs_to_its_visitor(site):
    given = start(JSON, (b"etag", b'"1"'), (b"cache-control", b"public"), (b"accept-ranges", b"bytes"))
    tags = set()
    for visitor in ([], [site.answered("accept")]):
        seen = await site.send(given, body(BODY), headers=visitor, **NAMED)
        assert seen.get("cache-control") == "private"
        assert "Cookie" in seen.get("vary")
        assert seen.get("accept-ranges") is None
        tags.add(seen.get("etag"))
        head = await site.send(given, body(), headers=visitor, method="HEAD", **NAMED)
        assert head.headers == seen.headers
        assert head.body == b""
    assert len(tags) == 2
    asked = [(b"if-none-match", tag.encode()) for tag in tags]
    unchanged = start((b"etag", b'"1"'), status=304)
    found = [await site.send(unchanged, body(), headers=[tag], **NAMED) for tag in asked]
    assert sorted(len(seen.get("etag")) for seen in found) == [3, len(next(iter(tags)))]


async def test_it_is_asked_for_whole_and_readable(site):
    headers = [
        (b"sec-fetch-dest", b"json"),
        ACCEPTS_GZIP,
        (b"range", b"bytes=0-9"),
        (b"if-modified-since", b"Tue, 01 Jan 2030 00:00:00 GMT"),
        (b"if-none-match", b'"from before the gate"'),
    ]
    seen = await site.send(start(JSON), body(BODY), headers=headers, **NAMED)
    assert seen.scope["headers"][1:] == [headers[0], (b"accept-encoding", b"gzip")]
    seen = await site.send(start(JSON), body(BODY), headers=headers[:2], **NAMED)
    assert seen.scope["headers"][1:] == [headers[0], (b"accept-encoding", b"gzip")]


async def test_packed_json_is_packed_again(site):
    seen = await site.send(start(JSON, GZIP), body(gzip.compress(BODY)), headers=[ACCEPTS_GZIP], **NAMED)
    assert 'data-cg-src="https' in json.loads(gzip.decompress(seen.body))["html"]
    seen = await site.send(start(JSON, GZIP), body(gzip.compress(BODY)), **NAMED)
    assert seen.get("content-encoding") is None
    assert is_gated(seen)


async def test_json_leaves_in_a_coding_that_the_visitor_reads(site):
    brotli_only, zstd_only = (b"accept-encoding", b"br"), (b"accept-encoding", b"zstd, gzip;q=0.9")
    packed = zstandard.ZstdCompressor().compress(brotli.compress(BODY))
    given = start(JSON, (b"content-encoding", b"br, zstd"), (b"content-length", b"%d" % len(packed)))
    for accepts, coding in ((brotli_only, "br"), (zstd_only, "zstd")):
        for cut in (len(packed), 9):
            messages = [body(packed[:cut], True), body(packed[cut:])]
            seen = await site.send(given, *messages, headers=[accepts], **NAMED)
            assert seen.all("content-encoding") == [coding]
            assert seen.get("content-length") == str(len(seen.body))
            decoder = Decoder(coding.encode())
            seen.bodies[0]["body"] = b"".join(decoder.feed(seen.body))
            assert is_gated(seen)


async def test_what_cannot_be_read_passes_unread_and_is_reported(site, caplog):
    broken = gzip.compress(BODY)[:-9]
    bomb = gzip.compress(b" " * (LIMIT + 1))
    long = b'"' + b"x" * LIMIT + b'"'
    dictionary = (b"content-encoding", b"dcb")
    for given, data, problem in (
        (start(JSON, GZIP), broken, "ends within"),
        (start(JSON, GZIP), bomb, "unpacks to more"),
        (start(JSON, dictionary), BODY, "content coding 'dcb'"),
        (start(JSON, (b"content-encoding", b"br")), BODY, "corrupt body"),
        (start(JSON, status=206), BODY, "a part"),
        (start(JSON), long, "JSON of more than"),
    ):
        for cut in (len(data), len(data) // 2):
            messages = [given, body(data[:cut], cut < len(data))]
            if cut < len(data):
                messages.append(body(data[cut:]))
            seen = await site.send(*messages, **NAMED)
            assert seen.start is given
            assert seen.body == data
            assert problem in seen.reports[0].problem
            assert seen.bodies[-1]["more_body"] is False


@pytest.mark.parametrize("status", [204, 304])
async def test_without_a_body_it_passes(site, status):
    messages = [start(JSON, status=status), body()]
    seen = await site.send(*messages, **NAMED)
    assert all(out is given for out, given in zip(seen.messages, messages, strict=True))


async def test_the_rest_follows_what_was_too_long(site):
    pieces = [body(b"[" + b"1," * (LIMIT // 2), True), body(b"1]", True), body()]
    seen = await site.send(start(JSON), *pieces, **NAMED)
    assert seen.body == b"".join(piece["body"] for piece in pieces)
    assert seen.bodies[1] is pieces[1]
    assert len(seen.reports) == 1
