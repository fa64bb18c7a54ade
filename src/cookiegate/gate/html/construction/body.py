"""The rules of the insertion mode Mode.IN_BODY (WHATWG HTML, section 13.2.6.4.7), and of templates, which may
stand anywhere; as far as they change which elements are open.
"""

from __future__ import annotations

from enum import StrEnum, auto
from typing import TYPE_CHECKING

from cookiegate.gate.html.attrs import decode_value
from cookiegate.gate.html.construction.stack import (
    BUTTON,
    FORMATTING,
    HEADINGS,
    IMPLIED_THOROUGHLY,
    LISTS,
    Node,
    Stack,
    Unknown,
    names,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cookiegate.gate.html.attrs import Attribute

FOREIGN_ROOTS = names("svg math")
STRUCTURE = names("caption col colgroup tbody td tfoot th thead tr")
SECTION, CELL = names("tbody tfoot thead"), names("td th")
# Start tags that are read as in the head, and leave nothing open (a template does).
IN_HEAD = names("base basefont bgsound link meta noframes script style template title")
_P, _FORM, _SELECT, _TEMPLATE = names("p"), names("form"), names("select"), names("template")
_OPTION, _RUBY, _NOBR, _BODY = names("option"), names("ruby"), names("nobr"), names("body")
_BLOCKS = names(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer"
    " header hgroup main menu nav ol p search section summary ul"
)
_CLOSED_IN_SCOPE = (_BLOCKS - _P) | names("button listing pre select")
_HOLDERS = names("applet marquee object")
_VOID = names("area br embed img image keygen wbr")
_PASSING = names("param source track iframe noembed textarea")  # leave nothing open and reopen nothing
_IGNORED = STRUCTURE | names("frame head html")
_ENDS_FRAMES = _VOID | _HOLDERS | names("iframe textarea xmp pre listing li dd dt button hr table select")
_DESCRIPTIONS = names("dd dt")
_ROOMY = names("address div p")  # special elements that an open list item is looked for behind
# Where the insertion mode is not known, these may mean one thing or another.
_UNSURE = STRUCTURE | names("table form frameset")


class Mode(StrEnum):
    """The insertion modes (section 13.2.4.1). Those for text are the tokeniser's business here."""

    INITIAL = auto()
    BEFORE_HTML = auto()
    BEFORE_HEAD = auto()
    IN_HEAD = auto()
    IN_HEAD_NOSCRIPT = auto()
    AFTER_HEAD = auto()
    IN_BODY = auto()
    IN_TABLE = auto()
    IN_CAPTION = auto()
    IN_COLUMN_GROUP = auto()
    IN_TABLE_BODY = auto()
    IN_ROW = auto()
    IN_CELL = auto()
    IN_TEMPLATE = auto()
    AFTER_BODY = auto()
    IN_FRAMESET = auto()
    AFTER_FRAMESET = auto()
    AFTER_AFTER_BODY = auto()
    AFTER_AFTER_FRAMESET = auto()
    UNKNOWN = (
        auto()
    )  # some mode in which svg and math are read, and most other things are read as in the body


_MODES = {
    b"td": Mode.IN_CELL,
    b"th": Mode.IN_CELL,
    b"tr": Mode.IN_ROW,
    b"tbody": Mode.IN_TABLE_BODY,
    b"tfoot": Mode.IN_TABLE_BODY,
    b"thead": Mode.IN_TABLE_BODY,
    b"caption": Mode.IN_CAPTION,
    b"colgroup": Mode.IN_COLUMN_GROUP,
    b"table": Mode.IN_TABLE,
    b"head": Mode.IN_HEAD,
    b"body": Mode.IN_BODY,
    b"html": Mode.AFTER_HEAD,
}


def value_of(attributes: Iterable[Attribute], name: bytes) -> bytes:
    """The value of the first attribute of that name, in lower case."""
    value = next((a.value for a in attributes if a.name == name), b"")
    return decode_value(value).lower().encode()


class Body(Stack):
    """Open elements, and what the tags of a body do to them.

    scripting: whether noscript elements hold text. local: only what some foreign element holds is known.
    """

    def __init__(self, *, scripting: bool, local: bool) -> None:
        super().__init__(local=local)
        self.scripting = scripting
        self.mode = Mode.UNKNOWN if local else Mode.INITIAL
        self.templates: list[Mode] = []  # template insertion modes
        self.columns = 0  # how many of these let nothing in but columns
        self.form: Node | None = None
        self.quirks = True
        self.frameset_ok = True

    def text_in_body(self, words: bytes) -> None:
        """Characters; ``words``: without the white space around them."""
        self.reconstruct()
        if words:
            self.frameset_ok = False

    def start_in_body(self, name: bytes, attributes: list[Attribute], closes_itself: bool) -> bytes:
        """A start tag; gives the namespace of its element."""
        if self.mode == Mode.UNKNOWN and (name in _UNSURE or (name == b"input" and _hidden(attributes))):
            raise Unknown
        if name in _ENDS_FRAMES:
            self.frameset_ok = False
        if name in IN_HEAD:
            self.start_in_head(name)
        elif name in _BLOCKS:
            self._close_p()
            self.push(Node(name))
        elif name in FORMATTING:
            self._start_formatting(name, attributes)
        elif name in FOREIGN_ROOTS:
            self.reconstruct()
            if not closes_itself:
                self.push(Node(name, name))
            return name
        elif name in _VOID:
            self.reconstruct()
        elif not (name in _PASSING or name in _IGNORED or (name == b"noscript" and self.scripting)):
            rule = _STARTS.get(name)
            if rule:
                rule(self, name, attributes)
            else:
                self.reconstruct()
                self.push(Node(name))
        return b""

    def _start_formatting(self, name: bytes, attributes: list[Attribute]) -> None:
        if name == b"a" and (old := self.formatting(name)):
            self.adopt(name)
            self.forget(old)
        self.reconstruct()
        if name == b"nobr" and self.in_scope(_NOBR):
            self.adopt(name)
            self.reconstruct()
        self.format(self.push(Node(name, attributes=attributes)))

    def _start_heading(self, name: bytes, attributes: list[Attribute]) -> None:
        self._close_p()
        if self.current_in(HEADINGS):
            self.pop()
        self.push(Node(name))

    def _start_pre(self, name: bytes, attributes: list[Attribute]) -> None:
        self._close_p()
        self.push(Node(name))

    def _start_form(self, name: bytes, attributes: list[Attribute]) -> None:
        inside = self.template_open()
        if self.form is None or inside:
            self._close_p()
            node = self.push(Node(name))
            if not inside:
                self.form = node

    def _start_item(self, name: bytes, attributes: list[Attribute]) -> None:
        kinds = _DESCRIPTIONS if name in _DESCRIPTIONS else frozenset([name])
        index = len(self.nodes)
        while True:
            index -= 1
            self.spend(1)
            node = self.nodes[index]
            if not node.space and node.name in kinds:
                self.imply_ends(but=node.name)
                self.pop_through(frozenset([node.name]))
                break
            if node.special and (node.space or node.name not in _ROOMY):
                break
        self._close_p()
        self.push(Node(name))

    def _start_button(self, name: bytes, attributes: list[Attribute]) -> None:
        if self.in_scope(BUTTON):
            self.imply_ends()
            self.pop_through(BUTTON)
        self.reconstruct()
        self.push(Node(name))

    def _start_holder(self, name: bytes, attributes: list[Attribute]) -> None:
        self.reconstruct()
        self.push(Node(name))
        self.active.append(None)

    def _start_table(self, name: bytes, attributes: list[Attribute]) -> None:
        if not self.quirks:
            self._close_p()
        self.push(Node(name))
        self.mode = Mode.IN_TABLE

    def _start_xmp(self, name: bytes, attributes: list[Attribute]) -> None:
        self._close_p()
        self.reconstruct()

    def _start_input(self, name: bytes, attributes: list[Attribute]) -> None:
        if self.in_scope(_SELECT):
            self.pop_through(_SELECT)
        self.reconstruct()
        if not _hidden(attributes):
            self.frameset_ok = False

    def _start_hr(self, name: bytes, attributes: list[Attribute]) -> None:
        self._close_p()
        if self.in_scope(_SELECT):
            self.imply_ends()

    def _start_select(self, name: bytes, attributes: list[Attribute]) -> None:
        if self.in_scope(_SELECT):
            self.pop_through(_SELECT)
        else:
            self.reconstruct()
            self.push(Node(name))

    def _start_option(self, name: bytes, attributes: list[Attribute]) -> None:
        if self.in_scope(_SELECT):
            self.imply_ends(but=b"optgroup" if name == b"option" else b"")
        elif self.current_in(_OPTION):
            self.pop()
        self.reconstruct()
        self.push(Node(name))

    def _start_ruby(self, name: bytes, attributes: list[Attribute]) -> None:
        if self.in_scope(_RUBY):
            self.imply_ends(but=b"rtc" if name in (b"rp", b"rt") else b"")
        self.push(Node(name))

    def _start_body(self, name: bytes, attributes: list[Attribute]) -> None:
        if not self.template_open():
            self.frameset_ok &= not (len(self.nodes) > 1 and self.nodes[1].name == b"body")

    def _start_frameset(self, name: bytes, attributes: list[Attribute]) -> None:
        if self.frameset_ok and len(self.nodes) > 1 and self.nodes[1].name == b"body":
            self.pop_to(1)
            self.push(Node(name))
            self.mode = Mode.IN_FRAMESET

    def _close_p(self) -> None:
        if self.in_scope(_P, BUTTON):
            self.imply_ends(but=b"p")
            self.pop_through(_P)

    def end_in_body(self, name: bytes) -> None:
        """An end tag."""
        if self.mode == Mode.UNKNOWN and name in _UNSURE:
            raise Unknown
        if name in FORMATTING:
            self.adopt(name)
        elif name in _CLOSED_IN_SCOPE:
            self._end_in_scope(frozenset([name]))
        elif name == b"p":
            if not self.in_scope(_P, BUTTON):
                self.push(Node(name))
            self._close_p()
        elif name == b"li":
            if self.in_scope(frozenset([name]), LISTS):
                self.imply_ends(but=name)
                self.pop_through(frozenset([name]))
        elif name in _DESCRIPTIONS:
            self._end_in_scope(frozenset([name]), but=name)
        elif name in HEADINGS:
            self._end_in_scope(HEADINGS)
        elif name in _HOLDERS:
            if self._end_in_scope(frozenset([name])):
                self.clear_formatting()
        elif name in (b"body", b"html"):
            if self.in_scope(_BODY):
                self.mode = Mode.AFTER_BODY if name == b"body" else Mode.AFTER_AFTER_BODY
        elif name == b"br":
            self.reconstruct()
            self.frameset_ok = False
        elif name == b"template":
            self.end_template()
        elif name == b"form":
            self._end_form()
        else:
            self.end_any(name)

    def _end_in_scope(self, kinds: frozenset[bytes], but: bytes = b"") -> bool:
        if not self.in_scope(kinds):
            return False
        self.imply_ends(but=but)
        self.pop_through(kinds)
        return True

    def _end_form(self) -> None:
        if self.template_open():
            self._end_in_scope(_FORM)
            return
        node, self.form = self.form, None
        if node and node.open and self.node_in_scope(node):
            self.imply_ends()
            # Only this one is closed: what stands open in it stays so.
            node.open = False
            self.nodes.remove(node)

    # --- templates

    def start_in_head(self, name: bytes) -> None:
        """A start tag that is read as in the head: of these, only a template stays open."""
        if name == b"template":
            self.push(Node(name))
            self.active.append(None)
            self.frameset_ok = False
            self.mode = Mode.IN_TEMPLATE
            self.templates.append(self.mode)

    def end_template(self) -> None:
        """The end tag of a template, which closes whatever is open in it."""
        if self.template_open():
            self.imply_ends(IMPLIED_THOROUGHLY)
            self.pop_through(_TEMPLATE)
            self.clear_formatting()
            if self.templates.pop() is Mode.IN_COLUMN_GROUP:
                self.columns -= 1
            self.reset_mode()

    def reset_mode(self) -> None:
        """Choose the insertion mode by what is open (section 13.2.4.1)."""
        for steps, node in enumerate(reversed(self.nodes)):
            if not node.space and (node.name in _MODES or node.name == b"template"):
                self.spend(steps)
                self.mode = self.templates[-1] if node.name == b"template" else _MODES[node.name]
                return
        raise Unknown


def _hidden(attributes: list[Attribute]) -> bool:
    return value_of(attributes, b"type") == b"hidden"


_STARTS = {
    b"pre": Body._start_pre,
    b"listing": Body._start_pre,
    b"plaintext": Body._start_pre,
    b"form": Body._start_form,
    b"li": Body._start_item,
    b"dd": Body._start_item,
    b"dt": Body._start_item,
    b"button": Body._start_button,
    b"table": Body._start_table,
    b"xmp": Body._start_xmp,
    b"input": Body._start_input,
    b"hr": Body._start_hr,
    b"select": Body._start_select,
    b"option": Body._start_option,
    b"optgroup": Body._start_option,
    b"body": Body._start_body,
    b"frameset": Body._start_frameset,
    **dict.fromkeys(HEADINGS, Body._start_heading),
    **dict.fromkeys(_HOLDERS, Body._start_holder),
    **dict.fromkeys(names("rb rtc rp rt"), Body._start_ruby),
}
