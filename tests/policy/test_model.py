"""The frozen values, and what is worked out from them."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from cookiegate.catalog import default_index
from cookiegate.catalog.index import Index
from cookiegate.catalog.model import CookieRule, Service
from cookiegate.policy import (
    STANDARD,
    Cache,
    Collection,
    Consent,
    Policy,
    Purpose,
    Site,
    UndeclaredCookies,
    Unknown,
)

from .conftest import COUNTER

OWN = Service(id="own", name="Own", vendor="Own Ltd", purpose="necessary", hosts=("own.example",))


def test_no_policy_at_all_is_valid() -> None:
    policy = Policy()
    assert policy.index is default_index()
    assert (policy.collection, policy.unknown) == (Collection.ON, Unknown.REPORT)
    assert policy.undeclared_cookies is UndeclaredCookies.REPORT
    assert policy.cache is Cache.PRIVATE
    assert policy.consent == Consent(
        max_age_days=180, prefix="/privacy-choices", domain="", hide_cookies=True
    )
    assert policy.site == Site()
    assert policy.declared == ()
    ids = [purpose.id for purpose in policy.purposes]
    assert ids == ["necessary", "preferences", "analytics", "marketing"]
    assert [purpose.id for purpose in policy.optional_purposes] == ["preferences", "analytics", "marketing"]
    assert [purpose.id for purpose in policy.purposes if purpose.signal] == ["marketing"]


def test_purposes_are_found_by_id(index: Index) -> None:
    policy = Policy(index=index)
    assert policy.purpose("analytics") is STANDARD[2]
    assert policy.purpose("beacons") is None


def test_a_declared_service_can_be_recognised(index: Index) -> None:
    policy = Policy(index=index, declared=(replace(COUNTER, purpose="necessary"), OWN))
    assert [service.id for service in policy.index.services] == ["counter", "big-adverts", "own"]
    assert policy.index.get("counter") == policy.declared[0]
    assert policy.named_necessary == {"counter", "own"}
    assert index.get("counter") == COUNTER


def test_values_are_frozen(index: Index) -> None:
    with pytest.raises(FrozenInstanceError):
        Policy(index=index).unknown = Unknown.HOLD  # type: ignore[misc]  # that it raises is the test


def test_equal_policies_have_one_hash(index: Index) -> None:
    first, second = (Policy(index=index, declared=(OWN,)) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first.index is not second.index


@pytest.mark.parametrize(
    "other",
    [
        {"collection": Collection.SUSPENDED},
        {"unknown": Unknown.HOLD},
        {"undeclared_cookies": UndeclaredCookies.DENY},
        {"purposes": (*STANDARD, Purpose(id="research"))},
        {"purposes": tuple(replace(purpose, signal=False) for purpose in STANDARD)},
        {"declared": (COUNTER,)},
        {"declared": (OWN,)},
        {"declared": (replace(COUNTER, purpose="marketing"),)},
        {"declared": (replace(COUNTER, hosts=("x.example",)),)},
        {"declared": (replace(COUNTER, cookies=(CookieRule(name="x"),)),)},
        {"declared": (replace(COUNTER, beacon=False),)},
        {"index": Index([COUNTER])},
    ],
)
def test_the_fingerprint_covers_what_decides(index: Index, other: dict[str, object]) -> None:
    policy = Policy(**({"index": index} | other))  # type: ignore[arg-type]
    assert policy.fingerprint != Policy(index=index).fingerprint
    assert policy != Policy(index=index)
    assert len(policy.fingerprint) == 8
    assert int(policy.fingerprint, 16) >= 0


@pytest.mark.parametrize(
    "other",
    [
        {"site": Site(name="Linden & Salt")},
        {"consent": Consent(max_age_days=90, prefix="/p")},
        {"cache": Cache.SHARED},
        {"purposes": tuple(replace(purpose, title="T", description="D") for purpose in STANDARD)},
        {
            "declared": (
                replace(COUNTER, name="C", vendor="V", country="DE", privacy_policy="https://x.example"),
            )
        },
    ],
)
def test_the_fingerprint_leaves_out_what_is_only_shown(index: Index, other: dict[str, object]) -> None:
    base = Policy(index=index, declared=(COUNTER,))
    shown = Policy(**({"index": index, "declared": (COUNTER,)} | other))  # type: ignore[arg-type]
    assert shown.fingerprint == base.fingerprint
    assert shown != base
