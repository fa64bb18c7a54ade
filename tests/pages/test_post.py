"""Posts: what is understood, what is refused, and where a visitor is sent afterwards."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.gate.forwarded import Origin
from cookiegate.gate.visit import Visit
from cookiegate.pages.post import (
    MOST_BYTES,
    Action,
    Post,
    Refused,
    parse_choice,
    parse_everything,
    read_body,
    wants_json,
    way_back,
)

FORM = [(b"Content-Type", b"application/x-www-form-urlencoded; charset=UTF-8")]
JSON = [(b"content-type", b"Application/JSON ; charset=utf-8")]
BASE = "/privacy-choices/"


@pytest.mark.parametrize(
    ("body", "action", "choices"),
    [
        (b"action=accept-all", Action.ACCEPT_ALL, {}),
        (b"action=reject-all&analytics=on", Action.REJECT_ALL, {"analytics": True}),
        (
            b"action=save&analytics=on&service%3Ahotjar=ON",
            Action.SAVE,
            {"analytics": True, "service:hotjar": True},
        ),
        (b"action=save&a=1&b=true&c=yes", Action.SAVE, {"a": True, "b": True, "c": True}),
        (b"action=save&a=off&b=0&c=&d", Action.SAVE, {"a": False, "b": False, "c": False, "d": False}),
        # Of two answers the refusal counts, in any order.
        (b"action=save&a=on&a=off&b=off&b=on&c=on&c=on", Action.SAVE, {"a": False, "b": False, "c": True}),
        (b"action=save&\xff=on&x=%ff", Action.SAVE, {"\ufffd": True, "x": False}),
    ],
)
def test_a_form(body, action, choices):
    assert parse_choice(FORM, body) == Post(action=action, choices=choices, partial=False)


@pytest.mark.parametrize(
    ("body", "action", "choices"),
    [
        (b'{"action": "accept-all"}', Action.ACCEPT_ALL, {}),
        (b'{"action": "reject-all", "choices": {}}', Action.REJECT_ALL, {}),
        (b'{"action": "save", "choices": {"analytics": true, "service:x": false}, "more": 1}', Action.SAVE,
         {"analytics": True, "service:x": False}),
        ('{"action": "save"}'.encode("utf-16"), Action.SAVE, {}),
    ],
)  # fmt: skip
def test_json(body, action, choices):
    assert parse_choice(JSON, body) == Post(action=action, choices=choices, partial=True)


@pytest.mark.parametrize(
    ("headers", "body", "status", "detail"),
    [
        (FORM, b"", 400, "action must be one of: accept-all, reject-all, save"),
        (FORM, b"action=", 400, "action must be"),
        (FORM, b"action=grant", 400, "action must be"),
        (FORM, b"action=Save", 400, "action must be"),
        (FORM, b"action=reject-all&action=accept-all", 400, "action must be"),
        (FORM, b"&".join(b"a=1" for _ in range(5000)), 400, "too many fields"),
        (JSON, b"", 400, "not valid JSON"),
        (JSON, b"action=save", 400, "not valid JSON"),
        (JSON, b"{", 400, "not valid JSON"),
        (JSON, b"\xff\xfe", 400, "not valid JSON"),
        (JSON, b"\x80{}", 400, "not valid JSON"),
        (JSON, b"[" * 60_000, 400, "not valid JSON"),
        (JSON, b"[]", 400, "must be a JSON object"),
        (JSON, b'"save"', 400, "must be a JSON object"),
        (JSON, b"{}", 400, "action must be"),
        (JSON, b'{"action": ["save"]}', 400, "action must be"),
        (JSON, b'{"action": {"a": 1}}', 400, "action must be"),
        (JSON, b'{"action": "save", "choices": []}', 400, "true or false"),
        (JSON, b'{"action": "save", "choices": null}', 400, "true or false"),
        (JSON, b'{"action": "save", "choices": {"analytics": 1}}', 400, "true or false"),
        (JSON, b'{"action": "save", "choices": {"analytics": "true"}}', 400, "true or false"),
        ([], b"action=save", 415, "content type must be"),
        ([(b"content-type", b"text/plain")], b"action=save", 415, "content type must be"),
        ([(b"content-type", b"multipart/form-data; boundary=x")], b"--x", 415, "content type must be"),
    ],
)
def test_refused(headers, body, status, detail):
    with pytest.raises(Refused, match=detail) as caught:
        parse_choice(headers, body)
    assert caught.value.status == status
    assert caught.value.key == "bad_request"


@given(st.binary(max_size=300), st.sampled_from([FORM, JSON]))
def test_any_bytes_are_understood_or_refused(body, headers):
    for parse in (parse_choice, parse_everything):
        with contextlib.suppress(Refused):
            parse(headers, body)


@pytest.mark.parametrize(
    ("headers", "body", "everything"),
    [
        ([], b"", False),
        (FORM, b"everything=1", True),
        (FORM, b"everything=on&analytics=on", True),
        (FORM, b"everything=0", False),
        (FORM, b"analytics=on", False),
        (JSON, b'{"everything": true}', True),
        (JSON, b'{"everything": 1}', False),
        (JSON, b"{}", False),
    ],
)
def test_everything(headers, body, everything):
    assert parse_everything(headers, body) is everything


def test_everything_of_another_type_is_refused():
    with pytest.raises(Refused) as caught:
        parse_everything([(b"content-type", b"text/plain")], b"everything=1")
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("headers", "json"),
    [
        ([], False),
        (FORM, False),
        (JSON, True),
        ([(b"Accept", b"text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8")], False),
        ([(b"accept", b"text/plain"), (b"accept", b"Application/Json")], True),
    ],
)
def test_who_reads_json(headers, json):
    assert wants_json(headers) is json


def incoming(*messages):
    left = list(messages)

    async def receive():
        return left.pop(0)

    return receive


@pytest.mark.anyio
async def test_a_body_in_pieces():
    receive = incoming(
        {"type": "http.request", "body": b"action=", "more_body": True},
        {"type": "http.request", "more_body": True},
        {"type": "http.request", "body": b"save"},
    )
    assert await read_body([], receive) == b"action=save"
    assert await read_body([], incoming({"type": "http.request"})) == b""


@pytest.mark.anyio
async def test_the_client_goes_away():
    receive = incoming({"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"})
    assert await read_body([], receive) is None


@pytest.mark.anyio
@pytest.mark.parametrize("announced", [b"65537", b"9" * 5000])
async def test_a_large_body_is_not_even_begun(announced):
    with pytest.raises(Refused, match="65536 bytes at most") as caught:
        await read_body([(b"content-length", announced)], incoming())
    assert caught.value.status == 413


@pytest.mark.anyio
async def test_a_large_body_is_not_read_to_its_end():
    piece = {"type": "http.request", "body": b"x" * MOST_BYTES, "more_body": True}
    for headers in ([], [(b"content-length", b"12")], [(b"content-length", b"-1")]):
        with pytest.raises(Refused):
            await read_body(headers, incoming(piece, piece))
    end = {"type": "http.request"}
    assert await read_body([], incoming(piece, end)) == b"x" * MOST_BYTES


def visit(host="shop.example", scheme="https"):
    return Visit(
        origin=Origin(scheme=scheme, host=host, client=""),
        root_path="",
        accept_language="",
        state=None,
        reissue=False,
        signals=None,
        profile=None,
    )


@pytest.mark.parametrize(
    ("referer", "target"),
    [
        (b"https://shop.example/", "/"),
        (b"https://shop.example", "/"),
        (b"https://shop.example/tea/pot?size=0.9&next=https://other.example//x#lid", "/tea/pot?size=0.9&next=https://other.example//x"),
        (b" https://SHOP.example/a%2F%2Fb\t", "/a%2F%2Fb"),
        (b"https://shop.example:443/a", "/a"),
        (b"http://shop.example/a", "/a"),  # a proxy that nobody declared may speak https
        (b"https://shop.example/privacy-choices/", BASE),
        (b"https://shop.example/privacy-choices/erase", BASE),
        (b"https://shop.example/privacy-choices-of-2025", "/privacy-choices-of-2025"),
    ],
)  # fmt: skip
def test_back_to_where_the_visitor_was(referer, target):
    assert way_back([(b"referer", referer)], visit(), BASE) == target


@pytest.mark.parametrize(
    "referer",
    [
        b"",
        b"/tea",
        b"//shop.example/tea",
        b"https:///shop.example/tea",
        b"https://other.example/tea",
        b"https://shop.example.other.example/tea",
        b"https://shop.example@other.example/tea",
        b"https://other.example/https://shop.example/tea",
        b"https://shop.example:8443/tea",
        b"https://other.example\\@shop.example/tea",
        b"https://shop.example\\@other.example/tea",
        b"https://shop.example//other.example/tea",
        b"https://shop.example/\\other.example/tea",
        b"https://shop.example\\\\other.example/tea",
        b"https://shop.example/tea//../x",
        b"https://shop.example/\t/other.example",
        b"https://shop.example/\r\nSet-Cookie: a=b",
        b"https://shop.example/\nx",
        b"https://shop.example/\x00",
        b"https://shop.example/ /other.example",
        b"https://shop.example/\xc3\xa9",
        b"https://shop.example/caf\xe9",
        b"https://shop.example?next=//other.example",
        b"https://shop.example/" + b"a" * 2000,
        b"javascript:alert(1)//https://shop.example/",
        b"data:text/html,https://shop.example/",
        b"ftp://shop.example/tea",
        b"about:blank",
        b"null",
        b"*",
    ],
)
def test_a_hostile_referer_leads_to_the_settings(referer):
    assert way_back([(b"referer", referer)], visit(), BASE) == BASE


def test_no_referer_and_two_referers_lead_to_the_settings():
    assert way_back([], visit(), BASE) == BASE
    two = [(b"referer", b"https://shop.example/a"), (b"Referer", b"https://shop.example/b")]
    assert way_back(two, visit(), BASE) == BASE


def test_a_port_is_part_of_the_host():
    headers = [(b"referer", b"http://localhost:8000/a")]
    assert way_back(headers, visit("localhost:8000", "http"), BASE) == "/a"
    assert way_back(headers, visit("localhost:9000", "http"), BASE) == BASE
    assert way_back(headers, visit("localhost", "http"), BASE) == BASE


@given(st.binary(max_size=60).map(lambda tail: b"https://shop.example" + tail) | st.binary(max_size=80))
def test_no_referer_leads_to_another_host(referer):
    target = way_back([(b"referer", referer)], visit(), BASE)
    assert target.startswith("/")
    assert target[1:2] not in ("/", "\\")
    assert target.isascii()
    assert target.isprintable()
    assert " " not in target
