"""The ``cookiegate`` command. One module per sub-command; each names itself, its options and its ``run``."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from cookiegate.cli import check, declaration, demo, gate, keygen, lookup, proxy
from cookiegate.cli.command import Exit, Parser, installed_version
from cookiegate.exceptions import CookieGateError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

COMMANDS = (demo, gate, lookup, check, declaration, proxy, keygen)

_EPILOG = """\
exit status:
  0  nothing to look into
  1  findings: something was held, a policy has a weak point, a name is not known
  2  usage or error, one line on standard error

'cookiegate COMMAND --help' says more about each.
"""


def build_parser() -> Parser:
    """Return the parser with every sub-command's options."""
    parser = Parser(
        prog="cookiegate",
        description="Nothing tracks a visitor before the visitor agreed.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="store_true", help="print the version and end")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in COMMANDS:
        command = commands.add_parser(
            module.NAME, help=module.SUMMARY, description=module.DESCRIPTION, epilog=module.EPILOG
        )
        module.configure(command)
        command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 nothing found, 1 findings, 2 usage or error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A vendor's name must not end the command in a terminal that cannot write it.
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.version:
        print(f"cookiegate {installed_version()}")
        return Exit.NOTHING
    if not hasattr(arguments, "run"):
        parser.error("a command is missing")
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.ERROR
    except (CookieGateError, OSError) as error:
        line = " ".join(str(error).split())
        print(f"cookiegate: {line}", file=sys.stderr)
        return Exit.ERROR
    except KeyboardInterrupt:
        return 130
    return status
