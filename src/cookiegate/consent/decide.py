"""The only place that decides: what one visitor agreed to, applied to a service, a purpose or a cookie.

There are few profiles (people answer alike), so each is worked out once; its key names the variant of a page
that belongs to it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from cookiegate.consent.model import (
    BUCKET_COOKIE,
    NO_SIGNALS,
    PLAIN_COOKIE,
    SECURE_COOKIE,
    SHARED_COOKIE,
    Choice,
    ConsentState,
)
from cookiegate.policy.model import MEANS, Collection, Policy, Purpose, UndeclaredCookies, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cookiegate.catalog.model import Service
    from cookiegate.consent.model import Signals


UNKNOWN_BEACONS = "marketing"
"""The purpose of web beacons of third parties that nobody declared: the strictest."""


class Reason(StrEnum):
    """Why something is allowed or held: a closed list, so that every language can say it."""

    NECESSARY = "necessary"  # the site does not work without it; nobody is asked
    GRANTED = "granted"
    NOT_ASKED = "not-asked"  # the visitor has not answered for this purpose yet
    PURPOSE_DENIED = "purpose-denied"
    SERVICE_DENIED = "service-denied"  # refused by the service's own switch
    BEACONS_DENIED = "beacons-denied"  # the purpose is granted, web beacons are not
    SIGNAL = "signal"  # the browser's opt-out signal refuses this purpose
    SUSPENDED = "suspended"  # the site has stopped collecting
    UNKNOWN = "unknown"  # a third party nobody declared; the policy says what happens
    UNDECLARED = "undeclared"  # a cookie nobody declared; the policy says what happens
    FIRST_PARTY = "first-party"  # belongs to the site itself
    NOT_NAMED = (
        "not-named"  # the page's author says it needs no consent; of trackers only the policy may say so
    )
    SHAPE = "shape"  # an address of the site's own, or of a host nobody knows, has the shape of a tracker's
    TOO_LONG = "too-long"  # a tag or an inline script longer than anything that is held back to be read


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something may load or be stored now, and why."""

    allowed: bool
    reason: Reason


_NECESSARY = Decision(True, Reason.NECESSARY)
_GRANTED = Decision(True, Reason.GRANTED)
_DENIED = {
    reason: Decision(False, reason)
    for reason in (
        Reason.NOT_ASKED,
        Reason.PURPOSE_DENIED,
        Reason.BEACONS_DENIED,
        Reason.SIGNAL,
        Reason.SUSPENDED,
    )
}
_DECISIONS = {Reason.NECESSARY: _NECESSARY, Reason.GRANTED: _GRANTED, **_DENIED}
_NOT_ASKED = _DENIED[Reason.NOT_ASKED]
_SIGNAL = _DENIED[Reason.SIGNAL]
_SERVICE_DENIED = Decision(False, Reason.SERVICE_DENIED)
_OUR_COOKIES = frozenset({SECURE_COOKIE, SHARED_COOKIE, PLAIN_COOKIE, BUCKET_COOKIE})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """The decision table of every visitor who answered alike, under the same signals and the same policy.

    key: 16 hex digits; the same for equal decisions, in every process. ``answered`` is not part of it.
    answered: the visitor has given an answer that is still valid.
    denies_anything: something in a page or a cookie may be held. Mail means alone do not count.
    """

    key: str
    answered: bool
    denies_anything: bool
    _policy: Policy = field(repr=False)
    _purposes: dict[str, Decision] = field(repr=False)
    _means: dict[str, Decision] = field(repr=False)
    _chosen: dict[str, bool] = field(repr=False)  # by service, where it differs from its purpose
    _unknown: Decision = field(repr=False)
    _unknown_beacon: Decision = field(repr=False)
    _undeclared: Decision = field(repr=False)

    @property
    def grants(self) -> dict[str, bool]:
        """What is in force for each purpose and means, signals and the stop switch included; a fresh copy."""
        return {id_: decision.allowed for id_, decision in (self._purposes | self._means).items()}

    @property
    def exceptions(self) -> dict[str, bool]:
        """What is in force for each service that the visitor chose apart from its purpose; a fresh copy."""
        return dict(self._chosen)

    def allows(self, id: str) -> bool:  # noqa: A002 - a purpose's or a means' id, as everywhere
        """Say whether a purpose or a means is granted; an id that the policy does not have is not."""
        return (self._purposes.get(id) or self._means.get(id, _NOT_ASKED)).allowed

    def decide(self, service: Service, *, beacon: bool = False, purpose: str | None = None) -> Decision:
        """Decide about one service: the visitor's own choice for it, else its purpose's.

        beacon: it loads as a web beacon, which the visitor may refuse apart from the purpose.
        purpose: what the page's author declares for it. That moves a service between optional purposes;
        ``necessary`` counts only where the policy put the service there, and other ids do not count.
        """
        asked = self.purpose_of(service, purpose)
        decision = self._purposes.get(asked, _NOT_ASKED)
        if decision is _NECESSARY:
            return decision
        chosen = self._chosen.get(service.id)
        if chosen is False:
            return _SERVICE_DENIED
        # A signal outweighs the switch of one service; only the purpose's own switch outweighs the signal.
        if chosen and decision is not _SIGNAL:
            decision = _GRANTED
        return self._as_beacon(decision) if beacon else decision

    def decide_purpose(self, purpose: str, *, beacon: bool = False) -> Decision:
        """Decide about something that no service claims, by the purpose declared for it."""
        decision = self._purposes.get(purpose, _NOT_ASKED)
        return self._as_beacon(decision) if beacon else decision

    def decide_unknown(self, *, beacon: bool = False) -> Decision:
        """Decide about a third party that nobody declared: the policy's ``unknown``.

        beacon: it loads as a web beacon. Where ``unknown`` is "report", that needs marketing and web beacons.
        """
        return self._unknown_beacon if beacon else self._unknown

    def decide_cookie(self, name: str) -> Decision:
        """Decide about a cookie by its name: our own, a known service's, else ``undeclared_cookies``."""
        if name in _OUR_COOKIES:
            return _NECESSARY
        match = self._policy.index.match_cookie(name)
        return self._undeclared if match is None else self.decide(match.service)

    def purpose_of(self, service: Service, declared: str | None = None) -> str:
        """Return the purpose by which a service is decided, given what the page's author declares for it."""
        if declared is None or declared == service.purpose:
            return service.purpose
        decision = self._purposes.get(declared)
        if decision is None:
            return service.purpose
        if decision is _NECESSARY:
            return declared if service.id in self._policy.named_necessary else service.purpose
        return service.purpose if self._purposes.get(service.purpose) is _NECESSARY else declared

    def purpose_of_unknown(self, *, beacon: bool = False) -> str | None:
        """Return the purpose by which a third party nobody declared is decided; None: no answer counts."""
        return UNKNOWN_BEACONS if beacon and self._unknown.allowed else None

    def _as_beacon(self, decision: Decision) -> Decision:
        return self._means["beacons"] if decision is _GRANTED else decision


