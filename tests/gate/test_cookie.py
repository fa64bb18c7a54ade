"""Cookies in requests: what the application sees of them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog.index import Index
from cookiegate.catalog.model import CookieRule, Service
from cookiegate.consent.decide import Profile, granted_profile, profile_of
from cookiegate.consent.model import ConsentState
from cookiegate.gate import cookie as module
from cookiegate.gate.cookie import HiddenCookies, RequestCookies, cookies_of
from cookiegate.policy.model import Policy, UndeclaredCookies

SERVICES = (
    Service(
        id="stats",
        name="Stats",
        vendor="Stats Inc",
        purpose="analytics",
        number=1,
        cookies=(CookieRule(name="_st"), CookieRule(name="_st_*")),
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


class Visitor:
    """Counts how often somebody asks who it is."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.asked = 0

    @property
    def visit(self) -> SimpleNamespace:
        self.asked += 1
        return SimpleNamespace(profile=self._profile)


def kept(value: bytes, profile: Profile = NEW, policy: Policy = POLICY) -> bytes:
    cookies = RequestCookies(policy)
    first, again = (cookies.kept(value, profile) for _ in "12")
    assert first == again
    assert (first is value) == (again is value) == (first == value)
    hidden = HiddenCookies(policy, clock=lambda: 0)
    for _ in "12":
        shown = hidden.shown(value, b"", "http", Visitor(profile))
        assert (shown, shown is value) == (first, first is value)
    return first


@pytest.mark.parametrize("profile", [NEW, REFUSED])
@pytest.mark.parametrize(
    ("value", "rest"),
    [
        (b"_st=1", b""),
        (b"_st=1; _ad=2", b""),
        (b"_st=1; ", b""),
        (b" ;_st=1;\t", b""),
        (b"_st=1; basket=2", b"basket=2"),
        (b"_st=1;basket=2", b"basket=2"),
        (b"basket=2; _st=1", b"basket=2"),
        (b"basket=2;_st=1;", b"basket=2;"),
        (b"a=1; _st=2; b=3", b"a=1; b=3"),
        (b"a=1;_st=2;b=3", b"a=1;b=3"),
        (b"_st=1; _ad=2;\t a = 3;; b", b"a = 3;; b"),
        (b'a="x; _st=1; y"', b'a="x; y"'),  # no browser and no framework lets a quotation hold a semicolon
        (b"a=1;\t_st\t=2; b=3", b"a=1; b=3"),
        (b"_st_9=1; _st=2; a=_st=1", b"a=_st=1"),
        (b"_st=1; a=1; _st=2", b"a=1"),
        (b"a=\xff; _st=\xff; \xfe=1", b"a=\xff; \xfe=1"),
    ],
)
def test_denied_cookies_are_hidden_and_the_rest_keeps_its_bytes(
    value: bytes, rest: bytes, profile: Profile
) -> None:
    assert kept(value, profile) == rest


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b";",
        b"; ;",
        b"basket=1",
        b"sessionid=1; theme=dark",
        b"__Host-cg=x; cg=y",
        b"_st",
        b"=_st=1",
        b"_ST=1; _ad2=1",
        b"a=_st=1;b=2 ;",
        b"\xa0_st=1",  # another name
    ],
)
def test_what_nobody_denies_is_the_same_object(value: bytes) -> None:
    assert kept(value) is value


def test_what_is_granted_stays() -> None:
    value = b"_st=1; _ad=2; a=3"
    assert kept(value, STATS_ONLY) == b"_st=1; a=3"
    assert kept(value, granted_profile(POLICY, ["analytics", "marketing"])) is value
    assert kept(value, granted_profile(POLICY, ["ads"])) == b"_ad=2; a=3"


@pytest.mark.parametrize("rule", UndeclaredCookies)
def test_undeclared_cookies_are_hidden_only_where_they_are_denied(rule: UndeclaredCookies) -> None:
    policy = Policy(index=Index(SERVICES), undeclared_cookies=rule)
    rest = b"cg=1; basket=3" if rule is UndeclaredCookies.DENY else b"cg=1; theme=2; basket=3"
    assert kept(b"cg=1; theme=2; basket=3", profile_of(policy, None), policy) == rest


def test_who_asks_is_of_no_interest_where_nobody_denies() -> None:
    cookies, visitor = HiddenCookies(POLICY, clock=lambda: 0), Visitor(NEW)
    assert cookies.shown(b"sessionid=1; cg=2", b"", "http", visitor) == b"sessionid=1; cg=2"
    cookies.filtered([(b"cookie", b"sessionid=1; cg=2")], visitor)
    assert visitor.asked == 0
    assert cookies.shown(b"_st=1", b"", "http", visitor) == b""
    assert visitor.asked == 1


