from __future__ import annotations

import pytest

from cookiegate.catalog.index import Index
from cookiegate.catalog.model import CookieRule, Holds, Lifetime, Service, Unit

COUNTER = Service(
    id="counter",
    number=1,
    name="Counter",
    vendor="Counter Ltd",
    country="IE",
    transfers=("US",),
    privacy_policy="https://counter.example/privacy",
    purpose="analytics",
    hosts=("counter.example",),
    paths=("/counter.js",),
    cookies=(CookieRule(name="_cnt", lifetime=Lifetime(2, Unit.YEAR), holds=Holds.VISITOR),),
    inline=("counter (",),
    script=True,
    beacon=True,
)
ADVERTS = Service(
    id="big-adverts",
    number=2,
    name="Big Adverts",
    vendor="Adverts Inc",
    purpose="marketing",
    paths=("shared.example/adverts",),
    cookies=(CookieRule(name="_adv"),),
    script=True,
)


INDEX = Index([COUNTER, ADVERTS])


@pytest.fixture(scope="session")
def index() -> Index:
    """A catalogue of two services, so that these tests say what they rely on."""
    return INDEX
