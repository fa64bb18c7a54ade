from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog.load import STANDARD_PURPOSES, parse_file, parse_lifetime, parse_service
from cookiegate.catalog.model import CookieRule, Holds, Lifetime, Service, Unit
from cookiegate.exceptions import CatalogError

GOOD: dict[str, object] = {
    "id": "our-chat",
    "name": "Our chat",
    "vendor": "Chat Ltd",
    "purpose": "preferences",
    "number": 7,
    "country": "DE",
    "transfers": ["US"],
    "privacy_policy": "https://chat.example/privacy",
    "hosts": ["chat.example", "localhost"],
    "paths": ["net.example/chat", "net.example/*/chat.js", "net.example/js?id=C-", "/proxy/chat*"],
    "cookies": [{"name": "chat_*", "lifetime": "13 months", "holds": "visitor"}, {"name": "chat"}],
    "storage": ["chat-state"],
    "inline": ["chat ( 'open'", "?chat ("],
    "script": True,
    "beacon": False,
    "embed": True,
}


def test_every_field_arrives() -> None:
    assert parse_service(GOOD, "x.toml") == Service(
        id="our-chat",
        name="Our chat",
        vendor="Chat Ltd",
        purpose="preferences",
        number=7,
        country="DE",
        transfers=("US",),
        privacy_policy="https://chat.example/privacy",
        hosts=("chat.example", "localhost"),
        paths=("net.example/chat", "net.example/*/chat.js", "net.example/js?id=C-", "/proxy/chat*"),
        cookies=(
            CookieRule(name="chat_*", lifetime=Lifetime(13, Unit.MONTH), holds=Holds.VISITOR),
            CookieRule(name="chat"),
        ),
        storage=("chat-state",),
        inline=("chat ( 'open'", "?chat ("),
        script=True,
        embed=True,
    )


def test_little_is_enough() -> None:
    assert parse_service({"id": "a", "name": "A", "vendor": "A Ltd", "purpose": "research"}, "x") == Service(
        id="a", name="A", vendor="A Ltd", purpose="research"
    )


BROKEN: list[tuple[str, object, str]] = [
    ("id", "Our Chat", "lower-case"),
    ("id", "", "lower-case"),
    ("id", 3, "text"),
    ("name", "", "not empty"),
    ("name", " padded", "text"),
    ("vendor", None, "text"),
    ("purpose", "Analytics", "purpose"),
    ("purpose", "research", "analytics, marketing, necessary, preferences"),
    ("number", -1, "whole number"),
    ("number", True, "whole number"),
    ("number", "7", "whole number"),
    ("country", "de", "capital"),
    ("country", "DEU", "capital"),
    ("transfers", "US", "list"),
    ("transfers", ["us"], "capital"),
    ("transfers", ["US", "US"], "twice"),
    ("privacy_policy", "chat.example/privacy", "https://"),
    ("privacy_policy", "https://a b/", "https://"),
    ("privacy_policy", "javascript:alert(1)", "https://"),
    ("hosts", "chat.example", "list"),
    ("hosts", ["Chat.example"], "lower case"),
    ("hosts", ["https://chat.example"], "without scheme"),
    ("hosts", ["chat.example/x"], "lower case"),
    ("hosts", ["*.chat.example"], "sub-domains"),
    ("hosts", ["com"], "host"),
    ("hosts", [""], "not empty"),
    ("hosts", [3], "not empty"),
    ("paths", ["chat.example"], "host/path"),
    ("paths", ["Chat.example/x"], "host/path"),
    ("paths", ["chat.example/a b"], "host/path"),
    ("paths", ["chat.example/x?y"], "host/path"),
    ("paths", ["chat.example/"], "hosts"),
    ("paths", ["chat.example/*"], "hosts"),
    ("paths", ["/"], "hosts"),
    ("paths", ["chat.example/a**/b"], "whole segment"),
    ("paths", ["chat.example/a*b*c"], "whole segment"),
    ("paths", ["chat.example/*/b/*/c"], "once"),
    ("paths", ["chat.example/x?y=*"], "host/path"),
    ("paths", ["chat.example/x?y=1&z"], "host/path"),
    ("shapes", ["chat.example/x.js"], "on any host"),
    ("shapes", ["/*/a/*/b"], "once"),
    ("shapes", ["/chat.js?x"], "on any host"),
    ("shapes", ["/a.js"], "says so little"),
    ("shapes", ["/*/#.js"], "says so little"),
    ("shapes", ["/*/#/*.long"], "says so little"),
    ("cookies", "chat", "list"),
    ("cookies", ["chat"], "name, lifetime, holds"),
    ("cookies", [{"name": "a b"}], "cookies[0].name"),
    ("cookies", [{"lifetime": "1 day"}], "cookies[0].name"),
    ("cookies", [{"name": "ab*"}], "three characters"),
    ("cookies", [{"name": "chat"}, {"name": "chat"}], "cookies[1].name"),
    ("cookies", [{"name": "chat", "lifetime": "a while"}], "cookies[0].lifetime"),
    ("cookies", [{"name": "chat", "lifetime": 3}], "cookies[0].lifetime"),
    ("cookies", [{"name": "chat", "holds": "everything"}], "cookies[0].holds"),
    ("cookies", [{"name": "chat", "holds": 3}], "cookies[0].holds"),
    ("cookies", [{"name": "chat", "livetime": "1 day"}], "did you mean lifetime?"),
    ("storage", [" "], "not empty"),
    ("inline", ["push ("], "identifier"),
    ("script", "yes", "true or false"),
    ("beacon", 1, "true or false"),
    ("embed", None, "true or false"),
]


