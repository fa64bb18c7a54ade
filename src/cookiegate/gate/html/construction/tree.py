"""Where the tree construction stage of a browser stands (WHATWG HTML, section 13.2.6): which elements are
open and in which namespace, which is what decides how the bytes that follow are read.

It builds nothing. Two uses: a *local* tree knows only what was opened since some ``svg`` or ``math`` tag, and
raises Unknown when the elements around that decide; a whole tree has seen the page from its first byte.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from cookiegate.gate.html.attrs import decode_text
from cookiegate.gate.html.construction import stack
from cookiegate.gate.html.construction.body import Mode
from cookiegate.gate.html.construction.doctype import is_quirky
from cookiegate.gate.html.construction.ends import ENDS, FRAMES, TEXTS, Ends
from cookiegate.gate.html.construction.stack import FORMATTING, Node, Unknown, names
from cookiegate.gate.html.construction.starts import STARTS, Next

if TYPE_CHECKING:
    from cookiegate.gate.html.attrs import Attribute

_COMPARED = 64
_SPACES = b"\t\n\f\r "
# Start tags that end foreign content (section 13.2.6.5).
BREAKOUT = names(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing"
    " menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var"
)
# Names that get capitals in SVG (section 13.2.6.5). Browsers dispute what such an end tag closes.
_CAPITAL = names(
    "altglyph altglyphdef altglyphitem animatecolor animatemotion animatetransform clippath feblend"
    " fecolormatrix fecomponenttransfer fecomposite feconvolvematrix fediffuselighting fedisplacementmap"
    " fedistantlight fedropshadow feflood fefunca fefuncb fefuncg fefuncr fegaussianblur feimage femerge"
    " femergenode femorphology feoffset fepointlight fespecularlighting fespotlight fetile feturbulence"
    " foreignobject glyphref lineargradient radialgradient textpath"
)
# The tags whose attributes decide something here.
READS_ATTRIBUTES = FORMATTING | names("annotation-xml input")


class Tree(Ends):
    """Feed it tags and text in order. ``start`` gives the namespace of the element, None when it is dropped.

    scripting: whether noscript elements hold text. local: the svg or math element that is known first.
    """

    def __init__(self, *, scripting: bool, local: bytes = b"") -> None:
        super().__init__(scripting=scripting, local=bool(local))
        if local:
            self.push(Node(local, local))

    @classmethod
    def dropping(cls, name: bytes, *, scripting: bool) -> Tree:
        """A whole tree that drops most tags from this one on: a frameset, or a col in a template."""
        tree = cls(scripting=scripting)
        if name == b"col":
            tree.start(b"template", [], closes_itself=False)
        tree.start(name, [], closes_itself=False)
        return tree

    def copy(self, *, scripting: bool) -> Tree:
        """The same place in the page, for a browser with or without scripting."""
        self.spend(len(self.nodes) + len(self.active))
        twin = Tree(scripting=scripting)
        clones: dict[Node, Node] = {}
        for node in (*self.nodes, *filter(None, self.active), *filter(None, [self.form])):
            clones[node] = node.copy()
        twin.__dict__.update(self.__dict__, scripting=scripting, templates=self.templates[:])
        twin.nodes = [clones[node] for node in self.nodes]
        twin.active = [node and clones[node] for node in self.active]
        twin.form = self.form and clones[self.form]
        return twin

    def likeness(self) -> tuple[object, ...] | None:
        """Two trees of which this is the same will go on alike. None: it would be too much to compare."""
        if len(self.nodes) > _COMPARED or len(self.active) > _COMPARED:
            return None
        nodes = tuple((node.name, node.space, node.holds_html) for node in self.nodes)
        # An active formatting element is told by its place, or, when it has been closed, by what it was.
        places = {id(node): place for place, node in enumerate(self.nodes)}
        active = tuple(node and (places.get(id(node)), node.name, node.attributes) for node in self.active)
        form = self.form and (places.get(id(self.form)), self.form.open)
        flags = (self.local, self.mode, self.quirks, self.frameset_ok)
        return nodes, active, form, flags, tuple(self.templates)

    @property
    def settled(self) -> bool:
        """Whether what follows is read as HTML, and the tree need not be followed any more."""
        return not self.foreign and self.mode not in FRAMES and not self.columns

    @property
    def indifferent(self) -> bool:
        """Whether text, and elements that are closed again, change nothing here: right in an SVG element."""
        if not self.local or not self.nodes:
            return False
        node = self.nodes[-1]
        return node.space == b"svg" and not node.holds_html and node.name != b"style"

    @property
    def current(self) -> Node | None:
        """The current element."""
        return self.nodes[-1] if self.nodes else None

    # --- tokens

    def doctype(self, token: bytes) -> None:
        """A document type, from ``<!`` to ``>``."""
        if self.mode == Mode.INITIAL:
            self.quirks = is_quirky(token)
            self.mode = Mode.BEFORE_HTML

    def text(self, token: bytes, *, decode: bool = True) -> None:
        """Characters, as they stand; ``decode``: they may hold character references."""
        if decode and b"&" in token:
            token = decode_text(token.decode("latin-1")).encode("latin-1", "replace")
        words = token.strip(_SPACES)
        if self.nodes and not self.nodes[-1].holds_html:
            self.frameset_ok &= not words.strip(b"\0")
            return
        then = Next.AGAIN
        while then is Next.AGAIN:
            rule = TEXTS.get(self.mode)
            then = rule(self, words) if rule else Next.BODY
        if then is Next.BODY and token.strip(b"\0"):
            self.text_in_body(words.replace(b"\0", b"").strip(_SPACES))

    def start(self, name: bytes, attributes: list[Attribute], *, closes_itself: bool) -> bytes | None:
        """A start tag; its attributes are needed for READS_ATTRIBUTES only."""
        self.account()
        if self.nodes and (node := self.nodes[-1]).space and not _reads_html(node, name):
            if name not in BREAKOUT and not (name == b"font" and _styled(attributes)):
                self.push(Node(name, node.space, attributes))
                if closes_itself:
                    self.pop()
                return node.space
            self._break_out()
            if not self.nodes:
                return b""
        then = Next.AGAIN
        while then is Next.AGAIN:
            rule = STARTS.get(self.mode)
            then = rule(self, name, attributes) if rule else Next.BODY
        if then is Next.BODY:
            return self.start_in_body(name, attributes, closes_itself)
        return None if then is Next.DROPPED else b""

    def nest(self, name: bytes, *, closes: bool) -> bool:
        """Open or close an element that means nothing but its place. False: it takes more than that.

        Only where the tree is indifferent.
        """
        node = self.nodes[-1]
        if closes:
            if node.name != name:
                return False
            self.pop()
        elif len(self.nodes) >= stack.DEPTH_CAP:
            return False
        else:
            self.nodes.append(_plain(name, node.space))
            self.foreign += 1
        return True

    def end(self, name: bytes) -> None:
        """An end tag, other than that of an element that held text."""
        self.account()
        if self.nodes and self.nodes[-1].space:
            if name in (b"p", b"br"):
                self._break_out()
            elif self._end_foreign(name):
                return
            if not self.nodes:
                return
        then = Next.AGAIN
        while then is Next.AGAIN:
            rule = ENDS.get(self.mode)
            then = rule(self, name) if rule else Next.BODY
        if then is Next.BODY:
            self.end_in_body(name)

    def disputes(self, name: bytes) -> bool:
        """Whether browsers differ about an end tag: some give it its capitals before they look what it
        closes, in SVG and nowhere else; then it closes no HTML element, and from MathML no SVG element.
        """
        if name not in _CAPITAL or not self.nodes or not self.nodes[-1].space:
            return False
        space = self.nodes[-1].space
        self.spend(len(self.nodes))
        node = next((node for node in reversed(self.nodes) if node.name == name), None)
        return node is not None and node.space != space

    def _end_foreign(self, name: bytes) -> bool:
        for index in range(len(self.nodes) - 1, -1, -1):
            node = self.nodes[index]
            if not node.space or node.name == name:
                self.spend(len(self.nodes) - index)
                if node.space:
                    self.pop_to(index)
                return bool(node.space)
        raise Unknown

    def _break_out(self) -> None:
        while self.nodes and not self.nodes[-1].holds_html:
            self.pop()


@lru_cache(maxsize=256)
def _plain(name: bytes, space: bytes) -> Node:
    """An open element that nobody will ask for by itself: there may be many of it."""
    return Node(name, space)


def _reads_html(node: Node, name: bytes) -> bool:
    """Whether a start tag right in this foreign element is read as HTML."""
    if node.space == b"math":
        if node.name == b"annotation-xml":
            return node.holds_html or name == b"svg"
        return node.holds_html and name not in (b"mglyph", b"malignmark")
    return node.holds_html


def _styled(attributes: list[Attribute]) -> bool:
    return any(attribute.name in (b"color", b"face", b"size") for attribute in attributes)
