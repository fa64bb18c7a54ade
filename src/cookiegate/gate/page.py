"""One page through the gate: bytes in, bytes out, and what was found on the way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cookiegate.consent.decide import Decision, Reason, granted_profile
from cookiegate.gate.candidates import Candidate, Reference
from cookiegate.gate.classify import Classifier
from cookiegate.gate.css import held_prefix
from cookiegate.gate.findings import Finding, Kind
from cookiegate.gate.html.attrs import decode_text
from cookiegate.gate.html.edits import Insertion, insert
from cookiegate.gate.html.scanner import Scanner, Tag
from cookiegate.gate.known import Form
from cookiegate.gate.mapped import escaped
from cookiegate.gate.recoder import Recoder
from cookiegate.policy.model import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cookiegate.consent.decide import Profile
    from cookiegate.gate.known import Made
    from cookiegate.gate.mapped import Escape

    Snippet = Callable[[bytes, int, bool, str], bytes]
    """Given the page, where its body begins in it, whether what is relative leads to another site, and the
    language that the page says it is in."""

HTML = "text/html"
XHTML = "application/xhtml+xml"
_TOO_LONG = Decision(False, Reason.TOO_LONG)
_NOT_NAMED = Decision(False, Reason.NOT_NAMED)
_SHAPE = Decision(False, Reason.SHAPE)
_RENAMED = b"data-cg-"
_prefix = lru_cache(maxsize=1024)(held_prefix)


class Enforcer:
    """Decides about candidates for one profile: what is inserted to hold them, and what is reported.

    recoder: the page's; the offsets of candidates are of what it gives to read.
    """

    def __init__(self, profile: Profile, recoder: Recoder | None = None) -> None:
        self._place = recoder.place if recoder else _same
        self.findings: list[Finding] = []
        self.insertions: list[Insertion] = []
        self._profile = profile

    def take(self, candidate: Candidate) -> None:
        """Decide about one candidate, and about those in the document that it holds."""
        references = candidate.references
        if candidate.blocked:
            kind = Kind.INLINE if candidate.script else Kind.LINK
            references += (Reference(kind=kind, code=candidate.script, unread=True),)
        decided = []
        for reference in references:
            if reference.unread and not self._profile.denies_anything:
                continue
            decision = self._decision(reference)
            self._report(candidate, reference, decision)
            decided.append((reference, decision.allowed))
        # Code of several services runs as one: it waits for all of them.
        inert = any(reference.code and not allowed for reference, allowed in decided)
        held = [reference for reference, allowed in decided if not allowed or (inert and reference.code)]
        if held:
            self._hold(candidate, held, inert=inert)
        for inner in candidate.inner:
            self.take(inner)

    def again(self, offset: int, made: Made) -> None:
        """Decide about a candidate that may be known; its offsets count from ``offset``."""
        form = made.form(self._profile.key)
        if form is None:
            once = Enforcer(self._profile)
            once.take(made.candidate)
            form = Form(tuple(once.findings), tuple(once.insertions))
            made.keep(self._profile.key, form)
        for finding in form.findings:
            self.findings.append(finding.at(self._place(offset + finding.offset)))
        for place, text in form.insertions:
            self.insertions.append(Insertion(offset + place, text))

    def _decision(self, reference: Reference) -> Decision:
        if reference.unread:
            return _TOO_LONG
        if reference.service:
            decision = self._profile.decide(
                reference.service, beacon=reference.beacon, purpose=reference.purpose
            )
        elif reference.purpose is not None:
            decision = self._profile.decide_purpose(reference.purpose, beacon=reference.beacon)
        else:
            decision = self._profile.decide_unknown(beacon=reference.beacon)
        if decision.allowed:
            return decision
        return _NOT_NAMED if reference.claimed else _SHAPE if reference.shape else decision

    def _purpose(self, reference: Reference) -> str | None:
        if reference.service:
            return self._profile.purpose_of(reference.service, reference.purpose)
        return reference.purpose

    def _asked(self, reference: Reference) -> str | None:
        """The purpose whose grant sets it free."""
        if reference.unknown:
            return self._profile.purpose_of_unknown(beacon=reference.beacon)
        return self._purpose(reference)

    def _report(self, candidate: Candidate, reference: Reference, decision: Decision) -> None:
        self.findings.append(
            Finding(
                service=reference.service.id if reference.service else None,
                purpose=self._purpose(reference),
                kind=reference.kind,
                url=reference.url,
                offset=self._place(candidate.offset),
                allowed=decision.allowed,
                reason=decision.reason,
                rule=reference.rule,
            )
        )

    def _hold(self, candidate: Candidate, held: list[Reference], *, inert: bool) -> None:
        through = candidate.through
        marked = [reference for reference in held if not reference.addresses]
        if marked:
            marks = _marks(*self._words(marked), candidate.blocked, inert=inert, bare=candidate.disputed)
            self._insert(candidate.insert_at, marks, through)
            names = [name for reference in marked for name in reference.names]
            if inert:
                names += candidate.types
            for name in dict.fromkeys(names):
                self._insert(name, _RENAMED, through)
        for reference in held:
            for address in reference.addresses:
                services, purposes = map(" ".join, self._words([reference]))
                prefix = _prefix(services, purposes)
                self._insert(address, prefix, (*reference.through, *through))

    def _words(self, held: list[Reference]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The services, and in the same order their purposes; a web beacon has one word more."""
        words = {
            (
                reference.service.id if reference.service else "unknown",
                self._asked(reference) or "unknown",
            ): 0
            for reference in held
        }
        services, purposes = zip(*words, strict=True)
        beacon = any(reference.beacon for reference in held)
        return services, (*purposes, "beacons") if beacon else purposes

    def _insert(self, offset: int, text: bytes, through: tuple[Escape, ...]) -> None:
        self.insertions.append(Insertion(offset, escaped(text, through) if through else text))


