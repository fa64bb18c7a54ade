from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog.urls import Url, _parse, parse_url

PAGE = Url("https", "shop.example", "/a/b/page.html", "x=1")
PLAIN_HTTP = Url("http", "shop.example", "/", "")

ABSOLUTE = [
    ("https://t.example/x.js", "https://t.example/x.js"),
    ("https://t.example", "https://t.example/"),
    ("https://t.example?x=1", "https://t.example/?x=1"),
    ("https://t.example/x?y=1&z#frag", "https://t.example/x?y=1&z"),
    ("https://t.example#frag", "https://t.example/"),
    ("HTTPS://T.Example/X", "https://t.example/X"),
    (" \t\n\x00https://t.example/x \x1f", "https://t.example/x"),
    ("ht\ntps://t.ex\tample/\r\nx", "https://t.example/x"),
    ("https:\\\\t.example\\x", "https://t.example/x"),
    ("https:/t.example/x", "https://t.example/x"),
    ("https:t.example/x", "https://t.example/x"),
    ("https:////t.example/x", "https://t.example/x"),
    ("https://user:pa@ss@t.example:8443/x", "https://t.example/x"),
    ("https://t.example:/x", "https://t.example/x"),
    ("https://t.example:00443/x", "https://t.example/x"),
    ("https://t.example./x", "https://t.example/x"),
    ("https://t.example.../x", "https://t.example/x"),
    ("https://%74.ex%61mple/x", "https://t.example/x"),
    ("https://t%2Eexample/x", "https://t.example/x"),
    ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
    ("https://B%C3%9CCHER.example/x", "https://xn--bcher-kva.example/x"),
    ("https://faß.example/", "https://xn--fa-hia.example/"),
    ("https://t。example/x", "https://t.example/x"),
    ("https://ｔ．ｅxample/x", "https://t.example/x"),
    ("https://t\u00ad.exam\u200bple/x", "https://t.example/x"),
    ("https://t.example/a/./b/../c", "https://t.example/a/c"),
    ("https://t.example/a/%2e/b/%2E%2e/c/.%2E/d", "https://t.example/a/d"),
    ("https://t.example/../../x", "https://t.example/x"),
    ("https://t.example/a/..", "https://t.example/"),
    ("https://t.example/a/.", "https://t.example/a/"),
    ("https://t.example//x", "https://t.example//x"),
    ("https://t.example/a b?c d", "https://t.example/a%20b?c%20d"),
    ("https://t.example/ü?ü", "https://t.example/%C3%BC?%C3%BC"),
    ("https://t.example/\ud800", "https://t.example/%EF%BF%BD"),
    ("https://t.example/x ?y #z", "https://t.example/x%20?y%20"),
    ("https://t.example/x?a\\b", "https://t.example/x?a\\b"),
    ("wss://t.example/s", "wss://t.example/s"),
    ("http://127.1/x", "http://127.0.0.1/x"),
    ("http://0x7f000001/", "http://127.0.0.1/"),
    ("http://0300.0250.0.0x1/", "http://192.168.0.1/"),
    ("http://10.0.0.1./", "http://10.0.0.1/"),
    ("http://0x/", "http://0.0.0.0/"),
    ("http://[::1]:8000/x", "http://[::1]/x"),
    ("http://[2001:DB8::1]/x", "http://[2001:db8::1]/x"),
    ("http://[1:0:0:2:0:0:0:3]/", "http://[1:0:0:2::3]/"),
    ("http://[0:0:1::]/", "http://[0:0:1::]/"),
    ("http://[::]/", "http://[::]/"),
    ("http://[1:2:3:4:5:6:7:8]/", "http://[1:2:3:4:5:6:7:8]/"),
    ("http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/"),
    ("http://1.2../", "http://1.2/"),
    ("https://t.example/x^y|z", "https://t.example/x%5Ey|z"),
    ("http://localhost:8000/x", "http://localhost/x"),
    ("https://my_host.example/x", "https://my_host.example/x"),
]

