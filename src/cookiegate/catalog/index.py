"""The catalogue made searchable: by URL, by a path on the site itself, by cookie name, by inline code."""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import cached_property, lru_cache
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from cookiegate.catalog.inline import (
    MOST_COMMENTED,
    addresses,
    anchor_of,
    commented_out,
    compile_signature,
    is_link,
    loading_places,
    loads_nearby,
    places_of,
    words_of,
)
from cookiegate.catalog.model import Match, Service
from cookiegate.catalog.rules import CookieRules, PathRule, PathRules
from cookiegate.catalog.shapes import Shapes
from cookiegate.catalog.urls import Url, split_url
from cookiegate.exceptions import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ANY_PAGE: Final = Url("https", "site.invalid", "/")
_SLASHES = re.compile("//+")
# Segments that paths of other sites have too: another one of the rule says more.
_EVERYWHERE: Final = frozenset(
    {"assets", "cdn", "content", "events", "js", "plugins", "static", "wp-content"}
)
_REMEMBERED_CODES: Final = 1024
_REMEMBERED_HOSTS: Final = 1024
_NOBODYS: Final[tuple[None, tuple[()]]] = (None, ())
_FEW_ANCHORS: Final = 30


class Index:
    """Services, searchable. Build it once: it is immutable but for bounded memories of hosts and inline code.

    What is searched is arranged at first use: a page without inline code needs no signatures.

    Where two services claim the very same rule, a site's own service wins (number 0), then the first given.
    Raises CatalogError when two services have one id.
    """

    def __init__(self, services: Iterable[Service]) -> None:
        self.services: Final = tuple(services)
        self._by_id: dict[str, Service] = {}
        for service in self.services:
            if service.id in self._by_id:
                raise CatalogError(f"two services have the id {service.id!r}")
            self._by_id[service.id] = service
        # Own services first: the first claim of a rule wins.
        self._ranked = sorted(self.services, key=lambda service: service.number > 0)
        self._codes = _Memory(_REMEMBERED_CODES)
        # A page names few hosts, again and again.
        self._on_host = lru_cache(_REMEMBERED_HOSTS)(self._rules_of_host)
        self._path_rules = lru_cache(_REMEMBERED_HOSTS)(self._compile)

    @cached_property
    def _hosts(self) -> dict[str, Service]:
        hosts: dict[str, Service] = {}
        for service in self._ranked:
            for host in service.hosts:
                hosts.setdefault(host, service)
        return hosts

    @cached_property
    def _paths(self) -> dict[str, list[Match]]:
        """The rules for paths by host; those of the site itself have none."""
        rules: dict[str, list[Match]] = {}
        for service in self._ranked:
            for text in service.paths:
                rules.setdefault(text.partition("/")[0], []).append(Match(service, text))
        return rules

    @cached_property
    def _domains(self) -> frozenset[str]:
        """The last two labels of every host that a rule speaks of: most hosts of a page have others."""
        return frozenset(".".join(host.split(".")[-2:]) for host in (*self._hosts, *self._paths))

    def _compile(self, host: str) -> PathRules:
        rules = self._paths.get(host, ())
        return PathRules(PathRule(match.rule.partition("/")[2], match) for match in rules)

    @cached_property
    def _shapes(self) -> Shapes:
        return Shapes(Match(service, text, shape=True) for service in self._ranked for text in service.shapes)

    @cached_property
    def _site_paths(self) -> PathRules:
        return self._compile("")

    @cached_property
    def _cookies(self) -> CookieRules:
        return CookieRules((cookie, service) for service in self._ranked for cookie in service.cookies)

    @cached_property
    def _calls(self) -> dict[str, list[Match]]:
        calls: dict[str, list[Match]] = {}
        for service in self._ranked:
            for call in service.inline:
                calls.setdefault(anchor_of(call), []).append(Match(service, call))
        return calls

    def get(self, service_id: str) -> Service | None:
        """The service of that id."""
        return self._by_id.get(service_id)

    def match_url(self, url: Url) -> Match | None:
        """The service a URL belongs to: a path rule before a host rule, a longer host before a shorter.

        Last, on a host that no rule speaks of, comes the shape of the address: ``Match.shape`` says so.
        """
        return self.match_place(url.host, url.path, url.query)

    def match_place(self, host: str, path: str, query: str) -> Match | None:
        """What ``match_url`` says of a canonical URL in its parts."""
        domain = host[host.rfind(".", 0, host.rfind(".")) + 1 :]
        by_host, by_path = self._on_host(host) if domain in self._domains else _NOBODYS
        if by_host is not None and not by_path:
            return by_host
        if "%" in path or "//" in path:
            path = _canonical(path)
        for rules in by_path:
            found = rules.first(path, query)
            if found is not None:
                return found
        if by_host is not None:
            return by_host
        return self._shapes.first(path, query)

    def match_shape(self, path: str, query: str) -> Match | None:
        """The service that an address belongs to by its shape, whatever its host."""
        return self._shapes.first(_canonical(path), query)

    def _rules_of_host(self, host: str) -> tuple[Match | None, tuple[PathRules, ...]]:
        """The rule for the host itself, and those for paths on it and above it, the longest host first."""
        by_host: Match | None = None
        by_path: list[PathRules] = []
        while True:
            if host and host in self._paths:
                by_path.append(self._path_rules(host))
            if by_host is None and (service := self._hosts.get(host)) is not None:
                by_host = Match(service, host)
            dot = host.find(".")
            if dot < 0:
                return by_host, tuple(by_path)
            host = host[dot + 1 :]

    def match_site_path(self, path: str, query: str = "") -> Match | None:
        """The service behind a path on the site itself: declared in the policy, else known by its shape."""
        path = _canonical(path)
        return self._site_paths.first(path, query) or self._shapes.first(path, query)

    def knows_host(self, host: str) -> bool:
        """Whether any rule speaks of this host, or of one above it."""
        by_host, by_path = self._on_host(host)
        return by_host is not None or bool(by_path)

    @cached_property
    def site_words(self) -> tuple[str, ...]:
        """What the bytes of any address without ``&`` and ``%`` hold that ``match_site_path`` knows.

        Each stands at the start, or behind ``/`` or ``=``.
        """
        words = set(self._shapes.words)
        for match in self._paths.get("", ()):
            path = match.rule[1:].partition("?")[0]
            segments = [re.split("[*#]", segment)[0] for segment in path.split("/")]
            words.add(max(segments, key=lambda segment: (segment not in _EVERYWHERE, len(segment))))
        beginnings: list[str] = []
        for word in sorted(words):
            if not beginnings or not word.startswith(beginnings[-1]):  # else the shorter one says it already
                beginnings.append(word)
        return tuple(beginnings)

    def match_cookie(self, name: str) -> Match | None:
        """The service that sets this cookie: an exact rule, else the one with the longest literal part."""
        return self._cookies.match(name)

    def match_inline(self, code: str) -> tuple[Match, ...]:
        """Every service that the code calls or loads, in order of first appearance, each once."""
        key = blake2b(code.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = self._codes.get(key)
        if known is None:
            known = self._match_inline(code)
            self._codes.put(key, known)
        return known

    def _match_inline(self, code: str) -> tuple[Match, ...]:
        strong: list[tuple[int, Match]] = []
        weak: list[tuple[int, Match, str]] = []
        families: set[str] = set()
        anchors = self._calls.keys() & words_of(code)
        # A signature is soon searched for; hundreds are looked for where their anchors stand.
        places = places_of(code, anchors) if len(anchors) > _FEW_ANCHORS else {}
        for anchor in anchors:
            for match in self._calls[anchor]:
                signature = compile_signature(match.rule)
                offset = signature.find(code, places.get(anchor))
                if offset < 0:
                    continue
                if signature.weak:
                    weak.append((offset, match, signature.family))
                else:
                    strong.append((offset, match))
                    families.add(signature.family)
        strong += [(offset, match) for offset, match, family in weak if family not in families]
        strong += self._loaded(code)
        strong.sort(key=lambda hit: (hit[0], hit[1].service.id, hit[1].rule))
        once: dict[str, Match] = {}
        for _, match in strong:
            once.setdefault(match.service.id, match)
        return tuple(once.values())

    def _loaded(self, code: str) -> Iterator[tuple[int, Match]]:
        places = loading_places(code)
        if not places:
            return
        known: set[str] = set()
        matches: dict[str, Match | None] = {}
        commented = 0
        for offset, address in addresses(code):
            if address in matches:
                found = matches[address]
            else:
                parts = split_url(address, _ANY_PAGE)
                found = matches[address] = None if parts is None else self.match_place(*parts[1:])
            if found is None or found.service.id in known or not loads_nearby(places, offset):
                continue
            if commented < MOST_COMMENTED and (is_link(code, offset) or commented_out(code, offset)):
                commented += 1
                continue
            known.add(found.service.id)
            yield offset, found


def _canonical(path: str) -> str:
    """Servers answer these spellings alike, so they are one path."""
    return _SLASHES.sub("/", unquote(path)) if "%" in path or "//" in path else path


class _Memory:
    """What was found in a code, by its digest: bounded (least recently used), safe between threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._found: OrderedDict[bytes, tuple[Match, ...]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes) -> tuple[Match, ...] | None:
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def put(self, key: bytes, found: tuple[Match, ...]) -> None:
        with self._lock:
            self._found[key] = found
            if len(self._found) > self._size:
                self._found.popitem(last=False)
