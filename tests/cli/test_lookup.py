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
        "privacy policy",
    ]
    assert lines[4].endswith("cookie _ga")


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
