"""The example and the page about the policy file keep up with what the loader takes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cookiegate.catalog.model import Holds, Unit
from cookiegate.policy import Policy
from cookiegate.policy.load import CATALOG_KEYS, CONSENT_KEYS, POLICY_KEYS, PURPOSE_KEYS, SITE_KEYS
from cookiegate.policy.services import COOKIE_KEYS, SERVICE_KEYS

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "cookiegate.toml"
PAGE = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))


def documented(text: str) -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ("At the top", POLICY_KEYS),
        ("site", SITE_KEYS),
        ("consent", CONSENT_KEYS),
        ("purposes", PURPOSE_KEYS),
        ("services", (*SERVICE_KEYS, *COOKIE_KEYS)),
        ("catalog", CATALOG_KEYS),
    ],
)
def test_every_key_is_documented_and_no_other(section: str, keys: tuple[str, ...]) -> None:
    assert sorted(documented(SECTIONS[section])) == sorted(keys)


def test_every_closed_value_is_documented() -> None:
    assert {holds for holds in Holds if f"`{holds}`" not in SECTIONS["services"]} == set()
    assert {unit for unit in Unit if unit not in SECTIONS["services"]} == set()


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_every_block_of_the_page_is_a_policy(block: str) -> None:
    assert Policy.from_dict(tomllib.loads(block), "docs/policy.md") != Policy()


def test_the_example_has_every_key() -> None:
    example: dict[str, Any] = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    services = example["services"]
    assert set(example) == set(POLICY_KEYS)
    assert set(example["site"]) == set(SITE_KEYS)
    assert set(example["consent"]) == set(CONSENT_KEYS)
    assert set().union(*example["purposes"].values()) == set(PURPOSE_KEYS)
    assert set().union(*services) == set(SERVICE_KEYS)
    assert set(example["catalog"]) == set(CATALOG_KEYS)
    assert {key for service in services for cookie in service.get("cookies", ()) for key in cookie} == set(
        COOKIE_KEYS
    )


def test_the_example_loads() -> None:
    policy = Policy.load(EXAMPLE)
    ids = [service.id for service in policy.declared]
    assert ids == ["google-analytics", "matomo", "youtube", "visitor-panel", "basket"]
    assert policy.named_necessary == {"basket"}
    assert policy.declared[-1].vendor == policy.site.controller
    assert policy.filters is not None
    assert len(policy.filters) == 2
