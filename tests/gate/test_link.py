"""Link headers and early hints: what would load a tracker goes, the rest stays byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog.index import Index
from cookiegate.catalog.model import Service
from cookiegate.consent.decide import Reason, granted_profile, profile_of
from cookiegate.gate.findings import Finding, Kind
from cookiegate.gate.headers import get_all
from cookiegate.gate.judge import Judge
from cookiegate.gate.link import filter_hints, filter_link
from cookiegate.policy.model import Policy, Unknown

if TYPE_CHECKING:
    from cookiegate.consent.decide import Profile
    from cookiegate.gate.headers import Headers

SERVICES = (
    Service(
        id="stats", name="Stats", vendor="Stats", purpose="analytics", number=1, hosts=("stats.example",)
    ),
    Service(
        id="ads",
        name="Ads",
        vendor="Ads",
        purpose="marketing",
        number=2,
        hosts=("ads.example",),
        paths=("/ads-proxy",),
        beacon=True,
    ),
)
POLICY = Policy(index=Index(SERVICES))
NEW = profile_of(POLICY, None)
REFUSED = granted_profile(POLICY, [])
ALL = granted_profile(POLICY, ["preferences", "analytics", "marketing", "beacons"])
NO_BEACONS = granted_profile(POLICY, ["preferences", "analytics", "marketing"])
URL = "https://www.shop.example/page/"


def filter_with(headers: Headers, profile: Profile) -> tuple[Headers, list[Finding]]:
    judge = Judge(POLICY, profile, URL)
    return filter_link(headers, judge), judge.findings


S = b"<https://stats.example/s.js>; rel=preload; as=script"
OWN = b"</own.js>; rel=preload; as=script"


def filtered(value: bytes) -> bytes | None:
    headers = [(b"Link", value)]
    kept, _ = filter_with(headers, REFUSED)
    values = get_all(kept, b"link")
    assert (kept is headers) == (values == [value])
    return values[0] if values else None


@pytest.mark.parametrize(
    "value",
    [
        S,
        b'<https://stats.example/a,b>; rel="preload"; title="x, y"',
        b"<https://stats.example/>;rel=prefetch",
        b"<//stats.example>; rel=preconnect",
        b"<//STATS.example>; rel=dns-prefetch",
        b" <https:\\\\stats.example/m.js> ; REL = ModulePreload",
        b"< https://stats.example/ >; rel=prerender",
        b"<https://cdn.stats.example/a.css>; rel=stylesheet",
        b'<https://stats.example/a.css>; rel="alternate stylesheet"',
        b'<https://stats.example/i.png>; rel="shortcut icon"',
        b"<https://stats.example/m>; rel=manifest",
        b"<https://stats.example/d>; rel=compression-dictionary",
        b"<https://stats.example/>; rel=canonical; rel=preload",
        b'<https://stats.example/>; rel="pre\\load"',
        b"<https://stats.example/>; title=\"rel=\"; rel='x' ; rel=preload",
        b"</ads-proxy/a.js>; rel=preload; as=script",
        b"<../ads-proxy/a.js>; rel=preload; as=script",
        b'</i.png>; rel=preload; as=image; imagesrcset="/a 1x,https://ads.example/b 2x"',
        b'</i.png>; rel=preload; as=image; imagesrcset="/a 1x, https://ads.example/b 2x"',
        b'</i.png>; rel=preload; as=image; imagesrcset="https://ads.example/b"',
        # malformed: browsers differ, so every address counts
        b"<https://stats.example/; rel=preload",
        b'<https://stats.example/>; rel="preload',
        b'</own>; title="x, <https://stats.example/>; rel=preload',
        b"x <https://stats.example/>; rel=preload",
        b"<https://stats.example/>; rel=\xff; rel=preload",
    ],
)
def test_what_would_load_a_denied_service_goes(value: bytes) -> None:
    assert filtered(value) is None
    assert filtered(OWN + b", " + value) == OWN
    headers = [(b"link", value)]
    assert filter_with(headers, ALL)[0] is headers


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b",, ,",
        OWN,
        b"<https://stats.example/>; rel=canonical",
        b"<https://stats.example/>; rel=next",
        b"<https://stats.example/>; title=preload",
        b"<https://stats.example/>",
        b"<data:text/css,a>; rel=stylesheet",
        b"<https://unknown.example/>; rel=preconnect",
        b'<https://[>; rel=preload, </a>; title="<https://stats.example/>"; rel=next',
        b'</own?"x>; rel=preload',
        b"nothing",
        b"<unclosed",
        b"https://stats.example/; rel=preload",
    ],
)
def test_what_loads_nothing_denied_stays(value: bytes) -> None:
    assert filtered(value) == value


@pytest.mark.parametrize(
    ("value", "rest"),
    [
        (S + b" , " + OWN, OWN),
        (OWN + b" ," + S, OWN),
        (OWN + b"," + S + b",  </b>;  rel=next ", OWN + b",  </b>;  rel=next"),
        (S + b", " + S, None),
        (S + b",", None),
    ],
)
def test_the_other_links_keep_their_bytes(value: bytes, rest: bytes | None) -> None:
    assert filtered(value) == rest


def test_other_headers_and_names_stay() -> None:
    headers = [(b"X", b"1"), (b"LINK", S), (b"link", OWN + b", " + S), [b"Link", memoryview(OWN)]]
    assert filter_with(headers, REFUSED)[0] == [headers[0], (b"link", OWN), headers[3]]


def test_no_link_no_copy_and_no_finding() -> None:
    headers = ((b"content-type", b"application/json"),)
    assert filter_with(headers, REFUSED) == (headers, [])
    assert filter_with(headers, REFUSED)[0] is headers


def test_findings_tell_what_and_why() -> None:
    value = S + b', <https://ads.example/a.css>; rel="stylesheet", <https://new.example/>; rel=preconnect'
    kept, findings = filter_with([(b"link", value)], granted_profile(POLICY, ["analytics"]))
    assert get_all(kept, b"link") == [S + b", <https://new.example/>; rel=preconnect"]
    told = [(f.service, f.purpose, f.kind, f.url, f.allowed, f.reason) for f in findings]
    assert told == [
        ("stats", "analytics", Kind.HINT, "https://stats.example/s.js", True, Reason.GRANTED),
        ("ads", "marketing", Kind.LINK, "https://ads.example/a.css", False, Reason.PURPOSE_DENIED),
        (None, None, Kind.HINT, "https://new.example/", True, Reason.UNKNOWN),
    ]
    assert {f.offset for f in findings} == {-1}


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        (b"rel=preload; as=image", Reason.BEACONS_DENIED),
        (b'rel=preload; imagesrcset="/a 2x"', Reason.BEACONS_DENIED),
        (b"rel=icon", Reason.BEACONS_DENIED),
        (b"rel=preload; as=script", Reason.GRANTED),
        (b"rel=preconnect", Reason.GRANTED),
    ],
)
def test_an_image_of_a_beacon_service_is_a_beacon(parameters: bytes, reason: Reason) -> None:
    headers = [(b"link", b"<https://ads.example/p.gif>; " + parameters)]
    kept, findings = filter_with(headers, NO_BEACONS)
    assert [finding.reason for finding in findings] == [reason]
    assert bool(kept) == (reason is Reason.GRANTED)


@pytest.mark.parametrize(
    ("rule", "kept", "reported"),
    [(Unknown.ALLOW, True, False), (Unknown.REPORT, True, True), (Unknown.HOLD, False, True)],
)
def test_third_parties_nobody_declared(rule: Unknown, kept: bool, reported: bool) -> None:
    policy = Policy(index=Index(SERVICES), unknown=rule)
    profile = profile_of(policy, None)
    stranger = b"<https://new.example/x.js>; rel=preload"
    rest, findings = filter_hints([stranger], policy, profile, url=URL)
    assert (bool(rest), bool(findings)) == (kept, reported)
    own = [b"<https://static.shop.example/x.js>; rel=preload", OWN]
    assert filter_hints(own, policy, profile, url=URL) == (own, [])


def test_a_page_whose_address_cannot_be_read_has_no_own_hosts() -> None:
    links = [b"<https://www.shop.example/ads-proxy/x.js>; rel=preload", OWN, S]
    kept, findings = filter_hints(links, POLICY, REFUSED, url="")
    assert kept == links[:2]
    assert [finding.service for finding in findings] == [None, "stats"]


def test_early_hints_come_as_any_iterable_of_bytes() -> None:
    links = iter([memoryview(S), bytearray(OWN + b", " + S), OWN])
    kept, findings = filter_hints(links, POLICY, NEW, url=URL)
    assert kept == [OWN, OWN]
    assert [(finding.service, finding.reason) for finding in findings] == [("stats", Reason.NOT_ASKED)] * 2
    assert isinstance(findings[0], Finding)


PIECES = st.sampled_from(
    [
        b"<",
        b">",
        b'"',
        b"\\",
        b",",
        b";",
        b"=",
        b" ",
        b"rel=preload",
        b"https://stats.example/",
        b"imagesrcset=",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=5), max_size=40).map(b"".join))
def test_any_bytes(value: bytes) -> None:
    headers = [(b"link", value)]
    kept, findings = filter_with(headers, REFUSED)
    again, left = filter_with(kept, REFUSED)
    assert again is kept
    assert all(finding.allowed for finding in left)
    assert (kept is headers) == all(finding.allowed for finding in findings)
    assert filter_with(headers, ALL)[0] is headers
