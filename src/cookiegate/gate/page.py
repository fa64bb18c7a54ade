"""One page through the gate: bytes in, bytes out, and what was found on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cookiegate.consent.decide import Decision, Reason, granted_profile
from cookiegate.gate.classify import Candidate, Classifier, Reference
from cookiegate.gate.findings import Finding, Kind
from cookiegate.gate.html.edits import Insertion, insert
from cookiegate.gate.html.scanner import Scanner, Tag
from cookiegate.policy.model import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cookiegate.consent.decide import Profile

    Snippet = Callable[[bytes, int, bool], bytes]
    """Given the page, where its body begins in it, and whether what is relative leads to another site."""

HTML = "text/html"
XHTML = "application/xhtml+xml"
_TOO_LONG = Decision(False, Reason.TOO_LONG)


class Enforcer:
    """Decides about candidates for one profile: what is inserted to hold them, and what is reported."""

    def __init__(self, profile: Profile) -> None:
        self.findings: list[Finding] = []
        self.insertions: list[Insertion] = []
        self._profile = profile

    def take(self, candidate: Candidate) -> None:
        """Decide about one candidate."""
        decided = [(reference, self._decision(reference)) for reference in candidate.references]
        for reference, decision in decided:
            self._report(candidate, reference, decision)
        held = [reference for reference, decision in decided if not decision.allowed]
        if candidate.blocked and self._profile.denies_anything:
            self._report(candidate, Reference(kind=Kind.INLINE if candidate.script else Kind.LINK), _TOO_LONG)
            self._hold(candidate, held, candidate.blocked)
        elif held:
            # Code of several services runs as one: it waits for all of them.
            self._hold(candidate, [r for r in candidate.references if candidate.script or r in held], ())

    def _decision(self, reference: Reference) -> Decision:
        if reference.service:
            return self._profile.decide(reference.service, beacon=reference.beacon, purpose=reference.purpose)
        if reference.purpose is not None:
            return self._profile.decide_purpose(reference.purpose, beacon=reference.beacon)
        return self._profile.decide_unknown()

    def _purpose(self, reference: Reference) -> str | None:
        if reference.service:
            return self._profile.purpose_of(reference.service, reference.purpose)
        return reference.purpose

    def _report(self, candidate: Candidate, reference: Reference, decision: Decision) -> None:
        self.findings.append(
            Finding(
                service=reference.service.id if reference.service else None,
                purpose=self._purpose(reference),
                kind=reference.kind,
                url=reference.url,
                offset=candidate.offset,
                allowed=decision.allowed,
                reason=decision.reason,
            )
        )

    def _hold(self, candidate: Candidate, held: list[Reference], blocked: tuple[bytes, ...]) -> None:
        add = self.insertions.append
        services = [r.service.id if r.service else "unknown" for r in held] or ["unknown"]
        purposes = [self._purpose(r) or "unknown" for r in held] or ["unknown"]
        if any(reference.beacon for reference in held):
            purposes.append("beacons")
        marks = [("type", ["text/plain"])] if candidate.script else []
        marks += [(name.decode(), []) for name in blocked]
        marks += [("data-cg-service", services), ("data-cg-purpose", purposes)]
        add(Insertion(candidate.insert_at, _written(marks, bare=candidate.disputed)))
        names = [name for reference in held for name in reference.names]
        for name in [*names, *candidate.types]:
            add(Insertion(name, b"data-cg-"))


def _written(attributes: list[tuple[str, list[str]]], *, bare: bool) -> bytes:
    """Attributes whose values are words. bare: without quotes, which might end what some browser reads."""
    if bare:
        # The last value ends in a space, or a slash behind it would become a part of it.
        parts = [f" {name}={'&#32;'.join(words)}" if words else f" {name}" for name, words in attributes]
        return ("".join(parts) + " ").encode()
    return "".join(f' {name}="{" ".join(words)}"' for name, words in attributes).encode()


class PageGate:
    """Gates one page for one profile, in pieces of any size.

    url: the page's own address. xml: it is XHTML, whose elements a slash closes.
    snippet: asked once for the bytes to put directly behind the body's start tag, and given what has come of
    the page behind it.
    """

    def __init__(
        self,
        policy: Policy,
        profile: Profile,
        *,
        url: str,
        xml: bool = False,
        snippet: Snippet | None = None,
    ) -> None:
        self._enforcer = Enforcer(profile)
        self._classifier = Classifier(policy, url)
        self._snippet = snippet
        self._scanner = Scanner(self, xml=xml, interest=self._classifier.interest)

    @property
    def findings(self) -> list[Finding]:
        """What was found so far, in the page's order."""
        return self._enforcer.findings

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the page; give those that may leave."""
        return self._release(*self._scanner.feed(data))

    def close(self) -> bytes:
        """Give the rest of the page."""
        return self._release(*self._scanner.feed(b"", final=True))

    def _release(self, offset: int, data: bytes) -> bytes:
        insertions = self._enforcer.insertions
        self._enforcer.insertions = []
        return insert(data, offset, insertions)

    # --- what the scanner tells

    def tag(self, tag: Tag) -> None:
        """Decide about a tag with loading attributes."""
        if candidate := self._classifier.tag(tag):
            self._enforcer.take(candidate)
        self._scanner.interest = self._classifier.interest

    def script(self, tag: Tag, code: bytes | None) -> None:
        """Decide about an inline script."""
        if candidate := self._classifier.script(tag, code):
            self._enforcer.take(candidate)

    def body(self, offset: int) -> None:
        """Put the snippet where the body begins."""
        text = self._snippet(self._scanner.pending, 0, self._classifier.rebased) if self._snippet else b""
        if text:
            self._enforcer.insertions.append(Insertion(offset, text))


@dataclass(frozen=True, slots=True)
class GatedPage:
    """A page after the gate: its bytes, and every candidate that was found in it."""

    body: bytes
    findings: tuple[Finding, ...]


def gate_html(
    html: bytes,
    *,
    granted: Iterable[str] = (),
    policy: Policy | None = None,
    url: str = "https://site.example/",
    content_type: str = "text/html; charset=utf-8",
) -> GatedPage:
    """Hold what was not granted in a page, and say what was found; nothing else is changed or inserted.

    granted: ids of purposes, means and services. url: the page's own address. A body that is not HTML comes
    back as it is. Raises ValueError for an id that neither the policy nor the catalogue knows.
    """
    policy = policy or Policy()
    profile = granted_profile(policy, granted)
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (HTML, XHTML):
        return GatedPage(html, ())
    gate = PageGate(policy, profile, url=url, xml=kind == XHTML)
    body = gate.feed(html) + gate.close()
    return GatedPage(body, tuple(gate.findings))
