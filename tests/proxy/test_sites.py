"""In front of what people run: nginx with its files, and a WSGI application."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import socket
import subprocess
import threading
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from .conftest import PATIENCE, ask, get, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Through = Callable[..., str]

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  types {{ text/html html; image/png png; text/css css; }}
  default_type application/octet-stream;
  sendfile on;
  gzip on;
  gzip_min_length 1;
  gzip_types text/css;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/site;
    add_header Set-Cookie "_ga=GA1.1.2.3; Path=/";
    add_header Set-Cookie "basket=1; Path=/";
  }}
}}
"""
PAGE = b"""<!doctype html><title>Shop</title><meta charset="utf-8">
<body><p>Tea</p><script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>
<img src="/tea.png" alt="">"""
PICTURE = bytes(range(256)) * 4000


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    return False


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("nginx")
    (folder / "site").mkdir()
    (folder / "site" / "index.html").write_bytes(PAGE)
    (folder / "site" / "tea.png").write_bytes(PICTURE)
    (folder / "site" / "a.css").write_bytes(b"p { color: teal }" * 99)
    port = free_port()
    # As root, its workers would run as another user, who does not get into pytest's folders.
    user = f"user {folder.owner()} {folder.group()};" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + CONFIG.format(folder=folder, port=port))
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", "nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or _answers(port))
        assert process.poll() is None, (folder / "error.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def head_of(answer: bytes) -> dict[bytes, bytes]:
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


class TestNginx:
    def test_a_page_is_gated(self, nginx: str, through: Through) -> None:
        answer = get(through(nginx, gated=True))
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'data-cg-src="https://www.googletagmanager.com/gtag/js?id=G-1"' in answer
        assert b"/privacy-choices" in answer
        assert b"_ga=" not in answer
        assert b"\r\nset-cookie: basket=1; Path=/\r\n" in answer
        assert head_of(answer)[b"server"].startswith(b"nginx")

    def test_a_page_that_nginx_packs_is_gated(self, nginx: str, through: Through) -> None:
        head = b"GET / HTTP/1.0\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
        answer = ask(through(nginx, gated=True), head)
        assert head_of(answer)[b"content-encoding"] == b"gzip"
        body = body_of(answer)
        if head_of(answer).get(b"transfer-encoding") == b"chunked":
            body = unchunked(body)
        assert b'data-cg-src="https://www.googletagmanager.com' in gzip.decompress(body)

    def test_a_picture_is_the_same_bytes(self, nginx: str, through: Through) -> None:
        base = through(nginx, gated=True)
        answer = get(base, "/tea.png")
        direct = get(nginx, "/tea.png")
        assert body_of(answer) == PICTURE
        ours, theirs = head_of(answer), head_of(direct)
        for name in (b"etag", b"last-modified", b"content-length", b"content-type", b"accept-ranges"):
            assert ours[name] == theirs[name]

    def test_a_part_of_a_picture(self, nginx: str, through: Through) -> None:
        answer = get(through(nginx, gated=True), "/tea.png", "Range: bytes=10-19")
        assert answer.startswith(b"HTTP/1.1 206")
        assert head_of(answer)[b"content-range"] == b"bytes 10-19/%d" % len(PICTURE)
        assert body_of(answer) == PICTURE[10:20]

    def test_a_picture_that_the_visitor_has(self, nginx: str, through: Through) -> None:
        base = through(nginx, gated=True)
        etag = head_of(get(base, "/tea.png"))[b"etag"].decode()
        answer = get(base, "/tea.png", f"If-None-Match: {etag}")
        assert answer.startswith(b"HTTP/1.1 304")
        assert body_of(answer) == b""

    def test_a_page_that_the_visitor_has(self, nginx: str, through: Through) -> None:
        base = through(nginx, gated=True)
        etag = head_of(get(base))[b"etag"].decode()
        assert "--cg" in etag
        assert get(base, "/", f"If-None-Match: {etag}").startswith(b"HTTP/1.1 304")
        assert get(base, "/", f"If-None-Match: {etag.replace('--cg', '--cx')}").startswith(b"HTTP/1.1 200")

    def test_a_packed_file_passes_packed(self, nginx: str, through: Through) -> None:
        base = through(nginx, gated=True)
        answer = get(base, "/a.css", "Accept-Encoding: gzip")
        assert head_of(answer)[b"content-encoding"] == b"gzip"
        assert gzip.decompress(unchunked(body_of(answer))).startswith(b"p { color: teal }")

    def test_head(self, nginx: str, through: Through) -> None:
        answer = get(through(nginx, gated=True), "/tea.png", method="HEAD")
        assert head_of(answer)[b"content-length"] == b"%d" % len(PICTURE)
        assert body_of(answer) == b""

    def test_what_is_not_there(self, nginx: str, through: Through) -> None:
        base = through(nginx, gated=True)
        assert get(base, "/none").startswith(b"HTTP/1.1 404")
        assert get(base, "/../../etc/passwd").startswith(b"HTTP/1.1 400")


def unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return whole


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name wsgiref gives it
        """Say nothing."""


@pytest.fixture
def wsgi() -> Iterator[str]:
    def application(environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        cookies = [("Set-Cookie", "session=1; HttpOnly"), ("Set-Cookie", "_fbp=fb.1; Path=/")]
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), *cookies])
        yield b"<!doctype html><title>Form</title><body><p>"
        yield body
        told = [environ.get(f"HTTP_{name}", "-") for name in ("HOST", "X_FORWARDED_FOR", "COOKIE")]
        yield f"<p>{' '.join(told)}".encode()
        yield b'<script src="https://connect.facebook.net/en_US/fbevents.js"></script>'

    server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(timeout=PATIENCE)


def test_a_wsgi_application(wsgi: str, through: Through) -> None:
    """It speaks HTTP/1.0: no lengths, and an answer ends with its connection."""
    request = (
        b"POST / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nCookie: _fbp=x; session=1\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\ntea=two"
    )
    answer = ask(through(wsgi, gated=True, preserve_host=True), request)
    page = unchunked(body_of(answer))
    assert b"<p>tea=two<p>shop.example 127.0.0.1 " in page
    assert b"session=1" in page
    assert b'data-cg-src="https://connect.facebook.net' in page
    assert b"session=1; HttpOnly" in answer
    assert b"_fbp=fb.1" not in answer
