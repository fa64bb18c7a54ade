"""Plans: what a whole page refers to, found once and kept for everybody who gets the same bytes.

A plan holds offsets and services, no visitor and no page. A profile only picks from it, and what it picked is
kept with the plan.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

from cookiegate.gate.classify import Classifier
from cookiegate.gate.html.edits import Insertion
from cookiegate.gate.html.scanner import Scanner, Tag
from cookiegate.gate.known import Made
from cookiegate.gate.page import Enforcer, GatedPage, language_said
from cookiegate.gate.steps import SLICE, finished

if TYPE_CHECKING:
    from cookiegate.consent.decide import Profile
    from cookiegate.gate.candidates import Candidate
    from cookiegate.gate.findings import Finding
    from cookiegate.gate.page import Snippet
    from cookiegate.gate.recoder import Recoder
    from cookiegate.gate.steps import Steps
    from cookiegate.policy.model import Policy

MOST_WEIGHT = 20_000
"""Candidates, and what was decided about them, in all kept plans together: some 10 MB at most."""

_FIRST = b"""<!doctype html><title>-</title><script>load("https://a.example/")</script><style>p{background:url(//a.example)}
</style><img src=//a.example/><svg><path d=M0/></svg><noscript><img src=//a.example/></noscript>"""
_HASHED = 1024 * 1024
_DECIDED = 256
_JOINED = 8192
_TEXT = 256  # letters of addresses that weigh as much as a candidate
_OFFSET = itemgetter(0)


@dataclass(slots=True)
class Cut:
    """What a profile makes of a plan: the bytes that go in, in the page's order, and what is reported."""

    insertions: list[Insertion]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Plan:
    """The candidates of one page in order with their places, and where its head and body begin (None: it has
    none).

    rebased: what is relative in the page leads to another site. language: that its html tag names. cuts: by
    the key of their profile.
    """

    candidates: list[tuple[int, Made]] = field(default_factory=list)
    head_at: int | None = None
    body_at: int | None = None
    rebased: bool = False
    language: str = ""
    cuts: dict[str, Cut] = field(default_factory=dict)
    weight: int = 1


@lru_cache(maxsize=8)
def warm_up(policy: Policy) -> None:
    """Work out what every page needs, once for each policy, so that no visitor waits for it."""
    finished(read(_FIRST, policy, "https://b.example/"))


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
            self.plan.rebased = self._classifier.rebased

    def script(self, tag: Tag, code: bytes | None) -> None:
        self._keep(self._classifier.script(tag, code))

    def head(self, offset: int) -> None:
        self.plan.head_at = offset

    def body(self, offset: int) -> None:
        self.plan.body_at = offset
        self.plan.language = language_said(self.scanner)

    def _keep(self, candidate: Candidate | None) -> None:
        if candidate:
            self.again(0, Made(candidate))

    def again(self, offset: int, made: Made) -> None:
        self.plan.candidates.append((offset, made))
        self.plan.weight += 1 + sum(len(one.url) for one in made.candidate.references) // _TEXT


class Plans:
    """Gates whole pages under one policy, and keeps the plans of the newest ones.

    Keyed by the SHA-256 of the page with its address and the policy's fingerprint, which covers the
    catalogue, so that nobody can make one page pass for another.
    """

    def __init__(self, policy: Policy, *, most_weight: int = MOST_WEIGHT) -> None:
        self._policy = policy
        self._most = most_weight
        self._kept: OrderedDict[bytes, Plan] = OrderedDict()
        self._weight = 0

    def gate(
        self,
        page: bytes,
        profile: Profile,
        *,
        url: str,
        xml: bool = False,
        recoder: Recoder | None = None,
        snippet: Snippet | None = None,
        guard: bytes = b"",
    ) -> GatedPage:
        """Gate one whole page; the same bytes and findings as a PageGate gives."""
        return finished(
            self.steps(page, profile, url=url, xml=xml, recoder=recoder, snippet=snippet, guard=guard)
        )

    def steps(
        self,
        page: bytes,
        profile: Profile,
        *,
        url: str,
        xml: bool = False,
        recoder: Recoder | None = None,
        snippet: Snippet | None = None,
        guard: bytes = b"",
    ) -> Steps[GatedPage]:
        """Gate one whole page in steps of a few milliseconds each, so that others get their turn between.

        The same page may be gated by several at a time: each makes the plan, and the last one's is kept.
        """
        text = recoder.feed(page, final=True) if recoder else page
        if text == page:
            recoder = None
        plan, cut = yield from self.cut(text, profile, url=url, xml=xml)
        insertions, findings = cut.insertions, cut.findings
        if snippet and plan.body_at is not None:
            ours = snippet(text, plan.body_at, plan.rebased, plan.language)
            insertions = _with(insertions, Insertion(plan.body_at, ours))
        if guard and plan.head_at is not None:
            insertions = _with(insertions, Insertion(plan.head_at, guard), first=True)
        if recoder:
            findings = tuple([found.at(recoder.place(found.offset)) for found in findings])
            return GatedPage(recoder.insert(text, 0, insertions), findings)
        body = yield from inserted(page, insertions)
        return GatedPage(body, findings)

    def cut(self, page: bytes, profile: Profile, *, url: str, xml: bool = False) -> Steps[tuple[Plan, Cut]]:
        """Find what is held in one whole page, and where."""
        key = yield from _digest(page, f"{self._policy.fingerprint}\0{url}\0{xml}\0")
        plan = self._kept.get(key)
        if plan is None:
            plan = yield from read(page, self._policy, url, xml=xml)
            self._keep(key, plan)
        else:
            self._kept.move_to_end(key)
        cut = plan.cuts.get(profile.key)
        if cut is None:
            cut = yield from decide(plan, profile)
            self._remember(key, plan, profile, cut)
        return plan, cut

    def _keep(self, key: bytes, plan: Plan) -> None:
        self._drop(key)
        self._kept[key] = plan
        self._grow(plan.weight)

    def _remember(self, key: bytes, plan: Plan, profile: Profile, cut: Cut) -> None:
        weight = 1 + len(cut.insertions) + len(cut.findings)
        plan.cuts[profile.key] = cut
        plan.weight += weight
        if self._kept.get(key) is plan:
            self._grow(weight)

    def _grow(self, weight: int) -> None:
        self._weight += weight
        while self._weight > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: bytes) -> None:
        plan = self._kept.pop(key, None)
        if plan is not None:
            self._weight -= plan.weight


def _digest(page: bytes, facts: str) -> Steps[bytes]:
    digest = hashlib.sha256(facts.encode("utf-8", "surrogatepass"))
    view = memoryview(page)
    digest.update(view[:_HASHED])
    for at in range(_HASHED, len(page), _HASHED):
        yield
        digest.update(view[at : at + _HASHED])
    return digest.digest()


def read(page: bytes, policy: Policy, url: str, *, xml: bool = False) -> Steps[Plan]:
    """Find what a page refers to."""
    planner = _Planner(policy, url, xml)
    last = max(len(page) - 1, 0) // SLICE * SLICE
    for at in range(0, last, SLICE):
        planner.scanner.feed(page[at : at + SLICE])
        yield
    planner.scanner.feed(page[last:], final=True)
    return planner.plan


def decide(plan: Plan, profile: Profile) -> Steps[Cut]:
    """Find what of it this profile holds, and how."""
    enforcer = Enforcer(profile)
    once: dict[Insertion, None] = {}  # two readings of a page may hold one attribute
    last, in_order = 0, True
    for number, (offset, made) in enumerate(plan.candidates, 1):
        enforcer.again(offset, made)
        if number % _DECIDED == 0 or number == len(plan.candidates):
            some, enforcer.insertions = sorted(enforcer.insertions, key=_OFFSET), []
            once.update(dict.fromkeys(some))
            if some:
                in_order = in_order and last <= some[0].offset
                last = some[-1].offset
            yield
    return Cut(list(once) if in_order else sorted(once, key=_OFFSET), tuple(enforcer.findings))


def _with(insertions: list[Insertion], one: Insertion, *, first: bool = False) -> list[Insertion]:
    """Put one more among them; ``first``: before others at its place."""
    if not one.text:
        return insertions
    place = (bisect_left if first else bisect_right)(insertions, one.offset, key=_OFFSET)
    return [*insertions[:place], one, *insertions[place:]]


def inserted(page: bytes, insertions: list[Insertion]) -> Steps[bytes]:
    """Give the page with the insertions, which are in order; where they are few, it is copied only once."""
    if not insertions:
        return page
    view, done = memoryview(page), 0
    pieces: list[bytes] = []
    parts: list[bytes | memoryview] = []
    for offset, text in insertions:
        parts += (view[done:offset], text)
        done = offset
        if len(parts) >= _JOINED:
            pieces.append(b"".join(parts))
            parts.clear()
            yield
    return b"".join([*pieces, *parts, view[done:]])
