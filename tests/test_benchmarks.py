"""The bench compares like with like: its pages are stable, and every peer holds what the gate holds."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from cookiegate import gate_html

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


def load(name):
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


pages = load("pages")
peers = load("peers")


@pytest.mark.parametrize("make", [pages.tag_dense, pages.script_heavy])
def test_pages_are_stable_and_about_as_long_as_asked(make):
    page = make(100_000)
    assert page == make(100_000)
    assert 100_000 <= len(page) < 130_000
    assert page.startswith(b"<!doctype html>")


@pytest.mark.parametrize("make", [pages.tag_dense, pages.script_heavy])
def test_the_parser_of_the_standard_library_holds_the_same_tags(make):
    page = make(100_000)
    gated = gate_html(page).body
    peer = peers.html_parser(page)
    held = gated.count(b" data-cg-src=") + gated.count(b" data-cg-href=")
    # The pixel inside noscript is text to a peer that does not look there.
    assert peer.count(b" data-cg-src=") + peer.count(b" data-cg-href=") in (held, held - 1)
    assert peer.count(b'type="text/plain"') == gated.count(b'type="text/plain"')
