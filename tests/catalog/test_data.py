"""The shipped data files, checked as a whole: what one service says must hold beside all the others."""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources

import pytest
from babel import Locale

from cookiegate.catalog import Index, Service, Url, default_index, lookup_cookie, lookup_url, parse_url
from cookiegate.catalog.inline import compile_signature
from cookiegate.catalog.load import STANDARD_PURPOSES, load_services, parse_file, parse_sources
from cookiegate.exceptions import CatalogError

# The complete services; the long tail has tests of its own.
SERVICES = tuple(service for service in load_services() if service.number)
INDEX = default_index()
COUNTRIES = Locale("en").territories

# Cookies of frameworks, shops and sign-ins that must never count as a tracker's.
EVERYDAY_COOKIES = """
    sessionid session session_id sid sess SESSION SESSIONID csrftoken csrf _csrf csrf_token XSRF-TOKEN
    PHPSESSID JSESSIONID ASP.NET_SessionId .AspNetCore.Session .AspNetCore.Antiforgery.abc
    .AspNetCore.Identity.Application laravel_session remember_web_59ba _session_id _rails_session
    _myapp_session rack.session connect.sid express.sid koa.sess koa.sess.sig cart cart_id cartToken
    basket basket_id wishlist order_id checkout_token woocommerce_cart_hash woocommerce_items_in_cart
    wp_woocommerce_session_1 wordpress_logged_in_1 wordpress_sec_1 wordpress_test_cookie wp-settings-1
    wp-settings-time-1 comment_author_1 wp-postpass_1 django_language messages language lang locale
    i18n_redirected currency country theme color_scheme dark_mode font_size timezone tz auth auth_token
    access_token refresh_token id_token jwt token remember_me remember_token user user_id username login
    logged_in uid uuid id guest_id visitor_id visitor device_id client_id next-auth.session-token
    __Secure-next-auth.session-token __Host-next-auth.csrf-token sb-access-token frontend frontend_cid
    form_key mage-cache-storage mage-messages shopware_session __Host-cg __Secure-cg cg cookie_consent
    cookieconsent_status gdpr consent flash preview ref redirect_to
    return_to pagesize sort tab sidebar test test_cookie fr en de AWSALB AWSALBCORS ARRAffinity SERVERID
    BIGipServerpool gallery_view _gallery amplifier_on hjelp fbshare mf_cart intercom_closed ajax_nonce
    optin mode video_volume
""".split()  # noqa: SIM905 - two hundred names read better without quotes

PUBLIC_SUFFIXES = {
    "co.uk",
    "com.au",
    "github.io",
    "cloudfront.net",
    "amazonaws.com",
    "googleapis.com",
    "gstatic.com",
}


def data_file(name: str) -> str:
    return (resources.files("cookiegate.catalog") / "data" / f"{name}.toml").read_text("utf-8")


def ids(service: Service) -> str:
    return service.id


def spelt(shape: str) -> list[str]:
    """Addresses of that shape: bare ones, and deeper and longer ones where it has wildcards."""
    path, _, query = shape.partition("?")
    parameters = [f"{text[:-1]}7" if text[-1] == "#" else f"{text}x" for text in query.split("&") if text]
    query = "&".join(parameters or ["x=1"])
    bare = path.replace("/*/", "/", 1).replace("#", "7").replace("*", "x")
    deep = path.replace("/*/", "/some/folder/", 1).replace("#", "7001").replace("*", "-x_1.2")
    return [f"{bare}?{query}", f"{deep}?l=x&{query}&z=1"]


def examples(service: Service) -> list[Url]:
    """One address for each rule of the service, sub-domain included."""
    addresses = [f"https://{host}/any/file.js" for host in service.hosts]
    addresses += [f"https://sub.{host}/" for host in service.hosts]
    for text in service.paths:
        host, _, rest = text.partition("/")
        path, _, parameter = rest.partition("?")
        path = "/" + path.replace("*/", "folder/").replace("*", "-x1")
        query = f"?l=x&{parameter}123" if parameter else "?x=1"
        addresses.append(f"https://www.{host}{path}{query}")
    addresses += [f"https://site.invalid{address}" for shape in service.shapes for address in spelt(shape)]
    urls = [parse_url(address) for address in addresses]
    assert None not in urls
    return [url for url in urls if url is not None]


