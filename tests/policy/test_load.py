"""The policy file: what it may say, and what an error says."""

from __future__ import annotations

import copy
import datetime
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.exceptions import PolicyError
from cookiegate.policy import (
    STANDARD,
    Cache,
    Collection,
    Consent,
    Csp,
    Policy,
    Purpose,
    Site,
    UndeclaredCookies,
    Unknown,
)
from cookiegate.policy.load import _csp, from_dict, load
from cookiegate.policy.table import Table

from .conftest import INDEX

if TYPE_CHECKING:
    from pathlib import Path

    from cookiegate.catalog.index import Index

FULL: dict[str, Any] = {
    "collection": "suspended",
    "unknown": "hold",
    "undeclared_cookies": "deny",
    "cache": "bucket",
    "csp": "report",
    "site": {
        "name": "Linden & Salt",
        "controller": "Linden & Salt GmbH",
        "contact": "privacy@linden-salt.example",
        "privacy_policy": "/privacy-policy",
        "languages": ["de", "ar"],
        "trusted_proxies": ["127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8"],
        "json_html": ["/api/cards", "/api/v1/*"],
    },
    "consent": {
        "max_age_days": 90,
        "prefix": "/shop/privacy",
        "domain": "shop.example",
        "hide_cookies": False,
    },
    "purposes": {
        "analytics": {"title": "Statistics"},
        "research": {"title": "Research", "description": "Asks a few visitors what they think."},
    },
    "services": [
        {"use": "counter", "purpose": "research"},
        {"name": "Our chat", "purpose": "preferences", "hosts": ["chat.example.net"]},
    ],
}


def refused(index: Index, raw: object) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        from_dict(raw, "shop.toml", index=index)  # type: ignore[arg-type]
    assert str(caught.value).startswith("shop.toml: ")
    assert "\n" not in str(caught.value)
    return caught.value


def test_everything_that_can_be_said(index: Index) -> None:
    policy = from_dict(FULL, index=index)
    assert policy.collection is Collection.SUSPENDED
    assert policy.unknown is Unknown.HOLD
    assert policy.undeclared_cookies is UndeclaredCookies.DENY
    assert policy.cache is Cache.BUCKET
    assert policy.csp is Csp.REPORT
    assert policy.site == Site(
        name="Linden & Salt",
        controller="Linden & Salt GmbH",
        contact="privacy@linden-salt.example",
        privacy_policy="/privacy-policy",
        languages=("de", "ar"),
        trusted_proxies=("127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8"),
        json_html=("/api/cards", "/api/v1/*"),
    )
    assert policy.consent == Consent(
        max_age_days=90, prefix="/shop/privacy", domain="shop.example", hide_cookies=False
    )
    assert [purpose.id for purpose in policy.purposes] == [
        "necessary",
        "preferences",
        "analytics",
        "marketing",
        "research",
    ]
    assert policy.purpose("analytics") == Purpose(id="analytics", title="Statistics")
    assert policy.purpose("research") == Purpose(
        id="research", title="Research", description="Asks a few visitors what they think."
    )
    assert [(service.id, service.purpose) for service in policy.declared] == [
        ("counter", "research"),
        ("our-chat", "preferences"),
    ]


def test_nothing_said_is_the_default(index: Index) -> None:
    assert from_dict({}, index=index) == Policy(index=index)
    assert from_dict(MappingProxyType({}), index=index).purposes == STANDARD


def test_the_classmethods_read_the_shipped_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "cookiegate.toml"
    file.write_text('unknown = "hold"\n')
    assert Policy.load(file) == Policy.load(str(file)) == Policy.from_dict({"unknown": "hold"})
    assert Policy.from_dict({}) == Policy()
    assert Policy.from_dict({}).index is Policy().index


