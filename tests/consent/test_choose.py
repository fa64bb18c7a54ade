"""What a visitor clicks, and what they have then answered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.consent.choose import accept_all, reject_all, save
from cookiegate.consent.decide import Decision, Reason, profile_of
from cookiegate.consent.model import NO_SIGNALS, Choice, ConsentState, Signals
from cookiegate.policy.model import MEANS, Collection, Policy

NO, YES, INSISTED = Choice
GPC = Signals(gpc=True)
PURPOSES = ("preferences", "analytics", "marketing", "research")
SERVICES = (
    "captcha",
    "fonts",
    "google-ads",
    "gone",
    "hotjar",
    "matomo",
    "meta-pixel",
    "our-lab",
    "payment",
    "plausible",
)
EVERYTHING = dict.fromkeys((*PURPOSES, *MEANS), YES)
NOTHING = dict.fromkeys((*PURPOSES, *MEANS), NO)

states = st.none() | st.builds(
    ConsentState,
    subject=st.just("v" * 22),
    given_at=st.just(7),
    choices=st.dictionaries(st.sampled_from((*PURPOSES, *MEANS, "gone")), st.sampled_from(Choice)),
    services=st.dictionaries(st.sampled_from(SERVICES), st.booleans()),
)
signals = st.sampled_from((NO_SIGNALS, GPC))
ROWS = tuple(f"service:{id_}" for id_ in SERVICES)
switches = st.dictionaries(
    st.sampled_from((*PURPOSES, *MEANS, *ROWS, "necessary", "x", "service:")), st.booleans()
)


def state(services: dict[str, bool] | None = None, **choices: Choice) -> ConsentState:
    return ConsentState(subject="v" * 22, given_at=7, choices=choices, services=services or {})


def never() -> str:
    raise AssertionError("a visitor who is known keeps their subject")


def by_form(
    policy: Policy, previous: ConsentState | None, posted: str, browser: Signals = NO_SIGNALS
) -> ConsentState:
    choices = dict.fromkeys(posted.split(), True)
    return save(policy, previous, browser, choices, partial=False, now=9.9, new_id=lambda: "n" * 22)


def by_json(
    policy: Policy, previous: ConsentState | None, choices: dict[str, bool], browser: Signals = NO_SIGNALS
) -> ConsentState:
    return save(policy, previous, browser, choices, partial=True, now=9.9, new_id=lambda: "n" * 22)


class TestAcceptAll:
    def test_grants_every_purpose_and_means(self, shop: Policy) -> None:
        answer = accept_all(shop, None, NO_SIGNALS, now=9.9, new_id=lambda: "n" * 22)
        assert answer == ConsentState(subject="n" * 22, given_at=9, choices=EVERYTHING)

    def test_leaves_what_the_signal_refuses(self, shop: Policy) -> None:
        answer = accept_all(shop, None, GPC, now=9, new_id=lambda: "n" * 22)
        assert answer.choices == {**EVERYTHING, "marketing": NO}

    @pytest.mark.parametrize("before", [NO, YES])
    def test_under_the_signal_an_earlier_answer_is_no_insistence(self, shop: Policy, before: Choice) -> None:
        answer = accept_all(shop, state(marketing=before), GPC, now=9, new_id=never)
        assert answer.choices["marketing"] is NO

    def test_what_was_insisted_on_stays_as_it_was(self, shop: Policy) -> None:
        before = state({"meta-pixel": False, "hotjar": False, "gone": False}, marketing=INSISTED)
        answer = accept_all(shop, before, GPC, now=9, new_id=never)
        assert answer.choices == {**EVERYTHING, "marketing": INSISTED}
        assert answer.services == {"meta-pixel": False}
        without_signal = accept_all(shop, before, NO_SIGNALS, now=9, new_id=never)
        assert without_signal.choices == {**EVERYTHING, "marketing": INSISTED}
        assert without_signal.services == {}

    @given(before=states)
    def test_then_everything_loads(self, shop: Policy, before: ConsentState | None) -> None:
        answer = accept_all(shop, before, NO_SIGNALS, now=9, new_id=lambda: "n" * 22)
        profile = profile_of(shop, answer)
        assert not profile.denies_anything
        assert all(profile.decide(service, beacon=True).allowed for service in shop.index.services)
        assert all(profile.grants.values())


class TestRejectAll:
    @given(before=states, browser=signals)
    def test_then_nothing_optional_loads(
        self, shop: Policy, before: ConsentState | None, browser: Signals
    ) -> None:
        answer = reject_all(shop, before, browser, now=9.9, new_id=lambda: "n" * 22)
        assert answer.choices == NOTHING
        assert answer.given_at == 9
        for under in (NO_SIGNALS, GPC):
            profile = profile_of(shop, answer, under)
            loading = {service.id for service in shop.index.services if profile.decide(service).allowed}
            assert loading == {"captcha", "payment"}

    def test_keeps_the_subject_and_drops_what_the_policy_lost(self, shop: Policy) -> None:
        before = state({"hotjar": True}, gone=YES)
        answer = reject_all(shop, before, NO_SIGNALS, now=9, new_id=never)
        assert answer == ConsentState(subject="v" * 22, given_at=9, choices=NOTHING)


# Rows read: what was answered before, which switches are on in the posted form, what holds then.
# The form shows matomo and hotjar (analytics), meta-pixel (marketing), our-lab (research).
@pytest.mark.parametrize(
    ("before", "posted", "granted", "services"),
    [
        # An empty form refuses everything.
        (None, "", "", {}),
        (state(**EVERYTHING), "", "", {}),
        # A purpose alone, switched on: its services follow, since nobody touched their switches.
        (None, "analytics", "analytics", {}),
        (state(**NOTHING), "analytics", "analytics", {}),
        (state({"hotjar": True}, **NOTHING), "analytics service:hotjar", "analytics", {}),
        (state({"plausible": False}, analytics=NO), "analytics", "analytics", {}),
        # A purpose switched on together with some of its services: one by one.
        (None, "analytics service:matomo", "analytics", {"hotjar": False}),
        (None, "analytics service:matomo service:hotjar", "analytics", {}),
        # A purpose switched on while a service that was on is switched off: one by one too.
        (state({"hotjar": True}, **NOTHING), "analytics", "analytics", {"hotjar": False, "matomo": False}),
        # Services switched on below a refused purpose.
        (None, "service:matomo", "", {"matomo": True}),
        (state({"matomo": True}, **NOTHING), "service:matomo", "", {"matomo": True}),
        (state({"matomo": True}, **NOTHING), "", "", {}),
        # A service switched off, and left off when the form is posted again.
        (state(analytics=YES), "analytics service:matomo", "analytics", {"hotjar": False}),
        (state({"hotjar": False}, analytics=YES), "analytics service:matomo", "analytics", {"hotjar": False}),
        (state({"hotjar": False}, analytics=YES), "analytics service:matomo service:hotjar", "analytics", {}),
        # A purpose switched off: the services that were on, and that nobody touched, go off with it.
        (state(analytics=YES), "service:matomo service:hotjar", "", {}),
        (state({"hotjar": False}, analytics=YES), "service:matomo", "", {}),
        (state(analytics=YES), "service:matomo", "", {}),
        # ... but a service that was switched on at the same time was meant.
        (state({"hotjar": False}, analytics=YES), "service:matomo service:hotjar", "", {"hotjar": True}),
        # What the form does not show keeps a refusal while its purpose stays, and nothing else.
        (
            state({"plausible": False}, analytics=YES),
            "analytics service:matomo service:hotjar",
            "analytics",
            {"plausible": False},
        ),
        (state({"plausible": True}, analytics=NO), "", "", {}),
        (state({"plausible": False}, analytics=YES), "", "", {}),
        (None, "service:plausible", "", {"plausible": True}),
        # Means, and what is no switch at all.
        (None, "beacons mail_opens", "beacons mail_opens", {}),
        (None, "necessary service:captcha service:payment service:gone service: x", "", {}),
    ],
)
def test_a_posted_form(
    shop: Policy, before: ConsentState | None, posted: str, granted: str, services: dict[str, bool]
) -> None:
    answer = by_form(shop, before, posted)
    assert answer.choices == {**NOTHING, **dict.fromkeys(granted.split(), YES)}
    assert answer.services == services
    assert answer.given_at == 9
    assert answer.subject == ("v" if before else "n") * 22


# Rows read: what was answered before, what the JSON says, what was answered then.
@pytest.mark.parametrize(
    ("before", "said", "choices", "services"),
    [
        (None, {}, {}, {}),
        (None, {"analytics": True}, {"analytics": YES}, {}),
        (None, {"beacons": True, "mail_opens": False}, {"beacons": YES, "mail_opens": NO}, {}),
        (None, {"service:hotjar": True}, {}, {"hotjar": True}),
        (None, {"service:hotjar": False}, {}, {}),
        (state(analytics=YES, beacons=NO), {}, {"analytics": YES, "beacons": NO}, {}),
        (state(analytics=YES, gone=YES), {"marketing": False}, {"analytics": YES, "marketing": NO}, {}),
        (state(analytics=YES), {"service:hotjar": False}, {"analytics": YES}, {"hotjar": False}),
        (state({"hotjar": False}, analytics=YES), {"service:hotjar": True}, {"analytics": YES}, {}),
        (state({"hotjar": False}, analytics=YES), {"service:x": True}, {"analytics": YES}, {"hotjar": False}),
        (state({"gone": True, "captcha": False}), {}, {}, {}),
        # A purpose switched over drops the exceptions below it, and no others.
        (state({"hotjar": True, "fonts": True}), {"analytics": True}, {"analytics": YES}, {"fonts": True}),
        (state({"hotjar": False}, analytics=YES), {"analytics": False}, {"analytics": NO}, {}),
        # Said once more, a grant changes nothing below; a refusal always counts for all.
        (state({"hotjar": False}, analytics=YES), {"analytics": True}, {"analytics": YES}, {"hotjar": False}),
        (state({"hotjar": True}, analytics=NO), {"analytics": False}, {"analytics": NO}, {}),
        # A service named in the same answer counts after its purpose.
        (state(), {"service:hotjar": False, "analytics": True}, {"analytics": YES}, {"hotjar": False}),
        (state(), {"service:hotjar": True, "analytics": False}, {"analytics": NO}, {"hotjar": True}),
        # What is no switch, and what is no boolean.
        (None, {"necessary": True, "service:captcha": False, "service:gone": True, "x": True}, {}, {}),
        (None, {"analytics": "true", "beacons": 1, "service:fonts": 1}, {"analytics": NO, "beacons": NO}, {}),
    ],
)
def test_a_json_answer(
    shop: Policy,
    before: ConsentState | None,
    said: dict[str, bool],
    choices: dict[str, Choice],
    services: dict[str, bool],
) -> None:
    answer = by_json(shop, before, said)
    assert answer.choices == choices
    assert answer.services == services


class TestUnderTheSignal:
    def test_the_purpose_s_own_switch_insists(self, shop: Policy) -> None:
        for answer in (
            by_form(shop, None, "marketing analytics", GPC),
            by_json(shop, None, {"marketing": True, "analytics": True}, GPC),
            by_json(shop, state(marketing=YES), {"marketing": True, "analytics": True}, GPC),
        ):
            assert answer.choices["marketing"] is INSISTED
            assert answer.choices["analytics"] is YES
            assert profile_of(shop, answer, GPC).allows("marketing")

    def test_insisting_lasts_until_it_is_refused(self, shop: Policy) -> None:
        before = state(marketing=INSISTED)
        assert by_form(shop, before, "marketing").choices["marketing"] is INSISTED
        assert by_json(shop, before, {"analytics": True}).choices["marketing"] is INSISTED
        assert by_json(shop, before, {"marketing": True}).choices["marketing"] is INSISTED
        assert by_json(shop, before, {"marketing": False}, GPC).choices["marketing"] is NO
        assert by_form(shop, before, "analytics", GPC).choices["marketing"] is NO

    def test_the_signal_itself_is_not_kept_as_an_answer(self, shop: Policy) -> None:
        answer = by_json(shop, state(marketing=YES), {"analytics": True}, GPC)
        assert answer.choices["marketing"] is YES
        assert not profile_of(shop, answer, GPC).allows("marketing")

    def test_a_single_service_does_not_outweigh_it(self, shop: Policy) -> None:
        pixel = shop.index.get("meta-pixel")
        assert pixel is not None
        for answer in (
            by_form(shop, None, "service:meta-pixel", GPC),
            by_json(shop, None, {"service:meta-pixel": True}, GPC),
        ):
            assert profile_of(shop, answer, GPC).decide(pixel) == Decision(False, Reason.SIGNAL)
            assert profile_of(shop, answer).decide(pixel).allowed

    def test_a_switch_the_signal_showed_as_off_counts_as_off(self, shop: Policy) -> None:
        before = state({"meta-pixel": True}, marketing=NO)
        # Shown off and left off: the purpose, switched on, takes it along.
        assert by_form(shop, before, "marketing", GPC).services == {}
        assert by_form(shop, before, "", GPC).services == {}


def test_a_stopped_site_still_saves_what_is_switched(shop: Policy) -> None:
    stopped = replace(shop, collection=Collection.SUSPENDED)
    before = state({"hotjar": False}, analytics=YES)
    # The form shows what was answered, so posting it as shown keeps it.
    answer = by_form(stopped, before, "analytics service:matomo")
    assert answer.choices == {**NOTHING, "analytics": YES}
    assert answer.services == {"hotjar": False}


def shown(policy: Policy, answer: ConsentState | None, browser: Signals) -> str:
    """The switches a form shows as on, which are the ones in force."""
    profile = profile_of(policy, answer, browser)
    services = {f"service:{s.id}" for s in policy.declared if profile.decide(s).allowed}
    return " ".join({id_ for id_, granted in profile.grants.items() if granted} | services)


@given(before=states, browser=signals)
def test_a_form_posted_as_it_was_shown_changes_nothing(
    shop: Policy, before: ConsentState | None, browser: Signals
) -> None:
    answer = by_form(shop, before, shown(shop, before, browser), browser)
    was, now = profile_of(shop, before, browser), profile_of(shop, answer, browser)
    assert now.grants == was.grants
    assert all(now.decide(s).allowed == was.decide(s).allowed for s in shop.declared)
    # Nothing the form did not show is freer than before.
    assert all(was.decide(s).allowed or not now.decide(s).allowed for s in shop.index.services)


@given(before=states, browser=signals, said=switches, partial=st.booleans())
def test_a_saved_answer_is_in_normal_form_and_grants_nothing_unasked(
    shop: Policy, before: ConsentState | None, browser: Signals, said: dict[str, bool], partial: bool
) -> None:
    answer = save(shop, before, browser, said, partial=partial, now=9, new_id=lambda: "n" * 22)
    assert set(answer.choices) <= {*PURPOSES, *MEANS}
    for id_, allowed in answer.services.items():
        service = shop.index.get(id_)
        assert service is not None
        assert service.purpose != "necessary"
        assert allowed != bool(answer.choices.get(service.purpose, NO))
    was, now = profile_of(shop, before, browser), profile_of(shop, answer, browser)
    for id_, granted in now.grants.items():
        assert not granted or id_ == "necessary" or said.get(id_) or (partial and was.grants[id_])
    for service in shop.index.services:
        if now.decide(service).allowed and service.purpose != "necessary":
            kept = was.decide(service).allowed and (partial or service not in shop.declared)
            assert said.get(f"service:{service.id}") or said.get(service.purpose) or kept
        # In a form, an untouched switch may follow its purpose; what is said one by one is always refused.
        if partial and said.get(f"service:{service.id}") is False and service.purpose != "necessary":
            assert not now.decide(service).allowed


@given(before=states, browser=signals, said=switches)
def test_the_same_answer_twice_is_the_same_answer(
    shop: Policy, before: ConsentState | None, browser: Signals, said: dict[str, bool]
) -> None:
    once = by_json(shop, before, said, browser)
    assert by_json(shop, once, said, browser) == once
