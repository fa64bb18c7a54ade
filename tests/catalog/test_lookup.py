from __future__ import annotations

import pytest

from cookiegate.catalog import Index, Service, Url, lookup_url


def service(service_id: str, **rules: tuple[str, ...]) -> Service:
    return Service(id=service_id, name=service_id, vendor="V", purpose="analytics", **rules)  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [10, 300, 500, 50_000])
def test_an_address_of_any_length_is_looked_up(length: int) -> None:
    for _ in range(2):
        found = lookup_url("https://www.google-analytics.com/collect?x=" + "1" * length)
        assert found is not None
        assert found.id == "google-analytics"
        assert lookup_url("https://unknown.example/" + "x" * length) is None


def test_text_and_bytes_are_one_address() -> None:
    for url in ("//www.clarity.ms/tag/a", "https://www.clarity.ms/tag/ü"):
        found = lookup_url(url)
        assert found is not None
        assert lookup_url(url.encode()) is found


def test_the_shape_is_the_last_that_counts() -> None:
    index = Index(
        [
            service("host", hosts=("a.example",)),
            service("path", paths=("b.example/collect",)),
            service("file", shapes=("/*/stats.js",)),
            service("site", shapes=("/collect", "/x%2Ay/", "/v_1*")),
        ]
    )

    def found(host: str, path: str) -> str | None:
        match = index.match_place(host, path, "")
        assert match == index.match_url(Url("https", host, path))
        assert match is None or match.shape == (host == "c.example")
        return match and match.service.id

    assert found("a.example", "/collect") == "host"
    assert found("b.example", "/collect") == "path"
    assert found("c.example", "/collect/stats.js") == "file"
    assert found("c.example", "/collect/x") == "site"
    assert found("c.example", "//%63ollect") == "site"
    assert found("c.example", "/v_12") == "site"
    assert found("c.example", "/collection") is None
