"""Speculation rules in a response of their own: what is denied is disarmed, and JSON stays JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.consent.decide import granted_profile, profile_of
from cookiegate.gate.findings import Kind
from cookiegate.gate.page import GatedPage, gate_html
from cookiegate.gate.rules import gate_rules
from cookiegate.gate.steps import finished
from cookiegate.policy.model import Policy

URL = "https://www.shop.example/rules.json"
POLICY = Policy.from_dict(
    {"services": [{"name": "Counter", "purpose": "analytics", "hosts": ["counter.example"]}]}
)
NEW = profile_of(POLICY, None)
T = b"https://counter.example/x"
HELD = b"data:,cg:counter:analytics:"


def gated(text: bytes, granted: list[str] | None = None) -> GatedPage:
    profile = NEW if granted is None else granted_profile(POLICY, granted)
    return finished(gate_rules(text, POLICY, profile, url=URL))


@pytest.mark.parametrize(
    ("text", "held"),
    [
        (
            b'{"prefetch": [{"urls": ["/a", "%b"]}]}' % T,
            b'{"prefetch": [{"urls": ["/a", "%b%b"]}]}' % (HELD, T),
        ),
        (
            b'{"prerender": [{"urls": ["%b", "//counter.example/"]}]}' % T,
            b'{"prerender": [{"urls": ["%b%b", "%b//counter.example/"]}]}' % (HELD, T, HELD),
        ),
        (
            rb'{"urls": ["https:\/\/counter.example"]}',
            rb'{"urls": ["%bhttps:\/\/counter.example"]}' % HELD,
        ),
    ],
)
def test_what_is_denied_is_disarmed(text: bytes, held: bytes) -> None:
    page = gated(text)
    assert page.body == held
    assert {(f.service, f.kind, f.allowed, f.offset) for f in page.findings} == {
        ("counter", Kind.HINT, False, 0)
    }
    assert gated(held).body == held
    allowed = gated(text, ["analytics"])
    assert allowed.body is text
    assert all(finding.allowed for finding in allowed.findings)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'{"prefetch": [{"where": {"href_matches": "https://counter.example/*"}}]}',
        b'{"prefetch": [{"urls": ["/a"]}], "x": "https://counter.example/"}',
        b"</script><script src=https://counter.example/>",
    ],
)
def test_all_else_stays(text: bytes) -> None:
    assert gated(text) == GatedPage(text, ())


@given(st.lists(st.sampled_from(["/a", "https://counter.example/", "https://x.example/"]), max_size=5))
def test_the_same_as_in_a_page(urls: list[str]) -> None:
    text = json.dumps({"prefetch": [{"urls": urls}]}).encode()
    tag = b"<script type=speculationrules>"
    page = gate_html(tag + text + b"</script>", policy=POLICY, url=URL).body
    assert page == tag + gated(text).body + b"</script>"


@given(st.binary())
def test_any_bytes(text: bytes) -> None:
    gated(text)
    body = gated(b'{"urls":["' + T + b'"]}' + text).body
    assert body.replace(HELD, b"", 1).startswith(b'{"urls":["' + T)
