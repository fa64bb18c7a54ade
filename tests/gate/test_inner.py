"""What the application is asked for, in place of what the visitor's browser asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from cookiegate.consent.decide import granted_profile, profile_of
from cookiegate.gate.cookie import HiddenCookies
from cookiegate.gate.inner import inner_headers
from cookiegate.policy.model import Policy

if TYPE_CHECKING:
    from cookiegate.consent.decide import Profile

BROWSER = [
    (b"host", b"shop.example"),
    (b"user-agent", b"x"),
    (b"accept", b"*/*"),
    (b"sec-fetch-dest", b"empty"),
    (b"accept-encoding", b"gzip, deflate, br, zstd, dcb, dcz"),
    (b"cookie", b"a=1"),
]
READABLE = (b"accept-encoding", b"gzip, deflate, br, zstd")


class Visitor:
    def __init__(self, variant: str, profile: Profile | None = None) -> None:
        self._variant = variant
        self._profile = profile

    @property
    def visit(self) -> SimpleNamespace:
        assert self._profile, "who this visitor is is of no interest here"
        return SimpleNamespace(profile=self._profile)

    def variant(self) -> str:
        assert self._variant, "the visitor's variant is of no interest here"
        return self._variant


not_asked = Visitor("")


def test_what_a_browser_sends_is_asked_for_in_what_can_be_read() -> None:
    inner = inner_headers(BROWSER, not_asked)
    assert inner == [*BROWSER[:4], READABLE, BROWSER[5]]
    assert BROWSER[4][1] == b"gzip, deflate, br, zstd, dcb, dcz"
    most = [*BROWSER[:4], READABLE, BROWSER[5]]
    assert inner_headers(most, not_asked) is most


@pytest.mark.parametrize(
    "headers",
    [
        [],
        BROWSER[:4],
        [(b"accept-encoding", b"gzip")],
        [(b"sec-fetch-dest", b"image"), BROWSER[4]],
        [(b"sec-fetch-dest", b"script"), BROWSER[4], (b"x-own", b"1")],
        [(b"X-Own", b"1")],
        [(b"x-own", b"1"), (b"Accept-Encoding", b"gzip")],
    ],
)
def test_the_very_headers_come_back_when_nothing_is_to_change(headers: list[tuple[bytes, bytes]]) -> None:
    assert inner_headers(headers, not_asked) is headers


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([BROWSER[4], (b"x-own", b"1")], [READABLE, (b"x-own", b"1")]),
        ([(b"Accept-Encoding", b"gzip, dcb")], [(b"accept-encoding", b"gzip")]),
        ([(b"accept-encoding", b"gzip"), (b"accept-encoding", b"dcb")], [(b"accept-encoding", b"gzip")]),
        ([(b"sec-fetch-dest", b"document"), (b"range", b"bytes=0-9")], [(b"sec-fetch-dest", b"document")]),
        ([(b"Sec-Fetch-Dest", b"document"), (b"Range", b"bytes=0-9")], [(b"Sec-Fetch-Dest", b"document")]),
        ([(b"range", b"bytes=0-9")], [(b"range", b"bytes=0-9")]),
    ],
)
def test_the_uncommon(headers: list[tuple[bytes, bytes]], expected: list[tuple[bytes, bytes]]) -> None:
    for _ in "12":
        assert inner_headers(headers, not_asked) == expected


def test_a_tag_is_translated_by_the_visitors_variant() -> None:
    headers = [(b"if-none-match", b'W/"1--cgabc"')]
    assert inner_headers(headers, Visitor("abc")) == [(b"if-none-match", b'"1"')]
    assert inner_headers(headers, Visitor("def")) == []


def test_what_a_visitor_holds_of_speculation_rules_is_asked_for_anew() -> None:
    rules = (b"sec-fetch-dest", b"speculationrules")
    headers = [rules, (b"if-modified-since", b"Thu, 01 Jan 1970 00:00:00 GMT"), (b"range", b"bytes=0-1")]
    assert inner_headers(headers, not_asked) == [rules]


POLICY = Policy()
COOKIES = HiddenCookies(POLICY, clock=lambda: 0)
NEW = profile_of(POLICY, None)
SENT = (b"cookie", b"_ga=1; a=2; _fbp=3")


@pytest.mark.parametrize(
    ("profile", "shown"),
    [
        (NEW, [(b"cookie", b"a=2")]),
        (granted_profile(POLICY, ["google-analytics"]), [(b"cookie", b"_ga=1; a=2")]),
        (granted_profile(POLICY, ["analytics", "marketing"]), [SENT]),
    ],
)
@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ([], []),
        ([BROWSER[4]], [READABLE]),
        ([(b"accept-encoding", b"gzip")], [(b"accept-encoding", b"gzip")]),
        ([(b"sec-fetch-dest", b"image"), BROWSER[4]], [(b"sec-fetch-dest", b"image"), BROWSER[4]]),
        ([(b"x-own", b"1"), BROWSER[4]], [(b"x-own", b"1"), READABLE]),
        ([(b"Cookie", b"b=1")], [(b"Cookie", b"b=1")]),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_denied_cookies_are_hidden(
    before: list[tuple[bytes, bytes]],
    expected: list[tuple[bytes, bytes]],
    profile: Profile,
    shown: list[tuple[bytes, bytes]],
    scheme: str,
) -> None:
    visitor, cookies = Visitor("", profile), HiddenCookies(POLICY, clock=lambda: 0)
    for _ in "12":
        seen = inner_headers([*before, SENT], visitor, cookies=cookies, scheme=scheme)
        assert seen == [*expected, *shown]


def test_the_signal_counts_for_what_is_remembered() -> None:
    cookies, allowed = HiddenCookies(POLICY, clock=lambda: 0), granted_profile(POLICY, ["analytics"])
    headers = [(b"cookie", b"_ga=1")]
    signal = (b"sec-gpc", b"1")
    assert inner_headers(headers, Visitor("", allowed), cookies=cookies) is headers
    assert inner_headers([signal, *headers], Visitor("", NEW), cookies=cookies) == [signal]
    assert inner_headers(headers, not_asked, cookies=cookies) is headers


def test_a_cookie_header_with_nothing_else_goes_whole() -> None:
    headers = [(b"host", b"x"), (b"cookie", b"_ga=1")]
    assert inner_headers(headers, Visitor("", NEW), cookies=COOKIES) == [(b"host", b"x")]


def test_without_denied_cookies_nobody_asks_who_it_is() -> None:
    for headers in ([(b"cookie", b"a=1; cg=2")], [(b"x-own", b"1"), (b"cookie", b"a=1")], [(b"host", b"x")]):
        assert inner_headers(headers, not_asked, cookies=COOKIES) is headers
    headers = [SENT]
    assert inner_headers(headers, not_asked) is headers


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_what_changes_something_keeps_its_conditions(method: str) -> None:
    """They are what keeps two writers from overwriting each other."""
    asked = [(b"accept", b"text/html"), (b"if-none-match", b"*"), (b"if-modified-since", b"x")]
    assert inner_headers(asked, not_asked, False, method) is asked
    asked = [(b"sec-fetch-dest", b"empty"), (b"if-match", b'W/"1--cgabc"'), (b"range", b"bytes=0-")]
    expected = [asked[0], (b"if-match", b'"1"'), asked[2]]
    assert inner_headers(asked, not_asked, False, method) == expected
    assert inner_headers(asked, not_asked, True, method) == expected
