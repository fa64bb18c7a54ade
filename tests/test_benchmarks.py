"""The bench compares like with like: its pages are stable, and every peer holds what the gate holds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from cookiegate import gate_html
from cookiegate.catalog import default_index, lookup_url

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"

with pytest.MonkeyPatch.context() as patch:  # they import each other as the script does
    patch.syspath_prepend(str(FOLDER))
    pages, mixed, peers, matcher, measure, memos, tables, contenders, targets = map(
        import_module,
        ["pages", "mixed", "peers", "matcher", "measure", "memos", "table", "contenders", "targets"],
    )

KINDS = [pages.tag_dense, pages.script_heavy, mixed.mixed]
# What a peer looks at: no addresses inside styles, and none of headers.
SUPPORTED = {"script", "inline", "beacon", "image", "frame", "style", "hint", "media", "object", "link"}


def marks(body):
    """Every service that something in a gated page waits for."""
    found = re.findall(rb'data-cg-service="([^"]*)"', body)
    return Counter(name.decode() for names in found for name in names.split())


# --- pages


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("size", [10_000, 30_000, 100_000, 1_000_000])
def test_pages_are_stable_and_as_long_as_asked(make, size):
    page = make(size)
    assert page == make(size)
    assert abs(len(page) - size) <= size * 0.05
    assert page.lower().startswith(b"<!doctype html>")
    assert page.endswith(b"</body></html>\n")


@pytest.mark.parametrize("size", [10_000, 100_000, 1_000_000])
def test_the_mixed_page_is_as_dense_as_real_ones(size):
    page = mixed.mixed(size)
    assert 60 <= size / len(re.findall(rb"<[a-zA-Z]", page)) <= 90


def test_the_mixed_page_has_what_real_ones_have():
    page = mixed.mixed(100_000)
    services = set(marks(gate_html(page, url=pages.URL).body))
    assert {"google-analytics", "google-tag-manager", "meta-pixel", "hotjar", "linkedin-insight"} <= services
    assert {"google-fonts", "google-ad-manager", "x-embed"} <= services
    for part in (b"application/ld+json", b"<nav", b"<svg", b'style="background-image:url(', b"<style>"):
        assert part in page


# --- peers

# The others are installed by `make bench`, where they can be had.
PEERS = [peer for peer in peers.PEERS if not peer.missing]


def test_the_peers_of_every_machine_are_there():
    assert {"selectolax", "html.parser"} <= {peer.name.partition(",")[0] for peer in PEERS}


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("size", [10_000, 100_000])
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_peers_hold_the_same_trackers(peer, make, size):
    page = make(size)
    gated = gate_html(page, url=pages.URL)
    held = {f.service for f in gated.findings if not f.allowed and f.kind in SUPPORTED}
    assert set(marks(peer.hold(page))) == held
    assert marks(peer.hold(page)) == marks(gated.body)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_peers_leave_the_addresses_they_hold(peer):
    page = b"""<!doctype html><html><head><title>x</title>
