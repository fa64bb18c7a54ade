from __future__ import annotations

import sys
import zipfile
from copy import copy
from dataclasses import FrozenInstanceError, replace
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from cookiegate.catalog import CookieRule, Service, compiled
from cookiegate.catalog.compiled import FILE_NAME, dump, load_compiled, read_sources, restore, stamp_of
from cookiegate.catalog.load import load_services, parse_sources
from cookiegate.exceptions import CatalogError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BLOCK = '[[services]]\nid="{}"\nname="A"\nvendor="A"\npurpose="analytics"\nnumber=1\nhosts=["a.example"]\n'
STAMP = b"0" * 64


class Parser:
    """Parses, and counts how often it had to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, sources: Mapping[str, bytes]) -> tuple[Service, ...]:
        self.calls += 1
        return parse_sources(sources)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "some.toml").write_text(BLOCK.format("first"), "utf-8")
    (tmp_path / "data" / "tail.tsv").write_text("last\tLäst\tDE\tmarketing\tlast.example\n", "utf-8")
    (tmp_path / "data" / "notes.txt").write_text("nothing", "utf-8")
    return tmp_path


@pytest.fixture
def parse() -> Parser:
    return Parser()


def kept(package: Path) -> Path:
    return package / "data" / "__pycache__" / FILE_NAME


def ids(services: tuple[Service, ...]) -> list[str]:
    return [service.id for service in services]


def test_the_compiled_catalogue_is_the_catalogue() -> None:
    package = resources.files("cookiegate.catalog")
    services = parse_sources(read_sources(package / "data"))
    assert restore(dump(services, STAMP), STAMP) == services
    assert load_services() == services


def test_what_is_restored_is_frozen_as_ever() -> None:
    made = Service(id="a", name="A", vendor="A", purpose="analytics", cookies=(CookieRule(name="a"),))
    (restored,) = restore(dump([made], STAMP), STAMP) or ()
    assert type(restored) is Service
    assert (restored, hash(restored), repr(restored)) == (made, hash(made), repr(made))
    assert replace(restored, name="B").name == "B"
    assert copy(restored) == made
    with pytest.raises(FrozenInstanceError):
        restored.name = "B"  # type: ignore[misc]  # that it raises is the test


def test_it_is_written_at_first_use_and_taken_from_then_on(package: Path, parse: Parser) -> None:
    first = load_compiled(package, parse)
    assert ids(first) == ["first", "last"]
    assert load_compiled(package, parse) == first
    assert parse.calls == 1
    assert [file.name for file in kept(package).parent.iterdir()] == [FILE_NAME]
    assert kept(package).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("name", ["data/some.toml", "data/more.toml", "data/tail.tsv", "tail.py"])
def test_a_changed_source_counts_at_once(package: Path, parse: Parser, name: str) -> None:
    load_compiled(package, parse)
    place = package / name
    place.write_text(
        (place.read_text("utf-8") if place.exists() else "services = []\n") + "# changed\n", "utf-8"
    )
    load_compiled(package, parse)
    load_compiled(package, parse)
    assert parse.calls == 2


def test_the_names_of_the_sources_count() -> None:
    root = resources.files("cookiegate.catalog")
    assert stamp_of({"a": b"x", "b": b""}, root) != stamp_of({"a": b"", "b": b"x"}, root)


def test_what_a_wheel_brings_is_taken_and_nothing_is_written(package: Path, parse: Parser) -> None:
    sources = read_sources(package / "data")
    content = dump(parse_sources(sources), stamp_of(sources, package))
    (package / "data" / FILE_NAME).write_bytes(content)
    assert ids(load_compiled(package, parse)) == ["first", "last"]
    assert parse.calls == 0
    assert not kept(package).exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"something else",
        lambda content: content[:-1],
        lambda content: content + b" ",
        lambda content: content.replace(b"a.example", b"b.example"),
        lambda content: content.replace(b"catalogue 1", b"catalogue 0"),
        lambda content: b"\xff" * len(content),
    ],
)
def test_a_damaged_or_foreign_file_is_ignored_and_replaced(package: Path, parse: Parser, damage) -> None:  # type: ignore[no-untyped-def]
    first = load_compiled(package, parse)
    whole = kept(package).read_bytes()
    kept(package).write_bytes(damage(whole))
    assert load_compiled(package, parse) == first
    assert parse.calls == 2
    assert kept(package).read_bytes() == whole


def test_nothing_is_written_where_python_writes_no_byte_code(
    package: Path, parse: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert load_compiled(package, parse) == load_compiled(package, parse)
    assert parse.calls == 2
    assert not kept(package).parent.exists()


def test_it_lies_where_python_keeps_its_byte_code(
    package: Path, parse: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setattr(sys, "pycache_prefix", str(elsewhere))
    load_compiled(package, parse)
    load_compiled(package, parse)
    assert parse.calls == 1
    assert not kept(package).exists()
    assert len(list(elsewhere.rglob(FILE_NAME))) == 1


def test_a_python_that_keeps_no_byte_code(
    package: Path, parse: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.implementation, "cache_tag", None)
    assert ids(load_compiled(package, parse)) == ["first", "last"]
    assert not kept(package).exists()


def test_a_folder_that_cannot_be_written_to(package: Path, parse: Parser) -> None:
    kept(package).parent.write_bytes(b"a file where the folder should be")
    assert load_compiled(package, parse) == load_compiled(package, parse)
    assert parse.calls == 2


def test_a_disk_that_fails_leaves_no_litter(
    package: Path, parse: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(compiled.os, "replace", fail)
    assert ids(load_compiled(package, parse)) == ["first", "last"]
    assert list(kept(package).parent.iterdir()) == []


def test_in_an_archive(package: Path, parse: Parser, tmp_path: Path) -> None:
    archive = tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for source in sorted((package / "data").iterdir()):
            file.write(source, f"catalog/data/{source.name}")
    inside = zipfile.Path(archive, "catalog/")
    assert ids(load_compiled(inside, parse)) == ["first", "last"]


def test_a_fault_in_a_source_is_told_and_nothing_is_kept(package: Path, parse: Parser) -> None:
    (package / "data" / "wrong.toml").write_text(BLOCK.format("second"), "utf-8")
    with pytest.raises(CatalogError, match="never reused"):
        load_compiled(package, parse)
    assert not kept(package).exists()
