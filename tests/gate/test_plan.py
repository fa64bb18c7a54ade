"""Plans: the same page for everybody who may see the same, without reading it twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.consent.decide import granted_profile
from cookiegate.gate import plan as plan_module
from cookiegate.gate.html.scanner import Scanner
from cookiegate.gate.page import Enforcer, PageGate
from cookiegate.gate.plan import Plans
from cookiegate.gate.recoder import Recoder
from cookiegate.gate.steps import SLICE
from cookiegate.policy.model import Policy

POLICY = Policy()
PIXEL = b"<img src=https://www.facebook.com/tr?id=1>"
PIECES = [
    PIXEL, b"<!doctype html>", b"<body>", b"text", b"<script>fbq('init', 1)</script>", b"<img src=/a.png>",
    b"<script src=https://www.googletagmanager.com/gtag/js?id=G-1></script>", b"</body>", b"<!--", b"-->",
]  # fmt: skip
GRANTS = st.sampled_from([(), ("analytics",), ("marketing", "beacons"), ("meta-pixel",)])


def snippet(page, start, rebased, language):
    return b"<aside>us</aside>"


@given(st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join), st.lists(GRANTS, min_size=1, max_size=3))
def test_a_plan_gives_what_reading_gives(page, grants):
    plans = Plans(POLICY)
    for granted in grants:
        profile = granted_profile(POLICY, granted)
        gate = PageGate(POLICY, profile, url="https://a.example/", snippet=snippet)
        body = gate.feed(page) + gate.close()
        planned = plans.gate(page, profile, url="https://a.example/", snippet=snippet)
        assert list(planned.findings) == gate.findings
        assert planned.body == body


GUARD = b"<script src=/g.js></script>"


@pytest.mark.parametrize(
    "page",
    [
        b"<!doctype html><html><head><title>x</title></head><body>" + PIXEL,
        b"<!doctype html><html>" + PIXEL,
        b"<!doctype html>",
        PIXEL,
    ],
)
def test_the_guard_stands_first(page):
    strict = granted_profile(POLICY, ())
    gate = PageGate(POLICY, strict, url="https://a.example/", snippet=snippet, guard=GUARD)
    body = b"".join([*(gate.feed(page[at : at + 7]) for at in range(0, len(page), 7)), gate.close()])
    for options in ({}, {"guard": GUARD}):
        planned = Plans(POLICY).gate(page, strict, url="https://a.example/", snippet=snippet, **options).body
        assert (planned == body) is (bool(options) or page is PIXEL)
    assert body.count(GUARD) == (page is not PIXEL)
    if page is not PIXEL:
        assert body.index(GUARD) < body.index(b"<aside>")
        plain = PageGate(POLICY, strict, url="https://a.example/", snippet=snippet)
        assert body.replace(GUARD, b"") == plain.feed(page) + plain.close()


def test_a_plan_of_a_page_in_another_encoding():
    strict = granted_profile(POLICY, ())
    page = "<!doctype html><body>社会".encode("utf-16-le") + PIXEL.decode().encode("utf-16-le")
    recoder, again = Recoder(b"text/html; charset=utf-16"), Recoder(b"text/html; charset=utf-16")
    gate = PageGate(POLICY, strict, url="https://a.example/", recoder=recoder, snippet=snippet)
    body = gate.feed(page) + gate.close()
    planned = Plans(POLICY).gate(page, strict, url="https://a.example/", recoder=again, snippet=snippet)
    assert planned.body == body
    assert "<aside>us</aside>社会<img" in body.decode("utf-16-le")
    assert list(planned.findings) == gate.findings
    assert planned.findings[0].offset == page.index("<img".encode("utf-16-le"))


def test_a_plan_of_a_page_with_a_base_gives_what_reading_gives():
    page = b"<base href=//cdn.example/><body><script>fbq('init', 1)</script><img src=a.png>" + PIXEL
    strict = granted_profile(POLICY, ())
    gate = PageGate(POLICY, strict, url="https://a.example/")
    body = gate.feed(page) + gate.close()
    planned = Plans(POLICY).gate(page, strict, url="https://a.example/")
    assert (planned.body, list(planned.findings)) == (body, gate.findings)
    assert body.count(b'data-cg-service="meta-pixel"') == 2


def count_scans(monkeypatch):
    scans = []

    class Counting(Scanner):
        def feed(self, data, *, final=False):
            scans.append(data)
            return super().feed(data, final=final)

    monkeypatch.setattr(plan_module, "Scanner", Counting)
    return scans


def test_the_same_page_is_read_once_for_all_visitors(monkeypatch):
    scans, plans = count_scans(monkeypatch), Plans(POLICY)
    held = plans.gate(PIXEL, granted_profile(POLICY, ()), url="https://a.example/")
    allowed = plans.gate(PIXEL, granted_profile(POLICY, ("meta-pixel", "beacons")), url="https://a.example/")
    assert b"data-cg-src" in held.body
    assert allowed.body == PIXEL
    assert len(scans) == 1


def test_another_address_or_kind_is_another_plan(monkeypatch):
    scans, plans = count_scans(monkeypatch), Plans(POLICY)
    strict = granted_profile(POLICY, ())
    page = b"<img src=/tr>"
    assert plans.gate(page, strict, url="https://a.example/").body == page
    assert plans.gate(page, strict, url="https://www.facebook.com/").body != page
    plans.gate(page, strict, url="https://a.example/", xml=True)
    assert len(scans) == 3


def test_another_policy_is_another_plan():
    page, url = b"<script src=https://t.example/a.js></script>", "https://a.example/"
    other = Policy.from_dict(
        {"services": [{"name": "T", "vendor": "T", "purpose": "analytics", "hosts": ["t.example"]}]}
    )
    keys = {
        next(iter(plans._kept))
        for policy in (POLICY, other)
        for plans in [Plans(policy)]
        if plans.gate(page, granted_profile(policy, ()), url=url)
    }
    assert len(keys) == 2


def weigh(plans):
    assert plans._weight == sum(plan.weight for plan in plans._kept.values())
    return plans._weight


def test_old_plans_give_way(monkeypatch):
    scans = count_scans(monkeypatch)
    strict = granted_profile(POLICY, ())
    alone = Plans(POLICY)
    alone.gate(PIXEL, strict, url="https://a.example/")
    plans = Plans(POLICY, most_weight=3 * weigh(alone))
    scans.clear()
    for page in (PIXEL, PIXEL * 2, PIXEL, PIXEL * 2, PIXEL * 3, PIXEL):
        plans.gate(page, strict, url="https://a.example/")
        weigh(plans)
    assert [len(data) // len(PIXEL) for data in scans] == [1, 2, 3, 1]
    plans.gate(PIXEL * 9, strict, url="https://a.example/")
    assert weigh(plans) == 0


def test_long_addresses_weigh_more():
    weights = []
    for letters in (1, 100_000):
        plans = Plans(POLICY)
        page = b"<img src=https://www.facebook.com/tr?id=%b>" % (b"1" * letters)
        plans.gate(page, granted_profile(POLICY, ()), url="https://a.example/")
        weights.append(weigh(plans))
    assert weights[1] > weights[0] + 300


def test_what_profiles_make_of_a_plan_is_kept_with_it_and_weighs(monkeypatch):
    decided = []

    class Counting(Enforcer):
        def again(self, offset, made):
            decided.append(made)
            super().again(offset, made)

    monkeypatch.setattr(plan_module, "Enforcer", Counting)
    plans = Plans(POLICY)
    strict, loose = granted_profile(POLICY, ()), granted_profile(POLICY, ("meta-pixel", "beacons"))
    first = plans.gate(PIXEL, strict, url="https://a.example/")
    weight = weigh(plans)
    assert plans.gate(PIXEL, strict, url="https://a.example/") == first
    assert (len(decided), weigh(plans)) == (1, weight)
    assert plans.gate(PIXEL, loose, url="https://a.example/").body == PIXEL
    assert len(decided) == 2
    assert weigh(plans) > weight


def test_large_pages_are_gated_in_steps():
    page = b"<!doctype html><body>" + PIXEL * 4500 + b"<p>text" * 300_000
    strict = granted_profile(POLICY, ())
    plans = Plans(POLICY)
    taken = []

    def count(steps):
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value
            taken[-1] += 1

    bodies = []
    for _ in "12":
        taken.append(0)
        bodies.append(count(plans.steps(page, strict, url="https://a.example/", snippet=snippet)).body)
    gate = PageGate(POLICY, strict, url="https://a.example/", snippet=snippet)
    assert bodies == [gate.feed(page) + gate.close()] * 2
    assert taken[0] > len(page) // SLICE + len(gate.findings) // 500
    assert 1 < taken[1] < taken[0]


def test_the_same_new_page_several_times_at_once():
    page = b"<!doctype html><body>" + PIXEL * 2000
    plans = Plans(POLICY)
    profiles = [
        granted_profile(POLICY, ()),
        granted_profile(POLICY, ("meta-pixel",)),
        granted_profile(POLICY, ()),
    ]
    expected = [Plans(POLICY).gate(page, profile, url="https://a.example/") for profile in profiles]
    running = [plans.steps(page, profile, url="https://a.example/") for profile in profiles]
    found = [None] * len(running)
    while None in found:
        for number, steps in enumerate(running):
            try:
                next(steps)
            except StopIteration as end:
                found[number] = found[number] or end.value
    assert found == expected
    assert len(plans._kept) == 1
    weigh(plans)


def test_candidates_out_of_order_come_out_in_order():
    page = b"<body>" + PIXEL * 600
    plans = Plans(POLICY)
    strict = granted_profile(POLICY, ())
    expected = plans.gate(page, strict, url="https://a.example/").body
    (plan,) = plans._kept.values()
    plan.candidates.reverse()
    plan.cuts.clear()
    assert plans.gate(page, strict, url="https://a.example/").body == expected


@pytest.mark.parametrize(
    ("url", "base", "elsewhere"),
    [
        ("https://a.example/", b"https://cdn.example/", True),
        ("https://a.example/", b" //cdn.example", True),
        ("https://a.example/", b"/shop/", False),
        ("https://a.example/", b"https://a.example/shop/", False),
        ("http://a.example/", b"https://a.example/shop/", False),
        ("https://a.example/", b"https://a.example:8443/", True),
        ("https://a.example:8443/", b"https://a.example:8443/b/", False),
        ("https://a.example:8443/", b"b/", False),
        ("https://a.example:8443/", b"//a.example/b/", True),
        ("https://a.example/", b"data:text/plain,x", False),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_the_snippet_is_told_when_the_base_leads_elsewhere(url, base, elsewhere, inside):
    told = []

    def keep(page, start, rebased, language):
        told.append((page[start:], rebased))
        return b""

    tag, page = b"<base href='%b'>" % base, b"<!doctype html>%b<body>%b"
    page = page % ((b"", tag) if inside else (tag, b"c"))
    strict = granted_profile(POLICY, ())
    assert Plans(POLICY).gate(page, strict, url=url, snippet=keep).body == page
    assert told == [(tag if inside else b"c", elsewhere)]
    gate = PageGate(POLICY, strict, url=url, snippet=keep)
    assert gate.feed(page) + gate.close() == page
    assert told[1][1] is (elsewhere and not inside)


@pytest.mark.parametrize(
    ("page", "language"),
    [
        (b"<html lang=' de-AT '><body>", "de-AT"),
        (b"<html lang='&#100;e'><body>", "de"),
        (b"<html><body>", ""),
        ("<html lang=ж><body>".encode(), "Ð¶"),
    ],
)
def test_the_snippet_is_told_the_pages_language(page, language):
    told = []

    def keep(page, start, rebased, language):
        told.append(language)
        return b""

    strict = granted_profile(POLICY, ())
    Plans(POLICY).gate(page, strict, url="https://a.example/", snippet=keep)
    gate = PageGate(POLICY, strict, url="https://a.example/", snippet=keep)
    gate.feed(page)
    gate.close()
    assert told == [language, language]
