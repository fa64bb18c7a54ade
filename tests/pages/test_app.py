"""Everything under the prefix, asked over raw ASGI."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cookiegate.assets import assets
from cookiegate.catalog import Index
from cookiegate.consent.model import Choice
from cookiegate.policy.model import MEANS, Cache, Policy

pytestmark = pytest.mark.anyio

FORM = "application/x-www-form-urlencoded"
OWN = {"content-type": FORM, "sec-fetch-site": "same-origin"}
JSON = {"content-type": "application/json", "sec-fetch-site": "same-origin"}


async def test_the_settings_page(browser):
    reply = await browser.ask("GET", "/")
    assert reply.status == 200
    assert reply.get("content-type") == "text/html; charset=utf-8"
    assert reply.get("content-length") == str(len(reply.body))
    assert reply.get("cache-control") == "no-store"
    assert reply.get("referrer-policy") == "same-origin"
    assert reply.get("vary") == "Cookie, Accept-Language, Sec-GPC"
    assert reply.get("x-content-type-options") == "nosniff"
    csp = reply.get("content-security-policy")
    assert csp.startswith("default-src 'none'; ")
    assert "unsafe" not in csp
    assert "frame-ancestors 'none'" in csp
    assert not reply.all("set-cookie")


async def test_head_is_the_same_without_a_body(browser):
    for path in ("/", "/state", f"/assets/{assets()['cg.js'].file}", ""):
        full, head = await browser.ask("GET", path), await browser.ask("HEAD", path)
        assert head.status == full.status
        assert head.headers == full.headers
        assert head.body == b""


async def test_the_bare_prefix_leads_to_the_page(browser):
    reply = await browser.ask("GET", "")
    assert reply.status == 307
    assert reply.get("location") == "/privacy-choices/"


@pytest.mark.parametrize(
    "path", ["/nothing", "/assets/", "/assets/cg.js", "/assets/cg.0000000000.js", "x", "/state/"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "BREW"])
async def test_nothing_else_is_there(browser, path, method):
    reply = await browser.ask(method, path)
    assert reply.status == 404
    assert "There is no such page" in reply.text
    assert reply.get("cache-control") == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/", "GET, HEAD, POST"),
        ("DELETE", "/", "GET, HEAD, POST"),
        ("OPTIONS", "/", "GET, HEAD, POST"),
        ("POST", "", "GET, HEAD"),
        ("POST", "/state", "GET, HEAD"),
        ("GET", "/erase", "POST"),
        ("HEAD", "/erase", "POST"),
    ],
)
async def test_methods(browser, method, path, allow):
    reply = await browser.ask(method, path)
    assert reply.status == 405
    assert reply.get("allow") == allow
    assert not reply.all("set-cookie")
    reply = await browser.ask(method, path, headers={"accept": "application/json"})
    assert reply.status == 405
    assert reply.get("allow") == allow
    if method != "HEAD":
        assert json.loads(reply.body) == {"error": f"allowed here: {allow}"}


async def test_methods_of_assets(browser):
    reply = await browser.ask("POST", f"/assets/{assets()['cg.css'].file}")
    assert (reply.status, reply.get("allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("name", ["cg.css", "cg-link.css", "settings.css", "cg.js"])
async def test_assets_never_change(browser, name):
    asset = assets()[name]
    reply = await browser.ask("GET", f"/assets/{asset.file}")
    assert reply.status == 200
    assert reply.body == asset.body
    assert reply.get("content-type") == asset.media_type
    assert reply.get("cache-control") == "public, max-age=31536000, immutable"
    assert reply.get("x-content-type-options") == "nosniff"
    assert reply.get("vary") == "Accept-Encoding"
    assert not reply.all("content-encoding")


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, GZIP ; q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; Q = 0.000", False),
        ("gzip;q=0.01", True),
        ("br, deflate", False),
        ("x-gzip", False),
        ("", False),
    ],
)
async def test_assets_are_packed_for_those_who_can_unpack(browser, accepted, packed):
    asset = assets()["cg.css"]
    reply = await browser.ask("GET", f"/assets/{asset.file}", headers={"accept-encoding": accepted})
    assert reply.all("content-encoding") == (["gzip"] if packed else [])
    assert reply.body == (asset.gzipped if packed else asset.body)
    assert reply.get("content-length") == str(len(reply.body))


async def test_the_state_before_and_after(browser):
    before = await browser.ask("GET", "/state")
    assert before.get("content-type") == "application/json"
    assert before.get("cache-control") == "no-store"
    optional = dict.fromkeys(["preferences", "analytics", "marketing", *MEANS], False)
    assert json.loads(before.body) == {
        "answered": False,
        "given_at": None,
        "grants": {"necessary": True, **optional},
        "services": {},
        "signals": {"gpc": False},
    }
    body = json.dumps({"action": "save", "choices": {"analytics": True, "service:films": False}})
    reply = await browser.ask("POST", "/", headers=JSON, body=body.encode())
    assert reply.status == 200
    browser.take(reply)
    after = await browser.ask("GET", "/state")
    assert after.body == reply.body
    assert json.loads(after.body) == {
        "answered": True,
        "given_at": 1_795_356_420,
        "grants": {"necessary": True, **optional, "analytics": True},
        "services": {"films": False},
        "signals": {"gpc": False},
    }


async def test_accept_all_without_javascript(browser):
    reply = await browser.post("action=accept-all", referer="https://shop.example/tea?pot=1")
    assert reply.status == 303
    assert reply.get("location") == "/tea?pot=1"
    assert reply.get("cache-control") == "no-store"
    (cookie,) = reply.all("set-cookie")
    assert cookie.startswith("__Host-cg=")
    assert cookie.endswith("; Max-Age=15552000; Path=/; HttpOnly; SameSite=Lax; Secure")
    state = browser.take(reply)
    assert set(state.choices.values()) == {Choice.GRANTED}
    assert state.subject == "s" * 22
    assert state.given_at == 1_795_356_420


async def test_reject_all_deletes_what_the_refused_left(browser):
    browser.take(await browser.post("action=accept-all"))
    reply = await browser.post("action=reject-all", cookie="_v_1=a; _ad=b; basket=c; unknown=d")
    assert reply.get("location") == "/privacy-choices/"
    ours, *deleted = reply.all("set-cookie")
    assert ours.startswith("__Host-cg=")
    assert {line.partition("=")[0] for line in deleted} == {"_v_1", "_ad"}
    assert all("Max-Age=0" in line for line in deleted)
    assert any("Domain=shop.example" in line for line in deleted)
    assert set(browser.take(reply).choices.values()) == {Choice.DENIED}


async def test_only_what_is_refused_now_is_deleted(browser):
    reply = await browser.post("action=save&analytics=on&service:visits=on", cookie="_v_1=a; _ad=b")
    assert {line.partition("=")[0] for line in reply.all("set-cookie")} == {"__Host-cg", "_ad"}


async def test_a_form_says_everything_and_json_only_what_changes(browser):
    browser.take(await browser.post("action=save&preferences=on&analytics=on&service:visits=on"))
    assert browser.visit.profile.grants["preferences"]
    assert browser.visit.profile.exceptions == {"films": False}
    body = b'{"action": "save", "choices": {"beacons": true}}'
    browser.take(await browser.ask("POST", "/", headers=JSON, body=body))
    assert browser.visit.profile.grants["preferences"]
    assert browser.visit.profile.grants["beacons"]
    browser.take(await browser.post("action=save&beacons=on"))
    assert browser.visit.profile.grants == {
        "necessary": True,
        **dict.fromkeys(["preferences", "analytics", "marketing", "mail_opens", "mail_clicks"], False),
        "beacons": True,
    }


async def test_accept_all_leaves_refused_what_the_signal_refuses(browser, visit_of, shop):
    browser.visit = visit_of(shop, gpc=True)
    reply = await browser.ask("POST", "/", headers=JSON, body=b'{"action": "accept-all"}')
    state = json.loads(reply.body)
    assert state["signals"] == {"gpc": True}
    assert state["grants"]["marketing"] is False
    assert state["grants"]["analytics"] is True
    browser.take(reply)
    browser.take(await browser.post("action=save&marketing=on"))
    assert browser.visit.state.choices["marketing"] is Choice.INSISTED


async def test_a_form_may_ask_for_json(browser):
    reply = await browser.post("action=reject-all", accept="application/json")
    assert reply.status == 200
    assert json.loads(reply.body)["answered"] is True


async def test_the_answer_is_what_the_cookie_can_hold(browser_of, shop):
    # 300 exceptions do not fit into one cookie: what does not fit is refused, and the answer says so at once.
    many = tuple(replace(shop.declared[2], id=f"film-{n}", purpose="analytics") for n in range(300))
    browser = browser_of(Policy(declared=many, index=Index(())))
    choices = {f"service:film-{n}": False for n in range(0, 300, 2)}
    body = json.dumps({"action": "save", "choices": {"analytics": True, **choices}}).encode()
    reply = await browser.ask("POST", "/", headers=JSON, body=body)
    browser.take(reply)
    said = json.loads(reply.body)
    assert said["grants"] == browser.visit.profile.grants
    assert said["services"] == browser.visit.profile.exceptions
    assert said["grants"]["analytics"] is False
    assert len(reply.all("set-cookie")[0].partition(";")[0]) < 512


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://other.example"},
        {"origin": "null"},
        {"origin": "https://shop.example", "sec-fetch-site": "cross-site"},
        {"referer": "https://other.example/"},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/", "/erase"])
@pytest.mark.parametrize("kind", [FORM, "application/json", "text/plain"])
async def test_a_post_from_elsewhere_is_refused(browser, headers, path, kind):
    sent = {"content-type": kind, "cookie": "_v_1=a", **headers}
    reply = await browser.ask("POST", path, headers=sent, body=b"action=accept-all")
    assert reply.status == 403
    assert not reply.all("set-cookie")
    assert not reply.all("location")
    if kind == "application/json":
        assert "comes from this site" in json.loads(reply.body)["error"]
    else:
        assert "This came from another site" in reply.text


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "none"}, {"origin": "https://shop.example"}, {"origin": "https://shop.example:443"}],
)
async def test_a_post_from_here_is_taken(browser, headers):
    reply = await browser.ask(
        "POST", "/", headers={"content-type": FORM, **headers}, body=b"action=reject-all"
    )
    assert reply.status == 303


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (OWN, b"action=dance", 400),
        (OWN, b"", 400),
        (JSON, b"{", 400),
        (JSON, b'{"action": "save", "choices": {"a": "b"}}', 400),
        ({**OWN, "content-type": "text/plain"}, b"action=save", 415),
        (OWN, b"x" * 65_537, 413),
        ({**JSON, "content-length": "70000"}, b"{}", 413),
    ],
)
async def test_what_cannot_be_understood_changes_nothing(browser, headers, body, status):
    reply = await browser.ask("POST", "/", headers=headers, body=body)
    assert reply.status == status
    assert not reply.all("set-cookie")
    if headers["content-type"] == "application/json":
        assert json.loads(reply.body)["error"]
    else:
        assert "Open the privacy choices" in reply.text


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (JSON, b"{", 400),
        ({**OWN, "content-type": "text/plain"}, b"everything=1", 415),
        (OWN, b"x" * 65_537, 413),
    ],
)
async def test_an_erasure_that_cannot_be_understood_erases_nothing(browser, headers, body, status):
    reply = await browser.ask("POST", "/erase", headers=headers, body=body)
    assert reply.status == status
    assert not reply.all("set-cookie")


async def test_a_client_that_goes_away_gets_nothing(browser):
    for path in ("/", "/erase"):
        reply = await browser.ask("POST", path, headers=OWN, body=[])
        assert reply.status == 0


async def test_erase(browser):
    browser.take(await browser.post("action=accept-all"))
    reply = await browser.post("analytics=on", to="/erase", cookie="_v_1=a; _v_2=b; basket=c")
    assert reply.status == 200
    assert "Erased: your choice and 2 tracking cookies." in reply.text
    ours, *deleted = reply.all("set-cookie")
    assert ours.startswith("__Host-cg=; Max-Age=0; Path=/")
    assert {line.partition("=")[0] for line in deleted} == {"_v_1", "_v_2"}
    assert not reply.all("clear-site-data")
    assert browser.take(reply) is None


async def test_erase_where_nothing_was_left(browser):
    reply = await browser.post("", to="/erase")
    assert "Erased: your choice. We will have to ask you again." in reply.text


async def test_erase_everything(browser):
    reply = await browser.post("everything=1", to="/erase")
    assert reply.get("clear-site-data") == '"cookies", "storage"'
    reply = await browser.ask("POST", "/erase", headers=JSON, body=b'{"everything": true}')
    assert reply.get("clear-site-data") == '"cookies", "storage"'
    assert json.loads(reply.body)["answered"] is False
    reply = await browser.ask("POST", "/erase", headers=JSON)
    assert reply.status == 200
    assert not reply.all("clear-site-data")


async def test_over_plain_http_the_cookie_has_its_plain_name(browser, visit_of, shop):
    browser.visit = visit_of(shop, scheme="http", host="localhost:8000")
    headers = {"content-type": FORM, "origin": "http://localhost:8000", "referer": "http://localhost:8000/a"}
    reply = await browser.ask("POST", "/", headers=headers, body=b"action=accept-all")
    assert reply.get("location") == "/a"
    assert reply.get("set-cookie").startswith("cg=")
    assert "Secure" not in reply.get("set-cookie")


@pytest.mark.parametrize("prefix", ["/privacy-choices", "/app/privacy-choices"])
async def test_below_a_mounting_application(browser, visit_of, shop, prefix):
    browser.visit = visit_of(shop, root_path="/app")
    reply = await browser.ask("GET", "/", prefix=prefix)
    assert reply.status == 200
    assert 'action="/app/privacy-choices/"' in reply.text
    reply = await browser.ask("POST", "/", prefix=prefix, headers=OWN, body=b"action=reject-all")
    assert reply.get("location") == "/app/privacy-choices/"
    assert (await browser.ask("GET", "/state", prefix=prefix)).status == 200


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("de", "ltr"), ("ar", "rtl")])
async def test_errors_speak_the_visitors_language(browser, visit_of, shop, language, direction):
    browser.visit = visit_of(shop, language=language)
    reply = await browser.ask("GET", "/nothing")
    assert f'<html lang="{language}" dir="{direction}">' in reply.text


async def test_a_policy_may_offer_fewer_languages(browser_of, visit_of, shop):
    policy = Policy(site=replace(shop.site, languages=("de",)), index=Index(()))
    browser = browser_of(policy)
    browser.visit = visit_of(policy, language="ar")
    assert '<html lang="de"' in (await browser.ask("GET", "/")).text


BUCKET = "cg-b=answered; Max-Age=15552000; Path=/; HttpOnly; SameSite=Lax; Secure"
NO_BUCKET = "cg-b=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"


@pytest.mark.parametrize("action", ["accept-all", "reject-all"])
async def test_an_answer_sets_the_bucket_and_an_erasure_takes_it_away(browser_of, shop, action):
    browser = browser_of(replace(shop, cache=Cache.BUCKET))
    reply = await browser.post(f"action={action}")
    assert reply.all("set-cookie")[1] == BUCKET
    browser.take(reply)
    assert (await browser.post("", to="/erase")).all("set-cookie")[1] == NO_BUCKET


async def test_the_state_mends_a_bucket_that_is_wrong(browser_of, shop):
    browser = browser_of(replace(shop, cache=Cache.BUCKET))
    bucket = {"cookie": "a=1; cg-b=answered"}
    assert (await browser.ask("GET", "/state")).all("set-cookie") == []
    assert (await browser.ask("GET", "/state", headers=bucket)).all("set-cookie") == [NO_BUCKET]
    browser.take(await browser.post("action=reject-all"))
    assert (await browser.ask("GET", "/state", headers=bucket)).all("set-cookie") == []
    assert (await browser.ask("GET", "/state")).all("set-cookie") == [BUCKET]


@pytest.mark.parametrize("cache", [Cache.PRIVATE, Cache.SHARED])
async def test_without_buckets_none_is_set(browser_of, shop, cache):
    browser = browser_of(replace(shop, cache=cache))
    reply = await browser.post("action=accept-all")
    assert not [line for line in reply.all("set-cookie") if line.startswith("cg-b")]
    browser.take(reply)
    assert not (await browser.ask("GET", "/state")).all("set-cookie")
    erased = await browser.post("", to="/erase", cookie="cg-b=answered")
    assert not [line for line in erased.all("set-cookie") if line.startswith("cg-b")]


async def test_numbers_of_visitors_are_random(shop):
    from cookiegate.consent.cookie import ConsentCookie
    from cookiegate.pages.app import Pages

    pages = Pages(shop, ConsentCookie("k" * 32, shop))
    first, second = pages._new_id(), pages._new_id()
    assert len(first) == len(second) == 22
    assert first != second
