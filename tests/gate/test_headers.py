"""Headers as applications really send them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.gate.headers import elements, get, get_all, headers_of, replace, without

MIXED = [(b"Content-Type", b"text/html"), (b"VARY", b"a"), (b"vary", b"b"), (b"x", b"1")]
ANY_HEADERS = st.lists(st.tuples(st.sampled_from([b"a", b"A", b"B", b"b", b"c", b""]), st.binary()))


def test_headers_of_returns_the_very_list_or_tuple() -> None:
    pairs = list(MIXED)
    assert headers_of({"headers": pairs}) is pairs
    as_tuple = tuple(pairs)
    assert headers_of({"headers": as_tuple}) is as_tuple


@pytest.mark.parametrize("message", [{}, {"headers": None}])
def test_headers_of_a_message_without_any(message: dict[str, object]) -> None:
    assert headers_of(message) == ()


def test_headers_of_reads_an_iterator_once() -> None:
    assert headers_of({"headers": iter(MIXED)}) == MIXED


def test_get_ignores_case_and_takes_the_first() -> None:
    assert get(MIXED, b"content-type") == b"text/html"
    assert get(MIXED, b"vary") == b"a"
    assert get(MIXED, b"via") is None
    assert get((), b"vary") is None


def test_get_all_keeps_order() -> None:
    assert get_all(MIXED, b"vary") == [b"a", b"b"]
    assert get_all(MIXED, b"etag") == []


def test_pairs_may_be_lists_and_values_bytes_like() -> None:
    pairs = [[bytearray(b"Vary"), memoryview(b"a")], [memoryview(b"vary"), bytearray(b"b")]]
    headers = headers_of({"headers": pairs})
    assert get(headers, b"vary") == b"a"
    assert get_all(headers, b"vary") == [b"a", b"b"]
    assert list(without(headers, b"vary")) == []
    assert replace(headers, b"vary", b"c") == [(b"vary", b"c")]


def test_without_drops_every_case_and_keeps_the_other_pairs_themselves() -> None:
    kept = without(MIXED, b"vary", b"via")
    assert list(kept) == [MIXED[0], MIXED[3]]
    assert kept[0] is MIXED[0]


def test_replace_sets_one_value_in_the_place_of_the_first() -> None:
    assert replace(MIXED, b"vary", b"c") == [MIXED[0], (b"vary", b"c"), MIXED[3]]
    assert replace(MIXED, b"etag", b'"1"') == [*MIXED, (b"etag", b'"1"')]
    assert MIXED[1] == (b"VARY", b"a")


def test_nothing_to_change_returns_the_same_object() -> None:
    assert without(MIXED, b"etag") is MIXED
    assert replace(MIXED, b"content-type", b"text/html") is MIXED


@given(ANY_HEADERS, st.binary())
def test_any_headers(headers: list[tuple[bytes, bytes]], value: bytes) -> None:
    assert get_all(replace(headers, b"a", value), b"a") == [value]
    assert get_all(without(headers, b"a"), b"a") == []
    others = [pair for pair in headers if pair[0].lower() != b"a"]
    assert list(without(headers, b"a")) == others
    assert list(without(replace(headers, b"a", value), b"a")) == others


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", []),
        (b" , ,\t", []),
        (b"a, b ,c", [b"a", b"b", b"c"]),
        (b'no-cache="a, b", c', [b'no-cache="a, b"', b"c"]),
        (b'a="\\", b", c', [b'a="\\", b"', b"c"]),
        (b'a, b="c, d', [b"a", b'b="c, d']),
        (b'a="\\', [b'a="\\']),
        (b"a\n, b", [b"a\n", b"b"]),
    ],
)
def test_elements(value: bytes, expected: list[bytes]) -> None:
    assert elements(value) == expected
    assert elements(value.replace(b",", b";"), b";") == [item.replace(b",", b";") for item in expected]


@given(st.binary(), st.sampled_from([b",", b";"]))
def test_elements_lose_only_separators_and_white_space(value: bytes, separator: bytes) -> None:
    blank = b" \t" + separator
    assert b"".join(elements(value, separator)).translate(None, blank) == value.translate(None, blank)
