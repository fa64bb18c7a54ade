"""Caching proxies for tests: nginx, and Varnish where it is installed, on free ports of 127.0.0.1.

They are set up as docs/caching.md says: their configurations are the blocks of that page.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = Path(__file__).parents[2] / "docs" / "caching.md"
BLOCKS = re.findall(r"^## (.+?)$|^```text\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
SECONDS = 20


def configurations(heading: str) -> list[str]:
    """Return the blocks under one heading of the page."""
    found, here = [], ""
    for name, text in BLOCKS:
        here = name or here
        if text and here == heading:
            found.append(text)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def nginx_command(configuration: str, behind: int, folder: Path) -> tuple[list[str], int]:
    """Write a configuration around the page's own."""
    port = free_port()
    text = configuration.replace("127.0.0.1:8000", f"127.0.0.1:{behind}")
    text = text.replace("listen 8080", f"listen 127.0.0.1:{port}")
    text = text.replace("/var/cache/nginx/pages", str(folder / "pages"))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off;\nworker_processes 1;\npid {folder / 'pid'};\nerror_log {folder / 'error.log'};\n{user}"
        f"events {{ worker_connections 64; }}\nhttp {{\naccess_log off;\n{temporary}{text}}}\n"
    )
    program = shutil.which("nginx", path=PLACES)
    assert program, "nginx is missing: python scripts/nginx.py gets it or says what to run"
    return [program, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(file)], port


def varnish_command(configuration: str, behind: int, folder: Path) -> tuple[list[str], int]:
    port = free_port()
    file = folder / "default.vcl"
    file.write_text(configuration.replace('.port = "8000"', f'.port = "{behind}"'))
    program = shutil.which("varnishd", path=PLACES)
    assert program
    # Without its jail, which would give up root and then not see the folder.
    options = ["-j", "none", "-F", "-n", str(folder / "work"), "-f", str(file), "-s", "malloc,8M"]
    return [program, *options, "-a", f"127.0.0.1:{port}"], port


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """Run a proxy until the end, which it gets by its own process id."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        end = time.monotonic() + SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(timeout=SECONDS)


NGINX_SHARED, NGINX_BUCKET = configurations("nginx")
(VARNISH,) = configurations("Varnish")
PROXIES: dict[str, tuple[Callable[[str, int, Path], tuple[list[str], int]], str]] = {
    "nginx": (nginx_command, NGINX_SHARED),
    "nginx-bucket": (nginx_command, NGINX_BUCKET),
}
if shutil.which("varnishd", path=PLACES):
    PROXIES["varnish"] = (varnish_command, VARNISH)


@contextmanager
def proxy_before(behind: int, name: str, folder: Path) -> Iterator[int]:
    """Run the proxy of this name before a port; give its own."""
    make, configuration = PROXIES[name]
    command, port = make(configuration, behind, folder)
    with running(command, port, folder / "proxy.log"):
        yield port
