"""What must hold on every server and with every framework: 4 servers, 5 frameworks, all pairs."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import uuid
from typing import TYPE_CHECKING

import pytest

from cookiegate import gate_html
from hosting import content
from hosting.client import PREFIX, ask_raw, echoed, read_until, snippet_of, without_ours

if TYPE_CHECKING:
    from conftest import Host
    from hosting.client import Answer, Visitor

SERVERS = ("uvicorn", "hypercorn", "granian", "daphne")


def on(*sites: str) -> pytest.MarkDecorator:
    """Visit these sites only, on every server."""
    return pytest.mark.parametrize("host", [f"{a}-{b}" for a in SERVERS for b in sites], indirect=True)


def held(page: bytes) -> bytes:
    """Return the page as it is for somebody who has agreed to nothing."""
    body = gate_html(page).body
    assert body.count(content.HELD) == page.count(content.GA)
    return body


def log_in(visitor: Visitor, path: str = "/login", **fields: str) -> Answer:
    """Log in, with the token of the framework's own protection where it has one."""
    fields = {"user": content.USER, "password": content.PASSWORD, **fields}
    form = visitor.ask(path)  # Litestar gives its token with any answer
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', form.body)
    if token:
        fields["csrfmiddlewaretoken"] = token[1].decode()
    headers = {"X_CSRFToken": visitor.cookies["csrftoken"]} if "csrftoken" in visitor.cookies else {}
    return visitor.post(path, fields, **headers)


# --- pages


def test_a_page_is_held_and_the_visitor_asked(visitor: Visitor) -> None:
    answer = visitor.ask("/")
    assert answer.status == 200
    assert without_ours(answer.body) == held(content.TRACKED)
    assert snippet_of(answer.body).count(b"accept-all") == 1
    assert int(answer.get("content-length") or len(answer.body)) == len(answer.body)
    assert (answer.get("cache-control") or "").startswith("private")
    assert {"Cookie", "Sec-GPC"} <= set((answer.get("vary") or "").split(", "))
    assert "cg" not in visitor.cookies


def test_an_innocent_page_stays_as_it_is(visitor: Visitor) -> None:
    answer = visitor.ask("/innocent")
    assert snippet_of(answer.body)
    assert without_ours(answer.body) == content.INNOCENT


def test_a_long_page(visitor: Visitor) -> None:
    answer = visitor.ask("/large")
    assert len(answer.body) > 2_000_000
    assert without_ours(answer.body) == held(content.LARGE)


def test_a_packed_page(visitor: Visitor) -> None:
    answer = visitor.ask("/innocent", headers={"Accept-Encoding": "gzip"})
    assert answer.get("content-encoding") == "gzip"
    body = gzip.decompress(answer.body)
    assert without_ours(body) == content.INNOCENT
    assert b"accept-all" in body


def test_a_page_comes_piece_by_piece(visitor: Visitor, host: Host) -> None:
    name = uuid.uuid4().hex
    response = visitor.open(f"/stream/stream/{name}")
    start = read_until(response, b"<p>first\n")
    assert b"accept-all" in start
    tell(host, f"/go/{name}")
    body = start + response.read()
    assert without_ours(body) == held(b"".join(content.PIECES))


def test_events_come_piece_by_piece_and_stay_as_they_are(visitor: Visitor, host: Host) -> None:
    name = uuid.uuid4().hex
    response = visitor.open(f"/stream/sse/{name}", headers={"Accept": "text/event-stream"})
    start = read_until(response, content.EVENTS[0])
    assert start == content.EVENTS[0]
    tell(host, f"/go/{name}")
    assert start + response.read() == b"".join(content.EVENTS)


def test_a_visitor_who_leaves_ends_the_page_that_was_being_made(visitor: Visitor, host: Host) -> None:
    name = uuid.uuid4().hex
    read_until(visitor.open(f"/stream/endless/{name}"), content.HELD)
    visitor.close()
    assert tell(host, f"/closed/{name}") == b"yes"
    assert visitor.ask("/").status == 200


def tell(host: Host, path: str) -> bytes:
    """Ask on a connection of its own, while a response is under way."""
    connection = http.client.HTTPConnection(host.base.removeprefix("http://"), timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200
        return response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "status", "page"), [("/missing", 404, "MISSING"), ("/error", 500, "BROKEN")]
)
def test_error_pages_are_pages(visitor: Visitor, path: str, status: int, page: str) -> None:
    answer = visitor.ask(path)
    assert answer.status == status
    assert without_ours(answer.body) == held(getattr(content, page))


def test_redirects_lead_where_they_did(visitor: Visitor) -> None:
    answer = visitor.ask("/redirect")
    assert (answer.status, answer.location) == (302, "/innocent")


