"""``cookiegate declaration``."""

from __future__ import annotations

import json

import pytest


def test_html_and_json(run, policy_file):
    ran = run("declaration", str(policy_file))
    assert ran.status == 0
    assert ran.out.startswith(b'<div class="cg-declared" lang="en"')
    assert ran.out.endswith(b"</div>\n")
    assert b"Chat Example Ltd" in ran.out
    assert b'lang="de"' in run("declaration", str(policy_file), "--language", "de").out

    ran = run("declaration", str(policy_file), "--format", "json")
    purposes = {purpose["id"]: purpose["services"] for purpose in json.loads(ran.out)["purposes"]}
    assert [service["id"] for service in purposes["preferences"]] == ["our-chat"]
    assert purposes["necessary"][0]["cookies"][0]["name"] == "__Host-cg"


@pytest.mark.parametrize("argv", [("missing.toml",), ("--language", "xx", "a.toml")])
def test_errors(run, argv):
    ran = run("declaration", *argv)
    assert (ran.status, ran.out) == (2, b"")
    assert ran.err.count(b"\n") == 1
