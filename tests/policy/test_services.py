"""``[[services]]``: from the catalogue by ``use``, and the site's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cookiegate.catalog import Url
from cookiegate.catalog.model import CookieRule, Holds, Lifetime, Service, Unit
from cookiegate.exceptions import PolicyError
from cookiegate.policy.load import from_dict

from .conftest import COUNTER

if TYPE_CHECKING:
    from cookiegate.catalog.index import Index
    from cookiegate.policy import Policy


def policy(index: Index, *services: dict[str, Any], **rest: object) -> Policy:
    return from_dict({"services": list(services), **rest}, "shop.toml", index=index)


def test_use_takes_the_service_as_it_is(index: Index) -> None:
    found = policy(index, {"use": "counter"})
    assert found.declared == (COUNTER,)
    assert found.index is index
    assert found.named_necessary == frozenset()


def test_use_with_every_field_overridden(index: Index) -> None:
    found = policy(
        index,
        {
            "use": "counter",
            "name": "Our counter",
            "vendor": "Linden & Salt",
            "country": "DE",
            "transfers": [],
            "privacy_policy": "https://linden-salt.example/privacy",
            "purpose": "necessary",
            "hosts": ["stats.linden-salt.example", "counter.example"],
            "paths": ["/stats/hit*"],
            "cookies": [{"name": "_cnt", "lifetime": "30 days", "holds": "session"}, {"name": "_own"}],
            "inline": ["ourCounter ("],
            "storage": ["cnt"],
            "script": False,
            "beacon": False,
            "embed": True,
        },
    )
    assert found.declared == (
        Service(
            id="counter",
            number=1,
            name="Our counter",
            vendor="Linden & Salt",
            country="DE",
            privacy_policy="https://linden-salt.example/privacy",
            purpose="necessary",
            hosts=("stats.linden-salt.example", "counter.example"),
            paths=("/stats/hit*", "/counter.js"),
            cookies=(
                CookieRule(name="_cnt", lifetime=Lifetime(30, Unit.DAY), holds=Holds.SESSION),
                CookieRule(name="_own"),
            ),
            inline=("ourCounter (", "counter ("),
            storage=("cnt",),
            embed=True,
        ),
    )
    assert found.named_necessary == {"counter"}
    assert found.index.get("counter") == found.declared[0]


def test_naming_an_own_host_does_not_free_the_vendors_hosts(index: Index) -> None:
    found = policy(index, {"use": "counter", "hosts": ["stats.linden-salt.example"]})
    for host in ("stats.linden-salt.example", "www.counter.example"):
        match = found.index.match_url(Url("https", host, "/x.js"))
        assert match is not None
        assert match.service.id == "counter"
    match = found.index.match_cookie("_cnt")
    assert match is not None
    assert match.service.id == "counter"


def test_a_service_of_the_sites_own(index: Index) -> None:
    found = policy(
        index,
        {
            "id": "chat",
            "name": "Our chat",
            "vendor": "Chat Ltd",
            "country": "MT",
            "transfers": ["US", "IN"],
            "privacy_policy": "https://chat.example.net/privacy",
            "purpose": "preferences",
            "hosts": ["chat.example.net"],
            "paths": ["cdn.example/chat", "/chat"],
            "cookies": [
                {"name": "chat", "lifetime": "13 months", "holds": "settings"},
                {"name": "chat_*", "lifetime": "session"},
            ],
            "inline": ["startChat ("],
            "storage": ["chat-open"],
            "script": True,
        },
    )
    (chat,) = found.declared
    assert (chat.number, chat.id, chat.vendor, chat.transfers) == (0, "chat", "Chat Ltd", ("US", "IN"))
    assert chat.cookies[0].lifetime == Lifetime(13, Unit.MONTH)
    assert chat.cookies[1].lifetime is None
    match = found.index.match_url(Url("https", "chat.example.net", "/"))
    assert match is not None
    assert match.service is chat
    assert [service.id for service in found.index.services] == ["counter", "big-adverts", "chat"]


@pytest.mark.parametrize(
    ("site", "fields", "vendor"),
    [
        ({"name": "Linden", "controller": "Linden GmbH"}, {}, "Linden GmbH"),
        ({"name": "Linden"}, {"paths": ["/basket"]}, "Linden"),
        ({}, {}, "Grüner Korb 2"),
        ({"name": "Linden"}, {"hosts": ["korb.example"]}, "Grüner Korb 2"),
        ({"name": "Linden"}, {"paths": ["cdn.example/korb"]}, "Grüner Korb 2"),
    ],
)
def test_id_and_vendor_of_a_short_block(
    index: Index, site: dict[str, str], fields: dict[str, Any], vendor: str
) -> None:
    (own,) = policy(index, {"name": "Grüner Korb 2", "purpose": "necessary", **fields}, site=site).declared
    assert (own.id, own.vendor) == ("gruner-korb-2", vendor)


def test_a_purpose_of_the_sites_own(index: Index) -> None:
    purposes = {"research": {"title": "Research", "description": "Asks."}}
    (own,) = policy(index, {"name": "Panel", "purpose": "research"}, purposes=purposes).declared
    assert own.purpose == "research"


def test_an_own_cookie_is_the_sites_word(index: Index) -> None:
    found = policy(index, {"name": "Basket", "purpose": "necessary", "cookies": [{"name": "_adv"}]})
    match = found.index.match_cookie("_adv")
    assert match is not None
    assert match.service.id == "basket"


OWN = {"name": "Own", "purpose": "marketing"}


@pytest.mark.parametrize(
    ("block", "key", "value", "allowed"),
    [
        ({"use": "countr"}, "use", "countr", "did you mean counter?"),
        ({"use": "xyzzy"}, "use", "xyzzy", "must be the id of a service in the catalogue"),
        ({"use": 1}, "use", 1, "must be a text"),
        ({"use": "counter", "id": "x"}, "id", "x", "must not stand beside use: the id is 'counter'"),
        ({"use": "counter", "number": 5}, "number", 5, "unknown key"),
        (
            {"use": "counter", "purpose": "stats"},
            "purpose",
            "stats",
            "necessary, preferences, analytics, mark",
        ),
        ({"use": "counter", "vendor": ""}, "vendor", "", "must not be empty"),
        ({"use": "counter", "beacon": 1}, "beacon", 1, "true or false"),
        ({"use": "counter", "country": "de"}, "country", "de", "two capital letters"),
        ({**OWN, "nme": "x"}, "nme", "x", "did you mean name?"),
        ({"purpose": "marketing"}, "name", "", "must be given"),
        ({"name": "", "purpose": "marketing"}, "name", "", "must be given"),
        ({"name": "Own"}, "purpose", "", "must be a purpose that is defined: necessary, preferences"),
        ({**OWN, "purpose": "stats"}, "purpose", "stats", "analytics, marketing"),
        ({**OWN, "purpose": []}, "purpose", [], "must be a text"),
        ({**OWN, "name": "سلة"}, "id", "", "must be given where the name has no Latin letters"),
        ({**OWN, "id": "Bad Id"}, "id", "Bad Id", "lower-case letters and digits"),
        ({**OWN, "id": "counter"}, "id", "counter", 'is in the catalogue: write use = "counter"'),
        ({**OWN, "name": "Counter"}, "id", "counter", "is in the catalogue"),
        ({**OWN, "vendor": ""}, "vendor", "", "must not be empty"),
        ({**OWN, "vendor": 7}, "vendor", 7, "must be a text"),
        ({**OWN, "country": "Germany"}, "country", "Germany", "two capital letters"),
        ({**OWN, "transfers": ["US", "u"]}, "transfers[1]", "u", "two capital letters each"),
        ({**OWN, "privacy_policy": "javascript:1"}, "privacy_policy", "javascript:1", "https://"),
        ({**OWN, "hosts": "own.example"}, "hosts", "own.example", "a list of texts"),
        ({**OWN, "hosts": ["Own.example"]}, "hosts[0]", "Own.example", "a host in lower case"),
        ({**OWN, "hosts": ["own.example", 3]}, "hosts[1]", 3, "a text"),
        (
            {**OWN, "hosts": ["a.counter.example"]},
            "hosts[0]",
            None,
            'Counter in the catalogue: write use = "c',
        ),
        ({**OWN, "paths": ["shared.example/adverts/x*"]}, "paths[0]", None, "belongs to Big Adverts"),
        ({**OWN, "paths": ["/x", "/counter.js"]}, "paths[1]", "/counter.js", "belongs to Counter"),
        ({**OWN, "paths": ["own.example"]}, "paths[0]", "own.example", "'host/path'"),
        ({**OWN, "cookies": {"name": "a"}}, "cookies", {"name": "a"}, "must be a list"),
        ({**OWN, "cookies": ["a"]}, "cookies[0]", "a", "must be a table"),
        ({**OWN, "cookies": [{"nme": "a"}]}, "cookies[0].nme", "a", "did you mean name?"),
        ({**OWN, "cookies": [{}]}, "cookies[0].name", "", "must be given"),
        ({**OWN, "cookies": [{"name": "a b"}]}, "cookies[0].name", "a b", "a cookie's name"),
        (
            {**OWN, "cookies": [{"name": "a", "holds": "x"}]},
            "cookies[0].holds",
            "x",
            "one of visitor, session",
        ),
        ({**OWN, "cookies": [{"name": "a", "lifetime": "2y"}]}, "cookies[0].lifetime", "2y", "'13 months'"),
        ({**OWN, "cookies": [{"name": "a", "lifetime": 2}]}, "cookies[0].lifetime", 2, "'13 months'"),
        ({**OWN, "storage": [""]}, "storage[0]", "", "not empty"),
        ({**OWN, "embed": "yes"}, "embed", "yes", "true or false"),
    ],
)
def test_errors_name_the_field(
    index: Index, block: dict[str, Any], key: str, value: object, allowed: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        policy(index, {"use": "big-adverts"}, block)
    error = caught.value
    assert error.key == f"services[1].{key}"
    assert value is None or error.value == value
    assert allowed in error.allowed
    assert str(error) == f"shop.toml: {error.key} = {error.value!r}: {error.allowed}"
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("blocks", "key"),
    [
        ([{"use": "counter"}, {"use": "counter"}], "services[1].use"),
        ([OWN, {**OWN, "hosts": ["b.example"]}], "services[1].id"),
    ],
)
def test_one_block_per_service(index: Index, blocks: list[dict[str, Any]], key: str) -> None:
    with pytest.raises(PolicyError, match="declared twice") as caught:
        policy(index, *blocks)
    assert caught.value.key == key
