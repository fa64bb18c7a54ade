"""From a tag to what it would load: which service, as what, and which bytes would hold it.

Nothing here depends on a visitor: the same page gives the same candidates to everybody.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cookiegate.catalog.urls import Url, parse_url
from cookiegate.gate.bases import Bases
from cookiegate.gate.candidates import Candidate, Reference, all_references, moved
from cookiegate.gate.css import CssReader
from cookiegate.gate.data_urls import code_of, content_of
from cookiegate.gate.documents import candidates_of
from cookiegate.gate.findings import Kind
from cookiegate.gate.html.attrs import decode_value
from cookiegate.gate.html.forms import addresses_in
from cookiegate.gate.html.rules import import_addresses, speculation_addresses
from cookiegate.gate.html.sinks import Form, Rules, has_code, rules_of, sink_of, sinks_of
from cookiegate.gate.html.tags import read_tag
from cookiegate.gate.known import Made, known_on
from cookiegate.gate.mapped import Escape, Mapped, from_attribute
from cookiegate.gate.recognise import NOTHING, Declared, Held, Recogniser

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cookiegate.gate.html.attrs import Attribute
    from cookiegate.gate.html.tags import Tag
    from cookiegate.policy.model import Policy

DEEPEST = 6
"""Documents within documents that are read; what is deeper is held unread."""

# Without a reference or an escape, css loads by functions with such names only (CSS Images 4, CSS Values 4).
_LOADING_FUNCTION = re.compile(rb"(?:url|src|image|-set|-fade)\(|[&\\]", re.IGNORECASE)
_PORT = re.compile(r":\s*([0-9]+)")
_NOWHERE = Url("https", "nowhere.invalid", "/")
_SCHEME = 1024  # bytes of a value in which its scheme is looked for
_HOLDS_CONTENT = frozenset((Kind.SCRIPT, Kind.FRAME, Kind.OBJECT, Kind.STYLE))


class Classifier:
    """Names the services behind the tags of one page. ``url``: the page's own, for what is relative to it.

    known: what was made of tags before, on any page of the site. steady: tags mean what they mean elsewhere;
    no base element has come. rebased: what is relative to the root leads to another host or port by now
    (another scheme is followed).
    """

    def __init__(self, policy: Policy, url: str) -> None:
        page = parse_url(url)
        scheme, host = (page.scheme, page.host) if page else ("", "")
        self._recogniser = Recogniser(policy, page)
        self._known = known_on(policy, scheme, host)
        self.known: Mapping[bytes, object] = self._known.tags
        self.steady = True
        self.rebased = False
        self._place = (host, _port(url))
        self._bases = Bases((page,))
        # All base elements wait for the services of the first one that leads to a tracker.
        self._base_references: tuple[Reference, ...] = ()
        self._depth = 0

    def _within(self, bases: tuple[Url | None, ...]) -> Classifier:
        """The classifier of a document that this one holds."""
        inner = Classifier.__new__(Classifier)
        inner._recogniser = self._recogniser
        inner._place = self._place
        inner.rebased = False
        inner.steady = False  # what is known is known of the page's own base
        inner._bases = Bases(bases)
        inner._base_references = ()
        inner._depth = self._depth + 1
        return inner

    def tag(self, tag: Tag) -> Candidate | None:
        """What a tag refers to; None when all of it is the site's own."""
        if tag.css:
            return self._candidate(tag, self._sheet(tag), [])
        if tag.name == b"base" and not tag.foreign:
            return self._base(tag)
        references, inner = self._attributes(tag)
        blocked: tuple[bytes, ...] = ()
        if tag.cut:
            sinks = sinks_of(tag.name, tag.get, foreign=tag.foreign, cut=True)
            blocked = tuple(name for name in sinks if tag.get(name) is None)
        return self._candidate(tag, references, inner, blocked)

    def judge(self, text: bytes) -> Made | None:
        """What to make of a whole tag that is not known yet; offsets count from its first byte."""
        made, recogniser = None, self._recogniser
        name = text[1:9].lower()
        whole = name.startswith(b"script") or name == b"noscript"
        if whole or recogniser.interest is None or recogniser.interest(text):
            recogniser.fixed = True
            tag = read_tag(text)
            candidate = self._element(tag, text) if whole else self.tag(tag)
            made = Made(candidate) if candidate else None
            if not recogniser.fixed:
                return made
        self._known.keep(text, made)
        return made

    def _element(self, tag: Tag, text: bytes) -> Candidate | None:
        """A whole script or noscript element."""
        if tag.name == b"noscript":
            found = candidates_of(text[tag.end :], self._within(self._bases.fallback))
            inner = [moved(candidate, tag.end.__add__) for candidate in found]
            return self._candidate(tag, [], inner)
        if tag.get(b"src") is not None:
            return self.tag(tag)
        return self.script(tag, text[tag.end : -len("</script>")]) if has_code(tag.get) else None

    def script(self, tag: Tag, code: bytes | None) -> Candidate | None:
        """Whose code an inline script is; None for the site's own. ``code`` None: too long to read."""
        references, _ = self._attributes(tag)
        if code is None:
            return self._candidate(tag, references, [], (b"src",))
        rules = rules_of(tag.get)
        if rules is None or tag.foreign:
            held = Held(code=True)
            references += self._recogniser.code(code, self._recogniser.declared(tag), held)
        else:
            references += self._rules(tag, code, rules)
        return self._candidate(tag, references, [])

    def _candidate(
        self,
        tag: Tag,
        references: list[Reference],
        inner: list[Candidate],
        blocked: tuple[bytes, ...] = (),
    ) -> Candidate | None:
        if not (references or inner or blocked):
            return None
        script = tag.name == b"script"
        return Candidate(
            offset=tag.start,
            insert_at=tag.name_end,
            references=tuple(references),
            script=script,
            types=_names(tag, b"type") if script else (),
            blocked=blocked,
            disputed=tag.disputed,
            inner=tuple(inner),
        )

    # --- attributes

    def _attributes(self, tag: Tag) -> tuple[list[Reference], list[Candidate]]:
        """What the attributes refer to, and the candidates of the documents that they hold."""
        element, foreign = tag.name, tag.foreign
        sinks = sinks_of(element, tag.get, foreign=foreign, cut=tag.cut)
        references: list[Reference] = []
        inner: list[Candidate] = []
        done: set[bytes] = set()
        declared: Declared | None = None
        for attribute in tag.attributes:
            name = attribute.name
            sink = sink_of(name, sinks, element, foreign=foreign)
            if sink is None or name in done:
                continue
            done.add(name)  # the first of a name counts; the next would, were only that one held
            if declared is None:
                declared = self._recogniser.declared(tag)
            kind, form = sink
            if tag.cut and attribute is tag.attributes[-1] and _needs_its_end(kind, form, attribute):
                references.append(Reference(kind=kind, names=_names(tag, name), unread=True))
            elif form is Form.STYLE:
                references += self._style(tag, attribute, declared)
            elif form is Form.DOCUMENT:
                references += self._document(tag, attribute, inner)
            elif form is Form.CODE:
                held = Held(names=_names(tag, name))
                references += self._recogniser.handler(decode_value(attribute.value), declared, held)
            else:
                references += self._addresses(tag, attribute, kind, form, declared)
        return references, inner

    def _addresses(
        self, tag: Tag, attribute: Attribute, kind: Kind, form: Form, declared: Declared
    ) -> list[Reference]:
        text = decode_value(attribute.value)
        held = Held(_names(tag, attribute.name), code=kind is Kind.SCRIPT)
        bases = self._bases.meanings(noscript=tag.noscript)
        if form is Form.ANIMATED:
            styled, _ = CssReader(declarations=True).read(data := text.encode(), 0, len(data), final=True)
            texts = [*(part.strip() for part in text.split(";")), *(url.value for url in styled)]
            return self._recogniser.addresses(kind, texts, bases, declared, held)
        picture = tag if kind is Kind.IMAGE else None
        if form is not Form.ADDRESS:
            texts = addresses_in(form, text)
            return self._recogniser.addresses(kind, texts, bases, declared, held, picture=picture)
        found = self._recogniser.addresses(kind, (text,), bases, declared, held, picture=picture)
        return found or (self._content(text, kind, declared, held) if kind in _HOLDS_CONTENT else [])

    def _style(self, tag: Tag, attribute: Attribute, declared: Declared) -> list[Reference]:
        value = attribute.value
        if not _LOADING_FUNCTION.search(value):
            return []
        mapped = from_attribute(value, attribute.value_at)
        return self._css(mapped, declared, self._bases.meanings(noscript=tag.noscript))

    def _css(self, mapped: Mapped, declared: Declared, bases: tuple[Url | None, ...]) -> list[Reference]:
        urls, _ = CssReader(declarations=True).read(mapped.data, 0, len(mapped.data), final=True)
        found: list[Reference] = []
        for url in urls:
            held = Held(addresses=(mapped.place(url.offset),), through=(Escape.ATTRIBUTE,))
            found += self._recogniser.addresses(Kind.IMAGE, [url.value], bases, declared, held)
        return found

    def _document(self, tag: Tag, attribute: Attribute, inner: list[Candidate]) -> list[Reference]:
        value = attribute.value
        if b"<" not in value and b"&" not in value:
            return []
        if self._depth == DEEPEST:
            return [Reference(kind=Kind.FRAME, names=_names(tag, attribute.name), unread=True)]
        mapped = from_attribute(value, attribute.value_at)
        within = self._within(self._bases.meanings(noscript=tag.noscript))
        inner += [
            moved(candidate, mapped.place, Escape.ATTRIBUTE)
            for candidate in candidates_of(mapped.data, within)
        ]
        return []

    # --- what an address holds by itself

    def _content(self, text: str, kind: Kind, declared: Declared, held: Held) -> list[Reference]:
        """What the document, style sheet or code in an address refers to; held with the whole address."""
        if kind is not Kind.STYLE and kind is not Kind.SCRIPT and (code := code_of(text)) is not None:
            return self._recogniser.code(code, declared, held)
        content = content_of(text)
        if content is None:
            return []
        if kind is Kind.SCRIPT:
            return self._recogniser.code(content.data, declared, held)
        if kind is Kind.STYLE:
            return _held_as_one(self._imported(content.data, declared), held)
        if not (content.document or kind is Kind.OBJECT):
            return []
        if self._depth == DEEPEST:
            return [Reference(kind=kind, names=held.names, addresses=held.addresses, unread=True)]
        found = candidates_of(content.data, self._within((None,)), xml=content.xml)
        return _held_as_one(all_references(found), held)

    def _imported(self, data: bytes, declared: Declared, deep: int = 0) -> list[Reference]:
        """What a style sheet in a ``data:`` URL refers to; nothing is relative to such an address."""
        urls, _ = CssReader().read(data, 0, len(data), final=True)
        found: list[Reference] = []
        for url in urls:
            kind = Kind.STYLE if url.imports else Kind.IMAGE
            some = self._recogniser.addresses(kind, [url.value], (None,), declared, Held())
            content = content_of(url.value) if url.imports and not some else None
            if content and deep == DEEPEST:
                found.append(Reference(kind=kind, unread=True))
            elif content:
                found += self._imported(content.data, declared, deep + 1)
            found += some
        return found

    def _sheet(self, tag: Tag) -> list[Reference]:
        """What a style element loads."""
        bases = self._bases.meanings(noscript=tag.noscript)
        found: list[Reference] = []
        for name, offset, value, _ in tag.attributes:
            text = value.decode("utf-8", "replace")
            kind = Kind.STYLE if name == b"import" else Kind.IMAGE
            held = Held(addresses=(offset,))
            some = self._recogniser.addresses(kind, [text], bases, NOTHING, held)
            found += some or (self._content(text, kind, NOTHING, held) if name == b"import" else [])
        return found

    def _rules(self, tag: Tag, code: bytes, rules: Rules) -> list[Reference]:
        """What an import map or speculation rules lead to."""
        maps = rules is Rules.IMPORT_MAP
        kind = Kind.SCRIPT if maps else Kind.HINT
        bases = self._bases.meanings(noscript=tag.noscript)
        found: list[Reference] = []
        for address in import_addresses(code) if maps else speculation_addresses(code):
            held = Held(addresses=(tag.end + address.offset,), through=(Escape.JSON,))
            known = (None,) if address.absolute else bases
            found += self._recogniser.addresses(kind, [address.text], known, NOTHING, held)
        return found

    # --- what relative addresses mean

    def _base(self, tag: Tag) -> Candidate | None:
        href = tag.get(b"href")
        if href is None:
            return None
        self.steady = False  # what is relative now means something else
        if not (tag.disputed or self._bases.counts(noscript=tag.noscript)):
            return None
        text = decode_value(href)
        held = Held(names=_names(tag, b"href"))
        declared = self._recogniser.declared(tag)
        references = self._recogniser.addresses(Kind.BASE, [text], self._bases.fallback, declared, held)
        if tag.disputed:
            self._bases.add_doubtful(text)
        else:
            self._bases.add(text, noscript=tag.noscript, tracked=bool(references))
        self.rebased = self.rebased or self._leads_away(text)
        if references:
            if self._base_references:
                references = _held_as_one([*references, *self._base_references], held)
            else:
                self._base_references = tuple(references)
        return self._candidate(tag, references, [])

    def _leads_away(self, text: str) -> bool:
        """Whether a base address names another host or port than the page's own."""
        named = parse_url(text, _NOWHERE)
        if named is None or named.host == _NOWHERE.host:
            return False
        return (named.host, _port(text)) != self._place


def _port(url: str) -> str:
    found = _PORT.search(url)
    return found[1] if found else ""


def _names(tag: Tag, name: bytes) -> tuple[int, ...]:
    return tuple([attribute.start for attribute in tag.attributes if attribute.name == name])


def _needs_its_end(kind: Kind, form: Form, attribute: Attribute) -> bool:
    """Whether the beginning of a value does not say what it loads."""
    if form is not Form.ADDRESS:
        return form is not Form.REFRESH
    text = decode_value(attribute.value[:_SCHEME])
    return kind in _HOLDS_CONTENT and (content_of(text + ",") is not None or code_of(text) is not None)


def _held_as_one(references: Iterable[Reference], held: Held) -> list[Reference]:
    """The same references, each service once, held where ``held`` says."""
    found: dict[tuple[str | None, str | None, bool, bool], Reference] = {}
    for reference in references:
        service = reference.service.id if reference.service else None
        found.setdefault((service, reference.purpose, reference.beacon, reference.unread), reference)
    return [
        replace(reference, names=held.names, addresses=held.addresses, through=held.through, code=held.code)
        for reference in found.values()
    ]
