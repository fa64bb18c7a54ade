"""The sentences that are made of a policy's numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markupsafe import Markup

from cookiegate.catalog.index import Index
from cookiegate.catalog.model import CookieRule, Service
from cookiegate.policy import STANDARD, Policy, Purpose
from cookiegate.policy.texts import LANGUAGES, texts
from cookiegate.policy.wording import (
    ask,
    countries,
    loaded_as,
    purpose_description,
    purpose_name,
    purpose_title,
    signal_honoured,
)

EMPTY = Index([])


def service(id_: str, purpose: str, vendor: str) -> Service:
    return Service(id=id_, name=id_, vendor=vendor, purpose=purpose)


def policy(*declared: Service, purposes: tuple[Purpose, ...] = STANDARD) -> Policy:
    return Policy(index=EMPTY, declared=declared, purposes=purposes)


SHOP = policy(
    service("basket", "necessary", "Linden & Salt"),
    service("ga", "analytics", "Google Ireland Ltd"),
    service("matomo", "analytics", "InnoCraft Ltd"),
    service("hotjar", "analytics", "Hotjar Ltd"),
    service("ads", "marketing", "Google Ireland Ltd"),
    service("meta", "marketing", "Meta Platforms Ireland Ltd"),
)
ONE = policy(service("matomo", "analytics", "Matomo"))


@pytest.mark.parametrize(
    ("language", "policy", "without", "sentence"),
    [
        (
            "en",
            SHOP,
            (),
            "This site would like to use 3 analytics and 2 marketing services from 4 companies. "
            "None of them has loaded, and none will unless you agree.",
        ),
        (
            "de",
            SHOP,
            (),
            "Diese Website möchte 3 Analyse- und 2 Marketing-Dienste von 4 Unternehmen verwenden. "
            "Keiner davon wurde geladen, und keiner wird es, solange Sie nicht zustimmen.",
        ),
        (
            "ar",
            SHOP,
            (),
            "يرغب هذا الموقع في استخدام 3 خدمات تحليل وخدمتي تسويق من 4 شركات. "
            "لم تُحمَّل أي منها بعد، ولن تُحمَّل إلا إذا وافقت.",
        ),
        (
            "en",
            SHOP,
            ("marketing",),
            "This site would like to use 3 analytics services from 3 companies. "
            "None of them has loaded, and none will unless you agree.",
        ),
        (
            "en",
            SHOP,
            ("analytics", "marketing"),
            "This site declares no optional services here. Nothing optional loads unless you agree.",
        ),
        (
            "en",
            ONE,
            (),
            "This site would like to use 1 analytics service from Matomo. "
            "It has not loaded, and will not unless you agree.",
        ),
        (
            "de",
            ONE,
            (),
            "Diese Website möchte 1 Analyse-Dienst von Matomo verwenden. "
            "Er wurde nicht geladen und wird es nur, wenn Sie zustimmen.",
        ),
        (
            "ar",
            ONE,
            (),
            "يرغب هذا الموقع في استخدام خدمة تحليل واحدة من Matomo. لم تُحمَّل بعد، ولن تُحمَّل إلا إذا وافقت.",
        ),
        (
            "en",
            policy(),
            ("preferences",),
            "This site would like to use analytics and marketing services. "
            "None of them has loaded, and none will unless you agree.",
        ),
        (
            "en",
            policy(),
            (),
            "This site would like to use preference, analytics and marketing services. "
            "None of them has loaded, and none will unless you agree.",
        ),
        (
            "de",
            policy(),
            (),
            "Diese Website möchte Präferenz-, Analyse- und Marketing-Dienste verwenden. "
            "Keiner davon wurde geladen, und keiner wird es, solange Sie nicht zustimmen.",
        ),
        (
            "ar",
            policy(),
            (),
            "يرغب هذا الموقع في استخدام خدمات تفضيلات وتحليل وتسويق. "
            "لم تُحمَّل أي منها بعد، ولن تُحمَّل إلا إذا وافقت.",
        ),
    ],
)
def test_the_banner_asks(language: str, policy: Policy, without: tuple[str, ...], sentence: str) -> None:
    assert ask(texts(language), policy, without=without) == sentence


def test_the_counted_phrase_can_be_emphasised_and_the_rest_is_escaped() -> None:
    one = policy(service("x", "analytics", "A <b>& Sons"))
    said = ask(texts("en"), one, emphasise=Markup("<strong>{}</strong>").format)
    assert isinstance(said, Markup)
    assert said.startswith(
        "This site would like to use <strong>1 analytics service</strong> from A &lt;b&gt;&amp; Sons. It has"
    )


RESEARCH = Purpose(id="research", title="Research", description="Asks a few visitors what they think.")


@pytest.mark.parametrize(
    ("language", "phrase"),
    [
        ("en", "1 Statistics and 2 Research services from 2 companies"),
        ("de", "1 Statistics- und 2 Research-Dienste von 2 Unternehmen"),
        ("ar", "خدمة «Statistics» واحدة وخدمتي «Research» من شركتين"),
    ],
)
def test_titles_of_the_sites_own_stand_as_they_are_written(language: str, phrase: str) -> None:
    purposes = (*STANDARD[:2], replace(STANDARD[2], title="Statistics"), STANDARD[3], RESEARCH)
    declared = [service(id_, purpose, id_[0]) for id_, purpose in (("a", "analytics"), ("b", "research"))]
    shop = policy(*declared, service("bb", "research", "b"), purposes=purposes)
    assert phrase in ask(texts(language), shop)


def test_words_of_a_purpose() -> None:
    t = texts("en")
    marketing = STANDARD[3]
    assert (purpose_title(t, marketing), purpose_name(t, marketing)) == ("Marketing", "marketing")
    assert purpose_description(t, marketing).startswith("Shows our adverts")
    assert (purpose_title(t, RESEARCH), purpose_name(t, RESEARCH)) == ("Research", "Research")
    assert purpose_description(t, RESEARCH) == RESEARCH.description


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", STANDARD, ids=lambda purpose: purpose.id)
def test_every_standard_purpose_has_words(language: str, purpose: Purpose) -> None:
    t = texts(language)
    assert purpose_title(t, purpose)
    assert purpose_name(t, purpose)
    assert purpose_description(t, purpose)


def test_the_honoured_signal_names_what_it_refused() -> None:
    t = texts("en")
    assert signal_honoured(t, policy()) == (
        "Opt-out signal honoured: your browser sends Global Privacy Control, so marketing stays off."
    )
    two = policy(purposes=tuple(replace(p, signal=p.id != "preferences") for p in STANDARD))
    assert signal_honoured(t, two).endswith("so analytics and marketing stay off.")
    assert signal_honoured(t, policy(purposes=STANDARD[:3])) == ""


@pytest.mark.parametrize(
    ("fields", "english", "german"),
    [
        ({"script": True, "beacon": True}, "Script and web beacon", "Skript und Web-Beacon"),
        ({"embed": True}, "Embedded content", "Eingebetteter Inhalt"),
        ({"cookies": (CookieRule(name="a"),)}, "Cookie only", "Nur Cookie"),
        ({}, "Part of this site", "Teil dieser Website"),
    ],
)
def test_how_a_service_loads(fields: dict[str, object], english: str, german: str) -> None:
    one = replace(service("x", "analytics", "X"), **fields)  # type: ignore[arg-type]
    assert loaded_as(texts("en"), one) == english
    assert loaded_as(texts("de"), one) == german


def test_where_a_service_sends_data() -> None:
    t = texts("en")
    one = service("x", "analytics", "X")
    assert countries(t, one) == ""
    assert countries(t, replace(one, country="MT")) == "Malta"
    there = replace(one, country="IE", transfers=("US", "IN"))
    assert countries(t, there) == "Ireland; passed on to: United States and India"
    assert countries(texts("ar"), there) == "أيرلندا، وتُنقل إلى: الولايات المتحدة والهند"
