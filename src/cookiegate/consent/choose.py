"""From a visitor's answer to their new state: pure functions; time and randomness are passed in.

All of them keep the visitor's subject, name every optional purpose and every means that was answered, and
drop what the policy no longer has.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from cookiegate.consent.decide import Reason, answer
from cookiegate.consent.model import Choice, ConsentState
from cookiegate.policy.model import MEANS, Policy, Purpose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cookiegate.consent.model import Signals

_SERVICE = "service:"


def accept_all(
    policy: Policy,
    previous: ConsentState | None,
    signals: Signals,
    *,
    now: float,
    new_id: Callable[[], str],
) -> ConsentState:
    """Grant everything but the purposes that the browser's signal refuses.

    Those stay refused, or stay as they were, services included, where the visitor insisted on them earlier.
    """
    choices = dict.fromkeys(MEANS, Choice.GRANTED)
    untouched = set()
    for purpose in policy.optional_purposes:
        insisted = _previous(previous, purpose.id) is Choice.INSISTED
        if purpose.signal and signals.gpc:
            choices[purpose.id] = Choice.INSISTED if insisted else Choice.DENIED
            untouched |= {purpose.id} if insisted else set()
        else:
            choices[purpose.id] = Choice.INSISTED if insisted else Choice.GRANTED
    kept = _exceptions(policy, previous) if untouched else {}
    services = {id_: allowed for id_, allowed in kept.items() if _purpose_of(policy, id_) in untouched}
    return _state(previous, choices, services, now, new_id)


def reject_all(
    policy: Policy,
    previous: ConsentState | None,
    signals: Signals,
    *,
    now: float,
    new_id: Callable[[], str],
) -> ConsentState:
    """Refuse every optional purpose, every means, and every service that was granted by itself.

    No signal grants anything, so ``signals`` changes nothing here: the three answers are only called alike.
    """
    ids = (*(purpose.id for purpose in policy.optional_purposes), *MEANS)
    return _state(previous, dict.fromkeys(ids, Choice.DENIED), {}, now, new_id)


def save(
    policy: Policy,
    previous: ConsentState | None,
    signals: Signals,
    choices: Mapping[str, bool],
    *,
    partial: bool,
    now: float,
    new_id: Callable[[], str],
) -> ConsentState:
    """Take the switches one by one: ids of purposes and means, and ``service:ID``. Unknown keys do not count.

    A purpose switched on while the signal refuses it is insisted on; only ``True`` grants.

    partial=True (JSON, code): what is absent stays as it was. A purpose that this answer switches over, and
    any purpose it refuses, drops the exceptions below it; then the services named in the same answer apply.

    partial=False (form): every switch is posted, and an absent one is off. The exceptions are the services
    that differ from their purpose. Since the form carries the switches nobody touched too, a service switch
    that was left as it was shown (what was in force before) follows a purpose that was switched over:

    - purpose switched off: it goes off with it;
    - purpose switched on: it goes on with it, unless another service below was touched in the same form. Then
      the visitor was choosing one by one, and each counts as posted.

    Services that the form does not show, because the site did not declare them, keep a refusal while their
    purpose stays as it was, and nothing else.
    """
    if partial:
        answers, services = _partial(policy, previous, signals, choices)
    else:
        answers, services = _form(policy, previous, signals, choices)
    return _state(previous, answers, services, now, new_id)


def _partial(
    policy: Policy, previous: ConsentState | None, signals: Signals, choices: Mapping[str, bool]
) -> tuple[dict[str, Choice], dict[str, bool]]:
    answers = {}
    cleared = set()
    for purpose in policy.optional_purposes:
        if purpose.id in choices:
            on = choices[purpose.id] is True
            answers[purpose.id] = _switched(purpose, previous, signals, on)
            if not on or answer(purpose, previous, signals) is not Reason.GRANTED:
                cleared.add(purpose.id)
        elif (before := _previous(previous, purpose.id)) is not None:
            answers[purpose.id] = before
    for means in MEANS:
        if means in choices:
            answers[means] = _plain(choices[means] is True)
        elif (before := _previous(previous, means)) is not None:
            answers[means] = before
    wanted = {
        id_: allowed
        for id_, allowed in _exceptions(policy, previous).items()
        if _purpose_of(policy, id_) not in cleared
    }
    for key, value in choices.items():
        service = policy.index.get(key.removeprefix(_SERVICE)) if key.startswith(_SERVICE) else None
        if service is not None:
            wanted[service.id] = value is True
    optional = {purpose.id for purpose in policy.optional_purposes}
    services = {
        id_: allowed
        for id_, allowed in wanted.items()
        if (below := _purpose_of(policy, id_)) in optional
        and allowed != bool(answers.get(below, Choice.DENIED))
    }
    return answers, services


def _form(
    policy: Policy, previous: ConsentState | None, signals: Signals, choices: Mapping[str, bool]
) -> tuple[dict[str, Choice], dict[str, bool]]:
    answers = {means: _plain(choices.get(means) is True) for means in MEANS}
    services: dict[str, bool] = {}
    declared = {service.id for service in policy.declared}
    before = _exceptions(policy, previous)
    for purpose in policy.optional_purposes:
        on = choices.get(purpose.id) is True
        answers[purpose.id] = _switched(purpose, previous, signals, on)
        shown = answer(purpose, previous, signals)
        switched = on != (shown is Reason.GRANTED)
        below = [service for service in policy.index.services if service.purpose == purpose.id]
        posted = {
            service.id: choices.get(_SERVICE + service.id) is True
            for service in below
            if service.id in declared or _SERVICE + service.id in choices
        }
        touched = {id_ for id_, value in posted.items() if value != _shown(id_, before, shown)}
        for service in below:
            if service.id not in posted:
                value = on if switched else before.get(service.id, on) and on
            elif switched and not (touched if on else service.id in touched):
                value = on
            else:
                value = posted[service.id]
            if value != on:
                services[service.id] = value
    return answers, services


def _shown(id: str, before: Mapping[str, bool], purpose: Reason) -> bool:  # noqa: A002 - a service's id
    """Say how the form showed a service's switch: as what was in force, the stop switch left aside."""
    chosen = before.get(id)
    if chosen is None or (chosen and purpose is Reason.SIGNAL):
        return purpose is Reason.GRANTED
    return chosen


