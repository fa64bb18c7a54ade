"""From data files to frozen services: every field is checked; an error names file, service and field."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib import resources

from cookiegate.catalog.compiled import load_compiled
from cookiegate.catalog.inline import SignatureError, anchor_of
from cookiegate.catalog.model import CookieRule, Holds, Lifetime, Service, Unit
from cookiegate.catalog.shapes import telling_segment
from cookiegate.catalog.tail import parse_tail
from cookiegate.catalog.urls import parse_url
from cookiegate.exceptions import CatalogError

STANDARD_PURPOSES = frozenset({"necessary", "preferences", "analytics", "marketing"})

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_HOST = re.compile(r"localhost|(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_PATH = re.compile(r"(?:/(?:\*|[A-Za-z0-9._~!$&'()+,;=:@%#-]*(?:\*[A-Za-z0-9._~-]*)?))+")
_PARAMETERS = re.compile(r"[A-Za-z0-9_.-]+=[A-Za-z0-9_.:/-]*#?(?:&[A-Za-z0-9_.-]+=[A-Za-z0-9_.:/-]*#?)*")
_RUNS = re.compile(r"/\*(?=/.)")
_STARS = "'*' is a whole segment, once, or any run of characters in one; '#' is digits"
_UNTOLD = re.compile("[*#?]")
_SHORTEST_SHAPE = 6  # such as "/pd.js"
_COOKIE_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z:-]+")
_LIFETIME = re.compile(r"([1-9][0-9]{0,3}) (second|minute|hour|day|week|month|year)s?")
_REQUIRED = ("id", "name", "vendor", "purpose")
_COOKIE_KEYS = ("name", "lifetime", "holds")
_SHORTEST_WILDCARD = 3


@lru_cache(maxsize=1)
def load_services() -> tuple[Service, ...]:
    """Every service cookiegate ships: those with a number by number, then the long tail.

    Raises CatalogError on the first fault of a data file.
    """
    return load_compiled(resources.files("cookiegate.catalog"), parse_sources)


def parse_sources(sources: Mapping[str, bytes]) -> tuple[Service, ...]:
    """The services of data files given by name, ``.toml`` and ``.tsv``.

    A line of the tail gives way to a numbered service with its id. Raises CatalogError on the first fault.
    """
    texts = {name: content.decode() for name, content in sources.items()}
    services = [
        service
        for name, text in texts.items()
        if name.endswith(".toml")
        for service in parse_file(text, name)
    ]
    seen: dict[str | int, str] = {}
    for service in services:
        for key in (service.id, service.number):
            if key in seen:
                raise CatalogError(
                    f"{service.id}: {key!r} belongs to {seen[key]} already; a number is never reused"
                )
            seen[key] = service.id
    services.sort(key=lambda service: service.number)
    tail = (
        service for name, text in texts.items() if name.endswith(".tsv") for service in parse_tail(text, name)
    )
    return (*services, *(service for service in tail if service.id not in seen))


def parse_file(text: str, name: str) -> list[Service]:
    """The services of one data file. The catalogue's own need a number and a standard purpose."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{name}: {error}") from error
    blocks = content.pop("services", None)
    if content or not isinstance(blocks, list):
        raise CatalogError(f"{name}: holds [[services]] blocks and nothing else")
    services = []
    for place, raw in enumerate(blocks):
        where = f"{name}: services[{place}]"
        if not isinstance(raw, dict):
            raise CatalogError(f"{where}: must be a [[services]] block")
        service = parse_service(raw, where, purposes=STANDARD_PURPOSES)
        if service.number < 1:
            raise CatalogError(f"{where} {service.id}: number = {service.number}: a whole number from 1 on")
        services.append(service)
    return services


def parse_lifetime(text: str) -> Lifetime | None:
    """Read ``2 years``; None for ``session`` and the empty text. Raises CatalogError for anything else."""
    if text in ("", "session"):
        return None
    found = _LIFETIME.fullmatch(text)
    if found is None:
        raise CatalogError(f"{text!r} is no lifetime: 'session', or a number and a unit such as '13 months'")
    return Lifetime(int(found[1]), Unit(found[2]))


