"""Whose an address or a piece of code is, by the catalogue, filter lists and the page's author."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cookiegate.catalog.filters import RequestType
from cookiegate.catalog.inline import addresses, commented_out, loading_places, loads_nearby
from cookiegate.catalog.urls import Url, parse_url
from cookiegate.gate.candidates import Reference
from cookiegate.gate.findings import Kind
from cookiegate.gate.html.attrs import decode_value
from cookiegate.gate.interest import interest_of
from cookiegate.gate.unseen import is_unseen
from cookiegate.policy.model import MEANS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cookiegate.catalog.model import Match, Service
    from cookiegate.gate.html.tags import Tag
    from cookiegate.gate.interest import Interest
    from cookiegate.gate.mapped import Escape
    from cookiegate.policy.model import Policy

LISTED_PURPOSE = "marketing"
"""A filter list says that something tracks, and not what for: the strictest purpose then."""

_REQUEST_TYPES = {
    Kind.SCRIPT: RequestType.SCRIPT,
    Kind.IMAGE: RequestType.IMAGE,
    Kind.FRAME: RequestType.SUBDOCUMENT,
    Kind.STYLE: RequestType.STYLESHEET,
    Kind.MEDIA: RequestType.MEDIA,
    Kind.OBJECT: RequestType.OBJECT,
    Kind.PING: RequestType.PING,
}

# Second-level names under which registries sell: the part in front of them is the site.
_SHARED_SECOND_LEVEL = frozenset(
    ["ac", "co", "com", "edu", "go", "gob", "gov", "gv", "ne", "net", "nom", "or", "org", "sch"]
)


class Declared(NamedTuple):
    """What the page's author says about a tag: its purpose, its service, and that it is to be let through."""

    purpose: str | None = None
    service: Service | None = None
    keep: bool = False


NOTHING = Declared()

# What leads to the same place from every page of a site.
_FIXED = re.compile(r"[\x00-\x20]*+(?>[/\\]|[a-z][a-z0-9+.-]*+:[/\\][/\\])", re.IGNORECASE)


class Held(NamedTuple):
    """Where what is found is held, as in ``Reference``."""

    names: tuple[int, ...] = ()
    addresses: tuple[int, ...] = ()
    through: tuple[Escape, ...] = ()
    code: bool = False


