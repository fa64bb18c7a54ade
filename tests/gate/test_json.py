"""HTML in JSON: what would load is held, what is JSON stays JSON, and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.consent.decide import granted_profile
from cookiegate.gate.json import gate_json, is_named
from cookiegate.gate.page import gate_html
from cookiegate.gate.steps import SLICE, finished
from cookiegate.policy.model import Policy

POLICY = Policy()
STRICT = granted_profile(POLICY, ())
URL = "https://a.example/api"
PIXEL = '<img src="https://www.facebook.com/tr?id=1">'
HELD = ' data-cg-service="meta-pixel" data-cg-purpose="marketing beacons"'


def gate(raw: bytes, granted: tuple[str, ...] = ()) -> Any:
    return finished(gate_json(raw, POLICY, granted_profile(POLICY, granted), url=URL))


def fragment(text: str) -> str:
    """What the gate makes of a fragment of a page."""
    return gate_html(text.encode(), policy=POLICY, url=URL).body.decode()


@pytest.mark.parametrize(
    ("paths", "path", "named"),
    [
        (("/api/cards",), "/api/cards", True),
        (("/api/cards",), "/api/cards/1", False),
        (("/x", "/api/v1/*"), "/api/v1/", True),
        (("/x", "/api/v1/*"), "/api/v1/a/b", True),
        (("/x", "/api/v1/*"), "/api/v1", False),
        (("/*",), "/", True),
        ((), "/", False),
    ],
)
def test_paths(paths: tuple[str, ...], path: str, named: bool) -> None:
    assert is_named(paths, path) is named


def test_a_tracker_in_a_string_is_held() -> None:
    raw = json.dumps({"n": 1, "card": f"<p>a</p>{PIXEL}", "b": [True, None]}).encode()
    gated = gate(raw)
    assert json.loads(gated.body) == {**json.loads(raw), "card": fragment(f"<p>a</p>{PIXEL}")}
    assert HELD in json.loads(gated.body)["card"]
    (finding,) = gated.findings
    assert (finding.service, finding.allowed) == ("meta-pixel", False)
    assert raw[finding.offset :].startswith(b"<img")
    assert gate(raw, ("marketing", "beacons")).body == raw


@pytest.mark.parametrize(
    "html",
    [
        "<style>@import '//www.facebook.com/tr';p{background:url(\"//www.facebook.com/tr?id=1\")}</style>",
        "<STYLE>@import'//www.facebook.com/tr'</STYLE>",
        "<p style='background:url(&quot;//www.facebook.com/tr?id=1&quot;)'>a",
        "<iframe srcdoc='<img src=&quot;https://www.facebook.com/tr?id=1&quot;>'></iframe>",
        "<svg><image href=https://www.facebook.com/tr?id=1 /></svg>",
        "<img srcset='/a.png 1x, https://www.facebook.com/tr?id=1 2x'>",
        "<meta http-equiv=refresh content='0;url=https://www.facebook.com/tr?id=1'>",
        "<script>fbq('init', '1')</script>",
        "<noscript><img src=https://www.facebook.com/tr?id=1></noscript>",
        "<p onclick=\"new Image().src='https://www.facebook.com/tr?id=1'\">",
    ],
)
def test_every_way_of_loading_is_held_as_in_a_page(html: str) -> None:
    raw = json.dumps({"a": html}).encode()
    gated = gate(raw)
    assert json.loads(gated.body) == {"a": fragment(html)}
    assert [found.service for found in gated.findings] == [
        found.service for found in gate_html(html.encode(), policy=POLICY, url=URL).findings
    ]


WRITTEN = [
    PIXEL.replace('"', '\\"'),
    PIXEL.replace('"', "'"),
    PIXEL.replace('"', "\\u0022").replace("<", "\\u003c").replace(">", "\\u003E"),
    PIXEL.replace('"', '\\"').replace("/", "\\/"),
    "".join(f"\\u{ord(letter):04X}" for letter in PIXEL),
]


@pytest.mark.parametrize("written", WRITTEN)
def test_however_it_is_written(written: str) -> None:
    raw = b'{"a": ["\xc3\xa9 \\ud83d\\ude00 \\ud800", "%b"]}' % written.encode()
    plain, card = json.loads(raw)["a"]
    assert json.loads(gate(raw).body) == {"a": [plain, fragment(card)]}
    assert HELD in fragment(card)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b'"<p>text</p>"',
        b'{"<img src=https://www.facebook.com/tr?id=1>": 1}',
        b'{"<img src=https://www.facebook.com/tr?id=1>" \n: "x"}',
        b'["<img src=https://www.facebook.com/tr?id=1>',
        b'["a", "<img src=https://www.facebook.com/tr?id=1>\\',
        b'"\\\\u003cimg src=https://www.facebook.com/tr?id=1>"',
        b'{"url": "https://www.facebook.com/tr?id=1"}',
        b'"' * 9,
        b"\xff\xfe<\x00",
    ],
)
def test_what_is_no_value_with_a_tag_stays(raw: bytes) -> None:
    assert gate(raw).body == raw
    assert gate(raw).findings == ()


def test_what_is_in_front_of_the_json_does_not_matter() -> None:
    raw = b")]}',\n[" + json.dumps(PIXEL).encode() + b"]"
    assert HELD.replace('"', "\\u0022").encode() in gate(raw).body


def test_a_document_in_a_string_gets_no_snippet() -> None:
    text = f"<!doctype html><html><body>{PIXEL}</body></html>"
    assert json.loads(gate(json.dumps(text).encode()).body) == fragment(text)


def test_long_texts_are_read_in_parts() -> None:
    part = f'<p class="a\u20ac"> {PIXEL}\n' * 40 + "\U0001f600<b>x</b>" * 2000
    text = part * 20 + "<i>" + "x" * 3 * SLICE
    values = ["x" * 2 * SLICE, text, {"a": "y" * SLICE, "b": 1.5}, PIXEL]
    for raw in (json.dumps(values), json.dumps(values, ensure_ascii=False)):
        gated = gate(raw.encode())
        assert json.loads(gated.body) == [values[0], fragment(text), values[2], fragment(PIXEL)]
        assert len(gated.findings) == 801
        steps = gate_json(raw.encode(), POLICY, STRICT, url=URL)
        assert sum(1 for _ in steps) > len(raw) // SLICE


TEXTS = st.text(max_size=8) | st.sampled_from(
    [
        PIXEL,
        f"<p>{PIXEL}\u20ac\U0001f600",
        "<script>fbq('init', 1)</script>",
        "<",
        '\\"<b>',
        "<iframe srcdoc='<p>'>",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


def expected(value: Any) -> Any:
    if isinstance(value, str):
        return fragment(value) if "<" in value else value
    if isinstance(value, list):
        return [expected(item) for item in value]
    return {key: expected(item) for key, item in value.items()} if isinstance(value, dict) else value


@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_only_the_gated_strings_change(value: Any, ascii_only: bool, indent: Any) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8")
    assert json.loads(gate(raw).body) == expected(value)


BYTES = st.lists(
    st.sampled_from(
        [b'"', b"\\", b"<", b"u003c", b":", b" ", b"{", PIXEL.encode(), json.dumps(PIXEL).encode()]
    )
    | st.binary(max_size=3),
    max_size=12,
).map(b"".join)


@given(BYTES)
def test_any_bytes_pass_and_undoing_the_insertions_restores_them(raw: bytes) -> None:
    gated = gate(raw).body
    at = 0
    for byte in raw:  # nothing is dropped or reordered
        at = gated.index(byte, at) + 1
    try:
        json.loads(raw)
    except ValueError:
        return
    json.loads(gated)
