from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
import uvicorn

from cookiegate.cli.demo import listen


def test_a_missing_extra_is_one_line_with_the_command(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ran = run("demo")
    assert (ran.status, ran.out) == (2, b"")
    assert b"pip install 'cookiegate[demo]'" in ran.err
    assert ran.err.count(b"\n") == 1


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_cannot_be(run, port):
    ran = run("demo", f"--port={port}")
    assert ran.status == 2
    assert b"0 to 65535" in ran.err


def test_a_port_that_is_taken(run):
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        ran = run("demo", "--port", str(port))
    assert (ran.status, ran.out) == (2, b"")
    assert f"cannot listen on 127.0.0.1 port {port}".encode() in ran.err
    assert ran.err.count(b"\n") == 1


def test_a_host_that_is_not_ours(run):
    ran = run("demo", "--host", "host.invalid.")
    assert ran.status == 2
    assert b"cannot listen on host.invalid." in ran.err


def test_it_serves_the_shop_until_it_is_interrupted(run, monkeypatch):
    served = []

    def interrupted(server, sockets):
        served.append((server.config.app, sockets[0].getsockname()))
        raise KeyboardInterrupt

    monkeypatch.setattr(uvicorn.Server, "run", interrupted)
    ran = run("demo", "--port", "0")
    ((app, address),) = served
    assert callable(app)
    assert ran.status == 0
    assert ran.out.decode() == f"The demo shop is at http://127.0.0.1:{address[1]}/ (Ctrl+C ends it)\n\n"


def test_an_ipv6_address_is_a_link(run, monkeypatch):
    listener = socket.socket()
    monkeypatch.setattr("cookiegate.cli.demo.listen", lambda host, port: listener)
    monkeypatch.setattr(socket.socket, "getsockname", lambda self: ("::1", 8000, 0, 0))
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, sockets: None)
    assert b"http://[::1]:8000/" in run("demo", "--host", "::1").out


def test_for_real():
    process = subprocess.Popen(
        [sys.executable, "-m", "cookiegate", "demo", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[5]
        with urllib.request.urlopen(url) as response:
            page = response.read()
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert b"<!doctype html>" in page.lower()
    assert (process.returncode, err) == (0, "")
