"""The Debian package nginx as the proxy in front of a site."""

from __future__ import annotations

import shutil
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hosting.client import CERTIFICATE, knock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port}{tls} reuseport;
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        proxy_http_version 1.1;
        {locations}
    }}
}}
"""


@contextmanager
def nginx(folder: Path, locations: str, *, tls: bool = False) -> Iterator[str]:
    """Run nginx with these ``location`` blocks; give its address, and end it.

    Raises FileNotFoundError where there is none: a proxy that cannot be had fails the run.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise FileNotFoundError("nginx is not on the PATH; install it: sudo apt-get install nginx")
    # Like granian it shares the port with this socket, which keeps it and does not listen.
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        keeper.bind(("127.0.0.1", 0))
        port = keeper.getsockname()[1]
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                port=port,
                tls=" ssl" if tls else "",
                certificate=CERTIFICATE,
                locations=locations,
            )
        )
        log = folder / "nginx.log"
        process = subprocess.Popen(
            [program, "-p", str(folder), "-c", str(configuration), "-e", str(log)], stdin=subprocess.DEVNULL
        )
        try:
            knock(port, process)
            yield f"http{'s' if tls else ''}://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)
