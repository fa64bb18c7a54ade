"""Trackers behind the site's own hosts: declared in the policy, or known by the shape of their addresses."""

from __future__ import annotations

import pytest

from cookiegate import Policy, gate_html

POLICY = Policy.from_dict(
    {
        "services": [
            {"use": "google-analytics", "hosts": ["metrics.site.example"], "paths": ["/stats/*"]},
            {"use": "matomo", "paths": ["/m/*/count#.js", "/hit?site="]},
        ]
    }
)


def held(page: str, policy: Policy | None = None, **options: str) -> list[str]:
    gated = gate_html(page.encode(), policy=policy, url="https://www.site.example/", **options)
    return [str(finding.service) for finding in gated.findings if not finding.allowed]


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("https://metrics.site.example/a.js", "google-analytics"),
        ("https://eu.metrics.site.example/a.js", "google-analytics"),
        ("/stats/a.js", "google-analytics"),
        ("/stats", "google-analytics"),
        ("https://www.site.example/stats/x/y", "google-analytics"),
        ("https://www.google-analytics.com/analytics.js", "google-analytics"),
        ("/m/a/b/count12.js", "matomo"),
        ("/matomo.js", "matomo"),
        ("https://other.example/matomo.js", "matomo"),
        ("/statsx/a.js", None),
        ("/m/a/counter.js", None),
        ("/a.js", None),
    ],
)
def test_a_declared_proxy_is_held(address: str, service: str | None) -> None:
    assert held(f'<script src="{address}"></script>', POLICY) == ([] if service is None else [service])


def test_what_is_declared_for_a_service_follows_its_choice() -> None:
    page = b'<script src="https://metrics.site.example/a.js"></script><script src="/stats/b.js"></script>'
    gated = gate_html(page, policy=POLICY, granted=["analytics"], url="https://www.site.example/")
    assert gated.body == page
    assert [finding.allowed for finding in gated.findings] == [True, True]


@pytest.mark.parametrize(
    "host", ["", "https://www.site.example", "https://m.site.example", "//unknown.example"]
)
@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("/gtag/js?id=G-ABC123", "google-analytics"),
        ("/a/b/gtm.js?id=GTM-ABC123", "google-tag-manager"),
        ("/utag/shop/main/prod/utag.js", "tealium"),
        ("/js/hotjar-123.js", "hotjar"),
    ],
)
def test_a_proxy_that_nobody_declared_is_known_by_its_shape(host: str, address: str, service: str) -> None:
    assert held(f'<script src="{host}{address}"></script>') == [service]
    assert held(f'<img alt="" src="{host}{address}">') == [service]
    loader = f"s=document.createElement('script');s.src='{host or 'https://m.site.example'}{address}'"
    assert held(f"<script>{loader}</script>") == [service]
