"""From a TOML file or a mapping to a Policy: every mistake is a PolicyError, and nothing is guessed."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import replace
from ipaddress import ip_network
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING

from cookiegate.catalog import default_index
from cookiegate.catalog.filters import FilterLists
from cookiegate.catalog.filters.options import SHARED_SECOND_LEVEL
from cookiegate.exceptions import PolicyError
from cookiegate.policy.model import (
    MEANS,
    STANDARD,
    Cache,
    Collection,
    Consent,
    Csp,
    Guard,
    Policy,
    Purpose,
    Site,
    UndeclaredCookies,
    Unknown,
)
from cookiegate.policy.services import declared_services
from cookiegate.policy.table import Table, quoted
from cookiegate.policy.texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from cookiegate.catalog.index import Index

POLICY_KEYS = (
    *("collection", "unknown", "undeclared_cookies", "cache", "csp", "guard"),
    *("site", "consent", "purposes", "services", "catalog"),
)
SITE_KEYS = ("name", "controller", "contact", "privacy_policy", "languages", "trusted_proxies", "json_html")
CONSENT_KEYS = ("max_age_days", "prefix", "domain", "hide_cookies")
PURPOSE_KEYS = ("title", "description")
CATALOG_KEYS = ("lists",)

LONGEST_CHOICE_DAYS = 400
"""Browsers keep no cookie longer (RFC 6265bis, 5.6.1)."""

MOST_OWN_PURPOSES = 8
"""Each one's answer has its place in a cookie of 512 bytes."""

LONGEST_PURPOSE_ID = 24

