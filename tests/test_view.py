"""What an application asks about its visitor, and what it records from code."""

from __future__ import annotations

import anyio.to_thread
import pytest
from starlette.requests import HTTPConnection, Request

from cookiegate import ConsentView, CookieGate, Policy, consent_of
from cookiegate.consent.choose import accept_all, reject_all, save
from cookiegate.consent.cookie import ConsentCookie
from cookiegate.consent.decide import Reason
from cookiegate.consent.model import NO_SIGNALS, Choice, Signals
from cookiegate.desk import Desk
from cookiegate.exceptions import ConsentAlreadySent, CookieGateError, GateNotInstalled
from cookiegate.gate.plan import Plans
from cookiegate.pages.guard import Guards
from cookiegate.pages.snippet import Snippets

pytestmark = pytest.mark.anyio

KEY = "a key that is long enough for the tests"
NOW = 1_900_000_000.0
POLICY = Policy()
COOKIE = ConsentCookie(KEY, POLICY, clock=lambda: NOW)
DESK = Desk(
    policy=POLICY,
    cookie=COOKIE,
    plans=Plans(POLICY),
    snippets=Snippets(POLICY),
    guards=Guards(POLICY),
    clock=lambda: NOW,
    new_id=lambda: "n" * 22,
)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


def cookie_of(state, *, secure=False):
    return (b"cookie", COOKIE.name(secure) + b"=" + COOKIE.dumps(state).encode())


def accepted(**signals):
    return accept_all(POLICY, None, Signals(**signals), now=NOW - 60, new_id=lambda: "s" * 22)


def rejected():
    return reject_all(POLICY, None, NO_SIGNALS, now=NOW - 60, new_id=lambda: "s" * 22)


def scope_of(*headers, **extra):
    return {
        "type": "http",
        "scheme": "http",
        "path": "/",
        "headers": [(b"host", b"shop.example"), *headers],
        **extra,
    }


def view_of(*headers, **extra):
    return ConsentView(scope_of(*headers, **extra), DESK)


# --- asking


async def test_nothing_is_allowed_before_an_answer():
    view = view_of()
    assert view.state is None
    assert view.allows("necessary")
    assert not any(view.allows(id_) for id_ in ("preferences", "analytics", "marketing", "beacons"))
    assert not view.allows_service("google-analytics")
    assert view.decide("google-analytics").reason is Reason.NOT_ASKED
    assert view.signals == NO_SIGNALS
    assert not view.profile.answered


async def test_what_was_accepted_is_allowed():
    view = view_of(cookie_of(accepted()))
    assert view.state == accepted()
    assert view.allows("analytics")
    assert view.allows_service("google-analytics")
    assert view.decide("meta-pixel", beacon=True).allowed


async def test_means_are_asked_apart():
    no_beacons = save(
        POLICY, accepted(), NO_SIGNALS, {"beacons": False}, partial=True, now=NOW, new_id=lambda: "s" * 22
    )
    view = view_of(cookie_of(no_beacons))
    assert view.decide("meta-pixel").allowed
    assert view.decide("meta-pixel", beacon=True).reason is Reason.BEACONS_DENIED
    assert not view.allows("beacons")


async def test_signals_count():
    view = view_of((b"Sec-GPC", b"1"), cookie_of(accepted()))
    assert view.signals.gpc
    assert view.decide("meta-pixel").reason is Reason.SIGNAL


async def test_the_facts_of_the_request():
    visit = view_of(
        (b"accept-language", b"de"), (b"Accept-Language", b"en;q=0.5"), root_path="/shop/", scheme="https"
    ).visit
    assert (visit.origin.scheme, visit.origin.host) == ("https", "shop.example")
    assert visit.accept_language == "de,en;q=0.5"
    assert visit.root_path == "/shop"
    assert not visit.reissue


async def test_it_is_lazy_and_looks_once():
    class Untouchable(dict):
        def __getitem__(self, key):
            raise AssertionError(key)

    view = ConsentView(Untouchable(), DESK)
    view.seal()
    assert view.set_cookies(page=False) == []
    view = view_of()
    assert view.visit is view.visit


