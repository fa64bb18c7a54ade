"""Our words in the visitor's language: from ``texts/*.toml``, with numbers and dates by Babel's CLDR data."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cookiegate.catalog.model import Lifetime

LANGUAGES = ("en", "de", "ar")
"""The languages our pages speak; the first is the last resort."""

_CATEGORIES = frozenset({"zero", "one", "two", "few", "many", "other"})
_RANGE = re.compile(
    r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)[ \t]*(?:;[ \t]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?"
)


@runtime_checkable
class _Markup(Protocol):
    """A string that is HTML already, as markupsafe has it: this floor needs its manners, not its import."""

    def __html__(self) -> str: ...

    @classmethod
    def escape(cls, s: object, /) -> str: ...


class Texts:
    """The words of one language.

    language: its code. direction: ``ltr`` or ``rtl``. keys: every key there is, as ``banner.ask``.
    """

    def __init__(self, language: str) -> None:
        raw = (files("cookiegate.policy") / "texts" / f"{language}.toml").read_text(encoding="utf-8")
        self._words: dict[str, str | Mapping[str, str]] = dict(_flatten(tomllib.loads(raw)))
        self._locale = Locale.parse(self._text("locale"))
        self.language = language
        self.direction = self._locale.text_direction
        self.keys = frozenset(self._words)

    def get(self, key: str, **values: object) -> str:
        """Return a text with its places filled. KeyError for an unknown key or an unfilled place.

        When a value is markup (has ``__html__``), the result is markup, and all the rest is escaped.
        """
        return _fill(self._text(key), values)

    def plural(self, key: str, n: int, **values: object) -> str:
        """Return the plural form for ``n`` by CLDR, with ``{n}`` and the other places filled."""
        forms = self._words[key]
        if isinstance(forms, str):
            raise KeyError(f"{key} has no plural forms")
        return _fill(forms[self._locale.plural_form(n)], {"n": self.number(n), **values})

    def number(self, n: int) -> str:
        """Write a number with this language's separators."""
        return format_decimal(n, locale=self._locale)

    def join(self, items: Sequence[str]) -> str:
        """Join items the way this language lists them: ``a, b and c``."""
        return format_list(list(items), locale=self._locale)

    def date(self, unix: float) -> str:
        """Write the day of a moment (Unix seconds, in UTC): ``22 November 2026``."""
        return format_date(_moment(unix), format="long", locale=self._locale)

    def datetime(self, unix: float) -> str:
        """Write a moment (Unix seconds) to the minute, in UTC and saying so."""
        return self.get("format.moment", date=self.date(unix), time=f"{_moment(unix):%H:%M}")

    def lifetime(self, lifetime: Lifetime | None) -> str:
        """Write how long a cookie is kept: ``13 months``; None is "until you close the browser"."""
        if lifetime is None:
            return self.get("service.session")
        # Not Babel's format_unit: its data lacks days, weeks and months in Arabic.
        return self.plural(f"lifetime.{lifetime.unit}", lifetime.count)

    def country(self, code: str) -> str:
        """Name a country (ISO 3166-1 alpha-2); an unknown code stays as it is."""
        return str(self._locale.territories.get(code.upper(), code))

    def _text(self, key: str) -> str:
        text = self._words[key]
        if not isinstance(text, str):
            raise KeyError(f"{key} is a plural")
        return text


@lru_cache(maxsize=len(LANGUAGES))
def texts(language: str) -> Texts:
    """Return the words of one of LANGUAGES; ValueError for another one."""
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r}: there are {', '.join(LANGUAGES)}")
    return Texts(language)


def negotiate(accept_language: str, offered: Sequence[str]) -> str:
    """Choose the language for an ``Accept-Language`` header (RFC 9110, 12.5.4), else the first offered.

    Never raises for any header. ``de-AT`` is served with ``de``.
    """
    return _negotiate(accept_language[:1000], tuple(offered))


@lru_cache(maxsize=1024)
def _negotiate(accept_language: str, offered: tuple[str, ...]) -> str:
    wanted: list[tuple[float, str]] = []
    refused: set[str] = set()
    for part in accept_language.split(","):
        match = _RANGE.fullmatch(part.strip(" \t"))
        if match is None:
            continue
        quality = float(match[2] or 1)
        if quality:
            wanted.append((quality, match[1].lower()))
        else:
            refused.add(match[1].lower())
    acceptable = [language for language in offered if language not in refused] or list(offered)
    # A stable sort: of two equally wanted languages the one named first.
    for _, language in sorted(wanted, key=lambda item: -item[0]):
        if language == "*":
            break
        if found := negotiate_locale([language], acceptable, sep="-"):
            return found
    return acceptable[0]


def _flatten(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str | Mapping[str, str]]]:
    for key, value in table.items():
        if isinstance(value, Mapping) and not value.keys() <= _CATEGORIES:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", cast("str | Mapping[str, str]", value)


def _fill(text: str, values: Mapping[str, object]) -> str:
    markup = next((value for value in values.values() if isinstance(value, _Markup)), None)
    # format_map does not treat {places} inside the values, so a site's own name cannot reach further in.
    return text.format_map(values) if markup is None else type(markup).escape(text).format(**values)


def _moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, tz=UTC)
