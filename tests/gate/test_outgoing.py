"""Response headers that load, go elsewhere or report: what is denied goes, and nothing else changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog.filters import FilterLists
from cookiegate.catalog.index import Index
from cookiegate.catalog.model import Service
from cookiegate.consent.decide import Profile, Reason, granted_profile, profile_of
from cookiegate.gate.findings import Finding, Kind
from cookiegate.gate.outgoing import NAMES, filter_outgoing
from cookiegate.gate.plain import FILTERED
from cookiegate.policy.model import Policy, Unknown

if TYPE_CHECKING:
    from cookiegate.gate.headers import Headers

SERVICES = (
    Service(
        id="stats",
        name="Stats",
        vendor="Stats",
        purpose="analytics",
        number=1,
        hosts=("stats.example",),
        paths=("/counting",),
    ),
    Service(
        id="ads", name="Ads", vendor="Ads", purpose="marketing", number=2, hosts=("ads.example",), beacon=True
    ),
)
POLICY = Policy(index=Index(SERVICES))
NEW = profile_of(POLICY, None)
REFUSED = granted_profile(POLICY, [])
ALL = granted_profile(POLICY, ["preferences", "analytics", "marketing", "beacons"])
URL = "https://www.shop.example/page/"
T = b"https://stats.example/x"
OWN = b'{"url": "https://www.shop.example/"}'


def run(
    headers: Headers, profile: Profile = REFUSED, *, policy: Policy = POLICY, url: str = URL
) -> tuple[Headers, list[Finding]]:
    names = frozenset(bytes(name).lower() for name, _ in headers) & NAMES
    return filter_outgoing(headers, names, policy, profile, url=url)


def filtered(name: bytes, *lines: bytes) -> list[bytes] | None:
    """What is left of the lines of one header; None: the very headers that came in."""
    headers = [(b"content-type", b"text/html"), *((name, line) for line in lines), (b"x", T)]
    assert run(headers, ALL)[0] is headers
    for profile in (NEW, REFUSED):
        kept, findings = run(headers, profile)
        assert (kept is headers) == all(finding.allowed for finding in findings)
    if kept is headers:
        return None
    assert (kept[0], kept[-1]) == (headers[0], headers[-1])
    assert run(kept)[0] is kept
    return [value for _, value in kept[1:-1]]


def test_every_header_that_is_filtered_takes_the_long_way() -> None:
    assert NAMES | {b"set-cookie"} == FILTERED


def test_the_same_object_where_nothing_goes() -> None:
    for headers in ((), [(b"refresh", b"5")], [[b"SourceMap", memoryview(b"/a.map")]]):
        assert run(headers) == (headers, [])
        assert run(headers)[0] is headers


# --- Refresh


@pytest.mark.parametrize(
    "value",
    [
        b"0; url=" + T,
        b"0;URL='" + T + b"'",
        b"5, " + T,
        b" 3.5 ;url = //STATS.example",
        b"0 " + T,
        b'1; url="https:\\\\ads.example/',
        b"0; url=/counting",
        b"0; url=../counting/x",
    ],
)
def test_refresh_to_a_denied_service(value: bytes) -> None:
    assert filtered(b"Refresh", value) == []
    assert {finding.kind for finding in run([(b"refresh", value)])[1]} == {Kind.REFRESH}


@pytest.mark.parametrize(
    "value", [b"", b"5", b"url=" + T, b"x; url=" + T, b"0; url=/own?u=" + T, b"0; url=https://else.example/"]
)
def test_refresh_that_leads_nowhere_denied(value: bytes) -> None:
    assert filtered(b"refresh", value) is None


def test_several_are_read_one_by_one_and_as_one() -> None:
    assert filtered(b"refresh", b"0; url=" + T, b"5; url=/a") == [b"5; url=/a"]
    assert filtered(b"refresh", b"5", b"0; url=/a") is None
    assert filtered(b"refresh", b"0", b"url=" + T) == []


# --- addresses by themselves and in lists


@pytest.mark.parametrize("name", [b"SourceMap", b"X-SourceMap"])
def test_source_maps(name: bytes) -> None:
    assert filtered(name, T) == []
    assert filtered(name, b" //ads.example/a.js.map ") == []
    assert filtered(name, b"/a.js.map") is None
    assert filtered(name, b"a.js.map") is None
    assert filtered(name, b"data:application/json,{}") is None
    assert filtered(name, b"/a.js.map", T) == [b"/a.js.map"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"Speculation-Rules", Kind.HINT),
        (b"Attribution-Reporting-Register-OS-Source", Kind.PING),
        (b"attribution-reporting-register-os-trigger", Kind.PING),
    ],
)
def test_lists_of_addresses(name: bytes, kind: Kind) -> None:
    address = b'"' + T + b'"'
    assert filtered(name, address) == []
    assert filtered(name, b'"/own.json", ' + address + b';a=1, "https://ads.example/"') == [b'"/own.json"']
    assert filtered(name, b'"/own.json"', address) == [b'"/own.json"']
    # what is no string is no address, and what is no list is not read
    for value in (b"", b'"/own.json"', T, b'"' + T, address + b",", b"(" + address + b")", b"x;y=" + address):
        assert filtered(name, value) is None
    assert {finding.kind for finding in run([(name, address)])[1]} == {kind}


# --- reporting


def test_reporting_endpoints() -> None:
    assert filtered(b"Reporting-Endpoints", b'csp="' + T + b'", default="/reports"') == [
        b'default="/reports"'
    ]
    assert filtered(b"reporting-endpoints", b'a="' + T + b'"') == []
    assert filtered(b"reporting-endpoints", b'a="' + T + b'", a="/own"') == [b'a="/own"']
    for value in (b'a="/own";x="' + T + b'"', b'a="' + T, b"a=" + T, b'a=("' + T + b'")', b"a, b=?0"):
        assert filtered(b"reporting-endpoints", value) is None
    found = run([(b"reporting-endpoints", b'a="https://ads.example/r"')])[1]
    assert found == [
        Finding(
            service="ads",
            purpose="marketing",
            kind=Kind.REPORT,
            url="https://ads.example/r",
            offset=-1,
            allowed=False,
            reason=Reason.PURPOSE_DENIED,
            rule="ads.example",
        )
    ]


def group(name: bytes | None, *urls: bytes, max_age: bytes = b"86400") -> bytes:
    endpoints = b", ".join(b'{"url": "' + url + b'"}' for url in urls)
    named = b"" if name is None else b'"group": "' + name + b'", '
    return b"{" + named + b'"max_age": ' + max_age + b', "endpoints": [' + endpoints + b"]}"


def test_groups_that_report_to_a_denied_service_are_to_be_forgotten() -> None:
    good = group(b"own", b"https://www.shop.example/r")
    assert filtered(b"Report-To", good) is None
    (value,) = filtered(b"Report-To", group(b"\xc3\xbc", b"/own", T) + b" ,\t" + good) or []
    assert value.endswith(b" ,\t" + good)
    first, second = json.loads(b"[" + value + b"]")
    assert first == {"group": "ü", "max_age": 0, "endpoints": [{"url": "https://www.shop.example/"}]}
    assert second == json.loads(good)
    assert filtered(b"report-to", good, group(None, T)) == [
        good,
        group(b"default", max_age=b"0").replace(b"[]", b"[" + OWN + b"]"),
    ]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"7, []",
        b"{}",
        b'{"endpoints": {"url": "https://stats.example/"}}',
        b'{"endpoints": ["https://stats.example/", {"url": 3}]}',
        b'{"group": "https://stats.example/", "endpoints": []}',
        b"no JSON, but a word",
        b'{"group": "x" "endpoints": [{"url": "/own"}]}',
        b"{" * 3000,
        b'{"x": [' * 3000,
    ],
)
def test_groups_that_report_to_nobody_denied(value: bytes) -> None:
    assert filtered(b"report-to", value) is None


@pytest.mark.parametrize(
    "lines",
    [
        # more than one object in pieces, comments, and what else some browsers read
        [b'{"endpoints": [{"url": ', b'"https://stats.example/"}], "max_age": 1}'],
        [b'{/* x */"max_age": 1, "endpoints": [{"url": "https://stats.example/"}]}'],
        [b'{"max_age": 1, "endpoints": [{"url": "https:\\/\\u002fstats.example/"},]}'],
        [b"x" + group(None, T), group(b"own", b"/r")],
        [group(None, T) + b"x"],
        [b'{"url": "https://stats.example/'],
    ],
)
def test_what_is_not_quite_json_goes_where_it_leads_to_a_denied_service(lines: list[bytes]) -> None:
    assert filtered(b"report-to", *lines) == []


def test_lines_that_are_json_only_together() -> None:
    start, end = (
        b'{"group": "a", "max_age": 1}, {"group": "b", "endpoints": [{"url": "' + T + b'"}]',
        b'"max_age": 2}',
    )
    (value,) = filtered(b"report-to", start, end) or []
    first, second = json.loads(b"[" + value + b"]")
    assert value.startswith(b'{"group": "a", "max_age": 1}, ')
    assert (first, second["group"], second["max_age"]) == ({"group": "a", "max_age": 1}, "b", 0)
    assert filtered(b"report-to", start.replace(b"stats.", b"else."), end) is None


def test_a_key_that_comes_again_counts_each_time() -> None:
    twice = b'{"group": "a", "group": "b", "endpoints": [], "endpoints": [{"url": "' + T + b'"}]}'
    kept, _ = run([(b"report-to", twice), (b"nel", b'{"report_to": "a"}'), (b"nel", b'{"report_to": "b"}')])
    assert [json.loads(value).get("max_age") for _, value in kept] == [0, 0, 0]


LOG = b'{"report_to": "log", "max_age": 86400, "failure_fraction": 0.1}'
OFF = b'{"report_to": "log", "max_age": 0}'


@pytest.mark.parametrize(
    ("headers", "nel"),
    [
        ([(b"report-to", group(b"log", T))], OFF),
        ([(b"report-to", group(b"log", b"/own"))], LOG),
        ([(b"report-to", group(b"other", T))], LOG),
        ([(b"reporting-endpoints", b'log="' + T + b'"')], OFF),
        ([(b"reporting-endpoints", b'log="' + T + b'"'), (b"report-to", group(b"log", b"/own"))], LOG),
        ([(b"reporting-endpoints", b'log="/own"'), (b"report-to", group(b"log", T))], OFF),
        ([(b"report-to", group(b"log", T) + b"," + group(b"log", b"/own"))], OFF),
        ([], LOG),
    ],
)
def test_network_errors_are_logged_only_where_their_group_may_be_told(
    headers: list[tuple[bytes, bytes]], nel: bytes
) -> None:
    # Where it stands among the headers does not matter.
    for order in ([*headers, (b"NEL", LOG)], [(b"NEL", LOG), *headers]):
        kept, _ = run(order)
        assert [value for name, value in kept if name == b"NEL"] == [nel]


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (b'/**/{"report_to": "log"}', []),
        (b'/**/{"report_to": "else"}', [b'/**/{"report_to": "else"}']),
        (b'{"max_age": 0}', [b'{"max_age": 0}']),
        (b'"log"', [b'"log"']),
        (b'{"report_to": "x"}, ' + LOG, [b'{"report_to": "x"}, ' + OFF]),
    ],
)
def test_other_forms_of_logging(value: bytes, left: list[bytes]) -> None:
    kept, _ = run([(b"report-to", group(b"log", T)), (b"nel", value)])
    assert [value for name, value in kept if name == b"nel"] == left


# --- Attribution Reporting

SOURCE = b"Attribution-Reporting-Register-Source"


@pytest.mark.parametrize("name", [SOURCE, b"attribution-reporting-register-trigger"])
def test_registrations(name: bytes) -> None:
    own = b'{"source_event_id": "1", "destination": ["https://brand.example"], "x": [{"y": "abc", "z": 1}]}'
    assert filtered(name, own) is None
    assert run([(name, own)]) == ([(name, own)], [])
    assert filtered(name, own.replace(b"brand", b"cdn.stats")) == []
    assert filtered(name, b'/**/{"destination": "https://ads.example"}') == []
    assert filtered(name, b"7") is None
    assert filtered(name, b"no JSON") is None
    (found,) = run([(name, b'{"destination": "https://ads.example"}')])[1]
    assert (found.service, found.kind, found.reason) == ("ads", Kind.PING, Reason.PURPOSE_DENIED)


def test_who_registers_is_who_answers() -> None:
    headers = [(SOURCE, b'{"source_event_id": "1"}')]
    kept, (found,) = run(headers, url="https://www.shop.example/counting/a")
    assert kept == []
    assert found.service == "stats"
    assert run(headers, ALL, url="https://www.shop.example/counting/a")[0] is headers


# --- all of them

ONE_EACH = {
    b"link": b"<https://new.example/>; rel=preload",
    b"refresh": b"0; url=https://new.example/",
    b"reporting-endpoints": b'a="https://new.example/"',
    b"speculation-rules": b'"https://new.example/"',
    b"sourcemap": b"https://new.example/",
    b"attribution-reporting-register-os-source": b'"https://new.example/"',
}


@pytest.mark.parametrize(
    ("rule", "kept", "reported"),
    [(Unknown.ALLOW, True, False), (Unknown.REPORT, True, True), (Unknown.HOLD, False, True)],
)
@pytest.mark.parametrize("name", ONE_EACH, ids=bytes.decode)
def test_third_parties_nobody_declared(name: bytes, rule: Unknown, kept: bool, reported: bool) -> None:
    policy = Policy(index=Index(SERVICES), unknown=rule)
    profile = profile_of(policy, None)
    headers = [(name, ONE_EACH[name])]
    rest, findings = run(headers, profile, policy=policy)
    if name.startswith(b"attribution"):
        kept = rule is Unknown.ALLOW  # it is told of a click, as by a ping: that is a beacon
    assert (rest is headers, bool(findings)) == (kept, reported)
    assert {finding.reason for finding in findings} <= {Reason.UNKNOWN}
    own = [(name, ONE_EACH[name].replace(b"new.example", b"static.shop.example"))]
    assert run(own, profile, policy=policy) == (own, [])


def test_what_a_filter_list_blocks_is_held_like_marketing() -> None:
    policy = Policy(index=Index(SERVICES), filters=FilterLists.parse([("list.txt", "||new.example^")]))
    for name, value in ONE_EACH.items():
        kept, findings = run([(name, value)], profile_of(policy, None), policy=policy)
        assert kept == []
        assert [(finding.purpose, finding.reason) for finding in findings] == [
            ("marketing", Reason.NOT_ASKED)
        ]
        assert run([(name, value)], granted_profile(policy, ["marketing"]), policy=policy)[0]


def test_all_at_once() -> None:
    headers = [
        (b"Link", b"<" + T + b">; rel=preload"),
        (b"X", T),
        (b"SourceMap", T),
        (b"Refresh", b"0;url=" + T),
        (b"Location", T),
        (b"speculation-rules", b'"' + T + b'"'),
    ]
    kept, findings = run(headers)
    assert kept == [headers[1], headers[4]]
    assert [finding.kind for finding in findings] == [Kind.HINT, Kind.REFRESH, Kind.HINT, Kind.LINK]


PIECES = st.sampled_from(
    [
        *(b'"', b"\\", b",", b";", b"=", b" ", b"{", b"}", b"[", b"]", b":", b"<", b">", b"0", b"a"),
        *(
            T,
            b"/own",
            b"url=",
            b'"url": ',
            b'"endpoints": ',
            b'"group": "a"',
            b'"report_to": "a"',
            b'"' + T + b'"',
        ),
        *(group(b"a", T), b'{"report_to": "a"}', b'a="' + T + b'"'),
    ]
)
VALUES = st.lists(PIECES | st.binary(max_size=3), max_size=10).map(b"".join)


@given(st.lists(st.tuples(st.sampled_from(sorted(NAMES)), VALUES), max_size=4))
def test_any_bytes(headers: list[tuple[bytes, bytes]]) -> None:
    assert run(headers, ALL)[0] is headers
    kept, _ = run(headers)
    again, left = run(kept)
    assert again == kept
    assert all(finding.allowed for finding in left)
    assert all(b"\n" not in value or any(b"\n" in old for _, old in headers) for _, value in kept)


@pytest.mark.parametrize(
    "piece", [b'{"a":', b"[", b'"', b"{},", b"\\", b'{"endpoints": [{"url": "//a.b"}]},', b" "]
)
@pytest.mark.parametrize("name", [b"report-to", b"nel", SOURCE, b"reporting-endpoints", b"refresh"])
def test_long_values_take_no_longer_per_byte(name: bytes, piece: bytes) -> None:
    run([(name, piece * 5_000)])
