"""The stack of open elements and the list of active formatting elements (WHATWG HTML, section 13.2.4).

Only what decides where the parser is: names and namespaces, no tree. Of some stacks the lower part is not
known; what would need it raises Unknown. No scope reaches down there: what is known begins with a foreign
element, HTML stands in it only inside an integration point, and these bound every scope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.gate.html.attrs import decode_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cookiegate.gate.html.attrs import Attribute

DEPTH_CAP = 4096
WORK_CAP = 100_000
WORK_PER_TOKEN = 24


def names(text: str) -> frozenset[bytes]:
    """A set of element names."""
    return frozenset(text.encode().split())


HEADINGS = names("h1 h2 h3 h4 h5 h6")
FORMATTING = names("a b big code em font i nobr s small strike strong tt u")
IMPLIED = names("dd dt li optgroup option p rb rp rt rtc")
IMPLIED_THOROUGHLY = IMPLIED | names("caption colgroup tbody td tfoot th thead tr")
SCOPE = names("applet caption html table td th marquee object select template")
TABLE_SCOPE = names("html table template")
BUTTON, LISTS = names("button"), names("ol ul")
SPECIAL = HEADINGS | names(
    "address applet area article aside base basefont bgsound blockquote body br button caption center col"
    " colgroup dd details dir div dl dt embed fieldset figcaption figure footer form frame frameset head"
    " header hgroup hr html iframe img input keygen li link listing main marquee menu meta nav noembed"
    " noframes noscript object ol p param plaintext pre script search section select source style summary"
    " table tbody td template textarea tfoot th thead title tr track ul wbr xmp"
)
# Inside these, foreign content holds HTML again; they bound every scope but that of tables.
POINTS = {
    b"svg": names("foreignobject desc title"),
    b"math": names("mi mo mn ms mtext annotation-xml"),
}
_NONE: frozenset[bytes] = frozenset()
_HTML_TYPES = ("text/html", "application/xhtml+xml")


class Unknown(Exception):
    """What decides here lies below the known part of the stack."""


class TooDeep(Unknown):
    """More elements are open, or more steps needed, than we follow."""


class Node:
    """An open element. ``space``: empty for HTML, else ``svg`` or ``math``.

    holds_html: start tags and text in it follow the rules of HTML (an integration point).
    """

    __slots__ = ("attributes", "holds_html", "marker", "name", "open", "space", "special")

    def __init__(self, name: bytes, space: bytes = b"", attributes: Iterable[Attribute] = ()) -> None:
        self.name = name
        self.space = space
        self.open = True
        self.attributes: frozenset[tuple[bytes, str]] = _NONE  # type: ignore[assignment]
        if space:
            self.special = self.marker = self.holds_html = name in POINTS[space]
            if name == b"annotation-xml" and space == b"math":
                encoding = next((a.value for a in attributes if a.name == b"encoding"), b"")
                self.holds_html = decode_value(encoding).lower() in _HTML_TYPES
        else:
            self.holds_html = True
            self.special = name in SPECIAL
            self.marker = name in SCOPE
            if name in FORMATTING:
                first = {a.name: a.value for a in reversed([*attributes])}
                self.attributes = frozenset((key, decode_value(value)) for key, value in first.items())

    def copy(self) -> Node:
        """The same element in the stack of another browser."""
        twin = Node(self.name, self.space)
        twin.attributes, twin.holds_html, twin.open = self.attributes, self.holds_html, self.open
        return twin


class Stack:
    """Open elements, outermost first. ``local``: those below the first one exist, but are not known."""

    def __init__(self, *, local: bool) -> None:
        self.local = local
        self.nodes: list[Node] = []
        self.active: list[Node | None] = []  # active formatting elements; None is a marker
        self.foreign = 0  # how many of the nodes are not HTML
        self._work = 0

    def account(self) -> None:
        """Grant one more token its share of work."""
        self._work = max(0, self._work - WORK_PER_TOKEN)

    def spend(self, steps: int) -> None:
        """Count the steps of a walk. Raises TooDeep."""
        self._work += steps
        if self._work > WORK_CAP:
            raise TooDeep

    # --- pushing and popping

    def push(self, node: Node) -> Node:
        """Open an element."""
        if len(self.nodes) >= DEPTH_CAP:
            raise TooDeep
        self.nodes.append(node)
        if node.space:
            self.foreign += 1
        return node

    def pop(self) -> Node:
        """Close the current element."""
        node = self.nodes.pop()
        node.open = False
        if node.space:
            self.foreign -= 1
        return node

    def pop_through(self, wanted: frozenset[bytes]) -> None:
        """Close elements until one of these HTML elements is closed."""
        while True:
            node = self.pop()
            if not node.space and node.name in wanted:
                return

    def pop_to(self, index: int) -> None:
        """Close elements until the one at ``index`` is closed."""
        while len(self.nodes) > index:
            self.pop()

    def clear_to(self, wanted: frozenset[bytes]) -> None:
        """Close elements until one of these is the current one."""
        while self.nodes[-1].space or self.nodes[-1].name not in wanted:
            self.pop()

    def imply_ends(self, kinds: frozenset[bytes] = IMPLIED, but: bytes = b"") -> None:
        """Generate implied end tags (section 13.2.6.3)."""
        while self.current_in(kinds) and self.nodes[-1].name != but:
            self.pop()

    def current_in(self, wanted: frozenset[bytes]) -> bool:
        """Whether the current element is one of these HTML elements."""
        return bool(self.nodes) and not self.nodes[-1].space and self.nodes[-1].name in wanted

    # --- looking

    def in_scope(self, wanted: frozenset[bytes], bounds: frozenset[bytes] = _NONE) -> bool:
        """Whether one of these HTML elements is open in scope (section 13.2.4.2)."""
        index = len(self.nodes)
        while True:
            index -= 1
            self.spend(1)
            node = self.nodes[index]
            if not node.space and node.name in wanted:
                return True
            if node.marker or (not node.space and node.name in bounds):
                return False

    def in_table_scope(self, wanted: frozenset[bytes]) -> bool:
        """Whether one of these is open within the innermost table."""
        index = len(self.nodes)
        while True:
            index -= 1
            self.spend(1)
            node = self.nodes[index]
            if not node.space and (node.name in wanted or node.name in TABLE_SCOPE):
                return node.name in wanted

    def node_in_scope(self, wanted: Node) -> bool:
        """Whether this very element is open in scope."""
        index = len(self.nodes)
        while True:
            index -= 1
            self.spend(1)
            node = self.nodes[index]
            if node is wanted or node.marker:
                return node is wanted

    def template_open(self) -> bool:
        """Whether any template element is open."""
        self.spend(len(self.nodes))
        if any(node.name == b"template" and not node.space for node in self.nodes):
            return True
        if self.local:
            raise Unknown
        return False

    # --- formatting

    def format(self, node: Node) -> None:
        """Push onto the list of active formatting elements; of four alike the first goes."""
        alike = 0
        for steps, entry in enumerate(reversed(self.active), 1):
            if entry is None:
                break
            if entry.name == node.name and entry.attributes == node.attributes:
                alike += 1
                if alike == 3:
                    del self.active[-steps]
                    break
            self.spend(1)
        self.active.append(node)

    def reconstruct(self) -> None:
        """Open again the formatting elements that were closed by accident."""
        active = self.active
        first = len(active)
        while first and (entry := active[first - 1]) is not None and not entry.open:
            first -= 1
        for index, old in enumerate(active[first:], first):
            active[index] = old and self.push(self._again(old))
        self.spend(len(active) - first)

    def clear_formatting(self) -> None:
        """Forget the formatting elements up to the last marker."""
        while self.active and self.active.pop() is not None:
            pass

    def formatting(self, name: bytes) -> Node | None:
        """The last active formatting element of that name behind the last marker."""
        for steps, entry in enumerate(reversed(self.active)):
            if entry is None or entry.name == name:
                self.spend(steps)
                return entry
        self.spend(len(self.active))
        return None

    def forget(self, node: Node) -> None:
        """Take an element out of both lists, wherever it stands."""
        if node in self.active:
            self.active.remove(node)
        if node.open:
            node.open = False
            self.nodes.remove(node)
        self.spend(len(self.nodes))

    def _again(self, old: Node) -> Node:
        node = Node(old.name)
        node.attributes = old.attributes
        return node

    def end_any(self, name: bytes) -> None:
        """Any other end tag (section 13.2.6.4.7)."""
        index = len(self.nodes)
        while True:
            index -= 1
            self.spend(1)
            node = self.nodes[index]
            if not node.space and node.name == name:
                self.pop_to(index)
                return
            if node.special:
                return

    def adopt(self, name: bytes) -> None:
        """The adoption agency algorithm (section 13.2.6.4.7)."""
        current = self.nodes[-1]
        if not current.space and current.name == name and current not in self.active:
            self.pop()
            return
        for _ in range(8):
            node = self.formatting(name)
            if node is None:
                self.end_any(name)
                return
            if not node.open:
                self.active.remove(node)
                return
            if not self.node_in_scope(node):
                return
            place = self.nodes.index(node)
            self.spend(len(self.nodes))
            block = next((n for n in self.nodes[place:] if n.special), None)
            if block is None:
                self.pop_to(place)
                self.active.remove(node)
                return
            self._lift(node, block)

    def _lift(self, node: Node, block: Node) -> None:
        """One round of the agency: ``block`` leaves the element ``node``, and gets one like it inside."""
        bookmark: Node = node
        above = self.nodes.index(block) - 1
        rounds = 0
        first = True
        while self.nodes[above] is not node:
            rounds += 1
            inner = self.nodes[above]
            if rounds > 3 and inner in self.active:
                self.active.remove(inner)
            if inner in self.active:
                new = self._again(inner)
                self.active[self.active.index(inner)] = new
                self.nodes[above] = new
                inner.open = False
                if first:
                    bookmark = new
                first = False
            else:
                # It is HTML: nothing foreign can be between a formatting element and its furthest block.
                self.nodes.pop(above).open = False
            above -= 1
        new = self._again(node)
        # "last node" moves on with the first kept element only: the bookmark follows it
        if bookmark is node:
            self.active[self.active.index(node)] = new
        else:
            self.active.remove(node)
            self.active.insert(self.active.index(bookmark) + 1, new)
        node.open = False
        self.nodes.remove(node)
        self.nodes.insert(self.nodes.index(block) + 1, new)
        self.spend(rounds)
