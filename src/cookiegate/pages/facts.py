"""A service in the reader's words: the same facts on the settings page and in the public declaration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cookiegate.policy.wording import countries, loaded_as

if TYPE_CHECKING:
    from cookiegate.catalog.model import Service
    from cookiegate.policy.texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieRow:
    """A line of a service's table."""

    name: str
    holds: str
    kept: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a service is. What nobody knows is empty, and not shown."""

    id: str
    name: str
    vendor: str
    country: str
    loaded_as: str
    privacy_policy: str
    cookies: tuple[CookieRow, ...]
    storage: tuple[str, ...]


def facts_of(t: Texts, service: Service) -> Facts:
    """Return what is known of a service, in one language."""
    return Facts(
        id=service.id,
        name=service.name,
        vendor=service.vendor,
        country=countries(t, service),
        loaded_as=loaded_as(t, service),
        privacy_policy=service.privacy_policy,
        cookies=tuple(
            CookieRow(name=rule.name, holds=t.get(f"holds.{rule.holds}"), kept=t.lifetime(rule.lifetime))
            for rule in service.cookies
        ),
        storage=service.storage,
    )
