"""What is put into a page: the question, the way back, or nothing."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from cookiegate.catalog import Index
from cookiegate.consent.choose import accept_all, reject_all
from cookiegate.consent.model import NO_SIGNALS
from cookiegate.pages.snippet import MOST_TICKS, Snippets
from cookiegate.policy.model import Consent, Csp, Policy, Purpose, Site

VOID = {"link", "img", "br", "meta", "input"}


class Tree(HTMLParser):
    """Checks that every element is closed where it belongs, and gathers the tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:  # "/>" comes here too
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def refused(shop):
    return reject_all(shop, None, NO_SIGNALS, now=0, new_id=lambda: "s" * 22)


def test_the_question(shop, visit_of):
    html = Snippets(shop).render(visit_of(shop)).decode()
    tree = Tree(html)
    (form,) = tree.all("form")
    assert form == {"method": "post", "action": "/privacy-choices/"}
    assert [(button["name"], button["value"]) for button in tree.all("button")] == [
        ("action", "accept-all"),
        ("action", "reject-all"),
    ]
    # The same weight: nothing but the words and the value differ.
    assert all(button.keys() == {"name", "value"} for button in tree.all("button"))
    (section,) = tree.all("section")
    assert section["id"] == "cg"
    assert section["aria-labelledby"] == tree.all("h2")[0]["id"]
    assert [a["href"] for a in tree.all("a")] == ["/privacy?a=1&b=2", "/privacy-choices/"]
    assert "2 analytics and 1 marketing service from 3 companies" in re.sub("</?strong>", "", html)
    assert html.count("<i></i>") == 3
    assert "3 held" in tree.text
    assert "Global Privacy Control" not in html


def test_where_a_policy_is_enforced_the_answer_is_followed_by_a_new_page(shop, visit_of):
    enforced = replace(shop, csp=Csp.ENFORCE)
    assert b" data-cg-reload=" in Snippets(enforced).render(visit_of(enforced))
    for policy in (shop, replace(shop, csp=Csp.REPORT)):
        assert b"reload" not in Snippets(policy).render(visit_of(policy))


def test_nothing_in_the_question_needs_an_inline_permission(shop, visit_of):
    for language in ("en", "de", "ar"):
        tree = Tree(Snippets(shop).render(visit_of(shop, language=language, gpc=True)).decode())
        assert not [
            name for _, attributes in tree.tags for name in attributes if name.startswith(("on", "style"))
        ]
        (script,) = tree.all("script")
        assert script["src"].startswith("/privacy-choices/assets/cg.")
        assert "defer" in script


def test_without_declared_services_no_number_is_claimed(bare, visit_of):
    tree = Tree(Snippets(bare).render(visit_of(bare)).decode())
    assert not re.search(r"\d", tree.text)
    assert not tree.all("i")
    assert not [a for a in tree.all("a") if "cg-quiet" not in a.get("class", "")]


def test_under_the_signal_only_the_others_are_counted(shop, visit_of):
    tree = Tree(Snippets(shop).render(visit_of(shop, gpc=True)).decode())
    assert "2 analytics services" in tree.text
    assert "2 held" in tree.text
    assert len(tree.all("i")) == 2
    assert "so marketing stays off" in tree.text


def test_many_services_are_counted_in_words_alone(shop, visit_of):
    (some,) = [service for service in shop.declared if service.id == "visits"]
    many = tuple(replace(some, id=f"visits-{n}") for n in range(MOST_TICKS + 1))
    policy = Policy(declared=many, index=Index(()))
    tree = Tree(Snippets(policy).render(visit_of(policy)).decode())
    assert not tree.all("i")
    assert f"{MOST_TICKS + 1} held" in tree.text


@pytest.mark.parametrize(
    ("language", "direction", "accept"),
    [("en", "ltr", "Accept all"), ("de", "ltr", "Alle akzeptieren"), ("ar", "rtl", "قبول الكل")],
)
def test_languages(shop, visit_of, refused, language, direction, accept):
    snippets = Snippets(shop)
    html = snippets.render(visit_of(shop, language=language))
    tree = Tree(html.decode("ascii"))  # references, so that it reads the same in a page of any charset
    assert accept in tree.text
    assert tree.all("section")[0]["lang"] == language
    assert tree.all("section")[0]["dir"] == direction
    assert len(gzip.compress(html, 9)) <= 1200
    link = Tree(snippets.render(visit_of(shop, refused, language=language)).decode("ascii")).all("a")[0]
    assert link["lang"] == language
    assert link["dir"] == direction


