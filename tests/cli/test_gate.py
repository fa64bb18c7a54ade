from __future__ import annotations

import json
import sys

import pytest

GA = b'<script src="https://www.google-analytics.com/analytics.js"></script>'
CLARITY = b'<script src="https://www.clarity.ms/tag/abc"></script>'


def test_an_innocent_page_is_the_same_bytes(run):
    page = b"\xef\xbb\xbf<!doctype html>\r\n<title>\xff\xfe</title><p>Hello\x00"
    ran = run("gate", stdin=page)
    assert (ran.status, ran.out, ran.err) == (0, page, b"")


def test_a_tracker_is_held_and_told(run):
    ran = run("gate", stdin=GA)
    assert ran.status == 1
    assert b'data-cg-src="https://www.google-analytics.com/analytics.js"' in ran.out
    (line,) = ran.err.decode().splitlines()
    assert line.split()[:3] == ["held", "google-analytics", "(analytics)"]
    assert "script at byte 0" in line
    assert line.endswith("https://www.google-analytics.com/analytics.js")


@pytest.mark.parametrize(
    "granted", [["analytics"], ["preferences,analytics"], ["google-analytics"], [",analytics,"]]
)
def test_granted_is_allowed_and_still_told(run, granted):
    ran = run("gate", "--granted", *granted, stdin=GA)
    assert (ran.status, ran.out) == (0, GA)
    assert ran.err.startswith(b"allowed")


def test_granted_may_be_repeated(run):
    ran = run("gate", "--granted", "google-analytics", "--granted", "microsoft-clarity", stdin=GA + CLARITY)
    assert (ran.status, ran.out) == (0, GA + CLARITY)


def test_an_id_that_does_not_exist(run):
    ran = run("gate", "--granted", "statistics", stdin=GA)
    assert (ran.status, ran.out) == (2, b"")
    assert b"statistics" in ran.err
    assert b"analytics" in ran.err
    assert ran.err.count(b"\n") == 1


def test_findings_as_json(run):
    ran = run("gate", "--format", "json", "--granted", "google-analytics", stdin=GA + CLARITY)
    assert ran.status == 1
    report = json.loads(ran.err)
    assert (report["held"], report["allowed"]) == (1, 1)
    assert report["findings"][1] == {
        "service": "microsoft-clarity",
        "purpose": "analytics",
        "kind": "script",
        "url": "https://www.clarity.ms/tag/abc",
        "offset": len(GA),
        "allowed": False,
        "reason": "purpose-denied",
        "rule": "clarity.ms",
    }


def test_findings_into_a_file(run, tmp_path):
    path = tmp_path / "findings.json"
    ran = run("gate", "--findings", str(path), "--format", "json", stdin=GA)
    assert (ran.status, ran.err) == (1, b"")
    assert json.loads(path.read_text())["held"] == 1


def test_the_policy_counts(run, policy_file):
    page = b'<script src="https://chat.example.net/chat.js"></script>'
    assert run("gate", stdin=page).status == 0
    ran = run("gate", "--policy", str(policy_file), stdin=page)
    assert ran.status == 1
    assert b"our-chat (preferences)" in ran.err
    assert run("gate", "--policy", str(policy_file), "--granted", "our-chat", stdin=page).out == page


def test_a_policy_that_is_wrong(run, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('unknown = "perhaps"\n')
    ran = run("gate", "--policy", str(path), stdin=GA)
    assert (ran.status, ran.out) == (2, b"")
    assert b"wrong.toml" in ran.err
    assert ran.err.count(b"\n") == 1


def test_the_address_and_the_type_count(run):
    page = b'<script src="analytics.js"></script>'
    assert run("gate", stdin=page).status == 0
    assert run("gate", "--url", "https://www.google-analytics.com/", stdin=page).status == 1
    ran = run("gate", "--content-type", "text/plain", stdin=GA)
    assert (ran.status, ran.out) == (0, GA)


def test_a_page_cannot_write_to_the_terminal(run):
    page = b'<script src="https://www.clarity.ms/tag/\x1b]0;hello\x07"></script>'
    ran = run("gate", stdin=page)
    assert b"\x1b" in ran.out
    assert b"\x1b" not in ran.err
    assert b"\\x1b" in ran.err


def test_no_standard_input(run, monkeypatch):
    monkeypatch.setattr("cookiegate.cli.gate.sys", type("Closed", (), {"stdin": None}))
    ran = run("gate")
    assert ran.status == 2
    assert b"there is none" in ran.err
    assert sys.stdin is not None
