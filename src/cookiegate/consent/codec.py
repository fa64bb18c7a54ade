"""A consent state as short text for the cookie: versioned, canonical, and never too long.

``1.SUBJECT.TIME.CHOICES.GRANTED.DENIED``: the time in base 36; every purpose and means that was answered, as
its code and one digit (``p1-a0-m2``); then the codes of the services chosen apart from their purpose.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

from cookiegate.consent.model import Choice, ConsentState
from cookiegate.policy.model import MEANS, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable

_STANDARD = {
    "preferences": "p",
    "analytics": "a",
    "marketing": "m",
    "beacons": "b",
    "mail_opens": "o",
    "mail_clicks": "c",
}
_SUBJECT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TEXT = re.compile(
    r"1\.(?P<subject>[A-Za-z0-9_-]{1,64})"
    r"\.(?P<time>[0-9a-z]{1,8})"
    r"\.(?P<choices>(?:[0-9a-z]+[012](?:-[0-9a-z]+[012])*)?)"
    r"\.(?P<granted>[0-9a-z_-]*)"
    r"\.(?P<denied>[0-9a-z_-]*)"
)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Codec:
    """Writes and reads states for one policy.

    limit: the most characters a state may take. What does not fit becomes a refusal, never a grant.
    Purposes and services that the policy no longer has are left out in both directions.
    """

    def __init__(self, policy: Policy, limit: int) -> None:
        self._limit = limit
        optional = {purpose.id for purpose in policy.optional_purposes}
        # The site's own purposes come last: should it have dozens, theirs are the answers that give way.
        ids = (*MEANS, *sorted(optional & _STANDARD.keys()), *sorted(optional - _STANDARD.keys()))
        self._code_of_choice = _unambiguous((id_, _STANDARD.get(id_) or _hash(id_)) for id_ in ids)
        self._purpose_of = {s.id: s.purpose for s in policy.index.services if s.purpose in optional}
        self._code_of_service = _unambiguous(
            (service.id, _base36(service.number) if service.number else f"_{_hash(service.id)}")
            for service in policy.index.services
            if service.id in self._purpose_of
        )
        self._choice_by_code = {code: id_ for id_, code in self._code_of_choice.items()}
        self._service_by_code = {code: id_ for id_, code in self._code_of_service.items()}

    def encode(self, state: ConsentState) -> str:
        """Write a state. Raises ValueError for a subject or a time that no visitor's answer has.

        What does not fit gives way in this order: grants of single services, then whole purposes with refused
        services below them (they become refused), then the answers for the last of many own purposes.
        """
        if not _SUBJECT.fullmatch(state.subject):
            raise ValueError(f"subject {state.subject!r}: 1 to 64 characters of base64url are needed")
        if not 0 <= state.given_at < 36**8:
            raise ValueError(f"given_at {state.given_at!r}: Unix seconds are needed")
        choices = {id_: state.choices[id_] for id_ in self._code_of_choice if id_ in state.choices}
        known = {id_: allowed for id_, allowed in state.services.items() if id_ in self._purpose_of}
        granted = sorted(id_ for id_, allowed in known.items() if allowed and id_ in self._code_of_service)
        denied = sorted(id_ for id_, allowed in known.items() if not allowed)
        for id_ in [id_ for id_ in denied if id_ not in self._code_of_service]:
            denied = self._deny(self._purpose_of[id_], choices, denied)
        while len(text := self._text(state, choices, granted, denied)) > self._limit:
            if granted:
                granted.pop()
            elif denied:
                below = Counter(self._purpose_of[id_] for id_ in denied)
                denied = self._deny(max(sorted(below), key=below.__getitem__), choices, denied)
            else:
                choices.popitem()
        return text

    def decode(self, text: str) -> ConsentState | None:
        """Read a state; None for a text that ``encode`` does not write."""
        found = _TEXT.fullmatch(text)
        if found is None:
            return None
        choices = {}
        for answer in _split(found["choices"]):
            id_ = self._choice_by_code.get(answer[:-1])
            if id_ is not None:
                choices[id_] = Choice(int(answer[-1]))
        services = {}
        for key, allowed in (("granted", True), ("denied", False)):
            for code in _split(found[key]):
                service = self._service_by_code.get(code)
                if service is not None:
                    services[service] = allowed
        return ConsentState(
            subject=found["subject"],
            given_at=int(found["time"], 36),
            choices=MappingProxyType(choices),
            services=MappingProxyType(services),
        )

    def _deny(self, purpose: str, choices: dict[str, Choice], denied: list[str]) -> list[str]:
        """Refuse a whole purpose, where it was answered; return the refused services not below it."""
        if purpose in choices:
            choices[purpose] = Choice.DENIED
        return [id_ for id_ in denied if self._purpose_of[id_] != purpose]

    def _text(
        self, state: ConsentState, choices: dict[str, Choice], granted: list[str], denied: list[str]
    ) -> str:
        answers = "-".join(f"{self._code_of_choice[id_]}{choice:d}" for id_, choice in choices.items())
        lists = ("-".join(self._code_of_service[id_] for id_ in ids) for ids in (granted, denied))
        return ".".join(("1", state.subject, _base36(state.given_at), answers, *lists))


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the codes by id, without those that two ids share: what is ambiguous is not stored."""
    codes = dict(pairs)
    uses = Counter(codes.values())
    return {id_: code for id_, code in codes.items() if uses[code] == 1}


def _hash(id: str) -> str:  # noqa: A002 - a purpose's or a service's id
    """Return six characters that stay the same whatever else the policy gains or loses."""
    number = int.from_bytes(hashlib.sha256(id.encode()).digest()[:8], "big")
    return _base36(number % 36**6).rjust(6, "0")


def _base36(number: int) -> str:
    digits = ""
    while number >= 36:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return _DIGITS[number] + digits


def _split(text: str) -> list[str]:
    return text.split("-") if text else []
