"""The patterns and element sets by which a page is read (WHATWG HTML, sections 13.2.5 and 13.2.6)."""

from __future__ import annotations

import re

from cookiegate.gate.html.attrs import NAME, SPACE, TAG_NAME, TAG_REST, VALUE, any_case
from cookiegate.gate.html.construction.body import FOREIGN_ROOTS
from cookiegate.gate.html.construction.stack import POINTS
from cookiegate.gate.html.construction.tree import BREAKOUT
from cookiegate.gate.html.sinks import FOREIGN_SINKS, SINKS, WATCHED

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


_W = {b"s": SPACE}
_NAME = rb"""[^%(s)b"'<>/=]*+""" % _W
_BARE = rb"""[^%(s)b"'<>=`]++""" % _W
# What holds no address of another host, and no reference that could hide one.
_HARMLESS_STYLE = rb"""(?>"[^"(&\\]*+"|'[^'(&\\]*+')"""
_HARMLESS_CODE = rb"""(?>"[^"/&\\]*+"|'[^'/&\\]*+')"""


def _plain(watched: frozenset[bytes]) -> bytes:
    """Attributes as people write them, without those by which any element loads something, and the watched.

    Most names need no second look for their first letter.
    """
    watched |= WATCHED | {b"style"}
    first = bytes(sorted({name[0] for name in watched} | set(b"o")))
    return rb"""(?:(?>[%(s)b]++(?>
        (?>[^%(first)b%(s)b"'<>/=]|(?!%(watched)b)[%(first)b])%(name)b(?>="[^"]*+"|(?!=)|='[^']*+'|=%(bare)b)
      | [sS][tT][yY][lL][eE]=%(style)b
      | [oO][nN][A-Za-z]++=%(code)b
    )))*+[%(s)b]*+""" % {
        b"s": SPACE,
        b"first": first + first.upper(),
        b"watched": rb"(?:[oO][nN]|(?:%b)(?![^%b/>=]))" % (any_case(watched), SPACE),
        b"name": _NAME,
        b"bare": _BARE,
        b"style": _HARMLESS_STYLE,
        b"code": _HARMLESS_CODE,
    }


_PLAIN = _plain(frozenset())
# Attributes as no one should write them, without any of style.
_ODD = rb"(?:(?>[%(s)b/]++|(?!%(watched)b)%(name)b(?>[%(s)b]*+=[%(s)b]*+%(value)b|(?![%(s)b]*+=))))*+" % {
    b"s": SPACE,
    b"watched": rb"(?:[oO][nN]|(?:%b)(?![^%b/>=]))" % (any_case(WATCHED | {b"style"}), SPACE),
    b"name": NAME,
    b"value": VALUE,
}
# The same with all that any element may load.
_ANY_PLAIN = (
    rb"""(?:(?>[%(s)b]++[^%(s)b"'<>/=]%(name)b(?>="[^"]*+"|(?!=)|='[^']*+'|=%(bare)b)))*+[%(s)b]*+"""
    % {
        b"s": SPACE,
        b"name": _NAME,
        b"bare": _BARE,
    }
)
_COMMENT = rb"<!--(?>-?>|(?:(?>[^-]++|-(?!-!?>)))*+--!?>)"
# In svg an address may stand in many attributes, behind a parenthesis.
_SVG_VALUE = rb"""(?>"(?:(?>[^"(&\\]++|\([^)"/:&\\]*+\)))*+"|'(?:(?>[^'(&\\]++|\([^)'/:&\\]*+\)))*+')"""
_SVG_PLAIN = rb"""(?:(?>[%(s)b]++(?![oO][nN])[^%(s)b"'<>/=]%(name)b(?>=%(value)b|(?!=))))*+[%(s)b]*+""" % {
    b"s": SPACE,
    b"name": _NAME,
    b"value": _SVG_VALUE,
}
# Who looks ahead takes what is text in HTML for text here as well.
_SVG_STOPS = any_case(frozenset(FOREIGN_SINKS) | BREAKOUT | FOREIGN_ROOTS | RAW_TEXT | OTHERS | {b"font"})


def _closed(names: str, inner: bytes) -> bytes:
    """Elements of these names, without their ``<``, that hold ``inner`` and are closed."""
    return b"|".join(
        b"%b%b>%b</%b[%b]*+>" % (name, _SVG_PLAIN, inner, name, SPACE)
        for name in (any_case([name.encode()]) for name in names.split())
    )


def _svg_content(depth: int) -> bytes:
    """What changes nothing right in an SVG element: text, comments, empty elements, and the usual others,
    plainly written and nested no more than ``depth`` deep. What is not known here, a tree will know.
    """
    kinds = [
        rb"(?!(?:%b)[%b/>])%b%b/>" % (_SVG_STOPS, SPACE, TAG_NAME, _SVG_PLAIN),
        _closed("circle path rect", rb"[%b]*+" % SPACE),
        _closed("desc text title", rb"[^<]*+"),
    ]
    if depth:
        kinds.append(_closed("clippath defs g lineargradient", _svg_content(depth - 1)))
    return rb"(?:(?>[^<]++|<(?>%b)|%b))*+" % (b"|".join(kinds), _COMMENT)


