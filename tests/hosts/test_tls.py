"""Behind a proxy that ends TLS, and over TLS itself with HTTP/2."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING

import httpx2
import pytest

from cookiegate import gate_html
from hosting import content
from hosting.client import CERTIFICATE, PREFIX, served, without_ours
from hosting.nginx import nginx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hosting.client import Visitor

    Visit = Callable[..., Visitor]

SERVERS = ("uvicorn", "hypercorn", "granian", "daphne")
ANY = "location / {{ proxy_pass {base}; {headers} }}"
X_FORWARDED = (
    "proxy_set_header Host internal.example; proxy_set_header X-Forwarded-Proto $scheme;"
    " proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;"
)
FORWARDED = (
    "proxy_set_header Host internal.example;"
    """ proxy_set_header Forwarded 'for=$remote_addr;host="$http_host";proto=$scheme';"""
)
SAME_HOST = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;"


def use(visitor: Visitor, cookie: str) -> None:
    """Be asked, be refused from elsewhere, accept, and see the page."""
    assert content.HELD in visitor.ask("/").body
    for origin in ("https://elsewhere.example", "https://internal.example", "null"):
        assert visitor.post(PREFIX, {"action": "accept-all"}, Origin=origin).status == 403
    assert visitor.post(PREFIX, {"action": "accept-all"}, Sec_Fetch_Site="same-site").status == 403
    accepted = visitor.post(PREFIX, {"action": "accept-all"}, Referer=f"{visitor.origin}/innocent")
    assert (accepted.status, accepted.location) == (303, "/innocent")
    [line] = accepted.all("set-cookie")
    assert line.startswith(f"{cookie}=")
    assert ("Secure" in line) == (cookie == "__Host-cg")
    assert content.GA in visitor.ask("/").body


@pytest.mark.parametrize("server", SERVERS)
def test_a_trusted_proxy_ends_tls(server: str, folder: Path, tmp_path: Path, visit: Visit) -> None:
    with served(server, "starlette", folder, "--trust", "127.0.0.1") as base:
        for headers in (X_FORWARDED, FORWARDED):
            with nginx(tmp_path, ANY.format(base=base, headers=headers), tls=True) as proxy:
                use(visit(proxy), "__Host-cg")


def test_django_behind_a_trusted_proxy(folder: Path, tmp_path: Path, visit: Visit) -> None:
    with (
        served("uvicorn", "django", folder, "--trust", "127.0.0.0/8") as base,
        nginx(tmp_path, ANY.format(base=base, headers=X_FORWARDED), tls=True) as proxy,
    ):
        use(visit(proxy), "__Host-cg")


def test_a_server_that_believes_the_proxy_by_itself(folder: Path, tmp_path: Path, visit: Visit) -> None:
    """As ``uvicorn`` does from the command line; nothing is configured in the policy."""
    with (
        served("uvicorn", "starlette", folder, "--proxy-headers") as base,
        nginx(tmp_path, ANY.format(base=base, headers=SAME_HOST), tls=True) as proxy,
    ):
        use(visit(proxy), "__Host-cg")


def test_a_proxy_that_nobody_trusts(folder: Path, tmp_path: Path, visit: Visit) -> None:
    """The answer counts all the same, from this very host; the cookie is that of plain http."""
    with (
        served("uvicorn", "starlette", folder, "--trust", "192.0.2.1") as base,
        nginx(tmp_path, ANY.format(base=base, headers=SAME_HOST), tls=True) as proxy,
    ):
        use(visit(proxy), "cg")


def test_a_visitor_who_says_what_only_a_proxy_may_say(folder: Path, visit: Visit) -> None:
    with served("uvicorn", "starlette", folder) as base:
        visitor = visit(base)
        lies = {"X_Forwarded_Host": "elsewhere.example", "Forwarded": "host=elsewhere.example;proto=https"}
        for origin in ("http://elsewhere.example", "https://elsewhere.example"):
            answer = visitor.post(
                PREFIX, {"action": "accept-all"}, Origin=origin, X_Forwarded_Proto="https", **lies
            )
            assert answer.status == 403
        answer = visitor.post(PREFIX, {"action": "accept-all"}, X_Forwarded_Proto="https", **lies)
        assert answer.all("set-cookie")[0].startswith("cg=")


# --- HTTP/2


@pytest.fixture(scope="module", params=["starlette", "django"])
def secure(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Serve a site over TLS with hypercorn, which offers HTTP/2 then."""
    with served("hypercorn", request.param, folder, "--tls", str(CERTIFICATE)) as base:
        yield base


@pytest.fixture
def client(secure: str) -> Iterator[httpx2.Client]:
    context = ssl.create_default_context(cafile=CERTIFICATE)
    with httpx2.Client(http2=True, http1=False, verify=context, base_url=secure, timeout=20) as client:
        yield client


def test_http_2(client: httpx2.Client, secure: str) -> None:
    page = client.get("/")
    assert page.http_version == "HTTP/2"
    assert without_ours(page.content) == gate_html(content.TRACKED).body
    # RFC 9113, section 8.2.2: what belongs to a connection has no place here.
    assert {"connection", "transfer-encoding", "keep-alive", "upgrade"}.isdisjoint(page.headers)
    large = client.get("/large").content
    assert without_ours(large) == gate_html(content.LARGE).body
    accepted = client.post(PREFIX, data={"action": "accept-all"}, headers={"Origin": secure})
    assert accepted.status_code == 303
    assert accepted.headers["set-cookie"].startswith("__Host-cg=")
    assert content.GA in client.get("/").content


def test_the_crumbs_of_a_cookie_header(client: httpx2.Client, secure: str) -> None:
    """HTTP/2 may send every cookie in a header of its own (RFC 9113, section 8.2.3)."""
    accepted = client.post(PREFIX, data={"action": "accept-all"}, headers={"Origin": secure})
    ours = accepted.headers["set-cookie"].partition(";")[0]
    client.cookies.clear()
    crumbs = [("cookie", "basket=3"), ("cookie", ours), ("cookie", "theme=dark")]
    assert json.loads(client.get(f"{PREFIX}state", headers=crumbs).content)["answered"]
    assert content.GA in client.get("/", headers=crumbs).content
    assert content.HELD in client.get("/", headers=[crumbs[0], crumbs[2]]).content
    twice = [*crumbs, ("cookie", "__Host-cg=forged")]
    assert content.GA in client.get("/", headers=twice).content


@pytest.mark.parametrize("secure", ["starlette"], indirect=True)
def test_early_hints(secure: str, folder: Path) -> None:
    """What would load a tracker early is dropped from the hints, and the page is held."""
    from hosting.http2 import informed

    hints, status, body = informed(secure, "/hints")
    assert [hint for hint in hints if hint[0] == b":status"] == [(b":status", b"103")]
    assert [value for name, value in hints if name == b"link"] == [b"</own.css>; rel=preload; as=style"]
    assert status == 200
    assert content.HELD in body
