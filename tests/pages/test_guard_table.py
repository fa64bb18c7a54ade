"""What the guard knows: as the catalogue does, as far as there is room for it."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog import parse_url
from cookiegate.pages.guard_table import Table, common, guard_table, hash_of, packed, rules_of
from cookiegate.policy import Policy

COMMON = guard_table(Policy())
CATALOGUE = guard_table(Policy.from_dict({"guard": "catalogue"}))


def found(table: Table, url: str) -> str | None:
    """Look an address up as guard.js does."""
    parts = parse_url(url)
    assert parts is not None
    query = f"?{parts.query}" if parts.query else ""
    text = ("" if parts.host == "site.example" else parts.host) + parts.path + query
    for group, source in table.rules:
        if re.search(source.replace(".", r"\.").replace("[^]", r"[\s\S]"), text):
            return group
    rest = parts.host
    while "." in rest:
        for group, hashes in table.hosts.items():
            if hash_of(rest, table.bits) in hashes:
                return ":" + group
        rest = rest.partition(".")[2]
    return None


@pytest.mark.parametrize("table", [COMMON, CATALOGUE])
@pytest.mark.parametrize(
    ("url", "group"),
    [
        ("https://www.google-analytics.com/g/collect", ":analytics:1"),
        ("https://www.googletagmanager.com/gtag/js?id=G-1", ":analytics:1"),
        ("https://www.googletagmanager.com/gtag/js?l=x&id=AW-1", ":marketing:1"),
        ("https://www.googletagmanager.com/gtm.js?id=GTM-1", ":marketing:"),
        ("https://www.facebook.com/tr?id=1", ":marketing:1"),
        ("https://www.facebook.com/tr/", ":marketing:1"),
        ("https://www.facebook.com/track", None),
        ("https://www.facebook.com/some/page", None),
        ("https://www.google.co.uk/pagead/1p", ":marketing:1"),
        ("https://www.google.com/search", None),
        ("https://connect.facebook.net/en_US/fbevents.js", ":marketing:1"),
        ("https://a248.e.akamai.net/chartbeat.com/js/x.js", ":analytics:1"),
        ("https://static.hotjar.com/c/hotjar-1.js", ":analytics:"),
        ("https://nothotjar.com/", None),
        ("https://site.example/tr", None),
        ("https://own.site.example/gtag/js", None),
        ("https://cdnjs.cloudflare.com/ajax/libs/jquery.js", None),
        ("https://doubleclick.net.evil.example/", None),
    ],
)
def test_an_address(table: Table, url: str, group: str | None) -> None:
    assert found(table, url) == group


def test_services_of_the_policy_are_known_whole_and_by_name() -> None:
    policy = Policy.from_dict(
        {
            "services": [
                {"use": "microsoft-clarity", "purpose": "marketing"},
                {"use": "google-fonts", "purpose": "necessary"},
                {
                    "name": "Ours",
                    "purpose": "analytics",
                    "hosts": ["stats.site.example"],
                    "paths": ["/stats/*", "cdn.example.net/a/*/b#.js"],
                    "storage": ["k(1)"],
                    "cookies": [{"name": "own_*"}],
                },
            ]
        }
    )
    table = guard_table(policy)
    assert found(table, "https://www.clarity.ms/tag/x") == "microsoft-clarity:marketing:1"
    assert found(table, "https://fonts.googleapis.com/css") == "google-fonts:necessary:"
    assert found(table, "https://a.stats.site.example/") == "ours:analytics:"
    assert found(table, "https://site.example/stats/x") == "ours:analytics:"
    assert found(table, "https://site.example/statistics") is None
    assert found(table, "https://cdn.example.net/a/x/y/b12.js") == "ours:analytics:"
    assert found(table, "https://cdn.example.net/a/b.js") is None
    (names,) = [source for group, source in table.names if group == "ours:analytics:"]
    assert re.fullmatch(names.replace("[^]", "."), "k(1)")
    assert re.fullmatch(names.replace("[^]", "."), "own_7")


def test_the_rules_of_one_service() -> None:
    service = Policy().index.get("youtube")
    assert service is not None
    assert {group for group, _ in rules_of(service)} == {"youtube:marketing:"}


def test_the_most_common_are_of_the_catalogue() -> None:
    index = Policy().index
    assert len(common()) == len(set(common())) == 300
    assert [id_ for id_ in common() if index.get(id_) is None] == []


def test_how_often_a_stranger_is_taken_for_a_tracker() -> None:
    assert COMMON.chance < 1 / 10_000
    assert CATALOGUE.chance < 1 / 3000


def test_the_catalogues_table_knows_every_service() -> None:
    policy = Policy.from_dict({"guard": "catalogue"})
    missing = [
        service.id
        for service in policy.index.services
        if service.purpose != "necessary"
        and service.hosts
        and not any(found(CATALOGUE, f"https://{host}/") for host in service.hosts)
    ]
    assert missing == []


@given(st.sets(st.integers(0, 2**20 - 1), min_size=1, max_size=60))
def test_packing_loses_nothing(values: set[int]) -> None:
    fine, count, text = packed(values, 20).split(":")
    bits = "".join(f"{byte:08b}"[::-1] for byte in b64decode(text))
    at = value = 0
    out = []
    for _ in range(int(count)):
        while bits[at] == "1":
            value += 1 << int(fine)
            at += 1
        at += 1
        value += int(bits[at : at + int(fine)][::-1] or "0", 2)
        at += int(fine)
        out.append(value)
    assert out == sorted(values)
