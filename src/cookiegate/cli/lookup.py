"""``cookiegate lookup``: whose URL, host or cookie is this, and by which rule is it known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cookiegate.cli.command import Exit, add_format, add_policy, as_json, policy_of, printable

if TYPE_CHECKING:
    import argparse

    from cookiegate.catalog import Index, Match

NAME = "lookup"
SUMMARY = "say which service a URL, a host or a cookie belongs to"
DESCRIPTION = """\
Say which service a URL, a host or a cookie belongs to, for which purpose it is used, and by which rule it is
known. What has no slash is taken as a cookie's name first, then as a host.
"""
EPILOG = """\
exit status: 0 known, 1 nobody knows it, 2 usage or error

examples:
  cookiegate lookup https://www.googletagmanager.com/gtag/js
  cookiegate lookup connect.facebook.net
  cookiegate lookup _ga --format json
"""

# A slash of either kind, or a scheme; in "host:8080" the colon is followed by a port.
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z][A-Za-z0-9+.-]*:(?![0-9]+(?:[/\\?#]|$))")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "what", metavar="URL|COOKIE", help="a URL, a host, a path of the site itself, or a cookie's name"
    )
    add_policy(parser)
    add_format(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the service. 0 when it is known, 1 when it is not."""
    what: str = arguments.what
    kind, match = find(policy_of(arguments).index, what)
    if arguments.format == "json":
        print(as_json(_as_json(what, kind, match)))
    elif match is None:
        print(f"{printable(what)}: not known")
    else:
        print(_as_text(kind, match))
    return Exit.FINDINGS if match is None else Exit.NOTHING


def find(index: Index, what: str) -> tuple[str, Match | None]:
    """Return what the text was taken for, ``cookie`` or ``url``, and the service's match."""
    from cookiegate.catalog import Url, parse_url

    if "/" not in what and (match := index.match_cookie(what)):
        return "cookie", match
    whole = what if _ABSOLUTE.match(what) else f"https://{what}"
    url = parse_url(whole, Url("https", "site.invalid", "/"))
    match = None if url is None else index.match_url(url) or index.match_site_path(url.path)
    # A bare word that no rule knows was more likely meant as a cookie than as a host without a dot.
    return ("url" if match or set(what) & set("./:") else "cookie"), match


def _as_text(kind: str, match: Match) -> str:
    service = match.service
    rows = {
        "vendor": service.vendor,
        "country": service.country,
        "purpose": service.purpose,
        "rule": f"{kind} {match.rule}",
        "privacy policy": service.privacy_policy,
    }
    lines = [f"{service.id}: {service.name}"]
    lines += [f"  {label:15} {text}" for label, text in rows.items() if text]
    return "\n".join(lines)


def _as_json(what: str, kind: str, match: Match | None) -> dict[str, object]:
    if match is None:
        return {"query": what, "kind": kind, "known": False}
    service = match.service
    return {
        "query": what,
        "kind": kind,
        "known": True,
        "service": service.id,
        "name": service.name,
        "vendor": service.vendor,
        "country": service.country,
        "purpose": service.purpose,
        "rule": match.rule,
        "privacy_policy": service.privacy_policy,
    }
