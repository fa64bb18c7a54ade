"""The ``[[services]]`` blocks: services taken from the catalogue by ``use``, and the site's own."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cookiegate.catalog import Url
from cookiegate.catalog.load import parse_service
from cookiegate.exceptions import CatalogError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cookiegate.catalog.index import Index
    from cookiegate.catalog.model import CookieRule, Service
    from cookiegate.policy.model import Site
    from cookiegate.policy.table import Table

TEXTS = ("name", "vendor", "country", "privacy_policy", "purpose")
RECOGNISED_BY = ("hosts", "paths", "inline", "storage")
KINDS = ("script", "beacon", "embed")
SERVICE_KEYS = ("use", "id", *TEXTS, "transfers", *RECOGNISED_BY, "cookies", *KINDS)
COOKIE_KEYS = ("name", "lifetime", "holds")

_FIELD_OF_ERROR = re.compile(r"^([a-z_]+)(?:\[(\d+)\])?(?:\.([a-z_]+))?")


def declared_services(
    file: Table, site: Site, purposes: Collection[str], index: Index
) -> tuple[Service, ...]:
    """Read all blocks. ``purposes``: the ids that exist. ``index``: the catalogue as it is shipped."""
    found: dict[str, Service] = {}
    for table in file.tables("services", SERVICE_KEYS):
        _check_purpose(table, purposes)
        service = _from_catalogue(table, index) if "use" in table else _own(table, site, index)
        if service.id in found:
            key = "use" if "use" in table else "id"
            raise table.error(key, service.id, "is declared twice; one block per service")
        found[service.id] = service
    return tuple(found.values())


def _check_purpose(table: Table, purposes: Collection[str]) -> None:
    purpose = table.text("purpose")
    if ("purpose" in table or "use" not in table) and purpose not in purposes:
        raise table.error("purpose", purpose, f"must be a purpose that is defined: {', '.join(purposes)}")


def _from_catalogue(table: Table, index: Index) -> Service:
    """Take a service of the catalogue, with what the block says instead of, or beside, what is known."""
    use = table.text("use")
    known = index.get(use)
    if known is None:
        near = difflib.get_close_matches(use, [service.id for service in index.services], n=3)
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        raise table.error("use", use, f"must be the id of a service in the catalogue{meant}")
    if "id" in table:
        raise table.error("id", table.raw("id"), f"must not stand beside use: the id is {use!r}")
    changed = _parse(table, {})
    fields: dict[str, Any] = {
        field: getattr(changed, field) for field in (*TEXTS, "transfers", *KINDS) if field in table
    }
    # What recognises a tracker is only ever added to: a block that names the site's own host for it
    # must not set the vendor's hosts free.
    for field in RECOGNISED_BY:
        fields[field] = tuple(dict.fromkeys([*getattr(changed, field), *getattr(known, field)]))
    return replace(known, cookies=_both_cookies(changed.cookies, known.cookies), **fields)


def _own(table: Table, site: Site, index: Index) -> Service:
    """Make a service of the site's own; its number is 0, so it is kept apart from the catalogue's."""
    name = table.said("name", 'must be given: what a visitor knows the service by (or use = "…")')
    id_ = table.text("id") if "id" in table else _slug(name)
    if not id_:
        raise table.error("id", id_, "must be given where the name has no Latin letters or digits")
    if index.get(id_) is not None:
        raise table.error("id", id_, f'is in the catalogue: write use = "{id_}", or take another id')
    service = _parse(table, {"id": id_, "name": name})
    _check_hosts(table, service, index)
    return service if "vendor" in table else replace(service, vendor=_vendor(service, site))


def _vendor(service: Service, site: Site) -> str:
    """Who runs it, where the block does not say: the site itself, unless it has somebody else's host."""
    elsewhere = service.hosts or any(not path.startswith("/") for path in service.paths)
    return service.name if elsewhere else site.controller or site.name or service.name


def _check_hosts(table: Table, service: Service, index: Index) -> None:
    """Refuse a host or path that the catalogue knows: it would take a known tracker's place unnoticed."""
    for field, rules in (("hosts", service.hosts), ("paths", service.paths)):
        for place, rule in enumerate(rules):
            host, slash, rest = rule.partition("/")
            path = "/" + rest.partition("?")[0].replace("*", "x") if slash else "/"
            found = index.match_url(Url("https", host, path)) if host else index.match_site_path(path)
            if found is not None:
                known = found.service
                hint = f'belongs to {known.name} in the catalogue: write use = "{known.id}"'
                raise table.item_error(field, place, rule, hint)


def _parse(table: Table, own: dict[str, str]) -> Service:
    """Check every field that the block has, by the catalogue's own rules."""
    for key in TEXTS:
        if key != "privacy_policy" and key != "country":
            table.said(key)
    raw: dict[str, object] = {"id": "x", "name": "x", "vendor": "x", "purpose": "necessary"}
    raw |= {key: table.raw(key) for key in table if key not in ("use", "id")}
    for cookie in table.tables("cookies", COOKIE_KEYS):
        cookie.said("name", "must be given")
    try:
        return parse_service(raw | own, "")
    except CatalogError as error:
        raise _explain(table, own, str(error)) from None


def _explain(table: Table, own: dict[str, str], text: str) -> PolicyError:
    """Turn "`` x: cookies[0].holds = 'y': one of …``" into an error that names our key."""
    text = text.removeprefix(f" {own.get('id', 'x')}: ")
    _, name, place, part, rest = _FIELD_OF_ERROR.split(text, maxsplit=1)
    value: object = own.get(name, table.raw(name))
    path = table.at(name)
    if place is not None and isinstance(value, list | tuple):
        value, path = value[int(place)], f"{path}[{place}]"
    if part is not None and isinstance(value, Mapping):
        value, path = value.get(part), f"{path}.{part}"
    return PolicyError(table.source, path, value, rest.removeprefix(f" = {value!r}").removeprefix(": "))


def _both_cookies(first: Sequence[CookieRule], then: Sequence[CookieRule]) -> tuple[CookieRule, ...]:
    named = {rule.name for rule in first}
    return (*first, *(rule for rule in then if rule.name not in named))


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))
