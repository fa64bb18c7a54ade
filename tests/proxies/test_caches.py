"""Two visitors of opposite choices behind one cache: nobody is given what was made for the other."""

from __future__ import annotations

import json
import time
from itertools import permutations

import pytest

ORDERS = list(permutations(["accept-all", "reject-all"]))
both_orders = pytest.mark.parametrize("order", ORDERS, ids=" then ".join)


def visitors(site, order):
    people = []
    for action in order:
        people.append(site.person())
        people[-1].answers(action)
    return people


# --- private


@both_orders
def test_a_private_page_is_never_shared(private, order):
    path = f"/private/{order[0]}"
    people = visitors(private, order)
    for _ in range(2):
        for action, person in zip(order, people, strict=True):
            answer = person.ask(path)
            assert answer.tracks is (action == "accept-all")
            assert not answer.asks
            assert answer.cached != "HIT"
            assert answer.headers["Cache-Control"].startswith("private")
            assert "Cookie" in answer.headers["Vary"]
    stranger = private.person().ask(path)
    assert stranger.asks
    assert not stranger.tracks
    assert private.asked(path) == 5


def test_who_withdrew_is_not_given_the_private_page_from_before(private):
    person = private.person()
    person.answers("accept-all")
    before = person.ask("/private/withdrawn")
    assert before.tracks
    kept = before.headers["ETag"]
    again = person.ask("/private/withdrawn", If_None_Match=kept)
    assert again.status == 304 or again.tracks  # nginx asks for all of a page that it may not keep
    person.answers("reject-all")
    after = person.ask("/private/withdrawn", If_None_Match=kept)
    assert after.status == 200
    assert not after.tracks
    # And nobody else may use the tag either.
    assert private.person().ask("/private/withdrawn", If_None_Match=kept).status == 200


# --- shared


@both_orders
def test_everyone_is_given_the_same_shared_page(shared, order):
    path = f"/shared/{order[0]}"
    people = [*visitors(shared, order), shared.person()]
    answers = [person.ask(path) for person in people]
    answers += [person.ask(path, Sec_GPC="1", Accept_Language="de") for person in people]
    assert {answer.body for answer in answers} == {answers[0].body}
    assert not answers[0].tracks
    assert answers[0].asks
    assert [answer.cached for answer in answers] == ["MISS"] + ["HIT"] * 5
    assert shared.asked(path) == 1
    assert not [answer for answer in answers if "Set-Cookie" in answer.headers]


@both_orders
def test_the_state_is_each_visitors_own(shared, order):
    people = visitors(shared, order)
    for _ in range(2):
        for action, person in zip(order, people, strict=True):
            answer = person.ask("/privacy-choices/state")
            assert json.loads(answer.body)["grants"]["analytics"] is (action == "accept-all")
            assert answer.cached != "HIT"
            assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(shared.person().ask("/privacy-choices/state").body)["answered"] is False


@both_orders
def test_a_page_that_asks_about_its_visitor_is_theirs_alone(shared, order):
    path = f"/mine/{order[0]}"
    people = visitors(shared, order)
    for _ in range(2):
        for action, person in zip(order, people, strict=True):
            answer = person.ask(path)
            assert answer.tracks is (action == "accept-all")
            assert answer.cached != "HIT"


@pytest.mark.parametrize("path", ["/agree", "/withdraw"])
def test_an_answer_from_code_reaches_nobody_else(shared, path):
    person, other = shared.person(), shared.person()
    assert person.ask(path).tracks is (path == "/agree")
    answer = other.ask(path)
    assert answer.cached != "HIT"
    assert person.cookies["cg"] != other.cookies["cg"]


def test_a_cookie_of_the_sites_own_is_its_visitors(shared):
    assert shared.person().ask("/basket").cached != "HIT"
    assert shared.person().ask("/basket").cached != "HIT"


def test_a_browser_has_its_shared_page_confirmed_by_the_cache(shared):
    first = shared.person().ask("/shared/kept")
    person = shared.person()
    person.answers("reject-all")
    again = person.ask("/shared/kept", If_None_Match=first.headers["ETag"])
    assert again.status == 304
    assert again.headers["ETag"] == first.headers["ETag"]
    assert shared.asked("/shared/kept") == 1


def test_the_cache_has_its_page_confirmed_whoever_asks(shared):
    accepting, refusing = visitors(shared, ["accept-all", "reject-all"])
    first = accepting.ask("/brief")
    assert first.cached == "MISS"
    # Varnish asks behind the visitor's back, while it hands out what it has: that is a hit.
    end = time.monotonic() + 20
    while shared.asked("/brief") < 3:
        answer = refusing.ask("/brief")
        assert answer.status == 200
        assert answer.body == first.body
        assert answer.headers["ETag"] == first.headers["ETag"]
        assert "Set-Cookie" not in answer.headers
        assert time.monotonic() < end
        time.sleep(0.1)


# --- bucket


@both_orders
def test_a_bucket_tells_who_has_answered_and_not_what(bucket, order):
    path = f"/bucket/{order[0]}"
    stranger, again = bucket.person(), bucket.person()
    people = visitors(bucket, order)
    assert [person.cookies["cg-b"] for person in people] == ["answered"] * 2
    asked = [person.ask(path) for person in (stranger, again)]
    told = [person.ask(path) for person in people]
    assert [answer.cached for answer in asked + told] == ["MISS", "HIT", "MISS", "HIT"]
    assert [answer.asks for answer in asked + told] == [True, True, False, False]
    assert not any(answer.tracks for answer in asked + told)
    assert asked[0].body == asked[1].body
    assert told[0].body == told[1].body
    assert bucket.asked(path) == 2
    # Who erases the answer is asked again.
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert people[0].ask("/privacy-choices/erase", "POST", "", **form).status == 200
    assert people[0].cookies == {}
    assert people[0].ask(path).asks


def test_a_forged_bucket_only_hides_the_question_from_the_forger(bucket):
    forger, stranger = bucket.person(), bucket.person()
    forger.cookies["cg-b"] = "answered"
    answer = forger.ask("/bucket/forged")
    assert not answer.asks
    assert not answer.tracks
    assert stranger.ask("/bucket/forged").asks
    # The state says what is so, and mends it.
    assert json.loads(forger.ask("/privacy-choices/state").body)["answered"] is False
    assert forger.cookies == {}
    assert forger.ask("/bucket/forged").asks


def test_a_bucket_that_a_client_names_itself_counts_for_nothing(bucket):
    assert bucket.person().ask("/bucket/named", CG_Bucket="answered").asks
    assert bucket.person().ask("/bucket/named").asks
    for word in ("granted", "ANSWERED", "answered,answered", "x" * 2000):
        person = bucket.person()
        person.cookies["cg-b"] = word
        assert person.ask("/bucket/named").asks
    assert bucket.asked("/bucket/named") <= 2


def test_a_cache_that_knows_no_buckets_asks_everyone(without_buckets):
    accepting, refusing = visitors(without_buckets, ["accept-all", "reject-all"])
    for person in (accepting, without_buckets.person(), refusing):
        answer = person.ask("/bucket/unaware")
        assert answer.asks
        assert not answer.tracks
    assert answer.cached == "HIT"