def answer(purpose: Purpose, state: ConsentState | None, signals: Signals) -> Reason:
    """Say what holds for a purpose by what the visitor and their browser said, the stop switch left aside."""
    if not purpose.optional:
        return Reason.NECESSARY
    choice = state.choices.get(purpose.id) if state else None
    # The signal is named first: while it is sent, only the purpose's own switch would change the outcome.
    if purpose.signal and signals.gpc and choice is not Choice.INSISTED:
        return Reason.SIGNAL
    if choice is None:
        return Reason.NOT_ASKED
    return Reason.GRANTED if choice else Reason.PURPOSE_DENIED


def refused(state: ConsentState | None, service: Service) -> bool:
    """Whether the visitor said no to a service, whatever a signal or the stop switch say besides."""
    if state is None:
        return False
    chosen = state.services.get(service.id)
    return not chosen if chosen is not None else state.choices.get(service.purpose) is Choice.DENIED


def profile_of(policy: Policy, state: ConsentState | None, signals: Signals = NO_SIGNALS) -> Profile:
    """Return the profile for what a visitor answered. The same answers give the same object.

    A state that was seen lately costs one dict lookup: the consent cookie's cache hands out the same object
    for the same cookie.
    """
    key = (id(policy), id(state), signals.gpc)
    known = _recent.get(key)
    if known is not None:
        return known[2]
    profile = _work_out(policy, state, signals)
    if len(_recent) >= _MOST_RECENT:
        _recent.clear()
    # Policy and state are kept with their profile, so that no other object can take over their ids meanwhile.
    _recent[key] = (policy, state, profile)
    return profile


@lru_cache(maxsize=16)
def strictest_profile(policy: Policy, *, answered: bool = False) -> Profile:
    """Return the profile under which nothing optional is allowed, whoever asks: that of a page for everyone.

    answered: they need not be asked any more.
    """
    profile = profile_of(policy, None)
    return replace(profile, answered=True) if answered else profile


