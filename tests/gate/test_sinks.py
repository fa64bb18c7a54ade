"""Every way by which a tag makes a browser load something: what holds it, and what is left alone."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiegate.consent.decide import Reason, granted_profile
from cookiegate.gate import page as page_module
from cookiegate.gate.classify import DEEPEST, Classifier
from cookiegate.gate.findings import Kind
from cookiegate.gate.html.attrs import TAG_NAME, Attribute, decode_value, read_attributes
from cookiegate.gate.html.edits import insert
from cookiegate.gate.html.sinks import FOREIGN_SINKS, LINK_RELATIONS, PRESENTATION, SHARED_SINKS, SINKS
from cookiegate.gate.html.tags import Tag
from cookiegate.gate.page import Enforcer, PageGate, gate_html
from cookiegate.policy.model import Policy

if TYPE_CHECKING:
    import random
    from types import EllipsisType

    from cookiegate.gate.candidates import Candidate
    from cookiegate.gate.html.edits import Insertion

URL = "https://www.shop.example/kitchen/pots"
POLICY = Policy.from_dict(
    {
        "services": [
            {
                "id": "counter",
                "name": "Counter",
                "vendor": "Counter Ltd",
                "purpose": "analytics",
                "hosts": ["counter.example"],
                "paths": ["/own-metrics"],
                "inline": ["count ("],
                "script": True,
                "beacon": True,
            },
            {
                "id": "video",
                "name": "Video",
                "vendor": "Video Ltd",
                "purpose": "preferences",
                "hosts": ["video.example"],
                "embed": True,
            },
            {
                "id": "login",
                "name": "Login",
                "vendor": "Login Ltd",
                "purpose": "necessary",
                "hosts": ["login.example"],
            },
        ]
    }
)
STRICT = Policy.from_dict({"unknown": "hold"})
EVERYTHING = ("preferences", "analytics", "marketing", "beacons")

C = 'data-cg-service="counter" data-cg-purpose="analytics"'
CB = 'data-cg-service="counter" data-cg-purpose="analytics beacons"'
V = 'data-cg-service="video" data-cg-purpose="preferences"'
U = 'data-cg-service="unknown" data-cg-purpose="unknown"'
PC = "data:,cg:counter:analytics:"
PCB = "data:,cg:counter:analytics+beacons:"
PV = "data:,cg:video:preferences:"
# In an attribute the first letter is a reference, so that none in front of it reads on.
ACB = PCB.replace("d", "&#100;", 1)
AV = "&#100;ata:,cg:video:preferences:"


def tag_of(text: str, *, foreign: bool = False, cut: bool = False) -> Tag:
    """The tag as a scanner tells it, whether it stops there or not."""
    data = text.encode()
    name = re.match(rb"<(%b)" % TAG_NAME, data)
    assert name
    attributes = read_attributes(data, name.end(), len(data))
    return Tag(name[1].lower(), 0, name.end(), tuple(attributes), foreign, cut, end=len(data))


def written(candidate: Candidate | None, text: str, *granted: str, policy: Policy = POLICY) -> str:
    """The text with what holds the candidate."""
    enforcer = Enforcer(granted_profile(policy, granted))
    if candidate:
        enforcer.take(candidate)
    return insert(text.encode(), 0, enforcer.insertions).decode()


def held(text: str, *granted: str, foreign: bool = False, policy: Policy = POLICY) -> str:
    candidate = Classifier(policy, URL).tag(tag_of(text, foreign=foreign))
    return written(candidate, text, *granted, policy=policy)


def script(text: str, code: str, *granted: str, policy: Policy = POLICY) -> str:
    candidate = Classifier(policy, URL).script(tag_of(text), code.encode())
    return written(candidate, text + code, *granted, policy=policy)


def page(text: str, *granted: str, policy: Policy = POLICY) -> str:
    return gate_html(text.encode(), granted=granted, policy=policy, url=URL).body.decode()


def data_url(document: str, kind: str = "text/html") -> str:
    return f"data:{kind};base64,{b64encode(document.encode()).decode()}"


T = "//counter.example/p"
S = f"https:{T}"  # nothing is relative to a data: URL
TWICE = f'data:text/css,@import "data:text/css,@import %2522{S}%2522"'
DOCUMENT = f"<script src={S}></script>"
# tag -> the tag while nothing is granted
RENAMED = {
    f"<a href=/x ping={T}>": f"<a {C} href=/x data-cg-ping={T}>",
    f"<a href=/x ping='/own/x {T}'>": f"<a {C} href=/x data-cg-ping='/own/x {T}'>",
    f"<area href=/x ping='{T}' PING=x>": f"<area {C} href=/x data-cg-ping='{T}' data-cg-PING=x>",
    f"<a attributionsrc={T} href=/x>": f"<a {C} data-cg-attributionsrc={T} href=/x>",
    f"<img attributionsrc={T} src=/x>": f"<img {C} data-cg-attributionsrc={T} src=/x>",
    f"<script attributionsrc={T} src=/x>": f"<script {C} data-cg-attributionsrc={T} src=/x>",
    f"<table background={T}>": f"<table {CB} data-cg-background={T}>",
    f"<tr background={T}>": f"<tr {CB} data-cg-background={T}>",
    f"<td width=1 background='{T}'>": f"<td {CB} width=1 data-cg-background='{T}'>",
    f"<th background={T}>": f"<th {CB} data-cg-background={T}>",
    f"<tbody background={T}>": f"<tbody {CB} data-cg-background={T}>",
    f"<body background={T}>": f"<body {CB} data-cg-background={T}>",
    f"<embed code={T}>": f"<embed {C} data-cg-code={T}>",
    f"<portal src={T}>": f"<portal {C} data-cg-src={T}>",
    f"<fencedframe src={T}>": f"<fencedframe {C} data-cg-src={T}>",
    f"<link rel=compression-dictionary href={T}>": f"<link {C} rel=compression-dictionary data-cg-href={T}>",
    f"<link rel='&#105;con' href={T}>": f"<link {CB} rel='&#105;con' data-cg-href={T}>",
    f"<input type='&#105;mage' src={T}>": f"<input {CB} type='&#105;mage' data-cg-src={T}>",
    f"<script type='text&#47;javascript' src={T}>": (
        f"<script type=\"text/plain\" {C} data-cg-type='text&#47;javascript' data-cg-src={T}>"
    ),
    f"<meta http-equiv=refresh content='0;url={T}'>": (
        f"<meta {C} http-equiv=refresh data-cg-content='0;url={T}'>"
    ),
    f"<meta content='1, &quot;{T}&quot;x' http-equiv=REFRESH>": (
        f"<meta {C} data-cg-content='1, &quot;{T}&quot;x' http-equiv=REFRESH>"
    ),
    f"<base href={T}>": f"<base {C} data-cg-href={T}>",
    # each service of one attribute
    f"<img srcset='{T} 1x, //video.example/p 2x'>": (
        '<img data-cg-service="counter video" data-cg-purpose="analytics preferences beacons"'
        f" data-cg-srcset='{T} 1x, //video.example/p 2x'>"
    ),
    # code
    f"<img src=x onerror=\"this.src='{T}'\">": f"<img {C} src=x data-cg-onerror=\"this.src='{T}'\">",
    f"<body onload='new Image().src=&quot;https:{T}&quot;'>": (
        f"<body {C} data-cg-onload='new Image().src=&quot;https:{T}&quot;'>"
    ),
    f"<script src=/own.js onload=\"import('{T}')\">": (
        f"<script {C} src=/own.js data-cg-onload=\"import('{T}')\">"
    ),
    "<iframe src='javascript:count(1)'>": f"<iframe {C} data-cg-src='javascript:count(1)'>",
    "<iframe src='\n jAva&Tab;script:count%281)'>": (
        f"<iframe {C} data-cg-src='\n jAva&Tab;script:count%281)'>"
    ),
    f"<p onfocus=\"go('{T}','{T}'); fetch('/x')\">": (
        f"<p {C} data-cg-onfocus=\"go('{T}','{T}'); fetch('/x')\">"
    ),
    f"<img onerror=\"fetch('{T}');fetch('//video.example/x')\">": (
        '<img data-cg-service="counter video" data-cg-purpose="analytics preferences"'
        f" data-cg-onerror=\"fetch('{T}');fetch('//video.example/x')\">"
    ),
    # documents, style sheets and code in an address
    f"<iframe src='data:text/html,{DOCUMENT}'>": f"<iframe {C} data-cg-src='data:text/html,{DOCUMENT}'>",
    f"<iframe src='{data_url(DOCUMENT)}'>": f"<iframe {C} data-cg-src='{data_url(DOCUMENT)}'>",
    "<frame src=data:text/html,%3Cimg%20src=https://counter.example/p%3E>": (
        f"<frame {CB} data-cg-src=data:text/html,%3Cimg%20src=https://counter.example/p%3E>"
    ),
    f"<object data='{data_url(DOCUMENT, 'application/xhtml+xml')}'>": (
        f"<object {C} data-cg-data='{data_url(DOCUMENT, 'application/xhtml+xml')}'>"
    ),
    f"<object type=text/html data='{data_url(DOCUMENT, '')}'>": (
        f"<object {C} type=text/html data-cg-data='{data_url(DOCUMENT, '')}'>"
    ),
    f"<embed src='{data_url(f'<svg><image href={S} /></svg>', 'image/svg+xml')}'>": (
        f"<embed {CB} data-cg-src='{data_url(f'<svg><image href={S} /></svg>', 'image/svg+xml')}'>"
    ),
    f"<iframe src='{data_url(f'<iframe srcdoc=&lt;img/src={S}&gt;>')}'>": (
        f"<iframe {CB} data-cg-src='{data_url(f'<iframe srcdoc=&lt;img/src={S}&gt;>')}'>"
    ),
    f"<iframe src='{data_url(f'<img src={S}><img src={S}><script>count(1)</script>')}'>": (
        f"<iframe {CB} data-cg-src='{data_url(f'<img src={S}><img src={S}><script>count(1)</script>')}'>"
    ),
    "<script src='data:text/javascript,count(1)'>": (
        f"<script type=\"text/plain\" {C} data-cg-src='data:text/javascript,count(1)'>"
    ),
    f"<link rel=stylesheet href='data:text/css,@import %22{S}%22'>": (
        f"<link {C} rel=stylesheet data-cg-href='data:text/css,@import %22{S}%22'>"
    ),
    f"<link rel=stylesheet href='data:text/css,p{{background:url({S})}}'>": (
        f"<link {CB} rel=stylesheet data-cg-href='data:text/css,p{{background:url({S})}}'>"
    ),
    f"<link rel=stylesheet href='{TWICE}'>": f"<link {C} rel=stylesheet data-cg-href='{TWICE}'>",
}
# addresses in CSS
PREFIXED = {
    f"<p style=background:url({T})>": f"<p style=background:url({ACB}{T})>",
    f"<p class=x style='background:url(\"{T}\")'>": f"<p class=x style='background:url(\"{ACB}{T}\")'>",
    f'<p style="background: url( &quot;{T}&quot; )">': f'<p style="background: url( &quot;{ACB}{T}&quot; )">',
    f"<p style='color:red;background:u\\72l({T})'>": f"<p style='color:red;background:u\\72l({ACB}{T})'>",
    f"<p style='a:url({T});b:url(/x);c:url(//video.example/v)'>": (
        f"<p style='a:url({ACB}{T});b:url(/x);c:url({AV}//video.example/v)'>"
    ),
    f"<img src={T} style='background:url({T})'>": (
        f"<img {CB} data-cg-src={T} style='background:url({ACB}{T})'>"
    ),
    f"<p style='background:url({T})' style=x>": f"<p style='background:url({ACB}{T})' style=x>",
}
FOREIGN = {
    f"<rect fill='url({T}#g)'>": f"<rect fill='url({ACB}{T}#g)'>",
    f"<g style='fill:url({T})' mask='url({T})'>": f"<g style='fill:url({ACB}{T})' mask='url({ACB}{T})'>",
    f"<path marker-end=url({T}) d=x>": f"<path marker-end=url({ACB}{T}) d=x>",
    f"<feImage href={T}>": f"<feImage {CB} data-cg-href={T}>",
    f"<use href='{T}#x'>": f"<use {CB} data-cg-href='{T}#x'>",
    f"<image href=/x xlink:href={T}>": f"<image {CB} href=/x data-cg-xlink:href={T}>",
    f"<script xlink:href={T}>": f'<script type="text/plain" {C} data-cg-xlink:href={T}>',
    f"<svg onload=\"fetch('{T}')\">": f"<svg {C} data-cg-onload=\"fetch('{T}')\">",
    f"<a href=/x ping={T}>": f"<a {C} href=/x data-cg-ping={T}>",
    f"<set attributeName=href to={T}>": f"<set {CB} attributeName=href data-cg-to={T}>",
    f"<animate values='/a; {T} ;/b' from=/a>": f"<animate {CB} data-cg-values='/a; {T} ;/b' from=/a>",
    f"<animate by=&#117;rl('{T}')>": f"<animate {CB} data-cg-by=&#117;rl('{T}')>",
    f"<animate from=\"u\\72l('{T}')\">": f"<animate {CB} data-cg-from=\"u\\72l('{T}')\">",
}
INNOCENT = [
    f"<a href={T}>",
    f"<a background={T} content={T} srcdoc='{DOCUMENT}'>",
    f"<p ping={T} fill='url({T})' attributionsrc={T}>",
    "<a ping='/own/ping'>",
    "<td background=/own.png>",
    f"<meta name=refresh content='0;url={T}'>",
    f"<meta http-equiv=refresh content='x;url={T}'>",
    f"<meta http-equiv=refresh content='0{T}'>",
    "<meta http-equiv=refresh content=5>",
    "<meta http-equiv=refresh content='5;url=/next'>",
    f"<form action={T}>",
    f"<link rel=expect href={T}>",
    "<button onclick=\"gtag('event', 'buy'); count(1); fbq('track', 'x')\">",
    f"<button onclick=\"location.href='https:{T}'\">",
    f"<button onclick=\"note('see {T}')\">",
    f"<button onclick=\"//new Image().src='{T}'\">",
    "<p style='color:red'>",
    "<p style='transform:translate(1px, 2px)'>",
    "<p style='background:url(/own.png)'>",
    f"<p style='background:url(data:image/svg+xml,%3Cimage%20href=%22{T}%22/%3E)'>",
    f"<p style='content:\"url({T})\"'>",
    f"<p style='/* url({T}) */'>",
    "<iframe srcdoc='<p>Hello'>",
    "<iframe srcdoc='Hello'>",
    "<iframe src='javascript:hello()'><iframe src=about:blank>",
    f"<iframe src='data:text/plain,{DOCUMENT}'>",
    f"<iframe src='data:text/html{DOCUMENT}'>",
    "<iframe src='data:text/html;base64,====='>",
    "<iframe src='data:text/html;base64,AAAAA'>",
    "<iframe src='data:text/html;base64,A'>",
    f"<iframe src='data:text/html,#{DOCUMENT}'>",
    f"<img src='data:text/html,{DOCUMENT}'>",
    "<script src='data:,hello()'>",
    "<link rel=stylesheet href='data:text/css,p{color:red}'>",
    "<link rel=stylesheet href='/own.css'>",
    "<base target=_top>",
    "<base href=/>",
]


@pytest.mark.parametrize("text", RENAMED)
def test_an_attribute_is_renamed(text: str) -> None:
    assert held(text) == RENAMED[text]


@pytest.mark.parametrize("text", PREFIXED)
def test_an_address_in_a_style_is_disarmed(text: str) -> None:
    assert held(text) == PREFIXED[text]


@pytest.mark.parametrize("text", [*RENAMED, *PREFIXED])
def test_a_page_tells_every_such_tag(text: str) -> None:
    result = (RENAMED | PREFIXED)[text]
    assert page(text) == result
    assert page(f"<p>x{text}y") == f"<p>x{result}y"


@pytest.mark.parametrize("text", FOREIGN)
def test_svg(text: str) -> None:
    assert held(text, foreign=True) == FOREIGN[text]
    assert held(text, *EVERYTHING, foreign=True) == text
    assert page(f"<svg><g>{text}") == f"<svg><g>{FOREIGN[text]}"


@pytest.mark.parametrize("text", [*RENAMED, *PREFIXED, *INNOCENT])
def test_with_everything_granted_nothing_changes(text: str) -> None:
    assert held(text, *EVERYTHING) == text


@pytest.mark.parametrize("text", INNOCENT)
def test_what_loads_no_tracker_does_not_change(text: str) -> None:
    assert held(text) == text


@pytest.mark.parametrize("text", [*RENAMED, *PREFIXED])
def test_undoing_what_was_inserted_gives_back_the_tag(text: str) -> None:
    undone = re.sub(r'( type="text/plain")? data-cg-service="[^"]*" data-cg-purpose="[^"]*"', "", held(text))
    assert re.sub(r"data-cg-|(d|&#100;)ata:,cg:[^:]*:[^:]*:", "", undone) == text


@pytest.mark.parametrize(
    ("content", "address"),
    [
        ("0;url=x", "x"),
        ("0; URL = 'x'y", "x"),
        (' 1.5 , "x"', "x"),
        ("3 x", "x"),
        (".;url=x y", "x y"),
        ("0;urlx", "urlx"),
        ("0;ur", "ur"),
        ("0;url='x", "x"),
        ("0;", None),
        ("0", None),
        ("0x", None),
        (";x", None),
        ("-1;x", None),
    ],
)
def test_a_refresh_is_read_as_the_standard_says(content: str, address: str | None) -> None:
    policy = Policy.from_dict({"unknown": "hold"})
    quoted = content.replace("x", "https://x.example/").replace('"', "&quot;")
    (text,) = [f'<meta http-equiv=refresh content="{quoted}">']
    candidate = Classifier(policy, "https://own.example/").tag(tag_of(text))
    found = [reference.url for reference in candidate.references] if candidate else []
    # Of relative ones nobody asks.
    wanted = address and address.replace("x", "https://x.example/")
    assert found == ([wanted] if wanted and wanted.startswith("https:") else [])


class TestInnerDocuments:
    """A document in ``srcdoc`` is held where it stands, in the spelling that an attribute needs."""

    @pytest.mark.parametrize(
        ("text", "document"),
        [
            (f"<iframe srcdoc='<img src={T}>'>", f"<img {CB} data-cg-src={T}>"),
            (f'<iframe srcdoc="<img src=&quot;{T}&quot;>">', f'<img {CB} data-cg-src="{T}">'),
            (f"<iframe srcdoc=&lt;img&#32src={T}&gt;>", f"<img {CB} data-cg-src={T}>"),
            (f"<iframe srcdoc=&lt;img&#x20src={T}&gt;>", f"<img {CB} data-cg-src={T}>"),
            (
                f"<iframe srcdoc='{DOCUMENT}<p>x&lt;/p>'>",
                f'<script type="text/plain" {C} data-cg-src={S}></script><p>x</p>',
            ),
            (
                "<iframe srcdoc='<script>count(1)</script>'>",
                f'<script type="text/plain" {C}>count(1)</script>',
            ),
            (f"<iframe srcdoc='<img style=x:url({T})>'>", f"<img style=x:url({ACB}{T})>"),
            ("<iframe srcdoc='<img src=/own-metrics>'>", f"<img {CB} data-cg-src=/own-metrics>"),
        ],
    )
    def test_held(self, text: str, document: str) -> None:
        result = held(text)
        (_, outer) = tag_of(result).attributes[0], tag_of(result).attributes
        assert [attribute.name for attribute in outer] == [b"srcdoc"]
        assert decode_value(outer[0].value) == document
        assert held(text, *EVERYTHING) == text

    def test_a_base_in_it_counts_there_only(self) -> None:
        text = "<iframe srcdoc='<base href=//counter.example/><img src=p>'></iframe><img src=p>"
        result = page(text)
        assert result.count("&#100;ata-cg-href") == 1
        assert result.count("ata-cg-src") == 1
        assert result.endswith("<img src=p>")

    def test_its_own_address_is_the_pages(self) -> None:
        text = "<base href=//counter.example/><iframe srcdoc='<img src=p>'></iframe>"
        assert "ata-cg-src" in page(text)
        assert "ata-cg-src" not in page(text.replace("//counter.example/", "/"))

    def nested(self, depth: int) -> str:
        text = f"<img src={T}>"
        for _ in range(depth):
            escaped = text.replace("&", "&amp;").replace('"', "&quot;")
            text = f'<iframe srcdoc="{escaped}"></iframe>'
        return text

    @pytest.mark.parametrize("depth", range(1, DEEPEST + 1))
    def test_in_any_nesting(self, depth: int) -> None:
        text = self.nested(depth)
        result = page(text)
        for _ in range(depth):
            found = re.fullmatch(r'<iframe srcdoc="([^"]*)"></iframe>', result)
            assert found, result
            result = decode_value(found[1].encode())
        assert result == f"<img {CB} data-cg-src={T}>"
        assert page(text, *EVERYTHING) == text

    def test_too_deep_is_held_unread(self) -> None:
        text = self.nested(DEEPEST + 1)
        result = gate_html(text.encode(), policy=POLICY, url=URL)
        assert b"ata-cg-srcdoc=" in result.body
        (finding,) = result.findings
        assert (finding.allowed, finding.reason) == (False, Reason.TOO_LONG)
        assert page(text, *EVERYTHING) == text

    def test_data_documents_too_deep(self) -> None:
        text = f"<img src={S}>"
        for _ in range(DEEPEST):
            text = f"<iframe src='{data_url(text)}'></iframe>"
        assert CB in page(text)
        text = f"<iframe src='{data_url(text)}'></iframe>"
        assert U in page(text)
        assert page(text, *EVERYTHING) == text

    def test_style_sheets_too_deep(self) -> None:
        sheet = f"@import '{S}'"
        for _ in range(DEEPEST):
            sheet = f"@import '{data_url(sheet, 'text/css')}'"
        assert C in held(f'<link rel=stylesheet href="{data_url(sheet, "text/css")}">')
        sheet = f"@import '{data_url(sheet, 'text/css')}'"
        assert U in held(f'<link rel=stylesheet href="{data_url(sheet, "text/css")}">')

    def test_findings_say_where_the_inner_tag_stands(self) -> None:
        text = f"<p><iframe srcdoc='&lt;p><img src={T}>'></iframe>"
        (finding,) = gate_html(text.encode(), policy=POLICY, url=URL).findings
        assert (finding.kind, finding.offset) == (Kind.BEACON, text.index("<img"))

    def test_wide_data_documents(self) -> None:
        body = b64encode(f"<img src={S}>".encode("utf-16-le")).decode()
        assert CB in held(f"<iframe src='data:text/html;charset=utf-16;base64,{body}'>")


class TestRules:
    """Import maps and speculation rules are held address by address."""

    @pytest.mark.parametrize(
        ("code", "result"),
        [
            ('{"imports": {"x": "//y/"}}', None),
            (f'{{"imports": {{"x": "https:{T}"}}}}', f'{{"imports": {{"x": "{PC}https:{T}"}}}}'),
            (
                '{"imports": {"x": "https:\\/\\/counter\\u002eexample/p"}}',
                f'{{"imports": {{"x": "{PC}https:\\/\\/counter\\u002eexample/p"}}}}',
            ),
            ('{"imports": {"x": "/own-metrics"}}', f'{{"imports": {{"x": "{PC}/own-metrics"}}}}'),
            ('{"imports": {"x": "own-metrics"}}', None),
            (f'{{"imports": {{"https:{T}": "/x"}}}}', None),
            (
                f'{{"scopes": {{"/a/": {{"x": "https:{T}", "y": "/y"}}}}}}',
                f'{{"scopes": {{"/a/": {{"x": "{PC}https:{T}", "y": "/y"}}}}}}',
            ),
            ("not json", None),
        ],
    )
    def test_import_maps(self, code: str, result: str | None) -> None:
        tag = "<script type=importmap>"
        assert script(tag, code) == tag + (result or code)
        assert script(tag, code, *EVERYTHING) == tag + code

    @pytest.mark.parametrize(
        ("code", "result"),
        [
            (
                f'{{"prefetch": [{{"urls": ["/a", "{T}"]}}]}}',
                f'{{"prefetch": [{{"urls": ["/a", "{PC}{T}"]}}]}}',
            ),
            (
                f'{{"prerender": [{{"\\u0075rls": ["{T}"]}}]}}',
                f'{{"prerender": [{{"\\u0075rls": ["{PC}{T}"]}}]}}',
            ),
            (f'{{"prefetch": [{{"where": {{"href_matches": "{T}"}}}}]}}', None),
            (f'{{"prefetch": [{{"tags": ["{T}"], "urls": []}}]}}', None),
            (f']]"urls":"{T}"', None),
        ],
    )
    def test_speculation_rules(self, code: str, result: str | None) -> None:
        tag = "<script type='speculation&#114;ules' nonce=x>"
        assert script(tag, code) == tag + (result or code)
        assert script(tag, code, *EVERYTHING) == tag + code

    @pytest.mark.parametrize(
        "kind", ["application/json", "application/ld+json", "text/template", "text/plain"]
    )
    def test_data_of_the_page_is_never_touched(self, kind: str) -> None:
        text = f'<script type="{kind}">{{"imports": {{"x": "https:{T}"}}, "urls": ["{T}"]}}</script>'
        assert page(text) == text

    def test_in_a_page(self) -> None:
        text = f'<script type=importmap>{{"imports": {{"x": "https:{T}"}}}}</script>'
        assert page(text) == text.replace("https:", f"{PC}https:")
        text = f'<svg><script type=importmap>{{"imports": {{"x": "https:{T}"}}}}</script></svg>'
        assert page(text) == text  # no browser knows such


class TestSheets:
    """The text of style elements is told address by address."""

    @pytest.mark.parametrize(
        ("text", "result"),
        [
            (f"<style>a{{b:url({T})}}</style>", f"<style>a{{b:url({PCB}{T})}}</style>"),
            (f"<style>@import '{T}';</style>", f"<style>@import '{PC}{T}';</style>"),
            (
                f'<svg><style>a{{b:url("{T}")}}</style></svg>',
                f'<svg><style>a{{b:url("{PCB}{T}")}}</style></svg>',
            ),
            (
                f"<style>@import '{T}';a{{b:url(//video.example/x);c:url(/y)}}</style><img src={T}>",
                f"<style>@import '{PC}{T}';a{{b:url({PV}//video.example/x);c:url(/y)}}</style>"
                f"<img {CB} data-cg-src={T}>",
            ),
            (f"<style>/* url({T}) */ a{{content:'url({T})'}}</style>", None),
            ("<base href=//counter.example/><style>a{b:url(x)}</style>", ...),
        ],
    )
    def test_in_a_page(self, text: str, result: str | EllipsisType | None) -> None:
        assert page(text, *EVERYTHING) == text
        if result is ...:
            assert page(text).endswith(f"<style>a{{b:url({PCB}x)}}</style>")
        else:
            assert page(text) == (result or text)

    def sheet(self, name: bytes, value: str, *granted: str) -> str:
        place = (Attribute(name, 7, value.encode()),)
        candidate = Classifier(POLICY, URL).tag(Tag(b"style", 7, 7, place, css=True))
        return written(candidate, "<style>" + value, *granted)

    @pytest.mark.parametrize(
        ("name", "value", "prefix"),
        [
            (b"url", T, PCB),
            (b"import", T, PC),
            (b"import", f"data:text/css,@import %22{S}%22", PC),
            (b"url", f"data:text/css,@import %22{S}%22", ""),
            (b"url", "/own.png", ""),
            (b"import", "/own.css", ""),
        ],
    )
    def test_held(self, name: bytes, value: str, prefix: str) -> None:
        assert self.sheet(name, value) == f"<style>{prefix}{value}"
        assert self.sheet(name, value, *EVERYTHING) == f"<style>{value}"


class TestBases:
    """A base that leads to a tracker is held; what is relative to it may then mean two things."""

    @pytest.mark.parametrize(
        ("text", "result"),
        [
            (
                "<base href=//counter.example/><img src=own-metrics>",
                f"<base {C} data-cg-href=//counter.example/><img {CB} data-cg-src=own-metrics>",
            ),
            # The second counts where the first is held.
            (
                "<base href=//video.example/><base href=//counter.example/><img src=x>",
                f"<base {V} data-cg-href=//video.example/>"
                '<base data-cg-service="counter video" data-cg-purpose="analytics preferences"'
                f" data-cg-href=//counter.example/><img {V} data-cg-src=x>",
            ),
            (
                "<base href=//video.example/><base href=/own-metrics/><img src=x>",
                f"<base {V} data-cg-href=//video.example/><base {C} data-cg-href=/own-metrics/>",
            ),
            ("<base href=/a/><base href=//counter.example/><img src=x>", None),
            ("<base href=javascript:x><img src=x>", None),
            # Without scripts only the first of these counts, with scripts only the second.
            (
                "<noscript><base href=/own-metrics/></noscript><base href=/b/><base href=/c/><img src=x>",
                f"<noscript><base {C} data-cg-href=/own-metrics/></noscript>"
                f"<base href=/b/><base href=/c/><img {CB} data-cg-src=x>",
            ),
            ("<noscript><base href=/a/></noscript><base href=/b/><img src=x>", None),
        ],
    )
    def test_held(self, text: str, result: str | None) -> None:
        if result and "own-metrics/" in result:
            assert page(text).startswith(result[:40])
        else:
            assert page(text) == (result or text)
        assert page(text, *EVERYTHING) == text

    def test_nothing_leaks_whatever_is_granted(self) -> None:
        text = "<base href=//counter.example/><script src=own-metrics></script><img src=/x>"
        assert page(text, "analytics") == text.replace("<img src", f"<img {CB} data-cg-src")
        text = "<base href=//video.example/><img src=/own-metrics>"
        assert page(text, "preferences").count("data-cg-src") == 1
        assert page(text, "analytics", "beacons").count("data-cg-") == 6

    def test_a_stranger(self) -> None:
        text = "<base href=//stranger.example/><img src=x>"
        assert page(text) == text
        assert page(text, policy=STRICT) == (
            f"<base {U} data-cg-href=//stranger.example/><img {U} data-cg-src=x>"
        )

    def test_many_are_cheap(self) -> None:
        text = "".join(f"<base href=//a{n}.counter.example/>" for n in range(500)) + "<img src=x>" * 500
        result = gate_html(text.encode(), policy=POLICY, url=URL)
        assert len(result.findings) == 1000


class TestOverlong:
    """What does not say by its beginning what it loads is held where its end is not known."""

    @pytest.mark.parametrize(
        ("text", "result"),
        [
            ("<iframe srcdoc='<p>", f'<iframe src="" {U} data-cg-srcdoc='),
            ("<iframe srcdoc='' src='data:text/html,x", f"<iframe {U} srcdoc='' data-cg-src="),
            ("<iframe srcdoc='' src='/x", "<iframe srcdoc='' src="),
            ("<img src='' srcset='/a", f"<img {U} src='' data-cg-srcset="),
            ("<img src='' srcset='' style='x", f"<img {U} src='' srcset='' data-cg-style="),
            (f"<meta content='0;url={T}", f"<meta {C} data-cg-content="),
            ("<meta http-equiv=refresh x='", f'<meta content="" {U} http-equiv=refresh x='),
            ("<meta name=refresh x='", f'<meta content="" {U} name=refresh x='),
            ("<link rel=canonical x='", "<link rel=canonical x="),
            ("<link x='", f'<link href="" imagesrcset="" {U} x='),
            ("<script type=application/json x='", "<script type=application/json x="),
            ("<script type=importmap x='", "<script type=importmap x="),
            ("<base x='", "<base x="),
        ],
    )
    def test_held(self, text: str, result: str) -> None:
        text += "x" * 400_000 + "'>"
        body = self.streamed(text)
        assert body.startswith(result)
        assert body.endswith("x" * 400_000 + "'>")
        assert self.streamed(text, *EVERYTHING) == text

    def streamed(self, text: str, *granted: str) -> str:
        gate = PageGate(POLICY, granted_profile(POLICY, granted), url=URL)
        pieces = (text[at : at + 65536] for at in range(0, len(text), 65536))
        return (b"".join(gate.feed(piece.encode()) for piece in pieces) + gate.close()).decode()


class TestReports:
    """Findings say which rule fired, and where the author's word does not count."""

    def finding(
        self, text: str, *granted: str, policy: Policy = POLICY
    ) -> tuple[str | None, str, Reason, bool]:
        (finding,) = gate_html(text.encode(), granted=granted, policy=policy, url=URL).findings
        return finding.service, finding.rule, finding.reason, finding.allowed

    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            (f"<img src={T}>", "counter.example"),
            ("<img src=/own-metrics/x>", "/own-metrics"),
            ("<script>count(1)</script>", "count ("),
            (f"<script>new Image().src = '{T}'</script>", "counter.example"),
            (f"<img src=x onerror='new Image().src=\"{T}\"'>", "counter.example"),
            ("<img data-service=counter src=//stranger.example/x>", ""),
        ],
    )
    def test_rules(self, text: str, rule: str) -> None:
        service, fired, _, _ = self.finding(text)
        assert (service, fired) == ("counter", rule)

    @pytest.mark.parametrize("claim", ["data-category=necessary", "data-cg-keep"])
    def test_a_tracker_is_not_necessary_by_the_authors_word(self, claim: str) -> None:
        held_back = ("counter", "counter.example", Reason.NOT_NAMED, False)
        assert self.finding(f"<script {claim} src={T}></script>") == held_back
        assert self.finding(f"<script {claim} src={T}></script>", "counter")[2:] == (Reason.GRANTED, True)
        text = f"<script {claim}>count(1)</script>"
        assert self.finding(text) == ("counter", "count (", Reason.NOT_NAMED, False)
        named = "<script data-category=necessary src=//login.example/x></script>"
        assert self.finding(named) == ("login", "login.example", Reason.NECESSARY, True)

    @pytest.mark.parametrize("host", ["", "https://metrics.shop.example", "https://stranger.example"])
    def test_the_shape_of_an_address(self, host: str) -> None:
        text = f"<script src='{host}/gtag/js?id=G-XXXXXXX'></script>"
        service, rule, reason, allowed = self.finding(text, policy=Policy())
        assert (service, reason, allowed) == ("google-analytics", Reason.SHAPE, False)
        assert "/gtag/js" in rule
        assert self.finding(text, "analytics", policy=Policy())[2:] == (Reason.GRANTED, True)

    def test_filter_lists(self, tmp_path) -> None:
        (tmp_path / "list.txt").write_text("||tail.example^\n")
        (tmp_path / "policy.toml").write_text('[catalog]\nlists = ["list.txt"]\n')
        listed = Policy.load(tmp_path / "policy.toml")
        text = "<img data-cg-keep src=//tail.example/x>"
        assert self.finding(text, policy=listed) == (None, "||tail.example^", Reason.NOT_NAMED, False)
        assert self.finding(text.replace(" data-cg-keep", ""), policy=listed)[2] is Reason.PURPOSE_DENIED


