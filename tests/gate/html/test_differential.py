"""The scanner against a whole HTML parser (lexbor), on pages made to confuse."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

sys.path.insert(0, str(Path(__file__).parents[3] / "fuzz"))

from markup import numbers, page, scan

# lexbor reads select by the rules of before 2025, and its tree leaves out what templates hold.
OTHER_RULES = ("select", "template", "noscript")
# These two always end foreign content: they are HTML wherever they are elements at all.
HTML = ("<img data-service={}>", "<img data-service={}>", "<embed data-service={}>")


def elements(text: str) -> dict[int, str]:
    """The numbered elements of lexbor's tree."""
    root = LexborHTMLParser(text).root
    nodes = root.traverse(include_text=False) if root else ()
    return {
        int(number): node.tag
        for node in nodes
        if node.tag in ("img", "embed") and (number := node.attributes.get("data-service") or "").isdigit()
    }


def test_it_finds_the_elements_of_a_whole_parser() -> None:
    rnd = random.Random(20261122)
    wrong = []
    for _ in range(5000):
        text = page(rnd, without=OTHER_RULES, numbered=HTML)
        tree = elements(text)
        told = numbers(scan(text.encode()).all())
        missed = {number: name for number, name in tree.items() if told.get(number, [("",)])[0][0] != name}
        more = {
            number
            for number, tags in told.items()
            # A frameset takes the place of the body with all that was in it.
            if number not in tree and not tags[0][2].disputed and "<frameset" not in text
        }
        if missed or more:
            wrong.append((text, missed, more))
    assert wrong == []


def test_it_does_so_in_any_pieces() -> None:
    rnd = random.Random(20261123)
    for _ in range(1500):
        data = page(rnd).encode()
        whole = scan(data)
        assert scan(data, lambda: 1).same(whole), data
        assert scan(data, lambda: rnd.randint(0, 40)).same(whole), data
