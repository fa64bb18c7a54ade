"""Makes a script of ours short: no comments, no white space, and short names for what is its own.

It knows the JavaScript that we write and no other: every statement ends in a semicolon, every slash that is
not of a comment begins a regular expression, and no name of a script's own is that of a global or of a
property that it takes apart in shorthand (``{ name }``), which keep theirs.
"""

from __future__ import annotations

import re
from collections import Counter
from string import ascii_letters

_TOKEN = re.compile(
    r"""//[^\n]*|\s+|"[^"\n]*"|'[^'\n]*'|`[^`]*`|/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*"""
    r"""|[A-Za-z_$][\w$]*|\d[\w.]*|."""
)
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_HOLE = re.compile(r"\$\{([^{}]*)\}")
_IN_HOLE = re.compile(r"""(?<![.\w$"])[A-Za-z_$][\w$]*""")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_WORDS = (
    "as async await break case catch const continue do else false finally for function if in instanceof let "
    "new null of return this throw true try typeof undefined void while yield"
)
_GLOBALS = (
    "Element JSON Math MutationObserver Object Promise Proxy Reflect RegExp Set String Symbol URL WeakMap "
    "WeakSet atob document indexedDB location parent setTimeout top window"
)
_KEPT = frozenset([*_WORDS.split(), *_GLOBALS.split()])


def squeeze_js(text: str) -> str:
    """Return the same script, shorter. Equal texts give equal results."""
    tokens = [token for token in _TOKEN.findall(text) if not (token.isspace() or token.startswith("//"))]
    own = _own_names(tokens)
    return _joined([_renamed(token, place, tokens, own) for place, token in enumerate(tokens)])


def _own_names(tokens: list[str]) -> dict[str, str]:
    """Short names for those of the script's own, the shortest for the most frequent."""
    uses: Counter[str] = Counter()
    kept = set(_KEPT)
    open_: list[str] = []
    for place, token in enumerate(tokens):
        before, behind = tokens[place - 1], tokens[(place + 1) % len(tokens)]
        if token in _PAIRS.values():
            open_.append(token)
        elif token in _PAIRS:
            open_.pop()
        elif _WORD.fullmatch(token):
            inside = bool(open_) and open_[-1] == "{"
            if inside and before in "{," and behind in "},":
                kept.add(token)
            elif not _is_key(place, tokens):
                uses[token] += 1
        elif token.startswith("`"):
            uses.update(name for hole in _HOLE.findall(token) for name in _IN_HOLE.findall(hole))
    names = (first + rest for rest in ("", *ascii_letters) for first in ascii_letters)
    free = (name for name in names if name not in kept)
    ranked = sorted((-count, name) for name, count in uses.items() if name not in kept)
    return {name: next(free) for _, name in ranked}


def _is_key(place: int, tokens: list[str]) -> bool:
    """Whether a word names a property: behind a dot that is not one of a spread, or before a colon."""
    before, behind = tokens[place - 1], tokens[(place + 1) % len(tokens)]
    if before == "." and tokens[place - 2] != ".":
        return True
    return behind == ":" and before in ("{", ",")


def _renamed(token: str, place: int, tokens: list[str], own: dict[str, str]) -> str:
    if token.startswith("`"):
        return _HOLE.sub(lambda hole: "${" + _in_hole(hole[1], own) + "}", token)
    return token if token not in own or _is_key(place, tokens) else own[token]


def _in_hole(code: str, own: dict[str, str]) -> str:
    return _IN_HOLE.sub(lambda name: own.get(name[0], name[0]), code)


def _joined(tokens: list[str]) -> str:
    parts: list[str] = []
    for token in tokens:
        if parts and re.match(r"[\w$]", token) and re.search(r"[\w$]\Z", parts[-1]):
            parts.append(" ")
        parts.append(token)
    return "".join(parts).replace(";}", "}")