@pytest.mark.parametrize(
    ("raw", "key", "value", "allowed"),
    [
        ([], "policy", [], "must be a table"),
        ({"colection": "on"}, "colection", "on", "unknown key; did you mean collection? the keys here are"),
        ({"xyzzy": 1}, "xyzzy", 1, "unknown key; the keys here are collection, unknown, undeclared_cookies"),
        ({"a.b\n": 1}, '"a.b\\n"', 1, "unknown key"),
        ({3: 1}, "3", 1, "unknown key"),
        ({"collection": "off"}, "collection", "off", 'must be one of "on", "suspended"'),
        ({"collection": "On"}, "collection", "On", 'must be one of "on", "suspended"'),
        ({"collection": True}, "collection", True, 'must be one of "on", "suspended"'),
        ({"csp": "on"}, "csp", "on", 'must be one of "off", "report", "enforce"'),
        (
            {"csp": "enforce"},
            "csp",
            "enforce",
            'needs unknown = "hold": such a policy admits only what is known',
        ),
        ({"csp": "enforce", "unknown": "allow"}, "csp", "enforce", 'needs unknown = "hold"'),
        ({"unknown": "deny"}, "unknown", "deny", 'must be one of "allow", "report", "hold"'),
        ({"undeclared_cookies": "hold"}, "undeclared_cookies", "hold", '"allow", "report", "deny"'),
        ({"cache": "public"}, "cache", "public", '"private", "shared", "bucket"'),
        ({"site": "Linden"}, "site", "Linden", "must be a table"),
        ({"site": {"nam": "x"}}, "site.nam", "x", "did you mean name?"),
        ({"site": {"name": 5}}, "site.name", 5, "must be a text"),
        ({"site": {"name": "a\nb"}}, "site.name", "a\nb", "one line of text"),
        ({"site": {"name": " a"}}, "site.name", " a", "no white space around it"),
        ({"site": {"privacy_policy": "javascript:alert(1)"}}, "site.privacy_policy", None, "http(s) address"),
        ({"site": {"privacy_policy": "//x.example/"}}, "site.privacy_policy", None, "begins with /"),
        ({"site": {"privacy_policy": "/\\x.example/"}}, "site.privacy_policy", None, "begins with /"),
        ({"site": {"privacy_policy": "privacy"}}, "site.privacy_policy", None, "begins with /"),
        ({"site": {"languages": "en"}}, "site.languages", "en", "must be a list"),
        ({"site": {"languages": ["fr"]}}, "site.languages[0]", "fr", 'must be one of "en", "de", "ar"'),
        ({"site": {"languages": ["de", "de"]}}, "site.languages[1]", "de", "stands there twice"),
        ({"site": {"languages": [1]}}, "site.languages[0]", 1, "must be a text"),
        ({"site": {"trusted_proxies": ["proxy"]}}, "site.trusted_proxies[0]", "proxy", "an IP address or"),
        ({"site": {"trusted_proxies": ["10.0.0.1/8"]}}, "site.trusted_proxies[0]", None, "has host bits set"),
        ({"site": {"trusted_proxies": [2130706433]}}, "site.trusted_proxies[0]", None, "must be a text"),
        ({"site": {"json_html": ["/a", "api"]}}, "site.json_html[1]", "api", "begins with /"),
        ({"site": {"json_html": ["/*/a"]}}, "site.json_html[0]", "/*/a", "only at its end"),
        ({"site": {"json_html": ["/a?b"]}}, "site.json_html[0]", "/a?b", "without ?"),
        ({"site": {"json_html": [""]}}, "site.json_html[0]", "", "begins with /"),
        ({"consent": {"domain": True}}, "consent.domain", True, "must be a text"),
        (
            {"consent": {"domain": ".shop.example"}},
            "consent.domain",
            None,
            'no dot before it: "shop.example"',
        ),
        ({"consent": {"domain": "https://shop.example"}}, "consent.domain", None, "without scheme, port"),
        ({"consent": {"domain": "shop.example:443"}}, "consent.domain", None, "without scheme, port or path"),
        ({"consent": {"domain": "shop.example/"}}, "consent.domain", None, "without scheme, port or path"),
        ({"consent": {"domain": "Shop.Example"}}, "consent.domain", None, "in lower case"),
        ({"consent": {"domain": "shop.example."}}, "consent.domain", None, "such as example.com"),
        ({"consent": {"domain": "*.shop.example"}}, "consent.domain", None, "such as example.com"),
        ({"consent": {"domain": "shop..example"}}, "consent.domain", None, "such as example.com"),
        ({"consent": {"domain": "shöp.example"}}, "consent.domain", None, "such as example.com"),
        ({"consent": {"domain": "localhost"}}, "consent.domain", "localhost", "such as example.com"),
        ({"consent": {"domain": "com"}}, "consent.domain", "com", "such as example.com"),
        ({"consent": {"domain": "a." * 127 + "example"}}, "consent.domain", None, "such as example.com"),
        ({"consent": {"domain": "192.168.10.10"}}, "consent.domain", None, "an IP address has none"),
        ({"consent": {"domain": "co.uk"}}, "consent.domain", "co.uk", "such as example.co.uk"),
        ({"consent": {"domain": "com.au"}}, "consent.domain", "com.au", "a site's own"),
        ({"consent": {"max_age_days": True}}, "consent.max_age_days", True, "a whole number from 1 to 400"),
        ({"consent": {"max_age_days": 0}}, "consent.max_age_days", 0, "a whole number from 1 to 400"),
        ({"consent": {"max_age_days": 401}}, "consent.max_age_days", 401, "from 1 to 400"),
        ({"consent": {"max_age_days": 90.0}}, "consent.max_age_days", 90.0, "a whole number"),
        ({"consent": {"max_age_days": "90"}}, "consent.max_age_days", "90", "a whole number"),
        ({"consent": {"hide_cookies": "no"}}, "consent.hide_cookies", "no", "must be true or false"),
        ({"consent": {"hide_cookies": 0}}, "consent.hide_cookies", 0, "must be true or false"),
        ({"consent": {"prefix": "privacy"}}, "consent.prefix", "privacy", "must begin with /"),
        ({"consent": {"prefix": "/privacy/"}}, "consent.prefix", "/privacy/", "not end with one"),
        ({"consent": {"prefix": "/"}}, "consent.prefix", "/", "must begin with /"),
        ({"consent": {"prefix": ""}}, "consent.prefix", "", "must begin with /"),
        ({"consent": {"prefix": "//x"}}, "consent.prefix", "//x", "letters, digits"),
        ({"consent": {"prefix": "/a/../b"}}, "consent.prefix", "/a/../b", "letters, digits"),
        ({"consent": {"prefix": "/a?b"}}, "consent.prefix", "/a?b", "letters, digits"),
        ({"purposes": []}, "purposes", [], "must be a table"),
        ({"purposes": {3: {}}}, "purposes.3", {}, "unknown key"),
        ({"purposes": {"analytics": "x"}}, "purposes.analytics", "x", "must be a table"),
        ({"purposes": {"analytics": {"titel": "x"}}}, "purposes.analytics.titel", "x", "did you mean title?"),
        ({"purposes": {"analytics": {"title": ""}}}, "purposes.analytics.title", "", "must not be empty"),
        ({"purposes": {"research": {"title": "R"}}}, "purposes.research.description", "", "must be given"),
        ({"purposes": {"research": {"description": "R"}}}, "purposes.research.title", "", "must be given"),
        ({"purposes": {"Research": {}}}, "purposes.Research", "Research", "lower-case letters"),
        ({"purposes": {"beacons": {}}}, "purposes.beacons", "beacons", "none of action, beacons"),
        ({"purposes": {"service": {}}}, "purposes.service", "service", "none of action"),
        ({"purposes": {"a" * 25: {}}}, "purposes." + "a" * 25, None, "at most 24"),
        ({"services": {}}, "services", {}, "must be a list"),
        ({"services": ["x"]}, "services[0]", "x", "must be a table"),
    ],
)
def test_errors_name_key_value_and_what_is_allowed(
    index: Index, raw: object, key: str, value: object, allowed: str
) -> None:
    error = refused(index, raw)
    assert (error.source, error.key) == ("shop.toml", key)
    assert value is None or error.value == value
    assert allowed in error.allowed


