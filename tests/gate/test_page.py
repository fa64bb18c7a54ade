"""A page through the gate: what is held, how it is marked, and that nothing else changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiegate.consent.decide import Reason, granted_profile
from cookiegate.gate import page as page_module
from cookiegate.gate.findings import Kind
from cookiegate.gate.page import PageGate, gate_html
from cookiegate.gate.recognise import site_of_host
from cookiegate.policy.model import Policy

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from cookiegate.gate.html.edits import Insertion

URL = "https://www.shop.example/kitchen/pots"
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
            },
            {
                "id": "advert",
                "name": "Advert",
                "vendor": "Advert Ltd",
                "purpose": "marketing",
                "hosts": ["advert.example"],
                "paths": ["social.example/pixel"],
                "inline": ["advertise ("],
                "script": True,
                "beacon": True,
            },
            {
                "id": "video",
                "name": "Video",
                "vendor": "Video Ltd",
                "purpose": "preferences",
                "hosts": ["video.example"],
                "embed": True,
            },
        ]
    }
)
STRICT = Policy.from_dict({"unknown": "hold"})

C = 'data-cg-service="counter" data-cg-purpose="analytics"'
CB = 'data-cg-service="counter" data-cg-purpose="analytics beacons"'
A = 'data-cg-service="advert" data-cg-purpose="marketing"'
AB = 'data-cg-service="advert" data-cg-purpose="marketing beacons"'
V = 'data-cg-service="video" data-cg-purpose="preferences"'
U = 'data-cg-service="unknown" data-cg-purpose="unknown"'

# what the page says -> what leaves while nothing is granted
HELD = {
    "<script src=//counter.example/x.js></script>": (
        f'<script type="text/plain" {C} data-cg-src=//counter.example/x.js></script>'
    ),
    "<SCRIPT async SRC='HTTPS://A.Counter.Example:443/x.js'>x</SCRIPT>": (
        f"<SCRIPT type=\"text/plain\" {C} async data-cg-SRC='HTTPS://A.Counter.Example:443/x.js'>x</SCRIPT>"
    ),
    "<script type=module src=https://counter.example/x.js></script>": (
        f'<script type="text/plain" {C} data-cg-type=module data-cg-src=https://counter.example/x.js></script>'
    ),
    "<script src=https://counter.example/x src=/ok.js></script>": (
        f'<script type="text/plain" {C} data-cg-src=https://counter.example/x data-cg-src=/ok.js></script>'
    ),
    "<script>count('x')</script>": f"<script type=\"text/plain\" {C}>count('x')</script>",
    "<script type='text/javascript' nonce=n>count (1)</script>": (
        f"<script type=\"text/plain\" {C} data-cg-type='text/javascript' nonce=n>count (1)</script>"
    ),
    "<script>count(1);advertise(2)</script>": (
        '<script type="text/plain" data-cg-service="counter advert" data-cg-purpose="analytics marketing">'
        "count(1);advertise(2)</script>"
    ),
    "<img src=https://counter.example/p.gif width=1>": (
        f"<img {CB} data-cg-src=https://counter.example/p.gif width=1>"
    ),
    "<img/src=https://counter.example/p.gif/>": f"<img {CB}/data-cg-src=https://counter.example/p.gif/>",
    "<img src=/a.png srcset='/a.png 1x, https://counter.example/a.png 2x'>": (
        f"<img {CB} src=/a.png data-cg-srcset='/a.png 1x, https://counter.example/a.png 2x'>"
    ),
    "<img srcset='/a.png, https://counter.example/a.png'>": (
        f"<img {CB} data-cg-srcset='/a.png, https://counter.example/a.png'>"
    ),
    "<img srcset='/a,b 1x (,) , https://counter.example/a.png'>": (
        f"<img {CB} data-cg-srcset='/a,b 1x (,) , https://counter.example/a.png'>"
    ),
    "<img src=https://counter.example/a srcset='https://advert.example/b 2x'>": (
        '<img data-cg-service="counter advert" data-cg-purpose="analytics marketing beacons"'
        " data-cg-src=https://counter.example/a data-cg-srcset='https://advert.example/b 2x'>"
    ),
    "<img src='&#104;ttps&colon;//counter.example/p'>": (
        f"<img {CB} data-cg-src='&#104;ttps&colon;//counter.example/p'>"
    ),
    "<img src='\n \\\\counter.example\\p'>": f"<img {CB} data-cg-src='\n \\\\counter.example\\p'>",
    "<img src=https://social.example/pixel?id=1>": f"<img {AB} data-cg-src=https://social.example/pixel?id=1>",
    "<img src=/own-metrics/p.gif>": f"<img {CB} data-cg-src=/own-metrics/p.gif>",
    "<iframe src=https://video.example/embed/1></iframe>": (
        f"<iframe {V} data-cg-src=https://video.example/embed/1></iframe>"
    ),
    "<img src=https://video.example/still.jpg>": f"<img {V} data-cg-src=https://video.example/still.jpg>",
    "<link rel='preload stylesheet' href=https://counter.example/a.css>": (
        f"<link {C} rel='preload stylesheet' data-cg-href=https://counter.example/a.css>"
    ),
    "<link rel=preconnect href=https://counter.example>": (
        f"<link {C} rel=preconnect data-cg-href=https://counter.example>"
    ),
    # Where scripts run, the noscript ends inside an attribute; where they do not, behind it: no quotes then.
    "<noscript><p a='</noscript><img src=//counter.example/p>'></noscript>": (
        "<noscript><p a='</noscript><img data-cg-service=counter data-cg-purpose=analytics&#32;beacons "
        " data-cg-src=//counter.example/p>'></noscript>"
    ),
    "<noscript><p a='</noscript><script src=//counter.example/p></script>'></noscript>": (
        "<noscript><p a='</noscript><script type=text/plain data-cg-service=counter"
        " data-cg-purpose=analytics  data-cg-src=//counter.example/p></script>'></noscript>"
    ),
    "<noscript><base href=//counter.example/></noscript><img src=p>": (
        f"<noscript><base {C} data-cg-href=//counter.example/></noscript><img {CB} data-cg-src=p>"
    ),
    "<base href=/a/><noscript><base href=//counter.example/><img src=//counter.example/p></noscript>": (
        "<base href=/a/><noscript><base href=//counter.example/>"
        f"<img {CB} data-cg-src=//counter.example/p></noscript>"
    ),
    # Who looks ahead takes it for the page's base, who parses does not.
    "<svg><base href=/a/></svg><base href=//counter.example/><img src=p>": (
        f"<svg><base href=/a/></svg><base {C} data-cg-href=//counter.example/><img {CB} data-cg-src=p>"
    ),
    # Of bases that some browsers only see, a few are followed.
    "".join(f"<svg><base href=/{number}/></svg>" for number in range(9)) + "<img src=//counter.example/p>": (
        "".join(f"<svg><base href=/{number}/></svg>" for number in range(9))
        + f"<img {CB} data-cg-src=//counter.example/p>"
    ),
    "<noscript><img src=https://counter.example/p></noscript>": (
        f"<noscript><img {CB} data-cg-src=https://counter.example/p></noscript>"
    ),
    "<object data=https://video.example/1></object>": (
        f"<object {V} data-cg-data=https://video.example/1></object>"
    ),
    "<embed src=https://video.example/1>": f"<embed {V} data-cg-src=https://video.example/1>",
    "<video src=https://video.example/1 poster=https://counter.example/p>": (
        '<video data-cg-service="video counter" data-cg-purpose="preferences analytics beacons"'
        " data-cg-src=https://video.example/1 data-cg-poster=https://counter.example/p>"
    ),
    "<audio><source src=https://video.example/1></audio>": (
        f"<audio><source {V} data-cg-src=https://video.example/1></audio>"
    ),
    "<input type=IMAGE src=https://counter.example/p>": (
        f"<input {CB} type=IMAGE data-cg-src=https://counter.example/p>"
    ),
    "<svg><image xlink:href=https://counter.example/p /></svg>": (
        f"<svg><image {CB} data-cg-xlink:href=https://counter.example/p /></svg>"
    ),
    "<base href=//counter.example/><img src=p.gif>": (
        f"<base {C} data-cg-href=//counter.example/><img {CB} data-cg-src=p.gif>"
    ),
    "<base target=_top><base href=//counter.example/><base href=/><img src=p.gif>": (
        f"<base target=_top><base {C} data-cg-href=//counter.example/><base href=/>"
        f"<img {CB} data-cg-src=p.gif>"
    ),
    "<base href='data:,x'><img src=//counter.example/p>": (
        f"<base href='data:,x'><img {CB} data-cg-src=//counter.example/p>"
    ),
    "<script data-category=marketing src=https://counter.example/x></script>": (
        '<script type="text/plain" data-cg-service="counter" data-cg-purpose="marketing"'
        " data-category=marketing data-cg-src=https://counter.example/x></script>"
    ),
    "<script data-category=necessary src=https://counter.example/x></script>": (
        f'<script type="text/plain" {C} data-category=necessary data-cg-src=https://counter.example/x></script>'
    ),
    "<script data-category=nonsense src=https://counter.example/x></script>": (
        f'<script type="text/plain" {C} data-category=nonsense data-cg-src=https://counter.example/x></script>'
    ),
    "<img data-cg-keep src=https://counter.example/p>": (
        f"<img {CB} data-cg-keep data-cg-src=https://counter.example/p>"
    ),
    "<img data-category=analytics src=/first-party.gif>": (
        '<img data-cg-service="unknown" data-cg-purpose="analytics"'
        " data-category=analytics data-cg-src=/first-party.gif>"
    ),
    "<script data-category=analytics>mine()</script>": (
        '<script type="text/plain" data-cg-service="unknown" data-cg-purpose="analytics"'
        " data-category=analytics>mine()</script>"
    ),
    "<iframe data-service=video src=https://new.example/></iframe>": (
        f"<iframe {V} data-service=video data-cg-src=https://new.example/></iframe>"
    ),
    "<script data-service=counter>mine()</script>": (
        f'<script type="text/plain" {C} data-service=counter>mine()</script>'
    ),
}

# nothing of this may change, whatever was granted
INNOCENT = [
    "<script src=/app.js></script>",
    "<script>let counter = 'https://counter.example/x.js'</script>",
    '<script type=\'application/json\'>{"x": "count(1)"}</script>',
    "<script type=text/plain data-category=analytics src=https://counter.example/x></script>",
    "<script type='text/plain'>count(1)</script>",
    "<img src=/p.gif><img src=data:image/gif;base64,AAAA><img src=''><img>",
    "<img src=https://cdn.shop.example/p.gif>",
    "<a href=https://counter.example/>Counter</a>",
    "<a href=https://social.example/profile>Profile</a><img src=https://social.example/pixels/x.png>",
    "<link rel=canonical href=https://counter.example/><link href=https://counter.example/a.css>",
    "<input type=text src=https://counter.example/p>",
    "<!-- <script src=https://counter.example/x.js></script> -->",
    "<textarea><img src=https://counter.example/p></textarea>",
    "<p title='<img src=https://counter.example/p>'>",
    "<script>show('see https://counter.example/')</script>",
    "<script data-category=necessary>mine()</script>",
    "<img data-category=necessary src=https://stranger.example/p>",
    "<script data-category=beacons>mine()</script>",
]


def gate(page: str, *granted: str, policy: Policy = POLICY) -> str:
    return gate_html(page.encode(), granted=granted, policy=policy, url=URL).body.decode()


@pytest.mark.parametrize("page", HELD)
def test_what_was_not_granted_is_held(page: str) -> None:
    assert gate(page) == HELD[page]


@pytest.mark.parametrize("page", [*HELD, *INNOCENT])
def test_with_everything_granted_the_page_is_its_input(page: str) -> None:
    assert gate(page, "preferences", "analytics", "marketing", "beacons") == page


@pytest.mark.parametrize("page", INNOCENT)
def test_innocent_pages_do_not_change(page: str) -> None:
    assert gate(page) == page


@pytest.mark.parametrize(
    ("granted", "script", "pixel"),
    [
        ((), False, False),
        (("analytics",), True, False),
        (("beacons",), False, False),
        (("analytics", "beacons"), True, True),
        (("counter",), True, False),
        (("counter", "beacons"), True, True),
        (("marketing", "beacons"), False, False),
    ],
)
def test_a_beacon_needs_its_purpose_and_its_means(
    granted: tuple[str, ...], script: bool, pixel: bool
) -> None:
    tag, image = "<script src=//counter.example/x></script>", "<img src=//counter.example/p>"
    assert (gate(tag, *granted) == tag) is script
    assert (gate(image, *granted) == image) is pixel


def test_code_of_two_services_waits_for_both() -> None:
    page = "<script>count(1);advertise(2)</script>"
    for granted in ((), ("analytics",), ("marketing",)):
        assert 'data-cg-service="counter advert"' in gate(page, *granted)
    assert gate(page, "analytics", "marketing") == page


def test_only_the_held_attribute_is_renamed() -> None:
    page = "<video src=//video.example/1 poster=//counter.example/p>"
    held = f"<video {CB} src=//video.example/1 data-cg-poster=//counter.example/p>"
    assert gate(page, "preferences") == held


def test_strangers_are_reported_or_held_as_the_policy_says() -> None:
    page = "<img src=https://stranger.example/p><script src=https://stranger.example/x></script>"
    result = gate_html(page.encode(), policy=POLICY, url=URL)
    assert result.body.decode() == page
    assert [(f.service, f.purpose, f.kind, f.allowed, f.reason) for f in result.findings] == [
        (None, None, Kind.IMAGE, True, Reason.UNKNOWN),
        (None, None, Kind.SCRIPT, True, Reason.UNKNOWN),
    ]
    assert gate(page, policy=STRICT) == (
        f"<img {U} data-cg-src=https://stranger.example/p>"
        f'<script type="text/plain" {U} data-cg-src=https://stranger.example/x></script>'
    )
    kept = "<img data-cg-keep src=https://stranger.example/p>"
    assert gate(kept, policy=STRICT) == kept


def test_findings_say_what_where_and_why() -> None:
    page = b"<p>\n<script src=//counter.example/x.js></script><img src=//advert.example/p>"
    findings = gate_html(page, granted=["counter", "marketing"], policy=POLICY, url=URL).findings
    assert [(f.service, f.purpose, f.kind, f.url, f.offset, f.allowed, f.reason) for f in findings] == [
        ("counter", "analytics", Kind.SCRIPT, "//counter.example/x.js", 4, True, Reason.GRANTED),
        ("advert", "marketing", Kind.BEACON, "//advert.example/p", 48, False, Reason.BEACONS_DENIED),
    ]


def test_the_catalogue_serves_without_a_policy() -> None:
    page = b"<script src=https://connect.facebook.net/en_US/fbevents.js></script>"
    (finding,) = gate_html(page).findings
    assert (finding.service, finding.purpose, finding.allowed) == ("meta-pixel", "marketing", False)


def test_what_is_not_html_is_left_alone() -> None:
    page = b"<script src=//counter.example/x.js></script>"
    for kind in ("application/json", "text/plain; charset=utf-8", ""):
        assert gate_html(page, policy=POLICY, url=URL, content_type=kind).body is page
    for kind in (" Text/HTML ;charset=x", "text/html charset=x"):  # what Chromium takes for HTML is HTML
        held = gate_html(page, policy=POLICY, url=URL, content_type=kind).body
        assert b"data-cg-src" in held


def test_xhtml_is_gated_too() -> None:
    page = (
        b"<html><head><script src='//counter.example/x'/></head><body><img src='//counter.example/p'/></body>"
    )
    body = gate_html(page, policy=POLICY, url=URL, content_type="application/xhtml+xml").body
    assert body.count(b"data-cg-src") == 2
    strict = granted_profile(POLICY, ())
    gate = PageGate(POLICY, strict, url=URL, xml=True, snippet=lambda *_: b"<aside/>")
    assert gate.feed(page) + gate.close() == body.replace(b"<body>", b"<body><aside/>")


def test_an_unknown_grant_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match="analitics"):
        gate_html(b"", granted=["analitics"])


class TestTooLong:
    """Tags and scripts past the cap are held by what may be put in front of the rest."""

    def gate(self, page: bytes, *granted: str) -> tuple[bytes, PageGate]:
        gate = PageGate(POLICY, granted_profile(POLICY, granted), url=URL)
        out = b"".join(gate.feed(page[at : at + 65536]) for at in range(0, len(page), 65536))
        return out + gate.close(), gate

    def test_an_attribute_that_may_still_come_is_disarmed(self) -> None:
        page = b"<img alt='" + b"x" * 400_000 + b"' src=//counter.example/p>"
        out, gate = self.gate(page)
        assert out == page.replace(b"<img", f'<img src="" srcset="" {U}'.encode())
        (finding,) = gate.findings
        assert (finding.allowed, finding.reason) == (False, Reason.TOO_LONG)

    def test_an_attribute_that_has_begun_is_decided(self) -> None:
        page = b"<img srcset='' src='//counter.example/p?" + b"x" * 400_000 + b"'>"
        out, gate = self.gate(page)
        assert out == page.replace(b"<img", f"<img {CB}".encode()).replace(b" src=", b" data-cg-src=")
        assert [finding.service for finding in gate.findings] == ["counter"]

    def test_an_embedded_image_still_shows(self) -> None:
        page = b"<img src='data:image/png;base64," + b"A" * 400_000 + b"'>"
        out, _ = self.gate(page)
        assert out == page.replace(b"<img", f'<img srcset="" {U}'.encode())

    def test_a_script(self) -> None:
        page = b"<script type=module>" + b"x" * 5_000_000 + b"</script><img src=/a>"
        out, gate = self.gate(page)
        held = f'<script type="text/plain" src="" {U} data-cg-type='.encode()
        assert out == page.replace(b"<script type=", held)
        assert [finding.reason for finding in gate.findings] == [Reason.TOO_LONG]

    @pytest.mark.parametrize(
        "page",
        [
            b"<img alt='" + b"x" * 400_000 + b"' src=//counter.example/p>",
            b"<script>" + b"x" * 5_000_000 + b"</script>",
            b"<p title='" + b"x" * 400_000 + b"'>",
        ],
        ids=["tag", "script", "paragraph"],
    )
    def test_nothing_is_disarmed_where_everything_is_granted(self, page: bytes) -> None:
        out, gate = self.gate(page, "preferences", "analytics", "marketing", "beacons")
        assert out == page
        assert gate.findings == []


PIECES = [
    *HELD, *INNOCENT, "<!doctype html>", "<head>", "<body class=x>", "</body>", "<!--", "-->", "<script>",
    "</script>", "<noscript>", "</noscript>", "<svg>", "</svg>", "text", "<img src='//counter.example/", "'>",
    '"', "<style>",
]  # fmt: skip


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map(lambda parts: "".join(parts).encode()) | st.binary(),
    st.sampled_from([(), ("analytics",), ("marketing", "beacons"), ("counter",)]),
    st.randoms(use_true_random=False),
)
def test_any_bytes_any_pieces(page: bytes, granted: tuple[str, ...], rnd: random.Random) -> None:
    """Any chunking gives the same bytes, and taking the insertions out gives back the page."""
    insertions: list[Insertion] = []
    real = page_module.insert

    def spy(data: bytes, offset: int, added: list[Insertion]) -> bytes:
        insertions.extend(added)
        return real(data, offset, added)

    profile = granted_profile(POLICY, granted)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_module, "insert", spy)
        gate = PageGate(POLICY, profile, url=URL, snippet=lambda *_: b"<aside>us</aside>")
        whole = gate.feed(page) + gate.close()
    restored = bytearray(whole)
    grown = 0
    for place, text in sorted(insertions, key=lambda insertion: insertion.offset):
        assert whole[place + grown :].startswith(text)
        grown += len(text)
    for place, text in sorted(insertions, key=lambda insertion: insertion.offset):
        at = place
        assert bytes(restored[at : at + len(text)]) == text
        del restored[at : at + len(text)]
    assert bytes(restored) == page

    pieces = PageGate(POLICY, profile, url=URL, snippet=lambda *_: b"<aside>us</aside>")
    out, at = b"", 0
    while at < len(page):
        step = rnd.randint(1, 40)
        out += pieces.feed(page[at : at + step])
        at += step
    assert out + pieces.close() == whole
    assert pieces.findings == gate.findings


CHARSETS = {"utf-16-le": "utf-16", "utf-16-be": "utf-16be", "iso2022_jp": "iso-2022-jp", "euc_jp": "euc-jp"}
FOREIGN = [*PIECES, "日本語", "し社", "<p title='社会'>", "&amp;"]


@given(
    st.lists(st.sampled_from(FOREIGN), max_size=8).map("".join),
    st.sampled_from([(), ("analytics",), ("marketing", "beacons")]),
    st.sampled_from(list(CHARSETS)),
)
def test_the_encoding_changes_no_decision(page: str, granted: tuple[str, ...], codec: str) -> None:
    """The same page in any encoding gives the same page in that encoding."""
    plain = gate_html(page.encode(), granted=granted, policy=POLICY, url=URL)
    kind = f"text/html; charset={CHARSETS[codec]}"
    data = page.encode(codec)
    gated = gate_html(data, granted=granted, policy=POLICY, url=URL, content_type=kind)
    assert gated.body.decode(codec) == plain.body.decode()
    assert [(f.service, f.kind, f.reason) for f in gated.findings] == [
        (f.service, f.kind, f.reason) for f in plain.findings
    ]
    for finding in gated.findings:
        assert data[finding.offset :].startswith("<".encode(codec))


def test_the_snippet_comes_once_directly_behind_the_body_tag() -> None:
    strict = granted_profile(POLICY, ())
    seen: list[bytes] = []

    def snippet(rest: bytes, start: int, rebased: bool, language: str) -> bytes:
        seen.append(rest)
        return b"<aside>us</aside>"

    gate = PageGate(POLICY, strict, url=URL, snippet=snippet)
    out = gate.feed(b"<!doctype html><script>'<body>'</script><body\n>one<body>") + gate.close()
    assert out == b"<!doctype html><script>'<body>'</script><body\n><aside>us</aside>one<body>"
    assert seen == [b"one<body>"]


def test_an_empty_snippet_and_a_fragment_get_nothing() -> None:
    strict = granted_profile(POLICY, ())
    for page, text in ((b"<!doctype html><p>x", b""), (b"<p>x", b"<aside>")):
        gate = PageGate(POLICY, strict, url=URL, snippet=lambda *_, text=text: text)  # type: ignore[misc]  # binds the loop variable
        assert gate.feed(page) + gate.close() == page


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("www.shop.example", "shop.example"),
        ("shop.example", "shop.example"),
        ("a.b.shop.co.uk", "shop.co.uk"),
        ("bbc.co.uk", "bbc.co.uk"),
        ("co.uk", "co.uk"),
        ("cdn.firma.de", "firma.de"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_what_belongs_to_the_site_itself(host: str, site: str) -> None:
    assert site_of_host(host) == site


def test_every_held_tag_says_its_service() -> None:
    for held in HELD.values():
        assert re.search(r'data-cg-service=(?:"[a-z ]+"|[a-z]+) data-cg-purpose="?[a-z&#32; ]+', held)


class TestFilterLists:
    """What an operator's filter list blocks is held like marketing."""

    @pytest.fixture
    def listed(self, tmp_path: Path) -> Policy:
        (tmp_path / "list.txt").write_text(
            "||tail.example^$third-party\n/own-count.js$script\n@@||tail.example/player/\n||counter.example^\n"
        )
        path = tmp_path / "policy.toml"
        path.write_text('[catalog]\nlists = ["list.txt"]\n')
        return Policy.load(path)

    @pytest.mark.parametrize(
        ("page", "purposes"),
        [
            ("<script src=//a.tail.example/x></script>", "marketing"),
            ("<iframe src=//tail.example/x></iframe>", "marketing"),
            ("<img src=//tail.example/x>", "marketing beacons"),
            ("<script src=/js/own-count.js></script>", "marketing"),
            ("<script data-category=analytics src=//tail.example/x></script>", "analytics"),
            ("<script data-category=necessary src=//tail.example/x></script>", "marketing"),
            ("<script data-cg-keep src=//tail.example/x></script>", "marketing"),
        ],
    )
    def test_held(self, listed: Policy, page: str, purposes: str) -> None:
        held = gate(page, policy=listed)
        assert f'data-cg-service="unknown" data-cg-purpose="{purposes}"' in held
        assert " data-cg-src=" in held
        assert gate(page, *purposes.split(), policy=listed) == page

    @pytest.mark.parametrize(
        "page",
        ["<iframe src=//tail.example/player/1></iframe>", "<img src=/js/own-count.js>", "<img src=/a>"],
    )
    def test_not_blocked(self, listed: Policy, page: str) -> None:
        assert gate(page, policy=listed) == page

    def test_the_catalogue_knows_better(self, listed: Policy) -> None:
        page = b"<script src=https://www.googletagmanager.com/gtag/js?id=G-1></script>"
        (finding,) = gate_html(page, policy=listed).findings
        assert (finding.service, finding.purpose) == ("google-analytics", "analytics")