def test_whoever_answered_gets_the_way_back(shop, visit_of, refused):
    html = Snippets(shop).render(visit_of(shop, refused))
    assert len(html) <= 200
    (link,) = Tree(html.decode()).all("a")
    assert link == {"id": "cg-l", "href": "/privacy-choices/", "lang": "en", "dir": "ltr"}
    granted = accept_all(shop, None, NO_SIGNALS, now=0, new_id=lambda: "s" * 22)
    assert Snippets(shop).render(visit_of(shop, granted)) == html


@pytest.mark.parametrize(
    ("page", "linked"),
    [
        (b'<p><a href="/privacy-choices/">Privacy</a>', True),
        (b"<p><A class=x HREF = /privacy-choices/>Privacy</A>", True),
        (
            b"<a title='>' href='/privacy-choices/#cg-means'>",
            False,
        ),  # read as text: one link too many at worst
        (b"<a href='/privacy-choices/?from=foot'>", True),
        (b'<a href="https://shop.example/privacy-choices/">', True),
        (b'<a href="//shop.example/privacy-choices/">', True),
        (b'<a href="https://other.example/privacy-choices/">', False),
        (b'<a href="/privacy-choices/state">', False),
        (b'<a href="/de/privacy-choices/">', False),
        (b'<form action="/privacy-choices/">', False),
        (b"see /privacy-choices/ for more", False),
        (b"", False),
    ],
)
def test_no_second_way_back_where_the_page_has_one(shop, visit_of, refused, page, linked):
    snippet = Snippets(shop).render(visit_of(shop, refused), page=page)
    assert (snippet == b"") is linked
    # The question is asked all the same.
    assert b"cg-say" in Snippets(shop).render(visit_of(shop), page=page)


def test_the_way_back_may_stand_anywhere_behind_the_body_tag(shop, visit_of, refused):
    def linked(page, start=0):
        return Snippets(shop).render(visit_of(shop, refused), page=page, start=start) == b""

    link = b'<a href="/privacy-choices/">'
    assert linked(link + b"<form action='/privacy-choices/'>" * 9)
    assert not linked(link + b"<form action='/privacy-choices/'>" * 99)  # nobody links as often
    assert linked(b"<p>" + link, 3)
    assert not linked(b"<p>" + link, 4)
    assert not linked(b"<a " + b" " * 5000 + b'href="/privacy-choices/">')


def test_in_a_page_whose_base_leads_to_another_site_our_addresses_name_ours(shop, visit_of, refused):
    policy = Policy(site=Site(privacy_policy="/privacy"), declared=shop.declared, index=Index(()))
    snippets = Snippets(policy)
    html = snippets.render(visit_of(policy, root_path="/de"), rebased=True).decode()
    ours = "https://shop.example/de/privacy-choices/"
    assert f'action="{ours}"' in html
    assert f'src="{ours}assets/cg.' in html
    assert 'href="https://shop.example/privacy"' in html
    assert '="/' not in html
    link = snippets.render(visit_of(policy, refused), rebased=True).decode()
    assert 'href="https://shop.example/privacy-choices/"' in link
    assert '="/' not in link
    # A link in such a page counts only if it names this site too.
    for page, there in ((b'<a href="/privacy-choices/">', False), (link.encode(), True)):
        assert (snippets.render(visit_of(policy, refused), page=page, rebased=True) == b"") is there
    elsewhere = replace(policy, site=Site(privacy_policy="https://law.example/p"))
    assert b'href="https://law.example/p"' in Snippets(elsewhere).render(visit_of(elsewhere), rebased=True)


def test_without_a_host_there_is_nothing_to_name(shop, visit_of):
    visit = visit_of(shop)
    nowhere = replace(visit, origin=replace(visit.origin, host=""))
    assert Snippets(shop).render(nowhere, rebased=True) == Snippets(shop).render(visit)


def test_mounted_below_a_path_and_with_another_prefix(shop, visit_of, refused):
    policy = Policy(consent=Consent(prefix="/p"), declared=shop.declared, index=Index(()))
    snippets = Snippets(policy)
    html = snippets.render(visit_of(policy, root_path="/shop")).decode()
    assert 'action="/shop/p/"' in html
    assert 'src="/shop/p/assets/cg.' in html
    page = b'<a href="/shop/p/">'
    assert snippets.render(visit_of(policy, refused, root_path="/shop"), page=page) == b""
    assert snippets.render(visit_of(policy, refused), page=page) != b""


