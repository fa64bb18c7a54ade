"""Which codings the application may use, and in which one a body goes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.gate import packing as module
from cookiegate.gate.codecs import codec_of
from cookiegate.gate.encoding import supported
from cookiegate.gate.packing import Outgoing, inner_accept_encoding, outgoing

FIREFOX = b"gzip, deflate, br, zstd"


@pytest.fixture
def without_libraries(monkeypatch):
    monkeypatch.setattr(
        module, "codec_of", lambda coding: None if coding in (b"br", b"zstd") else codec_of(coding)
    )
    outgoing.cache_clear()
    yield
    outgoing.cache_clear()


@pytest.mark.parametrize(
    ("offered", "inner"),
    [
        (b"", b""),
        (b"gzip", b"gzip"),
        (FIREFOX, FIREFOX),
        (b"GZip ;q=1.0,\tdeflate;q=0.5, identity;q=0", b"GZip ;q=1.0,\tdeflate;q=0.5, identity;q=0"),
        (b"gzip, dcb, br, dcz, zstd", b"gzip, br, zstd"),
        (b"br;q=1.0, gzip;q=0.8, *;q=0.1", b"br;q=1.0, gzip;q=0.8"),
        (b"compress, identity", b"identity"),
        (b"compress", b"identity"),
        (b"*", b"identity"),
        (b", compress ,", b"identity"),
        (b"x-gzip,aws-chunked", b"x-gzip"),
    ],
)
def test_the_application_is_offered_what_can_be_read(offered: bytes, inner: bytes) -> None:
    assert inner_accept_encoding(offered) == inner
    if offered == inner:
        assert inner_accept_encoding(offered) is offered


@pytest.mark.parametrize(
    ("offered", "inner"),
    [(FIREFOX, b"gzip, deflate"), (b"br", b"identity"), (b"zstd;q=0.9, x-gzip", b"x-gzip")],
)
def test_without_their_libraries_two_codings_go(without_libraries, offered: bytes, inner: bytes) -> None:
    assert inner_accept_encoding(offered) == inner


@pytest.mark.parametrize(
    ("came", "accepted", "leaves"),
    [
        # as it came, where that can be read
        (b"gzip", FIREFOX, b"gzip"),
        (b"x-gzip", FIREFOX, b"gzip"),
        (b"gzip", b"x-gzip", b"gzip"),
        (b"X-GZip", b"gzip;q=0, x-gzip;q=0.1", b"gzip"),
        (b"deflate", FIREFOX, b"deflate"),
        (b"br", FIREFOX, b"br"),
        (b"zstd", b"GZIP;q=1, Zstd;q=0.1", b"zstd"),
        (b"br", b"*", b"br"),
        (b"br", b"*;q=0.1, gzip", b"br"),
        (b"deflate, gzip", FIREFOX, b"gzip"),
        (b"gzip, br, identity", FIREFOX, b"br"),
        # else in what is read best
        (b"br", b"gzip, deflate", b"gzip"),
        (b"br", b"gzip;q=0.5, deflate;q=0.8", b"deflate"),
        (b"br", b"gzip;q=0.5, deflate; Q = 0.8", b"deflate"),
        (b"br", b"deflate, gzip, zstd", b"zstd"),
        (b"br", b"br;q=0, *", b"zstd"),
        (b"gzip", b"br;level=4, gzip;q=0", b"br"),
        (b"deflate", b"gzip, *;q=0", b"gzip"),
        (b"br", b"gzip;q=0.5, identity;q=0.2", b"gzip"),
        # else as it is
        (b"br", b"gzip;q=0.5, identity", b""),
        (b"gzip", b"", b""),
        (b"gzip", b"identity", b""),
        (b"gzip", b"gzip;q=0", b""),
        (b"gzip", b"gzip;q=0.000", b""),
        (b"gzip", b"*;q=0", b""),
        (b"gzip", b"compress, dcb", b""),
        (b"gzip", b"identity;q=0", b""),
        # what is no weight is none
        (b"gzip", b"gzip;q=much", b""),
        (b"gzip", b"gzip;q=nan", b""),
        (b"gzip", b"gzip;q=-1, br;q=1.", b"br"),
        (b"gzip", b"gzip;q=", b""),
    ],
)
def test_what_goes_out(came: bytes, accepted: bytes, leaves: bytes) -> None:
    assert outgoing(came, accepted) == Outgoing(True, leaves)


@pytest.mark.parametrize("came", [b"", b"identity", b" , Identity"])
def test_what_came_unpacked_stays_so(came: bytes) -> None:
    out = outgoing(came, FIREFOX)
    headers = [(b"content-encoding", came)]
    assert out.name(headers) is headers
    assert out.encoder() is None


def test_what_cannot_be_written_is_not_chosen(without_libraries) -> None:
    assert outgoing(b"gzip", b"br, zstd, gzip;q=0.1").coding == b"gzip"
    assert outgoing(b"deflate", b"br, zstd, gzip;q=0.1").coding == b"gzip"
    assert outgoing(b"deflate", b"br, zstd").coding == b""


def test_the_headers_say_what_goes_out() -> None:
    headers = [(b"Content-Encoding", b"br"), (b"content-encoding", b"gzip"), (b"vary", b"Cookie")]
    vary = (b"vary", b"Cookie, Accept-Encoding")
    assert list(Outgoing(True, b"gzip").name(headers)) == [(b"content-encoding", b"gzip"), vary]
    assert list(Outgoing(True, b"").name(headers)) == [vary]
    assert Outgoing(True, b"").encoder() is None
    encoder = Outgoing(True, b"gzip").encoder()
    assert encoder.feed(b"")[:2] == b"\x1f\x8b"


@given(st.binary(), st.binary())
def test_any_header_bytes(came: bytes, accepted: bytes) -> None:
    inner = inner_accept_encoding(accepted)
    assert inner_accept_encoding(inner) == inner
    assert supported(b",".join(item.partition(b";")[0] for item in inner.split(b",")))
    out = outgoing(came, accepted)
    assert out.encoder() is None or out.came
