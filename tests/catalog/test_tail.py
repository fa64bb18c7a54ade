"""The long tail: its reader, its file checked as a whole, and what must stay out of it."""

from __future__ import annotations

from collections import Counter
from importlib import resources

import pytest
from babel import Locale

from cookiegate.catalog import Service, default_index, lookup_url, parse_url
from cookiegate.catalog.load import STANDARD_PURPOSES, load_services, parse_service
from cookiegate.catalog.tail import fields, parse_tail
from cookiegate.exceptions import CatalogError

TEXT = (resources.files("cookiegate.catalog") / "data" / "tail.tsv").read_text("utf-8")
TAIL = parse_tail(TEXT, "tail.tsv")
COMPLETE = tuple(service for service in load_services() if service.number)
INDEX = default_index()
COUNTRIES = Locale("en").territories

# What only delivers files, or is a page that others link to. Holding it breaks pages and protects nobody.
INNOCENT_HOSTS = """
    ajax.googleapis.com cdnjs.cloudflare.com cdn.jsdelivr.net unpkg.com code.jquery.com
    maxcdn.bootstrapcdn.com stackpath.bootstrapcdn.com netdna.bootstrapcdn.com use.fontawesome.com
    kit.fontawesome.com esm.sh d3e54v103j8qbb.cloudfront.net cdn.ampproject.org i0.wp.com i1.wp.com
    i2.wp.com s0.wp.com s1.wp.com s2.wp.com c0.wp.com s.w.org cdn.shopify.com fonts.shopifycdn.com
    images.ctfassets.net res.cloudinary.com images.squarespace-cdn.com assets.squarespace.com
    static1.squarespace.com static.parastorage.com static.wixstatic.com uploads-ssl.webflow.com
    cdn.prod.website-files.com storage.googleapis.com s3.amazonaws.com s3-us-west-2.amazonaws.com
    digitaloceanspaces.com blob.core.windows.net b-cdn.net akamaihd.net netdna-ssl.com kxcdn.com
    cachefly.net imgix.net lh3.googleusercontent.com 1.bp.blogspot.com upload.wikimedia.org
    commons.wikimedia.org github.com githubusercontent.com github.io archive.org static01.nyt.com
    i.guim.co.uk assets.guim.co.uk ichef.bbci.co.uk static.bbci.co.uk i.cdn.turner.com
    static.files.bbci.co.uk vanilla.futurecdn.net cdn.mos.cms.futurecdn.net hips.hearstapps.com
    cdn.vox-cdn.com s.yimg.com l.yimg.com o.aolcdn.com s.yimg.jp www.yahoo.com www.aol.com i.kinja-img.com
    www.gannett-cdn.com images-na.ssl-images-amazon.com m.media-amazon.com www.amazon.com www.ebay.com
    i.ebayimg.com www.bing.com www.microsoft.com www.apple.com www.google.com www.gstatic.com
    play.google.com www.reddit.com twitter.com x.com www.linkedin.com www.pinterest.com www.instagram.com
    www.youtube.com news.ycombinator.com en.wikipedia.org web.archive.org yandex.ru yastatic.net mail.ru
    vk.com www.baidu.com www.qq.com www.line.me www.naver.com www.seznam.cz www.wp.pl www.onet.pl
    www.01net.com www.lemonde.fr www.theguardian.com www.bbc.co.uk www.spiegel.de www.nytimes.com
    jquery.org schema.org www.w3.org gmpg.org mozilla.org letsencrypt.org digicert.com polyfill-fastly.io
    images.prismic.io img.etimg.com v.wpimg.pl ocdn.eu http2.mlstatic.com s3.glbimg.com img.alicdn.com
    at.alicdn.com mcusercontent.com media.beehiiv.com fonts.bunny.net cdn.tailwindcss.com cdn.sanity.io
    a.tile.openstreetmap.org images.unsplash.com i.imgur.com vjs.zencdn.net cdn.plyr.io www.hubspot.com
    www.otto.de allegro.pl www.opera.com mall.tv www.heureka.cz www.ceneo.pl www.billiger.de
""".split()  # noqa: SIM905 - a list of names reads better without quotes


def rule_of(service: Service) -> list[str]:
    return [*service.hosts, *service.paths, *service.shapes]


def examples(rule: str) -> list[str]:
    host, _, rest = rule.partition("/")
    path, _, parameter = rest.replace("*/", "folder/").replace("*", "-x1").partition("?")
    query = f"?{parameter}123" if parameter else ""
    host = host or "site.invalid"
    return [f"https://{host}/{path}{query}", f"https://sub.{host}/{path}{query}"]


def test_a_line_becomes_a_service() -> None:
    text = "# vendors\n\nx-ads\tX Ads\tDE\tmarketing\tx.example cdn.example/x/* y.example /*/x-ads.js\n"
    assert parse_tail(text, "x.tsv") == [
        Service(
            id="x-ads",
            name="X Ads",
            vendor="X Ads",
            country="DE",
            purpose="marketing",
            hosts=("x.example", "y.example"),
            paths=("cdn.example/x/*",),
            shapes=("/*/x-ads.js",),
            script=True,
            beacon=True,
        )
    ]


