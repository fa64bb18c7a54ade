"""Fixtures: one browser for the run, one server for each application, a fresh visitor for each test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

# The pictures are a script beside these tests, and both use the harness: it is found as a script finds it.
sys.path.insert(0, str(Path(__file__).parent))

from harness import Visitor, launch, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demo() -> Iterator[str]:
    with served("demo") as base:
        yield base


@pytest.fixture(scope="session")
def trusting() -> Iterator[str]:
    """Serve the demo that believes a proxy on this machine; ``demo`` believes none."""
    with served("demo", "--trust", "127.0.0.1") as base:
        yield base


@pytest.fixture(scope="session")
def bare() -> Iterator[str]:
    with served("bare") as base:
        yield base


@pytest.fixture(scope="session")
def order() -> Iterator[str]:
    with served("order") as base:
        yield base


@pytest.fixture(scope="session")
def sinks() -> Iterator[str]:
    with served("sinks") as base:
        yield base


@pytest.fixture(scope="session")
def open_sinks() -> Iterator[str]:
    """Serve the same pages with no gate before them."""
    with served("open-sinks") as base:
        yield base


@pytest.fixture(scope="session")
def charsets() -> Iterator[str]:
    with served("charsets") as base:
        yield base


@pytest.fixture(scope="session")
def guarded() -> Iterator[str]:
    with served("guard") as base:
        yield base


@pytest.fixture(scope="session")
def unguarded() -> Iterator[str]:
    """Serve the same pages with no gate before them."""
    with served("open-guard") as base:
        yield base


@pytest.fixture
def visitors(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Give a maker of visitors; all of them leave at the end of the test."""
    made: list[Visitor] = []

    def visitor(base: str, **options: object) -> Visitor:
        made.append(Visitor(browser, base, **options))
        return made[-1]

    yield visitor
    for each in made:
        each.close()
