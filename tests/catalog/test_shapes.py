"""Trackers behind a site's own hosts: known by the shape of the address, which no innocent one has."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cookiegate.catalog import Index, Service, Url, default_index, lookup_url
from cookiegate.catalog.shapes import Shapes, telling_segment

INDEX = default_index()

# What proxies and CNAMEs serve: the vendors' own addresses on another host.
TRACKERS = [
    ("/gtag/js?id=G-ABC123", "google-analytics"),
    ("/metrics/gtag/js?l=dataLayer&id=G-ABC123", "google-analytics"),
    ("/gtag/js?id=AW-123", "google-ads"),
    ("/gtag/js?id=DC-123", "google-ad-manager"),
    ("/x7k2.js?id=GTM-ABC123", "google-tag-manager"),
    ("/gtm.js?id=GTM-ABC123&gtm_auth=x", "google-tag-manager"),
    ("/gtm/ns.html?id=GTM-ABC123", "google-tag-manager"),
    ("/load/?id=G-ABC123&l=dataLayer", "google-analytics"),
    ("/g/collect?v=2&tid=G-ABC123&gtm=45je&_p=1", "google-analytics"),
    ("/collect?v=1&_v=j99&tid=UA-1-1", "google-analytics"),
    ("/j/collect/?v=1&tid=UA-1-1", "google-analytics"),
    ("/__utm.gif?utmwv=5.7.2", "google-analytics"),
    ("/wp-content/plugins/google-analytics-for-wordpress/assets/js/frontend-gtag.min.js", "google-analytics"),
    ("/wp-content/uploads/caos/a1b2c3.js", "google-analytics"),
    ("/b/ss/companyrsid/1/JS-2.22.0/s12345?AQB=1", "adobe-analytics"),
    ("/b/ss/companyrsid,global/1/H.25--NS/0", "adobe-analytics"),
    ("/ee/irl1/v1/interact?configId=1&requestId=2", "adobe-analytics"),
    ("/id?d_visid_ver=4.4.0&d_fieldgroup=MC", "adobe-audience-manager"),
    ("/launch-EN0123456789abcdef0123456789abcdef.min.js", "adobe-launch"),
    ("/a/satelliteLib-0123456789abcdef.js", "adobe-launch"),
    ("/matomo.php?idsite=1&rec=1", "matomo"),
    ("/piwik/piwik.js", "matomo"),
    ("/proxy.php?idsite=3&rec=1", "matomo"),
    ("/stats/matomo.js", "matomo"),
    ("/matomo/js/container_AbC123.js", "matomo-tag-manager"),
    ("/tr?id=123456789&ev=PageView&noscript=1", "meta-pixel"),
    ("/fb/tr/?ev=PageView&id=123456789", "meta-pixel"),
    ("/signals/config/123456789", "meta-pixel"),
    ("/c/hotjar-12345.js?sv=6", "hotjar"),
    ("/s/0.7.20/clarity.js", "microsoft-clarity"),
    ("/com.snowplowanalytics.snowplow/tp2", "snowplow"),
    ("/i?stm=1&e=pv&url=x&tv=js-2.18.0", "snowplow"),
    ("/analytics.js/v1/abcKEY/analytics.min.js", "segment"),
    ("/ajs/next-integrations/integrations/x/1.js.gz", "segment"),
    ("/js/plausible.hash.js", "plausible"),
    ("/js/script.outbound-links.tagged-events.js", "plausible"),
    ("/track/?data=eyJldmVudCI6", "mixpanel"),
    ("/lib/mixpanel-2-latest.min.js", "mixpanel"),
    ("/libs/analytics-browser-2.11.1-min.js.gz", "amplitude"),
    ("/js/heap-123456.js", "heap"),
    ("/h?a=123&u=456&v=789&s=1", "heap"),
    ("/e/?ip=1&_=1700000000&ver=1.0", "posthog"),
    ("/array/phc_abc/array.js", "posthog"),
    ("/ingest/static/array.js", "posthog"),
    ("/v1.1/rudder-analytics.min.js", "rudderstack"),
    ("/utag/company/main/prod/utag.js", "tealium"),
    ("/utag/company/main/prod/utag.42.js", "tealium"),
    ("/i18n/pixel/events.js?sdkid=1", "tiktok-pixel"),
    ("/li.lms-analytics/insight.min.js", "linkedin-insight"),
    ("/action/0?ti=123&Ver=2", "bing-uet"),
    ("/js/ld/ld.js", "criteo"),
    ("/metrika/tag.js", "yandex-metrica"),
    ("/rtrg?p=VK-RTRG-1", "vk-ads"),
    ("/scevent.min.js", "snapchat-pixel"),
    ("/ct/core.js", "pinterest-tag"),
    ("/ads/pixel.js", "reddit-pixel"),
    ("/uwt.js", "x-pixel"),
    ("/obtp.js", "outbrain"),
    ("/libtrc/publisher/loader.js", "taboola"),
    ("/ppms.php?action_name=x", "piwik-pro"),
    ("/hit.xiti?s=1", "piano"),
    ("/uxa/0123456789abc.js", "contentsquare"),
    ("/quant.js", "quantcast"),
    ("/pixel/p-abc.gif", "quantcast"),
    ("/b?c1=2&c2=1234", "comscore"),
    ("/cs/1234/beacon.js", "comscore"),
    ("/ping?h=x&p=y&u=z&d=w", "chartbeat"),
    ("/nr-1234.min.js", "new-relic"),
    ("/api/1/envelope/?sentry_key=abc", "sentry"),
    ("/js/ruxitagentjs_ICA27_1.js", "dynatrace"),
    ("/adrum/adrum-21.js", "appdynamics"),
    ("/j.php?a=123&u=https%3A%2F%2Fx", "vwo"),
    ("/api/8771/api_dynamic.js", "dynamic-yield"),
    ("/pd.js", "pardot"),
    ("/hs/scriptloader/123.js", "hubspot"),
    ("/123456789/wt?p=432,x", "mapp"),
    ("/hm.js?0123456789abcdef", "baidu-tongji"),
    ("/www/delivery/ajs.php?zoneid=1", "revive"),
    ("/js/prebid8.52.0.js", "prebid"),
    ("/.well-known/shopify/monorail/unstable/produce_batch", "shopify-analytics"),
    ("/web-pixels@abc/app/x", "shopify-analytics"),
    ("/RealMedia/ads/adstream_jx.ads/x", "open-adstream"),
    ("//gtag//js?id=G-1", "google-analytics"),
    ("/%67tag/js?id=G-1", "google-analytics"),
]

# Ordinary sites' own files, and what only resembles a tracker's.
INNOCENT = """
    / /track /track?id=1 /track?data=1 /collect /collect?v=1 /collect?v=2&tid=7 /analytics /analytics.js
    /js/analytics.js /assets/analytics.min.js /api/event /api/event?x=1 /api/events /api/track
    /api/collect /e?id=1 /event /events.js /js/events.js /pixel.js /pixel.gif /beacon.js /b/ss /b/ss/x
    /b/ss.css /b/ss/theme/main.css /tr/ /tr/urunler /tr?id=5 /tr/kategori?id=5&ev=2 /tr?id=abc&ev=x
    /js/tag.js /tag.js /watch /watch/123 /watch.js /watch/123?v=1 /i?id=1 /h?a=b /i18n/de.js
    /i18n/events.js /js/core.js /ct/style.css /static/array.js /array.js /js/loader.js /libs/loader.js
    /s/fs.css /js/launch.min.js /js/launch-page.min.js /launch-campaign.js /img/launch-event-12.jpg
    /js/script.js /script.js /js/script.min.js /count.js /js/count.js /stats.js /metrics /metrics.js
    /js/sdk.js /js/main.js /a/b/c/container_main.js /js/container_slider.js /matomo /docs/matomo
    /blog/hotjar-vs-clarity /img/hotjar-logo.png /img/mixpanel.svg /img/prebid-logo.svg /heap.js
    /js/heap-sort.js /docs/heap-1.html /product?id=G-12 /product?id=GTM-900 /img.php?id=GTM-900 /gtag
    /gtag/js /gtag/js?x=1 /js?id=G-1 /utag.css /img/utag.png /quant /quant.html /js/outbrain-theme.css
    /ads /ads/ /ads.txt /img/ads/banner.jpg /cs/ /cs/produkty /hs /ee /ss/ /b?c=1 /p?c1=1 /pd /pd.html
    /shop/pd.js /hm /de/hm.js /api/1/users /api/8771/x.js /ping /ping?x=1 /id?x=1 /id/produk /j.php
    /j.php?a=1 /in.php?id=1 /t.php /wt /s/wt?p=x /www/ /hit /counter.js /counter/style.css /umami
    /img/clarity.jpg /clarity.js /sdk/clarity.js /js/quantity.js /js/fbevents.json
    /wp-content/plugins/woocommerce/assets/js/frontend/cart-fragments.min.js
    /wp-content/uploads/2024/05/matomo.png /wp-content/themes/x/js/navigation.js
    /wp-includes/js/jquery/jquery.min.js /wp-json/wp/v2/posts?per_page=1
    /_next/static/chunks/main-0123456789abcdef.js /_next/image?url=%2Fa.png&w=640&q=75 /_nuxt/entry.abc.js
    /cdn/shop/files/logo.png?v=1&width=100 /cdn/shop/t/1/assets/theme.js /cdn-cgi/image/width=80/a.png
    /cdn-cgi/scripts/5c5dd728/cloudflare-static/email-decode.min.js /sites/default/files/js/js_abc.js
    /etc.clientlibs/site/clientlibs/clientlib-base.min.js /typo3temp/assets/x.js /bundles/app.bundle.js
    /bundle.min.js /js/bundle.js /sitemap.xml /search?q=gtag/js?id=G-1 /redirect?to=/matomo.js&x=1
    /login?next=/b/ss/x/1 /rsa.min.js /js/amplitude.min.js /snow/snowplow.jpg /api/2/envelope
    /envelope?key=1
