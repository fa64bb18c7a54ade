"""Lists as they come: what is counted, what is kept, what is said of a match."""

from __future__ import annotations

import pytest

from cookiegate.catalog.filters import FilterLists, FilterMatch, RequestType, Skipped
from cookiegate.catalog.filters import lists as lists_module
from cookiegate.catalog.urls import Url, parse_url


def match(lists: FilterLists, address: str, page: str = "shop.example") -> FilterMatch | None:
    url = parse_url(address)
    assert url is not None
    return lists.match(url, page_host=page, kind=RequestType.SCRIPT, third_party=True)


def test_a_match_names_the_list_the_line_and_the_rule():
    lists = FilterLists.parse(
        [
            ("one.txt", "! Title: One\n\n  ||a.example^  \r\n||ü.example/x$third-party\n"),
            ("two.txt", "\ufeff||b.example^$third-party\n/banner."),
        ]
    )
    assert len(lists) == 4
    assert match(lists, "https://a.example/") == FilterMatch(source="one.txt", line=3, rule="||a.example^")
    assert match(lists, "https://ü.example/x") == FilterMatch(
        source="one.txt", line=4, rule="||ü.example/x$third-party"
    )
    assert match(lists, "https://b.example/") == FilterMatch(
        source="two.txt", line=1, rule="||b.example^$third-party"
    )
    assert match(lists, "https://c.example/banner.gif") == FilterMatch(
        source="two.txt", line=2, rule="/banner."
    )
    assert match(lists, "https://c.example/") is None


def test_nothing_is_a_list_too():
    for texts in ([], [("empty", "")], [("blank", "\n \n\r\n")]):
        lists = FilterLists.parse(texts)
        assert len(lists) == 0
        assert not lists.skipped
        assert match(lists, "https://a.example/") is None


def test_an_exception_of_one_list_holds_for_all():
    lists = FilterLists.parse([("one", "||a.example^"), ("two", "@@||a.example/fine")])
    assert match(lists, "https://a.example/fine") is None
    assert match(lists, "https://a.example/") is not None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("! a remark", Skipped.COMMENT),
        ("!#if env_firefox", Skipped.COMMENT),
        ("[Adblock Plus 2.0]", Skipped.COMMENT),
        ("# a remark", Skipped.COMMENT),
        ("##.ad", Skipped.COSMETIC),
        ("a.example##.ad", Skipped.COSMETIC),
        ("a.example#@#.ad", Skipped.COSMETIC),
        ("a.example#?#.ad:has(b)", Skipped.COSMETIC),
        ("a.example#$#abort", Skipped.COSMETIC),
        ("a.example#@?#.ad", Skipped.COSMETIC),
        ("a.example#%#//scriptlet", Skipped.COSMETIC),
        ("a.example$$script[data-x]", Skipped.COSMETIC),
        ("[$path=/x]a.example##.ad", Skipped.COSMETIC),
        ("/^a$/##.ad", Skipped.COSMETIC),
        ("||a.example^$csp=default-src 'none'", Skipped.EFFECT),
        ("@@||a.example^$generichide", Skipped.EFFECT),
        ("@@||a.example^$redirect=1x1.gif", Skipped.EFFECT),
        ("||a.example^$wonder", Skipped.OPTION),
        ("||a.example^$app=x", Skipped.OPTION),
        ("||a.example^$domain=|", Skipped.OPTION),
        (r"/(unclosed/", Skipped.REGEX),
        (r"/(?i)flag/", Skipped.REGEX),
        (r"/start\A/", Skipped.REGEX),
        (r"/a{9999999999999}/", Skipped.REGEX),
        (r"/\k<none>/", Skipped.REGEX),
        ("/" + "(" * 5000 + ")" * 5000 + "/", Skipped.REGEX),
        ("||a.example:8080^", Skipped.PORT),
        ("|http://a.example:8080/", Skipped.PORT),
        ("127.0.0.1 localhost", Skipped.LOCAL),
        ("||a.example/" + "x" * 70_000, Skipped.LONG),
        ("**", Skipped.EVERYTHING),
        ("@@|", Skipped.EVERYTHING),
        ("||a.example^$badfilter", Skipped.BADFILTER),
    ],
)
def test_what_is_no_rule_is_counted_by_reason(line, reason):
    lists = FilterLists.parse([("list", line + "\n||b.example^")])
    assert lists.skipped == {reason: 1}
    assert len(lists) == 1
    assert match(lists, "https://b.example/") is not None


def test_a_rule_that_is_switched_off_counts_with_what_switches_it_off():
    lists = FilterLists.parse([("one", "||a.example^$badfilter"), ("two", "||a.example^\n||b.example^")])
    assert lists.skipped == {Skipped.BADFILTER: 2}
    assert len(lists) == 1


