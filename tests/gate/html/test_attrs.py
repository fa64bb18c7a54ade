"""Attributes and character references as the HTML standard reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.gate.html.attrs import (
    MEANT,
    TAG_NAME,
    TAG_REST,
    closes_itself,
    decode_value,
    read_attributes,
)
from cookiegate.gate.html.tagreader import TagReader

if TYPE_CHECKING:
    import random

TAG = re.compile(rb"<(%b)%b" % (TAG_NAME, TAG_REST))

# tag, what a browser takes for its attributes
TABLE: list[tuple[bytes, list[tuple[bytes, bytes]]]] = [
    (b"<a>", []),
    (b"<a href=x>", [(b"href", b"x")]),
    (b'<a HREF="x y">', [(b"href", b"x y")]),
    (b"<a href='x>y'>", [(b"href", b"x>y")]),
    (b"<a href = x>", [(b"href", b"x")]),
    (b"<a href\n=\t'x'>", [(b"href", b"x")]),
    (b"<a href=>", [(b"href", b"")]),
    (b"<a href= >", [(b"href", b"")]),
    (b"<a/href=x/y/>", [(b"href", b"x/y/")]),
    (b'<a href="x"/>', [(b"href", b"x")]),
    (b"<a b c>", [(b"b", b""), (b"c", b"")]),
    (b'<a ="x" b>', [(b'="x"', b""), (b"b", b"")]),
    (b'<a b ="x>y">', [(b"b", b"x>y")]),
    (b'<a b="c"=d>', [(b"b", b"c"), (b"=d", b"")]),
    (b'<a b=c =">', [(b"b", b"c"), (b'="', b"")]),
    (b"<a b==c>", [(b"b", b"=c")]),
    (b'<a "b=c>', [(b'"b', b"c")]),
    (b'<a b"="c>d">', [(b'b"', b"c>d")]),
    (b"<a b=\"c\"d='e'>", [(b"b", b"c"), (b"d", b"e")]),
    (b"<a/=b>", [(b"=b", b"")]),
    (b"<a src=1 SRC=2>", [(b"src", b"1"), (b"src", b"2")]),
    (b"<a b=`c d`>", [(b"b", b"`c"), (b"d`", b"")]),
    (b"<a\x0cb=c\r>", [(b"b", b"c")]),
    (b"<a b=c<d>", [(b"b", b"c<d")]),
]


@pytest.mark.parametrize(("tag", "expected"), TABLE, ids=[row[0].decode() for row in TABLE])
def test_a_tag_is_read_as_a_browser_reads_it(tag: bytes, expected: list[tuple[bytes, bytes]]) -> None:
    match = TAG.match(tag + b" src=beyond>")
    assert match is not None
    assert match.group() == tag
    found = read_attributes(tag, match.end(1), match.end(), every=True)
    meant = read_attributes(tag, match.end(1), match.end())
    assert meant == [a for a in found if a.name in MEANT]
    assert [(a.name, a.value) for a in found] == expected
    for attribute in found:
        assert tag[attribute.start :].lower().startswith(attribute.name)
        assert tag[attribute.value_at :].startswith(attribute.value)
        assert (attribute.gap > 0) or not attribute.value


@pytest.mark.parametrize(("tag", "expected"), TABLE, ids=[row[0].decode() for row in TABLE])
def test_a_tag_that_comes_byte_by_byte_is_read_alike(tag: bytes, expected: object) -> None:
    data = bytearray(tag + b" src=beyond>")
    reader = TagReader(0, 1)
    end = next(end for end in range(1, len(data) + 1) if reader.read(data, end))
    assert end == reader.pos == len(tag)
    assert reader.name == b"a"
    assert reader.attributes(data) == read_attributes(tag, reader.name_end, len(tag))
    assert reader.closes_itself == closes_itself(tag, reader.name_end, len(tag))


PIECES = (
    b" ",
    b"/",
    b"=",
    b"\n",
    b'"',
    b"'",
    b">",
    b"<",
    b"\0",
    b"\xc3",
    b"x",
    b"src",
    b"SRC",
    b"onx",
    b"style",
    b"b",
)


@given(st.lists(st.sampled_from(PIECES)).map(b"".join))
def test_whole_and_piecewise_reading_agree(rest: bytes) -> None:
    data = bytearray(b"<a" + rest)
    match = TAG.match(data)
    reader = TagReader(0, 1)
    ended = any(reader.read(data, end) for end in range(1, len(data) + 1))
    assert ended == (match is not None)
    if match:
        assert reader.pos == match.end()
        assert reader.closes_itself == closes_itself(data, match.end(1), match.end())
        every = read_attributes(data, match.end(1), match.end(), every=True)
        meant = [a for a in every if a.name in MEANT or a.name.startswith(b"on")]
        assert meant == reader.attributes(data)


@given(st.lists(st.sampled_from(PIECES[:-8] + PIECES[-6:])).map(b"".join), st.randoms(use_true_random=False))
def test_what_has_come_of_a_tag_is_known(rest: bytes, rnd: random.Random) -> None:
    data = b"<a " + rest.replace(b">", b"")
    reader, at = TagReader(0, 1), 0
    while at < len(data):
        at = min(len(data), at + rnd.randint(1, 5))
        assert not reader.read(data, at)
    for attribute in reader.attributes(data):
        assert data[attribute.start :].lower().startswith(attribute.name)
        assert data.find(attribute.value, attribute.start) >= 0


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        (b"a&amp;b", "a&b"),
        (b"a&ampb", "a&ampb"),
        (b"a&amp=b", "a&amp=b"),
        (b"a&amp b", "a& b"),
        (b"?a=1&copy=2", "?a=1&copy=2"),
        (b"&copy", "©"),
        (b"&copy;=1", "©=1"),
        (b"&nosuch;", "&nosuch;"),
        (b"&nosuch", "&nosuch"),
        (b"&#x2F;&#47;&#x2f", "///"),
        (b"&#0;&#xD800;&#x110000;", "���"),
        (b"&#99999999999999999999;", "�"),
        (b"&#x80;&#x81;", "€\x81"),
        (b"&#;&#x;&;", "&#;&#x;&;"),
        (b"&colon;&sol;", ":/"),
        (b"\xff", "�"),
        ("ä&auml;".encode(), "ää"),
    ],
)
def test_character_references_resolve_as_in_attributes(raw: bytes, text: str) -> None:
    assert decode_value(raw) == text
