"""Every language says the same things, in its own grammar."""

from __future__ import annotations

import string
import tomllib
from importlib.resources import files

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from cookiegate.catalog.model import Holds, Lifetime, Unit
from cookiegate.policy.model import MEANS, STANDARD
from cookiegate.policy.texts import LANGUAGES, negotiate, texts

CATEGORIES = {"zero", "one", "two", "few", "many", "other"}
NOON = 1795356420  # 22 November 2026, 14:07 UTC


def words(language: str) -> dict[str, str | dict[str, str]]:
    raw = (files("cookiegate.policy") / "texts" / f"{language}.toml").read_text(encoding="utf-8")
    found: dict[str, str | dict[str, str]] = {}

    def walk(table: dict[str, object], prefix: str) -> None:
        for key, value in table.items():
            if isinstance(value, dict) and not set(value) <= CATEGORIES:
                walk(value, f"{prefix}{key}.")
            else:
                found[prefix + key] = value  # type: ignore[assignment]  # TOML tables

    walk(tomllib.loads(raw), "")
    return found


def places(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_keys_of_english(language: str) -> None:
    assert texts(language).keys == texts("en").keys
    kinds = {key: type(value) for key, value in words(language).items()}
    assert kinds == {key: type(value) for key, value in words("en").items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_has_the_forms_of_its_language(language: str) -> None:
    tags = {*Locale.parse(language).plural_form.tags, "other"}
    plurals = {key: value for key, value in words(language).items() if isinstance(value, dict)}
    assert {key: set(forms) for key, forms in plurals.items()} == dict.fromkeys(plurals, tags)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_the_places_of_english(language: str) -> None:
    english = words("en")
    for key, value in words(language).items():
        original = english[key]
        if isinstance(value, str):
            assert isinstance(original, str)
            assert places(value) == places(original), key
        else:
            assert isinstance(original, dict)
            wanted = places(original["other"])
            assert places(value["other"]) == wanted, key
            # One and two may say their number in a word.
            assert all(wanted - {"n"} <= places(form) <= wanted for form in value.values()), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_carries_markup_or_stray_space(language: str) -> None:
    for key, value in words(language).items():
        for text in [value] if isinstance(value, str) else value.values():
            assert not set("<>&!") & set(text), key
            assert text == " ".join(text.split()), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_with_an_id_has_words(language: str) -> None:
    keys = texts(language).keys
    assert {f"holds.{holds}" for holds in Holds} == {key for key in keys if key.startswith("holds.")}
    assert {f"lifetime.{unit}" for unit in Unit} == {key for key in keys if key.startswith("lifetime.")}
    assert {f"means.{means}.{part}" for means in MEANS for part in ("title", "description")} <= keys
    parts = ("title", "name", "use", "description")
    assert {f"purpose.{purpose.id}.{part}" for purpose in STANDARD for part in parts} <= keys


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Accept all", "Reject all")),
        ("de", ("Alle akzeptieren", "Alle ablehnen")),
        ("ar", ("قبول الكل", "رفض الكل")),
    ],
)
def test_labels_that_privacy_agents_match_stay_whole(language: str, words: tuple[str, str]) -> None:
    t = texts(language)
    assert (t.get("button.accept_all"), t.get("button.reject_all")) == words


@pytest.mark.parametrize(
    ("language", "direction", "date", "moment", "months", "country", "number", "joined"),
    [
        (
            "en",
            "ltr",
            "22 November 2026",
            "22 November 2026, 14:07 UTC",
            "13 months",
            "Ireland",
            "1,204",
            "a, b and c",
        ),
        (
            "de",
            "ltr",
            "22. November 2026",
            "22. November 2026, 14:07 UTC",
            "13 Monate",
            "Irland",
            "1.204",
            "a, b und c",
        ),
        (
            "ar",
            "rtl",
            "22 نوفمبر 2026",
            "22 نوفمبر 2026، 14:07 UTC",
            "13 شهرًا",
            "أيرلندا",
            "1,204",
            "a وb وc",
        ),
    ],
)
def test_numbers_dates_and_names(
    language: str, direction: str, date: str, moment: str, months: str, country: str, number: str, joined: str
) -> None:
    t = texts(language)
    assert (t.language, t.direction) == (language, direction)
    assert t.date(NOON) == date
    assert t.datetime(NOON) == moment
    assert t.lifetime(Lifetime(13, Unit.MONTH)) == months
    assert t.lifetime(None) == t.get("service.session")
    assert (t.country("IE"), t.country("ie"), t.country("??")) == (country, country, "??")
    assert t.number(1204) == number
    assert t.join(["a", "b", "c"]) == joined


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0 خدمة تحليل"),
        (1, "خدمة تحليل واحدة"),
        (2, "خدمتي تحليل"),
        (3, "3 خدمات تحليل"),
        (10, "10 خدمات تحليل"),
        (11, "11 خدمة تحليل"),
        (100, "100 خدمة تحليل"),
    ],
)
def test_arabic_counts_in_six_forms(n: int, text: str) -> None:
    assert texts("ar").plural("count.last", n, purpose="تحليل") == text


def test_a_value_that_is_markup_makes_markup_of_the_text() -> None:
    text = texts("en").get("service.cookies_of", service=Markup("<b>A</b>"))
    assert isinstance(text, Markup)
    assert text == "Cookies of <b>A</b>"
    mixed = texts("en").get("title.page", title=Markup("<b>A</b>"), site="<i>{x}")
    assert mixed == "<b>A</b>, &lt;i&gt;{x}"


def test_a_plain_value_stays_plain() -> None:
    text = texts("en").get("service.cookies_of", service="<b>{site}</b>")
    assert type(text) is str
    assert text == "Cookies of <b>{site}</b>"


def test_mistakes_in_our_own_code_are_key_errors() -> None:
    t = texts("en")
    with pytest.raises(KeyError):
        t.get("banner.nothing_like_it")
    with pytest.raises(KeyError):
        t.get("title.page", title="x")
    with pytest.raises(KeyError, match="is a plural"):
        t.get("banner.ticks")
    with pytest.raises(KeyError, match="no plural forms"):
        t.plural("button.save", 2)


def test_an_unknown_language_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'fr': there are en, de, ar"):
        texts("fr")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.5, ar", "ar"),
        ("ar-EG;q=0.4,de;q=0.4", "ar"),
        ("fr", "en"),
        ("fr, de;q=0.1", "de"),
        ("*", "en"),
        ("fr, *, de", "en"),
        ("en;q=0, *", "de"),
        ("en;q=0.000,de;q=0", "ar"),
        ("en;q=0,de;q=0,ar;q=0", "en"),
        ("de;q=nonsense,ar;q=0.1", "ar"),
        ("de;q=7,ar", "ar"),
        (";;,=,\ud800\x00,de", "de"),
        ("x," * 600 + "de", "en"),  # past the first 1000 characters nothing is read
    ],
)
def test_negotiate(header: str, language: str) -> None:
    assert negotiate(header, LANGUAGES) == language


def test_negotiate_offers_only_what_is_offered() -> None:
    assert negotiate("en", ("de",)) == "de"
    assert negotiate("ar", ["de", "ar"]) == "ar"
    assert negotiate("fr", ["de", "ar"]) == "de"


@given(st.text())
def test_no_header_raises(header: str) -> None:
    assert negotiate(header, LANGUAGES) in LANGUAGES
