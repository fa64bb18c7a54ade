"""``cookiegate lookup``: whose URL, host or cookie is this, and by which rule is it known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cookiegate.cli.command import Exit, add_format, add_policy, as_json, policy_of, printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from cookiegate.catalog import Index, Match, Url
    from cookiegate.catalog.filters.model import FilterMatch
    from cookiegate.policy.model import Policy

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
  cookiegate lookup 'https://metrics.shop.example/gtag/js?id=G-ABC123'
  cookiegate lookup _ga --format json
"""

# A slash of either kind, or a scheme; in "host:8080" the colon is followed by a port.
_SOME_SITE = "site.invalid"
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
    policy = policy_of(arguments)
    kind, match = find(policy.index, what)
    listed = None if match or kind == "cookie" else _listed(policy, what)
    if arguments.format == "json":
        print(as_json({"query": what, "kind": kind} | _as_json(kind, match, listed)))
    elif match is not None:
        print(_as_text(kind, match))
    elif listed is not None:
        print(f"{printable(what)}: blocked by a filter list\n{_rows(_of_list(listed))}")
    else:
        print(f"{printable(what)}: not known")
    return Exit.FINDINGS if match is None and listed is None else Exit.NOTHING


def find(index: Index, what: str) -> tuple[str, Match | None]:
    """Return what the text was taken for, ``cookie`` or ``url``, and the service's match."""
    if "/" not in what and (match := index.match_cookie(what)):
        return "cookie", match
    url = _url(what)
    match = None if url is None else index.match_url(url) or index.match_site_path(url.path, url.query)
    # A bare word that no rule knows was more likely meant as a cookie than as a host without a dot.
    return ("url" if match or set(what) & set("./:") else "cookie"), match


def _url(what: str) -> Url | None:
    from cookiegate.catalog import Url, parse_url

    whole = what if _ABSOLUTE.match(what) else f"https://{what}"
    return parse_url(whole, Url("https", _SOME_SITE, "/"))


def _listed(policy: Policy, what: str) -> FilterMatch | None:
    """What the policy's filter lists say of the address, as whatever it may be loaded by another site."""
    from cookiegate.catalog.filters import RequestType

    url = _url(what)
    if policy.filters is None or url is None:
        return None
    for kind in RequestType:
        match = policy.filters.match(url, page_host=_SOME_SITE, kind=kind, third_party=True)
        if match is not None:
            return match
    return None


def _as_text(kind: str, match: Match) -> str:
    service = match.service
    rows = {
        "vendor": service.vendor,
        "country": service.country,
        "purpose": service.purpose,
        "rule": f"{'shape' if match.shape else kind} {match.rule}",
        **_of_cookie(kind, match),
        "privacy policy": service.privacy_policy,
    }
    return f"{service.id}: {service.name}\n{_rows(rows)}"


def _rows(rows: Mapping[str, object]) -> str:
    return "\n".join(f"  {label:15} {text}" for label, text in rows.items() if text)


def _as_json(kind: str, match: Match | None, listed: FilterMatch | None) -> dict[str, object]:
    if match is None:
        return {"known": False} if listed is None else {"known": True, "service": None, **_of_list(listed)}
    service = match.service
    return {
        "known": True,
        "service": service.id,
        "name": service.name,
        "vendor": service.vendor,
        "country": service.country,
        "purpose": service.purpose,
        "rule": match.rule,
        "shape": match.shape,
        **_of_cookie(kind, match),
        "privacy_policy": service.privacy_policy,
    }


def _of_cookie(kind: str, match: Match) -> dict[str, str]:
    """How long a cookie is kept, and what it holds; nothing for a URL."""
    rule = next(
        (rule for rule in match.service.cookies if kind == "cookie" and rule.name == match.rule), None
    )
    if rule is None:
        return {}
    kept = rule.lifetime
    lifetime = "session" if kept is None else f"{kept.count} {kept.unit}{'s' if kept.count > 1 else ''}"
    return {"lifetime": lifetime, "holds": str(rule.holds)}


def _of_list(listed: FilterMatch) -> dict[str, object]:
    from cookiegate.gate.recognise import LISTED_PURPOSE

    return {
        "purpose": LISTED_PURPOSE,
        "rule": printable(listed.rule),
        "list": printable(listed.source),
        "line": listed.line,
    }