@given(st.text(alphabet="<>&;#x2d'\" =/-!abcsrcdoc:,", max_size=60))
def test_any_srcdoc_can_be_undone(text: str) -> None:
    """What is inserted into an inner document decodes to what its own insertions are."""
    tag = f'<iframe srcdoc="{text.replace(chr(34), "")}<img src={T}>">'
    result = held(tag)
    assert held(tag, *EVERYTHING) == tag
    inner = decode_value(tag_of(result).attributes[0].value)
    plain = decode_value(tag_of(tag).attributes[0].value)
    assert inner == page(plain)


PIECES = [
    *RENAMED, *PREFIXED, *FOREIGN, *INNOCENT, "<svg>", "</svg>", "<p>", "</script>", "</iframe>",
    "<noscript>",
    "</noscript>", f"<style>@import '{T}'; a{{b:url({T})}}</style>", "<style>", f"url({T})", "</style>", "'>",
    f'<script type=importmap>{{"imports": {{"x": "https:{T}"}}}}</script>', "<math>", "<template>", "<!--",
    f"<iframe srcdoc='<img src={T}><p style=x:url({T})>'>", "-->", "x",
]  # fmt: skip


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map(lambda parts: "".join(parts).encode()),
    st.sampled_from([(), ("analytics",), ("preferences", "beacons"), ("counter",)]),
    st.randoms(use_true_random=False),
)
def test_any_page_in_any_pieces(text: bytes, granted: tuple[str, ...], rnd: random.Random) -> None:
    """Any chunking gives the same bytes, and taking the insertions out gives back the page."""
    insertions: list[Insertion] = []
    real = page_module.insert

    def spy(data: bytes, offset: int, added: list[Insertion]) -> bytes:
        insertions.extend(added)
        return real(data, offset, added)

    profile = granted_profile(POLICY, granted)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_module, "insert", spy)
        gate = PageGate(POLICY, profile, url=URL)
        whole = gate.feed(text) + gate.close()
    restored = bytearray(whole)
    for place, added in sorted(dict.fromkeys(insertions), key=lambda insertion: insertion.offset):
        assert restored[place : place + len(added)] == added
        del restored[place : place + len(added)]
    assert bytes(restored) == text

    pieces = PageGate(POLICY, profile, url=URL)
    out, at = b"", 0
    while at < len(text):
        step = rnd.randint(1, 40)
        out += pieces.feed(text[at : at + step])
        at += step
    assert out + pieces.close() == whole
    assert pieces.findings == gate.findings

    full = PageGate(POLICY, granted_profile(POLICY, EVERYTHING), url=URL)
    assert full.feed(text) + full.close() == text


