"""Text inside text: what it says, where it stands, and what is inserted into it."""

import json
import re
from html.entities import html5

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cookiegate.gate.html.attrs import decode_value
from cookiegate.gate.mapped import Escape, Mapped, escaped, from_attribute, from_json

ATTRIBUTE, JSON = Escape.ATTRIBUTE, Escape.JSON


@pytest.mark.parametrize(
    ("raw", "data", "places"),
    [
        (b"", b"", [0]),
        (b"abc", b"abc", [0, 1, 2, 3]),
        (b"a&amp;b", b"a&b", [0, 1, 6, 7]),
        (b"&lt;&gt", b"<>", [0, 4, 7]),
        (b"&eacute;x", b"\xc3\xa9x", [0, 0, 8, 9]),
        (b"&fjlig;x", b"fjx", [0, 0, 7, 8]),
        (b"&#x26;&#38&#x", b"&&&#x", [0, 6, 10, 11, 12, 13]),
        (b"&copy=1&copy", b"&copy=1\xc2\xa9", [0, 1, 2, 3, 4, 5, 6, 7, 7, 12]),
        (b"&copyx&nothing;&", b"&copyx&nothing;&", list(range(17))),
        (b"&copy;=", b"\xc2\xa9=", [0, 0, 6, 7]),
        (b"&#0;&#128;", b"\xef\xbf\xbd\xe2\x82\xac", [0, 0, 0, 4, 4, 4, 10]),
        (b"\xff&amp;\x81", b"\xff&\x81", [0, 1, 6, 7]),
        (b"&#" + b"0" * 50 + b"65;b", b"Ab", [0, 55, 56]),
        (b"&" + b"x" * 50 + b";", b"&" + b"x" * 50 + b";", list(range(53))),
    ],
)
def test_attributes(raw, data, places):
    for start in (0, 100):
        mapped = from_attribute(raw, start)
        assert mapped.data == data
        assert [mapped.place(offset) for offset in range(len(data) + 1)] == [start + at for at in places]


@pytest.mark.parametrize(
    ("raw", "data", "places"),
    [
        (b"", b"", [0]),
        (b"abc", b"abc", [0, 1, 2, 3]),
        (rb"a\"b\\", rb'a"b' + b"\\", [0, 1, 3, 4, 6]),
        (rb"\/\b\f\n\r\t", b"/\b\f\n\r\t", [0, 2, 4, 6, 8, 10, 12]),
        (rb"\u003cx", b"<x", [0, 6, 7]),
        (rb"\u00E9x", b"\xc3\xa9x", [0, 0, 6, 7]),
        (rb"\ud83d\uDE00x", b"\xf0\x9f\x98\x80x", [0, 0, 0, 0, 12, 13]),
        (rb"\ud83dx", b"\xef\xbf\xbdx", [0, 0, 0, 6, 7]),
        (rb"\ude00\u0041", b"\xef\xbf\xbdA", [0, 0, 0, 6, 12]),
        (rb"\ud83d\ud83d\ude00", b"\xef\xbf\xbd\xf0\x9f\x98\x80", [0, 0, 0, 6, 6, 6, 6, 18]),
        (rb"\xy\u12", rb"\xy\u12", [0, 0, 2, 3, 3, 5, 6, 7]),
        (b"x\\", b"x\\", [0, 1, 2]),
        (b"\xff\\n\x81", b"\xff\n\x81", [0, 1, 3, 4]),
    ],
)
def test_json(raw, data, places):
    for start in (0, 100):
        mapped = from_json(raw, start)
        assert mapped.data == data
        assert [mapped.place(offset) for offset in range(len(data) + 1)] == [start + at for at in places]


def test_more_references_than_are_remembered():
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 2000)))
    raw = "".join(f"&#{ord(character)};" for character in text).encode()
    assert from_attribute(raw + raw).data.decode() == text + text


def test_text_without_anything_encoded_costs_nothing():
    raw = b"https://x.example/?a=1"
    for mapped in (from_attribute(raw, 5), from_json(raw, 5), from_attribute(b"&" + raw, 5)):
        assert mapped == Mapped(mapped.data, 5)
        assert mapped.place(3) == 8
    assert from_attribute(raw).data is raw


@pytest.mark.parametrize(
    ("text", "through", "written"),
    [
        (b"data:,x", (), b"data:,x"),
        (b"", (ATTRIBUTE, JSON), b""),
        (b"data:,x", (ATTRIBUTE,), b"&#100;ata:,x"),
        (b"data:,x", (JSON,), b"data:,x"),
        (b"data:,x", (ATTRIBUTE, ATTRIBUTE), b"&#38;#100;ata:,x"),
        (b"data:,x", (ATTRIBUTE, JSON), rb"\u0026#100;ata:,x"),
        (b"data:,x", (JSON, ATTRIBUTE), b"&#100;ata:,x"),
        (b"\0a", (ATTRIBUTE,), b"\0a"),
        (b" a='\"`<b>&", (ATTRIBUTE,), b"&#32;a&#61;&#39;&#34;&#96;&#60;b&#62;&#38;"),
        (b'"\\\n<', (JSON,), rb"\u0022\u005c\u000a\u003c"),
    ],
)
def test_how_text_is_written(text, through, written):
    assert escaped(text, through) == written