_PURPOSE_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_RESERVED_IDS = frozenset({*MEANS, "action", "everything", "service"})
_PREFIX = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_SITE_PATH = re.compile(r"/[^\s?#*]*\*?")
_LINK = re.compile(r"https?://[^\s/\\\"'<>]+(?:[/?#][^\s\\\"'<>]*)?|/(?![/\\])[^\s\\\"'<>]*")
_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def load(path: str | PathLike[str], *, index: Index | None = None) -> Policy:
    """Read a policy file.

    Raises PolicyError for a file that cannot be read, for bad TOML (with its line) and for bad values.
    """
    source = fspath(path)
    try:
        with open(source, "rb") as file:
            text = file.read().decode("utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PolicyError(source, "file", source, f"cannot be read as a text in UTF-8: {reason}") from None
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _syntax_error(source, text, str(error)) from None
    return from_dict(raw, source, index=index, folder=Path(source).parent)


def from_dict(
    mapping: Mapping[str, object],
    source: str = "policy",
    *,
    index: Index | None = None,
    folder: Path | None = None,
) -> Policy:
    """Make a policy of a mapping in the shape of the TOML file.

    source: names it in errors. index: the catalogue to take services from, by default the one we ship.
    folder: where the files lie that it names, by default the working directory.
    """
    file = Table(mapping, source, known=POLICY_KEYS)
    site = _site(file.table("site", SITE_KEYS))
    purposes = _purposes(file.table("purposes"))
    catalogue = default_index() if index is None else index
    ids = [purpose.id for purpose in purposes]
    filters, digest = _filters(file.table("catalog", CATALOG_KEYS), folder or Path())
    return Policy(
        collection=file.choice("collection", Collection.ON),
        unknown=file.choice("unknown", Unknown.REPORT),
        undeclared_cookies=file.choice("undeclared_cookies", UndeclaredCookies.REPORT),
        cache=file.choice("cache", Cache.PRIVATE),
        csp=_csp(file),
        guard=file.choice("guard", Guard.COMMON),
        site=site,
        consent=_consent(file.table("consent", CONSENT_KEYS)),
        purposes=purposes,
        declared=declared_services(file, site, ids, catalogue),
        index=catalogue,
        filters=filters,
        filters_digest=digest,
    )


def _csp(file: Table) -> Csp:
    csp = file.choice("csp", Csp.OFF)
    if csp is Csp.ENFORCE and file.choice("unknown", Unknown.REPORT) is not Unknown.HOLD:
        raise file.error("csp", csp.value, 'needs unknown = "hold": such a policy admits only what is known')
    if csp is Csp.ENFORCE and file.raw("cache") not in (None, "private"):
        allowed = 'needs cache = "private": the policy of a page for everyone could not be loosened'
        raise file.error("csp", csp.value, allowed)
    return csp


def _filters(table: Table, folder: Path) -> tuple[FilterLists | None, str]:
    """Read the filter lists that the operator named, relative to the policy's own folder."""
    texts = []
    for place, name in enumerate(table.texts("lists")):
        try:
            # Lists are written by many hands: a byte that is no UTF-8 spoils its own line only.
            texts.append((name, (folder / name).read_bytes().decode("utf-8", "replace")))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            allowed = f"must be a filter list that can be read, seen from the policy's folder: {reason}"
            raise table.item_error("lists", place, name, allowed) from None
    if not texts:
        return None, ""
    return FilterLists.parse(texts), hashlib.sha256(repr(texts).encode()).hexdigest()[:16]


def _site(table: Table) -> Site:
    languages = table.texts("languages")
    for place, language in enumerate(languages):
        if language not in LANGUAGES:
            raise table.item_error("languages", place, language, f"must be one of {quoted(LANGUAGES)}")
    proxies = table.texts("trusted_proxies")
    for place, proxy in enumerate(proxies):
        try:
            ip_network(proxy)
        except ValueError as error:
            allowed = f"must be an IP address or network such as 127.0.0.1 or 10.0.0.0/8 ({error})"
            raise table.item_error("trusted_proxies", place, proxy, allowed) from None
    paths = table.texts("json_html")
    for place, path in enumerate(paths):
        if not _SITE_PATH.fullmatch(path):
            allowed = "must be a path that begins with /, without ? and #, and with a * only at its end"
            raise table.item_error("json_html", place, path, allowed)
    link = table.text("privacy_policy")
    if link and not _LINK.fullmatch(link):
        raise table.error("privacy_policy", link, "must be an http(s) address or a path that begins with /")
    return Site(
        name=table.text("name"),
        controller=table.text("controller"),
        contact=table.text("contact"),
        privacy_policy=link,
        languages=languages,
        trusted_proxies=proxies,
        json_html=paths,
    )


def _consent(table: Table) -> Consent:
    default = Consent()
    prefix = table.text("prefix", default.prefix)
    if not _PREFIX.fullmatch(prefix):
        allowed = "must begin with /, not end with one, and hold only letters, digits and - . _ ~"
        raise table.error("prefix", prefix, allowed)
    days = table.number("max_age_days", default.max_age_days, 1, LONGEST_CHOICE_DAYS)
    hides = table.flag("hide_cookies", default.hide_cookies)
    return Consent(max_age_days=days, prefix=prefix, domain=_domain(table), hide_cookies=hides)


def _domain(table: Table) -> str:
    """Read the domain of the cookie: browsers drop one for a name under which everybody may register."""
    domain = table.text("domain")
    if not domain:
        return ""
    if domain.startswith("."):
        raise table.error("domain", domain, f'must have no dot before it: "{domain.lstrip(".")}"')
    if not _DOMAIN.fullmatch(domain):
        allowed = "must be a domain in lower case such as example.com, without scheme, port or path"
        raise table.error("domain", domain, allowed)
    *above, second, top = domain.split(".")
    if top.isdigit():
        raise table.error("domain", domain, "must be a domain: a cookie of an IP address has none")
    if not above and len(top) == 2 and second.encode() in SHARED_SECOND_LEVEL:
        raise table.error("domain", domain, f"must be a site's own, such as example.{domain}")
    return domain


def _purposes(tables: Table) -> tuple[Purpose, ...]:
    purposes = {purpose.id: purpose for purpose in STANDARD}
    for id_ in tables:
        table = tables.table(id_, PURPOSE_KEYS)
        if id_ in purposes:
            title, description = table.said("title"), table.said("description")
            purposes[id_] = replace(purposes[id_], title=title, description=description)
            continue
        if not _PURPOSE_ID.fullmatch(id_) or id_ in _RESERVED_IDS or len(id_) > LONGEST_PURPOSE_ID:
            allowed = f"must be lower-case letters, digits and single hyphens, at most {LONGEST_PURPOSE_ID}"
            raise tables.error(id_, id_, f"the id {allowed}, and none of {', '.join(sorted(_RESERVED_IDS))}")
        if len(purposes) - len(STANDARD) >= MOST_OWN_PURPOSES:
            raise tables.error(id_, id_, f"at most {MOST_OWN_PURPOSES} purposes beside the standard ones")
        needed = "must be given: a visitor is asked about this purpose"
        title, description = table.said("title", needed), table.said("description", needed)
        purposes[id_] = Purpose(id=id_, title=title, description=description)
    return tuple(purposes.values())


def _syntax_error(source: str, text: str, message: str) -> PolicyError:
    place = _LINE.search(message)
    lines = text.split("\n")
    line = int(place[1]) if place else len(lines)
    reason = _LINE.sub("", message).strip() or "nested too deeply"
    return PolicyError(source, f"line {line}", lines[line - 1].strip(), f"is not TOML: {reason}")
