"""Who asks, what they answered, what their browser says: what may load, and why."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import product

import pytest

from cookiegate.catalog.model import Service
from cookiegate.consent import decide
from cookiegate.consent.decide import (
    Decision,
    Reason,
    granted_profile,
    profile_of,
    refused,
    strictest_profile,
)
from cookiegate.consent.model import NO_SIGNALS, Choice, ConsentState, Signals
from cookiegate.policy.model import Collection, Policy, Purpose, UndeclaredCookies, Unknown

NO, YES, INSISTED = Choice
GPC = Signals(gpc=True)


def state(services: dict[str, bool] | None = None, **choices: Choice) -> ConsentState:
    return ConsentState(subject="s" * 22, given_at=1, choices=choices, services=services or {})


SILENT = None
ASKED = ("preferences", "analytics", "marketing", "research", "beacons", "mail_opens", "mail_clicks")
NONE = state(**dict.fromkeys(ASKED, NO))
ALL = state(**dict.fromkeys(ASKED, YES))
MARKETING = state(marketing=YES, analytics=NO, beacons=NO)
INSISTING = state(marketing=INSISTED, beacons=YES)


# Rows read: who answered what, under which signal, may this service load, and why.
@pytest.mark.parametrize(
    ("answer", "signals", "service", "allowed", "reason"),
    [
        # Necessary services load for everybody.
        (SILENT, NO_SIGNALS, "captcha", True, Reason.NECESSARY),
        (NONE, GPC, "captcha", True, Reason.NECESSARY),
        (NONE, GPC, "payment", True, Reason.NECESSARY),
        (state({"captcha": False}), NO_SIGNALS, "captcha", True, Reason.NECESSARY),
        # Nothing else loads before an answer.
        (SILENT, NO_SIGNALS, "matomo", False, Reason.NOT_ASKED),
        (SILENT, NO_SIGNALS, "meta-pixel", False, Reason.NOT_ASKED),
        (state(marketing=YES), NO_SIGNALS, "matomo", False, Reason.NOT_ASKED),
        # A purpose counts for its services, declared or not.
        (ALL, NO_SIGNALS, "matomo", True, Reason.GRANTED),
        (ALL, NO_SIGNALS, "plausible", True, Reason.GRANTED),
        (ALL, NO_SIGNALS, "our-lab", True, Reason.GRANTED),
        (NONE, NO_SIGNALS, "matomo", False, Reason.PURPOSE_DENIED),
        (MARKETING, NO_SIGNALS, "meta-pixel", True, Reason.GRANTED),
        (MARKETING, NO_SIGNALS, "matomo", False, Reason.PURPOSE_DENIED),
        # The switch of a service beats its purpose's, both ways.
        (state({"hotjar": False}, analytics=YES), NO_SIGNALS, "hotjar", False, Reason.SERVICE_DENIED),
        (state({"hotjar": False}, analytics=YES), NO_SIGNALS, "matomo", True, Reason.GRANTED),
        (state({"hotjar": True}, analytics=NO), NO_SIGNALS, "hotjar", True, Reason.GRANTED),
        (state({"hotjar": True}, analytics=NO), NO_SIGNALS, "matomo", False, Reason.PURPOSE_DENIED),
        (state({"hotjar": True}), NO_SIGNALS, "hotjar", True, Reason.GRANTED),
        (state({"gone": True}), NO_SIGNALS, "matomo", False, Reason.NOT_ASKED),
        # The signal refuses marketing, and nothing but marketing.
        (ALL, GPC, "matomo", True, Reason.GRANTED),
        (ALL, GPC, "meta-pixel", False, Reason.SIGNAL),
        (NONE, GPC, "meta-pixel", False, Reason.SIGNAL),
        (SILENT, GPC, "meta-pixel", False, Reason.SIGNAL),
        (SILENT, GPC, "matomo", False, Reason.NOT_ASKED),
        # Only the purpose's own switch outweighs it; a single service's does not.
        (INSISTING, GPC, "meta-pixel", True, Reason.GRANTED),
        (INSISTING, NO_SIGNALS, "meta-pixel", True, Reason.GRANTED),
        (state({"meta-pixel": True}, marketing=NO), GPC, "meta-pixel", False, Reason.SIGNAL),
        (state({"meta-pixel": True}, marketing=YES), GPC, "meta-pixel", False, Reason.SIGNAL),
        (state({"meta-pixel": True}, marketing=INSISTED), GPC, "meta-pixel", True, Reason.GRANTED),
        (state({"meta-pixel": False}, marketing=INSISTED), GPC, "meta-pixel", False, Reason.SERVICE_DENIED),
        (state({"hotjar": True}, analytics=NO), GPC, "hotjar", True, Reason.GRANTED),
    ],
)
def test_decides_about_a_service(
    shop: Policy, answer: ConsentState | None, signals: Signals, service: str, allowed: bool, reason: Reason
) -> None:
    asked = shop.index.get(service)
    assert asked is not None
    assert profile_of(shop, answer, signals).decide(asked) == Decision(allowed, reason)


@pytest.mark.parametrize(
    ("answer", "signals", "service", "allowed", "reason"),
    [
        (SILENT, NO_SIGNALS, "captcha", True, Reason.NECESSARY),
        (SILENT, NO_SIGNALS, "hotjar", False, Reason.NOT_ASKED),
        (ALL, NO_SIGNALS, "hotjar", True, Reason.GRANTED),
        (MARKETING, NO_SIGNALS, "meta-pixel", False, Reason.BEACONS_DENIED),
        (MARKETING, GPC, "meta-pixel", False, Reason.SIGNAL),
        (state(marketing=YES), NO_SIGNALS, "meta-pixel", False, Reason.NOT_ASKED),
        (state(marketing=NO, beacons=YES), NO_SIGNALS, "meta-pixel", False, Reason.PURPOSE_DENIED),
        (state({"hotjar": True}, beacons=NO), NO_SIGNALS, "hotjar", False, Reason.BEACONS_DENIED),
        (state({"hotjar": True}, beacons=YES), NO_SIGNALS, "hotjar", True, Reason.GRANTED),
        (state({"hotjar": False}, analytics=YES), NO_SIGNALS, "hotjar", False, Reason.SERVICE_DENIED),
    ],
)
def test_a_beacon_needs_the_means_too(
    shop: Policy, answer: ConsentState | None, signals: Signals, service: str, allowed: bool, reason: Reason
) -> None:
    asked = shop.index.get(service)
    assert asked is not None
    assert profile_of(shop, answer, signals).decide(asked, beacon=True) == Decision(allowed, reason)


@pytest.mark.parametrize(
    ("service", "declared", "counts"),
    [
        ("matomo", None, "analytics"),
        ("matomo", "analytics", "analytics"),
        ("matomo", "marketing", "marketing"),
        ("matomo", "research", "research"),
        ("matomo", "", "analytics"),
        ("matomo", "no-such-purpose", "analytics"),
        ("matomo", "beacons", "analytics"),
        # An author cannot make a known tracker necessary; the policy can, and it named the payment service.
        ("matomo", "necessary", "analytics"),
        ("payment", "necessary", "necessary"),
        # Nor is something necessary put up for refusal by a tag.
        ("captcha", "marketing", "necessary"),
        ("captcha", "necessary", "necessary"),
    ],
)
def test_what_the_author_declares(shop: Policy, service: str, declared: str | None, counts: str) -> None:
    asked = shop.index.get(service)
    assert asked is not None
    for answer in (ALL, NONE, MARKETING, SILENT):
        profile = profile_of(shop, answer)
        assert profile.purpose_of(asked, declared) == counts
        assert profile.decide(asked, purpose=declared) == profile.decide_purpose(counts)


def test_the_policy_may_name_as_necessary_what_the_catalogue_does_not(shop: Policy) -> None:
    payment = shop.index.get("payment")
    assert payment is not None
    as_the_catalogue_has_it = replace(payment, purpose="marketing")
    profile = profile_of(shop, NONE)
    assert profile.decide(as_the_catalogue_has_it) == Decision(False, Reason.PURPOSE_DENIED)
    assert profile.decide(as_the_catalogue_has_it, purpose="necessary").allowed


def test_a_service_s_own_switch_counts_under_every_declared_purpose_but_not_against_the_signal(
    shop: Policy,
) -> None:
    matomo = shop.index.get("matomo")
    assert matomo is not None
    granted = state({"matomo": True}, analytics=NO, marketing=NO)
    refused = state({"matomo": False}, analytics=NO, marketing=YES)
    assert profile_of(shop, granted).decide(matomo, purpose="marketing").allowed
    assert profile_of(shop, granted, GPC).decide(matomo, purpose="marketing").reason is Reason.SIGNAL
    assert profile_of(shop, granted, GPC).decide(matomo, purpose="research").allowed
    assert profile_of(shop, refused).decide(matomo, purpose="marketing").reason is Reason.SERVICE_DENIED


@pytest.mark.parametrize(
    ("answer", "purpose", "beacon", "allowed", "reason"),
    [
        (SILENT, "necessary", False, True, Reason.NECESSARY),
        (SILENT, "necessary", True, True, Reason.NECESSARY),
        (SILENT, "analytics", False, False, Reason.NOT_ASKED),
        (ALL, "analytics", True, True, Reason.GRANTED),
        (MARKETING, "marketing", False, True, Reason.GRANTED),
        (MARKETING, "marketing", True, False, Reason.BEACONS_DENIED),
        (ALL, "no-such-purpose", False, False, Reason.NOT_ASKED),
        (ALL, "beacons", False, False, Reason.NOT_ASKED),  # a means is no purpose
    ],
)
def test_decides_about_a_purpose(
    shop: Policy, answer: ConsentState | None, purpose: str, beacon: bool, allowed: bool, reason: Reason
) -> None:
    assert profile_of(shop, answer).decide_purpose(purpose, beacon=beacon) == Decision(allowed, reason)


def test_a_stopped_site_collects_nothing_whatever_was_granted(shop: Policy) -> None:
    stopped = replace(shop, collection=Collection.SUSPENDED)
    everything = replace(ALL, services={"matomo": True})
    for answer, signals in product((SILENT, NONE, everything, INSISTING), (NO_SIGNALS, GPC)):
        profile = profile_of(stopped, answer, signals)
        for service in stopped.index.services:
            necessary = service.purpose == "necessary"
            expected = Reason.NECESSARY if necessary else Reason.SUSPENDED
            assert profile.decide(service) == Decision(necessary, expected)
            assert profile.decide(service, beacon=True).allowed == necessary
        assert profile.exceptions == {}
        assert [id_ for id_, granted in profile.grants.items() if granted] == ["necessary"]
        assert profile.answered == (answer is not None)


@pytest.mark.parametrize(
    ("unknown", "allowed"), [(Unknown.ALLOW, True), (Unknown.REPORT, True), (Unknown.HOLD, False)]
)
def test_unknown_third_parties_follow_the_policy(shop: Policy, unknown: Unknown, allowed: bool) -> None:
    policy = replace(shop, unknown=unknown)
    for answer in (SILENT, NONE, ALL):
        profile = profile_of(policy, answer)
        assert profile.decide_unknown() == Decision(allowed, Reason.UNKNOWN)
        assert profile.purpose_of_unknown() is None


@pytest.mark.parametrize(
    ("unknown", "answer", "signals", "allowed"),
    [
        (Unknown.ALLOW, SILENT, NO_SIGNALS, True),
        (Unknown.ALLOW, NONE, GPC, True),
        (Unknown.REPORT, SILENT, NO_SIGNALS, False),
        (Unknown.REPORT, NONE, NO_SIGNALS, False),
        (Unknown.REPORT, MARKETING, NO_SIGNALS, False),
        (Unknown.REPORT, state(beacons=YES, marketing=NO), NO_SIGNALS, False),
        (Unknown.REPORT, state(beacons=YES, marketing=YES), NO_SIGNALS, True),
        (Unknown.REPORT, ALL, GPC, False),
        (Unknown.REPORT, INSISTING, GPC, True),
        (Unknown.HOLD, ALL, NO_SIGNALS, False),
    ],
)
def test_a_stranger_s_web_beacon_is_marketing(
    shop: Policy, unknown: Unknown, answer: ConsentState | None, signals: Signals, allowed: bool
) -> None:
    profile = profile_of(replace(shop, unknown=unknown), answer, signals)
    assert profile.decide_unknown(beacon=True) == Decision(allowed, Reason.UNKNOWN)
    asked = None if unknown is Unknown.HOLD else "marketing"
    assert profile.purpose_of_unknown(beacon=True) == asked
    assert allowed or profile.denies_anything


def test_without_a_purpose_to_grant_a_stranger_s_web_beacon_stays_held(shop: Policy) -> None:
    policy = Policy(purposes=(Purpose(id="necessary", optional=False),), index=shop.index)
    assert not profile_of(policy, ALL).decide_unknown(beacon=True).allowed
    stopped = replace(shop, collection=Collection.SUSPENDED)
    assert not profile_of(stopped, ALL).decide_unknown(beacon=True).allowed


@pytest.mark.parametrize(
    ("answer", "undeclared", "cookie", "allowed", "reason"),
    [
        (SILENT, UndeclaredCookies.DENY, "cg", True, Reason.NECESSARY),
        (SILENT, UndeclaredCookies.DENY, "__Host-cg", True, Reason.NECESSARY),
        (SILENT, UndeclaredCookies.DENY, "cg-b", True, Reason.NECESSARY),
        (SILENT, UndeclaredCookies.DENY, "__Secure-cg", True, Reason.NECESSARY),
        (SILENT, UndeclaredCookies.REPORT, "pay", True, Reason.NECESSARY),
        (SILENT, UndeclaredCookies.REPORT, "_fbp", False, Reason.NOT_ASKED),
        (NONE, UndeclaredCookies.REPORT, "_pk_id.1.5f2c", False, Reason.PURPOSE_DENIED),
        # No cookie is a beacon: marketing is granted and beacons are not.
        (MARKETING, UndeclaredCookies.REPORT, "_fbp", True, Reason.GRANTED),
        (SILENT, UndeclaredCookies.ALLOW, "sessionid", True, Reason.UNDECLARED),
        (SILENT, UndeclaredCookies.REPORT, "sessionid", True, Reason.UNDECLARED),
        (ALL, UndeclaredCookies.DENY, "sessionid", False, Reason.UNDECLARED),
        (ALL, UndeclaredCookies.DENY, "", False, Reason.UNDECLARED),
        (ALL, UndeclaredCookies.DENY, "\xff\ud800", False, Reason.UNDECLARED),
    ],
)
def test_decides_about_a_cookie(
    shop: Policy,
    answer: ConsentState | None,
    undeclared: UndeclaredCookies,
    cookie: str,
    allowed: bool,
    reason: Reason,
) -> None:
    policy = replace(shop, undeclared_cookies=undeclared)
    assert profile_of(policy, answer).decide_cookie(cookie) == Decision(allowed, reason)


@pytest.mark.parametrize(
    ("answer", "said_no"),
    [
        (None, False),
        (state(), False),
        (state(analytics=Choice.GRANTED), False),
        (state(analytics=Choice.INSISTED), False),
        (state(analytics=Choice.DENIED), True),
        (state({"stats": False}), True),
        (state({"stats": False}, analytics=Choice.GRANTED), True),
        (state({"stats": True}, analytics=Choice.DENIED), False),
        (state({"other": False}, analytics=Choice.GRANTED), False),
    ],
)
def test_whether_the_visitor_themselves_said_no(answer: ConsentState | None, said_no: bool) -> None:
    assert refused(answer, Service(id="stats", name="Stats", vendor="Stats", purpose="analytics")) is said_no


def test_says_what_is_in_force(shop: Policy) -> None:
    chosen = {"hotjar": False, "meta-pixel": True, "gone": True}
    answer = state(chosen, analytics=YES, marketing=YES, beacons=NO)
    profile = profile_of(shop, answer, GPC)
    assert profile.grants == {
        "necessary": True,
        "preferences": False,
        "analytics": True,
        "marketing": False,
        "research": False,
        "beacons": False,
        "mail_opens": False,
        "mail_clicks": False,
    }
    assert profile.exceptions == {"hotjar": False}
    assert all(profile.allows(id_) == granted for id_, granted in profile.grants.items())
    assert not profile.allows("no-such-purpose")
    assert profile_of(shop, answer).exceptions == {"hotjar": False, "meta-pixel": True}


def test_what_is_handed_out_can_be_changed_without_harm(shop: Policy) -> None:
    profile = profile_of(shop, NONE)
    profile.grants["marketing"] = True
    profile.exceptions["matomo"] = True
    assert not profile.allows("marketing")
    assert profile.exceptions == {}


@pytest.mark.parametrize(
    ("answer", "signals", "denies"),
    [
        (SILENT, NO_SIGNALS, True),
        (NONE, NO_SIGNALS, True),
        (ALL, NO_SIGNALS, False),
        (ALL, GPC, True),
        (replace(ALL, choices={**ALL.choices, "mail_opens": NO}), NO_SIGNALS, False),
        (replace(ALL, choices={**ALL.choices, "beacons": NO}), NO_SIGNALS, True),
        (replace(ALL, services={"hotjar": False}), NO_SIGNALS, True),
        (replace(ALL, services={"hotjar": True}), NO_SIGNALS, False),
    ],
)
def test_knows_whether_anything_may_be_held(
    shop: Policy, answer: ConsentState | None, signals: Signals, denies: bool
) -> None:
    assert profile_of(shop, answer, signals).denies_anything == denies
    assert profile_of(replace(shop, unknown=Unknown.HOLD), answer, signals).denies_anything
    strict = replace(shop, undeclared_cookies=UndeclaredCookies.DENY)
    assert profile_of(strict, answer, signals).denies_anything


def test_equal_answers_meet_in_one_profile(shop: Policy) -> None:
    one = profile_of(shop, replace(MARKETING, subject="one", given_at=5))
    assert profile_of(shop, replace(MARKETING, subject="two", given_at=6)) is one
    assert profile_of(shop, replace(MARKETING, choices=dict(MARKETING.choices))) is one
    # Having insisted makes no difference where nothing refuses.
    assert profile_of(shop, replace(MARKETING, choices={**MARKETING.choices, "marketing": INSISTED})) is one
    assert profile_of(shop, replace(MARKETING, services={"gone": True})) is one
    assert profile_of(shop, MARKETING, GPC) is not one


def test_a_repeated_state_is_a_lookup_and_the_memory_of_it_is_bounded(
    shop: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide, "_MOST_RECENT", 3)
    monkeypatch.setattr(decide, "_recent", {})
    worked_out: list[ConsentState | None] = []
    work_out = decide._work_out

    def counting(policy: Policy, answer: ConsentState | None, signals: Signals) -> decide.Profile:
        worked_out.append(answer)
        return work_out(policy, answer, signals)

    monkeypatch.setattr(decide, "_work_out", counting)
    first = profile_of(shop, MARKETING)
    assert profile_of(shop, MARKETING) is first
    assert worked_out == [MARKETING]
    for number in range(10):
        profile_of(shop, replace(MARKETING, given_at=number))
        assert len(decide._recent) <= 3
    assert profile_of(shop, MARKETING) is first


def test_the_key_names_the_decisions_and_nothing_else(shop: Policy) -> None:
    answers = [SILENT, NONE, ALL, MARKETING, replace(ALL, services={"hotjar": False})]
    stopped = replace(shop, collection=Collection.SUSPENDED)
    keys = {profile_of(policy, answer).key for policy in (shop, stopped) for answer in answers}
    assert len(keys) == len(answers) + 1
    assert all(len(key) == 16 and int(key, 16) >= 0 for key in keys)
    renamed = replace(shop, site=replace(shop.site, name="Another name"))
    assert profile_of(renamed, ALL).key == profile_of(shop, ALL).key
    assert profile_of(replace(shop, unknown=Unknown.HOLD), ALL).key != profile_of(shop, ALL).key
    silent, empty = profile_of(shop, None), profile_of(shop, state())
    assert silent.key == empty.key
    assert (silent.answered, empty.answered) == (False, True)


def test_the_key_is_the_same_in_every_process() -> None:
    program = (
        "from cookiegate.catalog.index import Index\n"
        "from cookiegate.policy.model import Policy\n"
        "from cookiegate.consent.decide import granted_profile\n"
        "print(granted_profile(Policy(index=Index([])), {'analytics', 'marketing', 'beacons'}).key)"
    )
    keys = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(keys) == 1


def test_grants_exactly_what_is_named(shop: Policy) -> None:
    profile = granted_profile(shop, ["analytics", "meta-pixel", "beacons", "necessary"])
    decisions = {s.id: profile.decide(s, beacon=s.beacon) for s in shop.index.services}
    allowed = {id_ for id_, decision in decisions.items() if decision.allowed}
    assert allowed == {"captcha", "payment", "matomo", "hotjar", "plausible", "meta-pixel"}
    assert decisions["google-ads"].reason is Reason.PURPOSE_DENIED
    assert profile.exceptions == {"meta-pixel": True}
    nothing = granted_profile(shop, [])
    assert nothing.answered
    assert nothing is profile_of(shop, NONE)


def test_nobody_is_allowed_less_than_everyone(shop: Policy) -> None:
    everyone = strictest_profile(shop)
    assert everyone is profile_of(shop, SILENT)
    answered = strictest_profile(shop, answered=True)
    assert answered.answered
    assert not everyone.answered
    for profile in (everyone, answered):
        assert [id_ for id_, granted in profile.grants.items() if granted] == ["necessary"]
        assert profile.key == everyone.key
        assert profile.denies_anything


def test_an_unknown_id_is_told_what_exists(shop: Policy) -> None:
    with pytest.raises(ValueError, match="'hotja' is no purpose") as raised:
        granted_profile(shop, ["hotja"])
    for word in ("research", "mail_opens", "9 services", "hotjar"):
        assert word in str(raised.value)
    with pytest.raises(ValueError, match="such as"):
        granted_profile(shop, "x")