""".split()  # noqa: SIM905 - a list of addresses reads better without quotes


def parts(address: str) -> tuple[str, str]:
    path, _, query = address.partition("?")
    return path, query


@pytest.mark.parametrize(("address", "expected"), TRACKERS)
def test_a_tracker_is_known_on_whatever_host(address: str, expected: str) -> None:
    match = INDEX.match_shape(*parts(address))
    assert match is not None
    assert match.service.id == expected
    assert match.shape
    assert match.rule in match.service.shapes
    for host in ("shop.example", "metrics.shop.example", "unknown.invalid", "localhost", "127.0.0.1"):
        assert INDEX.match_url(Url("https", host, *parts(address))) == match
    assert INDEX.match_site_path(*parts(address)) == match
    found = lookup_url(f"https://metrics.shop.example{address}")
    assert found is match.service


@pytest.mark.parametrize("address", INNOCENT)
def test_an_ordinary_file_is_nobodys(address: str) -> None:
    assert INDEX.match_shape(*parts(address)) is None


def test_a_host_that_is_known_speaks_for_itself() -> None:
    match = INDEX.match_url(Url("https", "www.clarity.ms", "/matomo.js"))
    assert match is not None
    assert match.service.id == "microsoft-clarity"
    assert not match.shape


def test_the_shape_that_says_most_wins_and_paths_below_count_where_nothing_is_asked() -> None:
    index = Index([service("a", "/*/track.gif"), service("b", "/*/track.gif?id=#", "/x/y/*/track.gif")])

    def rule(path: str, query: str = "") -> str | None:
        match = index.match_shape(path, query)
        return match and match.rule

    assert rule("/z/track.gif") == "/*/track.gif"
    assert rule("/z/track.gif/below") == "/*/track.gif"
    assert rule("/track.gif", "id=7") == "/*/track.gif?id=#"
    assert rule("/track.gif", "id=x&id=7") == "/*/track.gif?id=#"
    assert rule("/track.gif/", "id=7") == "/*/track.gif?id=#"
    assert rule("/track.gif/below", "id=7") == "/*/track.gif"
    assert rule("/track.gif", "id=\u0663") == "/*/track.gif"
    assert rule("/track.gif", "xid=7") == "/*/track.gif"
    assert rule("/x/y/track.gif") == "/x/y/*/track.gif"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/*/matomo.js", ("matomo.js", True)),
        ("/*/js/ld/ld.js", ("ld.js", True)),
        ("/gtag/js", ("gtag", True)),
        ("/b", ("b", True)),
        ("/*/s/*.js", ("s", True)),
        ("/*/hotjar-#.js", ("hotjar-", False)),
        ("/web-pixels@*", ("web-pixels@", False)),
        ("/first-*/js", ("first-", False)),
        ("/*/first-*/js", ("js", True)),
        ("/*/*.js", ("", False)),
        ("/*", ("", False)),
    ],
)
def test_what_tells_a_path(path: str, expected: tuple[str, bool]) -> None:
    assert telling_segment(path) == expected


def service(id_: str, *shapes: str) -> Service:
    return Service(id=id_, name=id_, vendor="V", purpose="analytics", shapes=shapes)


RULES = [rule for each in INDEX.services for rule in each.shapes]
FILLED = st.sampled_from(RULES).flatmap(
    lambda rule: st.builds(
        lambda run, text, digits, more: (
            rule.replace("/*/", run, 1).replace("*", text).replace("#", digits)
            + (more if "?" in rule else "?" + more[1:])
        ),
        st.sampled_from(["/", "/a/", "/a/b/"]),
        st.sampled_from(["x", "-1.2", "EN1"]),
        st.sampled_from(["1", "42"]),
        st.sampled_from(["1", "&z=1", "1&x=2"]),
    )
)


@given(FILLED)
def test_bytes_of_a_match_hold_a_word(address: str) -> None:
    """What the quick look at tags relies on."""
    path, query = parts(address)
    if INDEX.match_shape(path, query) is not None and "&" not in query:
        words = "|".join(map(re.escape, INDEX.site_words))
        assert re.search(f"[/=](?:{words})", address)


@given(st.text(), st.text())
@example("/" + "a/" * 5000 + "hotjar-1.js", "")
@example("/tr" * 5000, "id=" * 5000)
def test_any_text_is_looked_at(path: str, query: str) -> None:
    INDEX.match_shape(path, query)


def test_without_shapes_nothing_has_one() -> None:
    shapes = Shapes([])
    assert shapes.words == ()
    assert shapes.first("/matomo.js", "id=1") is None