@pytest.mark.parametrize("service", SERVICES, ids=ids)
def test_a_service_is_complete(service: Service) -> None:
    assert service.number > 0
    assert service.purpose in STANDARD_PURPOSES
    assert service.country in COUNTRIES
    assert all(country in COUNTRIES for country in service.transfers)
    assert service.country not in service.transfers
    assert service.privacy_policy.startswith("https://")
    assert service.hosts or service.paths or service.shapes or service.inline
    assert len(service.name) <= 40, "names stand in a narrow list"
    for cookie in service.cookies:
        assert cookie.name.count("*") <= 5
        assert len(cookie.name.replace("*", "")) >= 4 or "*" not in cookie.name


@pytest.mark.parametrize("service", SERVICES, ids=ids)
def test_every_rule_of_a_service_leads_to_it(service: Service) -> None:
    for url in examples(service):
        match = INDEX.match_url(url)
        assert match is not None, url
        if (
            match.service is not service
        ):  # a narrower rule of another service may lie below a host of this one
            assert match.rule not in service.hosts
            assert "/any/" in url.path or url.path == "/", f"{url} is taken by {match.service.id}"
            assert match.rule.startswith(url.host), f"{url} is taken by {match.service.id}"


@pytest.mark.parametrize("service", SERVICES, ids=ids)
def test_every_cookie_of_a_service_leads_to_it(service: Service) -> None:
    for cookie in service.cookies:
        match = INDEX.match_cookie(cookie.name.replace("*", "1x"))
        assert match is not None
        assert (match.service.id, match.rule) == (service.id, cookie.name)


@pytest.mark.parametrize("service", [service for service in SERVICES if service.inline], ids=ids)
def test_every_signature_of_a_service_is_found_in_a_call(service: Service) -> None:
    for text in service.inline:
        call = text.removeprefix("?")
        for code in (call, call.replace(" ", ""), call.replace("'", '"').replace(" ", "\n")):
            named = [match.service.id for match in INDEX.match_inline(f"x();{code}")]
            assert service.id in named, code
        assert compile_signature(text).anchor in call


def test_nothing_is_claimed_twice() -> None:
    for field in ("id", "number", "name"):
        claims = Counter(getattr(service, field) for service in SERVICES)
        assert [claim for claim, times in claims.items() if times > 1] == []
    for field in ("hosts", "paths", "shapes", "inline", "storage"):
        claims = Counter(claim for service in SERVICES for claim in getattr(service, field))
        assert [claim for claim, times in claims.items() if times > 1] == []
    cookies = Counter(cookie.name for service in SERVICES for cookie in service.cookies)
    assert [name for name, times in cookies.items() if times > 1] == []


def test_no_host_is_anybodys() -> None:
    for service in SERVICES:
        for host in service.hosts:
            assert host not in PUBLIC_SUFFIXES, service.id
            parents = [other for other in service.hosts if host.endswith(f".{other}")]
            assert parents == [], f"{service.id}: {host} is said by {parents} already"


@pytest.mark.parametrize("name", EVERYDAY_COOKIES)
def test_everyday_cookies_belong_to_nobody(name: str) -> None:
    assert lookup_cookie(name) is None


def test_necessary_is_only_what_a_visitor_asks_for_or_is_guarded_by() -> None:
    named = {service.id for service in SERVICES if service.purpose == "necessary"}
    assert named >= {"cloudflare", "hcaptcha", "paypal", "stripe"}
    kept = parse_file(data_file("necessary"), "necessary.toml")
    assert named == {service.id for service in kept} | {"cloudflare", "hcaptcha", "paypal", "stripe"}
    for service in kept:
        assert not service.beacon, f"{service.id}: nobody asks for a web beacon"
    for name in ("CookieConsent", "OptanonConsent", "didomi_token", "borlabs-cookie", "TC_PRIVACY"):
        keeper = lookup_cookie(name)
        assert keeper is not None
        assert keeper.purpose == "necessary", "the visitor's choice itself needs no consent"


