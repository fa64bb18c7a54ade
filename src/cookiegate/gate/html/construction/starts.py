"""Start tags outside a body (WHATWG HTML, section 13.2.6.4): what each insertion mode does with them."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from cookiegate.gate.html.construction.body import CELL, IN_HEAD, SECTION, STRUCTURE, Body, Mode, value_of
from cookiegate.gate.html.construction.stack import Node, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from cookiegate.gate.html.attrs import Attribute

TR, TABLE, CAPTION, COLGROUP = names("tr"), names("table"), names("caption"), names("colgroup")
_TABLE_CONTEXT = names("table template html")
_SECTION_CONTEXT, _ROW_CONTEXT = SECTION | names("template html"), names("tr template html")
_IN_NOSCRIPT = names("basefont bgsound link meta noframes style")
_IN_TEMPLATE = {
    **dict.fromkeys(SECTION | CAPTION | COLGROUP, Mode.IN_TABLE),
    **dict.fromkeys(CELL, Mode.IN_ROW),
    b"col": Mode.IN_COLUMN_GROUP,
    b"tr": Mode.IN_TABLE_BODY,
}


class Next(Enum):
    """What is to be done with a token that an insertion mode has seen."""

    DONE = auto()
    BODY = auto()  # as in the body
    AGAIN = auto()  # the mode has changed: the same token once more
    DROPPED = auto()


class Starts(Body):
    """What a start tag does in each insertion mode."""

    def advance(self, mode: Mode, opens: bytes = b"") -> Next:
        """Go on to another mode with the same token, behind an element that has no tag."""
        if opens:
            self.push(Node(opens))
        self.mode = mode
        return Next.AGAIN

    def leave(self, mode: Mode) -> Next:
        self.pop()
        self.mode = mode
        return Next.AGAIN

    def _open(self, name: bytes, mode: Mode) -> Next:
        self.push(Node(name))
        self.mode = mode
        return Next.DONE

    def _start_initial(self, name: bytes, attributes: list[Attribute]) -> Next:
        return self.advance(Mode.BEFORE_HTML)

    def _start_before_html(self, name: bytes, attributes: list[Attribute]) -> Next:
        self.advance(Mode.BEFORE_HEAD, b"html")
        return Next.DONE if name == b"html" else Next.AGAIN

    def _start_before_head(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name == b"html":
            return Next.DONE
        self.advance(Mode.IN_HEAD, b"head")
        return Next.DONE if name == b"head" else Next.AGAIN

    def _start_in_head(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name in IN_HEAD:
            self.start_in_head(name)
        elif name == b"noscript":
            if not self.scripting:
                self._open(name, Mode.IN_HEAD_NOSCRIPT)
        elif name not in (b"html", b"head"):
            return self.leave(Mode.AFTER_HEAD)
        return Next.DONE

    def _start_in_head_noscript(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name in _IN_NOSCRIPT or name in (b"html", b"head", b"noscript"):
            return Next.DONE
        return self.leave(Mode.IN_HEAD)

    def _start_after_head(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name == b"frameset":
            return self._open(name, Mode.IN_FRAMESET)
        if name in IN_HEAD:
            self.start_in_head(name)
        elif name not in (b"html", b"head"):
            self.advance(Mode.IN_BODY, b"body")
            if name != b"body":
                return Next.AGAIN
            self.frameset_ok = False
        return Next.DONE

    def _start_in_table(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name in STRUCTURE:
            self.clear_to(_TABLE_CONTEXT)
            if name in SECTION:
                return self._open(name, Mode.IN_TABLE_BODY)
            if name == b"caption":
                self.active.append(None)
                return self._open(name, Mode.IN_CAPTION)
            if name == b"colgroup":
                return self._open(name, Mode.IN_COLUMN_GROUP)
            if name == b"col":
                return self.advance(Mode.IN_COLUMN_GROUP, b"colgroup")
            return self.advance(Mode.IN_TABLE_BODY, b"tbody")
        if name == b"table":
            return Next.AGAIN if self.close_table() else Next.DONE
        if name == b"input" and value_of(attributes, b"type") == b"hidden":
            return Next.DONE
        if name == b"form":
            if not self.template_open() and self.form is None:
                self.form = Node(name)
                self.form.open = False
            return Next.DONE
        return Next.BODY

    def close_table(self) -> bool:
        if not self.in_table_scope(TABLE):
            return False
        self.pop_through(TABLE)
        self.reset_mode()
        return True

    def _start_in_caption(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name not in STRUCTURE:
            return Next.BODY
        self.close_caption()
        return Next.AGAIN

    def close_caption(self) -> None:
        """Close the caption that is open."""
        self.pop_through(CAPTION)
        self.clear_formatting()
        self.mode = Mode.IN_TABLE

    def _start_in_column_group(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name == b"template":
            return Next.BODY
        if name in (b"html", b"col"):
            return Next.DONE
        if not self.current_in(COLGROUP):
            return Next.DROPPED  # in a template that begins with a col, nothing else is let in
        return self.leave(Mode.IN_TABLE)

    def _start_in_table_body(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name == b"tr" or name in CELL:
            self.clear_to(_SECTION_CONTEXT)
            self._open(b"tr", Mode.IN_ROW)
            return Next.DONE if name == b"tr" else Next.AGAIN
        if name in STRUCTURE:
            return self.close_section(SECTION)
        return self._start_in_table(name, attributes)

    def close_section(self, kinds: frozenset[bytes]) -> Next:
        if not self.in_table_scope(kinds):
            return Next.DONE
        self.clear_to(_SECTION_CONTEXT)
        return self.leave(Mode.IN_TABLE)

    def _start_in_row(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name in CELL:
            self.clear_to(_ROW_CONTEXT)
            self.active.append(None)
            return self._open(name, Mode.IN_CELL)
        if name in STRUCTURE:
            return self.close_row()
        return self._start_in_table(name, attributes)

    def close_row(self) -> Next:
        if not self.in_table_scope(TR):
            return Next.DONE
        self.clear_to(_ROW_CONTEXT)
        return self.leave(Mode.IN_TABLE_BODY)

    def _start_in_cell(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name not in STRUCTURE:
            return Next.BODY
        return self.close_cell(CELL)

    def close_cell(self, kinds: frozenset[bytes]) -> Next:
        if not self.in_table_scope(kinds):
            return Next.DONE
        self.pop_through(kinds)
        self.clear_formatting()
        return self.advance(Mode.IN_ROW)

    def _start_in_template(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name in IN_HEAD:
            return Next.BODY
        self.templates[-1] = self.mode = _IN_TEMPLATE.get(name, Mode.IN_BODY)
        if self.mode is Mode.IN_COLUMN_GROUP:
            self.columns += 1
        return Next.AGAIN

    def _start_after_body(self, name: bytes, attributes: list[Attribute]) -> Next:
        return Next.DONE if name == b"html" else self.advance(Mode.IN_BODY)

    def _start_in_frameset(self, name: bytes, attributes: list[Attribute]) -> Next:
        if name == b"frameset":
            self.push(Node(name))
        return Next.DONE if name in (b"frameset", b"frame", b"noframes") else Next.DROPPED

    def _start_after_frameset(self, name: bytes, attributes: list[Attribute]) -> Next:
        return Next.DONE if name == b"noframes" else Next.DROPPED


STARTS: dict[Mode, Callable[[Starts, bytes, list[Attribute]], Next]] = {
    Mode.INITIAL: Starts._start_initial,
    Mode.BEFORE_HTML: Starts._start_before_html,
    Mode.BEFORE_HEAD: Starts._start_before_head,
    Mode.IN_HEAD: Starts._start_in_head,
    Mode.IN_HEAD_NOSCRIPT: Starts._start_in_head_noscript,
    Mode.AFTER_HEAD: Starts._start_after_head,
    Mode.IN_TABLE: Starts._start_in_table,
    Mode.IN_CAPTION: Starts._start_in_caption,
    Mode.IN_COLUMN_GROUP: Starts._start_in_column_group,
    Mode.IN_TABLE_BODY: Starts._start_in_table_body,
    Mode.IN_ROW: Starts._start_in_row,
    Mode.IN_CELL: Starts._start_in_cell,
    Mode.IN_TEMPLATE: Starts._start_in_template,
    Mode.AFTER_BODY: Starts._start_after_body,
    Mode.AFTER_AFTER_BODY: Starts._start_after_body,
    Mode.IN_FRAMESET: Starts._start_in_frameset,
    Mode.AFTER_FRAMESET: Starts._start_after_frameset,
    Mode.AFTER_AFTER_FRAMESET: Starts._start_after_frameset,
}
