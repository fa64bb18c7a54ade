"""Pictures that nobody is meant to see: what a web beacon of a stranger looks like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cookiegate.gate.html.attrs import decode_value

if TYPE_CHECKING:
    from cookiegate.gate.html.tags import Tag

_PICTURES = frozenset((b"img", b"image"))
# A length as the attributes of pictures have it (HTML, section 2.3.4.4); a share says nothing.
_LENGTH = re.compile(r"[\t\n\f\r ]*+\+?([0-9]++(?:\.[0-9]*+)?)(%?)")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_DECLARATION = re.compile(r"(?:^|;)\s*(display|visibility|width|height)\s*:\s*([^;!]*)", re.IGNORECASE)
_CSS_LENGTH = re.compile(r"\+?([0-9]*\.?[0-9]+)(px)?", re.IGNORECASE)
_HIDING = {"display": "none", "visibility": "hidden"}


def is_unseen(tag: Tag) -> bool:
    """Whether an image is at most one pixel wide or high, or hidden by the tag itself.

    One that has another size as well is a picture that something will show, such as the next one of a row.
    """
    if tag.name not in _PICTURES or tag.foreign:
        return False
    sizes = {name: _length(tag.get(name)) for name in (b"width", b"height")}
    hidden = tag.get(b"hidden") is not None
    style = tag.get(b"style")
    if style:
        text = _COMMENT.sub(" ", decode_value(style))
        for match in _DECLARATION.finditer(text):
            name, value = match[1].lower(), match[2].strip().lower()
            if name in _HIDING:
                hidden = hidden or value == _HIDING[name]
            else:
                sizes[name.encode()] = _css_length(value)
    known = [size for size in sizes.values() if size is not None]
    return all(size <= 1 for size in known) and (hidden or bool(known))


def _length(value: bytes | None) -> float | None:
    """The pixels that an attribute says; None where it says none."""
    found = None if value is None else _LENGTH.match(decode_value(value))
    return None if found is None or found[2] else float(found[1][:20])


def _css_length(value: str) -> float | None:
    """The pixels that a declaration says; None where it depends on something else."""
    found = _CSS_LENGTH.fullmatch(value)
    if found is None:
        return None
    size = float(found[1][:20])
    return size if found[2] or size == 0 else None
