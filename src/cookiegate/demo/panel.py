"""The panel "What this page tried to load": the gate's own findings, decided anew for whoever asks."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from starlette.responses import HTMLResponse, Response

from cookiegate import consent_of
from cookiegate.catalog import parse_url
from cookiegate.gate.findings import Finding, Kind

if TYPE_CHECKING:
    from starlette.requests import Request

    from cookiegate import Policy
    from cookiegate.consent.decide import Decision, Profile
    from cookiegate.desk import Report

KEPT = 64
"""Pages whose newest findings are kept; the shop has fewer."""

KINDS = {
    Kind.SCRIPT: "script",
    Kind.INLINE: "inline code",
    Kind.BEACON: "web beacon",
    Kind.IMAGE: "image",
    Kind.FRAME: "embedded page",
    Kind.STYLE: "style sheet",
    Kind.HINT: "early connection",
    Kind.MEDIA: "sound or video",
    Kind.OBJECT: "plug-in",
    Kind.COOKIE: "cookie from this server",
    Kind.LINK: "link header",
    Kind.PING: "ping",
    Kind.REFRESH: "next page",
    Kind.BASE: "base address",
    Kind.REPORT: "report",
}

REASONS = {
    "necessary": "Always on: the shop cannot work without it.",
    "granted": "You agreed.",
    "not-asked": "You have not chosen yet.",
    "purpose-denied": "You refused this purpose.",
    "service-denied": "You switched this service off.",
    "beacons-denied": "Web beacons are off.",
    "signal": "Your browser sends Global Privacy Control.",
    "suspended": "The shop has stopped all tracking.",
    "unknown": "Nobody declared it.",
    "undeclared": "Nobody declared it.",
    "first-party": "It belongs to the shop.",
    "not-named": "The page calls it necessary, the shop's policy does not.",
    "shape": "Its address looks like a tracker's.",
    "too-long": "It was too long to be read, so it is held.",
}


@dataclass(slots=True)
class Row:
    """One line of the panel: a tracker, and what was decided about it for one reason."""

    name: str
    vendor: str
    purpose: str
    allowed: bool
    reason: str
    kinds: list[str] = field(default_factory=list)


class Sightings:
    """The newest findings of each page, and the view that shows them.

    It reads the same in an ``<iframe>`` and on its own, and needs no script: the document is small and is
    fetched again when the visitor has chosen.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._seen: OrderedDict[str, tuple[Finding, ...]] = OrderedDict()
        self._template = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            trim_blocks=True,
        ).get_template("panel.html")

    def note(self, report: Report) -> None:
        """Keep a page's findings; answers that are not pages bring none and would only push pages out."""
        if report.status != 200 or report.path == "/_panel" or report.path.startswith("/assets/"):
            return
        self._seen[report.path] = tuple(report.findings)
        self._seen.move_to_end(report.path)
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)

    async def show(self, request: Request) -> Response:
        """Show the findings of ``?path=``, whole or (``view=strip``) as ticks only."""
        findings = self._seen.get(request.query_params.get("path", ""), ())
        rows = self.rows(findings, consent_of(request).visit.profile)
        page = self._template.render(
            rows=rows,
            held=sum(not row.allowed for row in rows),
            strip=request.query_params.get("view") == "strip",
        )
        return HTMLResponse(page, headers={"cache-control": "no-store"})

    def rows(self, findings: tuple[Finding, ...], profile: Profile) -> list[Row]:
        """Decide every finding for this profile, and put what shares service and reason into one row."""
        rows: dict[tuple[str, bool, str], Row] = {}
        for finding in findings:
            decision = self._decide(finding, profile)
            service = self._policy.index.get(finding.service) if finding.service else None
            name = service.name if service else _plain_name(finding)
            reason = REASONS.get(decision.reason.value, decision.reason.value)
            row = rows.setdefault(
                (name, decision.allowed, reason),
                Row(
                    name=name,
                    vendor=service.vendor if service else "",
                    purpose=finding.purpose or "",
                    allowed=decision.allowed,
                    reason=reason,
                ),
            )
            if (kind := KINDS[finding.kind]) not in row.kinds:
                row.kinds.append(kind)
        return list(rows.values())

    def _decide(self, finding: Finding, profile: Profile) -> Decision:
        if finding.kind is Kind.COOKIE:
            return profile.decide_cookie(finding.url)
        service = self._policy.index.get(finding.service) if finding.service else None
        if service is None:
            return profile.decide_unknown(beacon=finding.kind in (Kind.BEACON, Kind.PING))
        return profile.decide(service, beacon=finding.kind is Kind.BEACON, purpose=finding.purpose)


def _plain_name(finding: Finding) -> str:
    """Name what has no service: a cookie by its name, the rest by its host."""
    url = parse_url(finding.url)
    return url.host if url else finding.url
