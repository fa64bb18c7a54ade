"""One small site for all tests of this floor."""

from __future__ import annotations

import pytest

from cookiegate.catalog.index import Index
from cookiegate.catalog.model import CookieRule, Service
from cookiegate.policy.model import STANDARD, Policy, Purpose


def _service(id_: str, purpose: str, number: int = 0, **more: object) -> Service:
    return Service(id=id_, name=id_.title(), vendor="Vendor", purpose=purpose, number=number, **more)


@pytest.fixture(scope="session")
def shop() -> Policy:
    """A site that declares five services and a purpose of its own, before a catalogue of eight."""
    catalogue = Index(
        [
            _service("captcha", "necessary", 1),
            _service("matomo", "analytics", 2, cookies=(CookieRule(name="_pk_id.*"),)),
            _service("hotjar", "analytics", 3, beacon=True),
            _service("plausible", "analytics", 4),
            _service("meta-pixel", "marketing", 40, beacon=True, cookies=(CookieRule(name="_fbp"),)),
            _service("google-ads", "marketing", 41),
            _service("fonts", "preferences", 1300),
            _service("payment", "marketing", 1301),
        ]
    )
    return Policy(
        purposes=(*STANDARD, Purpose(id="research")),
        declared=(
            _service("matomo", "analytics", 2, cookies=(CookieRule(name="_pk_id.*"),)),
            _service("hotjar", "analytics", 3, beacon=True),
            _service("meta-pixel", "marketing", 40, beacon=True, cookies=(CookieRule(name="_fbp"),)),
            _service("our-lab", "research"),
            _service("payment", "necessary", 1301, cookies=(CookieRule(name="pay"),)),
        ),
        index=catalogue,
    )
