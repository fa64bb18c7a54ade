"""Where a request came from, and whether it may change anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.gate.forwarded import Origin, allowed_post, is_trusted, networks, origin_of, root_of

Pairs = list[tuple[bytes, bytes]]
PROXY = ("10.0.0.7", 4711)
TRUSTED = ("10.0.0.0/8", "::1")


def scope(headers: Pairs, **more: object) -> dict[str, object]:
    inside = [(b"host", b"inside.example:8000"), *headers]
    return {"type": "http", "scheme": "http", "client": PROXY, "headers": inside} | more


INSIDE = Origin(scheme="http", host="inside.example:8000", client="10.0.0.7")


@pytest.mark.parametrize(
    ("given_scope", "expected"),
    [
        ({}, ("http", "", "")),
        ({"client": None, "server": None, "headers": []}, ("http", "", "")),
        ({"scheme": "https", "headers": [(b"Host", b" Shop.Example ")]}, ("https", "shop.example", "")),
        (
            {"scheme": "wss", "headers": [(b"host", b"[2001:DB8::1]:8443")]},
            ("https", "[2001:db8::1]:8443", ""),
        ),
        ({"scheme": "ws", "client": ["192.0.2.1", 1]}, ("http", "", "192.0.2.1")),
        ({"server": ("127.0.0.1", 8000)}, ("http", "127.0.0.1:8000", "")),
        ({"server": ["::1", 80]}, ("http", "[::1]:80", "")),
        ({"server": ("/run/app.sock", None)}, ("http", "", "")),
        ({"server": ("a", 1), "headers": [(b"host", b"bad host")]}, ("http", "a:1", "")),
        ({"server": ("a", 1), "headers": [(b"host", b"x"), (b"host", b"y")]}, ("http", "a:1", "")),
        ({"client": ("testclient", 50000)}, ("http", "", "testclient")),
    ],
)
def test_without_a_proxy(given_scope: dict[str, object], expected: tuple[str, str, str]) -> None:
    origin = origin_of(given_scope)
    assert (origin.scheme, origin.host, origin.client) == expected
    assert origin.secure == (expected[0] == "https")


@pytest.mark.parametrize(
    ("root_path", "expected"),
    [
        ("", ""),
        ("/", ""),
        ("/shop", "/shop"),
        ("/shop/", "/shop"),
        ("shop", "/shop"),
        ("/a/b;v=1", "/a/b;v=1"),
        ("/größe", "/gr%C3%B6%C3%9Fe"),
        ("/50%", "/50%25"),
        ("/a?b#c", "/a%3Fb%23c"),
        ("//evil.example", "/evil.example"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("javascript:alert(1)//", "/javascript:alert(1)"),
        ('/"><script>', "/%22%3E%3Cscript%3E"),
        ("/a\r\nSet-Cookie: b=c", "/a%0D%0ASet-Cookie:%20b=c"),
        ("/\udc80", "/%3F"),
    ],
)
def test_what_stands_before_every_path(root_path: str, expected: str) -> None:
    assert root_of({"root_path": root_path}) == expected
    assert root_of({}) == ""


FORWARDED = [
    ([], INSIDE),
    ([(b"X-Forwarded-Proto", b"https")], Origin(scheme="https", host=INSIDE.host, client="10.0.0.7")),
    ([(b"x-forwarded-proto", b"HTTPS, http")], Origin(scheme="https", host=INSIDE.host, client="10.0.0.7")),
    ([(b"x-forwarded-proto", b"http")], INSIDE),
    ([(b"x-forwarded-proto", b"ftp")], INSIDE),
    ([(b"x-forwarded-proto", b"\xff")], INSIDE),
    (
        [(b"x-forwarded-host", b"Shop.Example"), (b"x-forwarded-for", b"192.0.2.1")],
        Origin(scheme="http", host="shop.example", client="192.0.2.1"),
    ),
    (
        [(b"x-forwarded-host", b"shop.example:8443, mid.example")],
        Origin(scheme="http", host="shop.example:8443", client="10.0.0.7"),
    ),
    ([(b"x-forwarded-host", b"shop.example/<script>")], INSIDE),
    (
        [(b"x-forwarded-host", b"shop.example, "), (b"x-forwarded-host", b"b")],
        Origin(scheme="http", host="shop.example", client="10.0.0.7"),
    ),
    (
        [(b"x-forwarded-for", b"198.51.100.9, 192.0.2.1, 10.1.1.1")],
        Origin(scheme="http", host=INSIDE.host, client="192.0.2.1"),
    ),
    (
        [(b"x-forwarded-for", b"198.51.100.9"), (b"x-forwarded-for", b"192.0.2.1:555")],
        Origin(scheme="http", host=INSIDE.host, client="192.0.2.1"),
    ),
    (
        [(b"x-forwarded-for", b"10.9.9.9, 10.1.1.1")],
        Origin(scheme="http", host=INSIDE.host, client="10.9.9.9"),
    ),
    (
        [(b"x-forwarded-for", b"::ffff:192.0.2.1")],
        Origin(scheme="http", host=INSIDE.host, client="192.0.2.1"),
    ),
    (
        [(b"x-forwarded-for", b"[2001:db8::5%<b>]:99")],
        Origin(scheme="http", host=INSIDE.host, client="2001:db8::5"),
    ),
    ([(b"x-forwarded-for", b"192.0.2.1, unknown")], INSIDE),
    ([(b"x-forwarded-for", b"[")], INSIDE),
    (
        [(b"Forwarded", b'for="[2001:db8::1]:4711";Proto=https;host="shop.example";by=_p')],
        Origin(scheme="https", host="shop.example", client="2001:db8::1"),
    ),
    (
        [(b"forwarded", b"for=192.0.2.1;proto=https, for=10.2.2.2;proto=http;host=b.example")],
        Origin(scheme="https", host="b.example", client="192.0.2.1"),
    ),
    (
        [(b"forwarded", b'for="192.\\0.2.1"'), (b"forwarded", b"for=10.2.2.2")],
        Origin(scheme="http", host=INSIDE.host, client="192.0.2.1"),
    ),
    ([(b"forwarded", b"for=_hidden")], INSIDE),
    ([(b"forwarded", b"for=192.0.2.1;proto https")], INSIDE),
    ([(b"forwarded", b'for="192.0.2.1')], INSIDE),
    (
        [(b"forwarded", b"for=192.0.2.9;proto=http"), (b"x-forwarded-proto", b"https")],
        Origin(scheme="https", host=INSIDE.host, client="192.0.2.9"),
    ),
]


@pytest.mark.parametrize(("headers", "expected"), FORWARDED)
def test_behind_a_trusted_proxy(headers: Pairs, expected: Origin) -> None:
    assert origin_of(scope(headers), TRUSTED) == expected


@pytest.mark.parametrize(("headers", "_expected"), FORWARDED)
@pytest.mark.parametrize("trusted", [(), ("192.0.2.0/24",), ("::/0",)])
def test_nobody_else_is_believed(headers: Pairs, _expected: Origin, trusted: tuple[str, ...]) -> None:
    assert origin_of(scope(headers), trusted) == INSIDE


@pytest.mark.parametrize(
    ("client", "scheme"),
    [
        (("10.255.0.1", 1), "https"),
        (("::ffff:10.0.0.7", 1), "https"),
        (("::1", 1), "https"),
        (("11.0.0.1", 1), "http"),
        (("", 0), "http"),
        (None, "http"),
    ],
)
def test_who_counts_as_trusted(client: object, scheme: str) -> None:
    asked = scope([(b"x-forwarded-proto", b"https")], client=client)
    assert origin_of(asked, TRUSTED).scheme == scheme


def test_an_https_scope_can_be_called_http() -> None:
    assert origin_of(scope([(b"x-forwarded-proto", b"http")], scheme="https"), TRUSTED).scheme == "http"


@pytest.mark.parametrize(
    ("client", "trusted", "expected"),
    [
        ("10.0.0.7", TRUSTED, True),
        ("::ffff:10.0.0.7", TRUSTED, True),
        ("::1%eth0", TRUSTED, True),
        ("192.0.2.1", TRUSTED, False),
        ("", TRUSTED, False),
        ("testclient", TRUSTED, False),
        ("10.0.0.7", (), False),
    ],
)
def test_an_address_is_trusted(client: str, trusted: tuple[str, ...], expected: bool) -> None:
    assert is_trusted(client, trusted) is expected


def test_networks_refuse_what_is_none() -> None:
    assert [str(network) for network in networks(("127.0.0.1", "10.1.2.3/8"))] == [
        "127.0.0.1/32",
        "10.0.0.0/8",
    ]
    with pytest.raises(ValueError, match="nginx"):
        networks(("nginx",))


HTTPS = Origin(scheme="https", host="shop.example", client="")
HTTP = Origin(scheme="http", host="shop.example", client="")
PORT = Origin(scheme="http", host="shop.example:8000", client="")
FOLDED = Origin(scheme="https", host="shop.example:443", client="")
NOWHERE = Origin(scheme="http", host="", client="")


@pytest.mark.parametrize(
    ("headers", "origin", "allowed"),
    [
        # Sec-Fetch-Site decides alone
        ([(b"sec-fetch-site", b"same-origin")], HTTPS, True),
        ([(b"Sec-Fetch-Site", b" same-origin"), (b"origin", b"null")], HTTPS, True),
        ([(b"sec-fetch-site", b"same-origin"), (b"origin", b"https://shop.example")], PORT, True),
        ([(b"sec-fetch-site", b"none")], HTTPS, True),
        ([(b"sec-fetch-site", b"same-site"), (b"origin", b"https://shop.example")], HTTPS, False),
        ([(b"sec-fetch-site", b"cross-site"), (b"origin", b"https://shop.example")], HTTPS, False),
        ([(b"sec-fetch-site", b"Same-Origin")], HTTPS, False),
        ([(b"sec-fetch-site", b"")], HTTPS, False),
        # then Origin
        ([(b"origin", b"https://shop.example")], HTTPS, True),
        ([(b"Origin", b"HTTPS://Shop.Example:443")], HTTPS, True),
        ([(b"origin", b"https://shop.example")], FOLDED, True),
        ([(b"origin", b"http://shop.example")], HTTP, True),
        ([(b"origin", b"http://shop.example:80")], HTTP, True),
        ([(b"origin", b"http://shop.example:8000")], PORT, True),
        ([(b"origin", b"https://shop.example")], HTTP, True),  # TLS ends before us
        ([(b"origin", b"http://shop.example")], HTTPS, False),
        ([(b"origin", b"http://shop.example")], PORT, False),
        ([(b"origin", b"https://shop.example:8443")], HTTPS, False),
        ([(b"origin", b"https://evil.example")], HTTPS, False),
        ([(b"origin", b"https://shop.example.evil.example")], HTTPS, False),
        ([(b"origin", b"https://shop.example@evil.example")], HTTPS, False),
        ([(b"origin", b"https://shop.example/")], HTTPS, False),
        ([(b"origin", b"ftp://shop.example")], HTTPS, False),
        ([(b"origin", b"null")], HTTPS, False),
        ([(b"origin", b"null"), (b"referer", b"https://shop.example/")], HTTPS, False),
        ([(b"origin", b"")], HTTPS, False),
        ([(b"origin", b"\xff")], HTTPS, False),
        ([(b"origin", b"http://")], NOWHERE, False),
        ([(b"referer", b"http://shop.example/")], NOWHERE, False),
        # then Referer
        ([(b"referer", b"https://shop.example/page?x#y")], HTTPS, True),
        ([(b"Referer", b"https://shop.example")], HTTP, True),
        ([(b"referer", b"https://evil.example/https://shop.example/")], HTTPS, False),
        ([(b"referer", b"https://shop.example@evil.example/")], HTTPS, False),
        ([(b"referer", b"https://shop.example\\@evil.example/")], HTTPS, False),
        ([(b"referer", b"")], HTTPS, False),
        ([(b"referer", b"about:blank")], HTTPS, False),
        # and nothing at all
        ([], HTTPS, False),
        # twice is refused
        ([(b"sec-fetch-site", b"same-origin")] * 2, HTTPS, False),
        ([(b"origin", b"https://shop.example")] * 2, HTTPS, False),
        ([(b"referer", b"https://shop.example/")] * 2, HTTPS, False),
        ([(b"sec-fetch-site", b"same-origin"), (b"origin", b"a"), (b"Origin", b"b")], HTTPS, False),
    ],
)
def test_allowed_post(headers: Pairs, origin: Origin, allowed: bool) -> None:
    assert allowed_post(headers, origin) is allowed


NAMES = st.sampled_from(
    [
        b"host",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-forwarded-host",
        b"forwarded",
        b"origin",
        b"referer",
        b"sec-fetch-site",
    ]
)
VALUES = st.binary() | st.text(alphabet='0123456789.:[]%,;="\\ forhstp/').map(str.encode)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_any_bytes(headers: Pairs) -> None:
    asked = {"headers": headers, "client": PROXY, "server": ("shop.example", 443), "scheme": "https"}
    origin = origin_of(asked, TRUSTED)
    assert origin.scheme in {"http", "https"}
    assert origin.host
    assert origin.host.isascii()
    assert set(origin.client) <= set("0123456789abcdef.:")
    assert allowed_post(headers, origin) in {True, False}
