"""A state as text: short, canonical, and never freer than what was answered."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog.index import Index
from cookiegate.catalog.model import Service
from cookiegate.consent import codec
from cookiegate.consent.codec import Codec
from cookiegate.consent.decide import profile_of
from cookiegate.consent.model import NO_SIGNALS, Choice, ConsentState, Signals
from cookiegate.policy.model import MEANS, STANDARD, Policy, Purpose

NO, YES, INSISTED = Choice
LIMIT = 457
SUBJECT = "Kq3_x-9ZAbcdefghijklmn"


def service(number: int) -> Service:
    """Service ``number`` of a large site: every third one its own, over four purposes."""
    purpose = ("preferences", "analytics", "marketing", "lab")[number % 4]
    catalogue_number = 0 if number % 3 == 0 else number * 17
    return Service(id=f"s{number}", name="S", vendor="V", purpose=purpose, number=catalogue_number)


@pytest.fixture(scope="session")
def large() -> Policy:
    """A site with 320 services."""
    return Policy(
        purposes=(*STANDARD, Purpose(id="lab")), index=Index([service(number) for number in range(320)])
    )


def state(services: dict[str, bool] | None = None, **choices: Choice) -> ConsentState:
    return ConsentState(subject=SUBJECT, given_at=1_700_000_000, choices=choices, services=services or {})


# Rows read: what was answered, how it is written. Visitors' browsers keep such texts: they stay readable.
@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (state(), ".."),
        (state(analytics=NO), "a0.."),
        (
            state(
                marketing=INSISTED,
                mail_clicks=NO,
                preferences=YES,
                analytics=NO,
                beacons=YES,
                mail_opens=NO,
                research=YES,
            ),
            "b1-o0-c0-a0-m2-p1-eo8sgq1..",
        ),
        (state({"hotjar": True, "fonts": True, "matomo": False}), ".104-3.2"),
        (state({"our-lab": False}, research=YES), "eo8sgq1.._e8cjik"),
        # What the policy does not have, or does not ask about, is not stored.
        (state({"gone": True, "captcha": False, "payment": False}, gone=YES, necessary=NO), ".."),
    ],
)
def test_the_text(shop: Policy, answer: ConsentState, text: str) -> None:
    assert Codec(shop, LIMIT).encode(answer) == f"1.{SUBJECT}.s44we8.{text}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.....",
        f"2.{SUBJECT}.s44we8...",
        f"1.{SUBJECT}.s44we8..",
        f"1.{SUBJECT}.s44we8....",
        f"1.{SUBJECT}....",
        f"1.{SUBJECT}.S44WE8...",
        f"1.{SUBJECT}.-44we8...",
        f"1.{SUBJECT}.4_4...",
        f"1.{SUBJECT}. 44...",
        f"1.{SUBJECT}.٣٤...",
        f"1.{SUBJECT}.123456789...",
        f"1.{SUBJECT}.s44we8.a..",
        f"1.{SUBJECT}.s44we8.a3..",
        f"1.{SUBJECT}.s44we8.a1-..",
        f"1.{SUBJECT}.s44we8.-a1..",
        f"1.{SUBJECT}.s44we8.a1..X",
        f"1.{SUBJECT}.s44we8.a1..\n",
        f"1.{SUBJECT}.s44we8.a1..2\n",
        f"1.{SUBJECT}.s44we8.a1..2 ",
        "1..s44we8.a1..",
        f"1.{'s' * 65}.s44we8.a1..",
        "1.a b.s44we8.a1..",
        f"\ud8001.{SUBJECT}.s44we8...",
    ],
)
def test_anything_else_is_nothing(shop: Policy, text: str) -> None:
    assert Codec(shop, LIMIT).decode(text) is None


def test_codes_nobody_has_any_more_are_passed_over(shop: Policy) -> None:
    text = f"1.{SUBJECT}.s44we8.a1-zzzzzz1-z1.zz-3-1.-_zzzzzz-2"
    assert Codec(shop, LIMIT).decode(text) == state({"hotjar": True, "matomo": False}, analytics=YES)


def test_a_purpose_that_is_new_was_not_asked_for(shop: Policy) -> None:
    old = Policy(index=shop.index)
    everything = dict.fromkeys(("preferences", "analytics", "marketing", *MEANS), YES)
    text = Codec(old, LIMIT).encode(state(**everything))
    read = Codec(shop, LIMIT).decode(text)
    assert read == state(**everything)
    assert "research" not in read.choices
    # And one that is gone again is forgotten.
    assert Codec(old, LIMIT).decode(Codec(shop, LIMIT).encode(state(research=YES))) == state()


@pytest.mark.parametrize("subject", ["", "s" * 65, "a b", "a.b", "ä", "a\n", "\ud800"])
def test_a_subject_that_cannot_be_stored_is_a_mistake(shop: Policy, subject: str) -> None:
    with pytest.raises(ValueError, match="subject"):
        Codec(shop, LIMIT).encode(replace(state(), subject=subject))


@pytest.mark.parametrize("given_at", [-1, 36**8])
def test_a_time_that_cannot_be_stored_is_a_mistake(shop: Policy, given_at: int) -> None:
    with pytest.raises(ValueError, match="given_at"):
        Codec(shop, LIMIT).encode(replace(state(), given_at=given_at))


def test_times_from_the_first_to_the_last(shop: Policy) -> None:
    for given_at in (0, 35, 36, 36**8 - 1):
        read = Codec(shop, LIMIT).decode(Codec(shop, LIMIT).encode(replace(state(), given_at=given_at)))
        assert read is not None
        assert read.given_at == given_at


def test_grants_of_single_services_give_way_first(large: Policy) -> None:
    services = {f"s{number}": number % 4 != 1 for number in range(300)}
    answer = state(services, preferences=NO, analytics=YES, marketing=NO, lab=NO)
    read = Codec(large, LIMIT).decode(Codec(large, 330).encode(answer))
    assert read is not None
    assert read.choices == answer.choices or read.choices["analytics"] is NO
    assert all(services[id_] == allowed for id_, allowed in read.services.items())
    some = Codec(large, LIMIT).decode(Codec(large, LIMIT).encode(state(dict.fromkeys(services, True))))
    assert some is not None
    assert 0 < len(some.services) < 300


def test_then_the_purposes_with_the_most_refused_services(large: Policy) -> None:
    services = {f"s{number}": False for number in range(320) if number % 4 == 1}
    services |= {f"s{number}": False for number in range(320) if number % 4 == 2}
    services |= {f"s{number}": False for number in range(80) if number % 4 == 0}
    answer = state(services, preferences=YES, analytics=YES, marketing=INSISTED)
    read = Codec(large, LIMIT).decode(Codec(large, LIMIT).encode(answer))
    assert read is not None
    assert read.choices == {"preferences": YES, "analytics": NO, "marketing": NO}
    assert len(read.services) == 20
    assert not any(read.services.values())


def test_then_the_answers_for_the_last_of_dozens_of_own_purposes() -> None:
    own = tuple(Purpose(id=f"purpose-{number:03}") for number in range(100))
    policy = Policy(purposes=(*STANDARD, *own), index=Index([]))
    ids = ("preferences", "analytics", "marketing", *MEANS)
    answer = state(**dict.fromkeys((*ids, *(purpose.id for purpose in own)), YES))
    text = Codec(policy, LIMIT).encode(answer)
    assert len(text) <= LIMIT
    read = Codec(policy, LIMIT).decode(text)
    assert read is not None
    assert {*ids, "purpose-000", "purpose-030"} < set(read.choices)
    assert "purpose-099" not in read.choices


def test_what_is_ambiguous_is_not_stored(shop: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [Service(id=id_, name="T", vendor="V", purpose="analytics", number=5) for id_ in ("one", "two")]
    other = Service(id="other", name="O", vendor="V", purpose="research", number=5)
    policy = Policy(purposes=shop.purposes, index=Index([*twins, other]))
    answer = state({"one": False, "two": True, "other": False}, analytics=YES, marketing=YES)
    read = Codec(policy, LIMIT).decode(Codec(policy, LIMIT).encode(answer))
    # The refusal of one takes its purpose along; the grant of the other is lost; research was not answered.
    assert read == state(analytics=NO, marketing=YES)
    monkeypatch.setattr(codec, "_hash", lambda id_: "same")
    own = Policy(purposes=(*STANDARD, Purpose(id="one"), Purpose(id="two")), index=Index([]))
    read = Codec(own, LIMIT).decode(Codec(own, LIMIT).encode(state(one=YES, two=YES, analytics=YES)))
    assert read == state(analytics=YES)


@given(
    seed=st.integers(0, 2**32),
    size=st.integers(0, 300),
    choices=st.dictionaries(
        st.sampled_from(("preferences", "analytics", "marketing", "lab", *MEANS)), st.sampled_from(Choice)
    ),
    leaning=st.floats(0, 1),
)
def test_any_answer_fits_and_comes_back_no_freer(
    large: Policy, seed: int, size: int, choices: dict[str, Choice], leaning: float
) -> None:
    # Drawn by seed: 300 drawn one by one would be too much to shrink.
    draw = random.Random(seed)
    services = {f"s{number}": draw.random() < leaning for number in draw.sample(range(320), size)}
    answer = state(services, **choices)
    written = Codec(large, LIMIT).encode(answer)
    assert len(written) <= LIMIT
    assert written.isascii()
    read = Codec(large, LIMIT).decode(written)
    assert read is not None
    assert Codec(large, LIMIT).encode(read) == written
    for signals in (NO_SIGNALS, Signals(gpc=True)):
        asked, kept = profile_of(large, answer, signals), profile_of(large, read, signals)
        for one, beacon in product(large.index.services, (False, True)):
            assert asked.decide(one, beacon=beacon).allowed or not kept.decide(one, beacon=beacon).allowed
        assert all(asked.grants[id_] or not granted for id_, granted in kept.grants.items())


@given(services=st.dictionaries(st.integers(0, 40).map("s{}".format), st.booleans(), max_size=40))
def test_what_fits_comes_back_whole(large: Policy, services: dict[str, bool]) -> None:
    answer = state(services, analytics=YES, lab=NO, marketing=INSISTED)
    assert Codec(large, LIMIT).decode(Codec(large, LIMIT).encode(answer)) == answer


@given(text=st.text() | st.text(alphabet="1.-_ab09\n").map(f"1.{SUBJECT}.s44we8.".__add__))
def test_no_text_raises(shop: Policy, text: str) -> None:
    read = Codec(shop, LIMIT).decode(text)
    assert read is None or read.subject
