"""The long tail: vendors of whom the catalogue knows the name, a purpose and the hosts, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.catalog.model import Service
from cookiegate.exceptions import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What these are for is to report a visit, so an image of theirs is taken for a beacon.
_REPORTING = frozenset({"analytics", "marketing"})


def parse_tail(text: str, name: str) -> list[Service]:
    """The services of one tail file: ``id``, name, country or nothing, purpose and rules between tabs.

    Rules are hosts, ``host/path`` as in ``Service.paths`` and ``/path`` as in ``Service.shapes``, with a
    space between them. ``#`` begins a comment line. The services have no number. For speed, only the number
    of fields is checked here, and raises CatalogError; what the fields say is for the tests of the shipped
    data to check.
    """
    services = []
    for where, (id_, title, country, purpose, rules) in fields(text, name):
        hosts = rules.split(" ")
        paths: tuple[str, ...] = ()
        shapes: tuple[str, ...] = ()
        if "/" in rules:
            paths = tuple(rule for rule in hosts if "/" in rule and rule[0] != "/")
            shapes = tuple(rule for rule in hosts if rule[0] == "/")
            hosts = [rule for rule in hosts if "/" not in rule]
        if not rules:
            raise CatalogError(f"{where}: a host is missing")
        services.append(
            Service(
                id=id_,
                name=title,
                vendor=title,
                purpose=purpose,
                country=country,
                hosts=tuple(hosts),
                paths=paths,
                shapes=shapes,
                script=True,
                beacon=purpose in _REPORTING,
            )
        )
    return services


def fields(text: str, name: str) -> Iterator[tuple[str, list[str]]]:
    """Each line that is no comment, as the place for an error message and its five fields."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line[0] == "#":
            continue
        parts = line.split("\t")
        if len(parts) != 5:
            raise CatalogError(f"{name}:{number}: five fields between tabs are needed, not {len(parts)}")
        yield f"{name}:{number}", parts
