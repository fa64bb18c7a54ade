"""Cookies in responses: what passes, what goes, and how what is left in the browser is deleted."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog.index import Index
from cookiegate.catalog.model import CookieRule, Service
from cookiegate.consent.decide import Profile, Reason, granted_profile, profile_of
from cookiegate.gate.findings import Finding, Kind
from cookiegate.gate.set_cookie import MOST_BYTES, MOST_NAMES, cookie_name, deletions, filter_set_cookie
from cookiegate.policy.model import Policy, UndeclaredCookies

SERVICES = (
    Service(
        id="stats",
        name="Stats",
        vendor="Stats Inc",
        purpose="analytics",
        number=1,
        cookies=(CookieRule(name="_st"), CookieRule(name="_st_*"), CookieRule(name="__Host-st")),
    ),
    Service(
        id="ads",
        name="Ads",
        vendor="Ads Inc",
        purpose="marketing",
        number=2,
        cookies=(CookieRule(name="_ad"),),
    ),
    Service(id="shop", name="Shop", vendor="Us", purpose="necessary", cookies=(CookieRule(name="basket"),)),
)
POLICY = Policy(index=Index(SERVICES))
NEW = profile_of(POLICY, None)
REFUSED = granted_profile(POLICY, [])
STATS_ONLY = granted_profile(POLICY, ["analytics"])
NOW = 1_700_000_000.0
GONE = b"; Expires=Thu, 01 Jan 1970 00:00:00 GMT"


def passes(value: bytes, profile: Profile = REFUSED) -> bool:
    headers = [(b"set-cookie", value)]
    kept, _ = filter_set_cookie(headers, POLICY, profile, now=NOW)
    assert (kept is headers) == bool(kept)
    return bool(kept)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"_st=1; Path=/", b"_st"),
        (b" _st\t= 1", b"_st"),
        (b"_st=a=b", b"_st"),
        (b"_st=", b"_st"),
        (b"a b=1", b"a b"),
        (b"\xa0_st=1", b"\xa0_st"),
        (b"_st", b""),
        (b"_st; x=1", b""),
        (b"=_st=1", b"_st"),
        (b" = _st =1", b"_st"),
        (b"=_st", b""),
        (b"==_st=1", b""),
        (b"", b""),
        (b";_st=1", b""),
    ],
)
def test_cookie_name(value: bytes, name: bytes) -> None:
    assert cookie_name(value) == name


@pytest.mark.parametrize("profile", [NEW, REFUSED])
@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"_st=1; Path=/", False),
        (b"_st_42=1", False),
        (b"=_st=1", False),
        (b"_ST=1", True),
        (b"_ad=1; HttpOnly", False),
        (b"basket=1", True),
        (b"sessionid=1", True),
        (b"__Host-cg=anything; Secure", True),
        (b"__Secure-cg=anything; Secure; Domain=shop.example", True),
        (b"cg=anything", True),
        (b"nameless", True),
    ],
)
def test_who_has_not_agreed_gets_only_what_is_not_asked_for(
    value: bytes, kept: bool, profile: Profile
) -> None:
    assert passes(value, profile) is kept


def test_order_and_bytes_of_the_rest_stay() -> None:
    headers = [
        (b"Content-Type", b"text/html"),
        (b"Set-Cookie", b"basket = 7 ;Path=/"),
        (b"set-cookie", b"_st=1"),
        (b"SET-COOKIE", b"_ad=1"),
        (b"Set-Cookie", b"theme=dark"),
    ]
    kept, findings = filter_set_cookie(headers, POLICY, STATS_ONLY)
    assert kept == [headers[0], headers[1], headers[2], headers[4]]
    assert findings == [
        finding("shop", "necessary", "basket", True, Reason.NECESSARY),
        finding("stats", "analytics", "_st", True, Reason.GRANTED),
        finding("ads", "marketing", "_ad", False, Reason.PURPOSE_DENIED),
        finding(None, None, "theme", True, Reason.UNDECLARED),
    ]


def finding(service: str | None, purpose: str | None, name: str, allowed: bool, reason: Reason) -> Finding:
    return Finding(
        service=service,
        purpose=purpose,
        kind=Kind.COOKIE,
        url=name,
        offset=-1,
        allowed=allowed,
        reason=reason,
        rule=name if service else "",
    )


def test_the_same_object_where_nothing_goes() -> None:
    for headers in ([(b"content-type", b"application/json")], [[b"Set-Cookie", memoryview(b"basket=1")]], ()):
        assert filter_set_cookie(headers, POLICY, REFUSED)[0] is headers


@pytest.mark.parametrize(
    ("rule", "kept", "reported"),
    [
        (UndeclaredCookies.ALLOW, True, False),
        (UndeclaredCookies.REPORT, True, True),
        (UndeclaredCookies.DENY, False, True),
    ],
)
def test_undeclared_cookies(rule: UndeclaredCookies, kept: bool, reported: bool) -> None:
    policy = Policy(index=Index(SERVICES), undeclared_cookies=rule)
    profile = profile_of(policy, None)
    rest, findings = filter_set_cookie([(b"set-cookie", b"theme=dark")], policy, profile)
    assert (bool(rest), bool(findings)) == (kept, reported)
    assert filter_set_cookie([(b"set-cookie", b"_st=1")], policy, profile)[1]


@pytest.mark.parametrize(
    "attributes",
    [
        b"; Max-Age=0",
        b";max-age = -1 ; Path=/",
        b"; Max-Age=000",
        b"; Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
        b"; expires=Thu, 01 Jan 1970 00:00:00 GMT",
        b"; Expires=Thu, 01-Jan-70 00:00:00 GMT",
        b"; Expires=Thursday, 01-Jan-1970 00:00:01 GMT",
        b"; Expires=Thu Jan  1 0:0:0 1970",
        b"; Expires=1 jan 1999 1:2:3",
        b"; Expires=Tue, 14 Nov 2023 22:13:19 GMT",
        b"; Expires=Fri, 31 Dec 1999 23:59:59 GMT; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ],
)
def test_a_header_that_deletes_passes(attributes: bytes) -> None:
    assert passes(b"_st=" + attributes)
    assert filter_set_cookie([(b"set-cookie", b"_st=" + attributes)], POLICY, REFUSED, now=NOW)[1] == []


@pytest.mark.parametrize(
    "attributes",
    [
        b"",
        b"; Max-Age",
        b"; Max-Age=",
        b"; Max-Age=1",
        b"; Max-Age=0x",
        b"; Max-Age=+0",
        b"; Max-Age=0; Max-Age=100",
        b"; Max-Age=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        b"; Max-Age=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        b"; Expires",
        b"; Expires=0",
        b"; Expires=-1",
        b"; Expires=Tue, 14 Nov 2023 22:13:20 GMT",
        b"; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
        b"; Expires=Thu, 01 Jan 69 00:00:00 GMT",
        b"; Expires=Thu, 01 Jan 1970 24:00:00 GMT",
        b"; Expires=Thu, 01 Jan 1970 00:60:00 GMT",
        b"; Expires=Thu, 01 Jan 1970 23:00:60 GMT",
        b"; Expires=Thu, 01 Jan 1970",
        b"; Expires=Thu, 01 Jan 00:00:00 GMT",
        b"; Expires=Thu, Jan 1970 00:00:00 GMT",
        b"; Expires=Thu, 01 1970 00:00:00 GMT",
        b"; Expires=Thu, 32 Jan 1970 00:00:00 GMT",
        b"; Expires=Thu, 00 Jan 1970 00:00:00 GMT",
        b"; Expires=Thu, 01 Jan 1600 00:00:00 GMT",
        b"; Expires=Thu, 01 Jan 19700 00:00:00 GMT",
        b"; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
    ],
)
def test_a_header_that_may_store_something_does_not_pass(attributes: bytes) -> None:
    assert not passes(b"_st=1" + attributes)


def test_the_clock_is_asked_where_no_time_is_given() -> None:
    soon = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3600)).encode()
    headers = [(b"set-cookie", b"_st=1; Expires=" + soon), (b"set-cookie", b"_st=" + GONE)]
    assert filter_set_cookie(headers, POLICY, REFUSED)[0] == [headers[1]]


@pytest.mark.parametrize(
    ("host", "domains"),
    [
        ("shop.example", [b"shop.example"]),
        ("WWW.Shop.Example:8443", [b"www.shop.example", b"shop.example"]),
        ("shop.example.", [b"shop.example"]),
        (
            "a.b.c.d.e.f.shop.example",
            [
                b"c.d.e.f.shop.example",
                b"d.e.f.shop.example",
                b"e.f.shop.example",
                b"f.shop.example",
                b"shop.example",
            ],
        ),
        ("localhost:8000", []),
        ("127.0.0.1:8000", []),
        ("[::1]:8000", []),
        ("", []),
        ("shop.example; x", []),
        ("shop..example", []),
        ("shöp.example", []),
    ],
)
def test_a_cookie_is_deleted_where_it_may_have_been_set(host: str, domains: list[bytes]) -> None:
    plain = b"_st=; Path=/; Max-Age=0"
    assert deletions(POLICY, REFUSED, [b"_st=1"], host, secure=False) == [
        plain,
        *(plain + b"; Domain=" + domain for domain in domains),
    ]


def test_on_https_also_as_a_partitioned_cookie() -> None:
    assert deletions(POLICY, REFUSED, [b"_st=1"], "shop.example", secure=True) == [
        b"_st=; Path=/; Max-Age=0; Secure",
        b"_st=; Path=/; Max-Age=0; Domain=shop.example; Secure",
        b"_st=; Path=/; Max-Age=0; Secure; SameSite=None; Partitioned",
        b"_st=; Path=/; Max-Age=0; Domain=shop.example; Secure; SameSite=None; Partitioned",
    ]


def test_host_prefixed_cookies_have_no_domain_and_no_http() -> None:
    assert deletions(POLICY, REFUSED, [b"__Host-st=1"], "shop.example", secure=False) == []
    assert deletions(POLICY, REFUSED, [b"__Host-st=1"], "shop.example", secure=True) == [
        b"__Host-st=; Path=/; Max-Age=0; Secure",
        b"__Host-st=; Path=/; Max-Age=0; Secure; SameSite=None; Partitioned",
    ]


@pytest.mark.parametrize(
    ("cookies", "profile", "names"),
    [
        ([b"_st=1; _ad=2; basket=3; theme=dark"], REFUSED, [b"_st", b"_ad"]),
        ([b"_st=1; _ad=2"], STATS_ONLY, [b"_ad"]),
        ([b"_st=1; _ad=2"], NEW, [b"_st", b"_ad"]),
        ([b"_ad=1", memoryview(b"_st_\xff9=2;\t_ad = 3")], REFUSED, [b"_ad", b"_st_\xff9"]),
        ([b"_st; =_ad; ;", b""], REFUSED, []),
        ([b"__Host-cg=x; cg=y"], REFUSED, []),
        ([b"_st_\n=1; _st_\x7f=1; _st_\0=1; _st_a b=1"], REFUSED, [b"_st_a b"]),
        ([], REFUSED, []),
    ],
)
def test_only_denied_services_are_deleted_by_their_exact_names(
    cookies: list[bytes], profile: Profile, names: list[bytes]
) -> None:
    values = deletions(POLICY, profile, cookies, "localhost", secure=False)
    assert values == [name + b"=; Path=/; Max-Age=0" for name in names]


def test_undeclared_cookies_are_not_ours_to_delete() -> None:
    policy = Policy(index=Index(SERVICES), undeclared_cookies=UndeclaredCookies.DENY)
    assert deletions(policy, profile_of(policy, None), [b"theme=1"], "shop.example", secure=True) == []


def test_deletions_are_bounded() -> None:
    many = b"; ".join(b"_st_%d=1" % number for number in range(50))
    values = deletions(POLICY, REFUSED, [many, many], "localhost", secure=False)
    assert [value.partition(b"=")[0] for value in values] == [b"_st_%d" % n for n in range(MOST_NAMES)]
    values = deletions(
        POLICY, REFUSED, [b"_st_" + b"x" * 5000 + b"=1; " + many], "www.shop.example", secure=True
    )
    assert sum(len(b"set-cookie: " + value + b"\r\n") for value in values) <= MOST_BYTES
    # every plain form before the first partitioned one, and none of the name that has no room
    assert values[0] == b"_st_0=; Path=/; Max-Age=0; Secure"
    assert len({value.partition(b"=")[0] for value in values}) > 10


@given(
    st.lists(st.binary() | st.sampled_from([b"_st=1", b"_ad=1; Max-Age=0", b"=_st=1", b"_st=1" + GONE])),
    st.sampled_from([NEW, REFUSED, STATS_ONLY]),
)
def test_any_set_cookie(values: list[bytes], profile: Profile) -> None:
    headers = [(b"set-cookie", value) for value in values]
    kept, _ = filter_set_cookie(headers, POLICY, profile)
    assert filter_set_cookie(kept, POLICY, profile)[0] is kept
    left = iter(headers)
    assert all(pair in left for pair in kept)
    for value in values:
        for when in (b"; Max-Age=", b"; Expires="):
            filter_set_cookie([(b"set-cookie", b"_st=1" + when + value)], POLICY, profile)


@given(st.lists(st.binary().map(lambda name: b"_st_" + name + b"=1")), st.text(), st.booleans())
def test_any_request(cookies: list[bytes], host: str, secure: bool) -> None:
    for value in deletions(POLICY, REFUSED, cookies, host, secure=secure):
        assert value.startswith(b"_st")
        assert all(byte >= 0x20 and byte != 0x7F for byte in value)
        assert passes(value)
