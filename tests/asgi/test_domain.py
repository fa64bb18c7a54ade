"""Two hosts of one domain: an answer given on one of them counts on the other."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from cookiegate import CookieGate, Policy
from cookiegate.consent.choose import accept_all, reject_all
from cookiegate.consent.cookie import ConsentCookie
from cookiegate.consent.model import NO_SIGNALS

KEY = "a-secret-key-of-more-than-32-bytes-for-tests"
DOMAIN = "site.example"
POLICY = Policy.from_dict({"consent": {"domain": DOMAIN}})
PAGE = (
    b'<!doctype html><title>A</title><body><script src="https://www.googletagmanager.com/gtag/js"></script>'
)
BANNER = b'id="cg-f"'
HELD = b"data-cg-src"

pytestmark = pytest.mark.anyio


async def site(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": PAGE})


@dataclass
class Browser:
    """Keeps cookies as browsers do: by name and by the host or domain that they are for."""

    gate: CookieGate = field(default_factory=lambda: CookieGate(site, policy=POLICY, secret_keys=KEY))
    jar: dict[tuple[str, str], str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    async def open(self, url: str, form: bytes | None = None) -> bytes:
        parts = urlsplit(url)
        host = parts.hostname or ""
        sent = [
            f"{name}={value}"
            for (name, domain), value in self.jar.items()
            if domain == host or (domain.startswith(".") and f".{host}".endswith(domain))
            if parts.scheme == "https" or not name.startswith("__")
        ]
        headers = [(b"host", parts.netloc.encode()), (b"cookie", "; ".join(sent).encode())]
        headers += [
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"sec-fetch-site", b"same-origin"),
        ]
        scope = {
            "type": "http",
            "method": "GET" if form is None else "POST",
            "scheme": parts.scheme,
            "path": parts.path,
            "headers": headers,
        }
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": form or b""}

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        await self.gate(scope, receive, send)
        self.lines = [value.decode() for name, value in messages[0]["headers"] if name == b"set-cookie"]
        for line in self.lines:
            self.take(line, host, parts.scheme == "https")
        return b"".join(message.get("body", b"") for message in messages)

    def take(self, line: str, host: str, secure: bool) -> None:
        pair, *attributes = line.split("; ")
        name, _, value = pair.partition("=")
        said = dict(attribute.partition("=")[::2] for attribute in attributes)
        assert secure or not name.startswith("__")
        assert not name.startswith("__") or "Secure" in said
        assert not name.startswith("__Host-") or "Domain" not in said
        assert f".{host}".endswith("." + said.get("Domain", host))
        place = (name, "." + said["Domain"]) if "Domain" in said else (name, host)
        if said["Max-Age"] == "0":
            self.jar.pop(place, None)
        else:
            self.jar[place] = value


@pytest.fixture
def browser() -> Browser:
    return Browser()


def token(answer: Any) -> str:
    state = answer(POLICY, None, NO_SIGNALS, now=time.time(), new_id=lambda: "s" * 22)
    return ConsentCookie(KEY, POLICY).dumps(state)


@pytest.mark.parametrize(("scheme", "name"), [("https", "__Secure-cg"), ("http", "cg")])
async def test_one_answer_counts_on_all_hosts(browser: Browser, scheme: str, name: str) -> None:
    shop, blog = f"{scheme}://shop.{DOMAIN}", f"{scheme}://blog.{DOMAIN}:8443"
    assert HELD in await browser.open(f"{shop}/")
    await browser.open(f"{shop}/privacy-choices/", b"action=accept-all")
    assert list(browser.jar) == [(name, f".{DOMAIN}")]
    for url in (f"{shop}/", f"{blog}/", f"{scheme}://{DOMAIN}/"):
        page = await browser.open(url)
        assert HELD not in page
        assert BANNER not in page
        assert browser.lines == []
    await browser.open(f"{blog}/privacy-choices/", b"action=reject-all")
    assert list(browser.jar) == [(name, f".{DOMAIN}")]
    assert HELD in await browser.open(f"{shop}/")


async def test_a_host_outside_has_a_cookie_of_its_own(browser: Browser) -> None:
    await browser.open("https://shop.example/privacy-choices/", b"action=accept-all")
    assert list(browser.jar) == [("__Host-cg", "shop.example")]
    assert HELD in await browser.open(f"https://{DOMAIN}/")
    await browser.open("https://shop.example/privacy-choices/erase", b"")
    assert browser.jar == {}


async def test_an_answer_from_before_still_counts_and_moves(browser: Browser) -> None:
    browser.jar["__Host-cg", f"shop.{DOMAIN}"] = token(accept_all)
    page = await browser.open(f"https://shop.{DOMAIN}/")
    assert HELD not in page
    assert BANNER not in page
    assert list(browser.jar) == [("__Secure-cg", f".{DOMAIN}")]
    assert HELD not in await browser.open(f"https://blog.{DOMAIN}/")


async def test_what_one_of_them_refuses_is_refused(browser: Browser) -> None:
    """Also where a host below plants an answer that was validly signed for somebody else."""
    browser.jar["__Secure-cg", f".{DOMAIN}"] = token(accept_all)
    browser.jar["__Host-cg", f"shop.{DOMAIN}"] = token(reject_all)
    assert HELD not in await browser.open(f"https://blog.{DOMAIN}/")
    assert HELD in await browser.open(f"https://shop.{DOMAIN}/")
    assert list(browser.jar) == [("__Secure-cg", f".{DOMAIN}")]
    assert HELD in await browser.open(f"https://blog.{DOMAIN}/")


async def test_to_be_forgotten_is_to_be_forgotten_everywhere(browser: Browser) -> None:
    browser.jar["__Secure-cg", f".{DOMAIN}"] = token(accept_all)
    browser.jar["__Host-cg", f"shop.{DOMAIN}"] = token(accept_all)
    await browser.open(f"https://shop.{DOMAIN}/privacy-choices/erase", b"")
    assert browser.jar == {}
