"""``cookiegate keygen``: a new secret key."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from cookiegate.cli.command import Exit

if TYPE_CHECKING:
    import argparse

NAME = "keygen"
SUMMARY = "print a new secret key"
DESCRIPTION = (
    "Print a new secret key for secret_keys=[...] or COOKIEGATE_SECRET_KEYS: 48 random bytes as text."
)
EPILOG = """\
examples:
  export COOKIEGATE_SECRET_KEYS="$(cookiegate keygen)"
  export COOKIEGATE_SECRET_KEYS="$OLD_KEY,$(cookiegate keygen)"   # the last key signs, all are read
"""

_BYTES = 48


def configure(parser: argparse.ArgumentParser) -> None:
    """It takes no options."""


def run(arguments: argparse.Namespace) -> int:
    """Print one key."""
    print(secrets.token_urlsafe(_BYTES))
    return Exit.NOTHING
