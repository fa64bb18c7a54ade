"""One reading of a page: what its tags mean to a browser that runs scripts, or to one that does not.

From an ``svg`` or ``math`` tag to its end a tree of the open elements is followed; everywhere else the tags
that are skipped do not change how the page goes on.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from sys import maxsize
from typing import TYPE_CHECKING

from cookiegate.gate.css import CssReader
from cookiegate.gate.html.attrs import Attribute, closes_itself, decode_text, read_attributes
from cookiegate.gate.html.construction.body import FOREIGN_ROOTS
from cookiegate.gate.html.construction.stack import POINTS, Node, Unknown
from cookiegate.gate.html.construction.tree import READS_ATTRIBUTES, Tree
from cookiegate.gate.html.grammar import BEFORE_BODY, NOT_SPACE, RAW_TEXT
from cookiegate.gate.html.sinks import FOREIGN_SINKS, SINKS, has_code, loads_anywhere
from cookiegate.gate.html.tags import Tag
from cookiegate.gate.html.tokeniser import Page, Tokeniser
from cookiegate.gate.mapped import from_attribute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cookiegate.gate.css import CssUrl
    from cookiegate.gate.html.tagreader import TagReader

_READ = frozenset(SINKS) | frozenset(FOREIGN_SINKS)
_POINTS = POINTS[b"svg"] | POINTS[b"math"]
_SVG = b"svg"
# Sinks that hold no text, so that a tag is all there is to them; an image may be two things.
_SIMPLE = frozenset(SINKS) - RAW_TEXT - {b"image"}
# What browsers fetch that look ahead, in HTML and in svg, and the attributes that say so. For them the first
# base counts, wherever it stands.
_EARLY_NAMES = (b"img", b"input", b"link", b"image", b"script", b"source", b"video")
_EARLY = {name: frozenset(SINKS[name]) for name in _EARLY_NAMES} | {b"base": frozenset((b"href",))}
_EARLY_IN_SVG = {name: frozenset(FOREIGN_SINKS[name]) for name in (b"image", b"script")}


class _Script:
    """An open svg script element. tag: None when its code does not matter."""

    __slots__ = ("node", "parts", "tag")

    def __init__(self, tag: Tag | None, node: Node) -> None:
        self.tag = tag
        self.node = node
        self.parts: list[bytes] = []


class Reading(Tokeniser):
    """Tells the page about tags that may load something.

    scripting: noscript elements hold text. follows: the tree is of the whole page, and is never let go of.
    strays: it is one of two ways to read the page, and a replay would lead to the other.
    hasty: it reads as browsers look ahead for what to fetch: all is HTML to them, and nothing is dropped.
    """

    def __init__(
        self,
        page: Page,
        pos: int,
        *,
        scripting: bool,
        tree: Tree | None = None,
        xml: bool = False,
        follows: bool = False,
        strays: bool = False,
        hasty: bool = False,
    ) -> None:
        super().__init__(page, pos, tree=tree, xml=xml)
        self.scripting = scripting
        # Offsets in the page: it is followed from the one on, and up to the other.
        self.born, self.ended = 0, maxsize
        self._noscripts: list[range] = []  # offsets of the noscript elements that are text
        self.waits = False  # there is nothing to do before more bytes come
        self._follows = follows
        self._strays = strays
        self.hasty = hasty
        self._xml_foreign: list[bytes] = []
        self._script_tag: Tag | None = None
        self._scripts: list[_Script] = []  # open svg script elements
        self._twin: Tree | None = None
        self._space: bytes | None = b""  # of the element whose tag was too long to wait for
        self._templates = 0
        self._templated = (
            not scripting
        )  # whether there was a template; a browser without scripting comes late

    def begin(self, *, finds_body: bool) -> None:
        """Start with the first byte of the page."""
        self._state = self._bom
        self.before_head = self.before_body = finds_body

    def goes_on_like(self, other: Reading) -> bool:
        """Whether what follows means the same to both, who stand at one place."""
        if not (self.between and other.between):
            return False
        if self.hasty or other.hasty:
            return True  # who parses tells what is fetched early, until the two part again
        if self.tree is None or other.tree is None:
            return self.tree is other.tree
        if (self.scripting, self._strays) != (other.scripting, other._strays) or self._scripts:
            return False
        likeness = self.tree.likeness()
        return likeness is not None and likeness == other.tree.likeness()

    def enter(self, name: bytes) -> None:
        """Start behind the tag of an HTML element that holds text; without a name, in a comment."""
        if name:
            self._go_on_html(name, None)
        else:
            self._state = self._bogus

    def hides(self, offset: int) -> bool:
        """Whether what is there is text of a noscript element."""
        place = bisect_right(self._noscripts, offset, key=lambda each: each.start)
        return place > 0 and offset in self._noscripts[place - 1]

    def forget(self, offset: int) -> None:
        """Nothing before this offset will be asked for any more."""
        if self._noscripts and self._noscripts[0].stop <= offset:
            self._noscripts = [each for each in self._noscripts if each.stop > offset]

    def cap(self, end: int) -> None:
        """Give up what would have to be held back for too long."""
        first = self._first_script()
        if first is not None and end - first > self.page.script_cap:
            self._give_up_scripts()

    def finish(self, end: int) -> None:
        """The page has ended."""
        self._end_scripts(every=True)
        self.hold = None
        self.pos = end
        if self.before_body and self.document:
            self._imply_body(end)

    # --- text

    def _text_told(self, start: int, *, decode: bool) -> None:
        if self._expects_body():
            words = NOT_SPACE.search(self.page.buffer, start, self.pos)
            if words:
                self._imply_body(words.start())
        if self.tree is None or start == self.pos:
            return
        text = bytes(self.page.buffer[start : self.pos])
        if self.tree.current and (self.tree.current.name, self.tree.current.space) == (b"style", _SVG):
            mapped = from_attribute(text, start) if decode else None
            data = mapped.data if mapped else text
            for url in CssReader().read(data, 0, len(data), final=True)[0]:
                self._css_told(url, mapped.place(url.offset) if mapped else start + url.offset)
        if self._scripts and self._scripts[-1].tag and self._scripts[-1].node is self.tree.current:
            code = decode_text(text.decode("latin-1")).encode("latin-1", "replace") if decode else text
            self._scripts[-1].parts.append(code)
        try:
            self.tree.text(text, decode=decode)
        except Unknown:
            self._doubt(self.pos)

    def _hurried(self) -> bool:
        return self.page.hurries(scripting=self.scripting)

    def _cdata_met(self) -> None:
        self.page.hasten(self.pos, b"", scripting=self.scripting)

    def _css_told(self, url: CssUrl, at: int) -> None:
        place = self.page.base + at
        name = b"import" if url.imports else b"url"
        address = Attribute(name, place, url.value.encode("utf-8", "replace"))
        self.page.tell(self, Tag(b"style", place, place, (address,), css=True), None, inline=False)

    def _code_told(self, end: int | None) -> None:
        if self._script_tag:
            code = None if end is None else bytes(self.page.buffer[self._code_start : end])
            tag, self._script_tag = self._script_tag, None
            self._let_go()
            self.page.tell(self, tag, code, inline=True)

    def _first_script(self) -> int | None:
        return next((each.tag.start - self.page.base for each in self._scripts if each.tag), None)

    def _let_go(self) -> None:
        self.hold = self._first_script()
        self.holds_code = bool(self._scripts)

    def _end_scripts(self, *, every: bool = False) -> None:
        while self._scripts and (every or not self._scripts[-1].node.open):
            script = self._scripts.pop()
            self._let_go()
            if script.tag:
                self.page.tell(self, script.tag, b"".join(script.parts), inline=True)

    def _give_up_scripts(self) -> None:
        for script in self._scripts:
            if script.tag:
                self.page.tell(self, script.tag, None, inline=True)
                script.tag = None
        self._let_go()

    def _move_to(self, whole: Tree) -> Tree:
        """Follow the whole page, in which the same elements are open."""
        nodes = [node for node in whole.nodes if node.name == b"script" and node.space == _SVG]
        for script, node in zip(reversed(self._scripts), reversed(nodes), strict=False):
            script.node = node
        self.tree = whole
        return whole

    # --- start tags

    def _start_found(self, name: bytes, start: int, name_end: int) -> None:
        buffer, base = self.page.buffer, self.page.base
        if name in _SIMPLE and not (self.tree or self.xml or self.hasty):
            if self.before_body:
                self._start_before_body(name, start)
            placed = tuple(read_attributes(buffer, name_end, self.pos, base))
            if name == b"meta" and not _refreshes(placed):
                return
            self.page.tell(self, Tag(name, base + start, base + name_end, placed), None, inline=False)
            return
        every = self.tree is not None and name in READS_ATTRIBUTES
        attributes = read_attributes(buffer, name_end, self.pos, every=every)
        closes = closes_itself(buffer, name_end, self.pos)
        space = self._enter(name, start, attributes, closes=closes)
        tag = self._tag_of(name, start, name_end, attributes, space)
        if tag and not _inline(tag):
            self.page.tell(self, tag, None, inline=False)
            tag = None
        self._go_on(name, space, tag if tag and has_code(tag.get) else None, closes=closes)
        self._tell_early(name, start, name_end, attributes, space)
        if self.between and not self.xml and (name in RAW_TEXT or (name == b"noscript" and self.scripting)):
            # What a browser that looks ahead takes for text is markup here.
            self.page.hasten(self.pos, name, scripting=self.scripting)

    def _tell_early(
        self,
        name: bytes,
        start: int,
        name_end: int,
        attributes: list[Attribute],
        space: bytes | None,
        *,
        cut: bool = False,
    ) -> None:
        """A tag that is dropped or foreign may be fetched all the same by who looks ahead.

        Of svg that knows only where it begins and ends: behind an end tag that closed it otherwise, an image
        is one of svg's still.
        """
        if (
            name not in _EARLY
            or self.xml
            or not (self.hasty or not self.page.hurries(scripting=self.scripting))
        ):
            return
        names = {attribute.name for attribute in attributes}
        as_html = (self.hasty or space != b"") and not names.isdisjoint(_EARLY[name])
        in_svg = (
            space != _SVG
            and (name == b"image" or space != b"")
            and not names.isdisjoint(_EARLY_IN_SVG.get(name, ()))
        )
        for foreign in [False] * as_html + [True] * in_svg:
            tag = self._placed(name, start, name_end, attributes, foreign=foreign, cut=cut)
            self.page.tell(self, replace(tag, ahead=True, disputed=name == b"base"), None, inline=False)

    def _start_cut(self, reader: TagReader, attributes: list[Attribute]) -> None:
        # What stands before the body may get longer: the body begins behind its own tag.
        if self.before_head:
            self.document |= reader.name in (b"body", b"frameset")
            if reader.name != b"head":
                self._start_before_head(reader.name, reader.start)
        self._space = self._enter(reader.name, reader.start, attributes, cut=True)
        tag = self._tag_of(reader.name, reader.start, reader.name_end, attributes, self._space, cut=True)
        if tag:
            self.page.tell(self, tag, None, inline=False)
        self._tell_early(reader.name, reader.start, reader.name_end, attributes, self._space, cut=True)

    def _cut_found(self, reader: TagReader) -> None:
        if self.before_body and reader.name in _AT_THEIR_END:
            self._start_before_body(reader.name, reader.start)
        if self._space and self.tree and reader.closes_itself:
            self.tree.pop()
        self._go_on(reader.name, self._space, None, closes=reader.closes_itself)

    def _enter(
        self, name: bytes, start: int, attributes: list[Attribute], *, closes: bool = False, cut: bool = False
    ) -> bytes | None:
        """Take in a start tag. Gives the namespace of its element; None: the element is dropped."""
        if self.hasty:
            return b""
        if self.before_body and not (cut and name in _AT_THEIR_END):
            self._start_before_body(name, start)
        if self.tree:
            return self._plant(self.tree, name, attributes, closes, start)
        if self.xml:
            return self._plant_xml(name, closes)
        if name == b"frameset" or (name == b"col" and self._templated):
            self._plant_whole(name, start)
        elif name == b"template":
            self._templated = True
        return name if name in FOREIGN_ROOTS else b""

    def _tag_of(
        self,
        name: bytes,
        start: int,
        name_end: int,
        attributes: list[Attribute],
        space: bytes | None,
        *,
        cut: bool = False,
    ) -> Tag | None:
        if space is None or self.hasty or not self._loads(name, attributes, space, cut=cut):
            return None
        return self._placed(name, start, name_end, attributes, foreign=bool(space), cut=cut)

    def _placed(
        self,
        name: bytes,
        start: int,
        name_end: int,
        attributes: list[Attribute],
        *,
        foreign: bool = False,
        cut: bool = False,
    ) -> Tag:
        base = self.page.base
        placed = tuple(Attribute(a.name, base + a.start, a.value, a.gap) for a in attributes)
        end = base + self.pos if name == b"script" and not cut else 0
        return Tag(name, base + start, base + name_end, placed, foreign, cut, end=end)

    def _loads(self, name: bytes, attributes: list[Attribute], space: bytes, *, cut: bool) -> bool:
        """Whether an element may load something."""
        known = () if space == b"math" else FOREIGN_SINKS if space else SINKS
        if name == b"meta" and not (space or cut):
            return _refreshes(attributes)
        return name in known or any(loads_anywhere(a, foreign=bool(space)) for a in attributes)

    def _plant(
        self, tree: Tree, name: bytes, attributes: list[Attribute], closes: bool, start: int
    ) -> bytes | None:
        """Give a start tag to the tree, or, where that cannot say, to a tree of the whole page."""
        twin = None
        if name == b"noscript" and self.scripting and not self._follows:
            twin = tree.copy(scripting=False)
        try:
            space = tree.start(name, attributes, closes_itself=closes)
            if twin:
                twin.start(name, attributes, closes_itself=closes)
            # In svg it is an element of svg's own, to both browsers.
            self._twin = None if space else twin
            return space
        except Unknown:
            if self.page.splits(scripting=self.scripting):
                self.page.split(start, self.page.replay(start, scripting=False))
        whole = self._replay(start)
        if whole:
            try:
                return self._move_to(whole).start(name, attributes, closes_itself=closes)
            except Unknown:
                pass
        self._doubt(start)
        return _SVG

    def _plant_whole(self, name: bytes, start: int) -> None:
        """From here on most tags may be dropped; only a tree of the whole page can say."""
        if self.page.splits(scripting=self.scripting):
            self.page.split(start, None)
        whole = self._replay(start)
        if whole:
            whole.start(name, [], closes_itself=False)
            self.tree = whole
        elif not self.page.crowded:
            self._lose()
            tree = Tree.dropping(name, scripting=self.scripting)
            self.page.doubt(self.pos, tree, scripting=self.scripting)

    def _plant_xml(self, name: bytes, closes: bool) -> bytes:
        space = self._xml_foreign[-1] if self._xml_foreign else b""
        if name in FOREIGN_ROOTS:
            space = name
        elif space not in FOREIGN_ROOTS:
            return b""
        if not closes and (name in FOREIGN_ROOTS or name in _POINTS):
            self._xml_foreign.append(name)
        return space

    def _go_on(self, name: bytes, space: bytes | None, tag: Tag | None, *, closes: bool) -> None:
        """Read what follows as that element holds it; ``tag``: an inline script's."""
        if self.xml:
            if name == b"script" and not closes:
                self._hold_code(tag)
        elif space:
            if self.tree is None:
                if not closes:
                    self.tree = Tree(scripting=self.scripting, local=name)
            elif name == b"script" and space == _SVG and not closes and self.tree.current:
                self._scripts.append(_Script(tag, self.tree.current))
                self._let_go()
        elif space is not None:
            self._go_on_html(name, tag)
        if self.tree:
            self._settle()

    def _go_on_html(self, name: bytes, tag: Tag | None) -> None:
        if name == b"script":
            self._hold_code(tag)
        elif name == b"plaintext":
            self._state = self._plaintext
        elif name == b"style":
            self._css = CssReader()
            self._raw = name
            self._text_from = self.pos
            self._state = self._style
        elif name in RAW_TEXT:
            self._raw = name
            self._state = self._raw_text
        elif name == b"noscript" and self.scripting:
            self._raw = name
            self._state = self._raw_text
            if not self.hasty:
                self._noscripts.append(range(self.page.base + self.pos, maxsize))
                self.page.split(self.pos, self._twin)
                self._twin = None

    def _hold_code(self, tag: Tag | None) -> None:
        self._script_state = "plain"
        self._code_start = self.pos
        self._state = self._code
        if tag:
            self._script_tag = tag
            self._keep(tag.start - self.page.base)

    # --- end tags

    def _end_met(self, name: bytes, start: int) -> None:
        if self._ends_text and name == b"noscript" and not self.hasty:
            self._noscripts[-1] = range(self._noscripts[-1].start, self.page.base + start)
        if self.before_body:
            if name == b"template":
                self._templates = max(0, self._templates - 1)
            elif name in (b"body", b"html", b"br") and self._expects_body():
                self._imply_body(start)

    def _end_found(self, name: bytes, start: int) -> None:
        if self._ends_text:
            self._ends_text = False
        elif self.tree:
            self._uproot(self.tree, name, start)
            self._settle()
        elif name in self._xml_foreign:
            while self._xml_foreign.pop() != name:
                pass

    def _uproot(self, tree: Tree, name: bytes, start: int) -> None:
        """Give an end tag to the tree, or, where that cannot say, to a tree of the whole page."""
        try:
            self._end_in(tree, name)
            return
        except Unknown:
            pass
        twin = None
        if self.page.splits(scripting=self.scripting):
            twin = self.page.replay(start, scripting=False)
        whole = self._replay(start)
        try:
            if twin:
                twin.end(name)
                self.page.split(self.pos, twin)
            if whole:
                self._end_in(self._move_to(whole), name)
                return
        except Unknown:
            pass
        self._doubt(self.pos)

    def _end_in(self, tree: Tree, name: bytes) -> None:
        if not self.page.crowded and tree.disputes(name):
            self.page.doubt(self.pos, tree.copy(scripting=self.scripting), scripting=self.scripting)
        tree.end(name)

    # --- where we are

    def _settle(self) -> None:
        """Let go of the tree when all that follows is HTML."""
        self._end_scripts()
        if self.tree and self.tree.settled and not self._follows:
            if not (self.tree.local or self._strays):
                self.page.remember(self.pos, self.tree, scripting=self.scripting)
            self.tree = None

    def _replay(self, at: int) -> Tree | None:
        return None if self._strays else self.page.replay(at, scripting=self.scripting)

    def _lose(self) -> None:
        if not self._strays:
            self.page.lose(scripting=self.scripting)
            self._strays = True

    def _doubt(self, at: int) -> None:
        """Go on in two ways: here the foreign element stays open, in another reading it is closed."""
        self._give_up_scripts()
        self._scripts.clear()
        self._let_go()
        self.tree = Tree(scripting=self.scripting, local=_SVG)
        self._lose()
        self.page.doubt(at, None, scripting=self.scripting)

    def _expects_body(self) -> bool:
        return self.before_body and not self._templates

    def _start_before_body(self, name: bytes, start: int) -> None:
        self.document |= name in (b"html", b"head", b"body", b"frameset")
        if self.before_head:
            self._start_before_head(name, start)
        if name == b"template":
            self._templates += 1
        elif not self._expects_body():
            return
        elif name == b"html":
            self._read_language(start)
        elif name == b"body":
            self._imply_body(self.pos)
        elif name == b"frameset":
            self.before_head = self.before_body = False
        elif name not in BEFORE_BODY:
            self._imply_body(start)

    def _read_language(self, start: int) -> None:
        """Take down what language the page says it is in. Of several html tags the first that says it counts.

        A tag so long that its beginning has left already says nothing.
        """
        if self.page.language is None and start >= 0:
            name_end = start + len(b"<html")
            attributes = read_attributes(self.page.buffer, name_end, self.pos, every=True)
            values = {attribute.name: attribute.value for attribute in reversed(attributes)}
            # In XML lang is no attribute of a meaning to other programs, so pages often have both.
            self.page.language = values.get(b"lang", values.get(b"xml:lang") if self.xml else None)

    def _start_before_head(self, name: bytes, start: int) -> None:
        """A head begins behind its tag, else before the first element that is not the page itself."""
        if name == b"html" or self._templates:
            return
        if name == b"head":
            self._imply_head(self.pos)
        elif not self.xml:  # there nothing is implied
            self._imply_head(start)

    def _imply_head(self, at: int) -> None:
        """The head begins at ``at``. As long as nothing names a document, it may be a fragment."""
        if self.document and self.before_head:
            self.before_head = False
            self.page.tell_head(at)

    def _imply_body(self, at: int) -> None:
        """The body begins at ``at``. A fragment, which names no document at all, has none."""
        if not self.xml:
            self._imply_head(at)
        self.before_head = self.before_body = False
        if self.document:
            self.page.tell_body(at)


_AT_THEIR_END = BEFORE_BODY | {b"body", b"frameset"}


def _refreshes(attributes: Iterable[Attribute]) -> bool:
    """Whether a meta element may do more than describe the page."""
    return any(attribute.name == b"http-equiv" for attribute in attributes)


def _inline(tag: Tag) -> bool:
    """Whether it is a script element without an address."""
    names = (b"href", b"xlink:href") if tag.foreign else (b"src",)
    return tag.name == b"script" and all(tag.get(name) is None for name in names)
