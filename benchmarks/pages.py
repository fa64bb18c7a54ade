"""Pages as sites really send them, made from a seed: the same bytes every time.

Each is as long as asked to within a few words. ``mixed.py`` holds the third kind.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://www.linden.example/"
"""The address of every page here."""

WORDS = ("linen", "jar", "oak", "salt", "press", "hand", "lamp", "bowl", "glass", "wool", "stone", "thyme")

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


def filled(head: str, parts: Iterator[str], tail: str, size: int) -> bytes:
    """Put parts between head and tail while they fit, then words: ``size`` bytes in all."""
    chosen, room = [head], size - len((head + tail).encode())
    for part in parts:
        length = len(part.encode())
        if length > room:
            break
        chosen.append(part)
        room -= length
    words = " ".join(WORDS)
    chosen.append(f"<p>{(words + ' ') * (room // len(words) + 1)}"[: max(room - 4, 0)] + "</p>" * (room > 8))
    return "".join([*chosen, tail]).encode()


def _item(chance: random.Random, number: int) -> str:
    words = " ".join(chance.choices(WORDS, k=4))
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


def state(chance: random.Random, goods: int) -> str:
    """What an application leaves in its page for its own code: data, some 75 bytes for each article."""
    rows = [
        {
            "id": chance.randrange(10**6),
            "name": " ".join(chance.choices(WORDS, k=5)),
            "on": chance.random() < 0.5,
        }
        for _ in range(goods)
    ]
    return f'<script type="application/json" id="state">{json.dumps(rows)}</script>\n'


def bundle(chance: random.Random, functions: int) -> str:
    """The site's own code as a bundler leaves it, inline: some 90 bytes for each function."""
    code = ";".join(
        f'function f{n}(a,b){{return a<b?"<i>"+a+"</i>":b>>{n}&&a.x[{n}].y("{chance.choice(WORDS)}")}}'
        for n in range(functions)
    )
    return f"<script>{code}</script>\n"


def tag_dense(size: int) -> bytes:
    """A shop's list: one tag every 45 bytes, a tracker's embed every 16 kB. ``size`` in bytes."""
    chance = random.Random(1)

    def parts() -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield _embed(number) if number % 20 == 0 else _item(chance, number)

    return filled(_HEAD, parts(), _TAIL, size)


def script_heavy(size: int) -> bytes:
    """An application's shell: inline state and code, little markup. ``size`` in bytes."""
    chance = random.Random(2)
    goods, functions = (200, 60) if size > 50_000 else (20, 6)

    def parts() -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield _item(chance, number)
            yield state(chance, goods)
            yield bundle(chance, functions)

    return filled(_HEAD, parts(), _TAIL, size)