<script type="module" src="https://static.hotjar.com/a.js"></script>
<script type="text/plain" src="https://static.hotjar.com/b.js"></script>
<script type="application/json">{"a":"fbq('init')"}</script></head><body>
<img alt=" src=" srcset="/a.png 1x, https://www.facebook.com/tr?id=1 2x"><script>var a = "<b>";</script>
<script>if (a < b) fbq('init', '1')</script></body></html>"""
    body = peer.hold(page)
    assert marks(body) == {"hotjar": 1, "meta-pixel": 2}
    assert b'data-cg-src="https://static.hotjar.com/a.js"' in body
    assert b' src="https://static.hotjar.com/b.js"' in body
    assert b'data-cg-srcset="/a.png 1x, https://www.facebook.com/tr?id=1 2x"' in body
    assert b'<script type="application/json">' in body
    assert body.count(b'type="text/plain"') == 3


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("https://www.googletagmanager.com/gtag/js?id=G-X", "google-analytics"),
        ("//www.googletagmanager.com/gtm.js", "google-tag-manager"),
        (" HTTPS://Static.HotJar.com:443/c/x.js", "hotjar"),
        ("https://www.facebook.com/tr?id=1", "meta-pixel"),
        ("https://www.facebook.com/lindensalt", None),
        ("https://nothotjar.com/", None),
        ("/img/youtube.com/embed/1.jpg", None),
        ("", None),
        ("https://facebook.com.evil.example/tr", None),
    ],
)
def test_the_lean_matcher_agrees_with_the_catalogue(url, service):
    assert matcher.service_of(url) == service
    found = lookup_url(url)
    assert (found.id if found else None) == service


def test_the_lean_matcher_finds_a_service_anywhere_in_a_srcset():
    assert matcher.service_of_set("/a.png 1x, //px.ads.linkedin.com/collect 2x") == "linkedin-insight"
    assert matcher.service_of_set("/a.png 1x,https://cdn.site.example/https://hotjar.com/ 2x") is None


def test_every_peer_is_installed_for_the_bench():
    group = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["bench"]
    names = {re.split(r"[<>=!~ ]", text)[0] for text in group}
    assert names == {peer.package for peer in peers.PEERS if peer.package}
    one_by_one = re.search(r"for peer in (.*);", (ROOT / "scripts" / "setup.sh").read_text())
    assert set(one_by_one[1].split()) == names


# --- measuring


def test_nothing_is_remembered_after_forgetting():
    found = memos.Memos()
    page = mixed.mixed(30_000)
    before = gate_html(page, url=pages.URL)
    lookup_url("https://www.hotjar.com/x")
    assert default_index()._codes._found
    found.forget()
    assert not default_index()._codes._found
    gc = import_module("gc")
    assert not [one for one in gc.get_objects() if memos.is_memo(one) and one.cache_info().currsize]
    assert not [one for one in gc.get_objects() if isinstance(one, memos.Known) and one.tags]
    assert gate_html(page, url=pages.URL) == before


def test_samples_are_for_one_and_ratios_are_of_the_same_round():
    def batch(factor):
        return lambda times: times * factor

    slow, fast = measure.Contender("slow", batch(8e-3)), measure.Contender("fast", batch(2e-6), count=2)
    measure.run([slow, fast], 3)
    assert slow.samples == [8e-3] * 3
    assert fast.median == pytest.approx(1e-6)
    assert slow.ratio(fast) == pytest.approx(8000)
    assert slow.added(fast) == pytest.approx(7.999e-3)


def test_a_fresh_batch_forgets_before_each_call():
    told = []
    spent = measure.fresh(lambda: told.append("call"), lambda: told.append("forget"))(2)
    assert told == ["forget", "call"] * 2
    assert spent >= 0


def test_addresses_are_different_and_half_of_them_known():
    urls = contenders.addresses(400)
    assert len(set(urls)) == 400
    assert 150 <= sum(lookup_url(url) is not None for url in urls) <= 250


# --- tables


@pytest.mark.parametrize(
    ("figures", "more", "verdict"),
    [
        ({"a": 1.0, "b": 2.0}, False, "reached, and the aim"),
        ({"a": 1.0, "b": 2.5}, False, "reached"),
        ({"a": 1.0, "b": 3.5}, False, "missed on b"),
        ({"a": 4.0, "b": 3.5}, False, "missed"),
        ({"": 9.0}, True, "reached"),
        ({"": 2.0}, True, "missed"),
    ],
)
def test_verdicts_are_of_all_kinds_of_pages(figures, more, verdict):
    aim = 10.0 if more else 2.0
    assert tables.Target(what="x", at_least=3, aim=aim, more=more, figures=figures).verdict() == verdict


def test_a_target_without_an_aim_is_reached():
    assert tables.Target(what="x", at_least=3, figures={"": 3.0}).verdict() == "reached"


def test_a_target_that_was_not_measured_is_not_shown():
    assert list(tables.targets_table(targets.targets([], []))) == []


@pytest.mark.parametrize(
    ("figure", "unit", "text"),
    [
        (1.5e-3, "s", "1.50 ms"),
        (1.5e-6, "s", "1.50 µs"),
        (-1.5e-6, "s", "-1.50 µs"),
        (3.1e6, "bytes", "3.10 MB"),
        (900, "bytes", "0.9 kB"),
        (0.5, "times", "0.50x"),
    ],
)
def test_figures_are_shown_as_people_read_them(figure, unit, text):
    assert tables.shown(figure, tables.Unit(unit)) == text


def bench(*options):
    done = subprocess.run(
        [sys.executable, str(FOLDER / "bench.py"), "--rounds", "1", *options],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stderr == ""
    return done.stdout


def test_one_round_makes_a_table():
    lines = bench("--only", "script-heavy 1").splitlines()
    text = "\n".join(lines)
    assert re.search(
        r"^script-heavy 10 KB +cookiegate, nothing remembered +[\d.]+ [mµ]s +\d+ ", text, re.MULTILINE
    )
    assert text.count("html.parser, edits at offsets") == 3
    assert text.count("ASGI: with CookieGate, a new page") == 3
    assert re.search(r"extra memory: whole page +[\d.]+ MB +[\d.]+x$", text, re.MULTILINE)
    assert re.search(r"event loop blocked: with CookieGate, a new page +[\d.]+ [mµ]s$", text, re.MULTILINE)
    assert re.search(r"^100 KB, warm: speed to html.parser .*x: (reached|missed)", text, re.MULTILINE)
    for peer in peers.PEERS:
        assert peer.name in text or f"{peer.package} is not installed" in text


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("json", "what is not HTML: added time"),
        ("lookup_url", "lookup_url, a new address"),
        ("catalogue", "catalogue: loaded, with its first lookup_url"),
    ],
)
def test_one_word_measures_one_thing_for_a_program_to_read(word, what):
    found = json.loads(bench("--only", word, "--format", "json"))
    assert found["rounds"] == 1
    assert what in {target["what"] for target in found["targets"]}
    assert all(line["figure"] > 0 for line in found["lines"])
    assert {target["verdict"].split()[0].rstrip(",") for target in found["targets"]} <= {"reached", "missed"}


# --- load


def test_a_few_readers_and_leavers_make_a_table(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    load = import_module("load")
    for name, value in {"READERS": 3, "ARRIVALS": 0.1, "READING": 0.2}.items():
        monkeypatch.setattr(load, name, value)
    bare, gated = (load.measured(40, gated=one) for one in (False, True))
    assert gated.tasks == bare.tasks == 0
    assert gated.first > 0
    assert gated.peak > 1e6
    text = "\n".join(
        [*tables.table(load.lines(40, bare, gated)), *tables.targets_table(load.targets(bare, gated))]
    )
    assert re.search(r"^3 slow readers +first byte, alone +[\d.]+ ms", text, re.MULTILINE)
    assert re.search(r"^memory of the process +<= 300.00 MB +[\d.]+ MB: (reached|missed)", text, re.MULTILINE)
