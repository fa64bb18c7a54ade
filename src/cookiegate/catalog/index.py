"""The catalogue made searchable: by URL, by a path on the site itself, by cookie name, by inline code."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from cookiegate.catalog.inline import (
    Signature,
    addresses,
    commented_out,
    compile_signature,
    loading_places,
    loads_nearby,
    words_of,
)
from cookiegate.catalog.model import CookieRule, Match, Service
from cookiegate.catalog.urls import Url, parse_url
from cookiegate.exceptions import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ANY_PAGE: Final = Url("https", "site.invalid", "/")
_SLASHES = re.compile("//+")
_SELF_HOSTED = re.compile(r"/\*/([^/*]+)")
_REMEMBERED_CODES: Final = 1024


class Index:
    """Services, searchable. Build it once: it is immutable but for a bounded memory of inline code.

    Where two services claim the very same rule, a site's own service wins (number 0), then the first given.
    Raises CatalogError when two services have one id.
    """

    def __init__(self, services: Iterable[Service]) -> None:
        self.services: Final = tuple(services)
        self._by_id: dict[str, Service] = {}
        self._hosts: dict[str, Match] = {}
        self._host_paths: dict[str, list[_PathRule]] = {}
        self._site_paths: list[_PathRule] = []
        self._files: dict[str, Match] = {}
        self._cookies = _CookieRules()
        self._calls: dict[str, list[tuple[Signature, Match]]] = {}
        self._codes = _Memory(_REMEMBERED_CODES)
        for service in self.services:
            if service.id in self._by_id:
                raise CatalogError(f"two services have the id {service.id!r}")
            self._by_id[service.id] = service
        for service in sorted(self.services, key=lambda service: service.number > 0):
            self._add(service)
        for rules in (*self._host_paths.values(), self._site_paths):
            rules.sort(key=lambda rule: -rule.weight)

    def _add(self, service: Service) -> None:
        for host in service.hosts:
            self._hosts.setdefault(host, Match(service, host))
        for text in service.paths:
            if (name := _SELF_HOSTED.fullmatch(text)) is not None:
                self._files.setdefault(name[1], Match(service, text))
                continue
            host, rule = _path_rule(text, service)
            (self._host_paths.setdefault(host, []) if host else self._site_paths).append(rule)
        for cookie in service.cookies:
            self._cookies.add(cookie, service)
        for call in service.inline:
            signature = compile_signature(call)
            self._calls.setdefault(signature.anchor, []).append((signature, Match(service, call)))

    def get(self, service_id: str) -> Service | None:
        """The service of that id."""
        return self._by_id.get(service_id)

    def match_url(self, url: Url) -> Match | None:
        """The service a URL belongs to: a path rule before a host rule, a longer host before a shorter.

        Last comes the file name of a self-hosted tracker, on whichever host it lies.
        """
        host = url.host
        by_host: Match | None = None
        while True:
            rules = self._host_paths.get(host)
            if rules is not None and (found := _first(rules, url.path, url.query)) is not None:
                return found
            if by_host is None:
                by_host = self._hosts.get(host)
            dot = host.find(".")
            if dot < 0:
                return by_host or self._file(url.path)
            host = host[dot + 1 :]

    def match_site_path(self, path: str) -> Match | None:
        """The service behind a path on the site itself (a first-party proxy, a self-hosted tracker)."""
        return _first(self._site_paths, path, "") or self._file(path)

    def _file(self, path: str) -> Match | None:
        return self._files.get(_canonical(path).rpartition("/")[2])

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
        for anchor in self._calls.keys() & words_of(code):
            for signature, match in self._calls[anchor]:
                offset = signature.find(code)
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
        places: list[int] | None = None
        known: set[str] = set()
        for offset, address in addresses(code):
            url = parse_url(address, _ANY_PAGE)
            found = self.match_url(url) if url is not None else None
            if found is None or found.service.id in known:
                continue
            if places is None:
                places = loading_places(code)
            if loads_nearby(places, offset) and not commented_out(code, offset):
                known.add(found.service.id)
                yield offset, found


@dataclass(frozen=True, slots=True)
class _PathRule:
    match: Match
    path: str
    prefix: bool
    pattern: re.Pattern[str] | None
    parameter: str

    @property
    def weight(self) -> int:
        """More literal characters and a demanded parameter say more."""
        return 2 * len(self.path) + (1000 if self.parameter else 0) - self.prefix

    def covers(self, path: str, query: str) -> bool:
        if self.parameter and f"&{self.parameter}" not in f"&{query}":
            return False
        if self.pattern is not None:
            return self.pattern.match(path) is not None
        if not path.startswith(self.path):
            return False
        end = len(self.path)
        return self.prefix or len(path) == end or path[end] == "/"


def _path_rule(text: str, service: Service) -> tuple[str, _PathRule]:
    host, _, rest = text.partition("/")
    path, _, parameter = ("/" + rest).partition("?")
    prefix = path.endswith("*") and not path.endswith("/*")
    if path.endswith("/*"):  # "all below" is what a segment rule says anyway
        path = path[:-2]
    literal = path.removesuffix("*").rstrip("/") if not prefix else path.removesuffix("*")
    pattern = None
    if "*" in literal:
        pieces = re.escape(literal).split(r"/\*")
        pattern = re.compile("(?:/[^/]+)*".join(pieces) + ("" if prefix else r"(?:/|\Z)"))
    return host, _PathRule(Match(service, text), literal, prefix, pattern, parameter)


def _first(rules: list[_PathRule], path: str, query: str) -> Match | None:
    path = _canonical(path)
    for rule in rules:
        if rule.covers(path, query):
            return rule.match
    return None


def _canonical(path: str) -> str:
    """Servers answer these spellings alike, so they are one path."""
    return _SLASHES.sub("/", unquote(path)) if "%" in path or "//" in path else path


class _CookieRules:
    """Cookie names: exact ones, ``prefix*`` by the length of the prefix, and the few with ``*`` elsewhere."""

    def __init__(self) -> None:
        self._exact: dict[str, Match] = {}
        self._prefixes: dict[str, Match] = {}
        self._lengths: list[int] = []
        self._others: list[tuple[int, re.Pattern[str], Match]] = []

    def add(self, rule: CookieRule, service: Service) -> None:
        name = rule.name
        match = Match(service, name)
        if "*" not in name:
            self._exact.setdefault(name, match)
        elif name.index("*") == len(name) - 1:
            self._prefixes.setdefault(name[:-1], match)
            self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)
        else:
            pattern = re.compile(".*".join(re.escape(part) for part in name.split("*")), re.DOTALL)
            self._others.append((len(name.replace("*", "")), pattern, match))
            self._others.sort(key=lambda other: -other[0])

    def match(self, name: str) -> Match | None:
        found = self._exact.get(name)
        if found is not None:
            return found
        literal = 0
        for length in self._lengths:
            found = self._prefixes.get(name[:length])
            if found is not None and len(name) >= length:
                literal = length
                break
        for length, pattern, match in self._others:
            if length <= literal:
                break
            if pattern.fullmatch(name) is not None:
                return match
        return found


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