UNITS = st.sampled_from(
    [
        *(
            b"&amp;",
            b"&amp",
            b"&lt",
            b"&copy",
            b"&copy;",
            b"&not",
            b"&notin;",
            b"&noti",
            b"&eacute;",
            b"&fjlig;",
        ),
        *(
            b"&#38",
            b"&#38;",
            b"&#x26",
            b"&#X2",
            b"&#",
            b"&#x",
            b"&",
            b"&&",
            b"&#0",
            b"&#55296;",
            b"&#1234567890",
        ),
        *(
            b";",
            b"=",
            b"#",
            b"x",
            b"l",
            b"t",
            b"lt;",
            b"amp",
            b"1",
            b"a",
            b"\xc3\xa9",
            b"\xff",
            b'\\"',
            b"\\n",
        ),
        *(b"\\u0026", b"\\u003b", b"\\ud83d\\ude00", b"\\ud83d", b"\\\\", b"\\/", b" "),
    ]
)
RAW = st.lists(UNITS, max_size=12).map(b"".join)
TEXT = st.text(st.characters(max_codepoint=127), max_size=8).map(str.encode) | st.sampled_from(
    [
        b"lt;",
        b";",
        b"=",
        b"#38;",
        b"x41;",
        b"copy",
        b"&",
        b"&amp",
        b"&amp;",
        b"data:,cg:a:b:",
        b"1",
        b"u0041",
        b'"',
    ]
)
OLD_NAME = re.compile(rb"&(?:%b)\Z" % b"|".join(name.encode() for name in html5 if not name.endswith(";")))
READ = {ATTRIBUTE: from_attribute, JSON: from_json}


def begins(mapped):
    """Every offset of the data at which a unit begins, or the text ends."""
    last = -1
    for offset in range(len(mapped.data) + 1):
        at = mapped.place(offset)
        if at != last:
            yield offset
        last = at


def is_text_for_what_follows(raw, at):
    """Whether ``&copy`` stands before this place, and is text only because of the letter behind it."""
    return OLD_NAME.search(raw[:at]) and at not in (from_attribute(raw).outer or ())


@given(RAW, TEXT)
def test_what_is_inserted_into_an_attribute_is_read_there(raw, text):
    mapped = from_attribute(raw)
    for offset in begins(mapped):
        at = mapped.place(offset)
        if not is_text_for_what_follows(raw, at):
            read = from_attribute(raw[:at] + escaped(text, (ATTRIBUTE,)) + raw[at:])
            assert read.data == mapped.data[:offset] + text + mapped.data[offset:]


@given(st.text(max_size=12), st.booleans(), TEXT)
def test_what_is_inserted_into_json_is_read_there(value, ascii_only, text):
    raw = json.dumps(value, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "replace")
    mapped = from_json(raw)
    for offset in begins(mapped):
        at = mapped.place(offset)
        new = raw[:at] + escaped(text, (JSON,)) + raw[at:]
        assert from_json(new).data == mapped.data[:offset] + text + mapped.data[offset:]


@given(RAW, TEXT, st.sampled_from([(ATTRIBUTE, ATTRIBUTE), (JSON, ATTRIBUTE), (ATTRIBUTE, JSON)]))
def test_what_is_inserted_two_levels_deep_is_read_there(inner_raw, text, through):
    inner, outer = through
    assume(ATTRIBUTE is inner or b"\\" not in inner_raw.replace(b"\\\\", b""))
    raw = escaped(inner_raw.decode("ascii", "ignore").encode(), (outer,))
    middle = READ[outer](raw, 7)
    mapped = READ[inner](middle.data)
    for offset in begins(mapped):
        between = mapped.place(offset)
        at = middle.place(between) - 7
        if inner is ATTRIBUTE and is_text_for_what_follows(middle.data, between):
            continue
        new = raw[:at] + escaped(text, through) + raw[at:]
        read = READ[inner](READ[outer](new).data)
        assert read.data == mapped.data[:offset] + text + mapped.data[offset:]


@given(RAW | st.binary())
def test_attributes_are_read_as_everywhere(raw):
    text = raw.decode("utf-8", "replace")
    assert from_attribute(text.encode()).data == decode_value(text.encode()).encode()


@given(st.text(st.characters(exclude_categories=["Cs"])), st.booleans())
def test_json_is_read_as_json(value, ascii_only):
    assert from_json(json.dumps(value, ensure_ascii=ascii_only)[1:-1].encode()).data == value.encode()


@given(RAW | st.binary(), st.sampled_from([from_attribute, from_json]))
def test_the_way_back_never_turns(raw, read):
    mapped = read(raw, 3)
    places = [mapped.place(offset) for offset in range(len(mapped.data) + 1)]
    assert places == sorted(places)
    assert places[0] == 3
    assert places[-1] == 3 + len(raw)


@pytest.mark.parametrize("through", [(), (ATTRIBUTE,), (JSON,), (JSON, ATTRIBUTE)])
def test_only_ascii_is_written(through):
    with pytest.raises(UnicodeDecodeError):
        escaped(b"\xff", through)