def test_what_is_not_there_to_report_has_no_beacons() -> None:
    (service,) = parse_tail("chat\tChat\t\tpreferences\tchat.example", "x.tsv")
    assert service.script
    assert not service.beacon
    assert service.country == ""


@pytest.mark.parametrize(
    "line", ["a", "a\tA\tDE\tanalytics", "a\tA\tDE\tanalytics\tb.example\tc", "a\tA\t\tm\t"]
)
def test_a_broken_line_is_named(line: str) -> None:
    with pytest.raises(CatalogError, match=r"^x\.tsv:2: "):
        parse_tail(f"# one\n{line}\n", "x.tsv")


def test_every_line_is_valid() -> None:
    for where, (id_, name, country, purpose, rules) in fields(TEXT, "tail.tsv"):
        raw: dict[str, object] = {"id": id_, "name": name, "vendor": name, "purpose": purpose}
        raw |= {"country": country, "script": True, "beacon": purpose in ("analytics", "marketing")}
        raw["hosts"] = [rule for rule in rules.split(" ") if "/" not in rule]
        raw["paths"] = [rule for rule in rules.split(" ") if "/" in rule[1:] and rule[0] != "/"]
        raw["shapes"] = [rule for rule in rules.split(" ") if rule[0] == "/"]
        assert parse_service(raw, where, purposes=STANDARD_PURPOSES) in TAIL, where
        assert purpose != "necessary", f"{where}: what is necessary has to say more about itself"
        assert len(name) <= 40, where
        assert not country or country in COUNTRIES, where


def test_the_file_reads_well() -> None:
    ids = [service.id for service in TAIL]
    assert ids == sorted(set(ids)), "sorted by id, each once"
    for service in TAIL:
        assert list(service.hosts) == sorted(service.hosts), service.id
        assert list(service.paths) == sorted(service.paths), service.id
        assert list(service.shapes) == sorted(service.shapes), service.id
    assert TEXT.endswith("\n")
    assert "\r" not in TEXT


def test_nothing_is_claimed_twice() -> None:
    """Whoever completes a service takes its line out of the tail."""
    assert {service.id for service in TAIL} & {service.id for service in COMPLETE} == set()
    names = Counter(service.name.casefold() for service in (*TAIL, *COMPLETE))
    assert [name for name, times in names.items() if times > 1] == []
    rules = Counter(rule for service in (*TAIL, *COMPLETE) for rule in rule_of(service))
    assert [rule for rule, times in rules.items() if times > 1] == []
    complete = {host for service in COMPLETE for host in service.hosts}
    for service in TAIL:
        for rule in rule_of(service):
            host, slash, _ = rule.partition("/")
            within = {host} if slash else set()
            while "." in host:
                host = host.partition(".")[2]
                within.add(host)
            assert within & complete == set(), f"{service.id}: {rule} is another vendor's already"
            assert within & set(service.hosts) == set(), f"{service.id}: {rule} is said already"


def test_every_rule_leads_to_its_service() -> None:
    for service in TAIL:
        for rule in rule_of(service):
            for address in examples(rule):
                url = parse_url(address)
                assert url is not None
                match = INDEX.match_url(url)
                assert match is not None, address
                assert match.service.id == service.id, address


@pytest.mark.parametrize("host", INNOCENT_HOSTS)
def test_innocent_hosts_stay_unknown(host: str) -> None:
    for path in ("/", "/images/logo.png", "/js/app.min.js", "/css/style.css", "/2024/some-article.html"):
        assert lookup_url(f"https://{host}{path}") is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://treg.hearstnp.com/treg.js", "hearst-newspapers-analytics"),
        ("https://www.hearstnp.com/", None),
        ("https://cdn.ampproject.org/v0/amp-ad-0.1.js", "google-amp-ads"),
        ("https://cdn.ampproject.org/v0.js", None),
        ("https://cdn.ampproject.org/v0/amp-bind-0.1.js", None),
        ("https://oascentral.example.com/RealMedia/ads/adstream_sx.ads/x/1", "open-adstream"),
        ("https://piwik.itzbund.de/js/", "itzbund-matomo"),
        ("https://sa.bbc.co.uk/bbc/bbc/s", "bbc-analytics"),
        ("https://www.bbc.co.uk/news", None),
    ],
)
def test_addresses_of_the_tail(url: str, expected: str | None) -> None:
    service = lookup_url(url)
    assert (service and service.id) == expected


def test_the_catalogue_knows_thousands_of_hosts() -> None:
    services = load_services()
    assert len(COMPLETE) >= 350
    assert sum(len(service.hosts) + len(service.paths) for service in services) >= 4000
    assert sum(len(service.hosts) for service in TAIL) >= 1500
