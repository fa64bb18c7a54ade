"""The settings page: what applies now, every purpose with its services, the means, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from cookiegate.consent.decide import Reason, answer
from cookiegate.devices import Browser, Device
from cookiegate.pages.browsers import guides
from cookiegate.pages.facts import Facts, facts_of
from cookiegate.pages.render import asset_file, base_of, language_of, page_title, render
from cookiegate.policy.model import MEANS, Collection, Purpose
from cookiegate.policy.texts import Texts, texts
from cookiegate.policy.wording import (
    purpose_description,
    purpose_name,
    purpose_title,
    signal_honoured,
)

if TYPE_CHECKING:
    from cookiegate.catalog.model import Service
    from cookiegate.gate.visit import Visit
    from cookiegate.policy.model import Policy

MOST_TICKS = 40
"""More ticks than this say less than their number in words."""

_DAY = 86_400
_UNKNOWN = Device(Browser.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """A service of a purpose. on: how its switch stands. allowed: whether it may load now."""

    id: str
    facts: Facts
    on: bool
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRow:
    """A means, in the visitor's words. on: how its switch stands."""

    id: str
    title: str
    note: str
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeRow:
    """A purpose with its services. marks: one truth per service, for the ticks; none if they are too many."""

    id: str
    title: str
    note: str
    on: bool
    optional: bool
    services: tuple[ServiceRow, ...]
    marks: tuple[tuple[bool, ...], ...]
    summary: str
    names: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What applies: a title, a note below it, and the ticks of all optional services by purpose."""

    title: str
    note: str
    marks: tuple[tuple[bool, ...], ...]


def settings_page(policy: Policy, visit: Visit, device: Device = _UNKNOWN) -> bytes:
    """Return the settings page as this visitor's choices stand. device: whose own menus are explained."""
    t = texts(language_of(policy, visit))
    purposes = [_purpose(t, policy, visit, purpose) for purpose in policy.purposes]
    lede = (
        "settings.lede"
        if any(row.optional and row.services for row in purposes)
        else "settings.lede_purposes"
    )
    own_browser, other_browsers = guides(t, device)
    together = Markup("<em>{}</em>").format(t.get("means.and"))
    return render(
        "settings.html",
        t=t,
        title=page_title(t, policy, t.get("title.short")),
        base=base_of(policy, visit.root_path),
        home=f"{visit.root_path}/",
        css=asset_file("settings.css"),
        js=asset_file("cg.js"),
        lede=t.get(lede),
        now=_now(t, policy, visit, [row for row in purposes if row.optional]),
        signal=signal_honoured(t, policy) if _is_refused(policy, visit) else "",
        purposes=purposes,
        means_lede=t.get("means.lede", **{"and": together}),
        means_rows=[_means(t, policy, visit, means) for means in MEANS],
        own_browser=own_browser,
        other_browsers=other_browsers,
        code=Markup("<code><bdi>{}</bdi></code>").format,
        policy_url=policy.site.privacy_policy,
    )


def _purpose(t: Texts, policy: Policy, visit: Visit, purpose: Purpose) -> PurposeRow:
    stands = answer(purpose, visit.state, visit.signals)
    services = tuple(
        _service(t, visit, service, stands) for service in policy.declared if service.purpose == purpose.id
    )
    allowed = sum(service.allowed for service in services)
    key = "settings.services" if not purpose.optional else "settings.services_allowed"
    if purpose.optional and not allowed:
        key = "settings.services_held"
    return PurposeRow(
        id=purpose.id,
        title=purpose_title(t, purpose),
        note=_note(t, policy, visit, purpose),
        on=stands is Reason.GRANTED,
        optional=purpose.optional,
        services=services,
        marks=_marks([tuple(service.allowed for service in services)]),
        summary=t.plural(key, len(services), allowed=t.number(allowed)),
        names=t.join([service.facts.name for service in services]),
    )


def _note(t: Texts, policy: Policy, visit: Visit, purpose: Purpose) -> str:
    """Say what the purpose is for, and what the browser's signal means for it."""
    description = purpose_description(t, purpose)
    if not (purpose.signal and visit.signals.gpc) or policy.collection is Collection.SUSPENDED:
        return description
    stands = answer(purpose, visit.state, visit.signals)
    key = "settings.signal" if stands is Reason.SIGNAL else ""
    if stands is Reason.GRANTED:
        key = "settings.insisted"
    return t.get("format.sentences", first=description, second=t.get(key)) if key else description


def _is_refused(policy: Policy, visit: Visit) -> bool:
    """Whether the browser's signal keeps everything off that it can: then we say that it was honoured."""
    if not visit.signals.gpc:
        return False
    covered = [purpose for purpose in policy.optional_purposes if purpose.signal]
    return all(answer(purpose, visit.state, visit.signals) is Reason.SIGNAL for purpose in covered)


def _service(t: Texts, visit: Visit, service: Service, purpose: Reason) -> ServiceRow:
    chosen = visit.state.services.get(service.id) if visit.state else None
    follows = chosen is None or (chosen and purpose is Reason.SIGNAL)
    return ServiceRow(
        id=service.id,
        facts=facts_of(t, service),
        on=purpose is Reason.GRANTED if follows else bool(chosen),
        allowed=visit.profile.decide(service).allowed,
    )


def _means(t: Texts, policy: Policy, visit: Visit, means: str) -> SwitchRow:
    note = t.get(f"means.{means}.description")
    beacons = sum(service.beacon for service in policy.declared)
    if means == "beacons" and beacons:
        note = t.get("format.sentences", first=note, second=t.plural("means.beacons.count", beacons))
    return SwitchRow(
        id=means,
        title=t.get(f"means.{means}.title"),
        note=note,
        on=bool(visit.state and visit.state.choices.get(means)),
    )


def _now(t: Texts, policy: Policy, visit: Visit, rows: list[PurposeRow]) -> Now:
    marks = _marks([tuple(service.allowed for service in row.services) for row in rows if row.services])
    if policy.collection is Collection.SUSPENDED:
        return Now(title=t.get("state.none"), note=t.get("state.suspended"), marks=marks)
    if visit.state is None:
        return Now(title=t.get("state.unanswered"), note=t.get("state.unanswered_note"), marks=marks)
    services = [service for row in rows for service in row.services]
    allowed = sum(service.allowed for service in services)
    kinds = [purpose for purpose in policy.optional_purposes if visit.profile.allows(purpose.id)]
    nothing = not allowed if services else not kinds
    if nothing:
        title = t.get("state.none")
    elif services:
        key = "state.all" if allowed == len(services) else "state.some"
        title = t.plural(key, len(services), allowed=t.number(allowed))
    elif len(kinds) == len(rows):
        title = t.get("state.all_kinds")
    else:
        title = t.get("state.some_kinds", purposes=t.join([purpose_name(t, purpose) for purpose in kinds]))
    until = visit.state.given_at + policy.consent.max_age_days * _DAY
    note = t.get(
        "format.sentences",
        first=t.get("state.saved", moment=t.datetime(visit.state.given_at)),
        second=t.get("state.valid_none" if nothing else "state.valid", date=t.date(until)),
    )
    return Now(title=title, note=note, marks=marks)


def _marks(groups: list[tuple[bool, ...]]) -> tuple[tuple[bool, ...], ...]:
    return tuple(groups) if 0 < sum(map(len, groups)) <= MOST_TICKS else ()
