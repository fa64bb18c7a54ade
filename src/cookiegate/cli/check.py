"""``cookiegate check``: is a policy file valid, and does it say what a careful site would say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cookiegate.cli.command import Exit, add_format, as_json, printable
from cookiegate.policy.model import NECESSARY

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from cookiegate.catalog import Index, Service
    from cookiegate.catalog.model import Match
    from cookiegate.policy.model import Policy

NAME = "check"
SUMMARY = "check a policy file"
DESCRIPTION = """\
Check a policy file. What is wrong ends the command with status 2 and one line that names file, key, value
and what is allowed. What is valid but weak is a finding:

  necessary-tracker  a service under 'necessary' that the catalogue knows as a tracker: it runs unasked
  no-privacy-policy  a service on other hosts without privacy_policy: visitors cannot read what it does
  never-recognised   a service without hosts, paths, cookies, inline or storage: nothing is held for it
"""
EPILOG = """\
exit status: 0 nothing found, 1 findings, 2 usage or error

example:
  cookiegate check cookiegate.toml
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """One finding: a closed ``code``, the dotted ``key`` in the file, the service's id, and a sentence.

    rule: of the catalogue, by which a known tracker was recognised; empty where it has the tracker's own id.
    """

    code: str
    key: str
    service: str
    message: str
    rule: str = ""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("policy", metavar="POLICY", help="the policy, a TOML file")
    add_format(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the findings. 0 when there are none; an invalid policy raises PolicyError."""
    from cookiegate.policy.model import Policy

    path: str = arguments.policy
    policy = Policy.load(path)
    found = list(weaknesses(policy))
    if arguments.format == "json":
        print(as_json(_as_json(path, policy, found)))
    else:
        for weakness in found:
            print(f"{printable(path)}: {weakness.key}: {weakness.message} [{weakness.code}]")
        if not found:
            print(f"{printable(path)}: nothing found ({len(policy.declared)} services declared)")
    return Exit.FINDINGS if found else Exit.NOTHING


def weaknesses(policy: Policy) -> Iterator[Weakness]:
    """Yield what is valid but weak, in the file's order."""
    from cookiegate.catalog import default_index

    for place, service in enumerate(policy.declared):
        key = f"services[{place}]"
        tracker = _known_tracker(default_index(), service) if service.id in policy.named_necessary else None
        if tracker is not None:
            name, purpose = tracker.service.name, tracker.service.purpose
            yield Weakness(
                code="necessary-tracker",
                key=f"{key}.purpose",
                service=service.id,
                message=f"{service.name} runs without consent, but the catalogue knows it as {name} "
                f"for {purpose}",
                rule=tracker.rule,
            )
        if service.hosts and not service.privacy_policy:
            yield Weakness(
                code="no-privacy-policy",
                key=f"{key}.privacy_policy",
                service=service.id,
                message=f"visitors cannot read what {service.name} does with data at {service.hosts[0]}",
            )
        if not (service.hosts or service.paths or service.cookies or service.inline or service.storage):
            yield Weakness(
                code="never-recognised",
                key=key,
                service=service.id,
                message=f"nothing recognises {service.name}: no hosts, paths, cookies, inline or storage",
            )


def _known_tracker(catalogue: Index, service: Service) -> Match | None:
    """Return the catalogue's service that this one is, or shares a rule with, when that one needs consent.

    Hosts and paths are not compared: loading the policy refuses those of the catalogue already.
    """
    from cookiegate.catalog.model import Match

    matches = [catalogue.match_cookie(cookie.name.replace("*", "x")) for cookie in service.cookies]
    for signature in service.inline:
        matches += catalogue.match_inline(signature.removeprefix("?"))
    same = catalogue.get(service.id)
    known = [Match(same, "") if same else None, *matches]
    return next((match for match in known if match and match.service.purpose != NECESSARY), None)


def _as_json(path: str, policy: Policy, found: list[Weakness]) -> dict[str, object]:
    return {
        "policy": path,
        "fingerprint": policy.fingerprint,
        "services": [service.id for service in policy.declared],
        "findings": [
            {
                "code": weakness.code,
                "key": weakness.key,
                "service": weakness.service,
                "message": weakness.message,
                "rule": weakness.rule,
            }
            for weakness in found
        ],
    }
