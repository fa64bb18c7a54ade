"""The quick look never hides a tag that the exact one would hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog import Index, Service
from cookiegate.consent.decide import granted_profile
from cookiegate.gate.interest import Interest, interest_of
from cookiegate.gate.page import PageGate
from cookiegate.policy.model import Policy


def service(id_, **more):
    return Service(id=id_, name=id_, vendor=id_, purpose="marketing", **more)


URL = "https://shop.example/pots/1"
POLICY = Policy(
    index=Index(
        [
            service("far", hosts=("far.example",), beacon=True),
            service("near", paths=("/own/count*", "/*/hit.gif")),
            service("deep", paths=("/wp-content/*/pix-",)),
        ]
    )
)
VALUES = [
    "/a.png", "a.png", "//far.example/p", "https://far.example/p", "https:far.example", "/\\far.example",
    "\\\\far.example", "&#47;/far.example/p", "/\n/far.example", "\t//far.example", "/&sol;far.example",
    "/own/count/1", "/%6fwn/count", "/own//count", "../own/count", "hit.gif", "/x/hit.gif?1", "hit%2egif",
    "/wp-content/a/pix-1", "data:,x", "", "x:y",
]  # fmt: skip
ATTRIBUTES = st.tuples(
    st.sampled_from(
        ["src", "SRC", "srcset", "alt", "href", "data-category", "Data-Service", "rel", "poster", "type"]
    ),
    st.sampled_from([*VALUES, "analytics", "near", "stylesheet", "image"]),
    st.sampled_from(['"', "'", ""]),
)
TAGS = st.builds(
    lambda name, attributes: f"<{name} {' '.join(f'{n}={q}{v}{q}' for n, v, q in attributes)}>",
    st.sampled_from(
        ["img", "IMG", "link", "source", "video", "input", "embed", "object", "script", "iframe"]
    ),
    st.lists(ATTRIBUTES, max_size=4),
)


def gated(page, *, quick, url=URL):
    gate = PageGate(POLICY, granted_profile(POLICY, ()), url=url)
    if not quick:
        gate._scanner.interest = gate._classifier.interest = None
    return gate.feed(page) + gate.close(), gate.findings


@given(
    st.lists(
        st.one_of(TAGS, st.sampled_from(["<body>", "<base href=//far.example/>", "<svg>", "</svg>", "x"]))
    )
)
def test_quick_and_exact_give_the_same(parts):
    page = "".join(parts).encode()
    assert gated(page, quick=True) == gated(page, quick=False)


@pytest.mark.parametrize("value", VALUES)
def test_every_spelling_on_its_own(value):
    page = f'<p><img src="{value}">'.encode()
    assert gated(page, quick=True) == gated(page, quick=False)


def test_a_base_elsewhere_ends_the_quick_way():
    page = b"<p><img src=p.gif><base href=//far.example/><img src=p.gif>"
    body, findings = gated(page, quick=True)
    assert body.count(b"data-cg-src") == 1
    assert [(finding.kind, finding.service) for finding in findings] == [("base", "far"), ("beacon", "far")]


def test_a_trackers_own_site_has_no_quick_way():
    assert (
        gated(b"<p><img src=/p.gif>", quick=True, url="https://www.far.example/")[0].count(b"data-cg-src")
        == 1
    )


def test_without_words_only_other_hosts_are_of_interest():
    interest = Interest(())
    assert not interest(b"<img src=/own/count>")
    assert interest(b"<img src=//own/count>")


def test_rules_and_lists_that_may_mean_any_path():
    anything = service("any", paths=("/*count",))
    assert interest_of(Policy(index=Index([anything]))) is None
    assert interest_of(POLICY) is not None