@pytest.mark.parametrize("ask", ["allows", "allows_service", "decide", "grant_sync", "withdraw_sync"])
async def test_an_id_that_does_not_exist_is_a_mistake(ask):
    with pytest.raises(ValueError, match=r"'google-analytcs' .*google-analytics") as raised:
        getattr(view_of(), ask)("google-analytcs")
    assert "preferences, analytics, marketing" in str(raised.value)
    assert "mail_opens" in str(raised.value)


# --- answering from code


async def test_granting_counts_at_once_and_is_kept():
    view = view_of()
    await view.grant("analytics", "beacons")
    assert view.allows("analytics")
    assert view.allows("beacons")
    assert not view.allows("marketing")
    assert view.profile.answered
    assert view.state.subject == "n" * 22
    assert view.state.given_at == NOW
    (cookie,) = view.set_cookies(page=False)
    assert COOKIE.loads(cookie.split(b";")[0].split(b"=", 1)[1]) == view.state
    assert b"Secure" not in cookie


async def test_several_answers_add_up():
    view = view_of(cookie_of(rejected()), scheme="http")
    await view.grant("analytics")
    view.grant_sync("meta-pixel")
    await view.withdraw("google-analytics")
    assert view.allows("analytics")
    assert view.allows_service("meta-pixel")
    assert not view.allows_service("google-analytics")
    assert not view.allows("marketing")
    assert view.state.subject == "s" * 22
    assert len(view.set_cookies(page=True)) == 1


async def test_withdrawing_deletes_what_the_services_left():
    view = view_of(cookie_of(accepted(), secure=True), (b"cookie", b"_ga=1; basket=2"), scheme="https")
    view.withdraw_sync("analytics")
    ours, *gone = view.set_cookies(page=False)
    assert ours.startswith(b"__Host-cg=")
    assert ours.endswith(b"Secure")
    assert gone
    assert all(line.startswith(b"_ga=;") and b"Max-Age=0" in line for line in gone)
    assert any(b"Domain=shop.example" in line for line in gone)


async def test_granting_deletes_only_what_is_still_denied_and_only_on_pages():
    view = view_of(cookie_of(rejected()), (b"cookie", b"_fbp=1; _ga=2"))
    await view.grant("analytics")
    assert len(view.set_cookies(page=False)) == 1
    ours, *gone = view.set_cookies(page=True)
    assert ours.startswith(b"cg=")
    assert {line.partition(b"=")[0] for line in gone} == {b"_fbp"}


async def test_a_page_deletes_denied_cookies_before_an_answer_but_not_those_of_parent_domains():
    view = view_of((b"cookie", b"_ga=1; basket=2"), path="/kitchen", raw_path=b"/kitchen")
    assert view.set_cookies(page=False) == []
    assert view.set_cookies(page=True) == [
        b"_ga=; Path=/; Max-Age=0",
        b"_ga=; Path=/kitchen; Max-Age=0",
    ]


async def test_an_allowed_cookie_is_not_deleted():
    assert view_of(cookie_of(accepted()), (b"cookie", b"_ga=1; _fbp=2")).set_cookies(page=True) == []


async def test_granting_a_purpose_under_a_signal_is_insisting():
    view = view_of((b"sec-gpc", b"1"))
    await view.grant("marketing")
    assert view.state.choices["marketing"] is Choice.INSISTED
    assert view.allows("marketing")


async def test_after_the_start_it_is_too_late():
    view = view_of()
    view.seal()
    with pytest.raises(ConsentAlreadySent, match="started"):
        await view.grant("analytics")
    with pytest.raises(ConsentAlreadySent):
        view.withdraw_sync("analytics")
    assert view.set_cookies(page=True) == []


async def test_what_is_always_allowed_is_nobodys_choice():
    with pytest.raises(ValueError, match="nobody is asked"):
        await view_of().grant("necessary")
    with pytest.raises(ValueError, match="at least one"):
        await view_of().withdraw()


