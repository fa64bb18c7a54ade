"""Serve one site with one server on a free port of 127.0.0.1, and print that port as one line of JSON.

From then on, who connects is served, or (granian) will be in a moment.

Usage: ``python -m hosting.serve SERVER SITE --folder FOLDER [--root-path PATH] ...``.
It ends with SIGTERM, or when whoever started it is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

from cookiegate import CookieGate, Policy
from hosting import content, mounted_site

MOUNTED = {"inside": mounted_site.inside, "outside": mounted_site.outside, "nested": mounted_site.nested}
_FOR_WORKERS = "COOKIEGATE_HOSTING"


def create_app(site: str, folder: str, trusted: list[str]) -> Any:
    """Build the site, and put the gate before it."""
    if site in MOUNTED:
        return MOUNTED[site]()
    app = import_module(f"hosting.{site}_site").create_app(Path(folder))
    policy = Policy.from_dict({"site": {"trusted_proxies": trusted}})
    return CookieGate(app, policy=policy, secret_keys=[content.KEY])


def worker_app() -> Any:
    """Build what a worker process of granian serves: it only knows where to find this function."""
    return create_app(**json.loads(os.environ[_FOR_WORKERS]))


def ready(port: int) -> None:
    """Tell whoever started us."""
    print(json.dumps({"port": port}), flush=True)


def listen() -> socket.socket:
    """Return a listening socket: who connects from now on is served as soon as the server runs."""
    return socket.create_server(("127.0.0.1", 0), backlog=128)


def uvicorn(app: Any, options: argparse.Namespace) -> None:
    from uvicorn import Config, Server

    listener = listen()
    ready(listener.getsockname()[1])
    # By itself it believes X-Forwarded-Proto from this machine; mostly that is the gate's to decide here.
    config = Config(
        app, log_level="warning", proxy_headers=options.proxy_headers, root_path=options.root_path
    )
    Server(config).run(sockets=[listener])


def hypercorn(app: Any, options: argparse.Namespace) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    listener = listen()
    config = Config.from_mapping(bind=[f"fd://{listener.fileno()}"], root_path=options.root_path)
    if options.tls:
        config.certfile = config.keyfile = options.tls
    ready(listener.getsockname()[1])

    async def run() -> None:
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        await serve(app, config, shutdown_trigger=ended.wait)

    asyncio.run(run())
    listener.detach()  # hypercorn has closed it


def daphne(app: Any, options: argparse.Namespace) -> None:
    from daphne.server import Server

    listener = listen()
    ready(listener.getsockname()[1])
    endpoint = f"fd:fileno={listener.fileno()}"
    Server(app, endpoints=[endpoint], root_path=options.root_path, verbosity=0).run()


def granian(app: Any, options: argparse.Namespace) -> None:
    from granian import Granian

    # It opens its sockets itself, with SO_REUSEPORT: this one only keeps the port for them.
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    keeper.bind(("127.0.0.1", 0))
    port: int = keeper.getsockname()[1]
    os.environ[_FOR_WORKERS] = json.dumps(
        {"site": options.site, "folder": options.folder, "trusted": options.trust}
    )
    ready(port)
    Granian(
        "hosting.serve:worker_app",
        address="127.0.0.1",
        port=port,
        interface="asgi",
        factory=True,
        log_level="warning",
        url_path_prefix=options.root_path or None,
    ).serve()


def end_with_parent() -> None:
    """End when standard input closes: a killed test run leaves no server behind."""
    os.read(0, 1)  # not through sys.stdin, whose lock a forked worker would wait for
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve until ended."""
    servers = {"uvicorn": uvicorn, "hypercorn": hypercorn, "granian": granian, "daphne": daphne}
    parser = argparse.ArgumentParser()
    parser.add_argument("server", choices=servers)
    parser.add_argument("site")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--root-path", default="")
    parser.add_argument("--trust", action="append", default=[])
    parser.add_argument("--tls", default="")
    parser.add_argument("--proxy-headers", action="store_true")
    options = parser.parse_args()
    threading.Thread(target=end_with_parent, daemon=True).start()
    # granian's workers build the application themselves.
    app = None if options.server == "granian" else create_app(options.site, options.folder, options.trust)
    servers[options.server](app, options)


if __name__ == "__main__":
    main()
