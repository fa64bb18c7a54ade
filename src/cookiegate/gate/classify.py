"""From a tag to what it would load: which service, as what, and which bytes would hold it.

Nothing here depends on a visitor: the same page gives the same candidates to everybody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cookiegate.catalog.filters import RequestType
from cookiegate.catalog.urls import Url, parse_url
from cookiegate.gate.findings import Kind
from cookiegate.gate.html.attrs import decode_value
from cookiegate.gate.html.sinks import FOREIGN_SINKS, SINKS, SRCSET_ATTRIBUTES, Sinks, sinks_of
from cookiegate.gate.interest import interest_of
from cookiegate.policy.model import MEANS, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cookiegate.catalog.model import Service
    from cookiegate.gate.html.scanner import Tag

# The URLs of a srcset (HTML, section 4.8.4.3.12): up to white space, then descriptors up to a comma not in
# parentheses; none where the comma is at the end of the URL itself.
_SRCSET_URL = re.compile(
    r"[\t\n\f\r ,]*+([^\t\n\f\r ,][^\t\n\f\r ]*+)(?>(?<=,)|(?:(?>[^,(]++|\([^)]*+\)?))*+)|[\t\n\f\r ,]++\Z"
)

LISTED_PURPOSE = "marketing"
"""A filter list says that something tracks, and not what for: the strictest purpose then."""

_REQUEST_TYPES = {
    Kind.SCRIPT: RequestType.SCRIPT,
    Kind.IMAGE: RequestType.IMAGE,
    Kind.FRAME: RequestType.SUBDOCUMENT,
    Kind.STYLE: RequestType.STYLESHEET,
    Kind.MEDIA: RequestType.MEDIA,
    Kind.OBJECT: RequestType.OBJECT,
}

_PORT = re.compile(r":\s*([0-9]+)")
_NOWHERE = Url("https", "nowhere.invalid", "/")

# Second-level names under which registries sell: the part in front of them is the site.
_SHARED_SECOND_LEVEL = frozenset(
    ["ac", "co", "com", "edu", "go", "gob", "gov", "gv", "ne", "net", "nom", "or", "org", "sch"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One thing that a tag would load.

    service None and ``purpose`` set: declared by the page's author. Both None: a third party nobody declared.
    names: offsets of the attribute names that would load it (duplicates included).
    """

    kind: Kind
    url: str = ""
    service: Service | None = None
    purpose: str | None = None
    names: tuple[int, ...] = ()

    @property
    def beacon(self) -> bool:
        return self.kind is Kind.BEACON


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A tag that may have to be held: where its attributes begin, and what it refers to.

    script: needs an inert type; ``types`` are the offsets of its own.
    blocked: attributes behind what could be read of an overlong tag; an empty one in front disarms each.
    disputed: some browser takes the tag for something else, such as a part of an attribute's value.
    """

    offset: int
    insert_at: int
    references: tuple[Reference, ...]
    script: bool = False
    types: tuple[int, ...] = ()
    blocked: tuple[bytes, ...] = ()
    disputed: bool = False


class Classifier:
    """Names the services behind the tags of one page. ``url``: the page's own, for what is relative to it.

    interest: tells the tags that may be candidates, as far as is known by now; None: all may.
    rebased: by now, what is relative to the root leads to another host or port (another scheme is followed).
    """

    def __init__(self, policy: Policy, url: str) -> None:
        self._policy = policy
        page = parse_url(url)
        # What relative addresses mean where scripts run, and where not: a noscript element may hold a base.
        self._bases = {True: page, False: page}
        self._bases_known = {True: False, False: False}
        self._site = page.host if page else ""
        self._port = _port(url)
        self.rebased = False
        # On a tracker's own site its own paths are of interest too.
        known = page is None or policy.index.knows_host(page.host)
        self.interest = None if known else interest_of(policy)

    def tag(self, tag: Tag) -> Candidate | None:
        """What a tag with a loading attribute refers to; None when all of it is the site's own."""
        if tag.name == b"base" and not tag.foreign:
            self._rebase(tag)
            return None
        sinks = sinks_of(tag.name, tag.get, foreign=tag.foreign)
        references = tuple(self._references(tag, sinks))
        blocked: tuple[bytes, ...] = ()
        if tag.cut:
            seen = {attribute.name for attribute in tag.attributes}
            every = (FOREIGN_SINKS if tag.foreign else SINKS).get(tag.name, {})
            blocked = tuple(name for name in every if name not in seen)
        return self._candidate(tag, references, blocked) if references or blocked else None

    def script(self, tag: Tag, code: bytes | None) -> Candidate | None:
        """Whose code an inline script is; None for the site's own. ``code`` None: too long to read."""
        if code is None:
            return self._candidate(tag, (), (b"src",))
        purpose = self._declared_purpose(tag)
        services = [match.service for match in self._policy.index.match_inline(code.decode("latin-1"))]
        if not services and (named := self._declared_service(tag)):
            services = [named]
        references = [Reference(kind=Kind.INLINE, service=service, purpose=purpose) for service in services]
        if not references and purpose is not None:
            references = [Reference(kind=Kind.INLINE, purpose=purpose)]
        return self._candidate(tag, tuple(references), ()) if references else None

    def _candidate(
        self, tag: Tag, references: tuple[Reference, ...], blocked: tuple[bytes, ...]
    ) -> Candidate:
        script = tag.name == b"script"
        types = tuple(a.start for a in tag.attributes if script and a.name == b"type")
        return Candidate(
            offset=tag.start,
            insert_at=tag.name_end,
            references=references,
            script=script,
            types=types,
            blocked=blocked,
            disputed=tag.disputed,
        )

    def _rebase(self, tag: Tag) -> None:
        href = tag.get(b"href")
        if href is None:
            return
        self.interest = None  # what is relative now means something else
        text = decode_value(href)
        for scripting in (False,) if tag.noscript else (True, False):
            if not self._bases_known[scripting]:
                self._bases_known[scripting] = True  # the first one with href counts (HTML, section 4.2.3)
                base = self._bases[scripting]
                self._bases[scripting] = parse_url(text, base) or base
                self.rebased = self.rebased or self._leads_away(text)

    def _leads_away(self, text: str) -> bool:
        """Whether a base address names another host or port than the page's own."""
        named = parse_url(text, _NOWHERE)
        if named is None or named.host == _NOWHERE.host:
            return False
        return (named.host, _port(text)) != (self._site, self._port)

    def _references(self, tag: Tag, sinks: Sinks) -> Iterator[Reference]:
        for name, kind in sinks.items():
            value = tag.get(name)
            if value is None:
                continue
            text = decode_value(value)
            texts = srcset_urls(text) if name in SRCSET_ATTRIBUTES else [text]
            reference = self._reference(tag, kind, texts)
            if reference:
                names = tuple(a.start for a in tag.attributes if a.name == name)
                yield Reference(
                    kind=reference.kind,
                    url=reference.url,
                    service=reference.service,
                    purpose=reference.purpose,
                    names=names,
                )

    def _reference(self, tag: Tag, kind: Kind, texts: list[str]) -> Reference | None:
        """The first known service among the URLs of one attribute, else what is declared, else a stranger."""
        purpose = self._declared_purpose(tag)
        stranger = None
        index = self._policy.index
        for text, url in self._parsed(tag, texts):
            match = index.match_url(url)
            if match is None and url.host == self._site:
                match = index.match_site_path(url.path)
            service = match.service if match else self._declared_service(tag)
            if service:
                beacon = kind is Kind.IMAGE and service.beacon
                return Reference(
                    kind=Kind.BEACON if beacon else kind, url=text, service=service, purpose=purpose
                )
            if self._listed(kind, url):
                known = Kind.BEACON if kind is Kind.IMAGE else kind
                optional = self._policy.purpose(purpose or "")
                counts = optional is not None and optional.optional
                return Reference(kind=known, url=text, purpose=purpose if counts else LISTED_PURPOSE)
            if stranger is None and (purpose is not None or self._third_party(url)):
                stranger = Reference(kind=kind, url=text, purpose=purpose)
        if stranger and stranger.purpose is None and tag.get(b"data-cg-keep") is not None:
            return None
        return stranger

    def _parsed(self, tag: Tag, texts: list[str]) -> Iterator[tuple[str, Url]]:
        """What the addresses mean to each browser that sees the tag."""
        plain = self._bases[False]
        bases = [plain] if tag.noscript or plain == self._bases[True] else [self._bases[True], plain]
        for text in texts:
            for base in bases:
                if url := parse_url(text, base):
                    yield text, url

    def _listed(self, kind: Kind, url: Url) -> bool:
        """Whether a filter list that the operator named blocks this."""
        lists = self._policy.filters
        if lists is None:
            return False
        asked = _REQUEST_TYPES.get(kind, RequestType.OTHER)
        third = self._third_party(url)
        return lists.match(url, page_host=self._site, kind=asked, third_party=third) is not None

    def _third_party(self, url: Url) -> bool:
        return site_of_host(url.host) != site_of_host(self._site)

    def _declared_purpose(self, tag: Tag) -> str | None:
        """``data-category``, where it names a purpose of the policy."""
        declared = tag.get(b"data-category")
        if declared is None:
            return None
        name = decode_value(declared).strip()
        return name if name not in MEANS and self._policy.purpose(name) else None

    def _declared_service(self, tag: Tag) -> Service | None:
        declared = tag.get(b"data-service")
        return None if declared is None else self._policy.index.get(decode_value(declared).strip())


def srcset_urls(text: str) -> list[str]:
    """The URLs of a ``srcset``."""
    return [url.rstrip(",") for url in _SRCSET_URL.findall(text) if url]


def _port(url: str) -> str:
    found = _PORT.search(url)
    return found[1] if found else ""


def site_of_host(host: str) -> str:
    """The registrable part of a host, by its shape: good enough to tell a site's own hosts from strangers."""
    labels = host.split(".")
    if labels[-1].isdigit() or host.startswith("["):
        return host
    shared = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SHARED_SECOND_LEVEL
    return ".".join(labels[-3:] if shared else labels[-2:])
