"""Fixtures: one server at a time, and a fresh visitor for each test."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# The servers find the sites as a program finds its modules, and so do the tests.
sys.path.insert(0, str(Path(__file__).parent))

from hosting.client import Visitor, served
from hosting.content import write_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVERS = ("uvicorn", "hypercorn", "granian", "daphne")
SITES = ("starlette", "fastapi", "litestar", "quart", "django")


@dataclass(frozen=True)
class Host:
    """A site that is being served."""

    server: str
    site: str
    base: str


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the sites serve."""
    return write_files(tmp_path_factory.mktemp("hosts"))


@pytest.fixture(scope="session", params=[f"{server}-{site}" for server in SERVERS for site in SITES])
def host(request: pytest.FixtureRequest, folder: Path) -> Iterator[Host]:
    """Serve a site; pytest sorts the tests so that each pair is started once."""
    server, _, site = request.param.partition("-")
    with served(server, site, folder) as base:
        yield Host(server, site, base)


@pytest.fixture
def visit() -> Iterator[Callable[..., Visitor]]:
    """Give a maker of visitors; all of them leave at the end of the test."""
    made: list[Visitor] = []

    def visitor(base: str, **options: str) -> Visitor:
        made.append(Visitor(base, **options))
        return made[-1]

    yield visitor
    for each in made:
        each.close()


@pytest.fixture
def visitor(host: Host, visit: Callable[..., Visitor]) -> Visitor:
    return visit(host.base)