def _same(offset: int) -> int:
    return offset


@lru_cache(maxsize=1024)
def _marks(
    services: tuple[str, ...],
    purposes: tuple[str, ...],
    blocked: tuple[bytes, ...],
    *,
    inert: bool,
    bare: bool,
) -> bytes:
    """The attributes that hold a tag, and say whose it is. inert: what it holds must not run.

    bare: without quotes, which might end what some browser reads.
    """
    attributes: list[tuple[str, tuple[str, ...]]] = [("type", ("text/plain",))] if inert else []
    attributes += [(name.decode(), ()) for name in blocked]
    attributes += [("data-cg-service", services), ("data-cg-purpose", purposes)]
    if bare:
        # The last value ends in a space, or a slash behind it would become a part of it.
        parts = [f" {name}={'&#32;'.join(words)}" if words else f" {name}" for name, words in attributes]
        return ("".join(parts) + " ").encode()
    return "".join(f' {name}="{" ".join(words)}"' for name, words in attributes).encode()


class PageGate:
    """Gates one page for one profile, in pieces of any size.

    url: the page's own address. xml: it is XHTML, whose elements a slash closes.
    recoder: reads its bytes; None: they are read as they are.
    snippet: asked once for the bytes to put directly behind the body's start tag, and given what has come of
    the page behind it. guard: the bytes to put directly behind the head's.
    """

    def __init__(
        self,
        policy: Policy,
        profile: Profile,
        *,
        url: str,
        xml: bool = False,
        recoder: Recoder | None = None,
        snippet: Snippet | None = None,
        guard: bytes = b"",
    ) -> None:
        self._recoder = recoder
        self._enforcer = Enforcer(profile, recoder)
        self._classifier = Classifier(policy, url)
        self._snippet = snippet
        self._guard = guard
        self._scanner = Scanner(self, xml=xml, memory=self)
        self.known = self._classifier.known
        self.judge = self._classifier.judge
        self.again = self._enforcer.again

    @property
    def findings(self) -> list[Finding]:
        """What was found so far, in the page's order."""
        return self._enforcer.findings

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the page; give those that may leave."""
        return self._release(*self._scanner.feed(self._recoder.feed(data) if self._recoder else data))

    def whole(self, data: bytes) -> bytes:
        """Take a page that has come whole, and give it."""
        read = self._recoder.feed(data, final=True) if self._recoder else data
        return self._release(*self._scanner.feed(read, final=True))

    def close(self) -> bytes:
        """Give the rest of the page."""
        rest = self._recoder.feed(b"", final=True) if self._recoder else b""
        return self._release(*self._scanner.feed(rest, final=True))

    def _release(self, offset: int, data: bytes) -> bytes:
        # Of a tag that not every browser sees the rest may still be held back.
        end, every = offset + len(data), self._enforcer.insertions
        insertions = [insertion for insertion in every if insertion.offset <= end]
        self._enforcer.insertions = [insertion for insertion in every if insertion.offset > end]
        return (self._recoder.insert if self._recoder else insert)(data, offset, insertions)

    # --- what the scanner tells

    def tag(self, tag: Tag) -> None:
        """Decide about a tag with loading attributes."""
        if candidate := self._classifier.tag(tag):
            self._enforcer.take(candidate)
        if not self._classifier.steady:
            self._scanner.memory = None

    def script(self, tag: Tag, code: bytes | None) -> None:
        """Decide about an inline script."""
        if candidate := self._classifier.script(tag, code):
            self._enforcer.take(candidate)

    def head(self, offset: int) -> None:
        """Put the guard where the head begins."""
        if self._guard:
            self._enforcer.insertions.append(Insertion(offset, self._guard))

    def body(self, offset: int) -> None:
        """Put the snippet where the body begins."""
        if self._snippet is None:
            return
        rebased, language = self._classifier.rebased, language_said(self._scanner)
        text = self._snippet(self._scanner.pending, 0, rebased, language)
        if text:
            self._enforcer.insertions.append(Insertion(offset, text))


def language_said(scanner: Scanner) -> str:
    """Return the language that the page's html tag names, as it is written there; else an empty text."""
    return decode_text((scanner.language or b"").decode("latin-1")).strip()


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
    kind = "".join(content_type.replace(";", " ").split(None, 1)[:1]).lower()
    if kind not in (HTML, XHTML):
        return GatedPage(html, ())
    recoder = Recoder(content_type.encode("latin-1", "replace"), xml=kind == XHTML)
    gate = PageGate(policy, profile, url=url, xml=kind == XHTML, recoder=recoder)
    return GatedPage(gate.whole(html), tuple(gate.findings))
