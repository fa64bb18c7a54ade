"""The patterns and element sets by which a page is read (WHATWG HTML, sections 13.2.5 and 13.2.6)."""

from __future__ import annotations

import re

from cookiegate.gate.html.attrs import SPACE, TAG_NAME, TAG_REST
from cookiegate.gate.html.sinks import SINKS

# Elements whose content is text for the tokeniser (noscript is one with scripting, and is handled apart).
RAW_TEXT = frozenset(
    (b"style", b"xmp", b"iframe", b"noembed", b"noframes", b"textarea", b"title", b"script", b"plaintext")
)
FOREIGN_ROOTS = frozenset((b"svg", b"math"))
# Inside these, foreign content holds HTML again (HTML and MathML text integration points).
INTEGRATION = {
    b"svg": frozenset((b"foreignobject", b"desc", b"title")),
    b"math": frozenset((b"mi", b"mo", b"mn", b"ms", b"mtext", b"annotation-xml")),
}
# Start tags that end foreign content (section 13.2.6.5).
BREAKOUT = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing"
    b" menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
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


_STOPS = _any_case(frozenset(SINKS) | RAW_TEXT | FOREIGN_ROOTS | {b"noscript"})
SKIP = re.compile(
    rb"""(?:(?>
        [^<]++
      | <(?:/(?=[A-Za-z])|(?!(?:%(stops)b)[%(s)b/>]))%(name)b%(rest)b
      | <!--(?:-?>|(?:(?>[^-]++|-(?!-!?>)))*+--!?>)
      | <(?:[!?](?!--)|/(?=[^A-Za-z]))[^>]*+>
      | <(?=[^A-Za-z/!?])
    ))*+"""
    % {b"s": SPACE, b"stops": _STOPS, b"name": TAG_NAME, b"rest": TAG_REST},
    re.VERBOSE,
)
TAG = re.compile(rb"</?(%b)%b" % (TAG_NAME, TAG_REST))
NOT_SPACE = re.compile(rb"[^%b]" % SPACE)
COMMENT_END = re.compile(rb"--!?>")
NOSCRIPT_END = re.compile(rb"</%b(?=[%b/>])" % (_any_case(frozenset([b"noscript"])), SPACE))
RAW_END = {
    name: re.compile(rb"</%b(?=[%b/>])" % (_any_case(frozenset([name])), SPACE))
    for name in RAW_TEXT - {b"script", b"plaintext"}
}
# Script data has three states; these are the tokens that lead from one to the next (section 13.2.5.4 and on).
_SCRIPT = _any_case(frozenset([b"script"]))
SCRIPT_TOKENS = {
    "plain": re.compile(rb"<!--|</%b(?=[%b/>])" % (_SCRIPT, SPACE)),
    "escaped": re.compile(rb"-->|</?%b(?=[%b/>])" % (_SCRIPT, SPACE)),
    "double": re.compile(rb"-->|</%b(?=[%b/>])" % (_SCRIPT, SPACE)),
}
