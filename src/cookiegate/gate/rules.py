"""Speculation rules that come as a response of their own, which a page's header named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.gate.classify import Classifier
from cookiegate.gate.html.edits import Insertion
from cookiegate.gate.html.tags import read_tag
from cookiegate.gate.page import Enforcer, GatedPage
from cookiegate.gate.plan import inserted

if TYPE_CHECKING:
    from cookiegate.consent.decide import Profile
    from cookiegate.gate.steps import Steps
    from cookiegate.policy.model import Policy

_TAG = read_tag(b"<script type=speculationrules>")


def gate_rules(text: bytes, policy: Policy, profile: Profile, *, url: str) -> Steps[GatedPage]:
    """Hold what is not granted, as in rules in a page. url: their own, for what is relative to it."""
    candidate = Classifier(policy, url).script(_TAG, text)
    enforcer = Enforcer(profile)
    if candidate:
        enforcer.take(candidate)
    yield
    found = [finding.at(0) for finding in enforcer.findings]
    held = sorted(Insertion(offset - _TAG.end, added) for offset, added in enforcer.insertions)
    return GatedPage((yield from inserted(text, held)), tuple(found))
