from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from cookiegate.exceptions import UpstreamError
from cookiegate.proxy.target import BadRequest, Target


@pytest.mark.parametrize(
    ("url", "scheme", "netloc"),
    [
        ("http://127.0.0.1:8080", "http", "127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http", "127.0.0.1:8080"),
        ("https://Shop.Example", "https", "shop.example"),
        ("HTTP://[::1]:80", "http", "[::1]:80"),
    ],
)
def test_an_address(url: str, scheme: str, netloc: str) -> None:
    target = Target.of(url)
    assert (target.scheme, target.netloc) == (scheme, netloc)


@pytest.mark.parametrize(
    "url",
    [
        *("", "127.0.0.1:8080", "//127.0.0.1", "ftp://a.example", "ws://a.example", "http://", "http://:80"),
        *("http://a.example/path", "http://a.example?x", "http://a.example#x", "http://me:pw@a.example"),
        *("http://a.example:99999", "http://a.example:0", "http://[::1", "http://a b", "http://ü.example"),
        "http://a.example\r\nx: y",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UpstreamError, match="must be http:// or https://") as raised:
        Target.of(url)
    assert raised.value.url == url
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("scope", "address"),
    [
        ({"path": "/a b/ü"}, "http://site:1/a%20b/%C3%BC"),
        ({"path": "/a", "raw_path": b"/%61%2fb//../c;d=[1]|"}, "http://site:1/%61%2fb//../c;d=[1]|"),
        ({"path": "/", "query_string": b"q=%zz&a=%27'\"<>"}, "http://site:1/?q=%zz&a=%27'\"<>"),
        ({"path": "/", "query_string": b"a?b"}, "http://site:1/?a?b"),
    ],
)
def test_bytes_stay_as_they_came(scope: dict[str, object], address: str) -> None:
    made = Target.of("http://site:1").address(scope)
    assert made == address
    url = URL(made, encoded=True)
    assert url.raw_path_qs == address.removeprefix("http://site:1")
    assert (url.raw_host, url.port) == ("site", 1)
    assert Target.of("https://site:1").address(scope, websocket=True) == address.replace("http:", "wss:")


@pytest.mark.parametrize(
    "scope",
    [
        {"path": "http://evil.example/"},
        {"path": "*"},
        {"path": ""},
        {"path": "/", "raw_path": b"//a\r\nb"},
        {"path": "/", "raw_path": b"/a b"},
        {"path": "/", "raw_path": b"/\xff"},
        {"path": "/", "raw_path": b"evil.example:443"},
        {"path": "/", "query_string": b"a b"},
        {"path": "/", "query_string": b"a\nb"},
    ],
)
def test_what_would_lead_elsewhere(scope: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        Target.of("http://site:1").address(scope)


@given(path=st.binary(), query=st.binary())
def test_no_path_leads_to_another_host(path: bytes, query: bytes) -> None:
    scope = {"path": "/x", "raw_path": b"/" + path, "query_string": query}
    try:
        made = Target.of("http://site:1").address(scope)
    except BadRequest:
        return
    try:
        url = URL(made, encoded=True)
    except ValueError:  # answered with 400 too
        return
    assert (url.scheme, url.raw_host, url.port, url.raw_user) == ("http", "site", 1, None)
