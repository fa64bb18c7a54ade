"""The facts of one request, worked out once and handed to everything that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cookiegate.consent.decide import Profile
    from cookiegate.consent.model import ConsentState, Signals
    from cookiegate.gate.forwarded import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who asks, from where, and what they agreed to.

    reissue: the request carried several valid consent cookies; their strictest union is sent again.
    root_path: what a mounting application puts before every path, as links write it, without a slash at its
    end.
    framed: the page is shown inside another one, which asks and links for both.
    everyone: it is nobody in particular but everyone who is given this page by a cache.
    """

    origin: Origin
    root_path: str
    accept_language: str
    state: ConsentState | None
    reissue: bool
    signals: Signals
    profile: Profile
    framed: bool = False
    everyone: bool = False
