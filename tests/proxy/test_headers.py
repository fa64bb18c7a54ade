"""What of the headers passes in both directions, as tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.proxy.headers import from_upstream, of_handshake, to_upstream
from cookiegate.proxy.target import BadRequest, BadResponse

PEER = "192.0.2.7"
ORIGIN = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "host")


def upwards(*headers: tuple[bytes, bytes], client: str | None = PEER, **options: object):
    scope = {
        "type": options.pop("type_", "http"),
        "scheme": options.pop("scheme", "http"),
        "headers": list(headers),
        "client": None if client is None else (client, 1234),
        "http_version": options.pop("http_version", "1.1"),
    }
    return to_upstream(scope, "site:8080", **options)


def kept(*headers: tuple[bytes, bytes], **options: object):
    """Return what passed, without what tells the origin."""
    return [(name, value) for name, value in upwards(*headers, **options) if name not in ORIGIN]


@pytest.mark.parametrize(
    "header",
    [
        (b"connection", b"close"),
        (b"keep-alive", b"timeout=5"),
        (b"proxy-connection", b"keep-alive"),
        (b"proxy-authorization", b"Basic eDp5"),
        (b"proxy-authenticate", b"Basic"),
        (b"te", b"trailers"),
        (b"trailer", b"x-sum"),
        (b"transfer-encoding", b"chunked"),
        (b"upgrade", b"h2c"),
        (b"http2-settings", b"AAMAAABkAARAAAAAAAIAAAAA"),
        (b"expect", b"100-continue"),
        (b"Expect", b"100-continue"),
    ],
)
def test_what_ends_at_this_hop(header: tuple[bytes, bytes]) -> None:
    assert kept((b"a", b"1"), header, (b"b", b"2")) == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize(
    ("connection", "passed"),
    [
        ([b"x-one"], ["x-two", "cookie"]),
        ([b"close, X-One ,,x-two"], ["cookie"]),
        ([b"x-one", b"x-two"], ["cookie"]),
        ([b"x-o"], ["x-one", "x-two", "cookie"]),
        ([b""], ["x-one", "x-two", "cookie"]),
    ],
)
def test_what_connection_names(connection: list[bytes], passed: list[str]) -> None:
    headers = [(b"X-One", b"1"), (b"x-two", b"2"), (b"cookie", b"c=1")]
    lines = kept(*headers, *((b"connection", value) for value in connection))
    assert [name for name, _ in lines] == passed


def test_connection_cannot_take_what_a_message_stands_on() -> None:
    lines = upwards(
        (b"host", b"shop.example"),
        (b"content-length", b"5"),
        (b"connection", b"host, content-length, x-forwarded-for, forwarded"),
    )
    assert {name for name, _ in lines} == {"content-length", *ORIGIN}


def test_order_duplicates_and_bytes_stay() -> None:
    headers = [
        (b"accept", b'text/html;q="0.9"'),
        (b"cookie", b"a=1"),
        (b"x-a", b"\xc3\xbc"),
        (b"cookie", b"b=2;  c"),
        (b"Accept", b"*/*"),
        (b"x-empty", b""),
    ]
    assert kept(*headers) == [(name.decode().lower(), value.decode()) for name, value in headers]


@pytest.mark.parametrize("version", ["2", "3"])
def test_what_later_versions_split_is_one_again(version: str) -> None:
    headers = [(b"a", b"1"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"z", b"1")]
    assert kept(*headers, http_version=version) == [("a", "1"), ("cookie", "a=1; b=2"), ("z", "1")]
    assert kept((b"a", b"1"), http_version=version) == [("a", "1")]


def test_no_utf_8_is_taken_as_latin_1() -> None:
    assert kept((b"cookie", b"town=K\xf6ln")) == [("cookie", "town=Köln")]


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ([(b"content-length", b"5")], "5"),
        ([(b"content-length", b"5"), (b"content-length", b"5")], "5"),
        ([(b"content-length", b"5, 5")], "5"),
        ([(b"content-length", b"5"), (b"transfer-encoding", b"chunked")], None),
        ([], None),
    ],
)
def test_a_length(headers: list[tuple[bytes, bytes]], length: str | None) -> None:
    assert dict(kept((b"a", b"1"), *headers, (b"b", b"2"))).get("content-length") == length
    downwards = dict(from_upstream([(b"a", b"1"), *headers, (b"b", b"2")], 200))
    assert downwards.get(b"content-length") == (length.encode() if length else None)
    assert next(iter(downwards)) == b"a"
    assert list(downwards)[-1] == b"b"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"5"), (b"content-length", b"6")],
        [(b"content-length", b"5, 6")],
        [(b"content-length", b"-5")],
        [(b"content-length", b"+5")],
        [(b"content-length", b"0x5")],
        [(b"content-length", b"5 5")],
        [(b"content-length", b"")],
        [(b"content-length", "٥".encode())],
        [(b"content-length", b"9" * 19)],
        [(b"content-length", b"5"), (b"Content-Length", b"")],
    ],
)
def test_a_length_that_says_nothing(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(BadRequest):
        upwards(*headers)
    with pytest.raises(BadResponse):
        from_upstream(headers, 200)


@pytest.mark.parametrize(
    "header",
    [
        (b"x", b"a\r\nset-cookie: b=1"),
        (b"x", b"a\nb"),
        (b"x", b"a\rb"),
        (b"x", b"a\x00b"),
        (b"x", b"a\x7fb"),
        (b"x y", b"a"),
        (b"x:", b"a"),
        (b"", b"a"),
        (b" x", b"a"),
        (b"x\n", b"a"),
        (b"\xc3\xbc", b"a"),
    ],
)
def test_no_header_can_become_two(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(BadRequest):
        upwards(header)
    with pytest.raises(BadResponse):
        from_upstream([header], 200)
    with pytest.raises(BadResponse):
        of_handshake([header])


@given(headers=st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9))))
def test_whatever_comes_nothing_else_raises(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        lines = upwards(*headers)
    except BadRequest:
        lines = []
    assert not [line for line in lines if set("".join(line)) & {"\r", "\n", "\0"}]
    try:
        answer = from_upstream(headers, 200)
    except BadResponse:
        answer = []
    assert not [line for line in answer if set(b"".join(line)) & set(b"\r\n\0")]


class TestHost:
    def test_it_is_the_sites_own(self) -> None:
        lines = upwards((b"a", b"1"), (b"host", b"shop.example"))
        assert lines[0] == ("host", "site:8080")
        assert [name for name, _ in lines].count("host") == 1

    @pytest.mark.parametrize(
        ("headers", "host"),
        [
            ([(b"host", b"Shop.Example:81")], "Shop.Example:81"),
            ([(b"host", b"")], "site:8080"),
            ([], "site:8080"),
        ],
    )
    def test_or_the_visitors(self, headers: list[tuple[bytes, bytes]], host: str) -> None:
        assert dict(upwards(*headers, preserve_host=True))["host"] == host

    @pytest.mark.parametrize("preserve_host", [True, False])
    def test_two_are_an_attack(self, preserve_host: bool) -> None:
        with pytest.raises(BadRequest):
            upwards((b"host", b"a"), (b"Host", b"a"), preserve_host=preserve_host)


FORGED = [
    (b"x-forwarded-for", b"203.0.113.9"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"evil.example"),
    (b"x-forwarded-port", b"444"),
    (b"x-real-ip", b"203.0.113.9"),
    (b"forwarded", b"for=203.0.113.9;proto=https"),
]


class TestOrigin:
    def told(self, *headers: tuple[bytes, bytes], **options: object) -> dict[str, str]:
        lines = upwards((b"host", b"shop.example"), *headers, **options)
        names = [name for name, _ in lines]
        assert len(names) == len(set(names))
        return {name: value for name, value in lines if name != "host"}

    @pytest.mark.parametrize("trusted", [(), ("198.51.100.0/24",)])
    @pytest.mark.parametrize("headers", [[], FORGED])
    def test_of_a_stranger_only_what_we_see_counts(
        self, headers: list[tuple[bytes, bytes]], trusted: tuple[str, ...]
    ) -> None:
        assert self.told(*headers, trusted_proxies=trusted) == {
            "x-forwarded-for": PEER,
            "x-forwarded-proto": "http",
            "x-forwarded-host": "shop.example",
            "forwarded": f"for={PEER};host=shop.example;proto=http",
        }

    def test_a_trusted_proxys_word_counts(self) -> None:
        assert self.told(*FORGED, trusted_proxies=["192.0.2.0/24"]) == {
            "x-forwarded-for": f"203.0.113.9, {PEER}",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "evil.example",
            "x-forwarded-port": "444",
            "x-real-ip": "203.0.113.9",
            "forwarded": f"for=203.0.113.9;proto=https, for={PEER}",
        }

    @pytest.mark.parametrize(
        ("header", "chain", "forwarded"),
        [
            (
                (b"x-forwarded-for", b"203.0.113.9, 203.0.113.10"),
                f"203.0.113.9, 203.0.113.10, {PEER}",
                f"for=203.0.113.10;host=shop.example;proto=http, for={PEER}",
            ),
            (
                (b"forwarded", b'for="[2001:db8::1]:99"'),
                f"2001:db8::1, {PEER}",
                f'for="[2001:db8::1]:99", for={PEER}',
            ),
            ((b"a", b"1"), PEER, f"for={PEER};host=shop.example;proto=http"),
        ],
    )
    def test_one_is_made_of_the_other(self, header: tuple[bytes, bytes], chain: str, forwarded: str) -> None:
        told = self.told(header, trusted_proxies=[PEER])
        assert (told["x-forwarded-for"], told["forwarded"]) == (chain, forwarded)

    def test_lines_that_come_twice_are_one_list(self) -> None:
        lines = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-for", b"203.0.113.10")]
        told = self.told(*lines, trusted_proxies=[PEER])
        assert told["x-forwarded-for"] == f"203.0.113.9, 203.0.113.10, {PEER}"

    def test_an_ipv6_address_and_a_port_are_quoted(self) -> None:
        lines = dict(upwards((b"host", b"shop.example:81"), client="2001:db8::1", scheme="wss"))
        assert lines["x-forwarded-for"] == "2001:db8::1"
        assert lines["forwarded"] == 'for="[2001:db8::1]";host="shop.example:81";proto=https'

    def test_on_a_unix_socket_there_is_no_address(self) -> None:
        lines = dict(upwards(*FORGED, (b"host", b"shop.example"), client=None))
        assert "x-forwarded-for" not in lines
        assert lines["forwarded"] == "for=unknown;host=shop.example;proto=http"
        assert "x-forwarded-host" not in dict(upwards(client=None))


class TestDownwards:
    def test_order_duplicates_and_bytes_stay(self) -> None:
        raw = [
            (b"Server", b"old"),
            (b"Set-Cookie", b"a=1"),
            (b"Content-Type", b"text/html"),
            (b"Set-Cookie", b"b=\xfc"),
            (b"X-Empty", b""),
        ]
        assert from_upstream(raw, 200) == [(name.lower(), value) for name, value in raw]

    def test_what_ends_at_this_hop(self) -> None:
        raw = [
            (b"Connection", b"x-hop"),
            (b"X-Hop", b"1"),
            (b"Keep-Alive", b"timeout=5"),
            (b"Transfer-Encoding", b"chunked"),
            (b"Trailer", b"x-sum"),
            (b"Proxy-Authenticate", b"Basic"),
            (b"Upgrade", b"h2"),
            (b"a", b"1"),
        ]
        assert from_upstream(raw, 200) == [(b"a", b"1")]

    @pytest.mark.parametrize(("status", "kept"), [(200, True), (206, True), (204, False), (304, False)])
    def test_a_length_of_nothing(self, status: int, kept: bool) -> None:
        assert bool(from_upstream([(b"content-length", b"5")], status)) == kept


class TestHandshake:
    HEADERS = (
        (b"sec-websocket-key", b"x"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-extensions", b"permessage-deflate"),
        (b"sec-websocket-protocol", b"chat"),
        (b"upgrade", b"websocket"),
        (b"connection", b"Upgrade"),
        (b"origin", b"https://shop.example"),
    )

    def test_each_side_shakes_hands_by_itself(self) -> None:
        assert kept(*self.HEADERS, type_="websocket") == [("origin", "https://shop.example")]
        raw = [(b"Sec-WebSocket-Accept", b"x"), (b"Upgrade", b"websocket"), (b"Set-Cookie", b"a=1")]
        assert of_handshake(raw) == [(b"set-cookie", b"a=1")]

    def test_a_refusal_has_no_content(self) -> None:
        raw = [(b"Content-Type", b"text/html"), (b"Content-Length", b"5"), (b"Location", b"/")]
        assert of_handshake(raw, refused=True) == [(b"location", b"/")]
