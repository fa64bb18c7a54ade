"""Only the exact value ``1`` is a signal."""

from __future__ import annotations

import pytest

from cookiegate.consent.model import NO_SIGNALS, Signals
from cookiegate.consent.signals import signals_of


@pytest.mark.parametrize(
    ("headers", "gpc"),
    [
        ([], False),
        ([(b"sec-gpc", b"1")], True),
        ([(b"Sec-GPC", b"1")], True),
        ([(b"SEC-GPC", b"1")], True),
        ([(b"accept", b"text/html"), (b"sec-gpc", b"1"), (b"dnt", b"0")], True),
        ([(b"sec-gpc", b"0"), (b"sec-gpc", b"1")], True),
        ([(b"sec-gpc", b"1"), (b"sec-gpc", b"0")], True),
        ([(b"sec-gpc", b"0")], False),
        ([(b"sec-gpc", b"")], False),
        ([(b"sec-gpc", b"true")], False),
        ([(b"sec-gpc", b"11")], False),
        ([(b"sec-gpc", b" 1")], False),
        ([(b"sec-gpc", b"1, 1")], False),
        ([(b"sec-gpc", b"\xb9")], False),
        ([(b"sec-gpc ", b"1")], False),
        ([(b"sec-xyz", b"1")], False),
        ([(b"dnt", b"1")], False),
    ],
)
def test_reads_the_signal(headers: list[tuple[bytes, bytes]], gpc: bool) -> None:
    assert signals_of(iter(headers)) == Signals(gpc=gpc)


def test_most_visitors_share_one_object() -> None:
    assert signals_of([]) is NO_SIGNALS
    assert signals_of([(b"sec-gpc", b"1")]) is signals_of([(b"Sec-Gpc", b"1")])
