from __future__ import annotations

from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog import CookieRule, Index, Match, Service, Url, parse_url
from cookiegate.exceptions import CatalogError


def service(service_id: str, **fields: object) -> Service:
    values: dict[str, object] = {"number": 1, "name": service_id, "vendor": "V", "purpose": "marketing"}
    return Service(id=service_id, **{**values, **fields})  # type: ignore[arg-type]


SHOP = service("shop", hosts=("tags.example", "eu.tags.example"), cookies=(CookieRule(name="shop"),))
EUROPE = service("europe", hosts=("eu.tags.example",))
SOCIAL = service("social", paths=("social.example/tr", "social.example/signals*"))
WIDGETS = service("widgets", hosts=("social.example",), paths=("net.example/*/sdk.js", "net.example/all/*"))
ADS = service("ads", paths=("net.example/js?id=AW-", "net.example/pagead/deep/", "net.example/js/v2"))
STATS = service(
    "stats",
    paths=("net.example/js", "net.example/pagead", "/own/*/stats.js", "/collect", "/t/v*", "/n#/x*y?k=#"),
)
INDEX = Index([SHOP, EUROPE, SOCIAL, WIDGETS, ADS, STATS])

URLS = [
    ("https://tags.example/", "shop", "tags.example"),
    ("https://a.b.tags.example/x", "shop", "tags.example"),
    ("https://eu.tags.example/x", "shop", "eu.tags.example"),  # two claim it: the first given
    ("https://nottags.example/x", None, ""),
    ("https://tags.example.net/x", None, ""),
    ("https://example/x", None, ""),
    ("https://social.example/tr", "social", "social.example/tr"),
    ("https://www.social.example/tr/?id=1", "social", "social.example/tr"),
    ("https://www.social.example//tr?id=1", "social", "social.example/tr"),
    ("https://www.social.example/%74r?id=1", "social", "social.example/tr"),
    ("https://www.social.example/tree", "widgets", "social.example"),
    ("https://www.social.example/signals-plugin/x", "social", "social.example/signals*"),
    ("https://net.example/sdk.js", "widgets", "net.example/*/sdk.js"),
    ("https://net.example/en_US/sdk.js", "widgets", "net.example/*/sdk.js"),
    ("https://net.example/en/us/sdk.js/x", "widgets", "net.example/*/sdk.js"),
    ("https://net.example/en_US/sdk.json", None, ""),
    ("https://net.example/all", "widgets", "net.example/all/*"),
    ("https://net.example/all/x", "widgets", "net.example/all/*"),
    ("https://net.example/allx", None, ""),
    ("https://net.example/js?id=G-1", "stats", "net.example/js"),
    ("https://net.example/js?id=AW-1", "ads", "net.example/js?id=AW-"),
    ("https://net.example/js?l=x&id=AW-1", "ads", "net.example/js?id=AW-"),
    ("https://net.example/js?xid=AW-1", "stats", "net.example/js"),
    ("https://net.example/js/v2", "ads", "net.example/js/v2"),
    ("https://net.example/pagead/deep/x", "ads", "net.example/pagead/deep/"),
    ("https://net.example/pagead/deeper", "stats", "net.example/pagead"),
    ("https://net.example/profile", None, ""),
    ("https://anybody.example/own/stats.js", None, ""),
    ("https://anybody.example/collect", None, ""),
]


@pytest.mark.parametrize(("text", "expected", "rule"), URLS)
def test_urls(text: str, expected: str | None, rule: str) -> None:
    url = parse_url(text)
    assert url is not None
    match = INDEX.match_url(url)
    if expected is None:
        assert match is None
    else:
        assert match == Match(INDEX.get(expected), rule)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/own/stats.js", "/own/*/stats.js"),
        ("/own/b/stats.js", "/own/*/stats.js"),
        ("/own/mystats.js", None),
        ("/n42/x-y", "/n#/x*y?k=#"),
        ("/n/x-y", None),
        ("/n42/x-/y", None),
        ("/collect", "/collect"),
        ("/collect/x", "/collect"),
        ("/collection", None),
        ("/t/v1", "/t/v*"),
        ("/%74/v1", "/t/v*"),
        ("/", None),
    ],
)
def test_paths_on_the_site_itself(path: str, expected: str | None) -> None:
    match = INDEX.match_site_path(path, "k=1")
    assert (match.rule if match else None) == expected


def test_a_sites_own_service_wins_an_equal_rule() -> None:
    own = service("own", number=0, hosts=("tags.example",), cookies=(CookieRule(name="shop"),))
    index = Index([SHOP, own])
    assert index.services == (SHOP, own)
    assert index.match_url(Url("https", "tags.example", "/")) == Match(own, "tags.example")
    assert index.match_cookie("shop") == Match(own, "shop")


def test_one_id_is_one_service() -> None:
    with pytest.raises(CatalogError, match="'shop'"):
        Index([SHOP, SHOP])
    assert INDEX.get("shop") is SHOP
    assert INDEX.get("nobody") is None


COOKIES = Index(
    [
        service(
            "a", cookies=(CookieRule(name="_ga"), CookieRule(name="_ga_*"), CookieRule(name="amp_*_opt"))
        ),
        service("b", cookies=(CookieRule(name="_ga_special*"), CookieRule(name="*_consent_id"))),
        service("c", cookies=(CookieRule(name="_ga"), CookieRule(name="amp_*"))),
    ],
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_ga", ("a", "_ga")),
        ("_ga_1X", ("a", "_ga_*")),
        ("_ga_special_1", ("b", "_ga_special*")),
        ("_gallery", None),
        ("_GA", None),
        ("amp_1", ("c", "amp_*")),
        ("amp_1_opt", ("a", "amp_*_opt")),
        ("site_consent_id", ("b", "*_consent_id")),
        ("site.consent_id", None),
        ("_ga_x_consent_id", ("b", "*_consent_id")),
        ("_ga_special_x_consent_id", ("b", "_ga_special*")),
        ("am", None),
        ("", None),
    ],
)
def test_cookies(name: str, expected: tuple[str, str] | None) -> None:
    match = COOKIES.match_cookie(name)
    assert (match and (match.service.id, match.rule)) == expected


@given(st.text())
def test_any_text_may_be_a_cookie_name_a_path_or_code(text: str) -> None:
    COOKIES.match_cookie(text)
    INDEX.match_site_path(text)
    INDEX.match_inline(text)


def test_code_is_remembered_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cookiegate.catalog.index._REMEMBERED_CODES", 2)
    index = Index([service("chat", inline=("chatty (",))])
    first = index.match_inline("chatty(1)")
    assert index.match_inline("chatty(1)") is first
    index.match_inline("other(1)")
    assert index.match_inline("chatty(1)") is first
    index.match_inline("third(1)")  # "other" was used longest ago
    assert index.match_inline("chatty(1)") is first
    index.match_inline("fourth(1)")
    index.match_inline("fifth(1)")
    assert index.match_inline("chatty(1)") is not first
    assert index.match_inline("chatty(1)") == first
    assert index.match_inline("\ud800chatty(1)") == first


def test_threads_share_an_index() -> None:
    index = Index([service("chat", inline=("chatty (",))])
    found: list[int] = []

    def work() -> None:
        found.extend(len(index.match_inline(f"chatty({number % 7})")) for number in range(300))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 1200
