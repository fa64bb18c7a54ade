"""End tags and text outside a body (WHATWG HTML, section 13.2.6.4): what each mode does with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.gate.html.construction.body import CELL, SECTION, Mode
from cookiegate.gate.html.construction.stack import names
from cookiegate.gate.html.construction.starts import COLGROUP, Next, Starts

if TYPE_CHECKING:
    from collections.abc import Callable

_PLACES = SECTION | names("table template tr")  # text right in these is table text
_IMPLY_BODY = names("head body html br")
_IGNORED_IN_TABLES = names("body caption col colgroup html tbody td tfoot th thead tr")
FRAMES = (Mode.IN_FRAMESET, Mode.AFTER_FRAMESET, Mode.AFTER_AFTER_FRAMESET)


class Ends(Starts):
    """What an end tag, and text, do in each insertion mode."""

    def _end_initial(self, name: bytes) -> Next:
        return self.advance(Mode.BEFORE_HTML)

    def _end_before_html(self, name: bytes) -> Next:
        return self.advance(Mode.BEFORE_HEAD, b"html") if name in _IMPLY_BODY else Next.DONE

    def _end_before_head(self, name: bytes) -> Next:
        return self.advance(Mode.IN_HEAD, b"head") if name in _IMPLY_BODY else Next.DONE

    def _end_in_head(self, name: bytes) -> Next:
        if name == b"template":
            self.end_template()
        elif name in _IMPLY_BODY:
            self.leave(Mode.AFTER_HEAD)
            return Next.DONE if name == b"head" else Next.AGAIN
        return Next.DONE

    def _end_in_head_noscript(self, name: bytes) -> Next:
        if name not in (b"noscript", b"br"):
            return Next.DONE
        self.leave(Mode.IN_HEAD)
        return Next.DONE if name == b"noscript" else Next.AGAIN

    def _end_after_head(self, name: bytes) -> Next:
        if name == b"template":
            self.end_template()
        elif name in _IMPLY_BODY and name != b"head":
            return self.advance(Mode.IN_BODY, b"body")
        return Next.DONE

    def _end_in_table(self, name: bytes) -> Next:
        if name == b"table":
            self.close_table()
        elif name not in _IGNORED_IN_TABLES:
            return Next.BODY
        return Next.DONE

    def _end_in_caption(self, name: bytes) -> Next:
        if name in (b"caption", b"table"):
            self.close_caption()
            return Next.AGAIN if name == b"table" else Next.DONE
        return Next.DONE if name in _IGNORED_IN_TABLES else Next.BODY

    def _end_in_column_group(self, name: bytes) -> Next:
        if name == b"template":
            return Next.BODY
        if name == b"col" or not self.current_in(COLGROUP):
            return Next.DONE
        self.leave(Mode.IN_TABLE)
        return Next.DONE if name == b"colgroup" else Next.AGAIN

    def _end_in_table_body(self, name: bytes) -> Next:
        if name in SECTION:
            self.close_section(frozenset([name]))
            return Next.DONE
        if name == b"table":
            return self.close_section(SECTION)
        return self._end_in_table(name)

    def _end_in_row(self, name: bytes) -> Next:
        if name == b"tr":
            self.close_row()
            return Next.DONE
        if name in SECTION and not self.in_table_scope(frozenset([name])):
            return Next.DONE
        if name == b"table" or name in SECTION:
            return self.close_row()
        return self._end_in_table(name)

    def _end_in_cell(self, name: bytes) -> Next:
        if name in CELL:
            self.close_cell(frozenset([name]))
            return Next.DONE
        if name not in _IGNORED_IN_TABLES and name != b"table":
            return Next.BODY
        if name in (b"body", b"caption", b"col", b"colgroup", b"html"):
            return Next.DONE
        return self.close_cell(CELL) if self.in_table_scope(frozenset([name])) else Next.DONE

    def _end_in_template(self, name: bytes) -> Next:
        return Next.BODY if name == b"template" else Next.DONE

    def _end_after_body(self, name: bytes) -> Next:
        if name == b"html":
            self.mode = Mode.AFTER_AFTER_BODY
            return Next.DONE
        return self.advance(Mode.IN_BODY)

    def _end_after_after_body(self, name: bytes) -> Next:
        return self.advance(Mode.IN_BODY)

    def _end_in_frameset(self, name: bytes) -> Next:
        if name == b"frameset" and len(self.nodes) > 1:
            self.pop()
            if len(self.nodes) == 1:
                self.mode = Mode.AFTER_FRAMESET
        return Next.DONE

    def _end_after_frameset(self, name: bytes) -> Next:
        if name == b"html":
            self.mode = Mode.AFTER_AFTER_FRAMESET
        return Next.DONE

    def _text_initial(self, words: bytes) -> Next:
        return self.advance(Mode.BEFORE_HTML) if words else Next.DONE

    def _text_before_html(self, words: bytes) -> Next:
        return self.advance(Mode.BEFORE_HEAD, b"html") if words else Next.DONE

    def _text_before_head(self, words: bytes) -> Next:
        return self.advance(Mode.IN_HEAD, b"head") if words else Next.DONE

    def _text_in_head(self, words: bytes) -> Next:
        return self.leave(Mode.AFTER_HEAD) if words else Next.DONE

    def _text_in_head_noscript(self, words: bytes) -> Next:
        return self.leave(Mode.IN_HEAD) if words else Next.DONE

    def _text_after_head(self, words: bytes) -> Next:
        return self.advance(Mode.IN_BODY, b"body") if words else Next.DONE

    def _text_in_table(self, words: bytes) -> Next:
        return Next.BODY if words.strip(b"\0") or not self.current_in(_PLACES) else Next.DONE

    def _text_in_column_group(self, words: bytes) -> Next:
        if words and self.current_in(COLGROUP):
            return self.leave(Mode.IN_TABLE)
        return Next.DONE

    def _text_after_body(self, words: bytes) -> Next:
        return self.advance(Mode.IN_BODY) if words else Next.BODY

    def _text_in_frames(self, words: bytes) -> Next:
        return Next.DONE


ENDS: dict[Mode, Callable[[Ends, bytes], Next]] = {
    Mode.INITIAL: Ends._end_initial,
    Mode.BEFORE_HTML: Ends._end_before_html,
    Mode.BEFORE_HEAD: Ends._end_before_head,
    Mode.IN_HEAD: Ends._end_in_head,
    Mode.IN_HEAD_NOSCRIPT: Ends._end_in_head_noscript,
    Mode.AFTER_HEAD: Ends._end_after_head,
    Mode.IN_TABLE: Ends._end_in_table,
    Mode.IN_CAPTION: Ends._end_in_caption,
    Mode.IN_COLUMN_GROUP: Ends._end_in_column_group,
    Mode.IN_TABLE_BODY: Ends._end_in_table_body,
    Mode.IN_ROW: Ends._end_in_row,
    Mode.IN_CELL: Ends._end_in_cell,
    Mode.IN_TEMPLATE: Ends._end_in_template,
    Mode.AFTER_BODY: Ends._end_after_body,
    Mode.AFTER_AFTER_BODY: Ends._end_after_after_body,
    Mode.IN_FRAMESET: Ends._end_in_frameset,
    Mode.AFTER_FRAMESET: Ends._end_after_frameset,
    Mode.AFTER_AFTER_FRAMESET: Ends._end_after_frameset,
}
TEXTS: dict[Mode, Callable[[Ends, bytes], Next]] = {
    Mode.INITIAL: Ends._text_initial,
    Mode.BEFORE_HTML: Ends._text_before_html,
    Mode.BEFORE_HEAD: Ends._text_before_head,
    Mode.IN_HEAD: Ends._text_in_head,
    Mode.IN_HEAD_NOSCRIPT: Ends._text_in_head_noscript,
    Mode.AFTER_HEAD: Ends._text_after_head,
    Mode.IN_TABLE: Ends._text_in_table,
    Mode.IN_TABLE_BODY: Ends._text_in_table,
    Mode.IN_ROW: Ends._text_in_table,
    Mode.IN_COLUMN_GROUP: Ends._text_in_column_group,
    Mode.AFTER_BODY: Ends._text_after_body,
    Mode.AFTER_AFTER_BODY: Ends._text_after_body,
    **dict.fromkeys(FRAMES, Ends._text_in_frames),
}
