"""Content codings: unpacking in any pieces, refusing bombs and rubbish, packing the same twice."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.exceptions import CookieGateError
from cookiegate.gate.encoding import (
    Decoder,
    Encoder,
    EncodingError,
    TooLargeError,
    accepts_gzip,
    inner_accept_encoding,
    supported,
)

PAGE = b"<!doctype html><title>Shop</title>" + b"<p>bread, salt</p>" * 50


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def unpack(coding: bytes, data: bytes, *, size: int = 1 << 20, limit: int = 1 << 20) -> bytes:
    decoder = Decoder(coding, limit)
    out = b"".join(decoder.feed(data[start : start + size]) for start in range(0, len(data), size))
    decoder.close()
    return out


BODIES = [
    (b"", PAGE),
    (b"identity", PAGE),
    (b"gzip", gzip.compress(PAGE)),
    (b"X-GZip", gzip.compress(PAGE)),
    (b" gzip , identity", gzip.compress(PAGE)),
    (b"gzip", gzip.compress(PAGE[:100]) + gzip.compress(b"") + gzip.compress(PAGE[100:])),
    (b"gzip", gzip.compress(PAGE) + gzip.compress(b"") * 2000),
    (b"gzip", gzip.compress(PAGE) + b"\0" * 40),
    (b"gzip", gzip.compress(PAGE) + b"\x1f"),
    (b"gzip", gzip.compress(PAGE) + b"\x1f\x8a tail"),
    (b"deflate", zlib.compress(PAGE)),
    (b"deflate", zlib.compress(PAGE, 9)),
    (b"deflate", zlib.compress(PAGE) + b"tail"),
    (b"deflate", raw_deflate(PAGE)),
    (b"deflate, gzip", gzip.compress(zlib.compress(PAGE))),
    (b"gzip,gzip", gzip.compress(gzip.compress(PAGE))),
    (b"gzip, deflate, gzip", gzip.compress(raw_deflate(gzip.compress(PAGE)))),
]


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize(("coding", "packed"), BODIES)
def test_unpacks_in_pieces_of_any_size(coding: bytes, packed: bytes, size: int) -> None:
    assert unpack(coding, packed, size=size) == PAGE


def test_what_has_arrived_can_be_read_at_once() -> None:
    packer = zlib.compressobj(wbits=31)
    decoder = Decoder(b"gzip")
    assert decoder.feed(packer.compress(b"<p>") + packer.flush(zlib.Z_SYNC_FLUSH)) == b"<p>"
    assert decoder.feed(packer.compress(b"</p>") + packer.flush()) == b"</p>"
    decoder.close()


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"deflate, gzip"])
def test_no_byte_at_all_is_an_empty_body(coding: bytes) -> None:
    assert unpack(coding, b"") == b""


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        (b"gzip", b"<!doctype html>"),
        (b"gzip", b"\0"),
        (b"gzip", gzip.compress(PAGE)[:-1]),
        (b"gzip", gzip.compress(PAGE)[:-8] + b"\0" * 8),
        (b"gzip", gzip.compress(PAGE) + b"\x1f\x8b and no member"),
        (b"gzip", gzip.compress(PAGE) + gzip.compress(PAGE)[:30]),
        (b"deflate", b"<!doctype html>"),
        (b"deflate", b"\x78"),
        (b"deflate", zlib.compress(PAGE)[:-1]),
        (b"deflate", raw_deflate(PAGE)[:-1]),
        (b"deflate, gzip", gzip.compress(zlib.compress(PAGE)[:-1])),
        (b"deflate, gzip", gzip.compress(b"\xff" * 20)),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_corrupt_and_cut_off_bodies_are_refused(coding: bytes, data: bytes, size: int) -> None:
    with pytest.raises(EncodingError, match="body"):
        unpack(coding, data, size=size)
    assert issubclass(EncodingError, CookieGateError)


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"gzip", gzip.compress(b"0" * 5001)),
        (b"gzip", gzip.compress(b"0" * 3000) + gzip.compress(b"0" * 2001)),
        (b"deflate", zlib.compress(b"0" * 5001)),
        (b"gzip, gzip", gzip.compress(gzip.compress(b"0" * 50_000_000))),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_bomb_is_refused_at_the_limit(coding: bytes, packed: bytes, size: int) -> None:
    with pytest.raises(TooLargeError, match="more than 5000 bytes") as caught:
        unpack(coding, packed, size=size, limit=5000)
    assert caught.value.limit == 5000


def test_the_limit_itself_is_allowed() -> None:
    assert len(unpack(b"gzip", gzip.compress(b"0" * 5000), limit=5000)) == 5000


@pytest.mark.parametrize("coding", [b"br", b"gzip, zstd", b"compress", b"gzip gzip", b"\xff"])
def test_unknown_codings(coding: bytes) -> None:
    assert not supported(coding)
    with pytest.raises(EncodingError, match="unknown content coding"):
        Decoder(coding)


@pytest.mark.parametrize("coding", sorted({coding for coding, _ in BODIES} | {b"GZIP", b"gzip,"}))
def test_known_codings(coding: bytes) -> None:
    assert supported(coding)


@pytest.mark.parametrize(
    ("offered", "inner"),
    [
        (b"", b""),
        (b"gzip", b"gzip"),
        (b"gzip, deflate", b"gzip, deflate"),
        (b"GZip ;q=1.0,\tdeflate;q=0.5, identity;q=0", b"GZip ;q=1.0,\tdeflate;q=0.5, identity;q=0"),
        (b"gzip, deflate, br, zstd", b"gzip, deflate"),
        (b"br;q=1.0, gzip;q=0.8, *;q=0.1", b"gzip;q=0.8"),
        (b"br, identity", b"identity"),
        (b"br", b"identity"),
        (b"*", b"identity"),
        (b", br ,", b"identity"),
        (b"x-gzip,zstd", b"x-gzip"),
    ],
)
def test_inner_accept_encoding(offered: bytes, inner: bytes) -> None:
    assert inner_accept_encoding(offered) == inner
    if offered == inner:
        assert inner_accept_encoding(offered) is offered


@pytest.mark.parametrize(
    ("accept_encoding", "accepted"),
    [
        (b"gzip", True),
        (b"br, GZIP;q=0.1", True),
        (b"x-gzip", True),
        (b"gzip; Q = 1", True),
        (b"gzip;level=1", True),
        (b"*", True),
        (b"gzip;q=0", False),
        (b"gzip;q=0, *", False),
        (b"*;q=0", False),
        (b"gzip;q=much", False),
        (b"deflate, br", False),
        (b"identity", False),
        (b"", False),
    ],
)
def test_accepts_gzip(accept_encoding: bytes, accepted: bool) -> None:
    assert accepts_gzip(accept_encoding) is accepted


@pytest.mark.parametrize("streaming", [False, True])
def test_packs_the_same_bytes_twice_and_without_a_time(streaming: bool) -> None:
    def pack() -> bytes:
        encoder = Encoder(streaming=streaming)
        return b"".join([encoder.feed(b""), encoder.feed(PAGE), encoder.feed(PAGE), encoder.close()])

    packed = pack()
    assert packed == pack()
    assert packed[4:8] == b"\0\0\0\0"
    assert gzip.decompress(packed) == PAGE * 2


def test_streaming_gives_every_piece_away_at_once() -> None:
    encoder, reader = Encoder(streaming=True), zlib.decompressobj(wbits=31)
    assert reader.decompress(encoder.feed(b"<p>one")) == b"<p>one"
    assert reader.decompress(encoder.feed(b"")) == b""
    assert reader.decompress(encoder.feed(b"two")) == b"two"
    reader.decompress(encoder.close())
    assert reader.eof


def test_an_empty_body_is_a_whole_gzip_stream() -> None:
    assert gzip.decompress(Encoder().close()) == b""


@given(st.lists(st.binary(max_size=200)), st.booleans())
def test_packed_and_unpacked_is_the_same(pieces: list[bytes], streaming: bool) -> None:
    encoder, decoder = Encoder(streaming=streaming), Decoder(b"gzip")
    out = b"".join(decoder.feed(encoder.feed(piece)) for piece in pieces) + decoder.feed(encoder.close())
    decoder.close()
    assert out == b"".join(pieces)


@given(
    st.sampled_from([b"gzip", b"deflate", b"deflate, gzip", b"gzip, gzip"]),
    st.lists(st.binary() | st.sampled_from([gzip.compress(b"a"), zlib.compress(b"a"), b"\x1f", b"\x8b"])),
)
def test_any_bytes_unpack_or_are_refused(coding: bytes, pieces: list[bytes]) -> None:
    decoder = Decoder(coding, 1000)
    try:
        out = b"".join(map(decoder.feed, pieces))
        decoder.close()
    except EncodingError:
        return
    assert len(out) <= 1000


@given(st.binary())
def test_any_header_bytes(value: bytes) -> None:
    inner = inner_accept_encoding(value)
    assert inner_accept_encoding(inner) == inner
    assert supported(b",".join(item.partition(b";")[0] for item in inner.split(b",")))
    assert accepts_gzip(value) in {True, False}
    assert supported(value) in {True, False}
