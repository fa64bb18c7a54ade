"""What a scanner tells, and to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cookiegate.gate.html.attrs import TAG_NAME, TAG_REST, read_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cookiegate.gate.html.attrs import Attribute


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag that may load something. Offsets count from the first byte of the page.

    name_end: directly behind the tag's name, where attributes may be inserted before all others.
    foreign: an SVG element. cut: the tag was too long to wait for; attributes behind these are not known.
    css: not a tag, but an address in the text of a style element: ``start`` and ``name_end`` are where it
    begins; the one attribute is called ``url`` or ``import``, and its value is the address without escapes.
    noscript: only a browser that does not run scripts sees this tag.
    ahead: it is fetched by looking ahead; to the parser it is another element, or none.
    disputed: some browser takes these bytes for something else than a tag, such as a part of an attribute;
    what is inserted may then hold neither quotes nor ``>``, or it would change what that browser sees.
    end: directly behind the tag of a script element; 0 for any other, and when it was cut.
    """

    name: bytes
    start: int
    name_end: int
    attributes: tuple[Attribute, ...]
    foreign: bool = False
    cut: bool = False
    css: bool = False
    noscript: bool = False
    disputed: bool = False
    ahead: bool = False
    end: int = 0

    def get(self, name: bytes) -> bytes | None:
        """The value of the first attribute of that name, which is the one that counts."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute.value
        return None


_START = re.compile(rb"<(%b)%b" % (TAG_NAME, TAG_REST))


def read_tag(text: bytes) -> Tag:
    """A whole start tag, with whatever may stand behind it. Offsets count from its first byte."""
    match = _START.match(text)
    name, end = match[1], match.end()  # type: ignore[index,union-attr]  # it is one
    attributes = tuple(read_attributes(text, len(name) + 1, end))
    return Tag(name.lower(), 0, len(name) + 1, attributes, end=end)


class Memory(Protocol):
    """What was made of tags that load something and change nothing about how the page goes on.

    known: by the whole tag, from ``<`` to ``>``, of a script by the whole element; None where there is
    nothing to it.
    """

    known: Mapping[bytes, object]

    def judge(self, text: bytes) -> object:
        """What to make of a tag that is not known yet."""

    def again(self, offset: int, made: Any) -> None:
        """A tag of which this was made stands at ``offset``."""


class Handler(Protocol):
    """What a scanner tells while it reads, in document order."""

    def tag(self, tag: Tag) -> None:
        """A start tag that may load something."""

    def script(self, tag: Tag, code: bytes | None) -> None:
        """A script element without ``src``, and its code; None when it is too long to wait for."""

    def head(self, offset: int) -> None:
        """The place directly behind the head's start tag, or where a head without a tag begins."""

    def body(self, offset: int) -> None:
        """The place directly behind the body's start tag, or where a body without a tag begins."""
