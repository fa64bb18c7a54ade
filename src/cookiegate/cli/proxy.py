"""``cookiegate proxy``: the gate in front of a site on another address."""

from __future__ import annotations

import argparse
import logging
import math
from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

from cookiegate.cli.command import Exit, add_policy, policy_of
from cookiegate.cli.demo import listen
from cookiegate.exceptions import MissingExtra

if TYPE_CHECKING:
    from cookiegate.policy.model import Policy

NAME = "proxy"
SUMMARY = "put the gate in front of any site"
DESCRIPTION = """\
Serve the site at another address with the gate in front of it. Pages, streams, uploads and websockets are
passed on piece by piece. Secret keys come from COOKIEGATE_SECRET_KEYS ('cookiegate keygen' makes one).
"""
EPILOG = """\
example:
  cookiegate proxy --upstream http://127.0.0.1:8080 --preserve-host --policy cookiegate.toml
"""


_LAST_SECONDS = 10
"""For how long streams and websockets may go on after the end was asked for."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--upstream", required=True, metavar="URL", help="the site: http(s)://host:port and nothing behind it"
    )
    parser.add_argument(
        "--port", type=int, default=8000, metavar="N", help="0 for any free one (default: 8000)"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="the address to listen on (default: 127.0.0.1)"
    )
    add_policy(parser)
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        type=_network,
        metavar="ADDRESS",
        help="an address or network whose Forwarded and X-Forwarded-* headers count; may be repeated",
    )
    parser.add_argument(
        "--preserve-host", action="store_true", help="send the visitor's Host to the site, not the site's own"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="to the beginning of an answer (default: 60)",
    )
    parser.add_argument(
        "--connect-timeout",
        type=_seconds,
        default=5.0,
        metavar="SECONDS",
        help="to a connection with the site (default: 5)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted. Raises a CookieGateError for whatever cannot work."""
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtra("The proxy", "proxy") from error
    from cookiegate.middleware import CookieGate
    from cookiegate.proxy import Upstream

    policy = _trusting(policy_of(arguments), arguments.trust)
    upstream = Upstream(
        arguments.upstream,
        trusted_proxies=policy.site.trusted_proxies,
        preserve_host=arguments.preserve_host,
        timeout=arguments.timeout,
        connect_timeout=arguments.connect_timeout,
    )
    app = CookieGate(upstream, policy=policy)
    listener = listen(arguments.host, arguments.port)
    with listener:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"{arguments.upstream} is gated at http://{shown}:{port}/ (Ctrl+C ends it)", flush=True)
        config = uvicorn.Config(
            app,
            log_level="warning",
            # The site's own Server and Date go through, and whom to trust is decided in one place.
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_LAST_SECONDS,
        )
        logging.getLogger("uvicorn.error").addFilter(_in_one_line)
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            print()
    return Exit.NOTHING


def _in_one_line(record: logging.LogRecord) -> bool:
    """Say in one line that the site broke off: uvicorn would show where in our code we noticed."""
    from cookiegate.proxy.upstream import UpstreamCut

    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, UpstreamCut):
        record.msg, record.args, record.exc_info = str(error), (), None
    return True


def _trusting(policy: Policy, trusted: list[str]) -> Policy:
    proxies = tuple(dict.fromkeys([*policy.site.trusted_proxies, *trusted]))
    return replace(policy, site=replace(policy.site, trusted_proxies=proxies))


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; such as 127.0.0.1 or 10.0.0.0/8") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: a number of seconds above 0 is needed")
    return seconds