def granted_profile(policy: Policy, granted: Iterable[str]) -> Profile:
    """Return the profile of a visitor who granted exactly these purposes, means and services, by their ids.

    Raises ValueError for an id that the policy does not have; the message names what exists.
    """
    choices = {purpose.id: Choice.DENIED for purpose in policy.optional_purposes}
    choices |= dict.fromkeys(MEANS, Choice.DENIED)
    services: dict[str, bool] = {}
    for id_ in granted:
        if id_ in choices:
            choices[id_] = Choice.GRANTED
        elif policy.index.get(id_) is not None:
            services[id_] = True
        elif policy.purpose(id_) is None:
            raise ValueError(unknown_id(policy, id_))
    state = ConsentState(subject="", given_at=0, choices=choices, services=services)
    return _work_out(policy, state, NO_SIGNALS)


def unknown_id(policy: Policy, id: str) -> str:  # noqa: A002 - a purpose's, means' or service's id
    """Say in one line that nothing has this id, and what does: for the ValueError of whoever was given it."""
    services = [service.id for service in policy.index.services]
    near = get_close_matches(id, services, n=3) or services[:3]
    purposes = ", ".join(purpose.id for purpose in policy.purposes)
    return (
        f"{id!r} is no purpose, means or service: purposes are {purposes}; means are {', '.join(MEANS)}; "
        f"there are {len(services)} services, such as {', '.join(near)}"
    )


_MOST_RECENT = 2048
_recent: dict[tuple[int, int, bool], tuple[Policy, ConsentState | None, Profile]] = {}


def _work_out(policy: Policy, state: ConsentState | None, signals: Signals) -> Profile:
    """Reduce policy, answer and signals to what decides, so that equal decisions meet in one profile."""
    answered = state is not None
    if policy.collection is Collection.SUSPENDED:
        stopped = {p.id: Reason.SUSPENDED if p.optional else Reason.NECESSARY for p in policy.purposes}
        return _build(policy, answered, tuple(stopped.items()), (Reason.SUSPENDED,) * len(MEANS), ())
    purposes = {purpose.id: answer(purpose, state, signals) for purpose in policy.purposes}
    means = tuple(_means(id_, state) for id_ in MEANS)
    chosen = _chosen(policy, state, purposes) if state else ()
    return _build(policy, answered, tuple(purposes.items()), means, chosen)


def _means(means: str, state: ConsentState | None) -> Reason:
    choice = state.choices.get(means) if state else None
    if choice is None:
        return Reason.NOT_ASKED
    denied = Reason.BEACONS_DENIED if means == "beacons" else Reason.PURPOSE_DENIED
    return Reason.GRANTED if choice else denied


def _chosen(
    policy: Policy, state: ConsentState, purposes: Mapping[str, Reason]
) -> tuple[tuple[str, bool], ...]:
    """Keep the exceptions in force: of services that exist, are optional, and that no signal refuses."""
    chosen = []
    for id_, allowed in state.services.items():
        service = policy.index.get(id_)
        if service is None:
            continue
        reason = purposes.get(service.purpose)
        if reason is Reason.NECESSARY or (allowed and reason is Reason.SIGNAL):
            continue
        chosen.append((id_, allowed))
    return tuple(sorted(chosen))


@lru_cache(maxsize=1024)
def _build(
    policy: Policy,
    answered: bool,
    purposes: tuple[tuple[str, Reason], ...],
    means: tuple[Reason, ...],
    chosen: tuple[tuple[str, bool], ...],
) -> Profile:
    content = json.dumps([policy.fingerprint, purposes, means, chosen], separators=(",", ":"))
    by_purpose = {id_: _DECISIONS[reason] for id_, reason in purposes}
    by_means = dict(zip(MEANS, (_DECISIONS[reason] for reason in means), strict=True))
    holds_unknown = policy.unknown is Unknown.HOLD
    denies_undeclared = policy.undeclared_cookies is UndeclaredCookies.DENY
    counts = by_purpose.get(UNKNOWN_BEACONS, _NOT_ASKED).allowed and by_means["beacons"].allowed
    beacon_loads = policy.unknown is Unknown.ALLOW or (policy.unknown is Unknown.REPORT and counts)
    grants_all = all(decision.allowed for decision in by_purpose.values()) and by_means["beacons"].allowed
    return Profile(
        key=hashlib.sha256(content.encode()).hexdigest()[:16],
        answered=answered,
        denies_anything=holds_unknown
        or denies_undeclared
        or not grants_all
        or not all(allowed for _, allowed in chosen),
        _policy=policy,
        _purposes=by_purpose,
        _means=by_means,
        _chosen=dict(chosen),
        _unknown=Decision(not holds_unknown, Reason.UNKNOWN),
        _unknown_beacon=Decision(beacon_loads, Reason.UNKNOWN),
        _undeclared=Decision(not denies_undeclared, Reason.UNDECLARED),
    )
