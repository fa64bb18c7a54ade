"""The third kind of page: a shop with a magazine, as marketing leaves it. Every text and snippet is our own.

The snippets do what the vendors' own do, by the same names and addresses: that is what tells them.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from pages import WORDS, bundle, filled, state

if TYPE_CHECKING:
    from collections.abc import Iterator

_CDN = "https://cdn.linden.example"
_STRANGER = "https://linden.imagecdn.example"
_WIDTHS = (320, 640, 960)
_SECTIONS = ("Kitchen", "Table", "Bath", "Garden", "Light", "Textiles", "Paper", "Gifts")
_PATHS = (
    "M12 2l3 7h7l-6 4 2 8-6-5-6 5 2-8-6-4h7z",
    "M3 6h18M3 12h18M3 18h18",
    "M6 6h15l-2 9H7zM6 6L5 3H2m7 17a1 1 0 102 0 1 1 0 00-2 0m8 0a1 1 0 102 0 1 1 0 00-2 0",
    "M12 21s-8-5-8-11a4 4 0 018-3 4 4 0 018 3c0 6-8 11-8 11z",
)

_GTAG = """<script async src="https://www.googletagmanager.com/gtag/js?id=G-L1ND3NSALT"></script>
<script>
  window.dataLayer = window.dataLayer || [];
  function gtag(){ dataLayer.push(arguments); }
  gtag('js', new Date());
  gtag('config', 'G-L1ND3NSALT', { anonymize_ip: true, send_page_view: true });
</script>
"""
_GTM = """<script>
(function (win, doc, name, id) {
  win[name] = win[name] || [];
  win[name].push({ 'gtm.start': new Date().getTime(), event: 'gtm.js' });
  var first = doc.getElementsByTagName('script')[0], tag = doc.createElement('script');
  tag.async = true;
  tag.src = 'https://www.googletagmanager.com/gtm.js?id=' + id + (name != 'dataLayer' ? '&l=' + name : '');
  first.parentNode.insertBefore(tag, first);
})(window, document, 'dataLayer', 'GTM-LNDN42');
</script>
"""
_META = """<script>
!function (win, doc) {
  if (win.fbq) return;
  var queue = win.fbq = function () {
    queue.callMethod ? queue.callMethod.apply(queue, arguments) : queue.queue.push(arguments);
  };
  queue.push = queue; queue.loaded = true; queue.version = '2.0'; queue.queue = [];
  var tag = doc.createElement('script'), first = doc.getElementsByTagName('script')[0];
  tag.async = true; tag.src = 'https://connect.facebook.net/en_US/fbevents.js';
  first.parentNode.insertBefore(tag, first);
}(window, document);
fbq('init', '408152342342342');
fbq('track', 'PageView');
</script>
<noscript><img height="1" width="1" style="display:none" alt=""
 src="https://www.facebook.com/tr?id=408152342342342&amp;ev=PageView&amp;noscript=1"></noscript>
"""
_HOTJAR = """<script>
(function (h, o) {
  h.hj = h.hj || function () { (h.hj.q = h.hj.q || []).push(arguments); };
  h._hjSettings = { hjid: 2923482, hjsv: 6 };
  var head = o.getElementsByTagName('head')[0], tag = o.createElement('script');
  tag.async = 1;
  tag.src = 'https://static.hotjar.com/c/hotjar-' + h._hjSettings.hjid + '.js?sv=' + h._hjSettings.hjsv;
  head.appendChild(tag);
})(window, document);
</script>
"""
_LINKEDIN = """<script type="text/javascript">
_linkedin_partner_id = "4823917";
window._linkedin_data_partner_ids = window._linkedin_data_partner_ids || [];
window._linkedin_data_partner_ids.push(_linkedin_partner_id);
</script>
<script type="text/javascript">
(function (known) {
  if (!known) {
    window.lintrk = function (a, b) { window.lintrk.q.push([a, b]); };
    window.lintrk.q = [];
  }
  var first = document.getElementsByTagName("script")[0], tag = document.createElement("script");
  tag.type = "text/javascript"; tag.async = true;
  tag.src = "https://snap.licdn.com/li.lms-analytics/insight.min.js";
  first.parentNode.insertBefore(tag, first);
})(window.lintrk);
</script>
<noscript><img height="1" width="1" style="display:none;" alt=""
 src="https://px.ads.linkedin.com/collect/?pid=4823917&amp;fmt=gif"></noscript>
