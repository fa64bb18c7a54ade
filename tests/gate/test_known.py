"""Tags that were met before: what is remembered of them, for whom, and within which bounds."""

from __future__ import annotations

import pytest

from cookiegate.consent.decide import granted_profile
from cookiegate.gate import known as known_module
from cookiegate.gate.candidates import Candidate
from cookiegate.gate.known import Form, Known, Made, known_on
from cookiegate.gate.page import PageGate, gate_html
from cookiegate.policy.model import Policy

POLICY = Policy.from_dict(
    {
        "services": [
            {
                "id": "counter",
                "name": "Counter",
                "vendor": "Counter Ltd",
                "purpose": "analytics",
                "hosts": ["counter.example"],
                "paths": ["/own-metrics"],
                "inline": ["count ("],
                "script": True,
                "beacon": True,
            }
        ]
    }
)
URL = "https://www.shop.example/kitchen/pots"


@pytest.fixture
def tags() -> dict[bytes, Made | None]:
    known_on.cache_clear()
    gate_html(b"<!doctype html><p>", policy=POLICY, url=URL)
    return known_on(POLICY, "https", "www.shop.example").tags


PAGE = b"<p><img src=/a.png><IMG src=//counter.example/a><script src=//counter.example/b></script>"


def test_a_known_tag_is_held_alike(tags: dict[bytes, Made | None]) -> None:
    first = gate_html(PAGE, policy=POLICY, url=URL)
    assert {text: made is not None for text, made in tags.items()} == {
        b"<img src=/a.png>": False,
        b"<IMG src=//counter.example/a>": True,
        b"<script src=//counter.example/b></script>": True,
    }
    before = dict(tags)
    assert gate_html(PAGE, policy=POLICY, url=URL) == first
    assert tags == before
    assert [finding.offset for finding in first.findings] == [PAGE.index(b"<IMG"), PAGE.index(b"<script")]
    shifted = gate_html(b"<p>" + PAGE, policy=POLICY, url=URL)
    assert shifted.body == b"<p>" + first.body
    assert [finding.offset - 3 for finding in shifted.findings] == [f.offset for f in first.findings]


def test_every_profile_has_its_own(tags: dict[bytes, Made | None]) -> None:
    for _ in range(2):
        assert gate_html(PAGE, policy=POLICY, url=URL, granted=["analytics", "beacons"]).body == PAGE
        assert b"data-cg-src" in gate_html(PAGE, policy=POLICY, url=URL).body


@pytest.mark.parametrize("tag", [b"<img src=own-metrics/a>", b"<img src='\\own-metrics%2fa'>"])
def test_what_leads_elsewhere_from_another_page_is_looked_at_again(
    tags: dict[bytes, Made | None], tag: bytes
) -> None:
    held = gate_html(tag, policy=POLICY, url="https://www.shop.example/").body
    assert b"data-cg-src" in held
    assert (gate_html(tag, policy=POLICY, url=URL).body == tag) is tag.startswith(b"<img src=own")
    assert gate_html(tag, policy=POLICY, url="https://www.shop.example/").body == held


SCRIPTS = (
    b"<script>a<b</script>",
    b"<script type=application/json>{}</script>",
    b"<script>count (1)</script>",
    b"<SCRIPT nonce=n>count (2)</SCRIPT>",
    b"<script src=//counter.example/b>count (3)</script>",
    b"<script>document.write('<!-- a')</script>",
)


@pytest.mark.parametrize("head", [b"<!doctype html><head>", b"<!doctype html><p>"])
def test_a_script_is_known_by_its_code(tags: dict[bytes, Made | None], head: bytes) -> None:
    page = head + b"".join(SCRIPTS)
    first = gate_html(page, policy=POLICY, url=URL)
    assert {text: made is not None for text, made in tags.items()} == dict(
        zip(SCRIPTS[:5], (False, False, True, True, True), strict=True)
    )
    assert gate_html(page, policy=POLICY, url=URL) == first
    assert [finding.offset for finding in first.findings] == [page.index(text) for text in SCRIPTS[2:5]]
    pieces = PageGate(POLICY, granted_profile(POLICY, ()), url=URL)
    assert b"".join(pieces.feed(page[at : at + 1]) for at in range(len(page))) + pieces.close() == first.body


NOSCRIPTS = {
    b"<noscript><img src=/a><b>x</b></noscript>": False,
    b"<NoScript ><img src=//counter.example/a></noscript>": True,
    b"<noscript><p><iframe src='//counter.example/a'></iframe></p></noscript>": True,
    # These do not end in one place for every browser, or hold more than tags.
    b"<noscript><p a='</noscript><img src=//counter.example/a>'></noscript>": None,
    b"<noscript><!-- <img src=//counter.example/a> --></noscript>": None,
    b"<noscript><style>a{b:url(//counter.example/a)}</style></noscript>": None,
}


@pytest.mark.parametrize("element", NOSCRIPTS)
def test_a_noscript_is_known_whole_where_all_read_it_alike(
    tags: dict[bytes, Made | None], element: bytes
) -> None:
    page = b"<!doctype html><p>" + element
    first = gate_html(page, policy=POLICY, url=URL)
    assert (tags[element] is not None if element in tags else None) is NOSCRIPTS[element]
    assert gate_html(page, policy=POLICY, url=URL) == first
    assert (first.body != page) is (b"//counter" in element and b"<!--" not in element)
    pieces = PageGate(POLICY, granted_profile(POLICY, ()), url=URL)
    assert b"".join(pieces.feed(page[at : at + 1]) for at in range(len(page))) + pieces.close() == first.body
    assert tuple(pieces.findings) == first.findings


def test_behind_a_base_nothing_is_known(tags: dict[bytes, Made | None]) -> None:
    gate_html(b"<p><img src=a>", policy=POLICY, url=URL)
    assert b"<img src=a>" in tags
    page = b"<base href=//counter.example/><p><img src=a>"
    assert gate_html(page, policy=POLICY, url=URL).body.count(b"data-cg-src") == 1


def test_a_tag_in_a_noscript_is_not_taken_for_a_known_one(tags: dict[bytes, Made | None]) -> None:
    page = b"<noscript><p a='</noscript><img src=//counter.example/a>'></noscript>"
    gate_html(b"<p><img src=//counter.example/a>", policy=POLICY, url=URL)
    assert b'"' not in gate_html(page, policy=POLICY, url=URL).body


def test_tags_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "_MOST_BYTES", 1600)
    known = Known()
    for tag in (b"1", b"2", b"3", b"4", b"x" * 20_000):
        known.keep(tag, None)
    assert known.tags == {b"4": None}


def test_forms_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "_MOST_FORMS", 2)
    made, form = Made(Candidate(offset=0, insert_at=0, references=())), Form((), ())
    for profile in "abc":
        assert made.form(profile) is None
        made.keep(profile, form)
    assert [made.form(profile) for profile in "abc"] == [None, None, form]
