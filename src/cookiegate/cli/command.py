"""What every sub-command shares: exit statuses, one-line errors, and output for people and programs."""

from __future__ import annotations

import argparse
import json
from enum import IntEnum
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, NoReturn

from cookiegate.exceptions import CookieGateError

if TYPE_CHECKING:
    from cookiegate.policy.model import Policy


class Exit(IntEnum):
    """The exit status of every command."""

    NOTHING = 0
    FINDINGS = 1
    ERROR = 2


class CommandError(CookieGateError, ValueError):
    """The command cannot do what it was asked; the message is one line."""


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors, line breaks kept in the epilog, and no abbreviated options."""

    def __init__(
        self,
        *,
        prog: str | None = None,
        description: str | None = None,
        epilog: str | None = None,
    ) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        self.exit(Exit.ERROR, f"{self.prog}: {message} (see {self.prog} --help)\n")


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add ``--format text|json``."""
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="for people or for programs (default: text)",
    )


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add ``--policy FILE``."""
    parser.add_argument(
        "--policy", metavar="FILE", help="the site's policy, a TOML file (default: the catalogue alone)"
    )


def policy_of(arguments: argparse.Namespace) -> Policy:
    """Load the policy the command line names, or the default one."""
    from cookiegate.policy.model import Policy

    path: str | None = arguments.policy
    return Policy() if path is None else Policy.load(path)


def as_json(value: object) -> str:
    """Return the value as JSON, ASCII only, so that any terminal and any program can read it."""
    return json.dumps(value, indent=2)


def printable(text: str) -> str:
    """Escape what a terminal could take as a command: the text may come from a stranger's page."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )


def installed_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("cookiegate")
    except PackageNotFoundError:
        return "(not installed)"