"""
_ADS = """<script async src="https://securepubads.g.doubleclick.net/tag/js/gpt.js"></script>
<script>window.googletag = window.googletag || {cmd: []};
googletag.cmd.push(function () { googletag.pubads().enableSingleRequest(); googletag.enableServices(); });</script>
"""
_GTM_FRAME = """<noscript><iframe src="https://www.googletagmanager.com/ns.html?id=GTM-LNDN42"
 height="0" width="0" style="display:none;visibility:hidden"></iframe></noscript>
"""
_OWN_CODE = """<script>
document.documentElement.className = document.documentElement.className.replace('no-js', 'js');
(function () {
  var theme = localStorage.getItem('theme') || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  document.documentElement.dataset.theme = theme;
  window.linden = { basket: [], api: '/api/v2', cdn: 'https://cdn.linden.example', csrf: 'b3f0c2d4e1' };
  if (theme < 'e' && window.innerWidth > 600) { document.documentElement.style.setProperty('--gap', '24px'); }
})();
</script>
"""
_STYLE = """<style>
:root{--ink:#222;--paper:#fffdf8;--gap:16px}*{box-sizing:border-box}body{margin:0;font:16px/1.5 Inter,sans-serif}
@font-face{font-family:Inter;src:url(/static/fonts/inter.woff2) format("woff2");font-display:swap}
.hero{background:url("/static/img/hero.jpg") center/cover;min-height:40vh}.grid{display:grid;gap:var(--gap)}
.nav a::after{content:">";opacity:.5}@media (min-width:60em){.grid{grid-template-columns:repeat(4,1fr)}}
</style>
"""


class _Shop:
    """Writes the parts of one page, one after another."""

    def __init__(self, *, large: bool) -> None:
        self._chance = random.Random(3)
        self._large = large
        self._number = 4100

    def _words(self, least: int, most: int) -> str:
        return " ".join(self._chance.choices(WORDS, k=self._chance.randint(least, most)))

    def _icon(self, name: str) -> str:
        path = self._chance.choice(_PATHS)
        return (
            f'<svg class="icon icon--{name}" width="20" height="20" viewBox="0 0 24 24" fill="none" '
            f'aria-hidden="true"><path d="{path}" stroke="currentColor"/></svg>'
        )

    def head(self) -> str:
        """Everything up to the navigation; a small page has the short form of it."""
        title = "Linden &amp; Salt: things for kitchen and table"
        address = "https://www.linden.example/"
        about = {
            "@context": "https://schema.org",
            "@type": "Organization",
            "name": "Linden & Salt",
            "url": address,
            "logo": f"{_CDN}/logo.svg",
            "sameAs": ["https://www.facebook.com/lindensalt", "https://www.instagram.com/lindensalt"],
        }
        meta = "".join(
            f'<meta property="og:{name}" content="{content}">\n'
            for name, content in (
                ("title", title),
                ("type", "website"),
                ("url", address),
                ("image", f"{_CDN}/social/home.jpg"),
                ("locale", "en_GB"),
            )
        )
        icons = "".join(
            f'<link rel="apple-touch-icon" sizes="{n}x{n}" href="/static/touch-{n}.png">\n'
            for n in (120, 152, 180)
        )
        hints = "".join(
            f'<link rel="{rel}" href="https://{host}"{more}>\n'
            for rel, host, more in (
                ("preconnect", "fonts.googleapis.com", ""),
                ("preconnect", "fonts.gstatic.com", " crossorigin"),
                ("dns-prefetch", "www.googletagmanager.com", ""),
                ("preconnect", "cdn.linden.example", ""),
            )
        )
        return f"""<!DOCTYPE html>
<html lang="en" class="no-js"><head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<meta name="description" content="{self._words(18, 24)}">
<link rel="canonical" href="{address}">
{meta if self._large else ""}{hints if self._large else ""}<link rel="icon" href="/favicon.svg" type="image/svg+xml">
{icons if self._large else ""}<link rel="stylesheet" href="https://fonts.googleapis.com/css2?family=Inter:wght@400;600&amp;display=swap">
<link rel="stylesheet" href="/static/css/site.3f9ac2.css">
{_STYLE if self._large else ""}{_OWN_CODE if self._large else ""}<!-- analytics: ask marketing before changing -->
{_GTAG}{_META}{_GTM + _HOTJAR + _ADS if self._large else ""}<script type="application/ld+json">{json.dumps(about)}</script>
<script src="/static/js/site.81b2d0.js" defer></script>
</head>
<body class="page page--home" data-page="home">
{_GTM_FRAME if self._large else ""}{self._navigation()}<main id="content">
"""

    def _navigation(self) -> str:
        entries = "".join(
            f'<li class="nav__item"><a class="nav__link" href="/c/{name.lower()}">{name}</a>'
            + ("<ul class=\"nav__sub\">" + "".join(
                f'<li><a href="/c/{name.lower()}/{word}">{word.title()}</a></li>'
                for word in self._chance.sample(WORDS, 6)
            ) + "</ul>" if self._large else "")
            + "</li>\n"
            for name in _SECTIONS[: 8 if self._large else 4]
        )  # fmt: skip
        return f"""<a class="skip" href="#content">Skip to content</a>
<header class="header"><a href="/" class="header__logo"><img src="/static/img/logo.svg" alt="Linden &amp; Salt" width="120" height="32"></a>
<nav class="nav" aria-label="Main"><ul class="nav__list">
{entries}</ul></nav>
<form class="search" action="/search" role="search"><label for="q">Search</label><input id="q" name="q" type="search" placeholder="What are you looking for?"><button type="submit">{self._icon("search")}<span class="sr">Search</span></button></form>
<a class="header__basket" href="/basket">{self._icon("basket")}<span class="count">0</span></a></header>
"""

    def _card(self) -> str:
        """One article of the shop: its pictures lie on the shop's own content network."""
        self._number += self._chance.randint(1, 9)
        number, name = self._number, self._words(2, 4)
        price = self._chance.randrange(5, 200)
        sizes = {
            kind: ", ".join(f"{_CDN}/p/{number}-{width}.{kind} {width}w" for width in _WIDTHS[:2])
            for kind in ("avif", "jpg")
        }
        stars = f' style="background-image:url(/static/img/stars-{self._chance.randint(3, 5)}.svg)"'
        return f"""<li class="card card--product js-view" data-product-id="{number}" data-list="{self._chance.choice(_SECTIONS)}">
<a href="/p/{name.replace(" ", "-")}-{number}" class="card__media card__media--square" tabindex="-1" aria-hidden="true"><picture><source type="image/avif" srcset="{sizes["avif"]}" sizes="25vw">
<img class="card__img img--fade" src="{_CDN}/p/{number}-320.jpg" srcset="{sizes["jpg"]}" sizes="25vw" alt="{name.title()}" width="320" height="320" loading="lazy"></picture></a>
<div class="card__body"><h3 class="card__title"><a href="/p/{number}">{name.title()}</a></h3>
<div class="stars"{stars}><span class="sr">4 of 5</span></div><p class="price"><s>{price + 9} &euro;</s> <strong>{price} &euro;</strong></p>
<ul class="tags"><li>New</li><li>{self._chance.choice(WORDS).title()}</li></ul>
<button type="button" class="btn btn--primary btn--small" data-add="{number}">{self._icon("basket")}<span>Add</span></button><button type="button" class="btn btn--icon like" aria-pressed="false" aria-label="Remember">{self._icon("heart")}</button></div></li>
"""

    def _grid(self) -> Iterator[str]:
        name = self._chance.choice(_SECTIONS)
        yield f'<section class="shelf"><h2>{name}</h2><p>{self._words(8, 14)}</p><ul class="grid">\n'
        for _ in range(8 if self._large else 3):
            yield self._card()
        yield f'</ul><a class="more" href="/c/{name.lower()}">All of {name}</a></section>\n'

    def _teaser(self) -> str:
        """One story of the magazine: its picture lies with a stranger that no list names."""
        self._number += 1
        title = self._words(4, 7).capitalize()
        text = "".join(
            f"<p>{self._words(30, 60).capitalize()}, <a href=\"/m/{self._number}#{n}\">{self._words(1, 3)}</a> "
            f"and <em>{self._words(1, 2)}</em>.</p>\n"
            for n in range(self._chance.randint(1, 3))
        )  # fmt: skip
        return f"""<article class="story"><a href="/m/{self._number}"><img src="{_STRANGER}/m/{self._number}.jpg?w=640&amp;q=75" alt="" width="640" height="360" loading="lazy"></a>
<h3><a href="/m/{self._number}">{title}</a></h3><p class="meta"><time datetime="2026-03-{self._number % 28 + 1:02}">March</time> by <a rel="author" href="/about/{self._chance.choice(WORDS)}">{self._chance.choice(WORDS).title()}</a></p>
{text}</article>
"""

    def _slot(self) -> str:
        number = self._number
        return f"""<div class="ad" id="slot-{number}" style="min-width:300px;min-height:250px"><script>
googletag.cmd.push(function () {{ googletag.display('slot-{number}'); }});
</script></div>
"""

    def _embed(self) -> str:
        number = self._number
        return self._chance.choice(
            (
                f'<figure class="video"><iframe width="560" height="315" title="Film" loading="lazy" allowfullscreen src="https://www.youtube.com/embed/lnd{number}?rel=0"></iframe><figcaption>{self._words(4, 9)}</figcaption></figure>\n',
                f'<figure class="video"><iframe src="https://player.vimeo.com/video/{number}" width="640" height="360"></iframe></figure>\n',
                f'<div class="map"><iframe src="https://www.google.com/maps/embed?pb=!1m18!1m12!1m3!1d{number}" width="600" height="450" style="border:0" loading="lazy"></iframe></div>\n',
                f'<blockquote class="twitter-tweet"><p lang="en">{self._words(9, 20)}</p><a href="https://twitter.com/lindensalt/status/{number}">March</a></blockquote><script async src="https://platform.twitter.com/widgets.js" charset="utf-8"></script>\n',
                f'<video controls preload="none" poster="{_CDN}/film/{number}.jpg" width="640"><source src="{_CDN}/film/{number}.webm" type="video/webm"><source src="{_CDN}/film/{number}.mp4" type="video/mp4"></video>\n',
            )
        )

    def _tracking(self) -> str:
        """What a shop tells of the shelf that was just seen."""
        number = self._number
        return f"""<script>
gtag('event', 'view_item_list', {{ item_list_id: 'shelf-{number}', items: [{{ item_id: '{number}', price: 12.50 }}] }});
</script>
"""

    def body(self) -> Iterator[str]:
        """Shelves and stories without end, with what stands between them."""
        turn = 0
        while True:
            turn += 1
            yield from self._grid()
            if turn % 2 == 0:
                yield self._tracking()
            yield '<section class="magazine">\n'
            for _ in range(4 if self._large else 2):
                yield self._teaser()
            yield "</section>\n"
            yield self._slot() if self._large else ""
            if turn % 3 == 1:
                yield self._embed()
            if turn % 2 == 0:
                yield bundle(self._chance, 30)
            if turn % 3 == 2:
                yield state(self._chance, 60)

    def tail(self) -> str:
        """The footer, and the scripts that may come late."""
        links = "".join(
            f'<li><a href="/about/{word}">{word.title()}</a></li>'
            for word in WORDS[: 12 if self._large else 4]
        )
        social = "".join(
            f'<a href="https://www.{host}/lindensalt" rel="noopener">{self._icon(host[:2])}</a>'
            for host in ("facebook.com", "instagram.com", "linkedin.com", "youtube.com")[
                : 4 if self._large else 1
            ]
        )
        return f"""</main>
<footer class="footer"><ul class="footer__links">{links}</ul><div class="social">{social}</div>
<p class="small">&copy; 2026 Linden &amp; Salt</p></footer>
{_LINKEDIN if self._large else ""}</body></html>
"""


def mixed(size: int) -> bytes:
    """A shop with a magazine: one tag every 60 to 90 bytes, some twenty things of a dozen vendors at 100 kB.

    size: in bytes. Below 30 kB the head and the navigation are short.
    """
    shop = _Shop(large=size >= 30_000)
    head, tail = shop.head(), shop.tail()
    return filled(head, shop.body(), tail, size)
