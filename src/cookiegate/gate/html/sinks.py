"""The table of sinks: which attribute of which element makes a browser load something, and as what.

A sink is held by putting ``data-cg-`` before the attribute's name, or, where it holds CSS, an inert prefix
before each address in it. A held script gets ``type="text/plain"`` as its first attribute too, and its own
``type`` is renamed: an element without ``src`` would run its text. docs/sinks.md says it all in one table.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING

from cookiegate.gate.findings import Kind
from cookiegate.gate.html.attrs import decode_value

if TYPE_CHECKING:
    from cookiegate.gate.html.attrs import Attribute

Sinks = dict[bytes, Kind]


class Form(Enum):
    """How an attribute says what it loads."""

    ADDRESS = auto()
    ADDRESSES = auto()  # separated by white space
    SRCSET = auto()
    REFRESH = auto()  # seconds, then an address
    STYLE = auto()  # CSS
    CODE = auto()  # of an event handler
    DOCUMENT = auto()  # HTML
    ANIMATED = auto()  # addresses or CSS, one after another


_XLINK = (b"href", b"xlink:href")

SINKS: dict[bytes, Sinks] = {
    b"script": {b"src": Kind.SCRIPT},
    b"img": {b"src": Kind.IMAGE, b"srcset": Kind.IMAGE},
    b"image": {b"src": Kind.IMAGE, b"srcset": Kind.IMAGE},  # parsed as img
    b"iframe": {b"src": Kind.FRAME, b"srcdoc": Kind.FRAME},
    b"frame": {b"src": Kind.FRAME},
    b"portal": {b"src": Kind.FRAME},
    b"fencedframe": {b"src": Kind.FRAME},
    b"link": {b"href": Kind.LINK, b"imagesrcset": Kind.HINT},  # what it loads depends on rel
    b"embed": {b"src": Kind.OBJECT, b"code": Kind.OBJECT},
    b"object": {b"data": Kind.OBJECT},  # codebase, archive and classid went with the plug-ins
    b"video": {b"src": Kind.MEDIA, b"poster": Kind.IMAGE},
    b"audio": {b"src": Kind.MEDIA},
    b"source": {b"src": Kind.MEDIA, b"srcset": Kind.IMAGE},
    b"track": {b"src": Kind.MEDIA},
    b"input": {b"src": Kind.IMAGE},  # type=image only
    b"body": {b"background": Kind.IMAGE},
    b"meta": {b"content": Kind.REFRESH},  # http-equiv=refresh only
    b"base": {b"href": Kind.BASE},  # loads nothing, but says what the others mean
}

FOREIGN_SINKS: dict[bytes, Sinks] = {
    b"script": dict.fromkeys(_XLINK, Kind.SCRIPT),
    b"image": dict.fromkeys(_XLINK, Kind.IMAGE),
    b"feimage": dict.fromkeys(_XLINK, Kind.IMAGE),
    b"use": dict.fromkeys(_XLINK, Kind.IMAGE),
    # They put an address into another element, or CSS (SVG Animations 2, section 2.14).
    b"set": {b"to": Kind.IMAGE},
    b"animate": dict.fromkeys((b"to", b"from", b"by", b"values"), Kind.IMAGE),
}

# Attributes that only some elements have, all of which may be anywhere and mostly have them not.
_TABLE = b"table thead tbody tfoot tr td th col colgroup".split()
SHARED_SINKS: dict[bytes, Sinks] = {
    b"background": dict.fromkeys(_TABLE, Kind.IMAGE),
    b"ping": dict.fromkeys((b"a", b"area"), Kind.PING),
    b"attributionsrc": dict.fromkeys((b"a", b"area", b"img", b"image", b"script"), Kind.PING),
}
WATCHED = frozenset(SHARED_SINKS)
# SVG attributes that are CSS (SVG 2, section 6.7), as far as they may hold an address.
PRESENTATION = frozenset(
    b"fill stroke filter mask clip-path marker-start marker-mid marker-end cursor".split()
)

_FORMS = {
    b"srcset": Form.SRCSET,
    b"imagesrcset": Form.SRCSET,
    b"ping": Form.ADDRESSES,
    b"attributionsrc": Form.ADDRESSES,
    b"content": Form.REFRESH,
    b"srcdoc": Form.DOCUMENT,
    **dict.fromkeys((b"to", b"from", b"by", b"values"), Form.ANIMATED),
}

# Link relations that fetch at once (HTML, section 4.6.7). "alternate" with "stylesheet" is a stylesheet too.
LINK_RELATIONS: dict[bytes, Kind] = {
    b"stylesheet": Kind.STYLE,
    b"preload": Kind.HINT,
    b"modulepreload": Kind.HINT,
    b"prefetch": Kind.HINT,
    b"prerender": Kind.HINT,
    b"compression-dictionary": Kind.HINT,
    b"preconnect": Kind.HINT,
    b"dns-prefetch": Kind.HINT,
    b"icon": Kind.IMAGE,
    b"apple-touch-icon": Kind.IMAGE,
    b"apple-touch-icon-precomposed": Kind.IMAGE,
    b"apple-touch-startup-image": Kind.IMAGE,
    b"mask-icon": Kind.IMAGE,
    b"manifest": Kind.LINK,
}

# JavaScript MIME types (MIME Sniffing, section 4.4).
_JAVASCRIPT = frozenset(
    b"application/ecmascript application/javascript application/x-ecmascript application/x-javascript"
    b" text/ecmascript text/javascript text/javascript1.0 text/javascript1.1 text/javascript1.2"
    b" text/javascript1.3 text/javascript1.4 text/javascript1.5 text/jscript text/livescript"
    b" text/x-ecmascript text/x-javascript".split()
)

_WHITE = b"\t\n\f\r "
_Get = Callable[[bytes], bytes | None]


def _said(get: _Get, name: bytes) -> bytes | None:
    """The value of an attribute, with character references resolved."""
    value = get(name)
    return decode_value(value).encode("utf-8", "replace") if value and b"&" in value else value


class Rules(Enum):
    """What a script element may hold beside code."""

    IMPORT_MAP = auto()
    SPECULATION = auto()


_RULES = {b"importmap": Rules.IMPORT_MAP, b"speculationrules": Rules.SPECULATION}


def rules_of(get: _Get) -> Rules | None:
    """What rules a script element with these attributes holds; None for code and for data."""
    return _RULES.get((_said(get, b"type") or b"").strip(_WHITE).lower())


def has_code(get: _Get) -> bool:
    """Whether what a script element with these attributes holds may load something: code, or rules."""
    return runs(get) or rules_of(get) is not None


def runs(get: _Get) -> bool:
    """Whether a script element with these attributes runs code; else it is a data block, or already inert."""
    kind = _said(get, b"type")
    if kind is None:
        language = _said(get, b"language")
        return not language or b"text/" + language.strip().lower() in _JAVASCRIPT
    return kind == b"" or (name := kind.strip(_WHITE).lower()) == b"module" or name in _JAVASCRIPT


def sinks_of(name: bytes, get: _Get, *, foreign: bool, cut: bool = False) -> Sinks:
    """The attributes of its own by which this very element loads something.

    cut: more attributes may follow.
    """
    own = (FOREIGN_SINKS if foreign else SINKS).get(name, _NONE)
    decider = None if foreign else _DECIDERS.get(name)
    if decider is None:
        return own
    said = _said(get, decider)
    if said is None and cut:
        return own
    if name == b"link":
        relations = (said or b"").lower().split()
        return next((_LINKS[word] for word in relations if word in _LINKS), _NONE)
    if name == b"script":
        return own if runs(get) else _NONE
    return own if (said or b"").lower() == _DECIDED[name] else _NONE


def loads_anywhere(attribute: Attribute, *, foreign: bool) -> bool:
    """Whether an attribute may load something on any element (of SVG, with ``foreign``)."""
    name, value = attribute.name, attribute.value
    if name == b"style" or (foreign and name in PRESENTATION):
        return b"(" in value or b"&" in value or b"\\" in value
    if name.startswith(b"on"):
        return b"/" in value or b"&" in value or b"\\" in value
    return name in WATCHED


_NONE: Sinks = {}
_LINKS: dict[bytes, Sinks] = {
    word: dict.fromkeys(SINKS[b"link"], kind) for word, kind in LINK_RELATIONS.items()
}
# Elements that load only by the word of another attribute, and those that need one certain word.
_DECIDERS = {b"link": b"rel", b"input": b"type", b"meta": b"http-equiv", b"script": b"type"}
_DECIDED = {b"input": b"image", b"meta": b"refresh"}
_HANDLER = (Kind.INLINE, Form.CODE)
_STYLE = (Kind.IMAGE, Form.STYLE)


def sink_of(attribute: bytes, sinks: Sinks, element: bytes, *, foreign: bool) -> tuple[Kind, Form] | None:
    """As what an attribute loads something, and how it says what; None for one that loads nothing.

    sinks: those of the element's own.
    """
    kind = sinks.get(attribute)
    if kind is None and attribute in SHARED_SINKS:
        kind = SHARED_SINKS[attribute].get(element)
    if kind is not None:
        return kind, _FORMS.get(attribute, Form.ADDRESS)
    if attribute == b"style" or (foreign and attribute in PRESENTATION):
        return _STYLE
    return _HANDLER if attribute[:2] == b"on" else None
