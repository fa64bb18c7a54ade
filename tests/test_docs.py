"""The documents are true: their code runs, their commands print what they say, and nothing is left out."""

from __future__ import annotations

import argparse
import inspect
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from starlette.testclient import TestClient

import cookiegate
from cookiegate import CookieGate, Policy
from cookiegate.cli import COMMANDS
from cookiegate.cli.command import Parser

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z]+):.*?## ", MAKEFILE, re.M)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# The time zone would become that of the whole process.
SETTINGS = 'SECRET_KEY = "x"\nROOT_URLCONF = "shop.urls"\nTIME_ZONE = None\n'

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and where it stands."""

    document: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def blocks_of(document: Path) -> list[Block]:
    text = document.read_text(encoding="utf-8")
    return [
        Block(document, text.count("\n", 0, found.start()) + 1, found[1], found[2])
        for found in _BLOCK.finditer(text)
    ]


BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]


def in_language(language: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == language], ids=str)


@pytest.fixture
def place(tmp_path, monkeypatch, block):
    """A folder where the document's first policy is ``cookiegate.toml``, and keys are in the environment."""
    policies = [other.text for other in blocks_of(block.document) if other.language == "toml"]
    (tmp_path / "cookiegate.toml").write_text("".join(policies[:1]), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COOKIEGATE_SECRET_KEYS", "a-secret-key-of-more-than-32-bytes-for-tests")
    return tmp_path


def test_every_block_is_of_a_kind_that_is_tested():
    assert {block.language for block in BLOCKS} <= {"python", "toml", "console", "text"}
    # Only a layout or a message is shown as text.
    assert not [
        str(b) for b in BLOCKS if b.language == "text" and re.search(r"^(import|from|\$) ", b.text, re.M)
    ]


@in_language("python")
def test_python(block, place, monkeypatch):
    module = ModuleType("document")
    monkeypatch.setitem(sys.modules, "document", module)  # where Litestar looks for what annotations mean
    names = vars(module)
    if "DJANGO_SETTINGS_MODULE" in block.text:
        (place / "shop").mkdir()
        (place / "shop" / "settings.py").write_text(SETTINGS)
        monkeypatch.syspath_prepend(place)
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "shop.settings")
    exec(compile(block.text, str(block), "exec", dont_inherit=True), names)  # noqa: S102 - our own documents
    if "application" in names:  # Django's, which has no lifespan
        assert "<form" in TestClient(names["application"]).get("/privacy-choices/").text
    if "app" not in names:
        return
    with TestClient(names["app"]) as client:
        settings = client.get("/privacy-choices/")
        assert settings.status_code == 200
        assert "<form" in settings.text
        if "home" in names:
            page = client.get("/")
            assert page.status_code == 200
            assert "/privacy-choices" in page.text


@in_language("toml")
def test_policy(block):
    Policy.from_dict(tomllib.loads(block.text), source=str(block))


@in_language("console")
def test_console(block, place):
    """Run each line behind ``$`` and compare what is printed; ``...`` stands for any lines."""
    shim = place / "bin" / "cookiegate"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cookiegate "$@"\n')
    shim.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{shim.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(cookiegate.__file__).parent.parent),  # as it is here, installed or not
    }
    for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
        command, _, expected = part.partition("\n")
        if command.startswith("make "):
            assert command.removeprefix("make ") in TARGETS
        elif command.startswith("pip install "):
            name, _, extra = command.removeprefix("pip install ").strip("'").rstrip("]").partition("[")
            assert name == PROJECT["name"]
            assert not extra or extra in PROJECT["optional-dependencies"]
        else:
            done = subprocess.run(
                ["sh", "-c", command], env=environment, capture_output=True, text=True, check=False
            )
            pattern = re.escape(expected).replace(re.escape("...\n"), "(.*\n)*")
            assert re.fullmatch(pattern, done.stdout), done.stdout + done.stderr
            assert done.returncode in (0, 1), done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    for target in _LINK.findall(_BLOCK.sub("", text)):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        there = (document.parent / file).resolve() if file else document
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}, target


def section(name: str) -> str:
    """Return what docs/commands.md says about one command."""
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    _, _, rest = text.partition(f"## cookiegate {name}\n")
    return rest.partition("\n## ")[0]


@pytest.mark.parametrize("module", COMMANDS, ids=lambda module: module.NAME)
def test_every_command_and_option_is_documented(module):
    parser = Parser()
    module.configure(parser)
    said = section(module.NAME)
    assert said
    options = {name for action in parser._actions for name in action.option_strings if name.startswith("--")}
    assert set(re.findall(r"`(--[a-z-]+)", said)) == options - {"--help"}
    for action in parser._actions:
        if action.option_strings and action.default not in (None, False, argparse.SUPPRESS, "text", []):
            assert str(action.default) in said


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_documented(target):
    development = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    assert target == "help" or f"`make {target}`" in development


def test_every_parameter_of_the_gate_is_documented():
    text = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    for name in list(inspect.signature(CookieGate).parameters)[1:]:
        assert re.search(rf"\b{name}\b", text), name


def test_the_changelog_has_a_place_for_what_comes():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(.+?)\]", changelog, re.M)[0] == "Unreleased"
    kinds = set(re.findall(r"^### (.+)$", changelog, re.M))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
