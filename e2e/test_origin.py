"""An answer counts only from the site itself, also where a proxy ends TLS before it."""

from __future__ import annotations

import http.client
import ssl
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from harness import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Route

    from harness import Visitor

    Visitors = Callable[..., Visitor]

CERTIFICATE = Path(__file__).parent / "localhost.pem"
"""A self-signed certificate for 127.0.0.1 with its key. It guards nothing: it is public."""

ELSEWHERE = "http://elsewhere.example/"
FORM = """<!doctype html><title>Elsewhere</title>
<form method="post" action="{action}"><button name="action" value="accept-all">Win a teapot</button></form>"""


class Forwarder(BaseHTTPRequestHandler):
    """Hands every request on and says that it came by https, as a TLS proxy does."""

    protocol_version = "HTTP/1.1"
    backend = ""

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": self.client_address[0]}
        with closing(http.client.HTTPConnection(self.backend, timeout=10)) as connection:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "content-length", "connection", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = forward  # noqa: N815 - the names http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
        """Say nothing."""


class Proxy(ThreadingHTTPServer):
    """Says nothing of connections that the browser breaks off, as it does to look at the certificate."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Leave the test to notice what matters."""


@contextmanager
def tls_before(base: str) -> Iterator[str]:
    """End TLS before a server; give the https address."""
    handler = type("Bound", (Forwarder,), {"backend": urlsplit(base).netloc})
    proxy = Proxy(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    proxy.socket = context.wrap_socket(proxy.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{proxy.server_address[1]}"
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join(timeout=10)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_form_on_another_site_grants_nothing(demo: str, visitors: Visitors, script: bool) -> None:
    visitor = visitors(demo, script=script)

    def elsewhere(route: Route) -> None:
        route.fulfill(content_type="text/html", body=FORM.format(action=f"{demo}{PREFIX}"))

    visitor.answer = elsewhere  # type: ignore[method-assign]  # this test answers by itself
    visitor.page.goto(ELSEWHERE)
    with visitor.page.expect_response(f"{demo}{PREFIX}") as posted:
        visitor.press("Win a teapot")
    assert posted.value.status == 403
    assert visitor.cookies() == set()
    visitor.goto("/")
    visitor.expect(set())


@pytest.mark.parametrize(
    ("server", "cookie"), [("trusting", "__Host-cg"), ("demo", "cg")], ids=["trusted", "untrusted"]
)
def test_consent_works_behind_a_tls_proxy(
    request: pytest.FixtureRequest, visitors: Visitors, server: str, cookie: str
) -> None:
    with tls_before(request.getfixturevalue(server)) as base:
        for script in (True, False):
            visitor = visitors(base, script=script, ignore_https_errors=True)
            visitor.goto("/privacy-policy")
            visitor.save("Accept all")
            visitor.page.locator("#cg").wait_for(state="hidden")
            visitor.goto("/privacy-policy")
            assert visitor.page.locator("#cg").count() == 0
            [ours] = [found for found in visitor.context.cookies(base) if "cg" in found["name"]]
            assert ours["name"] == cookie
            assert ours["secure"] == (cookie == "__Host-cg")
            assert ours["httpOnly"]
            assert visitor.page.url == f"{base}/privacy-policy"

            visitor.page.goto(f"{base}{PREFIX}")
            visitor.save("Withdraw all")
            visitor.goto("/contact")
            visitor.expect(set())
