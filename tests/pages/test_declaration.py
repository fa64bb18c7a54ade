"""The public declaration: what the policy declares, the same for everybody."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from cookiegate.consent.choose import accept_all
from cookiegate.consent.model import NO_SIGNALS
from cookiegate.pages.declaration import declaration_fragment, declaration_json, declaration_page
from cookiegate.policy.model import MEANS, Consent
from cookiegate.policy.texts import LANGUAGES, texts

COOKIE = "__Host-cg"


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_everything_declared_is_there(shop, visit_of):
    html = declaration_page(shop, visit_of(shop), COOKIE).decode("ascii")
    said = words(html)
    assert "What this site uses, Linden &amp; Salt" in said
    assert "Visits Visits Ltd &#183; Ireland; passed on to: United States Company Visits Ltd Country" in said
    assert "Loaded as Script and web beacon" in said
    assert "_v_* A random visitor number 13 months" in said
    assert "v.seen , v.last" in said
    assert "Privacy policy of Visits Ltd" in said
    assert "Analytics 2 services" in said
    assert "Web beacons and pixel tags" in said
    assert "E-mail opens" in said
    assert said.index("Necessary") < said.index("Basket &lt;b&gt;") < said.index("Analytics 2")
    assert html.count("<h1>") == 1
    assert html.count("<table>") == html.count("<caption")
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)
    assert "<form" not in html
    assert "<script" not in html


def test_our_own_cookie_is_declared_too(shop, visit_of):
    short = replace(shop, consent=Consent(max_age_days=30))
    said = words(declaration_page(short, visit_of(short), COOKIE).decode())
    assert "Your privacy choices Linden &amp; Salt Company Linden &amp; Salt" in said
    assert "__Host-cg A privacy choice 30 days" in said
    named = replace(shop, site=replace(shop.site, controller="Linden GmbH"))
    assert "Company Linden GmbH" in words(declaration_page(named, visit_of(named), COOKIE).decode())


def test_it_says_nothing_about_its_reader(shop, visit_of):
    state = accept_all(shop, None, NO_SIGNALS, now=1_795_356_420, new_id=lambda: "s" * 22)
    page = declaration_page(shop, visit_of(shop), COOKIE)
    assert declaration_page(shop, visit_of(shop, state), COOKIE) == page
    assert declaration_page(shop, visit_of(shop, gpc=True), COOKIE) == page


def test_a_site_that_declares_nothing_claims_no_services(bare, visit_of):
    said = words(declaration_page(bare, visit_of(bare), COOKIE).decode())
    assert "This site lists no services of its own." in said
    assert "Analytics Counts visits" in said
    assert "Visits Ltd" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_part_for_a_page_of_the_sites_own(shop, language):
    part = declaration_fragment(shop, language, COOKIE)
    t = texts(language)
    html = str(part)
    assert html.startswith(f'<div class="cg-declared" lang="{language}" dir="{t.direction}">')
    assert part.__html__() == html
    assert not re.findall(r"<(?:h1|html|body|main|link|style|script)\b| id=", html)
    assert "Basket &lt;b&gt;" in html
    assert html.count("<h3>") == 5 + len(MEANS)
    with pytest.raises(ValueError, match="language 'xx'"):
        declaration_fragment(shop, "xx", COOKIE)


def test_json(shop):
    said = declaration_json(shop, COOKIE)
    assert json.loads(json.dumps(said))["policy"] == shop.fingerprint
    purposes = {purpose["id"]: purpose for purpose in said["purposes"]}
    assert list(purposes) == ["necessary", "preferences", "analytics", "marketing"]
    assert [service["id"] for service in purposes["necessary"]["services"]] == ["basket", "cookiegate"]
    visits = purposes["analytics"]["services"][0]
    assert visits["cookies"] == [
        {"name": "_v_*", "lifetime": {"count": 13, "unit": "month"}, "holds": "visitor"}
    ]
    assert (visits["country"], visits["transfers"], visits["beacon"]) == ("IE", ("US",), True)
    assert said["means"] == ["beacons", "mail_opens", "mail_clicks"]


pages = pytest.mark.anyio


@pages
async def test_it_is_served_in_three_forms(browser):
    page = await browser.ask("GET", "/trackers")
    assert page.status == 200
    assert page.get("content-type") == "text/html; charset=utf-8"
    assert page.get("cache-control") == "private, max-age=300"
    assert page.get("vary") == "Accept, Accept-Language"
    assert "default-src 'none'" in page.get("content-security-policy")
    assert not page.all("set-cookie")
    assert "What this site uses" in page.text

    part = await browser.ask("GET", "/trackers", query=b"format=fragment")
    assert part.text.startswith('<div class="cg-declared"')
    for asked in (
        {"query": b"format=json"},
        {"headers": {"accept": "application/json"}},
        {"query": b"a=%ff&format=html&format=json"},
    ):
        reply = await browser.ask("GET", "/trackers", **asked)
        assert reply.get("content-type") == "application/json"
        assert reply.get("cache-control") == "private, max-age=300"
        assert json.loads(reply.body)["purposes"]
    for other in (b"format=pdf", b"format", b"\xff\x00=&;"):
        assert (await browser.ask("GET", "/trackers", query=other)).body == page.body
    head = await browser.ask("HEAD", "/trackers")
    assert (head.headers, head.body) == (page.headers, b"")


@pages
async def test_it_cannot_be_posted_to(browser):
    reply = await browser.ask("POST", "/trackers")
    assert (reply.status, reply.get("allow")) == (405, "GET, HEAD")


@pages
async def test_the_settings_page_leads_there(browser):
    assert 'href="/privacy-choices/trackers"' in (await browser.ask("GET", "/")).text
