from __future__ import annotations

import pytest

from cookiegate.catalog import Index, Service
from cookiegate.catalog.inline import SignatureError, compile_signature


def service(
    service_id: str, *inline: str, hosts: tuple[str, ...] = (), paths: tuple[str, ...] = ()
) -> Service:
    return Service(
        id=service_id,
        name=service_id,
        vendor="V",
        purpose="analytics",
        inline=inline,
        hosts=hosts,
        paths=paths,
    )


INDEX = Index(
    [
        service(
            "stats", "gtag ( 'config' , 'G-", "?gtag ( 'js'", "?gtag ( 'event'", hosts=("stats.example",)
        ),
        service("ads", "gtag ( 'config' , 'AW-"),
        service("manager", "gtm.start", paths=("manager.example/gtm.js",)),
        service("pixel", "fbq ("),
        service("heat", "_hjSettings", "hj ( 'event'"),
        service("queue", "_paq . push ("),
        Service(id="shape", name="shape", vendor="V", purpose="analytics", shapes=("/*/shape.js?id=S-",)),
    ],
)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("fbq('init', 1)", ["pixel"]),
        ("fbq ( 'init' )", ["pixel"]),
        ("fbq\n(\n'init')", ["pixel"]),
        ("a();fbq('init')", ["pixel"]),
        ("window.fbq('init')", ["pixel"]),
        ("x(w.fbq('init'))", ["pixel"]),
        ("myfbq('init')", []),
        ("fbq2('init')", []),
        ("myfbq('init'); var fbq", []),
        ("$fbq('init')", []),
        ("this.fbq('init')", []),
        ("thewindow.fbq('init')", []),
        ("var fbq = 1", []),
        ("h._hjSettings={hjid:1}", ["heat"]),
        ("_hjSettingsX=1", []),
        ("h.hj('event','x')", []),
        ("hj(`event`)", ["heat"]),
        ('hj("event")', ["heat"]),
        ("hj('eventual')", []),
        ("window._paq = window._paq || []; _paq.push(['trackPageView'])", ["queue"]),
        ("w[l].push({'gtm.start': new Date()})", ["manager"]),
        ("dataLayer.push({'event': 'add_to_cart'})", []),
        ("gtag('js', new Date()); gtag('config', 'G-1');", ["stats"]),
        ("gtag('js', new Date()); gtag('config', 'AW-1');", ["ads"]),
        ("gtag('config','AW-1');gtag('config','G-1')", ["ads", "stats"]),
        ("gtag('event', 'buy')", ["stats"]),
        ("gtag('consent', 'default', {})", []),
        ("function gtag(){dataLayer.push(arguments)}", []),
        ("_paq.push(1); fbq('x'); fbq('y'); _paq.push(2)", ["queue", "pixel"]),
        ("", []),
    ],
)
def test_calls(code: str, expected: list[str]) -> None:
    assert [match.service.id for match in INDEX.match_inline(code)] == expected


