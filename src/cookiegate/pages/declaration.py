"""The public declaration: what a site uses, for which purpose, and who receives the data.

It says what the policy declares and nothing about a visitor: the same for everybody, on paper too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from cookiegate.catalog.model import CookieRule, Holds, Lifetime, Service, Unit
from cookiegate.pages.facts import Facts, facts_of
from cookiegate.pages.render import asset_file, base_of, language_of, page_title, render
from cookiegate.policy.model import MEANS, NECESSARY
from cookiegate.policy.texts import texts
from cookiegate.policy.wording import purpose_description, purpose_title

if TYPE_CHECKING:
    from cookiegate.gate.visit import Visit
    from cookiegate.policy.model import Policy, Purpose
    from cookiegate.policy.texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposePart:
    """A purpose with the services that are used for it, and how many these are in words."""

    id: str
    title: str
    note: str
    count: str
    services: tuple[Facts, ...]


def declaration_page(policy: Policy, visit: Visit, cookie: str) -> bytes:
    """Return the page. cookie: the name of our own one on this site."""
    t = texts(language_of(policy, visit))
    return render(
        "declaration.html",
        title=page_title(t, policy, t.get("declaration.title")),
        base=base_of(policy, visit.root_path),
        home=f"{visit.root_path}/",
        css=asset_file("settings.css"),
        policy_url=policy.site.privacy_policy,
        **_parts(t, policy, cookie),
    )


def declaration_fragment(policy: Policy, language: str, cookie: str) -> Markup:
    """Return the declaration as a part of a page of the site's own: headings from ``h2`` on, and no styles.

    language: one of ``cookiegate.policy.texts.LANGUAGES``; ValueError for another one.
    """
    return Markup(render("fragment.html", **_parts(texts(language), policy, cookie)).decode())  # noqa: S704 - the template escapes


def declaration_json(policy: Policy, cookie: str) -> dict[str, object]:
    """Return the declaration for programs: ids, names and codes, in no language."""
    return {
        "site": {"name": policy.site.name, "controller": policy.site.controller},
        "policy": policy.fingerprint,
        "purposes": [
            {
                "id": purpose.id,
                "optional": purpose.optional,
                "title": purpose.title,
                "services": [_as_json(service) for service in _services(policy, purpose, cookie, "")],
            }
            for purpose in policy.purposes
        ],
        "means": list(MEANS),
    }


def _parts(t: Texts, policy: Policy, cookie: str) -> dict[str, object]:
    lede = "declaration.lede" if policy.declared else "declaration.lede_catalogue"
    together = Markup("<em>{}</em>").format(t.get("means.and"))
    return {
        "t": t,
        "lede": t.get(lede),
        "purposes": [_purpose(t, policy, purpose, cookie) for purpose in policy.purposes],
        "means_lede": t.get("means.lede", **{"and": together}),
        "means": [
            (means, t.get(f"means.{means}.title"), t.get(f"means.{means}.description")) for means in MEANS
        ],
    }


def _purpose(t: Texts, policy: Policy, purpose: Purpose, cookie: str) -> PurposePart:
    services = _services(policy, purpose, cookie, t.get("title.short"))
    return PurposePart(
        id=purpose.id,
        title=purpose_title(t, purpose),
        note=purpose_description(t, purpose),
        count=t.plural("settings.services", len(services)) if services else "",
        services=tuple(facts_of(t, service) for service in services),
    )


def _services(policy: Policy, purpose: Purpose, cookie: str, name: str) -> list[Service]:
    """The services of a purpose; among the necessary ones is our own, which keeps the choice."""
    services = [service for service in policy.declared if service.purpose == purpose.id]
    if purpose.id == NECESSARY:
        kept = Lifetime(policy.consent.max_age_days, Unit.DAY)
        own = CookieRule(name=cookie, lifetime=kept, holds=Holds.CHOICE)
        vendor = policy.site.controller or policy.site.name
        services.append(Service(id="cookiegate", name=name, vendor=vendor, purpose=NECESSARY, cookies=(own,)))
    return services


def _as_json(service: Service) -> dict[str, object]:
    return {
        "id": service.id,
        "name": service.name,
        "vendor": service.vendor,
        "country": service.country,
        "transfers": service.transfers,
        "privacy_policy": service.privacy_policy,
        "script": service.script,
        "beacon": service.beacon,
        "embed": service.embed,
        "cookies": [asdict(cookie) for cookie in service.cookies],
        "storage": service.storage,
    }
