"""The bucket that a cache may know a visitor by."""

from __future__ import annotations

import pytest

from cookiegate.gate.bucket import bucket_cookie, has_cookie, names_answered


@pytest.mark.parametrize(
    ("values", "answered"),
    [
        ([b"answered"], True),
        ([], False),
        ([b""], False),
        ([b"Answered"], False),
        ([b"answered, answered"], False),
        ([b"answered", b"answered"], False),
        ([b"answered", b""], False),
        ([b"granted"], False),
        ([b"1"], False),
    ],
)
def test_only_one_exact_word_asks_for_the_page_of_those_who_have_answered(values, answered):
    assert names_answered([(b"CG-Bucket", value) for value in values]) is answered


def test_the_cookie_itself_asks_for_nothing():
    assert not names_answered([(b"cookie", b"cg-b=answered")])


@pytest.mark.parametrize(
    ("cookies", "there"),
    [
        ([b"cg-b=answered"], True),
        ([b"a=1; cg-b=answered;b=2"], True),
        ([b"a=1", b"\tcg-b=answered "], True),
        ([], False),
        ([b"cg-b="], False),
        ([b"cg-b=granted"], False),
        ([b"xcg-b=answered"], False),
        ([b"CG-B=answered"], False),
    ],
)
def test_whether_the_cookie_is_there(cookies, there):
    assert has_cookie([(b"Cookie", value) for value in cookies]) is there


def test_the_cookie():
    kept = b"cg-b=answered; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"
    assert bucket_cookie(60, secure=False) == kept
    assert bucket_cookie(60, secure=True) == kept + b"; Secure"
    assert bucket_cookie(0, secure=True) == b"cg-b=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"
