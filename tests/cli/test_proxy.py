from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import uvicorn

import cookiegate
from cookiegate.cli.demo import listen

KEY = "a-secret-key-of-more-than-32-bytes-for-tests"
UPSTREAM = ("--upstream", "http://127.0.0.1:8080")


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("COOKIEGATE_SECRET_KEYS", KEY)


@pytest.mark.parametrize("missing", ["uvicorn", "aiohttp"])
def test_a_missing_extra_is_one_line_with_the_command(run, monkeypatch, missing):
    for name in [name for name in sys.modules if name.startswith("cookiegate.proxy")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    ran = run("proxy", *UPSTREAM)
    assert (ran.status, ran.out) == (2, b"")
    assert b"The proxy needs an extra: pip install 'cookiegate[proxy]'" in ran.err
    assert ran.err.count(b"\n") == 1


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), b"--upstream"),
        (("--upstream", "127.0.0.1:8080"), b"must be http:// or https://"),
        (("--upstream", "http://127.0.0.1:8080/shop"), b"nothing behind them"),
        ((*UPSTREAM, "--port", "-1"), b"0 to 65535"),
        ((*UPSTREAM, "--trust", "localhost"), b"such as 127.0.0.1"),
        ((*UPSTREAM, "--timeout", "0"), b"a number of seconds above 0"),
        ((*UPSTREAM, "--timeout", "soon"), b"a number of seconds above 0"),
        ((*UPSTREAM, "--connect-timeout", "inf"), b"a number of seconds above 0"),
        ((*UPSTREAM, "--policy", "/nowhere.toml"), b"cannot be read"),
    ],
)
def test_what_cannot_be_is_one_line(run, argv, said):
    ran = run("proxy", *argv)
    assert (ran.status, ran.out) == (2, b"")
    assert said in ran.err
    assert ran.err.count(b"\n") == 1


def test_without_a_key(run, monkeypatch):
    monkeypatch.delenv("COOKIEGATE_SECRET_KEYS")
    ran = run("proxy", *UPSTREAM)
    assert ran.status == 2
    assert b"cookiegate keygen" in ran.err


def test_a_port_that_is_taken(run):
    with listen("127.0.0.1", 0) as taken:
        ran = run("proxy", *UPSTREAM, "--port", str(taken.getsockname()[1]))
    assert ran.status == 2
    assert b"cannot listen" in ran.err


def test_it_serves_until_it_is_interrupted(run, monkeypatch, tmp_path):
    served = []

    def interrupted(server, sockets):
        served.append((server.config, sockets[0].getsockname()))
        raise KeyboardInterrupt

    policy = tmp_path / "cookiegate.toml"
    policy.write_text('[site]\ntrusted_proxies = ["10.0.0.0/8"]\n')
    monkeypatch.setattr(uvicorn.Server, "run", interrupted)
    ran = run(
        "proxy", *UPSTREAM, "--port", "0", "--trust", "127.0.0.1", "--trust", "::1", "--policy", str(policy)
    )
    ((config, address),) = served
    assert ran.status == 0
    assert ran.out.decode() == (
        f"http://127.0.0.1:8080 is gated at http://127.0.0.1:{address[1]}/ (Ctrl+C ends it)\n\n"
    )
    trusted = ("10.0.0.0/8", "127.0.0.1/32", "::1/128")
    assert config.app.policy.site.trusted_proxies == config.app.app._trusted == trusted
    assert [config.proxy_headers, config.server_header, config.date_header] == [False] * 3


def test_an_ipv6_address_is_a_link(run, monkeypatch):
    listener = socket.socket()
    monkeypatch.setattr("cookiegate.cli.proxy.listen", lambda host, port: listener)
    monkeypatch.setattr(socket.socket, "getsockname", lambda self: ("::1", 8000, 0, 0))
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, sockets: None)
    assert b"http://[::1]:8000/" in run("proxy", *UPSTREAM, "--host", "::1").out


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/broken":
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", "9")
            self.end_headers()
            return
        page = b'<!doctype html><title>Shop</title><script src="https://www.googletagmanager.com/gtag/js"></script>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format, *args):  # noqa: A002 - the name http.server gives it
        pass


def test_for_real():
    shop = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=shop.serve_forever, daemon=True)
    thread.start()
    source = os.path.dirname(os.path.dirname(cookiegate.__file__))
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "cookiegate", "proxy", "--port", "0"),
            *("--upstream", f"http://127.0.0.1:{shop.server_port}"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[4]
        with urllib.request.urlopen(url) as response:
            page = response.read()
            server = response.headers.get_all("Server")
        with pytest.raises(http.client.IncompleteRead):
            urllib.request.urlopen(f"{url}broken").read()
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        shop.shutdown()
        shop.server_close()
        thread.join(timeout=20)
    assert b"data-cg-src=" in page
    assert b"/privacy-choices" in page
    assert len(server) == 1
    assert server[0].startswith("BaseHTTP")
    assert process.returncode == 0
    assert err.count("\n") == 1, err
    assert "ended its answer too early" in err
