"""Cookies a request carries: those of denied services are hidden from the application."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from cookiegate.consent.decide import profile_of
from cookiegate.gate.headers import edited
from cookiegate.gate.remember import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable

    from cookiegate.consent.decide import Profile
    from cookiegate.gate.headers import Headers
    from cookiegate.gate.visit import Visit
    from cookiegate.policy.model import Policy

_BLANK = b" \t"
_MOST = 1024
_LONGEST = 2048
_MINUTE = 60


class HasVisit(Protocol):
    """One request's visitor."""

    @property
    def visit(self) -> Visit:
        """The facts of the request."""


class RequestCookies:
    """What the ``Cookie`` headers under one policy hold; remembered by their bytes, within bounds."""

    def __init__(self, policy: Policy) -> None:
        # Whatever some visitor may be denied, this one is.
        self._strictest = profile_of(policy, None)
        self.suspects = Remembered(self._find, most=_MOST, longest=_LONGEST)
        """By the bytes of a header: the names in it that anybody could be denied."""

    def denied(self, value: bytes, profile: Profile) -> list[bytes]:
        """Return the names in a ``Cookie`` header that this visitor does not allow, each once, in order."""
        return [name for name in self.suspects[value] if not _allows(profile, name)]

    def kept(self, value: bytes, profile: Profile) -> bytes:
        """Return the value without the denied cookies: itself when there are none, empty when all are.

        What is dropped goes with its separator, and every other byte stays.
        """
        denied = frozenset(self.denied(value, profile))
        if not denied:
            return value
        parts = value.split(b";")
        kept = [part for part in parts if _name(part) not in denied]
        if not any(part.strip(_BLANK) for part in kept):
            return b""
        if kept[0] is not parts[0]:
            kept[0] = kept[0].lstrip(_BLANK)  # it belonged to the separator
        return b";".join(kept)

    def _find(self, value: bytes) -> tuple[bytes, ...]:
        """The names that may be denied."""
        names = dict.fromkeys([name for part in value.split(b";") if (name := _name(part)) is not None])
        return tuple([name for name in names if not _allows(self._strictest, name)])


class HiddenCookies:
    """Hides the denied cookies of one site's requests from the application.

    Most requests carry none that anybody could refuse, and for those nobody looks at the visitor. For the
    others the outcome is remembered for a minute, by all that it follows from.

    clock: seconds.
    """

    def __init__(self, policy: Policy, *, clock: Callable[[], float]) -> None:
        self._cookies = cookies_of(policy)
        self.suspects = self._cookies.suspects
        self._clock = clock
        self._lately: dict[tuple[bytes, bytes, str], tuple[float, bytes]] = {}
        # The host, and the headers of a proxy that is believed, may say too which of our cookies counts.
        self._remembers = not (policy.site.trusted_proxies or policy.consent.domain)

    def filtered(self, headers: Headers, visitor: HasVisit) -> Headers:
        """Return a request's headers without the denied cookies; a ``Cookie`` header left empty goes too.

        The same object comes back when nothing was dropped.
        """
        cookies = self._cookies

        def edit(value: bytes) -> bytes:
            return cookies.kept(value, visitor.visit.profile) if cookies.suspects[value] else value

        return edited(headers, b"cookie", edit)

    def shown(self, value: bytes, signal: bytes, scheme: str, visitor: HasVisit) -> bytes:
        """Return what is shown of the only ``Cookie`` header of a request: itself when that is all of it.

        signal: its ``Sec-GPC``. scheme: of the scope. With the cookies these are all that a profile follows
        from.
        """
        if not self.suspects[value]:
            return value
        key = value, signal, scheme
        now = self._clock()
        known = self._lately.get(key)
        if known is not None and 0 <= now - known[0] < _MINUTE:
            return value if known[1] == value else known[1]
        kept = self._cookies.kept(value, visitor.visit.profile)
        if self._remembers and len(value) <= _LONGEST:
            if len(self._lately) >= _MOST:
                self._lately.clear()
            self._lately[key] = now, kept
        return kept


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
