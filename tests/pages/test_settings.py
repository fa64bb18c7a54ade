"""The settings page: complete without JavaScript, and true to what the visitor chose."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from cookiegate.catalog import Index
from cookiegate.consent.choose import accept_all, reject_all, save
from cookiegate.consent.model import NO_SIGNALS, Signals
from cookiegate.pages.settings import MOST_TICKS, settings_page
from cookiegate.policy.model import MEANS, Collection, Policy

GPC = Signals(gpc=True)
COMMON = {"now": 1_795_356_420, "new_id": lambda: "s" * 22}


def switches(html: str) -> dict[str, bool]:
    """Every switch of the form by its name, and whether it is on."""
    inputs = re.findall(r"<input [^>]*>", html)
    return {re.search(r'name="([^"]*)"', tag)[1]: " checked" in tag for tag in inputs}


def page(policy, visit) -> str:
    return settings_page(policy, visit).decode("ascii")


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_before_the_answer_everything_optional_is_off(shop, visit_of):
    html = page(shop, visit_of(shop))
    names = {"preferences", "analytics", "marketing", *MEANS}
    assert switches(html) == dict.fromkeys(
        [*names, "service:visits", "service:films", "service:adverts"], False
    )
    assert "You have not chosen yet" in html
    assert "necessary" not in switches(html)
    assert "service:basket" not in switches(html)
    assert "Always on" in html


def test_every_control_has_its_label_and_every_id_is_there_once(shop, visit_of):
    html = page(shop, visit_of(shop, gpc=True))
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    for tag in re.findall(r"<input [^>]*>", html):
        own = re.search(r' id="([^"]+)"', tag)[1]
        assert html.count(f'<label class="cg-name" for="{own}">') == 1
        assert 'role="switch"' in tag
    for used in re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', html):
        assert used in ids
    for used in re.findall(r'href="#([^"]+)"', html):
        assert used in ids
    assert html.count("<h1>") == 1
    assert html.count("<table>") == html.count("<caption") == 3


def test_return_presses_save(shop, visit_of):
    html = page(shop, visit_of(shop))
    assert re.search(r"<button [^>]*>", html)[0].startswith(
        '<button class="cg-hide" name="action" value="save"'
    )


def test_actions(shop, visit_of):
    html = page(shop, visit_of(shop))
    assert re.findall(r'name="action" value="([^"]+)"', html) == [
        "save",
        "reject-all",
        "save",
        "accept-all",
        "reject-all",
    ]
    assert 'formaction="/privacy-choices/erase"' in html


def test_a_service_is_described_in_full(shop, visit_of):
    html = words(page(shop, visit_of(shop)))
    assert "Company Visits Ltd Country Ireland; passed on to: United States" in html
    assert "Loaded as Script and web beacon" in html
    assert "v.seen , v.last" in html
    assert "_v_* A random visitor number 13 months" in html
    assert "Privacy policy of Visits Ltd" in html
    assert "basket What is in your basket until you close the browser" in html
    # Films has neither cookies nor a country: nothing is shown for what nobody knows.
    films = html[html.index("Films Off") if "Films Off" in html else html.index("Films On Off") :]
    assert films.startswith("Films On Off Company Films Inc Loaded as Script Marketing")


def test_a_name_is_text(shop, visit_of):
    html = page(shop, visit_of(shop))
    assert "Basket &lt;b&gt;" in html
    assert "Basket <b>" not in html


@pytest.mark.parametrize(
    ("choices", "title", "on", "summary"),
    [
        (
            {"analytics": True},
            "2 of 3 optional services allowed",
            {"service:visits", "service:films"},
            "2 services, 2 allowed",
        ),
        (
            {"analytics": True, "service:films": False},
            "1 of 3 optional services allowed",
            {"service:visits"},
            "2 services, 1 allowed",
        ),
        (
            {"service:films": True},
            "1 of 3 optional services allowed",
            {"service:films"},
            "2 services, 1 allowed",
        ),
        ({"preferences": True}, "Nothing optional is allowed", set(), "2 services, held"),
    ],
)
def test_some_allowed(shop, visit_of, choices, title, on, summary):
    state = save(shop, None, NO_SIGNALS, choices, partial=True, **COMMON)
    html = page(shop, visit_of(shop, state))
    assert title in html
    assert summary in html
    assert {name for name, value in switches(html).items() if value and ":" in name} == on
    assert (
        html.count('<i class="cg-yes">') == 2 * len(on) + 1
    )  # in the panel and in the row; and the basket's


def test_all_allowed(shop, visit_of):
    html = page(shop, visit_of(shop, accept_all(shop, None, NO_SIGNALS, **COMMON)))
    assert all(switches(html).values())
    assert "All 3 optional services allowed" in html
    assert "Saved on 22 November 2026, 14:07 UTC. Valid until 21 May 2027" in html


def test_none_allowed(shop, visit_of):
    html = page(shop, visit_of(shop, reject_all(shop, None, NO_SIGNALS, **COMMON)))
    assert not any(switches(html).values())
    assert "Nothing optional is allowed" in html
    assert "You will not be asked again before 21 May 2027" in html


def test_nothing_declared_shows_purposes_and_no_number(bare, visit_of):
    html = page(bare, visit_of(bare))
    assert switches(html).keys() == {"preferences", "analytics", "marketing", *MEANS}
    assert "<details>" not in html.partition('id="cg-browser"')[0]
    assert "cg-ticks" not in html
    assert "Switch each purpose on or off." in html
    assert " use one." not in html


@pytest.mark.parametrize(
    ("choices", "title"),
    [
        ({}, "Nothing optional is allowed"),
        ({"analytics": True, "preferences": True}, "Allowed: preferences and analytics"),
        (dict.fromkeys(("analytics", "preferences", "marketing"), True), "Everything optional is allowed"),
    ],
)
def test_nothing_declared_answered(bare, visit_of, choices, title):
    state = save(bare, None, NO_SIGNALS, choices, partial=False, **COMMON)
    assert title in page(bare, visit_of(bare, state))


def test_the_signal_is_shown_until_the_visitor_insists(shop, visit_of):
    accepted = accept_all(shop, None, GPC, **COMMON)
    html = page(shop, visit_of(shop, accepted, gpc=True))
    assert switches(html)["marketing"] is False
    assert "Opt-out signal honoured" in html
    assert "opt-out signal keeps this off" in words(html).replace("&#39;", "'")
    insisted = save(shop, accepted, GPC, {"marketing": True}, partial=True, **COMMON)
    html = page(shop, visit_of(shop, insisted, gpc=True))
    assert switches(html)["marketing"] is True
    assert "Opt-out signal honoured" not in html
    assert "On by your own switch" in html
    # Once refused, the switch is simply off: there is nothing to say about the signal any more.
    refused = save(shop, insisted, GPC, {"marketing": False}, partial=True, **COMMON)
    assert switches(page(shop, visit_of(shop, refused, gpc=True)))["marketing"] is False


def test_under_the_signal_a_services_own_grant_is_shown_as_what_it_is(shop, visit_of):
    state = save(shop, None, NO_SIGNALS, {"service:adverts": True}, partial=True, **COMMON)
    assert switches(page(shop, visit_of(shop, state)))["service:adverts"] is True
    assert switches(page(shop, visit_of(shop, state, gpc=True)))["service:adverts"] is False


def test_a_stopped_collection_says_so_and_keeps_the_switches(shop, visit_of):
    policy = replace_policy(shop, collection=Collection.SUSPENDED)
    state = accept_all(policy, None, NO_SIGNALS, **COMMON)
    html = page(policy, visit_of(policy, state, gpc=True))
    assert "Collection is suspended on this site" in html
    assert switches(html)["analytics"] is True
    assert html.count('<i class="cg-yes">') == 1


def replace_policy(policy, **changes):
    return Policy(site=policy.site, declared=policy.declared, index=Index(()), **changes)


def test_many_services_are_counted_in_words_alone(shop, visit_of):
    many = tuple(replace(shop.declared[1], id=f"visits-{n}") for n in range(MOST_TICKS + 1))
    policy = Policy(declared=many, index=Index(()))
    html = page(policy, visit_of(policy))
    assert "<i>" not in html
    assert f"{MOST_TICKS + 1} services, held" in html


@pytest.mark.parametrize(
    ("language", "direction"), [("en", "ltr"), ("de-AT", "ltr"), ("ar", "rtl"), ("xx", "ltr")]
)
def test_languages(shop, visit_of, language, direction):
    html = page(shop, visit_of(shop, language=language))
    expected = language[:2] if language != "xx" else "en"
    assert html.startswith(f'<!doctype html>\n<html lang="{expected}" dir="{direction}">')


def test_the_site_names_the_page_and_the_way_back(shop, visit_of):
    html = page(shop, visit_of(shop, root_path="/app"))
    assert "<title>Your privacy choices, Linden &amp; Salt</title>" in html
    assert '<a href="/app/">Back to the site</a>' in html
    assert '<a href="/privacy?a=1&amp;b=2">' in html
    assert 'action="/app/privacy-choices/"' in html
    nameless = Policy(index=Index(()))
    html = page(nameless, visit_of(nameless))
    assert "<title>Your privacy choices</title>" in html
