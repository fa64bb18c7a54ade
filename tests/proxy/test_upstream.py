"""A real proxy between real sockets: what passes, how it passes, and what happens when one side goes away."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import pytest

from cookiegate import CookieGate
from cookiegate.exceptions import UpstreamError
from cookiegate.proxy import Upstream

from .conftest import KEY, ask, connect, get, read_all, read_until, serving, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import RawSite, Site

    Through = Callable[..., str]
    RawSites = Callable[..., RawSite]

OK = b"HTTP/1.1 200 OK\r\n"


def head_of(answer: bytes) -> list[bytes]:
    return answer.partition(b"\r\n\r\n")[0].split(b"\r\n")


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def test_an_answer_passes_as_it_is(raw_site: RawSites, through: Through) -> None:
    site = raw_site(
        OK + b"Server: Old/1.0\r\nDate: then\r\nSet-Cookie: a=1; Path=/\r\nX-Odd: \xfc \xc3\xbc\r\n"
        b"Set-Cookie: b=2\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\nKeep-Alive: timeout=5\r\n\r\n"
        b"notgzip"
    )
    answer = get(through(site.url), "/a%2Fb?c=%zz")
    assert head_of(answer) == [
        b"HTTP/1.1 200 OK",
        *(b"server: Old/1.0", b"date: then", b"set-cookie: a=1; Path=/", b"x-odd: \xfc \xc3\xbc"),
        *(b"set-cookie: b=2", b"content-encoding: gzip", b"content-length: 7", b"Connection: close"),
    ]
    assert body_of(answer) == b"notgzip"


def test_a_request_passes_as_it_is(raw_site: RawSites, through: Through) -> None:
    site = raw_site(OK + b"Content-Length: 0\r\n\r\n")
    get(through(site.url), "/a%2Fb//../c?c=%zz", "Cookie: a=1;b=2", "X-Two: 1", "Cookie: c=3", "X-Two: 2")
    [request] = site.requests
    assert head_of(request) == [
        b"GET /a%2Fb//../c?c=%zz HTTP/1.1",
        b"host: 127.0.0.1:%d" % site.port,
        *(b"cookie: a=1;b=2", b"x-two: 1", b"cookie: c=3", b"x-two: 2"),
        *(b"x-forwarded-for: 127.0.0.1", b"x-forwarded-proto: http", b"x-forwarded-host: shop.example"),
        b"forwarded: for=127.0.0.1;host=shop.example;proto=http",
    ]


def test_the_visitors_host_may_be_kept(raw_site: RawSites, through: Through) -> None:
    site = raw_site(OK + b"Content-Length: 0\r\n\r\n")
    get(through(site.url, preserve_host=True))
    assert b"\r\nhost: shop.example\r\n" in site.requests[0]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_every_method(raw_site: RawSites, through: Through, method: str) -> None:
    site = raw_site(OK + b"Content-Length: 3\r\n\r\n" + (b"" if method == "HEAD" else b"tea"))
    answer = get(through(site.url), method=method)
    assert site.requests[0].startswith(f"{method} / HTTP/1.1\r\n".encode())
    assert b"transfer-encoding" not in site.requests[0].lower()
    assert b"content-length: 3" in head_of(answer)
    assert body_of(answer) == (b"" if method == "HEAD" else b"tea")


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (b"204 No Content", b""),
        (b"304 Not Modified", b"ETag: x\r\nContent-Length: 500\r\n"),
        (b"304 Not Modified", b"ETag: x\r\n"),
        (b"205 Reset Content", b"Content-Length: 0\r\n"),
    ],
)
def test_answers_without_a_body(raw_site: RawSites, through: Through, status: bytes, headers: bytes) -> None:
    site = raw_site(b"HTTP/1.1 " + status + b"\r\n" + headers + b"\r\n")
    answer = get(through(site.url))
    assert answer.startswith(b"HTTP/1.1 " + status[:3])
    assert body_of(answer) == b""
    assert b"transfer-encoding" not in answer


def test_redirects_are_the_visitors_to_follow(raw_site: RawSites, through: Through) -> None:
    location = b"Location: http://127.0.0.1:1/elsewhere"
    site = raw_site(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + location + b"\r\n\r\n")
    answer = get(through(site.url))
    assert answer.startswith(b"HTTP/1.1 302")
    assert location.lower() in head_of(answer)[2].lower()
    assert len(site.requests) == 1


def test_hints_before_the_answer_are_left_out(raw_site: RawSites, through: Through) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    site = raw_site(hint + b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 3\r\n\r\ntea")
    answer = get(through(site.url))
    assert answer.startswith(OK)
    assert answer.count(b"HTTP/1.1") == 1
    assert body_of(answer) == b"tea"


def test_trailers_are_left_out(raw_site: RawSites, through: Through) -> None:
    chunks = b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\ntea\r\n0\r\nX-Sum: 1\r\n\r\n"
    answer = get(through(raw_site(OK + chunks).url))
    assert body_of(answer) == b"3\r\ntea\r\n0\r\n\r\n"
    assert b"X-Sum" not in answer


def test_an_answer_of_http_1_0_ends_with_its_connection(raw_site: RawSites, through: Through) -> None:
    answer = get(
        through(raw_site(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"tea" * 50_000).url)
    )
    assert answer.startswith(OK)
    assert answer.count(b"tea") > 49_000
    assert answer.endswith(b"\r\n0\r\n\r\n")


def test_headers_of_40_kb(raw_site: RawSites, through: Through) -> None:
    long = b"x" * 40_000
    site = raw_site(OK + b"X-Long: " + long + b"\r\nContent-Length: 0\r\n\r\n")
    assert long in get(through(site.url), "/", f"X-Sent: {'y' * 40_000}")
    assert b"y" * 40_000 in site.requests[0]


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
        OK + b"X: a\rSet-Cookie: b=1\r\nContent-Length: 0\r\n\r\n",
        OK + b"X: a\r\n Set-Cookie: b=1\r\nX Y: 1\r\nContent-Length: 0\r\n\r\n",
        OK + b"X Y: a\r\nContent-Length: 0\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        OK + b"Content-Length: -1\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        OK + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_502(
    raw_site: RawSites, through: Through, answer: bytes, gated: bool, caplog: pytest.LogCaptureFixture
) -> None:
    got = get(through(raw_site(answer).url, gated=gated), "/?<script>alert(1)</script>")
    assert got.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"alert" not in got
    assert b"set-cookie" not in got.lower()
    assert b"cache-control: no-store" in got
    assert body_of(got) == b"The site cannot be reached at the moment. Please try again later.\n"
    assert "upstream 127.0.0.1:" in caplog.text


@pytest.mark.parametrize("folded", [b"X: a\r\n Set-Cookie: b=1\r\n", b"X: a\r\n\tSet-Cookie: b=1\r\n"])
def test_a_folded_header_stays_one(raw_site: RawSites, through: Through, folded: bytes) -> None:
    got = get(through(raw_site(OK + folded + b"Content-Length: 0\r\n\r\n").url))
    assert not [line for line in head_of(got) if line.lower().startswith(b"set-cookie")]


def test_two_ways_of_saying_how_long_it_is(raw_site: RawSites, through: Through) -> None:
    """What one reader takes for the end of the answer may be its middle for the next."""
    chunked = b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n3\r\ntea\r\n0\r\n\r\n"
    got = get(through(raw_site(OK + chunked).url))
    assert b"content-length: 4" not in got
    assert b"HTTP/1.1 502" in got or body_of(got) == b"3\r\ntea\r\n0\r\n\r\n"


def test_a_site_that_is_down_is_502(through: Through) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    base = through(f"http://127.0.0.1:{port}", gated=True)
    for method in ("GET", "POST"):
        assert get(base, method=method).startswith(b"HTTP/1.1 502")
    assert get(base, "/privacy-choices/").startswith(OK)


def test_a_site_that_says_nothing_is_504(raw_site: RawSites, through: Through) -> None:
    silent = raw_site(b"", linger=True)
    base = through(silent.url, timeout=0.3)
    got = get(base)
    assert got.startswith(b"HTTP/1.1 504 Gateway Timeout\r\n")
    assert body_of(got) == b"The site takes too long to answer. Please try again later.\n"
    until(silent.ended.is_set)
    posted = ask(base, b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\ntea")
    assert posted.startswith(b"HTTP/1.1 504")
    assert silent.requests[1].endswith(b"\r\n\r\ntea")


def test_a_slow_upload_is_not_the_sites_fault(site: Site, site_url: str, through: Through) -> None:
    base = through(site_url, timeout=1.0)
    with connect(base) as connection:
        connection.sendall(
            b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\ntea"
        )
        until(lambda: bool(site.scopes))
        connection.settimeout(1.5)
        with pytest.raises(TimeoutError):  # more than the site would have had
            connection.recv(1)
        connection.settimeout(20)
        connection.sendall(b"two")
        assert body_of(read_all(connection)) == b"teatwo"


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize(
    "beginning",
    [
        b"Content-Length: 100000\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n7000\r\n",
    ],
)
@pytest.mark.parametrize("type_", [b"text/html", b"image/png"])
def test_an_answer_that_breaks_off_never_looks_whole(
    raw_site: RawSites, through: Through, beginning: bytes, type_: bytes, gated: bool
) -> None:
    part = b"<!doctype html><title>Shop</title><body>" + b"<p>Tea" * 4000
    site = raw_site(OK + b"Content-Type: " + type_ + b"\r\n" + beginning + part)
    got = get(through(site.url, gated=gated))
    assert b"<!doctype" in got or got.startswith(b"HTTP/1.1 50")
    assert not got.endswith(b"0\r\n\r\n")
    if b"content-length: 100000" in got:
        assert len(body_of(got)) < 100_000


class TestBodies:
    def test_with_a_length(self, site: Site, site_url: str, through: Through) -> None:
        body = bytes(range(256)) * 4096
        request = b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(
            body
        )
        assert body_of(ask(through(site_url), request + body)) == body
        headers = dict(site.scopes[0]["headers"])
        assert headers[b"content-length"] == b"%d" % len(body)
        assert b"transfer-encoding" not in headers

    def test_in_chunks(self, site: Site, site_url: str, through: Through) -> None:
        base = through(site_url)
        with connect(base) as connection:
            connection.sendall(
                b"PUT /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
                b"\r\n3\r\ntea\r\n"
            )
            until(lambda: bool(site.scopes))  # it is there before the rest is
            connection.sendall(b"4\r\n two\r\n0\r\n\r\n")
            assert body_of(read_all(connection)) == b"tea two"
        headers = dict(site.scopes[0]["headers"])
        assert headers[b"transfer-encoding"] == b"chunked"
        assert b"content-length" not in headers

    def test_in_chunks_that_come_at_once(self, site: Site, site_url: str, through: Through) -> None:
        head = b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert body_of(ask(through(site_url), head + b"3\r\ntea\r\n0\r\n\r\n")) == b"tea"

    def test_of_nothing(self, site: Site, site_url: str, through: Through) -> None:
        base = through(site_url)
        assert body_of(get(base, "/echo", method="POST")) == b""
        assert body_of(get(base, "/echo", "Content-Length: 0", method="POST")) == b""
        head = b"PUT /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert body_of(ask(base, head + b"0\r\n\r\n")) == b""

    def test_of_a_get(self, site: Site, site_url: str, through: Through) -> None:
        request = b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\ntea"
        assert body_of(ask(through(site_url), request)) == b"tea"

    def test_that_is_announced(self, site: Site, site_url: str, through: Through) -> None:
        """Expect: 100-continue is between neighbours: our server says when it wants the body."""
        with connect(through(site_url)) as connection:
            connection.sendall(
                b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n"
                b"Expect: 100-continue\r\n\r\n"
            )
            read_until(connection, b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(b"tea")
            assert body_of(read_all(connection)) == b"tea"
        assert b"expect" not in dict(site.scopes[0]["headers"])

    def test_both_ways_at_once(self, site: Site, site_url: str, through: Through) -> None:
        with connect(through(site_url)) as connection:
            connection.sendall(
                b"POST /pingpong HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
            )
            read_until(connection, b"A")
            connection.sendall(b"1\r\nb\r\n")
            read_until(connection, b"B")
            connection.sendall(b"0\r\n\r\n")
            read_until(connection, b"0\r\n\r\n")

    def test_that_break_off_are_never_whole(self, site: Site, site_url: str, through: Through) -> None:
        base = through(site_url)
        for how in (b"Content-Length: 9\r\n\r\ntea", b"Transfer-Encoding: chunked\r\n\r\n3\r\ntea\r\n"):
            before = len(site.scopes)
            with connect(base) as connection:
                connection.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\n" + how)
                until(lambda before=before: len(site.scopes) > before)
        until(lambda: site.left == 2)
        assert site.bodies == []

    def test_a_visitor_who_leaves_at_once(self, site: Site, site_url: str, through: Through) -> None:
        base = through(site_url)
        with connect(base) as connection:
            connection.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        assert get(base).startswith(OK)
        assert [scope["path"] for scope in site.scopes] == ["/"]

    def test_a_refusal_in_the_middle_of_one(self, raw_site: RawSites, through: Through) -> None:
        refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nstop"
        site = raw_site(refusal, early=True)
        with connect(through(site.url)) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\ntea")
            got = read_until(connection, b"stop")
        assert got.startswith(b"HTTP/1.1 413")


class TestStreams:
    @pytest.mark.parametrize("gated", [False, True])
    def test_events_come_one_by_one(self, site: Site, site_url: str, through: Through, gated: bool) -> None:
        with connect(through(site_url, gated=gated)) as connection:
            connection.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            read_until(connection, b"data: one\n\n")
            site.go_on.set()
            read_until(connection, b"data: two\n\n")
        until(lambda: site.left == 1)  # the visitor has gone, so the site is told

    def test_a_visitor_who_does_not_wait_for_the_answer(
        self, site: Site, site_url: str, through: Through
    ) -> None:
        with connect(through(site_url)) as connection:
            connection.sendall(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
            until(lambda: bool(site.scopes))
        until(lambda: site.left == 1)

    def test_visitors_who_leave_leave_nothing_behind(self, site: Site, site_url: str) -> None:
        loops: list[asyncio.AbstractEventLoop] = []
        upstream = Upstream(site_url)

        async def app(scope, receive, send):
            loops.append(asyncio.get_running_loop())
            await upstream(scope, receive, send)

        with serving(app) as base:
            get(base)
            before = len(asyncio.all_tasks(loops[0]))
            for number in range(40):
                with connect(base) as connection:
                    connection.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
                    if number % 2:
                        read_until(connection, b"data: one\n\n")
                    else:
                        until(lambda number=number: len(site.scopes) > number + 1)
            until(lambda: site.left == 40)
            until(lambda: len(asyncio.all_tasks(loops[0])) <= before)

    def test_a_slow_visitor_slows_the_site(self, site: Site, site_url: str, through: Through) -> None:
        with connect(through(site_url)) as connection:
            connection.sendall(b"GET /flood HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            read_until(connection, b"\r\n\r\n")
            seen = -1
            while seen != site.sent:  # until nothing moves any more
                seen = site.sent
                time.sleep(0.25)
            assert seen < 48 * 2**20
            while connection.recv(2**20):
                pass
        assert site.sent == 64 * 2**20


class TestGated:
    def test_a_page(self, site: Site, site_url: str, through: Through) -> None:
        answer = get(through(site_url, gated=True), "/page")
        assert b'data-cg-src="https://www.googletagmanager.com/gtag/js"' in answer
        assert b"/privacy-choices" in answer

    def test_a_page_that_comes_whole_keeps_a_length(
        self, site: Site, site_url: str, through: Through
    ) -> None:
        answer = get(through(site_url, gated=True), "/page")
        [length] = [line for line in head_of(answer) if line.startswith(b"content-length:")]
        assert int(length.split()[1]) == len(body_of(answer))


class TestConnections:
    def test_they_are_kept_for_what_may_be_sent_twice(
        self, site: Site, site_url: str, through: Through
    ) -> None:
        base = through(site_url)
        for _ in range(3):
            get(base)
        assert len({scope["client"] for scope in site.scopes}) == 1
        for _ in range(2):
            get(base, "/echo", "Content-Length: 0", method="POST")
        assert len({scope["client"] for scope in site.scopes}) == 3

    def test_one_that_the_site_closed_meanwhile(self, raw_site: RawSites, through: Through) -> None:
        """The site says it keeps the connection and closes it all the same, as after a restart."""
        site = raw_site(OK + b"Content-Length: 3\r\nConnection: keep-alive\r\n\r\ntea")
        base = through(site.url)
        for method in ("GET", "POST", "GET", "PUT", "GET"):
            assert body_of(get(base, method=method)) == b"tea"

    def test_the_end_closes_them(self, raw_site: RawSites) -> None:
        site = raw_site(OK + b"Content-Length: 3\r\n\r\ntea", linger=True)
        with serving(Upstream(site.url)) as base:
            get(base)
            assert not site.ended.is_set()
        until(site.ended.is_set)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 4\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n",
    ],
)
def test_what_is_no_request_never_gets_there(raw_site: RawSites, request_: bytes, through: Through) -> None:
    site = raw_site(OK + b"Content-Length: 0\r\n\r\n")
    got = ask(through(site.url), request_ + b"Connection: close\r\n\r\n")
    assert got[9:12] in (b"400", b"501")
    assert site.requests == []


def test_a_length_beside_chunks_counts_for_nothing(site: Site, site_url: str, through: Through) -> None:
    smuggled = (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n3\r\ntea\r\n0\r\n\r\nGET /never HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    got = ask(through(site_url), smuggled)
    assert got[9:12] == b"400" or body_of(got) == b"tea"
    assert "/never" not in [scope["path"] for scope in site.scopes]


def test_the_forwarding_headers_of_a_trusted_proxy(site: Site, site_url: str, through: Through) -> None:
    forged = ("X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https")
    for trusted, told in (
        (["127.0.0.1"], (b"203.0.113.9, 127.0.0.1", b"https")),
        ([], (b"127.0.0.1", b"http")),
    ):
        get(through(site_url, trusted_proxies=trusted), "/", *forged)
        headers = dict(site.scopes[-1]["headers"])
        assert (headers[b"x-forwarded-for"], headers[b"x-forwarded-proto"]) == told


def test_an_address_that_is_none() -> None:
    with pytest.raises(UpstreamError):
        CookieGate(Upstream("127.0.0.1:8080"), secret_keys=KEY)
