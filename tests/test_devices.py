"""Browsers by what they say of themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.devices import Browser, Device, device_of

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
CHROME = "Chrome/142.0.0.0 Safari/537.36"
PHONE = "Chrome/142.0.0.0 Mobile Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (WINDOWS + CHROME, Device(Browser.CHROME)),
        (f"{WINDOWS}{CHROME} Edg/142.0.0.0", Device(Browser.EDGE)),
        (f"{WINDOWS}{CHROME} OPR/126.0.0.0", Device(Browser.OPERA)),
        (ANDROID + PHONE, Device(Browser.CHROME, handheld=True)),
        (f"{ANDROID}SamsungBrowser/28.0 {PHONE}", Device(Browser.SAMSUNG, handheld=True)),
        (f"{ANDROID}{PHONE} OPR/92.0.0.0", Device(Browser.OPERA, handheld=True)),
        (f"{ANDROID}{PHONE} EdgA/142.0.0.0", Device(Browser.EDGE, handheld=True)),
        (
            "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
            Device(Browser.FIREFOX, handheld=True),
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", Device(Browser.FIREFOX)),
        (
            MAC + "605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
            Device(Browser.SAFARI, apple=True),
        ),
        (f"{MAC}537.36 (KHTML, like Gecko) {CHROME}", Device(Browser.CHROME, apple=True)),
        (
            f"{IPHONE}Version/26.0 Mobile/15E148 Safari/604.1",
            Device(Browser.SAFARI, handheld=True, apple=True),
        ),
        (
            f"{IPHONE}CriOS/142.0 Mobile/15E148 Safari/604.1",
            Device(Browser.CHROME, handheld=True, apple=True),
        ),
        (
            f"{IPHONE}FxiOS/142.0 Mobile/15E148 Safari/605.1.15",
            Device(Browser.FIREFOX, handheld=True, apple=True),
        ),
        (
            IPHONE.replace("iPhone;", "iPad;") + "Version/18.6 Mobile/15E148 Safari/604.1",
            Device(Browser.SAFARI, handheld=True, apple=True),
        ),
        ("curl/8.5.0", Device(Browser.OTHER)),
        ("", Device(Browser.OTHER)),
    ],
)
def test_browsers(agent: str, device: Device) -> None:
    assert device_of(agent) == device
    assert device_of(agent + " " * 2000 + "Firefox/145.0").browser in (device.browser, Browser.OTHER)


def test_brave_is_named_by_its_brands() -> None:
    brands = '"Brave";v="142", "Chromium";v="142", "Not_A Brand";v="99"'
    assert device_of(WINDOWS + CHROME, brands) == Device(Browser.BRAVE)
    assert device_of(ANDROID + PHONE, brands) == Device(Browser.BRAVE, handheld=True)
    assert device_of("curl/8.5.0", brands) == Device(Browser.OTHER)
    assert device_of(WINDOWS + CHROME, '"Chromium";v="142"') == Device(Browser.CHROME)


@given(st.text(), st.text())
def test_any_text_is_some_browser(agent: str, brands: str) -> None:
    assert device_of(agent, brands).browser in Browser
