"""What caches are told, and what a revalidation may ask the application."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.gate.cache import (
    inner_conditions,
    is_document_request,
    private,
    rewritten,
    unvalidated,
    vary,
    writing_conditions,
)
from cookiegate.gate.headers import get_all

Pairs = list[tuple[bytes, bytes]]
HERE = "1234abcd1en"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([(b"sec-fetch-dest", b"document")], True),
        ([(b"Sec-Fetch-Dest", b"iframe")], True),
        ([(b"sec-fetch-dest", b"frame")], True),
        ([(b"sec-fetch-dest", b"embed")], True),
        ([(b"sec-fetch-dest", b"object")], True),
        ([(b"sec-fetch-dest", b"fencedframe")], True),
        ([(b"sec-fetch-dest", b" Document ;x=1")], True),
        ([(b"sec-fetch-dest", b"image"), (b"sec-fetch-dest", b"document")], True),
        ([(b"sec-fetch-dest", b"empty"), (b"accept", b"text/html, application/json")], True),
        ([(b"sec-fetch-dest", b"empty"), (b"accept", b"*/*")], False),
        ([(b"sec-fetch-dest", b"empty")], False),
        ([(b"sec-fetch-dest", b"script"), (b"accept", b"text/html")], False),
        ([(b"sec-fetch-dest", b"")], False),
        ([(b"Accept", b"text/html,application/xml;q=0.9,*/*;q=0.8")], True),
        ([(b"accept", b"image/png"), (b"accept", b"*/*, Application/XHTML+XML;q=0.5")], True),
        ([(b"accept", b"*/*")], False),
        ([(b"accept", b"application/json")], False),
        ([], False),
    ],
)
def test_is_document_request(headers: Pairs, expected: bool) -> None:
    assert is_document_request(headers) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], [b"Cookie, Sec-GPC"]),
        ([b""], [b"Cookie, Sec-GPC"]),
        ([b"Accept-Encoding"], [b"Accept-Encoding, Cookie, Sec-GPC"]),
        ([b"cookie"], [b"cookie, Sec-GPC"]),
        ([b"Accept ,X-A,", b"SEC-GPC"], [b"Accept ,X-A, SEC-GPC, Cookie"]),
    ],
)
def test_vary_is_merged(values: list[bytes], expected: list[bytes]) -> None:
    assert get_all(vary([(b"Vary", value) for value in values]), b"vary") == expected


@pytest.mark.parametrize(
    "values", [[b"*"], [b"Accept", b"a, *"], [b"COOKIE,sec-gpc"], [b"Sec-GPC", b"Cookie"]]
)
def test_a_vary_that_says_it_all_is_left_alone(values: list[bytes]) -> None:
    headers = [(b"vary", value) for value in values]
    assert vary(headers) is headers


def test_vary_on_what_the_caller_names() -> None:
    assert vary([(b"a", b"b")], (b"Accept-Language",)) == [(b"a", b"b"), (b"vary", b"Accept-Language")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], b"private"),
        ([b""], b"private"),
        ([b"public"], b"private"),
        ([b"Public, max-age=60, S-MaxAge=600"], b"private, max-age=60"),
        ([b"max-age=60", b"public"], b"private, max-age=60"),
        ([b"no-store"], b"private, no-store"),
        ([b"no-cache, must-revalidate"], b"private, no-cache, must-revalidate"),
        ([b"private, public"], b"private"),
        ([b"private, private"], b"private"),
        ([b'private="set-cookie, x", max-age=1'], b"private, max-age=1"),
        ([b'no-cache="set-cookie, public", max-age=1'], b'private, no-cache="set-cookie, public", max-age=1'),
        ([b'no-cache="set-cookie, max-age=1'], b'private, no-cache="set-cookie, max-age=1'),
        ([b'x="a\\", public", s-maxage = 5'], b'private, x="a\\", public"'),
    ],
)
def test_private(values: list[bytes], expected: bytes) -> None:
    headers = private([(b"Cache-Control", value) for value in values])
    assert get_all(headers, b"cache-control") == [expected]
    assert private(headers) is headers


@pytest.mark.parametrize("values", [[b"private"], [b"Private, max-age=0"], [b"no-store", b"PRIVATE"]])
def test_what_is_private_already_stays_itself(values: list[bytes]) -> None:
    headers = [(b"cache-control", value) for value in values]
    assert private(headers) is headers


@pytest.mark.parametrize(
    "name",
    [
        b"CDN-Cache-Control",
        b"Cloudflare-CDN-Cache-Control",
        b"vercel-cdn-cache-control",
        b"Surrogate-Control",
        b"Edge-Control",
        b"Akamai-Cache-Control",
        b"X-Accel-Expires",
    ],
)
def test_headers_that_overrule_cache_control_go(name: bytes) -> None:
    assert private([(name, b"max-age=600"), (b"cache-control", b"private")]) == [
        (b"cache-control", b"private")
    ]


def test_edge_side_includes_keep_their_announcement() -> None:
    headers = [
        (b"Surrogate-Control", b'max-age=600, content="ESI/1.0"'),
        (b"CDN-Cache-Control", b"max-age=1"),
        (b"cache-control", b"private"),
    ]
    kept = [(b"surrogate-control", b'content="ESI/1.0"'), (b"cache-control", b"private")]
    assert private(headers) == kept
    assert private(kept) is kept


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (b'"abc"', b'W/"abc--cg1234abcd1en"'),
        (b'W/"abc"', b'W/"abc--cg1234abcd1en"'),
        (b' W/"a,b c" ', b'W/"a,b c--cg1234abcd1en"'),
        (b'""', b'W/"--cg1234abcd1en"'),
    ],
)
def test_etag_names_the_variant(tag: bytes, expected: bytes) -> None:
    headers = rewritten([(b"ETag", tag)], HERE)
    assert headers == [(b"etag", expected)]
    original = tag.strip().removeprefix(b"W/")
    asked = [(b"if-none-match", expected)]
    assert inner_conditions(asked, HERE, document=True) == [(b"if-none-match", original)]


@pytest.mark.parametrize("tag", [b"abc", b"", b'"abc', b'w/"abc"', b'"a"b"', b'"a", "b"'])
def test_a_malformed_etag_goes(tag: bytes) -> None:
    assert list(rewritten([(b"etag", tag), (b"x", b"1")], HERE)) == [(b"x", b"1")]


def test_a_repeated_etag_goes() -> None:
    assert list(rewritten([(b"etag", b'"a"'), (b"ETag", b'"b"')], HERE)) == []


def test_rewritten_drops_what_speaks_of_other_bytes() -> None:
    headers = [
        (b"Last-Modified", b"Thu, 01 Jan 1970 00:00:00 GMT"),
        (b"Content-MD5", b"x"),
        (b"digest", b"sha-256=x"),
        (b"Content-Digest", b"sha-256=:x:"),
        (b"Repr-Digest", b"sha-256=:x:"),
        (b"Content-Type", b"text/html"),
    ]
    assert list(rewritten(headers, HERE)) == [(b"Content-Type", b"text/html")]


def test_rewritten_leaves_the_object_where_there_is_nothing() -> None:
    headers = [(b"content-type", b"text/html")]
    assert rewritten(headers, HERE) is headers


MINE, OTHER, FOREIGN = b'W/"a--cg1234abcd1en"', b'W/"a--cg00000000"', b'"a"'


@pytest.mark.parametrize(
    ("value", "page", "other"),
    [
        (MINE, b'"a"', b'"a"'),
        (b'"a--cg1234abcd1en"', b'"a"', b'"a"'),
        (OTHER, None, None),
        (FOREIGN, None, FOREIGN),
        (b"*", None, b"*"),
        (b"unquoted", None, b"unquoted"),
        (b'W/"a", "b,c"', None, b'W/"a", "b,c"'),
        (b'W/"x,y--cg1234abcd1en" ,\t' + OTHER + b',"z"', b'"x,y"', b'"x,y", "z"'),
        (b'"a--cg1--cg1234abcd1en"', b'"a--cg1"', b'"a--cg1"'),
        (b'"open', None, b'"open'),
        (b'w/"a--cg1234abcd1en"', None, b'w/"a--cg1234abcd1en"'),
        (b"", b"", b""),
    ],
)
def test_if_none_match(value: bytes, page: bytes | None, other: bytes | None) -> None:
    headers = [(b"host", b"shop.example"), (b"If-None-Match", value)]
    for document, expected in ((True, page), (False, other)):
        inner = inner_conditions(headers, HERE, document=document)
        assert get_all(inner, b"if-none-match") == ([] if expected is None else [expected])
        assert (inner is headers) == (expected == value)


def test_several_if_none_match_headers() -> None:
    headers = [(b"if-none-match", MINE), (b"if-none-match", FOREIGN), (b"if-none-match", OTHER)]
    assert inner_conditions(headers, HERE, document=False) == [
        (b"if-none-match", b'"a"'),
        (b"if-none-match", FOREIGN),
    ]
    assert inner_conditions(headers, HERE, document=True) == [(b"if-none-match", b'"a"')]


@pytest.mark.parametrize(
    ("value", "original"),
    [
        (MINE, b'"a"'),
        (OTHER, b'"a"'),
        (b'"a--cg1234abcd1en"', b'"a"'),
        (FOREIGN, FOREIGN),
        (b'W/"a"', b'W/"a"'),
        (b"*", b"*"),
        (b"unquoted--cg12", b"unquoted--cg12"),
        (b'"a--cg"', b'"a--cg"'),
        (b'"a--cg1--cg1234abcd1en"', b'"a--cg1"'),
        (MINE + b' , "x,y--cg12",W/"z"', b'"a", "x,y", W/"z"'),
    ],
)
def test_what_is_changed_is_the_page_and_no_variant(value: bytes, original: bytes) -> None:
    for name in (b"If-Match", b"if-none-match"):
        headers = [(b"if-modified-since", b"x"), (b"range", b"bytes=0-"), (name, value)]
        inner = writing_conditions(headers)
        assert inner == [*headers[:2], (name, original)]
        assert (inner is headers) == (value == original)
    for document in (True, False):
        asked = [(b"if-match", value)]
        assert inner_conditions(asked, HERE, document=document) == [(b"if-match", original)]


def test_what_goes_out_unread_cannot_be_confirmed() -> None:
    headers = [(b"ETag", b'"a"'), (b"last-modified", b"x"), (b"content-type", b"text/html")]
    assert list(unvalidated(headers)) == headers[2:]
    assert unvalidated(headers[2:]) == headers[2:]


def test_only_documents_lose_dates_and_ranges() -> None:
    headers = [(b"If-Modified-Since", b"x"), (b"Range", b"bytes=0-"), (b"If-Range", b'"a"'), (b"host", b"a")]
    assert inner_conditions(headers, HERE, document=False) is headers
    assert list(inner_conditions(headers, HERE, document=True)) == [(b"host", b"a")]


@given(st.lists(st.binary(), max_size=3), st.booleans())
def test_any_bytes(values: list[bytes], document: bool) -> None:
    for name in (
        b"vary",
        b"cache-control",
        b"etag",
        b"if-none-match",
        b"if-match",
        b"accept",
        b"sec-fetch-dest",
    ):
        headers = [(name, value) for value in values]
        once = private(vary(headers))
        assert private(vary(once)) is once
        rewritten(headers, HERE)
        inner_conditions(headers, HERE, document=document)
        writing_conditions(headers)
        assert is_document_request(headers) in {True, False}
        surrogate = private([(b"surrogate-control", value) for value in values])
        assert b"private" in get_all(surrogate, b"cache-control")


ETAGC = st.characters(codec="latin-1", exclude_characters='"\\', min_codepoint=33)


@given(st.text(ETAGC), st.booleans(), st.booleans())
def test_an_etag_finds_its_way_back_to_its_own_variant_only(text: str, weak: bool, document: bool) -> None:
    tag = b'"%b"' % text.encode("latin-1")
    [(_, outer)] = rewritten([(b"etag", b"W/" + tag if weak else tag)], HERE)
    asked = [(b"if-none-match", outer)]
    assert inner_conditions(asked, HERE, document=document) == [(b"if-none-match", tag)]
    assert inner_conditions(asked, "ffffffff1en", document=document) == []
