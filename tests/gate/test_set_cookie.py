"""Cookies in responses: what passes, what goes, and how what is left in the browser is deleted."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog.index import Index
from cookiegate.catalog.model import CookieRule, Service
from cookiegate.consent.decide import Profile, Reason, granted_profile, profile_of
from cookiegate.consent.model import NO_SIGNALS, Choice, ConsentState, Signals
from cookiegate.gate.findings import Finding, Kind
from cookiegate.gate.forwarded import Origin
from cookiegate.gate.set_cookie import MOST_BYTES, MOST_NAMES, cookie_name, deletions, filter_set_cookie
from cookiegate.gate.visit import Visit
from cookiegate.policy.model import Collection, Policy, UndeclaredCookies

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


ANSWERED = ConsentState(
    subject="", given_at=0, choices={"analytics": Choice.DENIED, "marketing": Choice.DENIED}
)
GPC = Signals(gpc=True)


def visit_of(
    host: str = "localhost",
    *,
    secure: bool = False,
    state: ConsentState | None = ANSWERED,
    signals: Signals = NO_SIGNALS,
    policy: Policy = POLICY,
) -> Visit:
    return Visit(
        origin=Origin(scheme="https" if secure else "http", host=host, client=""),
        root_path="",
        accept_language="",
        state=state,
        reissue=False,
        signals=signals,
        profile=profile_of(policy, state, signals),
    )


def deleted(
    cookies: list[bytes], visit: Visit, path: bytes = b"/", *, policy: Policy = POLICY, erase: bool = False
) -> list[bytes]:
    return deletions(policy, visit, cookies, path, erase=erase)


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
    assert deleted([b"_st=1"], visit_of(host)) == [
        plain,
        *(plain + b"; Domain=" + domain for domain in domains),
    ]


def test_on_https_also_as_a_partitioned_cookie() -> None:
    assert deleted([b"_st=1"], visit_of("shop.example", secure=True)) == [
        b"_st=; Path=/; Max-Age=0; Secure",
        b"_st=; Path=/; Max-Age=0; Domain=shop.example; Secure",
        b"_st=; Path=/; Max-Age=0; Secure; SameSite=None; Partitioned",
        b"_st=; Path=/; Max-Age=0; Domain=shop.example; Secure; SameSite=None; Partitioned",
    ]


@pytest.mark.parametrize(
    ("path", "folders"),
    [
        (b"", [b"/"]),
        (b"/", [b"/"]),
        (b"*", [b"/"]),
        (b"/kitchen", [b"/", b"/kitchen"]),
        (b"/kitchen/", [b"/", b"/kitchen", b"/kitchen/"]),
        (b"/a/b%20c/d", [b"/", b"/a", b"/a/", b"/a/b%20c", b"/a/b%20c/", b"/a/b%20c/d"]),
        (
            b"/a/b/c/d/e/f",
            [b"/", b"/a", b"/a/", b"/a/b", b"/a/b/", b"/a/b/c", b"/a/b/c/", b"/a/b/c/d", b"/a/b/c/d/"],
        ),
        # what would end the attribute or the path, and what no cookie has
        (b"/a;x/b", [b"/"]),
        (b"/a/b;x/c", [b"/", b"/a", b"/a/"]),
        (b"/a/b?c/d", [b"/", b"/a", b"/a/"]),
        (b"//a", [b"/"]),
        (b"/a\r\nx: y/b", [b"/"]),
        (b"/\xff/b", [b"/"]),
        (b"/" + b"a" * 101 + b"/b", [b"/"]),
    ],
)
def test_every_folder_of_the_path_may_be_the_one_of_the_cookie(path: bytes, folders: list[bytes]) -> None:
    values = deleted([b"_st=1"], visit_of(), path)
    assert values == [b"_st=; Path=" + folder + b"; Max-Age=0" for folder in folders]


def test_the_likeliest_forms_come_first() -> None:
    values = deleted([b"_st=1; _ad=2"], visit_of("shop.example", secure=True), b"/a")
    forms = [
        (value.partition(b"=")[0], b"Path=/a" in value, b"Partitioned" in value) for value in values[::2]
    ]
    assert forms == [
        (name, folder, partitioned)
        for folder in (False, True)
        for partitioned in (False, True)
        for name in (b"_st", b"_ad")
    ]


def test_host_prefixed_cookies_have_no_domain_no_other_path_and_no_http() -> None:
    assert deleted([b"__Host-st=1"], visit_of("shop.example"), b"/a") == []
    assert deleted([b"__Host-st=1"], visit_of("shop.example", secure=True), b"/a") == [
        b"__Host-st=; Path=/; Max-Age=0; Secure",
        b"__Host-st=; Path=/; Max-Age=0; Secure; SameSite=None; Partitioned",
    ]


DENIED, GRANTED = Choice.DENIED, Choice.GRANTED


def answered(services: dict[str, bool] | None = None, **choices: Choice) -> ConsentState:
    return ConsentState(subject="", given_at=0, choices=choices, services=services or {})


@pytest.mark.parametrize(
    ("state", "signals", "everywhere"),
    [
        (None, NO_SIGNALS, False),  # nobody asked yet
        (None, GPC, False),  # only the browser said no
        (answered(analytics=GRANTED), NO_SIGNALS, False),  # asked, and not about this
        (answered(marketing=GRANTED), GPC, False),
        (answered(marketing=DENIED), NO_SIGNALS, True),
        (answered(marketing=DENIED), GPC, True),
        (answered({"ads": False}, marketing=GRANTED), NO_SIGNALS, True),
        (answered({"ads": False}), GPC, True),
        (answered({"ads": True}, marketing=DENIED), GPC, False),
    ],
)
def test_parent_domains_only_after_the_visitor_refused(
    state: ConsentState | None, signals: Signals, everywhere: bool
) -> None:
    visit = visit_of("www.shop.example", state=state, signals=signals)
    values = deleted([b"_ad=1"], visit)
    assert values[0] == b"_ad=; Path=/; Max-Age=0"
    assert any(b"Domain=" in value for value in values) is everywhere
    assert any(b"Domain=" in value for value in deleted([b"_ad=1"], visit, erase=True))


def test_the_stop_switch_refuses_for_nobody() -> None:
    policy = Policy(index=Index(SERVICES), collection=Collection.SUSPENDED)
    for state, everywhere in ((None, False), (answered(marketing=GRANTED), False), (ANSWERED, True)):
        values = deleted([b"_ad=1"], visit_of("shop.example", state=state, policy=policy), policy=policy)
        assert any(b"Domain=" in value for value in values) is everywhere


@pytest.mark.parametrize(
    ("cookies", "state", "names"),
    [
        ([b"_st=1; _ad=2; basket=3; theme=dark"], ANSWERED, [b"_st", b"_ad"]),
        ([b"_st=1; _ad=2"], answered(analytics=GRANTED, marketing=DENIED), [b"_ad"]),
        ([b"_st=1; _ad=2"], None, [b"_st", b"_ad"]),
        ([b"_ad=1", memoryview(b"_st_\xff9=2;\t_ad = 3")], ANSWERED, [b"_ad", b"_st_\xff9"]),
        ([b"_st; =_ad; ;", b""], ANSWERED, []),
        ([b"__Host-cg=x; cg=y"], ANSWERED, []),
        ([b"_st_\n=1; _st_\x7f=1; _st_\0=1; _st_a b=1"], ANSWERED, [b"_st_a b"]),
        ([], ANSWERED, []),
    ],
)
def test_only_denied_services_are_deleted_by_their_exact_names(
    cookies: list[bytes], state: ConsentState | None, names: list[bytes]
) -> None:
    values = deleted(cookies, visit_of(state=state))
    assert values == [name + b"=; Path=/; Max-Age=0" for name in names]


def test_undeclared_cookies_are_not_ours_to_delete() -> None:
    policy = Policy(index=Index(SERVICES), undeclared_cookies=UndeclaredCookies.DENY)
    assert deleted([b"theme=1"], visit_of(state=None, policy=policy), policy=policy) == []


def test_deletions_are_bounded() -> None:
    many = b"; ".join(b"_st_%d=1" % number for number in range(50))
    values = deleted([many, many], visit_of())
    assert [value.partition(b"=")[0] for value in values] == [b"_st_%d" % n for n in range(MOST_NAMES)]
    long = b"_st_" + b"x" * 5000 + b"=1; " + many
    values = deleted([long], visit_of("www.shop.example", secure=True), b"/a/b/c/d/e")
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


@given(
    st.lists(st.binary().map(lambda name: b"_st_" + name + b"=1")),
    st.text(),
    st.binary() | st.binary().map(lambda rest: b"/a/" + rest),
    st.booleans(),
)
def test_any_request(cookies: list[bytes], host: str, path: bytes, secure: bool) -> None:
    for value in deleted(cookies, visit_of(host, secure=secure), path):
        assert value.startswith(b"_st")
        assert value.partition(b"; ")[2].startswith(b"Path=/")
        assert all(byte >= 0x20 and byte != 0x7F for byte in value)
        assert passes(value)


@given(st.lists(st.sampled_from([b"_st=1", b"_ad=2", b"_st_9=3", b"basket=4", b"theme=5"]), unique=True))
def test_what_the_application_may_set_is_never_deleted_with_it(cookies: list[bytes]) -> None:
    """What is allowed is allowed by its name, so no header that passes sets what another one deletes."""
    visit = visit_of(state=answered(analytics=GRANTED, marketing=DENIED))
    kept, _ = filter_set_cookie([(b"set-cookie", cookie) for cookie in cookies], POLICY, visit.profile)
    gone = {value.partition(b"=")[0] for value in deleted([b"; ".join(cookies)], visit)}
    assert gone.isdisjoint(value.partition(b"=")[0] for _, value in kept)