def test_numbers_are_never_reused() -> None:
    """The numbers of the first services are in visitors' cookies: they stay as they are for ever."""
    assert len(SERVICES) >= 64
    first = ["google-analytics", "google-tag-manager", "google-ads", "google-adsense", "google-ad-manager"]
    first += ["google-maps", "youtube", "vimeo", "meta-pixel", "facebook-plugins", "instagram", "hotjar"]
    assert [service.id for service in SERVICES[: len(first)]] == first
    assert [service.number for service in SERVICES] == sorted(service.number for service in SERVICES)


@pytest.mark.parametrize("name", ["analytics", "advertising", "embeds", "necessary", "support", "tags"])
def test_a_file_reads_well(name: str) -> None:
    text = data_file(name)
    assert parse_file(text, f"{name}.toml")
    assert not re.search(r"[ \t]$|\t", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 160


def test_two_services_with_one_number_or_id_are_refused() -> None:
    block = '[[services]]\nid="{}"\nname="A"\nvendor="A"\npurpose="analytics"\nnumber={}\n'
    for second in (("a", 2), ("b", 1)):
        text = block.format("a", 1) + block.format(*second)
        with pytest.raises(CatalogError, match="never reused"):
            parse_sources({"x.toml": text.encode()})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.googletagmanager.com/gtag/js?id=G-1", "google-analytics"),
        ("https://www.googletagmanager.com/gtag/js?id=AW-1", "google-ads"),
        ("https://www.googletagmanager.com/gtm.js?id=GTM-1", "google-tag-manager"),
        ("//www.googletagmanager.com/ns.html?id=GTM-1", "google-tag-manager"),
        ("https://www.google-analytics.com/collect?v=1", "google-analytics"),
        ("https://region1.google-analytics.com/g/collect", "google-analytics"),
        ("https://www.facebook.com/tr?id=1&ev=PageView&noscript=1", "meta-pixel"),
        ("https://connect.facebook.net/en_US/fbevents.js", "meta-pixel"),
        ("https://connect.facebook.net/signals/config/1", "meta-pixel"),
        ("https://connect.facebook.net/de_DE/sdk.js#xfbml=1", "facebook-plugins"),
        ("https://connect.facebook.net/en_US/all.js", "facebook-plugins"),
        ("https://www.facebook.com/plugins/like.php?href=x", "facebook-plugins"),
        ("https://www.facebook.com/v19.0/plugins/post.php", "facebook-plugins"),
        ("https://www.facebook.com/profile.php?id=1", None),
        ("https://www.facebook.com/sharer/sharer.php?u=x", None),
        ("https://www.facebook.com/travel", None),
        ("https://www.youtube.com/embed/abc", "youtube"),
        ("https://www.youtube-nocookie.com/embed/abc", "youtube"),
        ("https://i.ytimg.com/vi/abc/hqdefault.jpg", "youtube"),
        ("https://www.youtube.com/iframe_api", "youtube"),
        ("https://www.youtube.com/watch?v=abc", None),
        ("https://www.youtube.com/@channel", None),
        ("https://player.vimeo.com/video/1", "vimeo"),
        ("https://vimeo.com/1", None),
        ("https://www.google.com/maps/embed?pb=1", "google-maps"),
        ("https://www.google.de/maps/embed?pb=1", "google-maps"),
        ("https://maps.googleapis.com/maps/api/js?key=x", "google-maps"),
        ("https://www.google.com/recaptcha/api.js", "recaptcha"),
        ("https://www.gstatic.com/recaptcha/releases/x/recaptcha__en.js", "recaptcha"),
        ("https://www.google.com/pagead/1p-user-list/1/", "google-ads"),
        ("https://www.google.de/ads/ga-audiences?x=1", "google-ads"),
        ("https://www.google.com/search?q=x", None),
        ("https://googleads.g.doubleclick.net/pagead/viewthroughconversion/1/", "google-ads"),
        ("https://pagead2.googlesyndication.com/pagead/js/adsbygoogle.js", "google-adsense"),
        ("https://securepubads.g.doubleclick.net/tag/js/gpt.js", "google-ad-manager"),
        ("https://snap.licdn.com/li.lms-analytics/insight.min.js", "linkedin-insight"),
        ("https://px.ads.linkedin.com/collect/?pid=1&fmt=gif", "linkedin-insight"),
        ("https://dc.ads.linkedin.com/collect/", "linkedin-insight"),
        ("https://www.linkedin.com/px/li_sync", "linkedin-insight"),
        ("https://www.linkedin.com/in/somebody", None),
        ("https://t.co/i/adsct?txn_id=1", "x-pixel"),
        ("https://t.co/abc", None),
        ("https://static.ads-twitter.com/uwt.js", "x-pixel"),
        ("https://platform.twitter.com/widgets.js", "x-embed"),
        ("https://platform.twitter.com/oct.js", "x-pixel"),
        ("https://twitter.com/somebody", None),
        ("https://analytics.tiktok.com/i18n/pixel/events.js", "tiktok-pixel"),
        ("https://www.tiktok.com/embed.js", "tiktok"),
        ("https://www.tiktok.com/@somebody", None),
        ("https://www.instagram.com/embed.js", "instagram"),
        ("https://www.instagram.com/p/abc/embed/captioned/", "instagram"),
        ("https://www.instagram.com/somebody/", None),
        ("https://assets.pinterest.com/js/pinit.js", "pinterest-widgets"),
        ("https://s.pinimg.com/ct/core.js", "pinterest-tag"),
        ("https://bat.bing.com/bat.js", "bing-uet"),
        ("https://www.bing.com/search?q=x", None),
        ("https://www.clarity.ms/tag/abc", "microsoft-clarity"),
        ("https://stats.shop.example/matomo.js", "matomo"),
        ("https://shop.example/piwik/piwik.php?idsite=1&rec=1", "matomo"),
        ("https://x.matomo.cloud/matomo.js", "matomo"),
        ("https://cdn.matomo.cloud/x.matomo.cloud/matomo.js", "matomo"),
        ("https://cdn.matomo.cloud/x.matomo.cloud/container_1.js", "matomo-tag-manager"),
        ("https://js.hs-scripts.com/1.js", "hubspot"),
        ("https://js-eu1.hsforms.net/forms/embed/v2.js", "hubspot"),
        ("https://track.hubspot.com/__ptq.gif?k=1", "hubspot"),
        ("https://www.hubspot.com/products", None),
        ("https://cdn.segment.com/analytics.js/v1/x/analytics.min.js", "segment"),
        ("https://open.spotify.com/embed/track/1", "spotify"),
        ("https://open.spotify.com/track/1", None),
        ("https://www.paypal.com/sdk/js?client-id=x", "paypal"),
        ("https://www.paypal.com/tagmanager/pptm.js", "paypal-marketing"),
        ("https://assets.adobedtm.com/launch-EN1.min.js", "adobe-launch"),
        ("https://company.tt.omtrdc.net/m2/x/mbox", "adobe-target"),
        ("https://company.sc.omtrdc.net/b/ss/x/1", "adobe-analytics"),
        ("https://cdn.jsdelivr.net/npm/bootstrap@5/dist/css/bootstrap.min.css", None),
        ("https://cdnjs.cloudflare.com/ajax/libs/jquery/3.7.1/jquery.min.js", None),
        ("https://ajax.googleapis.com/ajax/libs/jquery/3.7.1/jquery.min.js", None),
        ("https://github.com/matomo-org/matomo", None),
        ("https://de.wikipedia.org/wiki/Web_Analytics", None),
    ],
)
def test_well_known_addresses(url: str, expected: str | None) -> None:
    for text in (url, url.encode()):
        service = lookup_url(text)
        assert (service and service.id) == expected


def test_lookups_of_nonsense() -> None:
    assert lookup_url("data:text/plain,x") is None
    assert lookup_url(b"\xff\xfe") is None
    assert lookup_url("") is None
    assert lookup_cookie("") is None
    assert isinstance(INDEX, Index)
