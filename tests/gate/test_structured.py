"""Structured fields: what is one, what is none, and that dropping members leaves the rest as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.gate.headers import get_all
from cookiegate.gate.structured import Member, filter_members, parse_dictionary, parse_list


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (b"", []),
        (b" \t ", []),
        (b'"a"', ["a"]),
        (b' "a" , "b"\t,"c" ', ["a", "b", "c"]),
        (b'"a, \\"b\\\\"; x="y,z";q=1.5 , "c";a;b=?0', ['a, "b\\', "c"]),
        (b'a, a/b:c*, *x, 1, -12.345, ?1, :YQ==:, @1659578233, %"f%c3%bc", "s"', [None] * 9 + ["s"]),
        (b'(), ( "a"  b;x=1 );y, (1 2), "s"', [None, None, None, "s"]),
        (b'"a";  b', ["a"]),
    ],
)
def test_lists(value: bytes, texts: list[str | None]) -> None:
    members = parse_list(value)
    assert members is not None
    assert [member.text for member in members] == texts
    assert {member.key for member in members} <= {""}
    if members:
        assert b",".join(value[member.start : member.end] for member in members) == value


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        (b"", []),
        (b'a="x", b="y";p', [("a", "x"), ("b", "y")]),
        (b'a, b;c=1, *c-.1_="z"', [("a", None), ("b", None), ("*c-.1_", "z")]),
        (b'a="x",a="y"', [("a", "x"), ("a", "y")]),
        (b'a=("x" "y"), b=token', [("a", None), ("b", None)]),
    ],
)
def test_dictionaries(value: bytes, pairs: list[tuple[str, str | None]]) -> None:
    members = parse_dictionary(value)
    assert members is not None
    assert [(member.key, member.text) for member in members] == pairs


@pytest.mark.parametrize(
    "value",
    [
        b",",
        b'"a",',
        b',"a"',
        b'"a",,"b"',
        b'"a" "b"',
        b'"a',
        b'"a\\x"',
        b'"\xc3\xa4"',
        b'"a\tb"',
        b"'a'",
        b"https://a.example/ b",
        b"<a>",
        b"1.",
        b"1.2345",
        b"1234567890123456",
        b"--1",
        b"?2",
        b":a",
        b'%"%C3"',
        b'("a"',
        b'("a""b")',
        b"(a(b))",
        b'"a" ;b',
        b'"a";B',
        b'"a";b=',
        b'"a"\n, "b"',
    ],
)
def test_what_is_no_list(value: bytes) -> None:
    assert parse_list(value) is None
    assert parse_dictionary(b"a=" + value) is None


@pytest.mark.parametrize(
    "value", [b'"a"', b'A="x"', b"1=2", b'a ="x"', b'a= "x"', b'a="x" b="y"', b'a="x"; ,b']
)
def test_what_is_no_dictionary(value: bytes) -> None:
    assert parse_dictionary(value) is None


def filtered(*lines: bytes) -> list[bytes] | None:
    """Drop what says ``no``; None: nothing was dropped."""
    headers = [(b"X", b'"no"'), *((b"Field", line) for line in lines)]
    kept = filter_members(headers, b"field", parse_list, lambda member: member.text != "no")
    assert kept[0] is headers[0]
    return None if kept is headers else get_all(kept, b"field")


@pytest.mark.parametrize(
    ("lines", "rest"),
    [
        ([b'"no"'], []),
        ([b'"no" ,"no";a'], []),
        ([b'"no", "a";  b ,c'], [b'"a";  b ,c']),
        ([b'"a" ,"no", c '], [b'"a" , c']),
        ([b"a", b'"no"', b'b ,"no"'], [b"a", b"b"]),
        ([b"", b'"no", a'], [b"", b"a"]),
        # put together they are a list, one by one they are none
        ([b'"x', b'y", "no"'], [b'"x, y"']),
        ([b'a, "no', b""], None),
        ([b'a,"no",', b"b"], None),
        ([b"a (", b'"no"'], None),
        ([b'(a "no")'], None),
        ([b'"yes", no'], None),
        ([], None),
    ],
)
def test_members_go_and_the_others_keep_their_bytes(lines: list[bytes], rest: list[bytes] | None) -> None:
    assert filtered(*lines) == rest


def test_lines_that_are_one_list_only_together_and_hold_nothing_denied_stay_apart() -> None:
    assert filtered(b'"x', b'y"') is None


PIECES = st.sampled_from(
    [
        b'"',
        b"\\",
        b",",
        b";",
        b"=",
        b" ",
        b"(",
        b")",
        b"a",
        b"1",
        b".",
        b"-",
        b":",
        b"?1",
        b'"no"',
        b'"a"',
        b'%"',
        b"@",
    ]
)


@given(st.lists(st.lists(PIECES | st.binary(max_size=2), max_size=12).map(b"".join), max_size=3))
def test_any_bytes(lines: list[bytes]) -> None:
    rest = filtered(*lines)
    if rest is not None:
        assert filtered(*rest) is None
    for parse in (parse_list, parse_dictionary):
        for line in lines:
            members = parse(line)
            if members:
                assert b",".join(line[member.start : member.end] for member in members) == line
                assert isinstance(members[0], Member)
                assert parse(line + b" ,") is None


@pytest.mark.parametrize(
    "piece", [b'"', b'"a",', b"\\", b";a", b"(", b"a ", b"(a ", b'"\\"', b'%"', b";a=1.5"]
)
def test_long_values_take_no_longer_per_byte(piece: bytes) -> None:
    for start in (b"", b'"', b"(", b"a=", b"a=("):
        parse_list(start + piece * 20_000)
        parse_dictionary(start + piece * 20_000)