LOADER = "var s=document.createElement('script');s.src={};document.head.appendChild(s)"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (LOADER.format("'https://stats.example/a.js'"), ["stats"]),
        (LOADER.format('"//cdn.stats.example/a.js"'), ["stats"]),
        (LOADER.format("`https:\\/\\/stats.example\\/a.js`"), ["stats"]),
        (LOADER.format(r'"https:\u002F\u002Fstats.example\x2Fa.js"'), ["stats"]),
        (LOADER.format("p+'://stats.example/a.js'"), ["stats"]),
        (LOADER.format("'HTTPS://Stats.Example/a.js'"), ["stats"]),
        (LOADER.format("'https://manager.example/gtm.js?id='+i"), ["manager"]),
        (LOADER.format(r"'https:\/\/manager.example\/gtm.js?id='+i"), ["manager"]),
        (LOADER.format(r"'https\x3a//stats.example/a.js'"), ["stats"]),
        (LOADER.format(r"'https\u003A\/\/stats\x2eexample\u002fa.js'"), ["stats"]),
        (LOADER.format(r"'https://manager.example/gtm\x2ejs\x3fid\u003d1'"), ["manager"]),
        (r"document.write('\x3cscript src=\x22//stats.example/a.js\x22\x3e')", ["stats"]),
        (r"document.write('\u003cscript src=\u0027https://stats.example/a.js\u0027\u003e')", ["stats"]),
        ("new WebSocket('wss://live.stats.example/s')", ["stats"]),
        ("new WebSocket('ws:\\/\\/stats.example')", ["stats"]),
        (LOADER.format("'https://proxy.shop.example/x/shape.js?id=S-1'"), ["shape"]),
        ("x='2//stats.example/a.js';fetch(x)", []),
        ('b.innerHTML=\'<p><a class="x" href="https://stats.example/opt-out">Opt out</a>\'', []),
        ("b.innerHTML='<a href=https://stats.example/><img src=//stats.example/a.gif>'", ["stats"]),
        ("l=document.createElement('link');l.href='https://stats.example/a.css'", ["stats"]),
        ("prefetch('x');reimport;x.mysrc:1; u='https://stats.example/c'", []),
        (LOADER.format("'https://manager.example/docs'"), []),
        (LOADER.format("'https://stats.example.org/a.js'"), []),
        (LOADER.format("'https://[broken/a.js'"), []),
        ("import('https://stats.example/a.js')", ["stats"]),
        ("import x from 'https://stats.example/a.js'", ["stats"]),
        ("fetch('https://stats.example/c')", ["stats"]),
        ("navigator.sendBeacon('https://stats.example/c')", ["stats"]),
        ("new Image().src='https://stats.example/c.gif'", ["stats"]),
        ('document.write("<script src=\\"https://stats.example/a.js\\">")', ["stats"]),
        ("document.write('<img src=//stats.example/a.gif>')", ["stats"]),
        ("fbq('x');fetch('https://stats.example/c')", ["pixel", "stats"]),
        ("var help = 'https://stats.example/opt-out'", []),
        ("var text = 'We use stats.example'; fetch('/api')", []),
        ('{"links":["https://stats.example/profile"]}', []),
        ("fetch('/a');" + " " * 4000 + "var u='https://stats.example/x';", []),
        ("var u='https://stats.example/x';" + " " * 4000 + "fetch('/a');", []),
        ("var u='https://stats.example/x';" * 9 + "fetch(u)", ["stats"]),
        ("var u='https://stats.example/x';" + " " * 4000 + "fetch('https://stats.example/y')", ["stats"]),
    ],
)
def test_loaders(code: str, expected: list[str]) -> None:
    assert [match.service.id for match in INDEX.match_inline(code)] == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("// fbq('init')\nrun()", []),
        ("run()\n  // fbq('init')", []),
        ("run()\u2028// fbq('init')", []),
        ("// fbq('init')\nfbq('init')", ["pixel"]),
        ("// note\nfbq('init')", ["pixel"]),
        ("/* fbq('init') */ run()", []),
        ("run(); /* old:\nfbq('init')\n*/", []),
        ("/* note */ fbq('init')", ["pixel"]),
        ("/* note */ fbq('init') /* end */", ["pixel"]),
        ("accept='image/*'; fbq('init'); /* end */", ["pixel"]),
        ("accept='image/*'; fbq('init'); other='image/*'", ["pixel"]),
        ("accept='image/*'; fbq('init'); accept='*/*'", ["pixel"]),
        ("/* unclosed fbq('init')", ["pixel"]),
        ("// fetch('https://stats.example/c')", []),
        ("var a = 1;" * 400 + "fbq('init')", ["pixel"]),
        ("//" + "x" * 3000 + "fbq('init')", []),
        ("//" + "x " * 3000 + "fbq('init')", ["pixel"]),
        ("<!-- \nfbq('init')\n//-->", ["pixel"]),
    ],
)
def test_commented_out_code_does_nothing(code: str, expected: list[str]) -> None:
    assert [match.service.id for match in INDEX.match_inline(code)] == expected


@pytest.mark.parametrize("text", ["", "?", "(", "push (", "window . location", "a (", "$ . x"])
def test_a_signature_that_tells_nothing_is_refused(text: str) -> None:
    with pytest.raises(SignatureError, match="identifier"):
        compile_signature(text)


def test_the_anchor_is_the_first_word_that_other_code_does_not_use() -> None:
    assert compile_signature("_paq . push (").anchor == "_paq"
    assert compile_signature("?gtag ( 'config' , 'AW-").anchor == "gtag"
    assert compile_signature("window . _linkedin_partner_id").anchor == "_linkedin_partner_id"


def test_a_signature_may_begin_with_a_quote() -> None:
    index = Index([service("clarity", "'clarity' , 'script'")])
    assert index.match_inline('})(window, document, "clarity", "script", "x")')
    assert not index.match_inline('["clarity"]; "script"')


def test_code_that_is_nearly_all_comment_is_not_read_for_ever() -> None:
    address = "// fetch('https://stats.example/c')\n"
    assert INDEX.match_inline(address * 50) == ()
    assert [match.service.id for match in INDEX.match_inline(address * 51)] == ["stats"]
    lines = "// fbq('init')\n"
    assert INDEX.match_inline(lines * 50) == ()
    assert [match.service.id for match in INDEX.match_inline(lines * 51)] == ["pixel"]


def test_code_that_names_everybody_is_read_as_all_other_code() -> None:
    """Beyond some dozen known words the signatures are tried where these stand, not searched for."""
    words = [f"known{number}" for number in range(60)]
    index = Index([*(service(word, f"{word} ( 'go'") for word in words), service("quoted", "'known7' , 'x'")])
    named = "; ".join(words)
    assert index.match_inline(named) == ()
    calls = "".join(f"{word}; my.{word}('go'); {word}('stop');\n// {word}('go')\n" for word in words)
    assert index.match_inline(calls) == ()
    found = index.match_inline(f"{calls}{'known5;' * 2000}known5('go');known3 ( `go`);f('known7', 'x')")
    assert [match.service.id for match in found] == ["known5", "known3", "quoted"]
