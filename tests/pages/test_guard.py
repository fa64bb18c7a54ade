"""The tag of the guard, its file, and where it is put."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cookiegate.consent.decide import granted_profile
from cookiegate.exceptions import PolicyError
from cookiegate.pages.guard import Guards, guard_asset
from cookiegate.policy.model import Guard, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from cookiegate.gate.visit import Visit

POLICY = Policy()
ALL = ("preferences", "analytics", "marketing", "beacons")


def visit_with(visit_of: Callable[..., Visit], policy: Policy, *granted: str, **options: str) -> Visit:
    return replace(visit_of(policy, **options), profile=granted_profile(policy, granted))


def test_the_tag_says_what_is_granted(visit_of: Callable[..., Visit]) -> None:
    visit = visit_with(visit_of, POLICY, "analytics", "beacons")
    file = guard_asset(POLICY).file
    expected = f'<script src="/privacy-choices/assets/{file}" data-cg-allow="analytics beacons"></script>'
    assert Guards(POLICY).render(visit).decode() == expected


def test_none_where_nothing_is_denied(visit_of: Callable[..., Visit]) -> None:
    assert Guards(POLICY).render(visit_with(visit_of, POLICY, *ALL)) == b""
    assert Guards(POLICY).render(visit_of(POLICY)) != b""


def test_none_where_it_is_off(visit_of: Callable[..., Visit]) -> None:
    policy = Policy(guard=Guard.OFF)
    assert Guards(policy).render(visit_of(policy)) == b""


def test_a_guard_that_does_not_exist() -> None:
    with pytest.raises(PolicyError, match="guard = 'all'"):
        Policy.from_dict({"guard": "all"})


@pytest.mark.parametrize(("nonce", "taken"), [("YWJj+/_-=", True), ('a"b', False), ("", False)])
def test_the_sites_nonce(visit_of: Callable[..., Visit], nonce: str, taken: bool) -> None:
    tag = Guards(POLICY).render(visit_of(POLICY), nonce=nonce)
    assert (b'nonce="' + nonce.encode() + b'"' in tag) is taken


def test_mounted_below_a_path(visit_of: Callable[..., Visit]) -> None:
    tag = Guards(POLICY).render(visit_of(POLICY, root_path='/a"b'))
    assert b'src="/a&quot;b/privacy-choices/assets/guard.' in tag


def test_a_service_by_itself_brings_its_rules(visit_of: Callable[..., Visit]) -> None:
    visit = visit_with(visit_of, POLICY, "youtube")
    tag = Guards(POLICY).render(visit).decode()
    assert 'data-cg-allow="+youtube" data-cg-rules="[[&quot;youtube:marketing:&quot;,' in tag
    assert "youtube-nocookie.com" in tag


def test_a_declared_service_has_them_already(visit_of: Callable[..., Visit]) -> None:
    policy = Policy.from_dict({"services": [{"use": "youtube"}]})
    tag = Guards(policy).render(visit_with(visit_of, policy, "youtube")).decode()
    assert 'data-cg-allow="+youtube"></script>' in tag


def test_one_file_for_all_visitors_of_a_policy() -> None:
    assert guard_asset(Policy()).body == guard_asset(Policy()).body
    other = guard_asset(Policy.from_dict({"services": [{"use": "youtube"}]}))
    assert other.file != guard_asset(POLICY).file


@pytest.mark.parametrize(("guard", "most"), [("common", 3000), ("catalogue", 12000)])
def test_the_table_is_small(guard: str, most: int) -> None:
    code, _, table = guard_asset(Policy.from_dict({"guard": guard})).body.decode().rpartition("({")
    table = "{" + table.removesuffix(");\n")
    assert json.loads(table)["unknown"] == "report"
    assert len(gzip.compress(table.encode(), 9)) <= most
    assert len(gzip.compress(code.encode(), 9)) <= MOST_CODE


MOST_CODE = 4900


@pytest.mark.anyio
async def test_it_is_served_for_good(browser) -> None:  # type: ignore[no-untyped-def]  # a fixture of conftest
    asset = guard_asset(browser.policy)
    reply = await browser.ask("GET", f"/assets/{asset.file}")
    assert (reply.status, reply.body, reply.get("content-type")) == (
        200,
        asset.body,
        "text/javascript; charset=utf-8",
    )
    assert "immutable" in reply.get("cache-control")
    assert (await browser.ask("GET", "/assets/guard.0123456789.js")).status == 404


@pytest.mark.anyio
async def test_none_is_served_where_it_is_off(browser_of) -> None:  # type: ignore[no-untyped-def]
    browser = browser_of(Policy(guard=Guard.OFF))
    assert (await browser.ask("GET", f"/assets/{guard_asset(POLICY).file}")).status == 404