def test_the_pages_own_nonce_is_used_and_nothing_else(shop, visit_of, refused):
    snippets = Snippets(shop)
    plain = snippets.render(visit_of(shop))
    with_nonce = snippets.render(visit_of(shop), nonce="r4nd0m+/=_-")
    assert with_nonce.count(b' nonce="r4nd0m+/=_-"') == 2
    assert with_nonce.replace(b'nonce="r4nd0m+/=_-" ', b"") == plain
    assert snippets.render(visit_of(shop, refused), nonce="abc").count(b' nonce="abc"') == 1
    assert snippets.render(visit_of(shop), nonce='"><script>') == plain


def test_equal_arguments_give_equal_bytes(shop, visit_of, refused):
    for state in (None, refused):
        for gpc in (False, True):
            visit = visit_of(shop, state, gpc=gpc)
            assert Snippets(shop).render(visit) == Snippets(shop).render(replace(visit))


def test_a_sites_own_words_are_text(visit_of, shop):
    purpose = Purpose(id="research", title='<b>"Research"</b>', description="&")
    service = replace(shop.declared[1], id="own", purpose="research", vendor="<i>Firm</i>")
    policy = Policy(purposes=(purpose,), declared=(service,), index=Index(()))
    tree = Tree(Snippets(policy).render(visit_of(policy)).decode())
    assert '<b>"Research"</b>' in tree.text
    assert "<i>Firm</i>" in tree.text
    assert len(tree.all("strong")) == 1


def for_everyone(visit):
    return replace(visit, everyone=True, accept_language="")


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("ar", "ar"),
        ("fr", "en"),
        ("", "en"),
        ("*", "en"),
        ("de;q=0\x00", "en"),
    ],
)
def test_a_page_for_everyone_is_asked_in_its_own_language(shop, visit_of, said, language):
    visit = for_everyone(visit_of(shop))
    tree = Tree(Snippets(shop).render(visit, language=said).decode("ascii"))
    assert tree.all("section")[0]["lang"] == language
    # Everybody else is asked in their own.
    assert (
        Tree(Snippets(shop).render(visit_of(shop), language=said).decode()).all("section")[0]["lang"] == "en"
    )


def test_a_page_for_everyone_in_a_language_that_the_policy_does_not_offer(shop, visit_of):
    policy = replace(shop, site=replace(shop.site, languages=("ar", "de")))
    html = Snippets(policy).render(for_everyone(visit_of(policy)), language="en").decode()
    assert Tree(html).all("section")[0]["lang"] == "ar"


def test_the_question_for_everyone_waits_for_who_is_there(shop, visit_of):
    snippets = Snippets(shop)
    tree = Tree(snippets.render(for_everyone(visit_of(shop))).decode())
    assert "data-cg-wait" in tree.all("section")[0]
    (script,) = tree.all("script")
    assert script["data-cg-state"] == "/privacy-choices/state"
    assert [p for p in tree.all("p") if "hidden" in p] == [{"class": "cg-gpc", "hidden": ""}]
    plain = Tree(snippets.render(visit_of(shop)).decode())
    assert "data-cg-wait" not in plain.all("section")[0]
    assert "data-cg-state" not in plain.all("script")[0]


def test_those_who_have_answered_get_the_way_back_and_the_script_in_a_page_for_everyone(
    shop, visit_of, refused
):
    snippets = Snippets(shop)
    visit = for_everyone(visit_of(shop, refused))
    html = snippets.render(visit, nonce="abc", language="de")
    assert html.count(b' nonce="abc"') == 2
    tree = Tree(html.decode())
    (link,) = tree.all("a")
    assert (link["id"], link["lang"]) == ("cg-l", "de")
    (script,) = tree.all("script")
    assert script["src"].startswith("/privacy-choices/assets/cg.")
    assert script["data-cg-state"] == "/privacy-choices/state"
    linked = snippets.render(visit, page=b'<a href="/privacy-choices/">')
    assert [name for name, _ in Tree(linked.decode()).tags] == ["script"]
    away = snippets.render(visit, page=b'<a href="https://shop.example/privacy-choices/">', rebased=True)
    assert b'data-cg-state="https://shop.example/privacy-choices/state"' in away
