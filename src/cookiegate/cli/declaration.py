"""``cookiegate declaration``: what a site uses, as a part of a page or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.cli.command import Exit, as_json
from cookiegate.consent.model import SECURE_COOKIE
from cookiegate.policy.texts import LANGUAGES

if TYPE_CHECKING:
    import argparse

NAME = "declaration"
SUMMARY = "print what a site uses: services, recipients, cookies"
DESCRIPTION = """\
Print the public declaration that a policy makes: purposes, services, who receives the data, cookies and how
long they are kept. As HTML it is a part for a page of your own; the whole page is at
/privacy-choices/trackers.
"""
EPILOG = """\
exit status: 0 printed, 2 usage or error

examples:
  cookiegate declaration cookiegate.toml --language de > declaration.html
  cookiegate declaration cookiegate.toml --format json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("policy", metavar="FILE", help="the site's policy, a TOML file")
    parser.add_argument(
        "--language", choices=LANGUAGES, default=LANGUAGES[0], help="of the HTML (default: en)"
    )
    parser.add_argument(
        "--format",
        choices=("html", "json"),
        default="html",
        help="for a page or for programs (default: html)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print it. 0 when it is printed."""
    from cookiegate.pages.declaration import declaration_fragment, declaration_json
    from cookiegate.policy.model import Policy

    policy = Policy.load(arguments.policy)
    if arguments.format == "json":
        print(as_json(declaration_json(policy, SECURE_COOKIE)))
    else:
        print(declaration_fragment(policy, arguments.language, SECURE_COOKIE))
    return Exit.NOTHING
