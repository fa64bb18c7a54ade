"""Plans: the same page for everybody who may see the same, without reading it twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cookiegate.consent.decide import granted_profile
from cookiegate.gate import plan as plan_module
from cookiegate.gate.html.scanner import Scanner
from cookiegate.gate.page import PageGate
from cookiegate.gate.plan import Plans
from cookiegate.gate.recoder import Recoder
from cookiegate.policy.model import Policy

POLICY = Policy()
PIXEL = b"<img src=https://www.facebook.com/tr?id=1>"
PIECES = [
    PIXEL, b"<!doctype html>", b"<body>", b"text", b"<script>fbq('init', 1)</script>", b"<img src=/a.png>",
    b"<script src=https://www.googletagmanager.com/gtag/js?id=G-1></script>", b"</body>", b"<!--", b"-->",
]  # fmt: skip
GRANTS = st.sampled_from([(), ("analytics",), ("marketing", "beacons"), ("meta-pixel",)])


def snippet(rest):
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


def test_old_plans_give_way(monkeypatch):
    scans, plans = count_scans(monkeypatch), Plans(POLICY, most_candidates=5)
    strict = granted_profile(POLICY, ())
    for page in (PIXEL, PIXEL * 2, PIXEL, PIXEL * 2, PIXEL * 3, PIXEL):
        plans.gate(page, strict, url="https://a.example/")
    assert [len(data) // len(PIXEL) for data in scans] == [1, 2, 3, 1]
    plans.gate(PIXEL * 9, strict, url="https://a.example/")
    assert plans._size == 0
