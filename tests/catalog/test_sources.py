"""The script that compares the catalogue with public collections, on collections of a few lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "catalog_sources.py"

ENTITIES = [
    {"name": "Hotjar", "category": "analytics", "domains": ["*.hotjar.com"]},
    {"name": "Somebody Else", "category": "ad", "domains": ["static.hotjar.com"]},
    {"name": "Nobody knows it", "category": "ad", "domains": ["*.nobody-knows-it.example"]},
    {"name": "A library", "category": "cdn", "domains": ["library.example"]},
]
SERVICES_JS = """
tarteaucitron.services.hotjar = {
    "key": "hotjar",
    "type": "analytic",
    "name": "Hotjar",
    "cookies": ["_hjFirstSeen", '_hjTLDTest'],
    "js": function () { tarteaucitron.addScript('//static.hotjar.com/c/hotjar-1.js'); }
};
"""
COOKIES = """ID,Platform,Category,Cookie / Data Key name,Domain,Wildcard match
1,Hotjar,Analytics,_hjSession_,hotjar.com,1
2,Hotjar,Functional,_hjTLDTest,hotjar.com,0
3,Broken row,Analytics,a name with spaces,,0
"""
HOSTS = """host,pages,elements,common_paths
static.hotjar.com,3,script,/c/hotjar-1.js
cdnjs.cloudflare.com,1,script link,/ajax/libs/x.js
"""


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def collections(tmp_path: Path) -> list[str | Path]:
    texts = {
        "third-party-web": json.dumps(ENTITIES),
        "tarteaucitron": SERVICES_JS,
        "open-cookie-database": COOKIES,
        "hosts": HOSTS,
    }
    arguments: list[str | Path] = []
    for name, text in texts.items():
        path = tmp_path / name
        path.write_text(text, "utf-8")
        arguments += [f"--{name}", path]
    return arguments


def test_it_says_who_names_what_and_where_they_differ(collections: list[str | Path]) -> None:
    done = run(*collections)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "hotjar\thotjar.com\tthird-party-web" in lines
    assert "hotjar\t_hjTLDTest\topen-cookie-database, tarteaucitron" in lines
    assert "hotjar\t_hjSession_1x\topen-cookie-database" in lines
    assert "hotjar\thotjar.io\tonly here" in lines
    assert "static.hotjar.com: hotjar [analytics], third-party-web: Somebody Else [ad]" in lines
    assert "nobody-knows-it.example: Nobody knows it [ad]" in lines
    assert not [line for line in lines if line.startswith("library.example")]
    assert lines[-1].startswith("1 of 2 hosts are known: 75.0% of 4 references")


def test_it_shows_single_services(collections: list[str | Path]) -> None:
    lines = run(*collections, "--only", "hotjar").stdout.splitlines()
    assert "hotjar\thotjar.com\tthird-party-web" in lines
    assert {line.split("\t")[0] for line in lines if "\t" in line} == {"hotjar"}


def test_a_collection_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    done = run("--hosts", tmp_path / "absent.csv")
    assert done.returncode == 2
    assert done.stderr.startswith("catalog_sources: a collection cannot be read: ")
    assert len(done.stderr.splitlines()) == 1
