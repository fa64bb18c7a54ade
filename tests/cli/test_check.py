from __future__ import annotations

import json

import pytest

TRACKER = '[[services]]\nuse = "google-analytics"\npurpose = "necessary"\n'
RENAMED = """
[[services]]
id = "stats"
name = "Our statistics"
vendor = "Linden & Salt"
country = "DE"
privacy_policy = "https://shop.example/privacy"
purpose = "necessary"
{rule}
"""


def check(run, tmp_path, text, *options):
    path = tmp_path / "cookiegate.toml"
    path.write_text(text, encoding="utf-8")
    return run("check", str(path), *options)


def codes(ran):
    return [finding["code"] for finding in json.loads(ran.out)["findings"]]


def test_nothing_found(run, policy_file):
    ran = run("check", str(policy_file))
    assert (ran.status, ran.err) == (0, b"")
    assert ran.out.decode() == f"{policy_file}: nothing found (2 services declared)\n"


def test_nothing_found_as_json(run, policy_file):
    report = json.loads(run("check", str(policy_file), "--format", "json").out)
    assert report["findings"] == []
    assert report["services"] == ["google-analytics", "our-chat"]
    assert len(report["fingerprint"]) == 8


def test_an_empty_policy_is_fine(run, tmp_path):
    assert check(run, tmp_path, "").status == 0


def test_a_tracker_under_necessary(run, tmp_path):
    ran = check(run, tmp_path, TRACKER)
    assert ran.status == 1
    assert b"services[0].purpose" in ran.out
    assert b"[necessary-tracker]" in ran.out


@pytest.mark.parametrize(
    "rule",
    [
        """inline = ["ga ( 'create'"]""",
        'cookies = [{ name = "_ga", lifetime = "2 years", holds = "visitor" }]',
        'cookies = [{ name = "_ga_*", lifetime = "2 years", holds = "visitor" }]',
    ],
)
def test_a_tracker_under_another_name(run, tmp_path, rule):
    ran = check(run, tmp_path, RENAMED.format(rule=rule), "--format", "json")
    assert (ran.status, codes(ran)) == (1, ["necessary-tracker"])
    assert "Google Analytics for analytics" in json.loads(ran.out)["findings"][0]["message"]


@pytest.mark.parametrize(
    "rule",
    [
        'hosts = ["shop.example"]',
        'paths = ["/stats", "shop.example/stats"]',
        'cookies = [{ name = "basket", lifetime = "session", holds = "basket" }]',
    ],
)
def test_an_own_service_may_be_necessary(run, tmp_path, rule):
    assert check(run, tmp_path, RENAMED.format(rule=rule)).status == 0


def test_a_service_nobody_can_read_about(run, tmp_path):
    text = RENAMED.format(rule='hosts = ["shop.example"]').replace("privacy_policy", "# privacy_policy")
    ran = check(run, tmp_path, text, "--format", "json")
    assert (ran.status, codes(ran)) == (1, ["no-privacy-policy"])


def test_a_service_that_nothing_recognises(run, tmp_path):
    ran = check(run, tmp_path, RENAMED.format(rule=""), "--format", "json")
    assert (ran.status, codes(ran)) == (1, ["never-recognised"])


@pytest.mark.parametrize(
    "text", ['unknown = "perhaps"', "colection = 'on'", "not toml", '[[services]]\nuse = "gogle-analytics"']
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_invalid_policy_is_an_error(run, tmp_path, text, form):
    ran = check(run, tmp_path, text, "--format", form)
    assert (ran.status, ran.out) == (2, b"")
    assert b"cookiegate.toml" in ran.err
    assert ran.err.count(b"\n") == 1


def test_a_policy_that_is_not_there(run, tmp_path):
    ran = run("check", str(tmp_path / "none.toml"))
    assert (ran.status, ran.out) == (2, b"")
    assert ran.err.count(b"\n") == 1