_SVG_CONTENT = _svg_content(1)
# The same, and the tag of an element that means nothing but its place, if there is one: whether it is an end
# tag, its name, whether it closes itself.
SVG_STEP = re.compile(
    rb"%b(?:<(/?+)(?!(?:%b)[%b/>])([a-z][a-z0-9:_-]*+)%b(/?+)>)?"
    % (
        _SVG_CONTENT,
        any_case(
            frozenset(FOREIGN_SINKS)
            | BREAKOUT
            | FOREIGN_ROOTS
            | RAW_TEXT
            | POINTS[b"svg"]
            | OTHERS
            | {b"font"}
        ),
        SPACE,
        _SVG_PLAIN,
    )
)
_NAMES = frozenset(SINKS) | RAW_TEXT | FOREIGN_ROOTS | OTHERS
_STOPS = rb"(?:%b)[%b/>]" % (any_case(_NAMES), SPACE)
# Letters with which none of them begins.
_FREE = bytes(byte for byte in range(97, 123) if byte not in {name[0] for name in _NAMES})
# Tags that change how what follows is read, or what it means.
_STATEFUL = RAW_TEXT | FOREIGN_ROOTS | OTHERS | {b"base", b"body", b"image"}
# The text of a script element that has but one way to be read, and its end tag.
_CODE = rb"(?:(?>[^<]++|<(?!/%(script)b|!--)))*+</%(script)b>" % {b"script": any_case([b"script"])}
# Where it ends: before what Python has to look at, and behind a tag that loads something and changes nothing,
# which is in the group; so is a plain script element, a frame without content, and a noscript element that
# ends where it ends for every browser.
STEP = re.compile(
    rb"""[^<]*+(?:(?><(?>
        /[A-Za-z][^"'=<>]*+>
      | (?>[%(free)b]|[aApP](?=[%(s)b/>])|(?!%(stops)b)[A-Za-z])[^%(s)b/>]*+(?>%(plain)b/?>|%(odd)b>)
      | %(comment)b
      | [!?](?!--)[^>]*+>
      | /(?=[^A-Za-z])[^>]*+>
      | (?=[^A-Za-z/!?])
      | [sS][vV][gG]%(svg_plain)b>%(svg)b</[sS][vV][gG][%(s)b]*+>
    )[^<]*+))*+(<(?>
        (?!(?:%(stateful)b)[%(s)b/>])[A-Za-z][^%(s)b/>]*+%(any)b/?>
      | %(script)b(?=[%(s)b>])%(any)b>%(code)b
      | %(iframe)b(?=[%(s)b])%(any)b></%(iframe)b>
      | %(noscript)b(?=[%(s)b>])%(any)b>(?:(?>
            [^<]++
          | <(?!(?:%(stateful)b)[%(s)b/>])[A-Za-z][^%(s)b/>]*+%(inner)b/?>
          | </(?!%(noscript)b)[A-Za-z][^"'=<>]*+>
          | <%(iframe)b(?=[%(s)b])%(inner)b></%(iframe)b>
        ))*+</%(noscript)b>
    ))?"""
    % {
        b"s": SPACE,
        b"free": _FREE + _FREE.upper(),
        b"stops": _STOPS,
        b"plain": _PLAIN,
        b"odd": _ODD,
        b"comment": _COMMENT[1:],
        b"svg_plain": _SVG_PLAIN,
        b"svg": _SVG_CONTENT,
        b"any": _ANY_PLAIN,
        b"inner": _ANY_PLAIN.replace(b'"[^"]', b'"[^"<]').replace(b"'[^']", b"'[^'<]"),
        b"stateful": any_case(_STATEFUL),
        b"script": any_case([b"script"]),
        b"code": _CODE,
        b"iframe": any_case([b"iframe"]),
        b"noscript": any_case([b"noscript"]),
    },
    re.VERBOSE,
)
# The same before the body, which begins with whatever is not said here.
HEAD_STEP = re.compile(
    rb"""[%(s)b]*+(?:(?>(?>
        <%(meta)b(?=[%(s)b/>])%(plain_meta)b/?>
      | <%(title)b>[^<]*+</%(title)b>
      | %(comment)b
      | </(?!(?:%(ends)b)[%(s)b/>])[A-Za-z][^"'=<>]*+>
      | <(?:\?|/(?=[^A-Za-z]))[^>]*+>
      | <%(script)b[%(s)b]++%(type)b=(?>"%(json)b"|'%(json)b')%(plain_data)b>[^<]*+</%(script)b>
    )[%(s)b]*+))*+(<(?>%(link)b(?=[%(s)b/>])%(any)b/?>|%(script)b(?=[%(s)b>])%(any)b>%(code)b))?"""
    % {
        b"s": SPACE,
        b"code": _CODE,
        b"json": rb"application/(?:ld\+)?json",
        b"any": _ANY_PLAIN,
        b"ends": any_case((b"html", b"body", b"br", b"template")),
        b"plain_meta": _plain(frozenset((b"http-equiv",))),
        b"plain_data": _plain(frozenset((b"type",))),
        b"comment": _COMMENT,
        **{name: any_case([name]) for name in (b"meta", b"title", b"script", b"type", b"link")},
    },
    re.VERBOSE,
)
TAG = re.compile(rb"</?(%b)%b" % (TAG_NAME, TAG_REST))
NOT_SPACE = re.compile(rb"[^%b]" % SPACE)
COMMENT_END = re.compile(rb"--!?>")
RAW_END = {
    name: re.compile(rb"</%b(?=[%b/>])" % (any_case([name]), SPACE))
    for name in (RAW_TEXT | {b"noscript"}) - {b"script", b"plaintext"}
}
# Script data has three states; these are the tokens that lead from one to the next (section 13.2.5.4 and on).
_SCRIPT = any_case([b"script"])
SCRIPT_TOKENS = {
    "plain": re.compile(rb"<!--|</%b(?=[%b/>])" % (_SCRIPT, SPACE)),
    "escaped": re.compile(rb"-->|</?%b(?=[%b/>])" % (_SCRIPT, SPACE)),
    "double": re.compile(rb"-->|</%b(?=[%b/>])" % (_SCRIPT, SPACE)),
}
