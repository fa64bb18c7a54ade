"""Any text is a list, and the index finds what comparing every rule with every address would find."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from cookiegate.catalog.filters import FilterLists, RequestType
from cookiegate.catalog.urls import Url

T = RequestType
LABELS = st.sampled_from(["a", "ad", "ads", "www", "track", "my-ad", "x1"])
HOSTS = st.lists(LABELS, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "com"]))
WORDS = st.sampled_from(["ads", "ad", "track", "a", "js", "x1", "gif", "ADS", "Track"])
JOINTS = st.sampled_from(["/", ".", "-", "_", "?", "&", "=", "%20"])
PIECES = st.lists(st.one_of(WORDS, JOINTS), max_size=6).map("".join)
TYPES = st.sampled_from([T.SCRIPT, T.IMAGE, T.SUBDOCUMENT, T.POPUP])
URLS = st.builds(
    Url,
    st.sampled_from(["http", "https"]),
    HOSTS,
    PIECES.map(lambda text: "/" + text.replace("?", "")),
    st.one_of(st.just(""), PIECES),
)

_BODY = st.lists(
    st.one_of(WORDS, JOINTS, HOSTS, st.sampled_from(["*", "^", "://", "/", "."])), min_size=1, max_size=5
).map("".join)
_REGEXES = st.lists(
    st.sampled_from(
        [
            "ads",
            r"\.",
            r"\/",
            "[ad]+",
            "(ads|track)",
            "a?",
            r"\d",
            ".*",
            "x{1,2}",
            "track",
            "^",
            "$",
            "-",
            r"\x61ds",
            r"\u0061d",
            r"\bads\b",
        ]
    ),
    min_size=1,
    max_size=4,
).map(lambda parts: "/" + "".join(parts) + "x*/")
PATTERNS = st.one_of(
    st.builds(
        lambda start, body, end: start + body + end,
        st.sampled_from(["", "|", "||"]),
        _BODY,
        st.sampled_from(["", "|"]),
    ),
    HOSTS.map(lambda host: f"||{host}^"),
    _REGEXES,
)
_DOMAINS = st.lists(
    st.builds(lambda sign, host: sign + host, st.sampled_from(["", "~"]), HOSTS), min_size=1, max_size=3
)
OPTIONS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "script",
                "image",
                "~script",
                "~image",
                "popup",
                "third-party",
                "~third-party",
                "match-case",
                "important",
            ]
        ),
        _DOMAINS.map(lambda hosts: "domain=" + "|".join(hosts)),
        _DOMAINS.map(lambda hosts: "denyallow=" + "|".join(host.strip("~") for host in hosts)),
    ),
    max_size=3,
)
RULES = st.tuples(st.booleans(), PATTERNS, OPTIONS)


def written(rule: tuple[bool, str, list[str]]) -> str:
    exception, pattern, options = rule
    return ("@@" if exception else "") + pattern + ("$" if options else "") + ",".join(options)


def expression(pattern: str, *, case: bool) -> re.Pattern[str]:
    """The pattern as one regular expression, translated piece by piece."""
    if len(pattern) > 2 and pattern[0] == pattern[-1] == "/":
        return re.compile(pattern[1:-1], 0 if case else re.IGNORECASE)
    if pattern.startswith("||"):
        head, body = r"^[\w-]+:/+(?!/)(?:[^/]+\.)?", pattern[2:]
        host = re.match("[^/^*|?&=]+", body)  # hosts have no case
        if host is not None:
            body = host[0].lower() + body[host.end() :]
    elif pattern.startswith("|"):
        head, body = "^", pattern[1:]
    else:
        head, body = "", pattern
    tail = ""
    if body.endswith("|"):
        body, tail = body[:-1], r"\Z"
    pieces = {"*": ".*", "^": r"(?:[^\w.%-]|\Z)"}
    source = head + "".join(pieces.get(char) or re.escape(char) for char in body) + tail
    return re.compile(source, 0 if case else re.IGNORECASE)


def within(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)


def for_page(value: str, page: str) -> bool:
    said = {part.strip("~"): not part.startswith("~") for part in value.split("|")}
    nearest = max((domain for domain in said if within(page, domain)), key=len, default=None)
    return said[nearest] if nearest is not None else not any(said.values())


def covers(
    rule: tuple[bool, str, list[str]], url: Url, page: str, kind: RequestType, third_party: bool
) -> bool:
    _, pattern, options = rule
    types: set[str] | None = None
    parties = {True, False}
    values: dict[str, str] = {}
    every = {"script", "image", "subdocument"}
    for option in options:
        name, _, value = option.partition("=")
        if value:
            values[name] = value
        elif name.endswith("third-party"):
            parties = {not name.startswith("~")}
        elif name.startswith("~"):
            types = (every if types is None else types) - {name[1:]}
        elif name in ("script", "image", "popup"):
            types = (types or set()) | {name}
    return (
        kind.value in (every if types is None else types)
        and third_party in parties
        and ("domain" not in values or for_page(values["domain"], page))
        and not any(within(url.host, host) for host in values.get("denyallow", "").split("|") if host)
        and expression(pattern, case="match-case" in options).search(str(url)) is not None
    )


def is_a_rule(rule: tuple[bool, str, list[str]]) -> bool:
    """Whether the rule is meant to hold here at all."""
    _, pattern, options = rule
    types = [option for option in options if option.strip("~") in ("script", "image", "popup")]
    if not options and not pattern.strip("*|"):
        return False
    return not types or types[-1] != "~" + types[0]  # "script,~script" leaves no type


@settings(max_examples=200)
@given(
    st.lists(RULES.filter(is_a_rule), min_size=1, max_size=12),
    st.lists(URLS, min_size=1, max_size=5),
    HOSTS,
    TYPES,
    st.booleans(),
)
def test_the_index_agrees_with_comparing_everything(rules, urls, page, kind, third_party):
    lists = FilterLists.parse([("list", "[Adblock]\n" + "\n".join(map(written, rules)))])
    for url in urls:
        hits = [rule for rule in rules if covers(rule, url, page, kind, third_party)]
        blocks = [rule for rule in hits if not rule[0]]
        expected = any("important" in rule[2] for rule in blocks) or (
            bool(blocks) and not any(rule[0] for rule in hits)
        )
        found = lists.match(url, page_host=page, kind=kind, third_party=third_party)
        assert (found is not None) is expected, (found, [written(rule) for rule in hits])
        if found is not None:
            assert found.rule == written(rules[found.line - 2])
            assert rules[found.line - 2] in blocks
        assert lists.match(url, page_host=page, kind=kind, third_party=third_party) == found


_SYNTAX = [
    *(
        "||",
        "^",
        "*",
        "|",
        "$",
        "@@",
        "##",
        "#@#",
        "!",
        "/",
        "\\",
        "[",
        "]",
        "(",
        ")",
        "~",
        ",",
        "?",
        "+",
        "(?<",
    ),
    *("domain=", "third-party", "badfilter", "important", "0.0.0.0 ", "a.example", "ü", "{2}", "\n", "\r\n"),
    *("\udcff", "\x00", " "),
]
_SPICE = st.sampled_from(_SYNTAX)


@given(st.lists(st.one_of(_SPICE, st.text(max_size=4)), max_size=40).map("".join), URLS)
def test_any_text_is_a_list(text, url):
    lists = FilterLists.parse([("list", text), ("again", text)])
    assert len(lists) + sum(lists.skipped.values()) >= 0
    lists.match(url, page_host="a.com", kind=T.SCRIPT, third_party=True)


@given(st.text(alphabet=r"ab1/\.[]()|*+?{}^$-&~<>=!:kd", max_size=30), URLS)
def test_any_regular_expression_is_kept_or_counted(source, url):
    lists = FilterLists.parse([("list", f"/{source}x/")])
    lists.match(url, page_host="a.com", kind=T.SCRIPT, third_party=True)
    assert len(lists) + sum(lists.skipped.values()) == 1
