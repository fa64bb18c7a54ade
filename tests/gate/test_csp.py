"""The nonce and the sources of the site's own policy."""

import pytest

from cookiegate.gate.csp import named_in, nonce_of


@pytest.mark.parametrize(
    ("policies", "nonce"),
    [
        ([], ""),
        ([b"script-src 'self'"], ""),
        ([b"script-src 'self' 'nonce-abc+/_-=='"], "abc+/_-=="),
        ([b"  Script-Src\t'x'", b"SCRIPT-SRC 'NONCE-AbC' 'strict-dynamic'"], "AbC"),
        ([b"default-src 'nonce-d'"], "d"),
        ([b"default-src 'nonce-d'; script-src 'nonce-s'"], "s"),
        ([b"default-src 'nonce-d'; script-src 'self'"], ""),
        ([b"script-src-elem 'nonce-e'; script-src 'nonce-s'"], "e"),
        ([b"style-src 'nonce-c'; img-src *"], ""),
        ([b"script-src 'nonce-1'; script-src 'nonce-2'"], "1"),
        ([b"img-src *, script-src 'nonce-2'"], "2"),
        ([b"default-src *", b"script-src 'nonce-3'", b"script-src 'nonce-4'"], "3"),
        ([b"script-src 'nonce-a\"b'"], ""),
        ([b"script-src 'nonce-'"], ""),
        ([b"script-src x'nonce-a'"], ""),
        ([b"script-src\n'nonce-n'"], "n"),
        ([b";;, ;"], ""),
    ],
)
def test_nonce(policies, nonce):
    headers = [(b"Content-Security-Policy", value) for value in policies]
    assert nonce_of(headers) == nonce


def test_what_is_only_reported_on_does_not_count():
    assert nonce_of([(b"content-security-policy-report-only", b"script-src 'nonce-a'")]) == ""


@pytest.mark.parametrize(
    ("policies", "texts"),
    [
        ([], []),
        ([b""], []),
        ([b"default-src 'none'; script-src 'self' 'nonce-a' 'sha256-x=' 'strict-dynamic'"], []),
        ([b"img-src * https: http: ws: wss: ftp: https://* *:443 *.com https://*:*"], []),
        ([b"img-src cdn.test; connect-src cdn.test api.test"], ["cdn.test", "api.test"]),
        ([b"img-src a.test, img-src b.test", b"font-src c.test"], ["a.test", "b.test", "c.test"]),
        (
            [b"script-src-elem a.test; STYLE-SRC b.test; fenced-frame-src c.test"],
            ["a.test", "b.test", "c.test"],
        ),
        ([b"img-src a.test; img-src b.test"], ["a.test"]),
        ([b"form-action a.test; frame-ancestors b.test; report-uri https://c.test/; sandbox"], []),
        (
            [b"img-src data: app: BLOB: https://A.Test:8443/x/"],
            ["data:", "app:", "BLOB:", "https://A.Test:8443/x/"],
        ),
        ([b"connect-src wss://a.test:* gopher://b.test a.test/x?y a..test \xff.test"], ["wss://a.test:*"]),
        ([b"img-src *.a.test localhost 127.0.0.1:8000"], ["*.a.test", "localhost", "127.0.0.1:8000"]),
    ],
)
def test_sources_that_name_somebody(policies, texts):
    headers = [(b"Content-Security-Policy", value) for value in policies]
    assert [source.text for source in named_in(headers)] == texts


def test_what_a_source_names():
    [exact, below, path, scheme] = named_in(
        [(b"content-security-policy", b"img-src https://A.test *.b.test:* c.test/dir/ app:")]
    )
    assert exact == ("https://A.test", "a.test", False, "")
    assert below == ("*.b.test:*", "b.test", True, "")
    assert path == ("c.test/dir/", "c.test", False, "/dir/")
    assert scheme == ("app:", "", False, "")


def test_a_nonce_that_changes_changes_nothing():
    first, second = (
        named_in([(b"content-security-policy", b"script-src 'nonce-%d' a.test" % number)])
        for number in (1, 2)
    )
    assert first is second
    assert named_in([(b"content-security-policy-report-only", b"script-src a.test")]) == ()
