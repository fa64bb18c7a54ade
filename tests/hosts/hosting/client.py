"""Starts a server, and visits it: a browser's cookies and origin, and nothing else that a browser adds."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import cookiegate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
CERTIFICATE = ROOT / "e2e" / "localhost.pem"
"""A self-signed certificate for 127.0.0.1 with its key. It guards nothing: it is public."""

PREFIX = "/privacy-choices/"
_GUARD = re.compile(rb'<script src="[^"]*/assets/guard\.[^"]*"[^>]*></script>')
_TIMEOUT = 20  # seconds


@dataclass(frozen=True)
class Answer:
    """A response as it came over the wire, its body in the coding in which it was sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]

    def get(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    @property
    def location(self) -> str:
        return self.get("location") or ""


class Visitor:
    """A visitor of one site, with cookies, on one connection after the other."""

    def __init__(self, base: str, *, host: str = "") -> None:
        parts = urlsplit(base)
        self.base = base
        self.origin = f"{parts.scheme}://{host or parts.netloc}"
        self.cookies: dict[str, str] = {}
        self._host = host
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=CERTIFICATE)
            self._connection = http.client.HTTPSConnection(parts.netloc, timeout=_TIMEOUT, context=context)
        else:
            self._connection = http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT)

    def open(
        self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> http.client.HTTPResponse:
        """Send a request, and return the response whose body is still to be read."""
        sent = dict(headers or {})
        if self._host:
            sent["Host"] = self._host
        if self.cookies and "Cookie" not in sent:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent.setdefault("Accept-Encoding", "identity")
        try:
            self._connection.request(method, path, body or None, sent)
            response = self._connection.getresponse()
        except (BrokenPipeError, ConnectionResetError):
            # The server had hung up after the answer before: a browser tries once more, too.
            self._connection.close()
            self._connection.request(method, path, body or None, sent)
            response = self._connection.getresponse()
        for line in response.headers.get_all("Set-Cookie", []):
            self._keep(line)
        return response

    def ask(
        self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request, and read the whole response."""
        response = self.open(path, method=method, headers=headers, body=body)
        return Answer(response.status, response.getheaders(), response.read())

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Send a form from a page of this site."""
        sent = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.origin,
            "Referer": f"{self.origin}/",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.ask(path, method="POST", headers=sent, body=urlencode(fields).encode())

    def choose(self, action: str, path: str = PREFIX) -> Answer:
        """Press a button of the banner."""
        return self.post(path, {"action": action})

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _keep(self, line: str) -> None:
        pair, *attributes = [item.strip() for item in line.split(";")]
        name, _, value = pair.partition("=")
        if any(item.lower() == "max-age=0" for item in attributes):
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


def read_until(response: http.client.HTTPResponse, wanted: bytes) -> bytes:
    """Read as pieces come, until this one is there. Raises AssertionError at the end of the response."""
    read = b""
    while wanted not in read:
        piece = response.read1(65536)
        assert piece, f"ended before {wanted!r} came: {read!r}"
        read += piece
    return read


def ask_raw(base: str, path: str, *lines: bytes) -> tuple[int, bytes]:
    """Send header lines as they are; return the status, 0 where the server hung up, and what came back."""
    parts = urlsplit(base)
    head = [b"GET %b HTTP/1.1" % path.encode(), b"Host: %b" % parts.netloc.encode(), b"Connection: close"]
    received = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=_TIMEOUT) as connection:
        try:
            connection.sendall(b"\r\n".join([*head, *lines, b"", b""]))
            while piece := connection.recv(65536):
                received += piece
        except (ConnectionResetError, BrokenPipeError):  # it did not want to read all that
            pass
    found = re.match(rb"HTTP/1\.1 (\d+) ", received)
    return int(found[1]) if found else 0, received


def echoed(base: str, path: str, text: str) -> str:
    """Send a short text over a websocket (RFC 6455), and return the first one that comes back."""
    parts = urlsplit(base)
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nOrigin: {base}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Cookie: basket=3; _ga=GA1.1.1.1\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port), timeout=_TIMEOUT) as connection:
        connection.sendall(request.encode())
        stream = connection.makefile("rb")
        with stream:
            status = stream.readline()
            assert b" 101 " in status, status
            while stream.readline().strip():
                pass
            mask = b"\x01\x02\x03\x04"
            data = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text.encode()))
            connection.sendall(bytes([0x81, 0x80 | len(data)]) + mask + data)
            opcode, length = stream.read(2)
            assert opcode == 0x81
            return stream.read(length).decode()


def snippet_of(body: bytes) -> bytes:
    """Return what was put behind the body's start tag; empty for nothing."""
    found = re.search(rb"<body[^>]*>(.*?)\n<h1>", body, re.S)
    return found[1] if found else b""


def without_ours(body: bytes) -> bytes:
    """Return a page without what was put into it: the guard, and what stands behind the body's start tag."""
    snippet = snippet_of(body)
    assert not snippet or body.count(snippet) == 1
    return _GUARD.sub(b"", body, count=1).replace(snippet, b"", 1)


def knock(port: int, process: subprocess.Popen[Any]) -> None:
    """Wait until somebody listens. Raises TimeoutError, or RuntimeError where the server has ended."""
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT):
                return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise TimeoutError(f"nobody listens at port {port}")


@contextmanager
def served(server: str, site: str, folder: Path, *options: str) -> Iterator[str]:
    """Serve a site in a process of its own; give its address, and end the process."""
    source = Path(cookiegate.__file__).parent.parent
    log = folder / f"{server}-{site}.log"
    secure = "--tls" in options
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "hosting.serve", server, site, "--folder", str(folder), *options],
            env={**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{HERE.parent}"},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{server} did not start {site}:\n{log.read_text()}")
        port = json.loads(line)["port"]
        knock(port, process)
        yield f"http{'s' if secure else ''}://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        finally:
            process.kill()  # by its number, and only where asking did not help
            process.stdin.close()
            process.stdout.close()
