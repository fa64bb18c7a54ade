"""What sites paste: each line has the features by which a vendor's snippet is known, as usually spelt."""

from __future__ import annotations

import pytest

from cookiegate.catalog import default_index

LOADER = "var s=d.createElement('script');s.async=1;s.src={};d.head.appendChild(s)"

SNIPPETS = [
    ("window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments);}gtag('js',new Date());"
     "gtag('config','G-ABC');", ["google-analytics"]),
    ("function gtag(){dataLayer.push(arguments)}\n  gtag('js', new Date());\n  gtag('config', \"AW-1\");",
     ["google-ads"]),
    ("gtag('js', new Date()); gtag('config', 'G-1'); gtag('config', 'AW-1');",
     ["google-analytics", "google-ads"]),
    ("gtag('event', 'conversion', {'send_to': 'AW-1/x'});", ["google-ads"]),
    ("gtag('event', 'add_to_cart', {});", ["google-analytics"]),
    ("gtag('consent', 'default', {ad_storage: 'denied'});", []),
    ("dataLayer.push({event: 'purchase', value: 3});", []),
    ("(function(w,d,s,l,i){w[l]=w[l]||[];w[l].push({'gtm.start':new Date().getTime(),event:'gtm.js'});var "
     "j=d.createElement(s);j.src='https://www.googletagmanager.com/gtm.js?id='+i;})(window,document);",
     ["google-tag-manager"]),
    ("(function(i,s,o,g,r,a,m){i['GoogleAnalyticsObject']=r})(window,document,'script',"
     "'//www.google-analytics.com/analytics.js','ga');ga('create','UA-1','auto');ga('send','pageview');",
     ["google-analytics"]),
    ("var _gaq = _gaq || []; _gaq.push(['_setAccount', 'UA-1']); ga.src = ('https:' == location.protocol ?"
     " 'https://ssl' : 'http://www') + '.google-analytics.com/ga.js';", ["google-analytics"]),
    ("(adsbygoogle = window.adsbygoogle || []).push({});", ["google-adsense"]),
    ("googletag.cmd.push(function() { googletag.defineSlot('/1/x', [1, 1], 'a'); });", ["google-ad-manager"]),
    ("!function(f,b,e,v,n,t,s){n=f.fbq=function(){};t=b.createElement(e);t.src=v}(window,document,'script',"
     "'https://connect.facebook.net/en_US/fbevents.js');fbq('init', '1');fbq('track', 'PageView');",
     ["meta-pixel"]),
    (LOADER.format(r"'https:\/\/connect.facebook.net\/en_US\/sdk.js'"), ["facebook-plugins"]),
    ("(function(h,o,t,j,a,r){h.hj=h.hj||function(){(h.hj.q=h.hj.q||[]).push(arguments)};h._hjSettings={hjid:1};"
     "r=o.createElement('script');r.src=t+h._hjSettings.hjid+j;})(window,document,"
     "'https://static.hotjar.com/c/hotjar-','.js?sv=');", ["hotjar"]),
    ('_linkedin_partner_id = "1"; window._linkedin_data_partner_ids.push(_linkedin_partner_id);',
     ["linkedin-insight"]),
    ("window.lintrk('track', { conversion_id: 1 });", ["linkedin-insight"]),
    ("!function (w, d, t) { w.TiktokAnalyticsObject=t; var ttq=w[t]=w[t]||[]; ttq.load('C'); ttq.page(); }"
     "(window, document, 'ttq');", ["tiktok-pixel"]),
    ('(function(w,d,t,r,u){})(window,document,"script","//bat.bing.com/bat.js","uetq");', ["bing-uet"]),
    ("window.uetq = window.uetq || []; window.uetq.push('event', 'x', {});", ["bing-uet"]),
    ('(function(c,l,a,r,i,t,y){c[a]=c[a]||function(){};t=l.createElement(r);t.src="https://www.clarity.ms/tag/"+i;})'
     '(window, document, "clarity", "script", "x");', ["microsoft-clarity"]),
    ("clarity('set', 'key', 'value')", ["microsoft-clarity"]),
    ("var _paq = window._paq = window._paq || []; _paq.push(['trackPageView']); (function() {"
     'var u="//stats.example/"; g.src=u+"matomo.js"; })();', ["matomo"]),
    ("var _mtm = window._mtm = window._mtm || []; _mtm.push({'mtm.startTime': (new Date().getTime())});",
     ["matomo-tag-manager"]),
    ("var _hsq = window._hsq = window._hsq || []; _hsq.push(['trackPageView']);", ["hubspot"]),
    ('hbspt.forms.create({ region: "na1", portalId: "1", formId: "x" });', ["hubspot"]),
    ("window.intercomSettings = {app_id: 'x'}; window.Intercom('boot');", ["intercom"]),
    ('!function(){var analytics=window.analytics=window.analytics||[];analytics.SNIPPET_VERSION="4.15.3";'
     'analytics.load("KEY");analytics.page();}();', ["segment"]),
    ("mixpanel.init('TOKEN', {track_pageview: true});", ["mixpanel"]),
    ("window.amplitude.init('KEY')", ["amplitude"]),
    ("!function(e){if(!window.pintrk){window.pintrk=function(){}}}('https://s.pinimg.com/ct/core.js');"
     "pintrk('load', '1'); pintrk('page');", ["pinterest-tag"]),
    ("snaptr('init', 'x'); snaptr('track', 'PAGE_VIEW');", ["snapchat-pixel"]),
    ("!function(e,t,n,s,u,a){u.src='https://static.ads-twitter.com/uwt.js'}(window,document,'script');"
     "twq('config','x');", ["x-pixel"]),
    ("rdt('init','t2_x'); rdt('track', 'PageVisit');", ["reddit-pixel"]),
    ("qp('init', 'x'); qp('track', 'ViewContent');", ["quora-pixel"]),
    ("window.criteo_q = window.criteo_q || []; window.criteo_q.push({ event: 'viewHome' });", ["criteo"]),
    ("window._tfa = window._tfa || []; window._tfa.push({notify: 'event', id: 1});", ["taboola"]),
    ("adroll_adv_id = 'X'; adroll_pix_id = 'Y';", ["adroll"]),
    ("(function(m,e,t,r,i,k,a){k=e.createElement(t),k.src=r})(window, document, 'script', "
     "'https://mc.yandex.ru/metrika/tag.js', 'ym'); ym(1, 'init', {});", ["yandex-metrica"]),
    ("window.heap=window.heap||[],heap.load=function(e){}; heap.load('1');", ["heap"]),
    ("window['_fs_org'] = 'X'; window['_fs_namespace'] = 'FS';", ["fullstory"]),
    ("window._mfq = window._mfq || []; (function() {"
     + LOADER.format("'//cdn.mouseflow.com/projects/x.js'") + "})();",
     ["mouseflow"]),
    ("window._vwo_code || (function() { var account_id=1 })();", ["vwo"]),
    ("window.plausible = window.plausible || function() { (window.plausible.q = []).push(1) }",
     ["plausible"]),
    ("posthog.init('phc_x', {api_host: 'https://eu.i.posthog.com'})", ["posthog"]),
    (";window.NREUM||(NREUM={});NREUM.init={};", ["new-relic"]),
    ("window.DD_RUM && window.DD_RUM.init({applicationId: 'x'});", ["datadog-rum"]),
    ("Sentry.init({ dsn: 'https://a@o1.ingest.sentry.io/1' });", ["sentry"]),
    ("var _learnq = _learnq || []; _learnq.push(['identify', {}]);", ["klaviyo"]),
    ('!function(c,h,i,m,p){m=c.createElement(h),m.src=i}(document,"script",'
     '"https://chimpstatic.com/mcjs-connected/js/users/x.js");', ["mailchimp"]),
    ("vgo('setAccount', '1'); vgo('process');", ["activecampaign"]),
    ("drift.SNIPPET_VERSION = '0.3.1'; drift.load('x');", ["drift"]),
    ("window.$crisp=[];window.CRISP_WEBSITE_ID='x';", ["crisp"]),
    ("var Tawk_API=Tawk_API||{}, Tawk_LoadStart=new Date();", ["tawk-to"]),
    ("zE('messenger', 'open');", ["zendesk-chat"]),
    ("window.__lc = window.__lc || {}; window.__lc.license = 1;", ["livechat"]),
    ("window.fcWidget.init({ token: 'x' });", ["freshchat"]),
    ("var disqus_config = 1; " + LOADER.format("'https://shop.disqus.com/embed.js'"), ["disqus"]),
    ("var a2a_config = a2a_config || {};", ["addtoany"]),
    ("function onYouTubeIframeAPIReady() { new YT.Player('p', {}); }", ["youtube"]),
    ("var map = new google.maps.Map(document.getElementById('map'), {});", ["google-maps"]),
    ("grecaptcha.ready(function() { grecaptcha.execute('x', {action: 'y'}); });", ["recaptcha"]),
    ("var stripe = Stripe('pk_test_x');", ["stripe"]),
    ("paypal.Buttons({}).render('#b');", ["paypal"]),
    ("WebFont.load({google: {families: ['Lato']}});", []),
    ("$(function(){ $('.hj').on('click', function(e){ e.preventDefault(); fetch('/cart') }) })", []),
    ("const share = 'https://www.facebook.com/sharer/sharer.php?u=' + location.href; window.open(share)", []),
    ('window.__DATA__ = {"video":"https://www.youtube.com/embed/x","p":"https://bat.bing.com/bat.js"}', []),
    ("var policy = 'We use Google Analytics (google-analytics.com) and Hotjar.';", []),
    ("class Heap { push(x) {} pop() {} } const heap = new Heap(); heap.push(1);", []),
    ("const plausible = (x) => x > 0; const clarity = 3; let segment = path.segment; segment.load();", []),
]  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), SNIPPETS)
def test_snippets(code: str, expected: list[str]) -> None:
    assert [match.service.id for match in default_index().match_inline(code)] == expected
