"""Pages as sites really send them, made from a seed: the same bytes every time."""

from __future__ import annotations

import json
import random

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Linden & Salt</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/site.css"><link rel="preconnect" href="https://www.googletagmanager.com">
<script async src="https://www.googletagmanager.com/gtag/js?id=G-XXXXXXXXXX"></script>
<script>window.dataLayer = window.dataLayer || [];function gtag(){dataLayer.push(arguments);}
gtag('js', new Date());gtag('config', 'G-XXXXXXXXXX');</script>
<script src="/static/site.js" defer></script></head>
<body class="home">
"""
_TAIL = """
<noscript><img height="1" width="1" style="display:none"
 src="https://www.facebook.com/tr?id=1234567890&ev=PageView&noscript=1"></noscript>
</body></html>
"""
_WORDS = ("linen", "jar", "oak", "salt", "press", "hand", "lamp", "bowl", "glass", "wool", "stone", "thyme")


def _item(chance: random.Random, number: int) -> str:
    words = " ".join(chance.choices(_WORDS, k=4))
    price = chance.randrange(5, 200)
    return f"""<article class="card card--{chance.choice("abc")}" id="p{number}" data-price="{price}">
<a class="card__link" href="/products/{number}"><picture>
<source type="image/webp" srcset="/img/{number}.webp 1x, /img/{number}@2x.webp 2x">
<img src="/img/{number}.jpg" alt="{words}" width="320" height="240" loading="lazy"></picture>
<h3 class="card__title">{words.title()}</h3></a>
<p class="card__text">A {words} &amp; more, made in <em>Leipzig</em>.</p>
<ul class="card__facts"><li>In stock</li><li>{price} &euro;</li><li title="2 > 1">Two for one</li></ul>
<button type="button" class="btn" aria-label="Add {words}">Add</button></article>
"""


def _embed(number: int) -> str:
    return f'<iframe src="https://www.youtube.com/embed/{number}" width="560" height="315"></iframe>\n'


def _state(chance: random.Random) -> str:
    state = [
        {
            "id": chance.randrange(10**6),
            "name": " ".join(chance.choices(_WORDS, k=5)),
            "on": chance.random() < 0.5,
        }
        for _ in range(200)
    ]
    code = ";".join(
        f'function f{n}(a,b){{return a<b?"<i>"+a+"</i>":b>>{n}&&a.x[{n}].y("{chance.choice(_WORDS)}")}}'
        for n in range(60)
    )
    return (
        f'<script type="application/json" id="state">{json.dumps(state)}</script>\n<script>{code}</script>\n'
    )


def tag_dense(size: int) -> bytes:
    """A shop's list: one tag every 45 bytes, a tracker's embed every 16 kB. ``size`` in bytes, about."""
    chance = random.Random(1)
    parts, length, number = [_HEAD], len(_HEAD), 0
    while length < size:
        number += 1
        parts.append(_embed(number) if number % 20 == 0 else _item(chance, number))
        length += len(parts[-1])
    return "".join([*parts, _TAIL]).encode()


def script_heavy(size: int) -> bytes:
    """An application's shell: inline state and code, little markup. ``size`` in bytes, about."""
    chance = random.Random(2)
    parts, length = [_HEAD], len(_HEAD)
    while length < size:
        parts += [_item(chance, length), _state(chance)]
        length += len(parts[-1]) + len(parts[-2])
    return "".join([*parts, _TAIL]).encode()
