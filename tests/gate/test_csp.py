"""The nonce of the site's own policy."""

import pytest

from cookiegate.gate.csp import nonce_of


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