class TestDocument:
    """docs/sinks.md names every sink, and none that is not there."""

    TEXT = (Path(__file__).resolve().parents[2] / "docs" / "sinks.md").read_text(encoding="utf-8")

    def rows(self, section: str) -> set[tuple[str, str]]:
        table = self.TEXT.split(f"\n## {section}\n")[1].split("\n## ")[0]
        found = set()
        for line in re.findall(r"^\| (.*) \|$", table, re.M)[1:]:
            elements, attributes = line.split(" | ")[:2]
            names = (
                ["any"]
                if elements == "any"
                else re.findall(r"`([a-z]+)`", elements.split(", by")[0].split(" of ")[0])
            )
            found |= {
                (name, attribute) for name in names for attribute in re.findall(r"`([\w:…-]+)`", attributes)
            }
        return found

    def test_attributes(self) -> None:
        sinks = {(name, attribute) for name, own in SINKS.items() for attribute in own}
        sinks |= {(name, attribute) for attribute, kinds in SHARED_SINKS.items() for name in kinds}
        wanted = {(name.decode(), attribute.decode()) for name, attribute in sinks}
        assert self.rows("Attributes of HTML elements") == wanted | {("any", "style"), ("any", "on…")}

    def test_svg(self) -> None:
        sinks = {(name, attribute) for name, own in FOREIGN_SINKS.items() for attribute in own}
        wanted = {(name.decode(), attribute.decode()) for name, attribute in sinks}
        assert self.rows("SVG elements") == wanted | {("any", name.decode()) for name in PRESENTATION}

    def test_relations(self) -> None:
        listed = self.TEXT.split("one of `")[1].split(". Navigation")[0]
        assert set(re.findall(r"[a-z-]{3,}", listed)) == {name.decode() for name in LINK_RELATIONS}