def test_head_has_no_body(visitor: Visitor) -> None:
    answer = visitor.ask("/", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert visitor.ask("/").status == 200  # on the same connection


# --- other responses


def test_json_stays_as_it_is(visitor: Visitor) -> None:
    answer = visitor.ask("/json")
    assert json.loads(answer.body) == content.DATA
    assert answer.get("content-length") == str(len(answer.body))
    assert answer.get("cache-control") is None


def test_a_file_that_is_a_page_is_held(visitor: Visitor) -> None:
    for path in ("/file", "/static/page.html"):
        answer = visitor.ask(path, headers={"Accept": "text/html", "Range": "bytes=0-9"})
        assert answer.status == 200
        assert without_ours(answer.body) == held(content.TRACKED)


def test_a_download_stays_as_it_is(visitor: Visitor) -> None:
    answer = visitor.ask("/download")
    assert (answer.get("content-disposition") or "").startswith("attachment")
    assert answer.body == content.TRACKED


def test_a_part_of_a_file(visitor: Visitor, host: Host) -> None:
    answer = visitor.ask("/static/data.bin", headers={"Range": "bytes=100-299"})
    partial = host.site in ("starlette", "fastapi", "quart")  # the others do not know ranges
    assert answer.status == (206 if partial else 200)
    assert answer.body == (content.FILE[100:300] if partial else content.FILE)


# Django has none, and the scope of daphne's lacks the scheme that Quart asks for.
@pytest.mark.parametrize(
    "host",
    [
        f"{server}-{site}"
        for server in SERVERS
        for site in ("starlette", "fastapi", "litestar", "quart")
        if (server, site) != ("daphne", "quart")
    ],
    indirect=True,
)
def test_a_websocket(host: Host) -> None:
    assert echoed(host.base, "/echo", "<script>hello</script>") == "<script>hello</script>"


# --- the answer


def test_an_answer_is_kept_and_the_page_follows_it(visitor: Visitor) -> None:
    accepted = visitor.choose("accept-all")
    assert (accepted.status, accepted.location) == (303, "/")
    [line] = accepted.all("set-cookie")
    assert line.startswith("cg=")
    assert "HttpOnly" in line
    page = visitor.ask("/")
    assert without_ours(page.body) == content.TRACKED
    assert b"accept-all" not in page.body
    assert visitor.choose("reject-all").status == 303
    page = visitor.ask("/")
    assert without_ours(page.body) == held(content.TRACKED)
    assert b"accept-all" not in page.body


def test_our_pages(visitor: Visitor) -> None:
    page = visitor.ask("/")
    files = set(re.findall(rb'"(/privacy-choices/assets/[^"]+)"', page.body))
    assert files
    for file in files:
        assert visitor.ask(file.decode()).status == 200
    assert visitor.ask(PREFIX.rstrip("/")).location == PREFIX
    assert b"<form" in visitor.ask(PREFIX).body
    state = json.loads(visitor.ask(f"{PREFIX}state").body)
    assert not state["answered"]
    json_headers = {"Content-Type": "application/json", "Origin": visitor.origin}
    body = b'{"action": "save", "choices": {"analytics": true}}'
    answer = visitor.ask(PREFIX, method="POST", headers=json_headers, body=body)
    assert json.loads(answer.body)["grants"]["analytics"]
    assert json.loads(visitor.ask(f"{PREFIX}state").body)["answered"]
    assert visitor.post(f"{PREFIX}erase", {}).status == 200
    assert "cg" not in visitor.cookies


def test_an_answer_from_elsewhere_does_not_count(visitor: Visitor) -> None:
    assert visitor.post(PREFIX, {"action": "accept-all"}, Origin="https://elsewhere.example").status == 403
    assert visitor.post(PREFIX, {"action": "accept-all"}, Sec_Fetch_Site="cross-site").status == 403
    assert "cg" not in visitor.cookies


def test_a_view_asks_for_consent(visitor: Visitor) -> None:
    assert json.loads(visitor.ask("/consent").body) == {"analytics": False, "answered": False}
    visitor.choose("accept-all")
    assert json.loads(visitor.ask("/consent").body) == {"analytics": True, "answered": True}
    visitor.choose("reject-all")
    assert json.loads(visitor.ask("/consent").body) == {"analytics": False, "answered": True}


def test_a_view_grants(visitor: Visitor) -> None:
    assert content.HELD not in visitor.ask("/grant").body
    assert "cg" in visitor.cookies
    assert json.loads(visitor.ask("/consent").body) == {"analytics": True, "answered": True}
    assert without_ours(visitor.ask("/").body) == content.TRACKED


def test_what_is_revalidated_is_what_the_answer_allows(visitor: Visitor) -> None:
    first = visitor.ask("/etag")
    tag = first.get("etag") or ""
    assert tag.startswith('W/"page-1--cg')
    again = visitor.ask("/etag", headers={"If-None-Match": tag, "Accept": "text/html"})
    assert (again.status, again.get("etag"), again.body) == (304, tag, b"")
    visitor.choose("accept-all")
    other = visitor.ask("/etag", headers={"If-None-Match": tag, "Accept": "text/html"})
    assert other.status == 200
    assert without_ours(other.body) == content.TRACKED


# --- cookies, sessions, forms


def test_cookies_of_trackers_are_dropped_and_others_kept(visitor: Visitor) -> None:
    visitor.ask("/cookies")
    assert visitor.cookies.get("basket") == "3"
    assert "_ga" not in visitor.cookies
    visitor.choose("accept-all")
    visitor.ask("/cookies")
    assert visitor.cookies.get("_ga") == "GA1.1.1.1"
    visitor.choose("reject-all")
    assert visitor.cookies.get("basket") == "3"
    assert "_ga" not in visitor.cookies


def test_who_is_logged_in_stays_so(visitor: Visitor) -> None:
    assert visitor.ask("/me").body == b"nobody"
    answer = log_in(visitor)
    assert (answer.status, answer.location) in ((303, "/me"), (302, "/me"))
    for action in ("accept-all", "reject-all"):
        assert visitor.choose(action).status == 303
        assert visitor.ask("/me").body == content.USER.encode()
    visitor.post(f"{PREFIX}erase", {})
    assert visitor.ask("/me").body == content.USER.encode()


def test_a_form_that_is_refused_shows_a_page(visitor: Visitor) -> None:
    answer = log_in(visitor, password="wrong")
    assert answer.status == 403
    assert b"accept-all" in snippet_of(answer.body)


@on("django", "litestar")
def test_the_frameworks_own_protection_of_forms_stays(visitor: Visitor) -> None:
    visitor.ask("/login")
    fields = {"user": content.USER, "password": content.PASSWORD}
    assert visitor.post("/login", fields).status in (403, 500)
    assert visitor.ask("/me").body == b"nobody"


@on("django")
def test_the_admin_of_django(visitor: Visitor) -> None:
    page = visitor.ask("/admin/login/?next=/admin/")
    assert page.status == 200
    assert b"accept-all" in page.body
    fields = {"username": content.USER, "next": "/admin/"}
    assert log_in(visitor, "/admin/login/", **fields).location == "/admin/"
    for action in ("accept-all", "reject-all"):
        visitor.choose(action)
        page = visitor.ask("/admin/auth/user/")
        assert page.status == 200
        assert content.USER.encode() in page.body
    name = f"visitor-{uuid.uuid4().hex[:8]}"
    added = log_in(visitor, "/admin/auth/group/add/", name=name, _save="Save")
    assert (added.status, added.location) == (302, "/admin/auth/group/")
    assert name.encode() in visitor.ask("/admin/auth/group/").body


# --- beside requests


@pytest.mark.parametrize(
    "host", ["uvicorn-starlette", "hypercorn-starlette", "granian-starlette"], indirect=True
)
def test_the_lifespan_reaches_the_application(visitor: Visitor) -> None:
    """daphne has none, and Django wants none: the sites work all the same."""
    assert visitor.ask("/begun").body == b"begun"


# --- what nobody should send


@pytest.mark.parametrize("path", ["/", PREFIX, f"{PREFIX}state"])
@pytest.mark.parametrize(
    "cookie", [b'cg=\xff\xfe; =; ;;; "a=\\"', b"cg=x; cg=y; __Host-cg=z", b"\xc3\xbc=\xe2\x82\xac; cg"]
)
def test_junk_cookies_are_no_answer(host: Host, path: str, cookie: bytes) -> None:
    status, body = ask_raw(host.base, path, b"Cookie: " + cookie)
    assert status == 200
    assert b'"answered":true' not in body
    assert content.GA not in body


def test_headers_of_64_kb(host: Host, visitor: Visitor) -> None:
    for line in (b"Cookie: cg=" + b"x" * 65_536, b"X-Forwarded-For: " + b"1.2.3.4, " * 7_300):
        status, _ = ask_raw(host.base, "/", line)
        assert status < 500 or status == 0  # 0: the server hung up
    assert visitor.ask("/").status == 200


def test_a_choice_of_128_kb(visitor: Visitor) -> None:
    answer = visitor.post(PREFIX, {"action": "accept-all", "more": "x" * 131_072})
    assert answer.status == 413
    visitor.close()
    assert visitor.ask("/").status == 200
