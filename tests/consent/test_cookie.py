"""The cookie: who may have written it, which of several counts, and what the browser is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from functools import reduce
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.consent.cookie import ConsentCookie, Reading, strictest
from cookiegate.consent.decide import profile_of
from cookiegate.consent.model import NO_SIGNALS, Choice, ConsentState, Signals
from cookiegate.exceptions import SecretKeyError
from cookiegate.policy.model import MEANS, Consent, Policy

NO, YES, INSISTED = Choice
OLD, NEW = "o" * 32, "n" * 32
NOW = 1_800_000_000
DAY = 86_400
SUBJECT = "v" * 22

states = st.builds(
    ConsentState,
    subject=st.sampled_from(("a" * 22, "b" * 22)),
    given_at=st.integers(NOW - 9, NOW),
    choices=st.dictionaries(
        st.sampled_from(("preferences", "analytics", "marketing", "research", *MEANS)),
        st.sampled_from(Choice),
    ),
    services=st.dictionaries(
        st.sampled_from(("matomo", "hotjar", "meta-pixel", "google-ads", "fonts", "our-lab")), st.booleans()
    ),
)


def state(services: dict[str, bool] | None = None, **choices: Choice) -> ConsentState:
    return ConsentState(subject=SUBJECT, given_at=NOW, choices=choices, services=services or {})


@pytest.fixture
def cookie(shop: Policy) -> ConsentCookie:
    return ConsentCookie([OLD, NEW], shop, clock=lambda: NOW)


class TestKeys:
    @pytest.mark.parametrize("keys", ["", [], [""], ["", ""], ",", " , ", ()])
    def test_there_has_to_be_one(self, shop: Policy, keys: list[str] | str) -> None:
        with pytest.raises(SecretKeyError, match=r"no secret key: .*`cookiegate keygen`"):
            ConsentCookie(keys, shop)

    @pytest.mark.parametrize(
        ("keys", "place"),
        [
            ("k" * 31, "1 of 1 has 31 bytes"),
            ([NEW, "short"], "2 of 2 has 5 bytes"),
            (["", NEW], "1 of 2 has 0 bytes"),
            (f"{NEW},", "2 of 2 has 0 bytes"),
            (f"{NEW},,{OLD}", "2 of 3 has 0 bytes"),
        ],
    )
    def test_each_has_to_be_long_enough(self, shop: Policy, keys: list[str] | str, place: str) -> None:
        with pytest.raises(SecretKeyError, match=rf"secret key {place}, 32 are needed: .*cookiegate keygen"):
            ConsentCookie(keys, shop)

    def test_a_message_never_holds_a_key(self, shop: Policy) -> None:
        with pytest.raises(SecretKeyError) as raised:
            ConsentCookie(["quite-secret", NEW], shop)
        assert "quite" not in str(raised.value)

    def test_they_come_from_the_environment(self, shop: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COOKIEGATE_SECRET_KEYS", f"{OLD}, {NEW}\n")
        token = ConsentCookie(None, shop, clock=lambda: NOW).dumps(state())
        assert ConsentCookie([NEW], shop, clock=lambda: NOW).loads(token) == state()
        monkeypatch.delenv("COOKIEGATE_SECRET_KEYS")
        with pytest.raises(SecretKeyError, match="COOKIEGATE_SECRET_KEYS"):
            ConsentCookie(None, shop)

    @pytest.mark.parametrize("key", ["ü" * 16, "\udcff" * 11])
    def test_their_length_is_in_bytes(self, shop: Policy, key: str) -> None:
        assert ConsentCookie(key, shop, clock=lambda: NOW).dumps(state())

    def test_the_last_signs_and_the_older_ones_are_still_read(self, shop: Policy) -> None:
        def at(*keys: str) -> ConsentCookie:
            return ConsentCookie(keys, shop, clock=lambda: NOW)

        old, both, new = at(OLD), at(OLD, NEW), at(NEW)
        assert both.loads(old.dumps(state())) == state()
        assert both.dumps(state()) == new.dumps(state()) != old.dumps(state())
        assert new.loads(old.dumps(state())) is None
        assert old.loads(both.dumps(state())) is None


class TestToken:
    @given(answer=states)
    def test_comes_back_and_is_written_the_same_again(self, shop: Policy, answer: ConsentState) -> None:
        cookie = ConsentCookie(NEW, shop, clock=lambda: NOW)
        token = cookie.dumps(answer)
        assert cookie.loads(token) == cookie.loads(token.encode()) == answer
        assert cookie.dumps(cookie.loads(token)) == token
        assert len(f"__Host-cg={token}") < 512

    def test_is_signed_with_sha256(self, cookie: ConsentCookie) -> None:
        # Spelled out once by hand, so that no default of a library can weaken it unnoticed.
        text, _, signature = cookie.dumps(state(analytics=YES)).rpartition(".")
        key = hmac.digest(NEW.encode(), b"cookiegate.consent", hashlib.sha256)
        expected = base64.urlsafe_b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).rstrip(b"=")
        assert signature == expected.decode()

    @pytest.mark.parametrize(
        ("age", "valid"),
        [
            (0, True),
            (180 * DAY - 1, True),
            (180 * DAY, False),
            (5000 * DAY, False),
            (-300, True),
            (-300.5, False),
            (-301, False),
        ],
    )
    def test_is_valid_for_a_time(self, shop: Policy, age: float, valid: bool) -> None:
        now = float(NOW)
        cookie = ConsentCookie(NEW, shop, clock=lambda: now)
        token = cookie.dumps(state())
        assert cookie.loads(token) == state()
        now += age  # the token is remembered by now, and its age is looked at again all the same
        assert (cookie.loads(token) == state()) == valid
        fresh = ConsentCookie(NEW, shop, clock=lambda: now)
        assert (fresh.loads(token) is not None) == valid

    def test_the_policy_says_for_how_long(self, shop: Policy) -> None:
        policy = replace(shop, consent=Consent(max_age_days=1))
        token = ConsentCookie(NEW, policy).dumps(state())
        assert ConsentCookie(NEW, policy, clock=lambda: NOW + DAY - 1).loads(token) == state()
        assert ConsentCookie(NEW, policy, clock=lambda: NOW + DAY).loads(token) is None

    def test_every_changed_character_counts(self, cookie: ConsentCookie) -> None:
        token = cookie.dumps(state({"hotjar": False}, analytics=YES))
        # The last character of base64 has spare bits: another text, the same signature, the same state.
        for place in range(len(token) - 1):
            changed = token[:place] + ("x" if token[place] != "x" else "y") + token[place + 1 :]
            assert cookie.loads(changed) is None
        for changed in (token[:-2], token[1:], f"{token}.", f" {token}", f"{token} ", token[:-44]):
            assert cookie.loads(changed) is None

    @pytest.mark.parametrize(
        "payload", [b"", b"0", b"2.a.b.c..", b"1.a.b.c.", "1.ä.1...".encode(), b"\xff\xfe", b"a.b.c.d.e.f.g"]
    )
    def test_signed_but_not_a_state(self, cookie: ConsentCookie, payload: bytes) -> None:
        assert cookie.loads(cookie._signer.sign(payload)) is None

    @given(token=st.text() | st.binary())
    def test_nothing_raises(self, shop: Policy, token: str | bytes) -> None:
        assert ConsentCookie(NEW, shop, clock=lambda: NOW).loads(token) is None

    @pytest.mark.parametrize(
        "token", ["\ud800", "a.\udfff", "\x00", "." * 600, b"\xff" * 99, "é.é", "1" * 400]
    )
    def test_none_of_these_raises(self, cookie: ConsentCookie, token: str | bytes) -> None:
        assert cookie.loads(token) is None

    def test_what_is_too_long_is_not_even_verified(self, cookie: ConsentCookie) -> None:
        assert cookie.loads(cookie._signer.sign(b"1." + b"s" * 600)) is None
        assert cookie._verified.cache_info().currsize == 0

    def test_a_repeated_token_gives_the_same_object(self, cookie: ConsentCookie) -> None:
        token = cookie.dumps(state(analytics=YES))
        assert cookie.loads(token) is cookie.loads(token.encode())


class TestReading:
    def read(
        self, cookie: ConsentCookie, *values: bytes, secure: bool = True, name: bytes = b"cookie"
    ) -> Reading:
        return cookie.read([(b"host", b"x"), *((name, value) for value in values)], secure=secure)

    # Rows read: the header, where %s is a valid token, and whether the cookie is found in it.
    @pytest.mark.parametrize(
        ("header", "found"),
        [
            (b"__Host-cg=%s", True),
            (b"a=1; __Host-cg=%s; b=2", True),
            (b"a=1;__Host-cg=%s;b=2", True),
            (b"a=1;\t __Host-cg=%s \t;b", True),
            (b";;; ;__Host-cg=%s;", True),
            (b"\xff\xfe=\x80; __Host-cg=%s", True),
            (b"__Host-cg=; __Host-cg=%s", True),
            (b"__Host-cg=forged; __Host-cg=%s", True),
            (b'a="; __Host-cg=%s"', False),  # quotes hide nothing, and belong to the value
            (b"cg=%s", False),
            (b"__host-cg=%s", False),
            (b"__HOST-CG=%s", False),
            (b"__Host-cg =%s", False),
            (b"x__Host-cg=%s", False),
            (b"__Host-cgx=%s", False),
            (b"__Host-cg%s", False),
            (b"__Host-cg==%s", False),
            (b"__Host-cg= %s", False),
            (b'__Host-cg="%s"', False),
            (b"\xc2\xa0__Host-cg=%s", False),
            (b"\xa0__Host-cg=%s", False),
            (b"\x0b__Host-cg=%s", False),
            (b"\x0c__Host-cg=%s", False),
            (b"\r\n__Host-cg=%s", False),
            (b"__Host-cg=%s\x85", False),
            (b"__Host-cg=%s, a=1", False),
            (b"a=1, __Host-cg=%s", False),
            (b"a=__Host-cg=%s", False),
            (b"__Host-cg=\\137%s", False),
            (b"", False),
        ],
    )
    def test_the_raw_header(self, cookie: ConsentCookie, header: bytes, found: bool) -> None:
        token = cookie.dumps(state(analytics=YES)).encode()
        reading = self.read(cookie, header.replace(b"%s", token))
        assert reading == Reading(state(analytics=YES) if found else None, reissue=False)

    @pytest.mark.parametrize("name", [b"cookie", b"Cookie", b"COOKIE"])
    def test_header_names_in_any_case(self, cookie: ConsentCookie, name: bytes) -> None:
        token = cookie.dumps(state()).encode()
        assert self.read(cookie, b"__Host-cg=" + token, name=name).state == state()
        assert self.read(cookie, b"__Host-cg=" + token, name=b"xookie").state is None

    def test_each_scheme_has_its_name(self, cookie: ConsentCookie) -> None:
        assert (cookie.name(True), cookie.name(False)) == (b"__Host-cg", b"cg")
        both = b"cg=%s; __Host-cg=%s" % (
            cookie.dumps(state(analytics=YES)).encode(),
            cookie.dumps(state(analytics=NO)).encode(),
        )
        assert self.read(cookie, both, secure=False) == Reading(state(analytics=YES))
        assert self.read(cookie, both, secure=True) == Reading(state(analytics=NO))

    def test_several_headers(self, cookie: ConsentCookie) -> None:
        token = cookie.dumps(state(analytics=YES)).encode()
        assert self.read(cookie, b"a=1", b"__Host-cg=" + token, b"b=2") == Reading(state(analytics=YES))

    def test_of_several_valid_ones_the_strictest_counts_and_is_sent_again(
        self, cookie: ConsentCookie
    ) -> None:
        answers = [state(analytics=YES, marketing=YES), state(analytics=NO, marketing=INSISTED, beacons=YES)]
        tokens = [b"__Host-cg=" + cookie.dumps(answer).encode() for answer in answers]
        expected = Reading(state(analytics=NO, marketing=YES), reissue=True)
        assert self.read(cookie, b"; ".join(tokens)) == expected
        assert self.read(cookie, *reversed(tokens)) == expected
        assert self.read(cookie, *tokens, b"__Host-cg=forged") == expected
        assert self.read(cookie, tokens[0], tokens[0]) == Reading(answers[0], reissue=True)

    def test_one_that_ran_out_does_not_count(self, shop: Policy) -> None:
        cookie = ConsentCookie(NEW, shop, clock=lambda: NOW + 180 * DAY)
        valid = replace(state(analytics=YES), given_at=NOW + 5)
        tokens = [b"__Host-cg=" + cookie.dumps(answer).encode() for answer in (state(analytics=NO), valid)]
        assert self.read(cookie, *tokens) == Reading(valid)

    def test_a_flood_of_them_counts_as_none(self, cookie: ConsentCookie) -> None:
        token = b"__Host-cg=" + cookie.dumps(state(analytics=YES)).encode()
        assert self.read(cookie, b";".join([token, *[b"__Host-cg=x"] * 19])).state is not None
        assert self.read(cookie, b";".join([token, *[b"__Host-cg=x"] * 20])) == Reading(None)

    @given(headers=st.lists(st.tuples(st.just(b"cookie") | st.binary(max_size=7), st.binary()), max_size=4))
    def test_nothing_raises(self, shop: Policy, headers: list[tuple[bytes, bytes]]) -> None:
        marked = [(name, value.replace(b"g", b"; __Host-cg=")) for name, value in headers]
        assert ConsentCookie(NEW, shop).read(marked, secure=True) == Reading(None)


class TestStrictest:
    def test_the_newer_one_lends_subject_and_time(self) -> None:
        older = ConsentState(subject="z" * 22, given_at=5)
        newer = ConsentState(subject="a" * 22, given_at=6)
        assert strictest(older, newer) == strictest(newer, older) == newer
        twin = replace(newer, subject="b" * 22)
        assert strictest(newer, twin).subject == strictest(twin, newer).subject == twin.subject

    def test_only_what_both_say(self) -> None:
        one = state({"hotjar": True, "fonts": True, "matomo": False}, analytics=INSISTED, marketing=YES)
        other = state({"hotjar": True, "matomo": True, "our-lab": False}, analytics=YES, beacons=YES)
        merged = strictest(one, other)
        assert merged.choices == {"analytics": YES}
        assert merged.services == {"hotjar": True, "matomo": False, "our-lab": False}

    @given(
        answers=st.lists(states, min_size=2, max_size=4),
        declared=st.sampled_from((None, "analytics", "research")),
    )
    def test_no_service_is_freer_than_in_any_of_them(
        self, shop: Policy, answers: list[ConsentState], declared: str | None
    ) -> None:
        merged = reduce(strictest, answers)
        for signals in (NO_SIGNALS, Signals(gpc=True)):
            allowed = profile_of(shop, merged, signals)
            for answer in answers:
                asked = profile_of(shop, answer, signals)
                assert all(asked.grants[id_] or not granted for id_, granted in allowed.grants.items())
                for service in shop.index.services:
                    for beacon in (False, True):
                        if allowed.decide(service, beacon=beacon, purpose=declared).allowed:
                            assert asked.decide(service, beacon=beacon, purpose=declared).allowed

    @given(answers=st.lists(states, min_size=3, max_size=3))
    def test_the_order_does_not_matter(self, answers: list[ConsentState]) -> None:
        merged = reduce(strictest, answers)
        assert reduce(strictest, answers[::-1]) == merged
        assert strictest(merged, merged) == merged
        assert all(strictest(one, two) == strictest(two, one) for one, two in combinations(answers, 2))


class TestHeader:
    def test_on_https(self, cookie: ConsentCookie) -> None:
        answer = state(analytics=YES)
        assert cookie.set_cookies(answer, secure=True) == [
            b"__Host-cg=%s; Max-Age=15552000; Path=/; HttpOnly; SameSite=Lax; Secure"
            % cookie.dumps(answer).encode()
        ]
        assert cookie.delete_cookies(secure=True) == [
            b"__Host-cg=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"
        ]

    def test_on_plain_http(self, cookie: ConsentCookie) -> None:
        answer = state(analytics=YES)
        assert cookie.set_cookies(answer, secure=False) == [
            b"cg=%s; Max-Age=15552000; Path=/; HttpOnly; SameSite=Lax" % cookie.dumps(answer).encode()
        ]
        assert cookie.delete_cookies(secure=False) == [b"cg=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"]

    @pytest.mark.parametrize(
        ("later", "left"),
        [
            (0, 180 * DAY),
            (0.9, 180 * DAY),
            (DAY, 179 * DAY),
            (180 * DAY, 0),
            (999 * DAY, 0),
            (-200, 180 * DAY),
        ],
    )
    def test_sending_it_again_does_not_make_it_last_longer(
        self, shop: Policy, later: float, left: int
    ) -> None:
        cookie = ConsentCookie(NEW, shop, clock=lambda: NOW + later)
        assert b"; Max-Age=%d;" % left in cookie.set_cookies(state(), secure=True)[0]

    @given(answer=states)
    def test_what_is_set_is_what_is_read(self, shop: Policy, answer: ConsentState) -> None:
        cookie = ConsentCookie(NEW, shop, clock=lambda: NOW)
        for secure in (True, False):
            [line] = cookie.set_cookies(answer, secure=secure)
            pair = line.partition(b";")[0]
            assert cookie.read([(b"cookie", pair)], secure=secure) == Reading(answer)


DOMAIN = "shop.example"


class TestDomain:
    """One answer for all hosts of a domain."""

    @pytest.fixture
    def shared(self, shop: Policy) -> ConsentCookie:
        policy = replace(shop, consent=Consent(domain=DOMAIN))
        return ConsentCookie(NEW, policy, clock=lambda: NOW)

    @pytest.mark.parametrize(
        ("host", "inside"),
        [
            ("shop.example", True),
            ("shop.example:8443", True),
            ("www.shop.example", True),
            ("a.b.shop.example:80", True),
            ("shop.example.", False),
            ("workshop.example", False),
            ("example", False),
            ("shop.example.evil.example", False),
            ("evil.example:shop.example", False),
            ("[::1]:80", False),
            ("127.0.0.1", False),
            ("", False),
        ],
    )
    @pytest.mark.parametrize("secure", [True, False])
    def test_a_host_is_inside_or_has_its_own(
        self, shared: ConsentCookie, cookie: ConsentCookie, host: str, inside: bool, secure: bool
    ) -> None:
        answer = state(analytics=YES)
        own = cookie.set_cookies(answer, secure=secure)
        lines = shared.set_cookies(answer, secure=secure, host=host)
        if not inside:
            assert lines == own
            assert shared.delete_cookies(secure=secure, host=host) == cookie.delete_cookies(secure=secure)
            assert shared.name(secure, host) == cookie.name(secure)
            return
        name, end = (b"__Secure-cg", b"; Secure") if secure else (b"cg", b"")
        rest = b"Path=/; Domain=shop.example; HttpOnly; SameSite=Lax" + end
        value = shared.dumps(answer).encode()
        gone = cookie.delete_cookies(secure=secure)
        assert shared.name(secure, host) == name
        assert lines == [*gone, b"%s=%s; Max-Age=15552000; %s" % (name, value, rest)]
        assert shared.delete_cookies(secure=secure, host=host) == [*gone, name + b"=; Max-Age=0; " + rest]

    @pytest.mark.parametrize(
        ("header", "host", "secure", "expected"),
        [
            # One of the two.
            (b"__Secure-cg=%y", DOMAIN, True, Reading(state(analytics=YES))),
            (b"__Host-cg=%y", DOMAIN, True, Reading(state(analytics=YES), reissue=True)),
            (b"cg=%y", DOMAIN, False, Reading(state(analytics=YES))),
            # Both: what either refuses is refused.
            (b"__Secure-cg=%y; __Host-cg=%n", DOMAIN, True, Reading(state(analytics=NO), reissue=True)),
            (b"__Host-cg=%y; __Secure-cg=%n", DOMAIN, True, Reading(state(analytics=NO), reissue=True)),
            (b"__Secure-cg=%n; __Secure-cg=%y", DOMAIN, True, Reading(state(analytics=NO), reissue=True)),
            (b"cg=%y; cg=%n", DOMAIN, False, Reading(state(analytics=NO), reissue=True)),
            (b"__Secure-cg=%y; __Host-cg=forged", DOMAIN, True, Reading(state(analytics=YES))),
            (b"__Secure-cg=forged; __Host-cg=%n", DOMAIN, True, Reading(state(analytics=NO), reissue=True)),
            (b"__Secure-cg=forged; __Host-cg=", DOMAIN, True, Reading(None)),
            # Not for this host, or not for this scheme.
            (b"__Secure-cg=%y", "other.example", True, Reading(None)),
            (b"__Secure-cg=%y; __Host-cg=%n", "other.example", True, Reading(state(analytics=NO))),
            (b"__Secure-cg=%y; __Host-cg=%y", DOMAIN, False, Reading(None)),
            (b"cg=%y", DOMAIN, True, Reading(None)),
            (b"__secure-cg=%y", DOMAIN, True, Reading(None)),
        ],
    )
    def test_what_counts(
        self, shared: ConsentCookie, header: bytes, host: str, secure: bool, expected: Reading
    ) -> None:
        for mark, choice in ((b"%y", YES), (b"%n", NO)):
            header = header.replace(mark, shared.dumps(state(analytics=choice)).encode())
        assert shared.read([(b"cookie", header)], secure=secure, host=host) == expected

    def test_without_a_domain_its_cookie_counts_for_nothing(self, cookie: ConsentCookie) -> None:
        header = b"__Secure-cg=" + cookie.dumps(state(analytics=YES)).encode()
        assert cookie.read([(b"cookie", header)], secure=True, host=DOMAIN) == Reading(None)

    def test_a_flood_of_both_counts_as_none(self, shared: ConsentCookie) -> None:
        token = b"__Secure-cg=" + shared.dumps(state(analytics=YES)).encode()
        for more, expected in ((19, state(analytics=YES)), (20, None)):
            header = b";".join([token, *[b"__Host-cg=x"] * more])
            assert shared.read([(b"cookie", header)], secure=True, host=DOMAIN).state == expected

    @given(answer=states)
    def test_what_is_set_is_what_is_read(self, shop: Policy, answer: ConsentState) -> None:
        policy = replace(shop, consent=Consent(domain=DOMAIN))
        shared = ConsentCookie(NEW, policy, clock=lambda: NOW)
        for secure in (True, False):
            gone, line = shared.set_cookies(answer, secure=secure, host=DOMAIN)
            pair = line.partition(b";")[0]
            assert len(pair) < 512
            assert gone.partition(b";")[0].endswith(b"=")
            reading = shared.read([(b"cookie", pair)], secure=secure, host="www." + DOMAIN)
            assert reading == Reading(answer)


def test_nothing_in_a_token_is_of_a_person(cookie: ConsentCookie) -> None:
    text = cookie.dumps(state({"hotjar": False}, analytics=YES)).rpartition(".")[0]
    assert text.split(".") == ["1", SUBJECT, "tro8w0", "a1", "", "3"]
    assert json.dumps(text) == f'"{text}"'