@pytest.mark.parametrize(
    "piece",
    [
        f"<p style='a:url({T})'>",
        f"<p style='{'a:url(//counter.example/p);' * 2000}'>",
        f"<iframe srcdoc='{'&lt;img src=//counter.example/p>' * 2000}'></iframe>",
        f"<iframe srcdoc='{'<iframe srcdoc=x ' * 2000}'></iframe>",
        f"<iframe src='data:text/html,{'%3Cimg src=https://counter.example/p>' * 2000}'></iframe>",
        f"<img srcset='{'//counter.example/p 1x,' * 5000}'>",
        f"<a ping='{'//counter.example/p ' * 5000}'>",
        f"<meta http-equiv=refresh content='{'0' * 100_000}'>",
        f"<meta http-equiv=refresh content='0{' ' * 100_000}x'>",
        f"<p onclick='{'fetch(&quot;//counter.example/p&quot;);' * 2000}'>",
        f"<script type=importmap>{'[' * 100_000}</script>",
        f'<script type=speculationrules>{{"urls": [{f"{chr(34)}{T}{chr(34)}," * 5000}</script>',
        f"<iframe src='data:{';' * 100_000},x'></iframe>",
        f"<iframe src='data:{'; ' * 50_000}base64,x'></iframe>",
        "<base href=//counter.example/><img src=x>",
    ],
)
def test_large_pages_take_no_longer_per_byte(piece: str) -> None:
    """Nothing is worse than linear: each is read in moments, where anything else would take minutes."""
    text = (piece * (1 + 500_000 // len(piece))).encode()
    gate_html(text, policy=POLICY, url=URL)
