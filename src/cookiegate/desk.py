"""What all requests of one site share, and what is told about each response."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cookiegate.consent.cookie import ConsentCookie
    from cookiegate.consent.decide import Profile
    from cookiegate.gate.findings import Finding
    from cookiegate.gate.plan import Plans
    from cookiegate.gate.visit import Visit
    from cookiegate.pages.guard import Guards
    from cookiegate.pages.report import Violation
    from cookiegate.pages.snippet import Snippets
    from cookiegate.policy.model import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one response tried to load: for every page, and for what else has findings.

    path: of the request, with what a mounting application puts before it. status: as the visitor sees it.
    findings: those of headers first, then those of the page in its order.
    problem: why the body went out unread, or not at all; empty as a rule.
    """

    path: str
    status: int
    findings: tuple[Finding, ...]
    profile: Profile
    problem: str = ""


def new_subject() -> str:
    """Return 128 random bits as 22 characters of base64url."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where everything lies that the requests of one site are answered with.

    clock: Unix seconds. release: names our code, so that no page from before an update is revalidated.
    """

    policy: Policy
    cookie: ConsentCookie
    plans: Plans
    snippets: Snippets
    guards: Guards
    clock: Callable[[], float]
    new_id: Callable[[], str] = new_subject
    on_response: Callable[[Report], None] | None = None
    on_violation: Callable[[Violation], None] | None = None
    release: str = ""

    def variant(self, visit: Visit) -> str:
        """Name, in 12 hex digits, all by which this visitor's page differs from another visitor's."""
        ours = self.guards.render(visit) + self.snippets.render(visit)
        return _variant(self.release, visit.profile.key, ours)


@lru_cache(maxsize=1024)
def _variant(release: str, profile: str, snippet: bytes) -> str:
    return hashlib.sha256(f"{release}\0{profile}\0".encode() + snippet).hexdigest()[:12]