def parse_service(
    raw: Mapping[str, object], where: str, *, purposes: Collection[str] | None = None
) -> Service:
    """One ``[[services]]`` block as a Service.

    where: names the block in errors, for example ``analytics.toml: services[3]``.
    purposes: the ids that exist; None leaves that question to the caller.
    Raises CatalogError: ``where``, the service's id, field, value, and what is allowed.
    """
    return _Fields(raw, where).service(purposes)


def _is_path(text: str) -> bool:
    """Whether a rule behind the host is well formed. Two runs of segments would take squared time."""
    path, mark, query = f"/{text}".partition("?")
    return (
        _PATH.fullmatch(path) is not None
        and len(_RUNS.findall(path)) <= 1
        and (not mark or _PARAMETERS.fullmatch(query) is not None)
    )


class _Fields:
    """Typed access to one block; remembers whose block it is for the error messages."""

    def __init__(self, raw: Mapping[str, object], where: str) -> None:
        self._raw = raw
        name = raw.get("id")
        self._where = f"{where} {name}" if isinstance(name, str) and name else where

    def service(self, purposes: Collection[str] | None) -> Service:
        self._refuse_unknown(self._raw, tuple(Service.__dataclass_fields__), "")
        for key in _REQUIRED:
            if key not in self._raw:
                raise CatalogError(f"{self._where}: {key} is missing")
        purpose = self._shaped("purpose", _ID, "a purpose's id")
        if purposes is not None and purpose not in purposes:
            raise self._error("purpose", purpose, "one of " + ", ".join(sorted(purposes)))
        return Service(
            id=self._shaped("id", _ID, "lower-case letters and digits in groups joined by single hyphens"),
            name=self._text("name", required=True),
            vendor=self._text("vendor", required=True),
            purpose=purpose,
            number=self._number(),
            country=self._shaped("country", _COUNTRY, "two capital letters (ISO 3166-1)", empty=True),
            transfers=self._shapes("transfers", _COUNTRY, "two capital letters each (ISO 3166-1)"),
            privacy_policy=self._address("privacy_policy"),
            hosts=self._hosts(),
            paths=self._paths(),
            shapes=self._shapes_of_addresses(),
            cookies=self._cookies(),
            storage=self._texts("storage"),
            inline=self._inline(),
            script=self._flag("script"),
            beacon=self._flag("beacon"),
            embed=self._flag("embed"),
        )

    def _error(self, field: str, value: object, allowed: str) -> CatalogError:
        return CatalogError(f"{self._where}: {field} = {value!r}: {allowed}")

    def _refuse_unknown(self, raw: Mapping[str, object], known: tuple[str, ...], parent: str) -> None:
        for key in raw:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                hint = f"did you mean {near[0]}?" if near else "known keys are " + ", ".join(known)
                raise CatalogError(f"{self._where}: {parent}{key} is unknown; {hint}")

    def _text(self, field: str, *, required: bool = False) -> str:
        value = self._raw.get(field, "")
        if not isinstance(value, str) or value != value.strip() or (required and not value):
            raise self._error(field, value, "a text" + (" that is not empty" if required else ""))
        return value

    def _shaped(self, field: str, shape: re.Pattern[str], allowed: str, *, empty: bool = False) -> str:
        value = self._text(field)
        if shape.fullmatch(value) is None and not (empty and not value):
            raise self._error(field, value, allowed)
        return value

    def _texts(self, field: str) -> tuple[str, ...]:
        value = self._raw.get(field, ())
        if not isinstance(value, list | tuple):
            raise self._error(field, value, "a list of texts")
        texts: list[str] = []
        for place, entry in enumerate(value):
            if not isinstance(entry, str) or not entry or entry != entry.strip():
                raise self._error(f"{field}[{place}]", entry, "a text that is not empty")
            if entry in texts:
                raise self._error(f"{field}[{place}]", entry, "stands there twice")
            texts.append(entry)
        return tuple(texts)

    def _shapes(self, field: str, shape: re.Pattern[str], allowed: str) -> tuple[str, ...]:
        texts = self._texts(field)
        for place, text in enumerate(texts):
            if shape.fullmatch(text) is None:
                raise self._error(f"{field}[{place}]", text, allowed)
        return texts

    def _number(self) -> int:
        value = self._raw.get("number", 0)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._error("number", value, "a whole number that is not negative")
        return value

    def _flag(self, field: str) -> bool:
        value = self._raw.get(field, False)
        if not isinstance(value, bool):
            raise self._error(field, value, "true or false")
        return value

    def _address(self, field: str) -> str:
        value = self._text(field)
        if value and (not value.startswith(("https://", "http://")) or parse_url(value) is None):
            raise self._error(field, value, "an https:// address")
        return value

    def _hosts(self) -> tuple[str, ...]:
        allowed = "a host in lower case, without scheme, port or path (its sub-domains are always meant too)"
        return self._shapes("hosts", _HOST, allowed)

    def _paths(self) -> tuple[str, ...]:
        texts = self._texts("paths")
        for place, text in enumerate(texts):
            host, slash, rest = text.partition("/")
            if not slash or (host and _HOST.fullmatch(host) is None) or not _is_path(rest):
                raise self._error(
                    f"paths[{place}]", text, f"'host/path', or '/path' on the site itself; {_STARS}"
                )
            if not rest.strip("/*"):
                raise self._error(f"paths[{place}]", text, "names nothing but the host: write it under hosts")
        return texts

    def _shapes_of_addresses(self) -> tuple[str, ...]:
        texts = self._texts("shapes")
        for place, text in enumerate(texts):
            if not text.startswith("/") or not _is_path(text[1:]):
                raise self._error(f"shapes[{place}]", text, f"'/path' on any host; {_STARS}")
            path, asks, _ = text.partition("?")
            if len(_UNTOLD.sub("", text)) < _SHORTEST_SHAPE or not (asks or telling_segment(path)[0]):
                raise self._error(f"shapes[{place}]", text, "says so little that other addresses have it too")
        return texts

    def _inline(self) -> tuple[str, ...]:
        texts = self._texts("inline")
        for place, text in enumerate(texts):
            try:
                anchor_of(text)
            except SignatureError as error:
                raise self._error(f"inline[{place}]", text, str(error)) from error
        return texts

    def _cookies(self) -> tuple[CookieRule, ...]:
        value = self._raw.get("cookies", ())
        if not isinstance(value, list | tuple):
            raise self._error("cookies", value, "a list of {name, lifetime, holds}")
        rules: dict[str, CookieRule] = {}
        for place, entry in enumerate(value):
            field = f"cookies[{place}]"
            if not isinstance(entry, Mapping):
                raise self._error(field, entry, "{name, lifetime, holds}")
            self._refuse_unknown(entry, _COOKIE_KEYS, f"{field}.")
            rule = self._cookie(entry, field)
            if rule.name in rules:
                raise self._error(f"{field}.name", rule.name, "stands there twice")
            rules[rule.name] = rule
        return tuple(rules.values())

    def _cookie(self, entry: Mapping[str, object], field: str) -> CookieRule:
        name, lifetime, holds = entry.get("name"), entry.get("lifetime", ""), entry.get("holds", "other")
        if not isinstance(name, str) or _COOKIE_NAME.fullmatch(name) is None:
            raise self._error(f"{field}.name", name, "a cookie's name, '*' for any run of characters")
        if "*" in name and len(name.replace("*", "")) < _SHORTEST_WILDCARD:
            raise self._error(
                f"{field}.name", name, "at least three characters beside '*', or it swallows others"
            )
        if not isinstance(lifetime, str):
            raise self._error(f"{field}.lifetime", lifetime, "a text such as '13 months' or 'session'")
        try:
            kept = parse_lifetime(lifetime)
        except CatalogError as error:
            raise CatalogError(f"{self._where}: {field}.lifetime: {error}") from error
        if not isinstance(holds, str) or holds not in tuple(Holds):
            raise self._error(f"{field}.holds", holds, "one of " + ", ".join(Holds))
        return CookieRule(name=name, lifetime=kept, holds=Holds(holds))
