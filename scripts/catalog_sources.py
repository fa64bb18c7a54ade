"""Show what public collections of trackers say about each service of the catalogue, and where they differ.

Collections are read where they lie, each in the form it is published in; none is part of cookiegate:

  --third-party-web FILE       dist/entities.json of the npm package third-party-web
  --tarteaucitron FILE         tarteaucitron.services.js of the npm package tarteaucitronjs
  --open-cookie-database FILE  open-cookie-database.csv
  --hosts FILE                 a count of hosts seen on pages: CSV with host, pages, elements, common_paths

What is printed is for a reader to judge: a collection may be wrong or old, or call a vendor by the name of
one that it bought.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cookiegate.catalog import Service, default_index, lookup_cookie, lookup_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# What a collection calls a kind, in our purposes; a kind that is not here says nothing about a purpose.
THIRD_PARTY_WEB = {
    "ad": {"marketing"},
    "marketing": {"marketing", "analytics"},
    "analytics": {"analytics", "marketing"},
    "social": {"marketing", "preferences"},
    "tag-manager": {"marketing", "analytics"},
    "customer-success": {"preferences"},
    "video": {"marketing", "analytics", "preferences"},
    "consent-provider": {"necessary"},
}
TARTEAUCITRON = {
    "ads": {"marketing"},
    "analytic": {"analytics", "marketing"},
    "social": {"marketing", "preferences"},
    "comment": {"marketing", "preferences"},
    "support": {"preferences"},
    "video": {"marketing", "analytics", "preferences"},
}
OPEN_COOKIE_DATABASE = {
    "Marketing": {"marketing"},
    "Analytics": {"analytics", "marketing"},
    "Preferences": {"preferences", "marketing", "analytics"},
    "Personalization": {"preferences", "marketing", "analytics"},
}
TRACKING = ("ad", "analytics", "marketing", "social", "tag-manager", "customer-success")

_TARTEAUCITRON_BLOCK = re.compile(r"^tarteaucitron\.services(?:\.\w+|\[[^]]+\])\s*=\s*\{", re.MULTILINE)
_TARTEAUCITRON_TEXT = re.compile(r'"(type|name)"\s*:\s*"([^"]+)"')
_TARTEAUCITRON_COOKIES = re.compile(r'"cookies"\s*:\s*\[([^\]]*)\]')
_QUOTED = re.compile(r"""["']([^"']+)["']""")
_ADDRESS = re.compile(r"""["'](?:https?:)?//((?:[a-z0-9-]+\.)+[a-z]{2,})""")
_WORD = re.compile(r"[a-z0-9]{3,}")
_GENERIC = frozenset(
    {"ads", "adverts", "analytics", "com", "net", "org", "inc", "ltd", "gmbh", "www", "the", "and"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing a collection says: this host (or cookie) is that vendor's, for this kind of use."""

    source: str
    name: str
    kind: str
    purposes: frozenset[str]
    host: str = ""
    cookie: str = ""


@dataclass(slots=True)
class Findings:
    """What the claims and the catalogue make of each other."""

    sources: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    purposes: list[str] = field(default_factory=list)
    vendors: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def third_party_web(path: Path) -> Iterator[Claim]:
    for entity in json.loads(path.read_text("utf-8")):
        kind = entity["category"]
        purposes = frozenset(THIRD_PARTY_WEB.get(kind, ()))
        name = f"{entity['name']} ({entity['company']})" if entity.get("company") else entity["name"]
        for domain in entity["domains"]:
            host = domain.removeprefix("*.").lower()
            yield Claim(source="third-party-web", name=name, kind=kind, purposes=purposes, host=host)


def tarteaucitron(path: Path) -> Iterator[Claim]:
    for block in _TARTEAUCITRON_BLOCK.split(path.read_text("utf-8"))[1:]:
        texts = dict(_TARTEAUCITRON_TEXT.findall(block))
        name, kind = texts.get("name", "?"), texts.get("type", "?")
        purposes = frozenset(TARTEAUCITRON.get(kind, ()))
        for host in dict.fromkeys(_ADDRESS.findall(block)):
            yield Claim(source="tarteaucitron", name=name, kind=kind, purposes=purposes, host=host)
        cookies = _TARTEAUCITRON_COOKIES.search(block)
        for cookie in _QUOTED.findall(cookies[1]) if cookies else ():
            yield Claim(source="tarteaucitron", name=name, kind=kind, purposes=purposes, cookie=cookie)


def open_cookie_database(path: Path) -> Iterator[Claim]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name, kind = (row["Platform"] or "").strip(), (row["Category"] or "").strip()
            cookie = (row["Cookie / Data Key name"] or "").strip()
            purposes = frozenset(OPEN_COOKIE_DATABASE.get(kind, ()))
            if cookie and " " not in cookie:
                cookie += "1x" if row["Wildcard match"] == "1" else ""
                yield Claim(
                    source="open-cookie-database", name=name, kind=kind, purposes=purposes, cookie=cookie
                )


def words(*texts: str) -> set[str]:
    return {word for text in texts for word in _WORD.findall(text.lower())} - _GENERIC


def known(claim: Claim) -> Service | None:
    """What the catalogue has for a claim's host or cookie."""
    return lookup_url(f"https://{claim.host}/x.js") if claim.host else lookup_cookie(claim.cookie)


def same_vendor(service: Service, claim: Claim) -> bool:
    """Say whether the two names share a word, or one is written within the other or its host."""
    ours, theirs = words(service.id, service.name, service.vendor), words(claim.name)
    if ours & theirs or not theirs:
        return True
    joined = "".join(_WORD.findall(service.name.lower())), "".join(_WORD.findall(claim.name.lower()))
    return joined[0] in joined[1] or joined[1] in joined[0]


def compare(claims: Iterable[Claim]) -> Findings:
    """Look each claim up in the catalogue."""
    found = Findings()
    for claim in claims:
        what = claim.host or claim.cookie
        service = known(claim)
        if service is None:
            if claim.host and claim.kind in TRACKING:
                found.missing.append(f"{what}: {claim.name} [{claim.kind}]")
            continue
        found.sources[f"{service.id} {what}"].add(claim.source)
        says = f"{what}: {service.id} [{service.purpose}], {claim.source}: {claim.name} [{claim.kind}]"
        if claim.purposes and service.purpose not in claim.purposes:
            found.purposes.append(says)
        if not same_vendor(service, claim):
            found.vendors.append(says)
    return found


def rows(found: Findings, services: Iterable[Service]) -> Iterator[str]:
    """Each host and cookie of each service, with the collections that name it too."""
    for service in services:
        for what in (*service.hosts, *(cookie.name.replace("*", "1x") for cookie in service.cookies)):
            names = found.sources.get(f"{service.id} {what}")
            yield f"{service.id}\t{what}\t{', '.join(sorted(names)) if names else 'only here'}"


def coverage(path: Path) -> str:
    """How much of what real pages refer to the catalogue knows, each host weighted by its pages."""
    pages: Counter[bool] = Counter()
    hosts: Counter[bool] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            paths = [path for path in row["common_paths"].split() if path.startswith("/")] or ["/"]
            known = any(lookup_url(f"https://{row['host']}{path}") for path in paths)
            pages[known] += int(row["pages"])
            hosts[known] += 1
    share = pages[True] / max(1, pages.total())
    return (
        f"{hosts[True]} of {hosts.total()} hosts are known: {share:.1%} of {pages.total()} references by page"
        " (the others deliver files, or are links)"
    )


def section(title: str, lines: list[str]) -> None:
    print(f"\n## {title}: {len(lines)}")
    for line in sorted(set(lines)):
        print(line)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    readers: dict[str, Callable[[Path], Iterator[Claim]]] = {
        "third_party_web": third_party_web,
        "tarteaucitron": tarteaucitron,
        "open_cookie_database": open_cookie_database,
    }
    for name in (*readers, "hosts"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=Path, metavar="FILE")
    parser.add_argument("--only", nargs="+", metavar="ID", help="the rows of these services, and no other")
    arguments = parser.parse_args()
    claims: list[Claim] = []
    try:
        for name, reader in readers.items():
            path = getattr(arguments, name)
            claims += reader(path) if path is not None else ()
        seen = coverage(arguments.hosts) if arguments.hosts is not None else ""
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"catalog_sources: a collection cannot be read: {error}", file=sys.stderr)
        return 2
    services = default_index().services
    if arguments.only:
        services = tuple(service for service in services if service.id in arguments.only)
        claims = [claim for claim in claims if known(claim) in services]
    found = compare(claims)
    section("Hosts and cookies, and who names them too", list(rows(found, services)))
    section("Another purpose", found.purposes)
    section("Another vendor", found.vendors)
    section("Tracks, says a collection, and is not here", found.missing)
    if seen:
        print(f"\n{seen}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
