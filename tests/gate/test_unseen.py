"""Pictures that nobody is meant to see, and what a policy makes of those of strangers."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.consent.decide import granted_profile
from cookiegate.gate.findings import Kind
from cookiegate.gate.html.tags import read_tag
from cookiegate.gate.page import PageGate, gate_html
from cookiegate.gate.plan import Plans
from cookiegate.gate.unseen import is_unseen
from cookiegate.policy.model import Policy

UNSEEN = [
    "width=1 height=1",
    'WIDTH="1" HEIGHT="1"',
    "width=0 height=0",
    "width=1",
    "height='0'",
    "width=' +1px' height=.5",
    "width=1.0 height=1",
    "width=&#49; height=1",
    "hidden",
    "hidden=until-found",
    "style='display:none'",
    "style='DISPLAY : None !important; color: red'",
    "style='color:red;visibility:hidden'",
    "style='color:red;/* ; */visibility:/**/hidden'",
    "style='width:1px;height:1px'",
    "style='width:0;height:0em'",
    "style='height:.5px'",
    "style='width:1px' width=300",
    "style='display:none' width=1",
    "style='display:none' width=10%",
    "style='display&#58;none'",
    "hidden style='display:block'",
]
SEEN = [
    "",
    "alt=1",
    "width=2",
    "width=1 height=100",
    "width=100% height=1 style=width:600px",
    "width=100%",
    "width=x",
    "width=''",
    "style=''",
    "style='display:block'",
    "style='opacity:0'",
    "style='max-width:1px'",
    "style='width:1em'",
    "style='width:calc(1px)'",
    "style='width:100%'",
    "style='width:auto;display:none' height=40",
    "style='display:none' width=600 height=400",
    "hidden width=600",
    "data-width=1",
    "style='background-width:1px'",
    f"width={'9' * 400}",
]


def tag(attributes: str, name: str = "img") -> bytes:
    return f'<{name} src="https://nobody.test/p" {attributes}>'.encode()


@pytest.mark.parametrize("attributes", UNSEEN)
def test_nobody_is_meant_to_see_it(attributes):
    assert is_unseen(read_tag(tag(attributes)))
    assert is_unseen(read_tag(tag(attributes, "image")))
    assert not is_unseen(read_tag(tag(attributes, "iframe")))


@pytest.mark.parametrize("attributes", SEEN)
def test_a_picture(attributes):
    assert not is_unseen(read_tag(tag(attributes)))


@given(st.text(alphabet="width:height=1 0px%.;/*'\"&#display none\x00é+-", max_size=60))
def test_any_style_is_read(style):
    is_unseen(read_tag(b"<img style=`" + style.replace(">", "").encode() + b" >"))
    is_unseen(read_tag(b'<img style="' + style.replace('"', "").encode() + b'">'))


POLICIES = {unknown: Policy.from_dict({"unknown": unknown}) for unknown in ("allow", "report", "hold")}
FIXED = ["preferences", "analytics"]
GRANTS = [[], [*FIXED, "marketing"], [*FIXED, "beacons"], ["marketing", "beacons"]]
LOADS = {("allow", number) for number in range(4)} | {("report", 3)}


@pytest.mark.parametrize(("unknown", "number"), list(product(POLICIES, range(4))))
@pytest.mark.parametrize(
    ("markup", "kind"),
    [
        (b'<img src="https://nobody.test/p" width=1 height=1>', Kind.BEACON),
        (b'<img src="/own" srcset="https://nobody.test/p 2x" hidden>', Kind.BEACON),
        (b"<noscript><img src=//nobody.test/p width=0></noscript>", Kind.BEACON),
        (b'<a href="/" ping="/own https://nobody.test/p">x</a>', Kind.PING),
        (b'<img src="/own" attributionsrc="https://nobody.test/p">', Kind.PING),
    ],
)
def test_a_stranger_s_web_beacon_needs_marketing_and_web_beacons(unknown, number, markup, kind):
    page = b"<!doctype html><body>" + markup
    policy, loads = POLICIES[unknown], (unknown, number) in LOADS
    gated = gate_html(page, granted=GRANTS[number], policy=policy)
    [found] = gated.findings
    assert (found.service, found.purpose, found.kind, found.allowed, found.reason) == (
        *(None, None, kind, loads, "unknown"),
    )
    asked = b"unknown beacons" if unknown == "hold" else b"marketing beacons"
    assert (gated.body == page) == loads
    assert loads or b' data-cg-service="unknown" data-cg-purpose="%b"' % asked in gated.body


@pytest.mark.parametrize(
    "markup",
    [
        b'<img src="/spacer.gif" width=1 height=1>',
        b'<img src="https://cdn.site.example/spacer.gif" width=1 height=1>',
        b'<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" width=1 height=1>',
        b'<img src="https://nobody.test/p" width=1 height=1 data-cg-keep>',
        b'<a href="https://nobody.test/" ping="/own">x</a>',
    ],
)
def test_the_site_s_own_and_what_its_author_keeps_are_left_alone(markup):
    gated = gate_html(b"<!doctype html><body>" + markup, policy=POLICIES["hold"])
    assert gated.body == b"<!doctype html><body>" + markup
    assert gated.findings == ()


def test_a_stranger_s_picture_loads_and_what_is_known_is_decided_as_before():
    picture = gate_html(tag("width=600 height=1"), policy=POLICIES["report"])
    assert [(found.kind, found.allowed) for found in picture.findings] == [(Kind.IMAGE, True)]
    declared = gate_html(tag("width=1 data-category=analytics"), granted=["analytics"])
    assert [(found.kind, found.allowed) for found in declared.findings] == [(Kind.IMAGE, True)]
    pixel = b'<img src="https://www.facebook.com/tr?id=1" width=1 height=1>'
    assert [found.reason for found in gate_html(pixel, granted=["marketing"]).findings] == ["beacons-denied"]


ATTRIBUTES = st.sampled_from([*UNSEEN, *SEEN])
TAGS = st.builds(tag, ATTRIBUTES, st.sampled_from(["img", "image", "script", "source", "input type=image"]))
PINGS = st.just(b'<a ping="https://nobody.test/p">x</a>')
NESTED = st.builds(lambda one: b"<noscript>" + one + b"</noscript>", TAGS)


@given(
    st.lists(st.one_of(TAGS, PINGS, NESTED), max_size=5),
    st.sampled_from(list(POLICIES)),
    st.sampled_from(GRANTS),
    st.integers(1, 40),
)
def test_however_a_page_is_read_it_is_gated_alike(tags, unknown, granted, size):
    page = b"<!doctype html><title>x</title><body>" + b"\n".join(tags)
    policy = POLICIES[unknown]
    profile, url = granted_profile(policy, granted), "https://site.example/"
    whole = gate_html(page, policy=policy, granted=granted, url=url)
    pieces = PageGate(policy, profile, url=url)
    body = b"".join(pieces.feed(page[at : at + size]) for at in range(0, len(page), size)) + pieces.close()
    planned = Plans(policy).gate(page, profile, url=url)
    assert (body, tuple(pieces.findings)) == (whole.body, whole.findings)
    assert (planned.body, planned.findings) == (whole.body, whole.findings)
    again = Plans(policy).gate(page, granted_profile(policy, ["marketing", "beacons"]), url=url)
    assert unknown == "hold" or again.body == page
