"""The regular expressions, against an error of Python 3.11.0 to 3.11.2 (still shipped by Debian 12).

There a possessive repeat of a group that can backtrack matches what it must not: ``(?:ab?c)++`` takes all of
"aca". An atomic group inside cures it, at no cost.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from re import _constants as op
from re import _parser as parser

import pytest

import cookiegate

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(cookiegate.__path__, "cookiegate.")
    if not module.name.startswith(("cookiegate.demo", "cookiegate.__main__"))
)


def patterns(value):
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from patterns(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from patterns(item)


def backtracking(items):
    """Every possessive repeat whose body is more than one character, or an atomic group."""
    for kind, argument in items:
        if kind is op.POSSESSIVE_REPEAT:
            body = argument[2]
            single = (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY, op.ATOMIC_GROUP)
            if len(body) != 1 or body[0][0] not in single:
                yield str(body)
        for part in argument if isinstance(argument, tuple | list) else (argument,):
            if isinstance(part, parser.SubPattern):
                yield from backtracking(part)
            elif kind is op.BRANCH and isinstance(part, list):
                for branch in part:
                    yield from backtracking(branch)


@pytest.mark.parametrize("name", MODULES)
def test_possessive_repeats_are_safe_on_every_python(name):
    for value in vars(importlib.import_module(name)).values():
        for pattern in patterns(value):
            assert list(backtracking(parser.parse(pattern.pattern, pattern.flags))) == []


def test_the_check_sees_what_is_wrong():
    for wrong in (rb"(?:ab?c)++", rb"x(?:(?:ab|c)?+)", rb"((?:a|bc)*+)", rb"(?>(?:ab)*+)", rb"a|(?:b|cd)++"):
        assert list(backtracking(parser.parse(wrong)))
    for right in (rb"[ab]++", rb".*+", rb"(?:(?>ab?c))++", rb"x?+"):
        assert not list(backtracking(parser.parse(right)))
