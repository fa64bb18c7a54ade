"""What a site declares: frozen values. ``load.py`` makes them from TOML and reports what is wrong."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from cookiegate.catalog.filters import FilterLists
    from cookiegate.catalog.index import Index
    from cookiegate.catalog.model import Service

NECESSARY = "necessary"
"""The id of the one standard purpose that nobody is asked about."""

MEANS = ("beacons", "mail_opens", "mail_clicks")
"""What a visitor may refuse beside the purposes: web beacons in pages, and opens and clicks of e-mails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Why a service is used.

    title, description: shown in every language; empty means the standard texts of this id.
    optional: the visitor is asked. signal: an opt-out signal of the browser (Sec-GPC) refuses it.
    """

    id: str
    title: str = ""
    description: str = ""
    optional: bool = True
    signal: bool = False


STANDARD = (
    Purpose(id=NECESSARY, optional=False),
    Purpose(id="preferences"),
    Purpose(id="analytics"),
    Purpose(id="marketing", signal=True),
)
"""The purposes every site has, in the order in which they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Who runs the site. Every text may be empty; what is empty is not shown.

    languages: what our pages are offered in, the default first; empty for every language there is.
    trusted_proxies: addresses or networks whose ``Forwarded`` and ``X-Forwarded-*`` headers count.
    json_html: paths whose JSON holds HTML; a ``*`` at the end stands for any rest.
    """

    name: str = ""
    controller: str = ""
    contact: str = ""
    privacy_policy: str = ""
    languages: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    json_html: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """How an answer is kept.

    max_age_days: how long it is valid. prefix: where our pages are, with a slash before and none behind.
    hide_cookies: the application does not see the cookies of denied services.
    domain: one answer counts for all its hosts; empty: for each host alone.
    """

    max_age_days: int = 180
    prefix: str = "/privacy-choices"
    domain: str = ""
    hide_cookies: bool = True


class Collection(StrEnum):
    """The stop switch: SUSPENDED holds everything optional, whatever the visitor agreed to."""

    ON = "on"
    SUSPENDED = "suspended"


class Unknown(StrEnum):
    """What happens to third parties that neither the catalogue nor the policy knows."""

    ALLOW = "allow"
    REPORT = "report"
    HOLD = "hold"


class UndeclaredCookies(StrEnum):
    """What happens to cookies that neither the catalogue nor the policy knows."""

    ALLOW = "allow"
    REPORT = "report"
    DENY = "deny"


class Cache(StrEnum):
    """Who may keep our pages. In all but PRIVATE everyone gets the same page, with everything held, and it is
    unlocked in the browser. In BUCKET there are two such pages, one of them for those who have answered.
    """

    PRIVATE = "private"
    SHARED = "shared"
    BUCKET = "bucket"


class Csp(StrEnum):
    """Whether pages carry a Content-Security-Policy that lists what this visitor allows."""

    OFF = "off"
    REPORT = "report"  # what it would block is only reported
    ENFORCE = "enforce"


class Guard(StrEnum):
    """What the guard in the browser knows: the most common trackers, or all of them; or there is none."""

    COMMON = "common"
    CATALOGUE = "catalogue"
    OFF = "off"


def _catalogue() -> Index:
    from cookiegate.catalog import default_index

    return default_index()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the site declares. ``Policy()`` is valid: the catalogue, the standard purposes, nothing declared.

    declared: the services this site says it uses, in its order; empty where it says nothing.
    index: everything that can be recognised: the catalogue, where the declared services replace its own.
    filters: filter lists that the operator named; what they block is held like marketing. filters_digest: of
    their texts, for the fingerprint.
    named_necessary: ids of the declared services that stand under ``necessary``.
    fingerprint: 8 hex digits over all that decides; equal for policies that decide alike.
    """

    collection: Collection = Collection.ON
    unknown: Unknown = Unknown.REPORT
    undeclared_cookies: UndeclaredCookies = UndeclaredCookies.REPORT
    cache: Cache = Cache.PRIVATE
    csp: Csp = Csp.OFF
    guard: Guard = Guard.COMMON
    site: Site = field(default_factory=Site)
    consent: Consent = field(default_factory=Consent)
    purposes: tuple[Purpose, ...] = STANDARD
    declared: tuple[Service, ...] = ()
    filters: FilterLists | None = field(default=None, repr=False, compare=False)
    filters_digest: str = field(default="", repr=False)
    # The fingerprint compares what the index knows; the index itself only compares by identity.
    index: Index = field(default_factory=_catalogue, repr=False, compare=False)
    named_necessary: frozenset[str] = field(init=False, repr=False, compare=False)
    fingerprint: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        index = _declare(self.index, self.declared)
        necessary = frozenset(service.id for service in self.declared if service.purpose == NECESSARY)
        object.__setattr__(self, "index", index)
        object.__setattr__(self, "named_necessary", necessary)
        object.__setattr__(self, "fingerprint", _fingerprint(self))

    def __hash__(self) -> int:
        # Caches are keyed by policy on every request: the fingerprint's hash is remembered by the string.
        return hash(self.fingerprint)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Policy:
        """Read a TOML file. Raises PolicyError for whatever is wrong with it, a missing file included."""
        from cookiegate.policy.load import load

        return load(path)

    @classmethod
    def from_dict(cls, mapping: Mapping[str, object], source: str = "policy") -> Policy:
        """Take the shape of the TOML file as a mapping. ``source`` names it in a PolicyError."""
        from cookiegate.policy.load import from_dict

        return from_dict(mapping, source)

    @property
    def optional_purposes(self) -> tuple[Purpose, ...]:
        """The purposes a visitor is asked about, in order."""
        return tuple(purpose for purpose in self.purposes if purpose.optional)

    def purpose(self, id: str) -> Purpose | None:  # noqa: A002 - the name of the field it looks for
        """Return the purpose with this id, or None."""
        return next((purpose for purpose in self.purposes if purpose.id == id), None)


def _declare(index: Index, declared: tuple[Service, ...]) -> Index:
    """Return the index with every declared service in its declared form; the same index when it has them."""
    if all(index.get(service.id) == service for service in declared):
        return index
    from cookiegate.catalog.index import Index as Build

    own = {service.id: service for service in declared}
    kept = [own.pop(service.id, service) for service in index.services]
    return Build([*kept, *own.values()])


def _fingerprint(policy: Policy) -> str:
    """Hash what decides, and nothing that is only shown: names, texts and links may change freely."""
    content = [
        [policy.collection, policy.unknown, policy.undeclared_cookies, policy.filters_digest],
        [[p.id, p.optional, p.signal] for p in policy.purposes],
        [service.id for service in policy.declared],
        [
            *([s.id, s.number, s.purpose, s.script, s.beacon, s.embed] for s in policy.index.services),
            *([s.hosts, s.paths, s.shapes, s.inline, s.storage] for s in policy.index.services),
            *([cookie.name for cookie in s.cookies] for s in policy.index.services),
        ],
    ]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()[:8]