async def test_the_declaration_speaks_to_the_visitor():
    view = view_of((b"accept-language", b"de"), scheme="https")
    assert 'lang="de"' in view.declaration()
    assert "__Host-cg" in view.declaration()
    assert 'lang="ar"' in view.declaration("ar")
    with pytest.raises(ValueError, match="language"):
        view.declaration("xx")


async def test_several_valid_cookies_are_replaced_on_pages():
    view = view_of(cookie_of(accepted()), cookie_of(rejected()))
    assert view.set_cookies(page=False) == []
    (cookie,) = view.set_cookies(page=True)
    assert COOKIE.loads(cookie.split(b";")[0].split(b"=", 1)[1]) == view.state
    assert not view.allows("analytics")


# --- finding it


async def test_it_is_found_by_request_scope_or_anything_with_a_scope():
    view = view_of()
    scope = {**scope_of(), "cookiegate": view, "method": "GET"}

    class Holder:
        def __init__(self):
            self.scope = scope

    for place in (scope, Request(scope), HTTPConnection(scope), Holder()):
        assert consent_of(place) is view


@pytest.mark.parametrize("place", [{}, {"cookiegate": 3}, None, 7, object(), Request(scope_of())])
async def test_without_a_gate_the_message_says_what_to_do(place):
    with pytest.raises(GateNotInstalled, match=r"app = CookieGate\(app") as raised:
        consent_of(place)
    assert isinstance(raised.value, CookieGateError)
    assert isinstance(raised.value, LookupError)


# --- through the door


async def answer(app, *headers, **extra):
    sent = []

    async def send(message):
        sent.append(message)

    gate = CookieGate(app, policy=POLICY, secret_keys=KEY, clock=lambda: NOW)
    await gate(scope_of(*headers, method="GET", **extra), None, send)
    return sent


PAGE = (
    b'<html><body><script src="https://www.googletagmanager.com/gtag/js"></script>'
    b'<script src="https://connect.facebook.net/en_US/fbevents.js"></script></body></html>'
)


async def page(send, *headers):
    kind = (b"content-type", b"text/html")
    await send({"type": "http.response.start", "status": 200, "headers": [kind, *headers]})
    await send({"type": "http.response.body", "body": PAGE})


async def test_a_grant_changes_this_very_page():
    async def app(scope, receive, send):
        await consent_of(scope).grant("analytics")
        await page(send, (b"set-cookie", b"_ga=1"), (b"set-cookie", b"_fbp=1"))

    start, body = await answer(app)
    cookies = [value for name, value in start["headers"] if name == b"set-cookie"]
    assert cookies[0] == b"_ga=1"
    assert cookies[1].startswith(b"cg=")
    assert len(cookies) == 2
    assert b'<script src="https://www.googletagmanager.com' in body["body"]
    assert b'data-cg-src="https://connect.facebook.net' in body["body"]


async def test_a_withdrawal_from_a_thread_changes_this_very_page():
    async def app(scope, receive, send):
        await anyio.to_thread.run_sync(consent_of(scope).withdraw_sync, "analytics")
        await page(send, (b"set-cookie", b"_ga=1"))

    start, body = await answer(app, cookie_of(accepted()), (b"cookie", b"_ga=0"))
    cookies = [value for name, value in start["headers"] if name == b"set-cookie"]
    assert cookies[0].startswith(b"cg=")
    assert len(cookies) > 1
    assert all(line.startswith(b"_ga=; ") for line in cookies[1:])
    assert b'data-cg-src="https://www.googletagmanager.com' in body["body"]
    assert b'<script src="https://connect.facebook.net' in body["body"]


async def test_an_answer_counts_on_data_too_and_not_after_the_start():
    async def app(scope, receive, send):
        view = consent_of(scope)
        await view.grant("analytics")
        await send({"type": "http.response.start", "status": 204})
        with pytest.raises(ConsentAlreadySent):
            await view.grant("marketing")
        await send({"type": "http.response.body"})

    start, _ = await answer(app)
    # Nobody else may be given it.
    assert [name for name, _ in start["headers"]] == [b"cache-control", b"set-cookie"]
    assert start["headers"][0][1] == b"private"