def test_own_purposes_have_their_number(index: Index) -> None:
    def policy(n: int) -> dict[str, object]:
        return {"purposes": {f"own-{i}": {"title": "T", "description": "D"} for i in range(n)}}

    assert len(from_dict(policy(8), index=index).purposes) == 12
    assert refused(index, policy(9)).key == "purposes.own-8"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'unknown = "hold"\ncollection = on\n', "line 2 = 'collection = on': is not TOML: Invalid value"),
        (b'unknown = "hold', "line 1 = 'unknown = \"hold': is not TOML: "),
        (b'unknown = "hold"\nunknown = "allow"\n', "line 2 = "),
        (b"[site]\n[site]\n", "line 2 = '[site]': is not TOML: "),
        (b"a = " + b"[" * 5000, "is not TOML: "),
        (b"# \xff\n", "cannot be read as a text in UTF-8"),
        (b"[site]\ntrusted_proxies = [1]\n", "site.trusted_proxies[0] = 1: must be a text"),
        (b"collection = 2026-11-22\n", "collection = datetime.date(2026, 11, 22): must be one of"),
    ],
)
def test_a_bad_file_is_one_line_with_its_name(
    tmp_path: Path, index: Index, text: bytes, message: str
) -> None:
    file = tmp_path / "shop.toml"
    file.write_bytes(text)
    with pytest.raises(PolicyError, match=r"\A[^\n]+\Z") as caught:
        load(file, index=index)
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path, index: Index) -> None:
    with pytest.raises(PolicyError, match="No such file or directory") as caught:
        load(tmp_path / "none.toml", index=index)
    assert caught.value.key == "file"
    with pytest.raises(PolicyError, match="Is a directory"):
        load(tmp_path, index=index)
    with pytest.raises(PolicyError, match="null"):
        load("a\x00b", index=index)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.sampled_from(["counter", "marketing", "necessary", "_adv", "x.example", "/counter.js", "2 years"])
    | st.just(datetime.date(2026, 11, 22)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["name", "use", "id"]), inner, max_size=3)
    ),
    max_leaves=5,
)
WHOLE: dict[str, Any] = {
    **FULL,
    "services": [
        {"use": "counter", "hosts": ["stats.linden-salt.example"], "cookies": [{"name": "_cnt"}]},
        {
            "id": "own",
            "name": "Own",
            "vendor": "Own Ltd",
            "country": "DE",
            "transfers": ["US"],
            "privacy_policy": "https://own.example/",
            "purpose": "marketing",
            "hosts": ["own.example"],
            "paths": ["cdn.example/own"],
            "cookies": [{"name": "own", "lifetime": "13 months", "holds": "visitor"}],
            "inline": ["own ("],
            "storage": ["own"],
            "script": True,
            "beacon": False,
            "embed": False,
        },
    ],
}