def _switched(purpose: Purpose, previous: ConsentState | None, signals: Signals, on: bool) -> Choice:
    """Return the choice that the purpose's own switch makes. What was insisted on stays so until refused."""
    if on and ((purpose.signal and signals.gpc) or _previous(previous, purpose.id) is Choice.INSISTED):
        return Choice.INSISTED
    return _plain(on)


def _plain(on: bool) -> Choice:
    return Choice.GRANTED if on else Choice.DENIED


def _previous(previous: ConsentState | None, id: str) -> Choice | None:  # noqa: A002 - a purpose's or means' id
    return previous.choices.get(id) if previous else None


def _exceptions(policy: Policy, previous: ConsentState | None) -> dict[str, bool]:
    """Return the exceptions so far, of services that still exist."""
    services = previous.services.items() if previous else ()
    return {id_: allowed for id_, allowed in services if policy.index.get(id_) is not None}


def _purpose_of(policy: Policy, id: str) -> str:  # noqa: A002 - a service's id
    service = policy.index.get(id)
    return service.purpose if service else ""


def _state(
    previous: ConsentState | None,
    choices: Mapping[str, Choice],
    services: Mapping[str, bool],
    now: float,
    new_id: Callable[[], str],
) -> ConsentState:
    return ConsentState(
        subject=previous.subject if previous else new_id(),
        given_at=int(now),
        choices=MappingProxyType(dict(choices)),
        services=MappingProxyType(dict(services)),
    )