RELATIVE = [
    ("//t.example/x", PAGE, "https://t.example/x"),
    ("\\\\t.example/x", PAGE, "https://t.example/x"),
    ("/\\t.example/x", PLAIN_HTTP, "http://t.example/x"),
    ("///t.example/x", PAGE, "https://t.example/x"),
    ("/x?y", PAGE, "https://shop.example/x?y"),
    ("/", PAGE, "https://shop.example/"),
    ("/x/./y/../z.js?q#f", PAGE, "https://shop.example/x/z.js?q"),
    ("/x/%2e%2e/z.js", PAGE, "https://shop.example/z.js"),
    ("\\x", PAGE, "https://shop.example/x"),
    ("x.js", PAGE, "https://shop.example/a/b/x.js"),
    ("../x.js?y=2", PAGE, "https://shop.example/a/x.js?y=2"),
    ("?y=2", PAGE, "https://shop.example/a/b/page.html?y=2"),
    ("?", PAGE, "https://shop.example/a/b/page.html"),
    ("#top", PAGE, "https://shop.example/a/b/page.html?x=1"),
    ("", PAGE, "https://shop.example/a/b/page.html?x=1"),
    ("https:x.js", PAGE, "https://shop.example/a/b/x.js"),
    ("https:/x.js", PAGE, "https://shop.example/x.js"),
    ("https:x.js", PLAIN_HTTP, "https://x.js/"),
    ("http:/t.example", PAGE, "http://t.example/"),
    ("https:\\\\t.example/x", PAGE, "https://t.example/x"),
    ("1a:x", PAGE, "https://shop.example/a/b/1a:x"),
    ("https://other.example/x", PAGE, "https://other.example/x"),
]

REFUSED = [
    "", "x.js", "/x.js", "//t.example/x", "?x",
    "data:text/html,x", "blob:https://t.example/1", "javascript:alert(1)", "about:blank",
    "mailto:a@t.example", "ftp://t.example/", "file:///etc/hosts", "tel:123",
    "https://", "https:///", "https://?x", "https://@/x", "https://./x",
    "https://t.example:port/x", "https://t.example:65536/x", "https://t.example:999999/x",
    "https://a b/x", "https://a%00b/x", "https://a%2fb/x", "https://a%2541b/x", "https://a<b/x", "https://a^b",
    "https://[::1/x", "https://[::1]x/x", "https://[zz]/x", "https://::1/x", "https://[1::2::3]/", "https://[::1%25eth0]/",
    "https://[:]/", "https://b%C3.example/", "https://b\ufffd.example/",
    "http://1.2.3.4.5/", "http://256.0.0.1/", "http://1.2.3.256/", "http://4294967296/", "http://0x1g.1/",
    "http://a.1/", "http://1..1/", "http://09.1/", "http://" + "1" * 50 + "/",
    "https://" + "a" * 254 + ".example/", "https://" + "üä" * 200 + "/", "https://" + "ü" * 2000 + "/",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ABSOLUTE)
def test_absolute(text: str, expected: str) -> None:
    assert str(parse_url(text)) == expected
    assert str(parse_url(text, PLAIN_HTTP if text.lower().startswith("https") else PAGE)) == expected


@pytest.mark.parametrize(("text", "base", "expected"), RELATIVE)
def test_relative(text: str, base: Url, expected: str) -> None:
    assert str(parse_url(text, base)) == expected


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    assert parse_url(text) is None


@pytest.mark.parametrize("text", ["data:,x", "javascript:void 0", "https://a b/", "//a b/"])
def test_a_base_does_not_rescue_what_is_not_fetched(text: str) -> None:
    assert parse_url(text, PAGE) is None


_PIECES = st.sampled_from(
    ["http", "https", ":", "/", "//", "\\", "?", "#", "@", ".", "..", "%2e", "%41", "%", "[", "]", "::1",
     "t.example", "T", "ü", "。", "ß", "\u00ad", "\ud800", "\udc00", " ", "\t", "\n", "\x00", "0x7f", "127",
     "1", "xn--", "-", "x"],
)  # fmt: skip
_TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.lists(_PIECES).map("".join),
    st.builds("https://{}/{}?{}".format, st.text(), st.text(), st.text()),
)


@given(_TEXTS, st.sampled_from([None, PAGE, PLAIN_HTTP]))
def test_any_text_parses_or_not_and_its_canonical_form_is_fixed(text: str, base: Url | None) -> None:
    url = parse_url(text, base)
    if url is not None:
        assert url.host
        assert url.host == url.host.lower()
        assert url.path.startswith("/")
        assert parse_url(str(url)) == url
        assert parse_url(str(url), PAGE) == url


@given(st.lists(_PIECES).map("".join), st.sampled_from([None, PAGE, PLAIN_HTTP]))
def test_the_short_ways_lead_where_the_long_way_does(text: str, base: Url | None) -> None:
    for whole in (text, "/" + text, "https://t.example/" + text):
        assert parse_url(whole, base) == _parse(whole, base)