def spots(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += spots(inner, (*path, key))
    if isinstance(value, list):
        for place, inner in enumerate(value):
            found += spots(inner, (*path, place))
    return found


def test_the_policy_to_be_mutated_is_valid(index: Index) -> None:
    assert [service.id for service in from_dict(WHOLE, index=index).declared] == ["counter", "own"]


@given(st.sampled_from(spots(WHOLE)), ANYTHING)
def test_a_mutated_policy_raises_nothing_but_policy_errors(
    path: tuple[str | int, ...], value: object
) -> None:
    raw = copy.deepcopy(WHOLE)
    spot: Any = raw
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = value
    message = "shop.toml: taken"
    try:
        from_dict(raw, "shop.toml", index=INDEX)
    except PolicyError as error:
        message = str(error)
    assert re.fullmatch(r"shop\.toml: .+", message)


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(list(FULL)), ANYTHING))
def test_any_mapping_raises_nothing_but_policy_errors(raw: dict[str, object]) -> None:
    try:
        policy = from_dict(raw, index=INDEX)
    except PolicyError:
        return
    assert set(raw) <= set(FULL)
    assert raw.get("unknown", "report") == policy.unknown


def test_filter_lists_lie_beside_the_policy(tmp_path: Path, index: Index) -> None:
    (tmp_path / "mine.txt").write_bytes(b"||pixel.example^\n\xff\xfe\n||other.example^\n")
    (tmp_path / "cookiegate.toml").write_text('[catalog]\nlists = ["mine.txt"]\n')
    policy = load(tmp_path / "cookiegate.toml", index=index)
    assert policy.filters is not None
    assert len(policy.filters) == 3
    assert policy != from_dict({}, index=index)
    (tmp_path / "mine.txt").write_text("||pixel.example^\n")
    assert load(tmp_path / "cookiegate.toml", index=index).fingerprint != policy.fingerprint


@pytest.mark.parametrize("name", ["gone.txt", ".", "a\0b"])
def test_a_filter_list_that_cannot_be_read(tmp_path: Path, index: Index, name: str) -> None:
    with pytest.raises(PolicyError) as caught:
        from_dict({"catalog": {"lists": [name]}}, index=index, folder=tmp_path)
    assert caught.value.key == "catalog.lists[0]"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cache", ["shared", "bucket"])
def test_a_page_for_everyone_cannot_have_a_visitor_s_policy(cache: str) -> None:
    raw = {"unknown": "hold", "cache": cache}
    with pytest.raises(PolicyError, match="csp = 'enforce': needs cache = \"private\""):
        _csp(Table({**raw, "csp": "enforce"}, "shop.toml"))
    assert _csp(Table({**raw, "csp": "report"}, "shop.toml")) is Csp.REPORT
    assert _csp(Table({**raw, "csp": "enforce", "cache": "private"}, "shop.toml")) is Csp.ENFORCE