class Recogniser:
    """Recognises what a page of this site refers to. ``page``: its own address.

    interest: tells the tags that may be candidates; None: all may. fixed: since this was set, no address was
    asked for that leads elsewhere from another page of the site.
    """

    def __init__(self, policy: Policy, page: Url | None) -> None:
        self._policy = policy
        self._page = page
        self._site = site = page.host if page else ""
        # On a tracker's own site its own paths are of interest too.
        known = not site or policy.index.knows_host(site)
        self.interest: Interest | None = None if known else interest_of(policy)
        self.fixed = True

    def addresses(
        self,
        kind: Kind,
        texts: Iterable[str],
        bases: tuple[Url | None, ...],
        declared: Declared,
        held: Held,
        *,
        picture: Tag | None = None,
    ) -> list[Reference]:
        """What the addresses of one attribute refer to, each service once. ``bases``: of those who see it.

        picture: the tag that shows what they give.
        """
        found: dict[tuple[str | None, str | None, Kind], Reference] | None = None
        plain = declared is NOTHING and len(bases) == 1 and bases[0] is self._page
        for text in texts:
            if not _FIXED.match(text):
                innocent = self.interest is not None and self.interest.innocent(text)
                if innocent and plain:
                    continue
                self.fixed = self.fixed and innocent
            for base in bases:
                url = parse_url(text, base)
                reference = None if url is None else self._reference(kind, text, url, declared, held, picture)
                if reference:
                    found = found or {}
                    service = reference.service.id if reference.service else None
                    found.setdefault((service, reference.purpose, reference.kind), reference)
        return [*found.values()] if found else []

    def _reference(
        self, kind: Kind, text: str, url: Url, declared: Declared, held: Held, picture: Tag | None
    ) -> Reference | None:
        index = self._policy.index
        match = index.match_url(url)
        if match is None and url.host == self._site:
            match = index.match_site_path(url.path, url.query)
        service = match.service if match else declared.service
        purpose, rule = declared.purpose, match.rule if match else ""
        known = Kind.BEACON if kind is Kind.IMAGE and (service is None or service.beacon) else kind
        if service is None:
            listed = self._listed(kind, url)
            if listed is not None:
                optional = self._policy.purpose(purpose or "")
                counts = optional is not None and optional.optional
                purpose, rule = purpose if counts else LISTED_PURPOSE, listed
            elif purpose is None and (declared.keep or not self._third_party(url)):
                return None
            elif purpose is not None or picture is None or not is_unseen(picture):
                known = kind
        return Reference(
            kind=known,
            url=text,
            service=service,
            purpose=purpose,
            rule=rule,
            names=held.names,
            addresses=held.addresses,
            through=held.through,
            code=held.code,
            claimed=bool(rule) and self._claimed(declared),
            shape=match is not None and match.shape,
        )

    def code(self, code: bytes, declared: Declared, held: Held) -> list[Reference]:
        """Whose code this is; empty for the site's own."""
        matches = self._policy.index.match_inline(code.decode("latin-1"))
        return self._owned(matches, declared, held)

    def handler(self, code: str, declared: Declared, held: Held) -> list[Reference]:
        """Whose trackers the code of an event handler loads. A call of what is there already loads none."""
        return self._owned(self._loaded(code), declared, held) if "/" in code or "\\" in code else []

    def _loaded(self, code: str) -> Iterator[Match]:
        places: list[int] | None = None
        known: set[str] = set()
        for offset, address in addresses(code):
            url = parse_url(address, Url("https", self._site, "/"))
            match = None if url is None else self._policy.index.match_url(url)
            if match is None or match.service.id in known:
                continue
            if places is None:
                places = loading_places(code)
            if loads_nearby(places, offset) and not commented_out(code, offset):
                known.add(match.service.id)
                yield match

    def _owned(self, matches: Iterable[Match], declared: Declared, held: Held) -> list[Reference]:
        """References to the services of the code, else to what is declared for it."""
        found: list[tuple[Service | None, str]] = [(match.service, match.rule) for match in matches]
        if not found and held.code and (declared.service or declared.purpose is not None):
            found = [(declared.service, "")]
        claimed = self._claimed(declared)
        return [
            Reference(
                kind=Kind.INLINE,
                service=service,
                purpose=declared.purpose,
                rule=rule,
                names=held.names,
                code=held.code,
                claimed=bool(rule) and claimed,
            )
            for service, rule in found
        ]

    def declared(self, tag: Tag) -> Declared:
        """``data-category`` where it names a purpose of the policy, ``data-service``, ``data-cg-keep``."""
        for attribute in tag.attributes:
            if attribute.name[:5] == b"data-":
                break
        else:
            return NOTHING
        category, service = tag.get(b"data-category"), tag.get(b"data-service")
        purpose = None if category is None else decode_value(category).strip()
        if purpose in MEANS or not self._policy.purpose(purpose or ""):
            purpose = None
        return Declared(
            purpose,
            None if service is None else self._policy.index.get(decode_value(service).strip()),
            tag.get(b"data-cg-keep") is not None,
        )

    def _claimed(self, declared: Declared) -> bool:
        """Whether the page's author says that this needs no consent."""
        purpose = self._policy.purpose(declared.purpose or "")
        return declared.keep or (purpose is not None and not purpose.optional)

    def _listed(self, kind: Kind, url: Url) -> str | None:
        """The rule of a filter list, which the operator named, that blocks this."""
        lists = self._policy.filters
        if lists is None:
            return None
        asked = _REQUEST_TYPES.get(kind, RequestType.OTHER)
        third = self._third_party(url)
        match = lists.match(url, page_host=self._site, kind=asked, third_party=third)
        return match.rule if match else None

    def _third_party(self, url: Url) -> bool:
        return site_of_host(url.host) != site_of_host(self._site)


def site_of_host(host: str) -> str:
    """The registrable part of a host, by its shape: good enough to tell a site's own hosts from strangers."""
    labels = host.split(".")
    if labels[-1].isdigit() or host.startswith("["):
        return host
    shared = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SHARED_SECOND_LEVEL
    return ".".join(labels[-3:] if shared else labels[-2:])
