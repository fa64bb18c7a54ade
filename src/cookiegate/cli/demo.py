"""``cookiegate demo``: the demo shop on a local port."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from cookiegate.cli.command import CommandError, Exit
from cookiegate.exceptions import MissingExtra

if TYPE_CHECKING:
    import argparse

NAME = "demo"
SUMMARY = "serve the demo shop"
DESCRIPTION = """\
Serve the demo shop: a small site with the snippets of many vendors, gated. It never needs the internet.
Every start makes a new secret key, so choices are forgotten when it ends.
"""
EPILOG = """\
example:
  cookiegate demo --port 9000
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--port", type=int, default=8000, metavar="N", help="0 for any free one (default: 8000)"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="the address to listen on (default: 127.0.0.1)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted. Raises MissingExtra without uvicorn, CommandError when the port is taken."""
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtra("The demo", "demo") from error
    from cookiegate.demo import create_app

    # Listening before uvicorn starts gives one line when the port is taken, and the real number for port 0.
    listener = listen(arguments.host, arguments.port)
    with listener:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"The demo shop is at http://{shown}:{port}/ (Ctrl+C ends it)", flush=True)
        config = uvicorn.Config(create_app(), log_level="warning")
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            print()
    return Exit.NOTHING


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises CommandError when the address cannot be had."""
    if not 0 <= port <= 65535:
        raise CommandError(f"--port {port}: 0 to 65535 is allowed")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        reason = error.strerror or error
        raise CommandError(f"cannot listen on {host} port {port}: {reason}; try another --port") from error
    return listener
