"""The table of sinks: which attribute of which element makes a browser load something, and as what.

A sink is held by putting ``data-cg-`` before the attribute's name. A held script gets ``type="text/plain"``
as its first attribute too, and its own ``type`` is renamed: an element without ``src`` would run its text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cookiegate.gate.findings import Kind

if TYPE_CHECKING:
    from cookiegate.gate.html.attrs import Attribute

Sinks = dict[bytes, Kind]

# Attributes by which any element loads something; event handlers and style do too.
WATCHED = frozenset((b"ping", b"background", b"attributionsrc"))
# The same of SVG elements: properties of CSS that stand as attributes (SVG 2, section 6.7).
PRESENTATION = frozenset(
    b"fill stroke filter mask clip-path marker-start marker-mid marker-end cursor".split()
)
# Script elements that hold addresses in JSON.
RULES = frozenset((b"importmap", b"speculationrules"))

_XLINK = (b"href", b"xlink:href")

SINKS: dict[bytes, Sinks] = {
    b"script": {b"src": Kind.SCRIPT},
    b"img": {b"src": Kind.IMAGE, b"srcset": Kind.IMAGE},
    b"image": {b"src": Kind.IMAGE, b"srcset": Kind.IMAGE},  # parsed as img
    b"iframe": {b"src": Kind.FRAME},
    b"frame": {b"src": Kind.FRAME},
    b"link": {b"href": Kind.LINK, b"imagesrcset": Kind.HINT},  # what it loads depends on rel
    b"embed": {b"src": Kind.OBJECT},
    b"object": {b"data": Kind.OBJECT},
    b"video": {b"src": Kind.MEDIA, b"poster": Kind.IMAGE},
    b"audio": {b"src": Kind.MEDIA},
    b"source": {b"src": Kind.MEDIA, b"srcset": Kind.IMAGE},
    b"track": {b"src": Kind.MEDIA},
    b"input": {b"src": Kind.IMAGE},  # type=image only
    b"body": {b"background": Kind.IMAGE},
    b"base": {},  # loads nothing, but says what the others mean
}

FOREIGN_SINKS: dict[bytes, Sinks] = {
    b"script": dict.fromkeys(_XLINK, Kind.SCRIPT),
    b"image": dict.fromkeys(_XLINK, Kind.IMAGE),
    b"feimage": dict.fromkeys(_XLINK, Kind.IMAGE),
    b"use": dict.fromkeys(_XLINK, Kind.IMAGE),
}

SRCSET_ATTRIBUTES = frozenset((b"srcset", b"imagesrcset"))

# Link relations that fetch at once (HTML, section 4.6.7). "alternate" with "stylesheet" is a stylesheet too.
_LINK_RELATIONS: dict[bytes, Kind] = {
    b"stylesheet": Kind.STYLE,
    b"preload": Kind.HINT,
    b"modulepreload": Kind.HINT,
    b"prefetch": Kind.HINT,
    b"prerender": Kind.HINT,
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

_Get = Callable[[bytes], bytes | None]


def runs(get: _Get) -> bool:
    """Whether a script element with these attributes runs code; else it is a data block, or already inert."""
    kind = get(b"type")
    if kind is None:
        language = get(b"language")
        return not language or b"text/" + language.strip().lower() in _JAVASCRIPT
    return kind == b"" or (name := kind.strip(b"\t\n\f\r ").lower()) == b"module" or name in _JAVASCRIPT


def has_code(get: _Get) -> bool:
    """Whether the text of a script element with these attributes may load something: code, or rules with
    addresses in them.
    """
    return runs(get) or (get(b"type") or b"").strip(b"\t\n\f\r ").lower() in RULES


def loads_anywhere(attribute: Attribute, *, foreign: bool) -> bool:
    """Whether an attribute may load something on any element (of SVG, with ``foreign``)."""
    name, _, value = attribute
    if name == b"style" or (foreign and name in PRESENTATION):
        return b"(" in value or b"&" in value or b"\\" in value
    if name.startswith(b"on"):
        return b"/" in value or b"&" in value or b"\\" in value
    return name in WATCHED


def sinks_of(name: bytes, get: _Get, *, foreign: bool) -> Sinks:
    """The attributes by which this very element loads something."""
    if foreign:
        return FOREIGN_SINKS.get(name, {})
    sinks = SINKS.get(name, {})
    if name == b"link":
        relations = (get(b"rel") or b"").lower().split()
        kinds = [_LINK_RELATIONS[word] for word in relations if word in _LINK_RELATIONS]
        return dict.fromkeys(sinks, kinds[0]) if kinds else {}
    if name == b"input":
        return sinks if (get(b"type") or b"").lower() == b"image" else {}
    if name == b"script":
        return sinks if runs(get) else {}
    return sinks