def test_every_header_is_filtered() -> None:
    headers = [
        (b"host", b"_st=1"),
        (b"cookie", b"a=1"),
        [b"Cookie", memoryview(b"_st=1; b=2")],
        (b"COOKIE", b"_ad=1"),
        (b"cookie2", b"_st=1"),
    ]
    cookies = HiddenCookies(POLICY, clock=lambda: 0)
    seen = cookies.filtered(headers, Visitor(NEW))  # type: ignore[arg-type]  # as some servers send them
    assert seen == [headers[0], headers[1], (b"Cookie", b"b=2"), headers[4]]
    for same in (headers[:2], (), [(b"cookie", b"_st")]):
        assert cookies.filtered(same, Visitor(NEW)) is same  # type: ignore[arg-type]


def test_the_outcome_is_remembered_for_a_minute_by_all_that_it_follows_from() -> None:
    now = [1000.0]
    cookies, visitor = HiddenCookies(POLICY, clock=lambda: now[0]), Visitor(NEW)

    def asked(value: bytes = b"_st=1", signal: bytes = b"", scheme: str = "http") -> bool:
        before = visitor.asked
        assert cookies.shown(value, signal, scheme, visitor) == b""
        return visitor.asked > before

    assert asked()
    assert not asked()
    assert asked(b"_st=2")
    assert asked(signal=b"1")
    assert asked(scheme="https")
    now[0] += 59
    assert not asked()
    now[0] += 1
    assert asked()
    now[0] -= 5  # a clock that was put right
    assert asked()


@pytest.mark.parametrize(
    "raw", [{"site": {"trusted_proxies": ["127.0.0.1"]}}, {"consent": {"domain": "shop.example"}}]
)
def test_where_more_decides_nothing_is_remembered(raw: dict[str, object]) -> None:
    policy = Policy.from_dict(raw)
    cookies, visitor = HiddenCookies(policy, clock=lambda: 0), Visitor(profile_of(policy, None))
    for _ in "12":
        assert cookies.shown(b"_ga=1", b"", "http", visitor) == b""
    assert visitor.asked == 2


def test_the_names_that_are_denied() -> None:
    cookies = RequestCookies(POLICY)
    assert cookies.denied(b"_st=1; a=2; _ad=3; _st=4", NEW) == [b"_st", b"_ad"]
    assert cookies.denied(b"_st=1; a=2; _ad=3", STATS_ONLY) == [b"_ad"]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    monkeypatch.setattr(module, "cookies_of", RequestCookies)
    cookies = HiddenCookies(POLICY, clock=lambda: 0)
    for number in range(10):
        assert cookies.shown(b"_st=%d; a=1" % number, b"", "http", Visitor(NEW)) == b"a=1"
        assert len(cookies._lately) <= 3
        assert len(cookies._cookies.suspects) <= 3
    before = len(cookies._lately)
    long = b"a=" + b"x" * 5000
    assert cookies.shown(b"_st=1; " + long, b"", "http", Visitor(NEW)) == long
    assert len(cookies._lately) == before


def test_one_memory_for_one_policy() -> None:
    assert cookies_of(POLICY) is cookies_of(POLICY)


PIECES = st.sampled_from(
    [b"_st=1", b"_ad=2", b"_st", b"a=b", b"cg=1", b"basket=3", b" ", b"\t", b"=", b"_st_\xff="]
)


@given(
    st.lists(PIECES | st.binary(max_size=6), max_size=8).map(b";".join), st.sampled_from([NEW, STATS_ONLY])
)
def test_any_bytes(value: bytes, profile: Profile) -> None:
    """Nothing denied is left, everything else is, in its order; and once is enough."""

    def pairs(text: bytes) -> list[bytes]:
        return [part for one in text.split(b";") if (part := one.strip(b" \t"))]

    def allowed(pair: bytes) -> bool:
        name, equals, _ = pair.partition(b"=")
        return not equals or profile.decide_cookie(name.strip(b" \t").decode("latin-1")).allowed

    rest = kept(value, profile)
    assert pairs(rest) == [pair for pair in pairs(value) if allowed(pair)]
    assert kept(rest, profile) is rest


def test_a_service_that_was_chosen_apart() -> None:
    state = ConsentState(subject="", given_at=0, choices={}, services={"stats": True})
    assert kept(b"_st=1; _ad=2", profile_of(POLICY, state)) == b"_st=1"
