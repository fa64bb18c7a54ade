"""Plans: what a whole page refers to, found once and kept for everybody who gets the same bytes.

A plan holds offsets and services, no visitor and no page. A profile only picks from it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cookiegate.gate.classify import Classifier
from cookiegate.gate.html.edits import Insertion, insert
from cookiegate.gate.html.scanner import Scanner, Tag
from cookiegate.gate.known import Made
from cookiegate.gate.page import Enforcer, GatedPage

if TYPE_CHECKING:
    from cookiegate.consent.decide import Profile
    from cookiegate.gate.candidates import Candidate
    from cookiegate.gate.page import Snippet
    from cookiegate.gate.recoder import Recoder
    from cookiegate.policy.model import Policy

MOST_CANDIDATES = 20_000
"""Candidates in all kept plans together: some 10 MB at most."""


@dataclass(slots=True)
class Plan:
    """The candidates of one page in its order with their places, and where its body begins."""

    candidates: list[tuple[int, Made]] = field(default_factory=list)
    body_at: int | None = None


class _Planner:
    """Takes down what a scanner tells."""

    def __init__(self, policy: Policy, url: str, xml: bool) -> None:
        self.plan = Plan()
        self._classifier = Classifier(policy, url)
        self.scanner = Scanner(self, xml=xml, memory=self)
        self.known = self._classifier.known
        self.judge = self._classifier.judge

    def tag(self, tag: Tag) -> None:
        self._keep(self._classifier.tag(tag))
        if not self._classifier.steady:
            self.scanner.memory = None

    def script(self, tag: Tag, code: bytes | None) -> None:
        self._keep(self._classifier.script(tag, code))

    def body(self, offset: int) -> None:
        self.plan.body_at = offset

    def _keep(self, candidate: Candidate | None) -> None:
        if candidate:
            self.plan.candidates.append((0, Made(candidate)))

    def again(self, offset: int, made: Made) -> None:
        self.plan.candidates.append((offset, made))


class Plans:
    """Gates whole pages under one policy, and keeps the plans of the newest ones.

    Keyed by the SHA-256 of the page with its address, so that nobody can make one page pass for another.
    """

    def __init__(self, policy: Policy, *, most_candidates: int = MOST_CANDIDATES) -> None:
        self._policy = policy
        self._most = most_candidates
        self._kept: OrderedDict[bytes, Plan] = OrderedDict()
        self._size = 0

    def gate(
        self,
        page: bytes,
        profile: Profile,
        *,
        url: str,
        xml: bool = False,
        recoder: Recoder | None = None,
        snippet: Snippet | None = None,
    ) -> GatedPage:
        """Gate one whole page; the same bytes and findings as a PageGate gives."""
        if recoder:
            page = recoder.feed(page, final=True)
        plan = self._plan(page, url, xml)
        enforcer = Enforcer(profile, recoder)
        for offset, made in plan.candidates:
            enforcer.again(offset, made)
        if snippet and plan.body_at is not None:
            text = snippet(page[plan.body_at :])
            enforcer.insertions.append(Insertion(plan.body_at, text))
        body = (recoder.insert if recoder else insert)(page, 0, enforcer.insertions)
        return GatedPage(body, tuple(enforcer.findings))

    def _plan(self, page: bytes, url: str, xml: bool) -> Plan:
        digest = hashlib.sha256(f"{url}\0{xml}\0".encode("utf-8", "surrogatepass"))
        digest.update(page)
        key = digest.digest()
        plan = self._kept.get(key)
        if plan is not None:
            self._kept.move_to_end(key)
            return plan
        planner = _Planner(self._policy, url, xml)
        planner.scanner.feed(page, final=True)
        plan = planner.plan
        self._kept[key] = plan
        self._size += 1 + len(plan.candidates)
        while self._size > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._size -= 1 + len(oldest.candidates)
        return plan