def test_a_hosts_file():
    text = """\
# a remark
127.0.0.1 localhost localhost.localdomain
::1 localhost
0.0.0.0 0.0.0.0
0.0.0.0 a.example
127.0.0.1\tb.example  # why
0.0.0.0 c.example d.example
:: e.example
"""
    lists = FilterLists.parse([("hosts", text)])
    assert len(lists) == 5
    assert lists.skipped == {Skipped.COMMENT: 1, Skipped.LOCAL: 4}
    found = match(lists, "https://x.a.example/y")
    assert found == FilterMatch(source="hosts", line=5, rule="0.0.0.0 a.example")
    for host in "bcde":
        assert match(lists, f"https://{host}.example/") is not None
    assert match(lists, "https://d.example/") == FilterMatch(source="hosts", line=7, rule="0.0.0.0 d.example")
    assert match(lists, "https://localhost/") is None
    assert match(lists, "https://f.example/a.example") is None


def test_a_list_of_domains_is_about_hosts_and_any_other_about_texts():
    domains = FilterLists.parse(
        [("domains", "# domains\na.example\nB.example # two\nbücher.example\nplain\n")]
    )
    assert len(domains) == 4
    assert match(domains, "https://x.a.example/") == FilterMatch(source="domains", line=2, rule="a.example")
    assert match(domains, "https://b.example/") is not None
    assert match(domains, "https://bücher.example/") is not None
    assert match(domains, "https://c.example/?from=a.example") is None
    assert match(domains, "https://c.example/plain") is not None
    texts = FilterLists.parse([("texts", "a.example\n||b.example^")])
    assert match(texts, "https://c.example/?from=a.example") is not None


def test_the_same_words_in_many_rules():
    rules = [f"/track/{'abcdefghijkl'[n]}" for n in range(12)]
    rules += [f"||a.example/{'abcdefghijkl'[n]}" for n in range(12)]
    rules += ["||a.example^$image", "||a.example^$font", "||a.example^$third-party,websocket"]
    lists = FilterLists.parse([("list", "\n".join(rules))])
    for letter in "abcdefghijkl":
        found = match(lists, f"https://b.example/track/{letter}x")
        assert found is not None
        assert found.rule == f"/track/{letter}"
        found = match(lists, f"https://a.example/{letter}x")
        assert found is not None
        assert found.rule == f"||a.example/{letter}"
    assert match(lists, "https://a.example/z") is None
    url = parse_url("https://a.example/z")
    assert url is not None
    found = lists.match(url, page_host="", kind=RequestType.FONT, third_party=False)
    assert found is not None
    assert found.line == 26


def test_rules_without_a_word_of_their_own_are_found_by_the_page():
    rules = [f"$script,domain=p{n}.example" for n in range(50)]
    rules += ["/unheard-of$domain=p7.example", "$image,domain=p7.example", "$image,domain=shop.*"]
    lists = FilterLists.parse([("list", "\n".join(rules))])
    found = match(lists, "https://anything.example/x", page="www.p7.example")
    assert found is not None
    assert found.line == 8
    assert match(lists, "https://anything.example/x", page="p99.example") is None


def test_the_memory_of_rules_and_answers_is_bounded(monkeypatch):
    monkeypatch.setattr(lists_module, "_REMEMBERED", 8)
    lists = FilterLists.parse([("list", "\n".join(f"||h{n}.example^" for n in range(40)))])
    for _ in range(2):
        for n in range(40):
            found = match(lists, f"https://h{n}.example/")
            assert found is not None
            assert found.line == n + 1
            assert len(lists._prepared) <= 8
            assert len(lists._answers) <= 8
    long = "https://h1.example/" + "x" * 1000
    held = len(lists._answers)
    assert match(lists, long) is not None
    assert len(lists._answers) == held


def test_answers_are_remembered_by_page_type_and_party():
    lists = FilterLists.parse([("list", "||a.example^$third-party,script,domain=shop.example")])
    url = parse_url("https://a.example/")
    assert url is not None
    for _ in range(2):
        for page in ("shop.example", "b.example"):
            for kind in (RequestType.SCRIPT, RequestType.IMAGE):
                for third_party in (True, False):
                    found = lists.match(url, page_host=page, kind=kind, third_party=third_party)
                    expected = page == "shop.example" and kind is RequestType.SCRIPT and third_party
                    assert (found is not None) is expected


def test_a_url_that_nobody_parsed_does_no_harm():
    lists = FilterLists.parse([("list", "||a.example^\n/x")])
    odd = Url("https", "a\udcff.example", "/x\udcff\u2028", "ü")
    assert lists.match(odd, page_host="\udcff", kind=RequestType.OTHER, third_party=True) is not None


def test_hostile_lists_and_addresses_take_linear_time():
    """These would not end in reasonable time if any part were quadratic or worse."""
    rules = [
        "/" + "a*" * 200 + "b",
        "a^" * 100 + "|",
        "||" + "x." * 100 + "*y^*z|",
        "$" * 20_000,
        "$a=" * 9000 + ",",
        "$a," * 20_000 + "!",
        "/" + "{" * 60_000 + "/",
        "/[a" * 20_000 + "/",
        " " * 60_000 + "x",
    ]
    lists = FilterLists.parse([("list", "\n".join(rules))])
    url = Url("https", "x." * 120 + "y", "/" + "a" * 20_000, "a-" * 10_000)
    lists.match(url, page_host="x", kind=RequestType.IMAGE, third_party=True)
    same = FilterLists.parse([("list", "||a.example^\n" * 20_000)])
    assert len(same) == 20_000
