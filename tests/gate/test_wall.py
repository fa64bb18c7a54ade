"""The policy derived from the decision: what it admits for whom, and where browsers report to."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.catalog.index import Index
from cookiegate.catalog.model import Service
from cookiegate.consent.decide import granted_profile
from cookiegate.gate import wall as wall_module
from cookiegate.gate.forwarded import Origin
from cookiegate.gate.wall import LONGEST, wall
from cookiegate.policy.model import Csp, Policy, Unknown

OWN = ["'self'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:", "filesystem:", "mediastream:"]
SITE = ["shop.test", "wss://shop.test", "*.shop.test", "wss://*.shop.test"]


def service(id_: str, purpose: str, number: int = 0, **more: object) -> Service:
    return Service(id=id_, name=id_, vendor="Vendor", purpose=purpose, number=number, **more)  # type: ignore[arg-type]


COUNTER = service("counter", "analytics", 1, hosts=("counter.test",), script=True)
PIXEL = service("pixel", "analytics", 2, hosts=("pixel.test",), beacon=True)
TAG = service("tag", "analytics", 3, hosts=("tag.test",), script=True, beacon=True)
ADVERTS = service("adverts", "marketing", 4, hosts=("adverts.test", "sub.pay.test"), paths=("big.test/ads",))
PAY = service("pay", "necessary", 5, hosts=("pay.test",), paths=("cdn.big.test/pay.js", "big.test/pay?x=1"))
FILMS = service(
    *("films", "preferences", 6),
    paths=(
        "films.test/v*",
        "films.test/*/embed",
        "big.test/films/*/x",
        "wide.test/a#",
        "/films",
        "films.test/dir/",
    ),
)
TAIL = service("tail", "analytics", hosts=("tail.test",))
INDEX = Index([TAIL, COUNTER, PIXEL, TAG, ADVERTS, PAY, FILMS])
DECLARED = (COUNTER, PIXEL, TAG, ADVERTS, PAY, FILMS)
EVERYTHING = ("preferences", "analytics", "marketing", "beacons")


def policy(declared=DECLARED, csp=Csp.ENFORCE, index=INDEX):
    return Policy(csp=csp, unknown=Unknown.HOLD, declared=declared, index=index)


def headers(granted=(), *own, of=None, host="www.shop.test", scheme="https", report_to="", extra=()):
    of = of or policy()
    mine = [(b"Content-Security-Policy", value) for value in own]
    origin = Origin(scheme=scheme, host=host, client="")
    return wall(of, granted_profile(of, granted), [*mine, *extra], origin, report_to=report_to)


def directives(granted=(), *own, **more):
    [(name, value)] = headers(granted, *own, **more)
    assert name == b"content-security-policy"
    return {text.split()[0]: text.split()[1:] for text in value.decode().split("; ")}


def sources(granted=(), *own, **more):
    """What is admitted beside the page's own and the site's."""
    [(name, found)] = directives(granted, *own, **more).items()
    assert name == "default-src"
    assert found[: len(OWN)] == OWN
    return [text for text in found[len(OWN) :] if text not in SITE]


def both(host: str) -> list[str]:
    return [host, f"*.{host}", f"wss://{host}", f"wss://*.{host}"]


# A denied service has a host below pay.test, and paths on big.test.
PAYS = [
    *("pay.test", "wss://pay.test", "cdn.big.test/pay.js"),
    *("big.test/pay", "*.big.test/pay", "big.test/pay/", "*.big.test/pay/"),
]


def test_nobody_gets_one_unless_the_policy_says_so():
    assert headers(of=policy(csp=Csp.OFF)) == []
    assert headers(extra=[(b"content-type", b"application/json")]) == []


def test_before_an_answer_only_what_is_necessary_is_admitted():
    assert directives() == {"default-src": [*OWN, *SITE, *PAYS]}


def test_a_grant_admits_its_services():
    assert sources(["analytics", "beacons"]) == [
        *both("counter.test"),
        *both("pixel.test"),
        *both("tag.test"),
        *PAYS,
    ]
    assert sources(["counter"]) == [*both("counter.test"), *PAYS]
    assert sources(["tail", "beacons"]) == PAYS  # it is not declared


def test_a_denied_web_beacon_is_no_image():
    # What is nothing but a web beacon is not admitted at all.
    assert directives(["analytics"]) == {
        "default-src": [*OWN, *SITE, *both("counter.test"), *both("tag.test"), *PAYS],
        "img-src": [*OWN, *SITE, *both("counter.test"), *PAYS],
    }


def test_patterns_become_folders_where_nothing_denied_is_in_them():
    assert sources(["preferences"])[len(PAYS) :] == [
        *("films.test", "*.films.test", "big.test/films/", "*.big.test/films/"),
        *("wide.test", "*.wide.test", "films.test/dir/", "*.films.test/dir/"),
    ]
    crowded = service("crowded", "marketing", 7, paths=("films.test/v2/spy", "big.test/films/spy.js"))
    of = policy(index=Index([*INDEX.services, crowded]))
    assert sources(["preferences"], of=of)[len(PAYS) :] == [
        *("wide.test", "*.wide.test", "films.test/dir/", "*.films.test/dir/")
    ]


def test_a_folder_is_admitted_with_all_below_it_and_a_file_alone():
    library = service("library", "necessary", 8, paths=("cdn.lib.test/x.min.js", "cdn.lib.test/x@1.2.3"))
    assert sources(of=policy(declared=(library,))) == [
        *("cdn.lib.test/x.min.js", "cdn.lib.test/x@1.2.3", "cdn.lib.test/x@1.2.3/")
    ]


def test_what_a_source_cannot_hold_is_encoded():
    odd = service("odd", "necessary", 8, paths=("odd.test/a;b,c'd.js",))
    assert sources(of=policy(declared=(odd,))) == ["odd.test/a%3Bb%2Cc%27d.js", "*.odd.test/a%3Bb%2Cc%27d.js"]


@pytest.mark.parametrize(
    ("own", "taken"),
    [
        (
            b"img-src pictures.test https://*.Cdn.test:8443/x app:",
            ["pictures.test", "https://*.Cdn.test:8443/x", "app:"],
        ),
        (b"script-src 'nonce-abc' 'strict-dynamic' https: *", []),
        (b"script-src counter.test sub.counter.test *.counter.test https://tag.test/x.js", []),
        # Something denied is below it; the host itself is another matter.
        (b"img-src *.inner.test inner.test", ["inner.test"]),
        # A host that is shared is not taken whole where the paths on it that are allowed are admitted.
        (b"img-src big.test www.big.test big.test/other/ big.test/ads/x", ["big.test/other/"]),
        (b"img-src share.test share.test/spy/x", ["share.test"]),
        (b"img-src pay.test, img-src far.test", ["far.test"]),
    ],
)
def test_the_site_s_own_sources_are_taken_unless_they_are_a_denied_service_s(own, taken):
    more = service("more", "marketing", 9, hosts=("spy.inner.test",), paths=("share.test/spy",))
    of = policy(index=Index([*INDEX.services, more]))
    assert [text for text in sources((), own, of=of) if text not in PAYS] == taken


def test_what_is_granted_is_taken_from_the_site_s_own_too():
    assert "https://tag.test/x.js" in sources(["analytics", "beacons"], b"script-src https://tag.test/x.js")


@pytest.mark.parametrize(
    ("host", "scheme", "site"),
    [
        ("shop.test", "https", SITE),
        ("a.b.shop.test", "http", [text.replace("wss", "ws") for text in SITE]),
        ("www.shop.co.uk", "https", [text.replace("shop.test", "shop.co.uk") for text in SITE]),
        ("shop.test:8443", "https", [f"{text}:*" for text in SITE]),
        ("localhost:8000", "http", []),
        ("127.0.0.1:8000", "http", []),
        ("[::1]:8000", "http", []),
        ("", "http", []),
    ],
)
def test_the_site_s_other_hosts_are_its_own(host, scheme, site):
    assert directives(of=policy(declared=(COUNTER,)), host=host, scheme=scheme) == {
        "default-src": [*OWN, *site]
    }


def test_a_denied_service_on_a_host_of_the_site_takes_the_others_along():
    proxy = service("proxy", "analytics", 1, hosts=("metrics.shop.test",), script=True)
    of = policy(declared=(proxy,), index=Index([]))
    assert directives(of=of)["default-src"][len(OWN) :] == ["shop.test", "wss://shop.test"]
    assert directives(["analytics", "beacons"], of=of)["default-src"][len(OWN) :] == [
        *SITE,
        *both("metrics.shop.test"),
    ]


def test_with_nothing_declared_the_common_services_come_first():
    of = policy(declared=())
    assert sources(of=of) == PAYS
    found = sources(["analytics", "beacons"], of=of)
    assert [text for text in found if re.fullmatch(r"[a-z]+\.test", text)] == [
        *("counter.test", "pixel.test", "tag.test", "pay.test", "tail.test")
    ]


def test_with_nothing_declared_who_allows_everything_may_reach_everything():
    of = policy(declared=())
    assert sources(EVERYTHING, of=of) == ["https:", "wss:"]
    assert sources(EVERYTHING, of=of, scheme="http", host="localhost") == ["http:", "https:", "ws:", "wss:"]
    assert "https:" not in directives(EVERYTHING[:3], of=of)["default-src"]
    assert "https:" not in sources(EVERYTHING)


def many(count: int) -> tuple[Service, ...]:
    return tuple(
        service(
            f"s{n}",
            "analytics",
            n + 1,
            hosts=tuple(f"h{m}.{'x' * 20}{n}.test" for m in range(3)),
            script=True,
        )
        for n in range(count)
    )


def test_what_is_too_long_loses_its_sockets_first_and_then_the_last_hosts():
    grant = ["analytics", "beacons"]
    few = sources(grant, of=policy(declared=many(12)))
    assert len(few) == 12 * 3 * 2
    assert not any(text.startswith("wss:") for text in few)
    lots = sources(grant, of=policy(declared=many(40)))
    assert [text for text in lots if text.startswith("h0.")] == [f"h0.{'x' * 20}{n}.test" for n in range(40)]
    assert 0 < sum(text.startswith("h1.") for text in lots) < 40
    assert not any(text.startswith("h2.") for text in lots)
    assert LONGEST - 100 < len(" ".join(lots)) <= LONGEST
    assert sources(EVERYTHING, of=policy(declared=many(40))) == ["https:", "wss:"]


def test_what_the_site_says_itself_is_never_cut():
    names = [f"{'y' * 30}{n}.test" for n in range(200)]
    found = sources(
        ["analytics", "beacons"], f"img-src {' '.join(names)}".encode(), of=policy(declared=many(2))
    )
    assert found[:200] == names
    assert len(found) == 200 + 2 * 3 * 4


def test_where_browsers_report_to():
    path = "/a;b/privacy-choices/report"
    of = policy(declared=(COUNTER,), csp=Csp.REPORT)
    [(name, value)] = headers(of=of, scheme="http", host="localhost", report_to=path)
    assert name == b"content-security-policy-report-only"
    assert value.endswith(b"mediastream:; report-uri /a%3Bb/privacy-choices/report")
    [(_, value), endpoint] = headers(of=of, report_to=path)
    assert value.endswith(b"; report-uri /a%3Bb/privacy-choices/report; report-to cookiegate")
    assert endpoint == (b"reporting-endpoints", b'cookiegate="/a%3Bb/privacy-choices/report"')
    [(_, value)] = headers(of=of)
    assert b"report" not in value


def test_the_same_visitor_gets_the_same_text_without_working_it_out_again():
    of = policy()
    profile, origin = granted_profile(of, ["analytics"]), Origin(scheme="https", host="shop.test", client="")
    own = [[(b"content-security-policy", b"script-src 'nonce-%d' a.test" % number)] for number in (1, 2)]
    wall_module._written.cache_clear()
    assert wall(of, profile, own[0], origin) == wall(of, profile, own[1], origin)
    assert wall_module._written.cache_info().misses == 1


@given(st.binary(max_size=80), st.sampled_from([(), ("analytics",), EVERYTHING]))
def test_any_policy_of_the_site_gives_one_good_policy(own, granted):
    for name, value in headers(granted, own, b"img-src " + own):
        assert name == b"content-security-policy"
        assert value.startswith(b"default-src 'self' ")
        assert not re.search(rb"[^!-~ ]|,", value)
        assert value.count(b";") == (granted == ("analytics",))
