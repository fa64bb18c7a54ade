"""What must hold for every page, as functions of any bytes; they raise AssertionError where it does not."""

from __future__ import annotations

import random

from markup import numbers, page, scan
from selectolax.lexbor import LexborHTMLParser

from cookiegate.consent.decide import granted_profile
from cookiegate.gate.page import PageGate, gate_html
from cookiegate.gate.plan import Plans
from cookiegate.gate.steps import finished
from cookiegate.policy.model import Policy

URL = "https://site.example/a/b"
POLICY = Policy.from_dict(
    {
        "services": [
            {
                "id": "counter",
                "name": "Counter",
                "vendor": "Counter Ltd",
                "purpose": "analytics",
                "hosts": ["t.test"],
                "inline": ["count ("],
                "script": True,
                "beacon": True,
                "embed": True,
            }
        ],
    }
)
NOBODY = granted_profile(POLICY, ())
EVERYBODY = ("analytics", "marketing", "preferences", "beacons")
TRACKERS = (
    "<img src=//t.test/{}>",
    "<image src='//T.test:443/{}'>",
    "<img srcset='a, https:\\t.test/{} 2x'>",
    "<script src=//t.test/{}></script>",
    "<script>count ({})</script>",
    "<link rel=stylesheet href=//t.test/{}>",
    "<svg><image href=//t.test/{}>",
    "<svg><script>count ({})</script>",
    "<iframe src=//t.test/{}></iframe>",
    "<iframe srcdoc='&lt;img src=//t.test/{}>'></iframe>",
    "<iframe src='data:text/html,<img src=//t.test/{}>'></iframe>",
    "<p style='background:url(//t.test/{})'>",
    "<style>@import '//t.test/{}';a{{b:url(//t.test/2)}}</style>",
    "<svg><style>a{{b:url(//t.test/{})}}</style>",
    "<a ping=//t.test/{}>",
    "<b onclick='import(`//t.test/{}`)'>",
    "<meta http-equiv=refresh content='1;//t.test/{}'>",
    "<base href=//t.test/{}/>",
    '<script type=importmap>{{"imports":{{"a":"//t.test/{}"}}}}</script>',
    '<script type=speculationrules>{{"prefetch":[{{"urls":["//t.test/{}"]}}]}}</script>',
)
# lexbor reads select by the rules of before 2025, and its tree leaves out what templates hold.
OTHER_RULES = ("select", "template", "noscript")
ENDS_FOREIGN = ("<img data-service={}>", "<img data-service={}>", "<embed data-service={}>")


class Chosen(random.Random):
    """Choices that bytes make; when there are no more, the first of everything."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._at = 0

    def getrandbits(self, k: int, /) -> int:
        size = (k + 7) // 8
        value = int.from_bytes(self._data[self._at : self._at + size].ljust(size, b"\0"), "big")
        self._at += size
        return value & ((1 << k) - 1)

    def random(self) -> float:
        return self.getrandbits(16) / 65536


def undoes(data: bytes) -> None:
    """What is inserted can be taken out again; with everything granted there is nothing."""
    whole = gate_html(data, policy=POLICY, url=URL)
    _, cut = finished(Plans(POLICY).cut(data, NOBODY, url=URL))
    restored, grown = bytearray(whole.body), 0
    for place, text in cut.insertions:
        assert whole.body.startswith(text, place + grown), (data, place, text)
        grown += len(text)
    for place, text in cut.insertions:
        del restored[place : place + len(text)]
    assert restored == data, data
    assert cut.findings == whole.findings, data
    assert gate_html(data, policy=POLICY, url=URL, granted=EVERYBODY).body == data, data


def comes_in_pieces(data: bytes) -> None:
    """Pieces of any size give the same bytes and findings."""
    rnd = random.Random(data)
    whole = gate_html(data, policy=POLICY, url=URL)
    gate, out, at = PageGate(POLICY, NOBODY, url=URL), b"", 0
    longest = rnd.choice((1, 3, 20))
    while at < len(data):
        size = rnd.randint(1, longest)
        out += gate.feed(data[at : at + size])
        at += size
    out += gate.close()
    assert out == whole.body, data
    assert tuple(gate.findings) == whole.findings, data


def holds(data: bytes) -> None:
    """A page of trackers, chosen by the bytes, keeps both rules."""
    text = page(Chosen(data), numbered=TRACKERS).encode()
    undoes(text)
    comes_in_pieces(text)


def agrees(data: bytes) -> None:
    """A whole parser finds the same elements in a page chosen by the bytes."""
    text = page(Chosen(data), without=OTHER_RULES, numbered=ENDS_FOREIGN)
    root = LexborHTMLParser(text).root
    tree = {
        int(number): node.tag
        for node in (root.traverse(include_text=False) if root else ())
        if node.tag in ("img", "embed") and (number := node.attributes.get("data-service") or "").isdigit()
    }
    told = numbers(scan(text.encode()).all())
    for number, name in tree.items():
        assert name in [each[0] for each in told.get(number, ())], (text, number)


QUESTIONS = (undoes, comes_in_pieces, holds, agrees)
WORDS = sorted(
    {
        b"srcdoc",
        b"data:text/html,",
        b"url(",
        b"@import",
        b"&lt;",
        b"&quot;",
        b"//t.test/",
        b"count (",
        b"<![CDATA[",
    }
    | {
        b"<svg>",
        b"<style>",
        b"<script>",
        b"<!--",
        b"-->",
        b"<noscript>",
        b"<template>",
        b"<iframe ",
        b" src=",
        b" href=",
    }
    | {
        b" style=",
        b" onclick=",
        b"\x1b$B",
        b"\xff\xfe",
        b"</script>",
        b"</style>",
        b"</svg>",
        b"<title>",
        b"<base ",
    }
)
