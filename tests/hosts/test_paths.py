"""Sites below a path: sub-applications, and prefixes that a proxy strips or leaves."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from hosting import content
from hosting.client import served, snippet_of
from hosting.nginx import nginx

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hosting.client import Visitor

    Visit = Callable[..., Visitor]

# A server that takes a prefix wants it stripped by the proxy (uvicorn), or left there for the framework.
STRIPPED = [f"uvicorn-{site}" for site in ("starlette", "fastapi", "litestar", "quart", "django")]
LEFT = ["hypercorn-starlette", "hypercorn-quart", "granian-starlette", "daphne-starlette", "daphne-django"]


def use(visitor: Visitor, root: str) -> None:
    """Do what a visitor does below a path: follow the links, press the button, change their mind."""
    page = visitor.ask(f"{root}/")
    assert content.HELD in page.body
    addresses = re.findall(rb'(?:href|src|action)="([^"]+)"', snippet_of(page.body))
    assert addresses
    assert all(address.startswith(f"{root}/privacy-choices/".encode()) for address in addresses)
    for address in addresses:
        assert visitor.ask(address.decode()).status == 200
    prefix = f"{root}/privacy-choices/"
    assert visitor.ask(prefix.rstrip("/")).location == prefix
    settings = visitor.ask(prefix).body
    assert f'action="{prefix}"'.encode() in settings
    assert f'href="{root}/"'.encode() in settings
    back = f"{root}/innocent?a=1"
    accepted = visitor.post(prefix, {"action": "accept-all"}, Referer=f"{visitor.origin}{back}")
    assert (accepted.status, accepted.location) == (303, back)
    page = visitor.ask(f"{root}/")
    assert content.GA in page.body
    assert f'href="{prefix}"'.encode() in snippet_of(page.body)
    assert json.loads(visitor.ask(f"{prefix}state").body)["answered"]
    assert visitor.choose("reject-all", prefix).status == 303
    assert content.HELD in visitor.ask(f"{root}/").body


@pytest.mark.parametrize("pair", STRIPPED)
def test_a_prefix_that_the_proxy_strips(pair: str, folder: Path, tmp_path: Path, visit: Visit) -> None:
    server, _, site = pair.partition("-")
    with served(server, site, folder, "--root-path", "/pre") as base:
        to = f"location /pre/ {{ proxy_pass {base}/; proxy_set_header Host $http_host; }}"
        with nginx(tmp_path, to) as proxy:
            use(visit(proxy), "/pre")


@pytest.mark.parametrize("pair", LEFT)
def test_a_prefix_that_is_left(pair: str, folder: Path, tmp_path: Path, visit: Visit) -> None:
    server, _, site = pair.partition("-")
    with served(server, site, folder, "--root-path", "/pre") as base:
        use(visit(base), "/pre")
        if site == "starlette":  # which understands a path that was stripped behind the server's back, too
            to = f"location /pre/ {{ proxy_pass {base}/; proxy_set_header Host $http_host; }}"
            with nginx(tmp_path, to) as proxy:
                use(visit(proxy), "/pre")


def test_a_visitor_cannot_name_the_prefix(folder: Path, visit: Visit) -> None:
    """daphne takes it from a header of anybody's."""
    with served("daphne", "starlette", folder) as base:
        visitor = visit(base)
        for root in ("//evil.example", "/\\evil.example", "javascript:alert(1)//", "/a%0d%0aX-Evil:%20b"):
            headers = {"Daphne-Root-Path": root}
            for address in re.findall(
                rb'(?:href|src|action)="([^"]+)"', visitor.ask("/", headers=headers).body
            ):
                assert not urlsplit(address.decode()).scheme or b"googletagmanager" in address
                assert not urlsplit(address.decode()).netloc or b"googletagmanager" in address
                assert b"\\" not in address
            moved = visitor.ask("/privacy-choices", headers=headers)
            assert moved.status == 307
            assert re.fullmatch(r"/[^/\\].*/privacy-choices/", moved.location)
            assert moved.get("x-evil") is None


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
def test_a_gate_inside_a_mount(server: str, folder: Path, visit: Visit) -> None:
    with served(server, "inside", folder) as base:
        visitor = visit(base)
        use(visitor, "/shop")
        assert visitor.ask("/").body == content.TRACKED
        assert visitor.ask("/privacy-choices/state").status == 404
        visitor.choose("accept-all", "/shop/privacy-choices/")
        assert visitor.ask("/shop/consent").body == b"true"


@pytest.mark.parametrize("site", ["outside", "nested"])
def test_a_gate_outside_of_mounts(site: str, folder: Path, visit: Visit) -> None:
    """A gate in the mounted part changes nothing: the outer one has the say."""
    with served("uvicorn", site, folder) as base:
        visitor = visit(base)
        use(visitor, "")
        visitor.ask("/shop/")
        page = visit(base).ask("/shop/").body
        assert page.count(b"accept-all") == visit(base).ask("/").body.count(b"accept-all")
        assert b'action="/privacy-choices/"' in page
        visitor.choose("accept-all")
        assert visitor.ask("/shop/consent").body == b"true"
        assert content.GA in visitor.ask("/shop/page").body


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn"])
def test_mounts_below_a_prefix(server: str, folder: Path, tmp_path: Path, visit: Visit) -> None:
    with served(server, "inside", folder, "--root-path", "/pre") as base:
        to = f"location /pre/ {{ proxy_pass {base}/; proxy_set_header Host $http_host; }}"
        with nginx(tmp_path, to if server == "uvicorn" else to.replace("/; proxy", "; proxy")) as proxy:
            use(visit(proxy), "/pre/shop")
