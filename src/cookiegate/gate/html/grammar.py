"""The patterns and element sets by which a page is read (WHATWG HTML, sections 13.2.5 and 13.2.6)."""

from __future__ import annotations

import re

from cookiegate.gate.html.attrs import SPACE, TAG_NAME, TAG_REST
from cookiegate.gate.html.construction.body import FOREIGN_ROOTS
from cookiegate.gate.html.construction.tree import BREAKOUT
from cookiegate.gate.html.sinks import FOREIGN_SINKS, SINKS

# Elements whose content is text for the tokeniser (noscript is one with scripting, and is handled apart).
RAW_TEXT = frozenset(
    (b"style", b"xmp", b"iframe", b"noembed", b"noframes", b"textarea", b"title", b"script", b"plaintext")
)
# These decide too how the bytes that follow are read.
OTHERS = frozenset((b"noscript", b"frameset", b"template", b"col"))
# What may stand before the body begins (sections 13.2.6.4.1 to 13.2.6.4.6).
BEFORE_BODY = frozenset(
    b"html head base basefont bgsound link meta title noscript noframes style script template".split()
)


# Tags that load something and change nothing about how the bytes behind them are read.
QUIET = frozenset(b"img image link embed object video audio source track input frame".split())


def _any_case(names: frozenset[bytes]) -> bytes:
    """An alternation that ignores case by classes, which ``re`` tells apart by the first letter at once."""
    return b"|".join(
        b"".join(b"[%c%c]" % (c, c - 32) if 97 <= c <= 122 else b"%c" % c for c in name)
        for name in sorted(names)
    )


_COMMENT = rb"<!--(?:-?>|(?:(?>[^-]++|-(?!-!?>)))*+--!?>)"
# Attributes as people write them.
_PLAIN = rb"""(?:(?>[%(s)b]++[^%(s)b"'<>/=]++(?>(?:=(?:"[^"]*+"|'[^']*+'))?)))*+[%(s)b]*+""" % {b"s": SPACE}
_SVG_STOPS = _any_case(frozenset(FOREIGN_SINKS) | BREAKOUT | FOREIGN_ROOTS | {b"font"})


def _closed(names: str, inner: bytes, attributes: bytes = _PLAIN) -> bytes:
    """Elements of these names, without their ``<``, that hold ``inner`` and are closed."""
    return b"|".join(
        b"%b%b>%b</%b[%b]*+>" % (name, attributes, inner, name, SPACE)
        for name in (_any_case(frozenset([name.encode()])) for name in names.split())
    )


def _svg_content(depth: int) -> bytes:
    """What changes nothing right in an SVG element: text, comments, empty elements, and the usual others,
    plainly written and nested no more than ``depth`` deep. What is not known here, a tree will know.
    """
    kinds = [
        rb"(?!(?:%b)[%b/>])%b%b/>" % (_SVG_STOPS, SPACE, TAG_NAME, _PLAIN),
        _closed("circle path rect", rb"[%b]*+" % SPACE),
        _closed("desc text title", rb"[^<]*+"),
    ]
    if depth:
        kinds.append(_closed("clippath defs g lineargradient", _svg_content(depth - 1)))
    return rb"(?:(?>[^<]++|<(?:%b)|%b))*+" % (b"|".join(kinds), _COMMENT)


_SVG_CONTENT = _svg_content(1)
SVG_SKIP = re.compile(_SVG_CONTENT)
_STOPS = _any_case(frozenset(SINKS) | RAW_TEXT | FOREIGN_ROOTS | OTHERS)
SKIP = re.compile(
    rb"""(?:(?>
        [^<]++
      | <(?:/(?=[A-Za-z])|(?!(?:%(stops)b)[%(s)b/>]))%(name)b%(rest)b
      | %(comment)b
      | <(?:[!?](?!--)|/(?=[^A-Za-z]))[^>]*+>
      | <(?=[^A-Za-z/!?])
      | <[sS][vV][gG]%(plain)b>%(svg)b</[sS][vV][gG][%(s)b]*+>
    ))*+"""
    % {
        b"s": SPACE,
        b"stops": _STOPS,
        b"name": TAG_NAME,
        b"rest": TAG_REST,
        b"comment": _COMMENT,
        b"plain": _PLAIN,
        b"svg": _SVG_CONTENT,
    },
    re.VERBOSE,
)
TAG = re.compile(rb"</?(%b)%b" % (TAG_NAME, TAG_REST))
NOT_SPACE = re.compile(rb"[^%b]" % SPACE)
COMMENT_END = re.compile(rb"--!?>")
RAW_END = {
    name: re.compile(rb"</%b(?=[%b/>])" % (_any_case(frozenset([name])), SPACE))
    for name in (RAW_TEXT | {b"noscript"}) - {b"script", b"plaintext"}
}
# Script data has three states; these are the tokens that lead from one to the next (section 13.2.5.4 and on).
_SCRIPT = _any_case(frozenset([b"script"]))
SCRIPT_TOKENS = {
    "plain": re.compile(rb"<!--|</%b(?=[%b/>])" % (_SCRIPT, SPACE)),
    "escaped": re.compile(rb"-->|</?%b(?=[%b/>])" % (_SCRIPT, SPACE)),
    "double": re.compile(rb"-->|</%b(?=[%b/>])" % (_SCRIPT, SPACE)),
}
