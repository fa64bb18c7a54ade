"""What people install: the wheel, built from the source distribution, away from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from cookiegate.catalog.load import load_services

ROOT = Path(__file__).resolve().parent.parent

CHECK = """
import json, pathlib, sys
sys.path = [entry for entry in sys.path if not entry.endswith("src")]  # an editable install's checkout
import cookiegate
from cookiegate.assets import asset_text
from cookiegate.policy.texts import LANGUAGES, texts
from starlette.applications import Starlette
files = json.loads(sys.argv[1])
json.dump({
    "file": cookiegate.__file__,
    "empty": [file for file in files if not asset_text(*file.split("/", 1))],
    "languages": [texts(language).language for language in LANGUAGES],
    "gated": cookiegate.gate_html(b'<script src="https://www.clarity.ms/tag/a"></script>').body.decode(),
    "app": type(cookiegate.CookieGate(Starlette(), secret_keys="k" * 32)).__name__,
}, sys.stdout)
"""


def run(*command: str | Path, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the source distribution, and the wheel from nothing but that."""
    place = tmp_path_factory.mktemp("dist")
    hatchling = (sys.executable, "-m", "hatchling", "build", "-d", place)
    built = run(*hatchling, "-t", "sdist", cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (archive,) = place.glob("*.tar.gz")
    with tarfile.open(archive) as source:
        # Python 3.11.2 has no filters yet, and 3.12 warns without one.
        source.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
        source.extractall(place)  # noqa: S202 - we made it
    built = run(*hatchling, "-t", "wheel", cwd=place / archive.name.removesuffix(".tar.gz"))
    assert built.returncode == 0, built.stderr
    (wheel,) = place.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Install the wheel into a folder of its own; its dependencies are there already."""
    place = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    done = run(*pip, "--no-deps", "--no-index", "--target", place, wheel, cwd=place)
    assert done.returncode == 0, done.stderr
    return place


def shipped(folder: str) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()]


def test_everything_is_in_the_wheel(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = ROOT / "src"
    code = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.endswith(".pyc")
    }
    assert code <= names
    assert {f"cookiegate/{name}" for name in (*shipped("static"), *shipped("templates"))} <= names
    assert {name.split("/")[-1] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert {name.split("/")[0] for name in names} == {"cookiegate", "cookiegate-0.1.0.dist-info"}


def test_it_works_without_the_checkout(installed):
    files = [*shipped("static"), *shipped("templates")]
    done = run(sys.executable, "-P", "-c", CHECK, json.dumps(files), cwd=installed, path=installed)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert Path(told["file"]).is_relative_to(installed)
    assert told["empty"] == []
    assert told["languages"] == ["en", "de", "ar"]
    assert "data-cg-src" in told["gated"]
    assert told["app"] == "CookieGate"


def test_the_command_works_without_the_checkout(installed):
    command = installed / "bin" / "cookiegate"
    done = run(
        sys.executable, "-P", command, "lookup", "_ga", "--format", "json", cwd=installed, path=installed
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["service"] == "google-analytics"


def test_the_catalogue_comes_compiled_and_is_used_so(installed):
    code = """
import sys
from cookiegate.catalog import load
def refuse(*_): raise SystemExit("the sources were parsed")
load.parse_file = load.parse_tail = refuse
print(len(load.load_services()))
"""
    done = run(sys.executable, "-P", "-c", code, cwd=installed, path=installed)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(load_services())


def test_the_demo_is_in_the_wheel(installed):
    code = "import cookiegate.demo; print(cookiegate.demo.create_app(), cookiegate.demo.__file__)"
    done = run(sys.executable, "-P", "-c", code, cwd=installed, path=installed)
    assert done.returncode == 0, done.stderr
    assert str(installed) in done.stdout
