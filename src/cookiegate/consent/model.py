"""A visitor's choices and the signals of their browser: frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Choice(IntEnum):
    """One answer. INSISTED is a grant given by the purpose's own switch while a signal refused it."""

    DENIED = 0
    GRANTED = 1
    INSISTED = 2


@dataclass(frozen=True, slots=True)
class Signals:
    """What the browser says by itself. ``gpc``: Sec-GPC is exactly ``1`` (Global Privacy Control)."""

    gpc: bool = False


NO_SIGNALS = Signals()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentState:
    """What one visitor answered. A purpose that is not in ``choices`` was never asked, so it is not granted.

    subject: random 128 bits as 22 characters of base64url, never derived from a person.
    given_at: Unix seconds of the answer.
    choices: purposes and means by id. services: only the exceptions from their purpose, by service id.
    """

    subject: str
    given_at: int
    choices: Mapping[str, Choice] = field(default_factory=lambda: MappingProxyType({}))
    services: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))


SECURE_COOKIE = "__Host-cg"
"""Our cookie on https: with the prefix, browsers refuse it from sub-domains and plain http (RFC 6265bis)."""

SHARED_COOKIE = "__Secure-cg"
"""Our cookie on https where the policy has one answer count for all hosts of a domain."""

PLAIN_COOKIE = "cg"
"""Our cookie on plain http, where browsers refuse the prefix: for development."""

BUCKET_COOKIE = "cg-b"
"""Says to caches that there is an answer, and not which: anyone may set it, and it grants nothing."""
