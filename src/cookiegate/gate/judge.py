"""Whether the visitor allows what the headers of one response lead to: the same answer as for a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.catalog.urls import parse_url
from cookiegate.gate.candidates import Candidate
from cookiegate.gate.findings import Finding, Kind
from cookiegate.gate.page import Enforcer
from cookiegate.gate.recognise import NOTHING, Held, Recogniser
from cookiegate.policy.model import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cookiegate.consent.decide import Profile
    from cookiegate.gate.candidates import Reference
    from cookiegate.policy.model import Policy

_NOWHERE = Held()


class Judge:
    """Decides about the addresses in the headers of one response, and keeps what was found.

    url: the response's own, for what is relative to it. host: the site's. findings: of every address that was
    asked about.
    """

    def __init__(self, policy: Policy, profile: Profile, url: str) -> None:
        self.url = url
        self.findings: list[Finding] = []
        self._profile = profile
        self._page = parse_url(url)
        self.host = self._page.host if self._page else ""
        self._recogniser = Recogniser(policy, self._page)
        self._tells_strangers = policy.unknown is not Unknown.ALLOW

    def passes(
        self, kind: Kind, addresses: Iterable[str], *, image: bool = False, strangers: bool = True
    ) -> bool:
        """Whether all these addresses are allowed.

        image: what is there is loaded as an image, which may be a web beacon. strangers: third parties that
        nobody declared count, as the policy says.
        """
        asked = Kind.IMAGE if image else kind
        found = self._recogniser.addresses(asked, addresses, (self._page,), NOTHING, _NOWHERE)
        if not (strangers and self._tells_strangers):
            found = [reference for reference in found if _is_known(reference)]
        if not found:
            return True
        enforcer = Enforcer(self._profile)
        enforcer.take(Candidate(offset=-1, insert_at=-1, references=tuple(found)))
        self.findings += [finding._replace(kind=kind) for finding in enforcer.findings]
        return all(finding.allowed for finding in enforcer.findings)


def _is_known(reference: Reference) -> bool:
    return reference.service is not None or reference.purpose is not None
