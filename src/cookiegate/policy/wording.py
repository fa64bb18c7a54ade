"""Sentences made of a policy's numbers and names: what the site asks for, and what a service is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cookiegate.catalog.model import Service
    from cookiegate.policy.model import Policy, Purpose
    from cookiegate.policy.texts import Texts


def purpose_title(texts: Texts, purpose: Purpose) -> str:
    """Return the purpose's heading: the policy's own words, else the standard ones."""
    return purpose.title or texts.get(f"purpose.{purpose.id}.title")


def purpose_name(texts: Texts, purpose: Purpose) -> str:
    """Return the purpose as it stands in running text: ``marketing``."""
    return purpose.title or texts.get(f"purpose.{purpose.id}.name")


def purpose_description(texts: Texts, purpose: Purpose) -> str:
    """Return what the purpose is for: the policy's own words, else the standard ones."""
    return purpose.description or texts.get(f"purpose.{purpose.id}.description")


def ask(
    texts: Texts,
    policy: Policy,
    *,
    without: Collection[str] = (),
    emphasise: Callable[[str], str] = str,
) -> str:
    """Return the banner's two sentences: what the site would like to use, and that nothing of it has loaded.

    Numbers come from the declared services alone; where none are declared, none is claimed.
    without: ids of purposes that a signal has refused already, so they are not asked for.
    emphasise: wraps the phrase that counts the services; when it returns markup, so does this function.
    """
    asked = [purpose for purpose in policy.optional_purposes if purpose.id not in without]
    if not policy.declared:
        kinds = [texts.get("count.kind_item", purpose=_use(texts, purpose)) for purpose in asked[:-1]]
        kinds += [texts.get("count.kind_last", purpose=_use(texts, purpose)) for purpose in asked[-1:]]
        wish = texts.get("banner.ask_kinds", services=emphasise(texts.join(kinds)))
        return _sentences(texts, wish, texts.get("banner.held_kinds"))
    of = {purpose.id: [s for s in policy.declared if s.purpose == purpose.id] for purpose in asked}
    counts = [(len(of[purpose.id]), _use(texts, purpose)) for purpose in asked if of[purpose.id]]
    if not counts:
        return _sentences(texts, texts.get("banner.ask_nothing"), texts.get("banner.held_nothing"))
    items = [texts.plural("count.item", n, purpose=use) for n, use in counts[:-1]]
    items += [texts.plural("count.last", n, purpose=use) for n, use in counts[-1:]]
    vendors = {service.vendor for services in of.values() for service in services}
    companies = vendors.pop() if len(vendors) == 1 else texts.plural("banner.companies", len(vendors))
    wish = texts.get("banner.ask", services=emphasise(texts.join(items)), companies=companies)
    return _sentences(texts, wish, texts.plural("banner.held", sum(n for n, _ in counts)))


def signal_honoured(texts: Texts, policy: Policy) -> str:
    """Return the sentence that the browser's opt-out signal was honoured; empty if it refuses no purpose."""
    refused = [purpose_name(texts, purpose) for purpose in policy.optional_purposes if purpose.signal]
    return texts.plural("banner.gpc", len(refused), purposes=texts.join(refused)) if refused else ""


def loaded_as(texts: Texts, service: Service) -> str:
    """Return how a service gets into a page: ``Script and web beacon``, or that it only sets cookies."""
    kinds = [kind for kind in ("script", "beacon", "embed") if getattr(service, kind)]
    if not kinds:
        kinds = ["cookie_only" if service.cookies else "declared_only"]
    phrase = texts.join([texts.get(f"service.{kind}") for kind in kinds])
    return phrase[:1].upper() + phrase[1:]


def countries(texts: Texts, service: Service) -> str:
    """Return the country of the company, and where it passes data on; empty when the country is not known."""
    if not service.country:
        return ""
    country = texts.country(service.country)
    if not service.transfers:
        return country
    further = texts.join([texts.country(code) for code in service.transfers])
    return texts.get("service.country_transfers", country=country, countries=further)


def _use(texts: Texts, purpose: Purpose) -> str:
    """The purpose as it stands before the word "services"; a site's own title stays as it is written."""
    if purpose.title:
        return texts.get("count.own_purpose", title=purpose.title)
    return texts.get(f"purpose.{purpose.id}.use")


def _sentences(texts: Texts, first: str, second: str) -> str:
    # Through a text and not by ``+``: markup stays markup, and the rest is escaped.
    return texts.get("format.sentences", first=first, second=second)