@pytest.mark.parametrize(("field", "value", "allowed"), BROKEN)
def test_an_error_names_file_service_field_and_what_is_allowed(
    field: str, value: object, allowed: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        parse_service({**GOOD, field: value}, "data.toml: services[3]", purposes=STANDARD_PURPOSES)
    message = str(caught.value)
    assert message.startswith("data.toml: services[3]")
    assert field == "id" or "services[3] our-chat: " in message
    assert field in message
    assert allowed in message
    assert "\n" not in message


@pytest.mark.parametrize("field", ["id", "name", "vendor", "purpose"])
def test_a_required_field_is_missed(field: str) -> None:
    with pytest.raises(CatalogError, match=f"{field} is missing"):
        parse_service({key: value for key, value in GOOD.items() if key != field}, "data.toml")


def test_an_unknown_key_suggests_the_nearest() -> None:
    with pytest.raises(
        CatalogError, match=r"our-chat: privacy-policy is unknown; did you mean privacy_policy\?"
    ):
        parse_service({**GOOD, "privacy-policy": ""}, "data.toml")
    with pytest.raises(CatalogError, match="zzz is unknown; known keys are id, name"):
        parse_service({**GOOD, "zzz": ""}, "data.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[services]\n", r"data\.toml: .*line 1"),
        ("services = 3", "nothing else"),
        ("", "nothing else"),
        ("x = 1\n[[services]]\n", "nothing else"),
        ("services = [3]", r"services\[0\]: must be a \[\[services\]\] block"),
        ('[[services]]\nid="a"\nname="A"\nvendor="A"\npurpose="analytics"', r"services\[0\] a: number = 0"),
        ('[[services]]\nid="a"\nname="A"\nvendor="A"\npurpose="research"\nnumber=1', "purpose = 'research'"),
    ],
)
def test_a_broken_file(text: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        parse_file(text, "data.toml")


def test_lifetimes() -> None:
    assert parse_lifetime("2 years") == Lifetime(2, Unit.YEAR)
    assert parse_lifetime("1 day") == Lifetime(1, Unit.DAY)
    assert parse_lifetime("session") is None
    assert parse_lifetime("") is None


@pytest.mark.parametrize("text", ["0 days", "1.5 days", "a year", "1 fortnight", "1  day", "Session", "12"])
def test_lifetimes_nobody_can_read(text: str) -> None:
    with pytest.raises(CatalogError, match="13 months"):
        parse_lifetime(text)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["a.example", "/x", "x (", "*"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "lifetime", "z"]), inner)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "other"]), _VALUES))
def test_any_values_load_or_raise_a_catalog_error(changes: dict[str, object]) -> None:
    try:
        parse_service({**GOOD, **changes}, "data.toml")
    except CatalogError as error:
        assert str(error).startswith("data.toml")  # noqa: PT017 - either outcome is right, no other exception is
