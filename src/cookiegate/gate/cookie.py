"""Cookies a request carries: those of denied services are hidden from the application."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from cookiegate.consent.decide import profile_of
from cookiegate.gate.headers import edited
from cookiegate.gate.remember import Remembered

if TYPE_CHECKING:
    from cookiegate.consent.decide import Profile
    from cookiegate.gate.headers import Headers
    from cookiegate.gate.visit import Visit
    from cookiegate.policy.model import Policy

_BLANK = b" \t"
_MOST = 1024
_LONGEST = 2048


class HasVisit(Protocol):
    """One request's visitor."""

    @property
    def visit(self) -> Visit:
        """The facts of the request."""


class RequestCookies:
    """The ``Cookie`` headers of one site's requests, as the application may see them.

    Most hold nothing that anybody could refuse, and for those nobody looks at the visitor. What a header
    holds is remembered by its bytes, within bounds.
    """

    def __init__(self, policy: Policy) -> None:
        # Whatever some visitor may be denied, this one is.
        self._strictest = profile_of(policy, None)
        self._suspects = Remembered(self._find, most=_MOST, longest=_LONGEST)
        self._kept: dict[tuple[bytes, str], bytes] = {}

    def denied(self, value: bytes, profile: Profile) -> list[bytes]:
        """Return the names in a ``Cookie`` header that this visitor does not allow, each once, in order."""
        return [name for name in self._suspects[value] if not _allows(profile, name)]

    def kept(self, value: bytes, visitor: HasVisit) -> bytes:
        """Return the value without the denied cookies: itself when there are none, empty when all are.

        What is dropped goes with its separator, and every other byte stays.
        """
        if not self._suspects[value]:
            return value
        profile = visitor.visit.profile
        key = value, profile.key
        known = self._kept.get(key)
        if known is None:
            known = self._without(value, profile)
            if len(value) <= _LONGEST:
                if len(self._kept) >= _MOST:
                    self._kept.clear()
                self._kept[key] = known
        return value if known == value else known

    def filtered(self, headers: Headers, visitor: HasVisit) -> Headers:
        """Return a request's headers without the denied cookies; a ``Cookie`` header left empty goes too.

        The same object comes back when nothing was dropped.
        """
        return edited(headers, b"cookie", lambda value: self.kept(value, visitor))

    def _find(self, value: bytes) -> tuple[bytes, ...]:
        """The names that may be denied."""
        names = dict.fromkeys([name for part in value.split(b";") if (name := _name(part)) is not None])
        return tuple([name for name in names if not _allows(self._strictest, name)])

    def _without(self, value: bytes, profile: Profile) -> bytes:
        denied = frozenset(self.denied(value, profile))
        parts = value.split(b";")
        kept = [part for part in parts if _name(part) not in denied]
        if len(kept) == len(parts):
            return value
        if not any(part.strip(_BLANK) for part in kept):
            return b""
        if kept[0] is not parts[0]:
            kept[0] = kept[0].lstrip(_BLANK)  # it belonged to the separator
        return b";".join(kept)


@lru_cache(maxsize=8)
def cookies_of(policy: Policy) -> RequestCookies:
    """What is remembered of the requests under one policy."""
    return RequestCookies(policy)


def _name(part: bytes) -> bytes | None:
    """The name of one cookie, byte for byte; None for what has none."""
    name, equals, _ = part.partition(b"=")
    return name.strip(_BLANK) if equals else None


def _allows(profile: Profile, name: bytes) -> bool:
    return profile.decide_cookie(name.decode("latin-1")).allowed
