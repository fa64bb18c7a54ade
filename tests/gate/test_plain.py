"""What passes at once is what the long way would let pass as it is, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.gate.media import Media, media_of
from cookiegate.gate.plain import FILTERED, is_plain

JSON = (b"content-type", b"application/json")


def start(headers: Any, status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


@pytest.mark.parametrize(
    "message",
    [
        start([JSON]),
        start([(b"content-length", b"2"), JSON, (b"vary", b"a"), (b"vary", b"b")]),
        start([(b"Content-Type", b"image/png"), (b"ETag", b'"1"')]),
        start([[b"content-type", b"text/css; charset=utf-8"]]),
        start([JSON], 404),
        start([JSON], 206),
    ],
)
def test_data_is_plain(message: dict[str, Any]) -> None:
    assert is_plain(message)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "http.response.body", "body": b""},
        {"type": "http.response.start", "status": 200},
        start(None),
        start((JSON,)),
        start(iter([JSON])),
        start([]),
        start([JSON], 103),
        start([JSON], 304),
        start([(b"content-type", b"text/html")]),
        start([(b"content-type", b"*/*")]),
        start([JSON, (b"Content-Type", b"text/html")]),
        start([JSON, JSON]),
        start([JSON, (b"Set-Cookie", b"a=1")]),
        start([(b"link", b"<a>"), JSON]),
        start([JSON, (b"NEL", b"{}")]),
        start([(b"refresh", b"0"), JSON]),
        start([(b"content-type", b"application/SpeculationRules+json; charset=utf-8")]),
        start([(bytearray(b"content-type"), b"application/json")]),
        start([(b"content-type", bytearray(b"application/json"))]),
    ],
)
def test_all_else_takes_the_long_way(message: dict[str, Any]) -> None:
    assert not is_plain(message)


NAMES = [b"content-type", b"Content-Type", b"set-cookie", b"LINK", b"etag", b"content-disposition"]
VALUES = [b"", b"text/html", b"application/json", b"text/plain, text/html", b"attachment", b"*/*"]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=4))
def test_plain_agrees_with_the_long_way(headers: list[tuple[bytes, bytes]]) -> None:
    if is_plain(start(headers)):
        assert media_of(headers) is Media.OTHER
        assert FILTERED.isdisjoint(name.lower() for name, _ in headers)
