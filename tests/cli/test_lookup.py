from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("what", "service", "kind"),
    [
        ("https://www.google-analytics.com/analytics.js", "google-analytics", "url"),
        ("//www.google-analytics.com/analytics.js", "google-analytics", "url"),
        ("www.google-analytics.com/analytics.js", "google-analytics", "url"),
        ("www.google-analytics.com", "google-analytics", "url"),
        ("HTTPS:\\\\WWW.Google-Analytics.com\\collect", "google-analytics", "url"),
        ("_ga", "google-analytics", "cookie"),
        ("_ga_ABC123", "google-analytics", "cookie"),
        ("_pk_id.1.1fff", "matomo", "cookie"),
    ],
)
def test_known(run, what, service, kind):
    ran = run("lookup", what, "--format", "json")
    found = json.loads(ran.out)
    assert ran.status == 0
    assert (found["known"], found["service"], found["kind"], found["query"]) == (True, service, kind, what)
    assert found["purpose"] == "analytics"
    assert found["rule"]
    assert found["vendor"]
    assert len(found["country"]) == 2
    assert found["privacy_policy"].startswith("https://")


def test_known_in_words(run):
    ran = run("lookup", "_ga")
    lines = ran.out.decode().splitlines()
    assert lines[0] == "google-analytics: Google Analytics"
    assert [line[:17].strip() for line in lines[1:]] == [
        "vendor",
        "country",
        "purpose",
        "rule",
        "lifetime",
        "holds",
        "privacy policy",
    ]
    assert lines[4].endswith("cookie _ga")
    assert lines[5].endswith("2 years")
    assert lines[6].endswith("visitor")


def test_a_shape_is_named_as_one(run):
    what = "https://metrics.shop.example/gtag/js?id=G-ABC123"
    assert b"  rule            shape /*/gtag/js?id=G-\n" in run("lookup", what).out
    found = json.loads(run("lookup", what, "--format", "json").out)
    assert (found["service"], found["shape"], found["rule"]) == (
        "google-analytics",
        True,
        "/*/gtag/js?id=G-",
    )
    assert "lifetime" not in found
    own = json.loads(run("lookup", "/proxy/matomo.php?idsite=1", "--format", "json").out)
    assert (own["service"], own["shape"]) == ("matomo", True)


def test_a_host_of_the_tail(run):
    ran = run("lookup", "https://cdn.connectad.io/x.js")
    assert ran.status == 0
    assert ran.out.decode().splitlines()[0] == "connectad: ConnectAd"
    assert b"rule            url connectad.io" in ran.out


@pytest.mark.parametrize(
    ("cookie", "lifetime"), [("_hjSession_1", "30 minutes"), ("__utmt", "10 minutes"), ("__utmc", "session")]
)
def test_how_long_a_cookie_is_kept(run, cookie, lifetime):
    assert json.loads(run("lookup", cookie, "--format", "json").out)["lifetime"] == lifetime


def test_filter_lists_count_last(run, tmp_path):
    (tmp_path / "some.txt").write_text("! list\n||stranger.example^$image\n||clarity.ms^\n", "utf-8")
    policy = tmp_path / "lists.toml"
    policy.write_text('[catalog]\nlists = ["some.txt"]\n', "utf-8")
    ran = run("lookup", "https://cdn.stranger.example/a.gif", "--policy", str(policy))
    assert ran.status == 0
    assert ran.out.decode().splitlines() == [
        "https://cdn.stranger.example/a.gif: blocked by a filter list",
        "  purpose         marketing",
        "  rule            ||stranger.example^$image",
        "  list            some.txt",
        "  line            2",
    ]
    found = json.loads(run("lookup", "stranger.example", "--policy", str(policy), "--format", "json").out)
    assert (found["known"], found["service"], found["list"], found["line"]) == (True, None, "some.txt", 2)
    known = json.loads(run("lookup", "www.clarity.ms", "--policy", str(policy), "--format", "json").out)
    assert known["service"] == "microsoft-clarity"
    for what in ("other.example", "basket", "mailto:a@stranger.example"):
        assert run("lookup", what, "--policy", str(policy)).status == 1


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("https://site.example/about", "url"),
        ("site.example", "url"),
        ("/about", "url"),
        ("basket", "cookie"),
        ("mailto:someone@site.example", "url"),
        ("", "cookie"),
    ],
)
def test_not_known(run, what, kind):
    ran = run("lookup", what, "--format", "json")
    assert ran.status == 1
    assert json.loads(ran.out) == {"query": what, "kind": kind, "known": False}
    assert run("lookup", what).out == f"{what}: not known\n".encode()


def test_the_policy_counts(run, policy_file):
    assert run("lookup", "chat.example.net").status == 1
    ran = run("lookup", "https://chat.example.net/chat.js", "--policy", str(policy_file))
    assert ran.status == 0
    assert b"our-chat: Our chat" in ran.out
    assert b"preferences" in ran.out


def test_a_policy_that_is_not_there(run, tmp_path):
    ran = run("lookup", "_ga", "--policy", str(tmp_path / "none.toml"))
    assert (ran.status, ran.out) == (2, b"")
    assert b"none.toml" in ran.err
    assert ran.err.count(b"\n") == 1
