"""Content codings: unpacking in any pieces, refusing bombs and rubbish, packing the same twice."""

from __future__ import annotations

import gzip
import random
import zlib
from functools import partial, reduce
from types import ModuleType, SimpleNamespace

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.exceptions import CookieGateError
from cookiegate.gate import codecs
from cookiegate.gate.codecs import EncodingError, TooLargeError, codec_of
from cookiegate.gate.encoding import Decoder, supported

# The same bytes at any time: they name the tests.
gzipped = partial(gzip.compress, mtime=0)
PAGE = b"<!doctype html><title>Shop</title>" + b"<p>bread, salt</p>" * 50


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def unpack(coding: bytes, data: bytes, *, size: int = 1 << 20, limit: int = 1 << 20) -> bytes:
    decoder = Decoder(coding, limit)
    out = [piece for start in range(0, len(data), size) for piece in decoder.feed(data[start : start + size])]
    decoder.close()
    return b"".join(out)


def zstd(data: bytes, **settings: int) -> bytes:
    return zstandard.ZstdCompressor(**settings).compress(data)


def zstd_stream(data: bytes, **settings: int) -> bytes:
    """As servers send it: without its length, and in several blocks."""
    packer = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(**settings)
    ).compressobj()
    half = len(data) // 2
    return (
        packer.compress(data[:half])
        + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        + packer.compress(data[half:])
        + packer.flush()
    )


SKIPPED = b"\x5a\x2a\x4d\x18\x07\0\0\0whatnot"
NO_BYTES = zstd(b"")


BODIES = [
    (b"", PAGE),
    (b"identity", PAGE),
    (b"gzip", gzipped(PAGE)),
    (b"X-GZip", gzipped(PAGE)),
    (b" gzip , identity", gzipped(PAGE)),
    (b"gzip", gzipped(PAGE[:100]) + gzipped(b"") + gzipped(PAGE[100:])),
    (b"gzip", gzipped(PAGE) + gzipped(b"") * 2000),
    (b"gzip", gzipped(PAGE) + b"\0" * 40),
    (b"gzip", gzipped(PAGE) + b"\x1f"),
    (b"gzip", gzipped(PAGE) + b"\x1f\x8a tail"),
    (b"deflate", zlib.compress(PAGE)),
    (b"deflate", zlib.compress(PAGE, 9)),
    (b"deflate", zlib.compress(PAGE) + b"tail"),
    (b"deflate", raw_deflate(PAGE)),
    (b"deflate, gzip", gzipped(zlib.compress(PAGE))),
    (b"gzip,gzip", gzipped(gzipped(PAGE))),
    (b"gzip, deflate, gzip", gzipped(raw_deflate(gzipped(PAGE)))),
    (b"br", brotli.compress(PAGE)),
    (b"BR", brotli.compress(PAGE, quality=1, lgwin=10)),
    (b"zstd", zstd(PAGE)),
    (b"zstd", zstd(PAGE, write_checksum=True)),
    (b"zstd", zstd(PAGE, write_content_size=False)),
    (b"zstd", zstd_stream(PAGE, window_log=23)),
    (b"zstd", zstd_stream(PAGE, window_log=10, write_checksum=True)),
    (b"zstd", zstd(PAGE[:100]) + SKIPPED + NO_BYTES * 300 + zstd(PAGE[100:]) + SKIPPED),
    (b"gzip, br", brotli.compress(gzipped(PAGE))),
    (b"br, zstd", zstd(brotli.compress(PAGE))),
    (b"zstd, deflate, br, gzip", gzipped(brotli.compress(zlib.compress(zstd(PAGE))))),
]


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize(("coding", "packed"), BODIES)
def test_unpacks_in_pieces_of_any_size(coding: bytes, packed: bytes, size: int) -> None:
    assert unpack(coding, packed, size=size) == PAGE


def test_what_has_arrived_can_be_read_at_once() -> None:
    packer = zlib.compressobj(wbits=31)
    decoder = Decoder(b"gzip")
    assert b"".join(decoder.feed(packer.compress(b"<p>") + packer.flush(zlib.Z_SYNC_FLUSH))) == b"<p>"
    assert b"".join(decoder.feed(packer.compress(b"</p>") + packer.flush())) == b"</p>"
    decoder.close()


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"deflate, gzip", b"br", b"zstd", b"br, zstd"])
def test_no_byte_at_all_is_an_empty_body(coding: bytes) -> None:
    assert unpack(coding, b"") == b""


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        (b"gzip", b"<!doctype html>"),
        (b"gzip", b"\0"),
        (b"gzip", gzipped(PAGE)[:-1]),
        (b"gzip", gzipped(PAGE)[:-8] + b"\0" * 8),
        (b"gzip", gzipped(PAGE) + b"\x1f\x8b and no member"),
        (b"gzip", gzipped(PAGE) + gzipped(PAGE)[:30]),
        (b"deflate", b"<!doctype html>"),
        (b"deflate", b"\x78"),
        (b"deflate", zlib.compress(PAGE)[:-1]),
        (b"deflate", raw_deflate(PAGE)[:-1]),
        (b"deflate, gzip", gzipped(zlib.compress(PAGE)[:-1])),
        (b"deflate, gzip", gzipped(b"\xff" * 20)),
        (b"br", b"<!doctype html>"),
        (b"br", brotli.compress(PAGE)[:-1]),
        (b"br", brotli.compress(PAGE)[:1]),
        (b"br", brotli.compress(PAGE) + b"tail"),
        (b"zstd", b"<!doctype html>"),
        (b"zstd", b"\x28\xb5\x2f"),
        (b"zstd", b"\x28\xb5\x2f\xfd"),
        (b"zstd", b"\x28\xb5\x2f\x00"),
        (b"zstd", b"\x5a\x2a\x4d\x18\x07"),
        (b"zstd", SKIPPED[:-1]),
        (b"zstd", b"\x5a\x2a\x4d\x19\x07\0\0\0"),
        (b"zstd", zstd(PAGE)[:-1]),
        (b"zstd", zstd(PAGE)[:12]),
        (b"zstd", zstd(PAGE, write_checksum=True)[:-1]),
        (b"zstd", zstd(PAGE, write_checksum=True)[:-4] + b"\0\0\0\0"),
        (b"zstd", zstd(PAGE) + b"tail of it"),
        (b"zstd", zstd(PAGE) + b"\0"),
        (b"zstd", zstd_stream(PAGE, window_log=24)),
        (b"br, gzip", gzipped(brotli.compress(PAGE)[:-1])),
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
        (b"gzip", gzipped(b"0" * 5001)),
        (b"gzip", gzipped(b"0" * 3000) + gzipped(b"0" * 2001)),
        (b"deflate", zlib.compress(b"0" * 5001)),
        (b"gzip, gzip", gzipped(gzipped(b"0" * 50_000_000))),
        (b"br", brotli.compress(b"0" * 5001)),
        (b"br", brotli.compress(b"0" * 50_000_000, quality=5)),
        (b"zstd", zstd(b"0" * 5001)),
        (b"zstd", zstd(b"0" * 3000) + zstd(b"0" * 2001)),
        (b"zstd, br", brotli.compress(zstd(b"0" * 50_000_000))),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_bomb_is_refused_at_the_limit(coding: bytes, packed: bytes, size: int) -> None:
    with pytest.raises(TooLargeError, match="more than 5000 bytes") as caught:
        unpack(coding, packed, size=size, limit=5000)
    assert caught.value.limit == 5000


def test_the_limit_itself_is_allowed() -> None:
    assert len(unpack(b"gzip", gzipped(b"0" * 5000), limit=5000)) == 5000


@pytest.mark.parametrize("coding", [b"dcb", b"gzip, dcz", b"compress", b"aws-chunked", b"gzip gzip", b"\xff"])
def test_unknown_codings(coding: bytes) -> None:
    assert not supported(coding)
    with pytest.raises(EncodingError, match="unknown content coding"):
        Decoder(coding)


@pytest.mark.parametrize("coding", sorted({coding for coding, _ in BODIES} | {b"GZIP", b"gzip,"}))
def test_known_codings(coding: bytes) -> None:
    assert supported(coding)


# --- steps: however much a few bytes unpack to, nobody waits long for the next piece

BOMBS = [
    (b"gzip", gzipped(b"0" * 9_000_000)),
    (b"deflate", zlib.compress(b"0" * 9_000_000)),
    (b"br", brotli.compress(b"0" * 9_000_000, quality=5)),
    (b"zstd", zstd(b"0" * 9_000_000)),
    (b"zstd", zstd_stream(b"0" * 9_000_000, window_log=23)),
    (b"gzip, br", brotli.compress(gzipped(b"0" * 9_000_000))),
]


@pytest.mark.parametrize(("coding", "packed"), BOMBS)
def test_what_unpacks_to_much_comes_in_pieces(coding: bytes, packed: bytes) -> None:
    decoder = Decoder(coding)
    lengths = [len(piece) for piece in decoder.feed(packed)]
    decoder.close()
    assert sum(lengths) == 9_000_000
    assert max(lengths) <= 128 * 1024


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd", b"gzip, br", b"zstd, gzip"])
def test_what_unpacks_to_little_makes_steps_too(coding: bytes) -> None:
    nothing = {b"gzip": gzipped(b""), b"zstd": NO_BYTES}.get(coding)
    noise = random.Random(7).randbytes(200_000)
    packed = nothing * 10_000 if nothing else pack(coding, noise)
    assert sum(1 for _ in Decoder(coding).feed(packed)) >= len(packed) // codecs.TAKEN


def pack(coding: bytes, data: bytes, size: int = 1 << 20) -> bytes:
    """Pack with what packs the pages, in pieces that can each be read at once."""
    for name in coding.split(b", "):
        encoder = codec_of(name).encoder()
        pieces = [encoder.feed(data[at : at + size]) + encoder.flush() for at in range(0, len(data), size)]
        data = b"".join([*pieces, encoder.close()])
    return data


# --- packing

READERS = {
    b"gzip": gzip.decompress,
    b"deflate": zlib.decompress,
    b"br": brotli.decompress,
    b"zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


@pytest.mark.parametrize("coding", READERS)
def test_packs_the_same_bytes_twice_and_others_read_them(coding: bytes) -> None:
    packed = pack(coding, PAGE * 2, 1000)
    assert packed == pack(coding, PAGE * 2, 1000)
    assert READERS[coding](packed) == PAGE * 2
    assert READERS[coding](pack(coding, b"")) == b""


def test_a_gzip_body_has_no_time_in_it() -> None:
    assert pack(b"gzip", PAGE)[4:8] == b"\0\0\0\0"


@pytest.mark.parametrize("coding", READERS)
def test_what_is_flushed_can_be_read_at_once(coding: bytes) -> None:
    encoder, decoder = codec_of(coding).encoder(), Decoder(coding)
    for text in (b"<p>one", b"two", PAGE):
        assert b"".join(decoder.feed(encoder.feed(text) + encoder.flush())) == text
    assert b"".join(decoder.feed(encoder.close())) == b""
    decoder.close()


# --- any bytes

NAMES = st.sampled_from([b"gzip", b"deflate", b"br", b"zstd", b"x-gzip", b"identity"])
STACKS = st.lists(NAMES, min_size=1, max_size=3)


@given(st.lists(st.binary(max_size=200)), STACKS, st.integers(1, 100), st.integers(1, 100))
def test_packed_and_unpacked_is_the_same(texts: list[bytes], stack: list[bytes], cut: int, size: int) -> None:
    text = b"".join(texts)
    names = [name for name in stack if name != b"identity"]
    packed = reduce(lambda data, name: pack(name, data, size), names, text)
    assert unpack(b", ".join(stack), packed, size=cut) == text


PIECES = [gzipped(b"a"), zlib.compress(b"a"), brotli.compress(b"a" * 90), zstd(b"a" * 90), SKIPPED]
PIECES += [b"\x1f", b"\x8b", b"\x28\xb5\x2f\xfd", b"\0"]


@given(STACKS, st.lists(st.binary() | st.sampled_from(PIECES)))
def test_any_bytes_unpack_or_are_refused(stack: list[bytes], pieces: list[bytes]) -> None:
    refused_or_small(b", ".join(stack), pieces)


@given(STACKS, st.binary(max_size=3000), st.integers(0, 3000), st.integers(0, 7), st.integers(1, 500))
def test_a_body_with_a_wrong_bit_unpacks_or_is_refused(
    stack: list[bytes], text: bytes, place: int, bit: int, size: int
) -> None:
    names = [name for name in stack if name != b"identity"]
    packed = bytearray(reduce(lambda data, name: pack(name, data), names, text))
    if packed:
        packed[place % len(packed)] ^= 1 << bit
    data = bytes(packed)
    refused_or_small(b", ".join(stack), [data[at : at + size] for at in range(0, len(data), size)])


def refused_or_small(coding: bytes, pieces: list[bytes]) -> None:
    decoder, out = Decoder(coding, 1000), 0
    try:
        for piece in pieces:
            for given_away in decoder.feed(piece):
                out += len(given_away)
                assert out <= 1000 or coding.strip(b", ") == b"identity"
        decoder.close()
    except EncodingError:
        pass


@given(st.binary())
def test_any_header_bytes(value: bytes) -> None:
    assert supported(value) in {True, False}


# --- where the libraries are not there


@pytest.fixture
def libraries(monkeypatch):
    """Let only the libraries be there that are in this dictionary."""
    found: dict[str, object] = {}

    def import_module(name: str) -> object:
        if name not in found:
            raise ImportError(name)
        return found[name]

    def forget() -> None:
        codecs._br.cache_clear()
        codecs._zstd.cache_clear()

    monkeypatch.setattr(codecs, "import_module", import_module)
    forget()
    yield found
    forget()


def test_without_libraries_two_codings_are_unknown(libraries: dict[str, ModuleType]) -> None:
    assert [coding for coding in READERS if supported(coding)] == [b"gzip", b"deflate"]
    with pytest.raises(EncodingError, match="unknown content coding 'br'"):
        Decoder(b"br")


def test_a_brotli_that_cannot_be_bounded_is_none(libraries: dict[str, object]) -> None:
    libraries["brotli"] = SimpleNamespace(Decompressor=object)
    assert not supported(b"br")


class OfPython314:
    """``compression.zstd`` as far as it is used, by means of the other library."""

    class CompressionParameter:
        compression_level, window_log = 100, 101

    class DecompressionParameter:
        window_log_max = 100

    ZstdError = zstandard.ZstdError

    class ZstdDecompressor:
        def __init__(self, *, options: dict[int, int]) -> None:
            most = 1 << options[OfPython314.DecompressionParameter.window_log_max]
            self.decompress = zstandard.ZstdDecompressor(max_window_size=most).decompressobj().decompress

    class ZstdCompressor:
        FLUSH_BLOCK, FLUSH_FRAME = 1, 2

        def __init__(self, *, options: dict[int, int]) -> None:
            parameter = OfPython314.CompressionParameter
            settings = zstandard.ZstdCompressionParameters.from_level(
                options[parameter.compression_level], window_log=options[parameter.window_log]
            )
            self._packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
            self.compress = self._packer.compress

        def flush(self, mode: int = FLUSH_FRAME) -> bytes:
            block = zstandard.COMPRESSOBJ_FLUSH_BLOCK
            return self._packer.flush(
                block if mode == self.FLUSH_BLOCK else zstandard.COMPRESSOBJ_FLUSH_FINISH
            )


def test_the_standard_library_of_python_314_will_do(libraries: dict[str, object]) -> None:
    libraries["compression.zstd"] = OfPython314
    packed = pack(b"zstd", PAGE, 100)
    assert READERS[b"zstd"](packed) == PAGE
    assert unpack(b"zstd", packed, size=7) == PAGE
    with pytest.raises(EncodingError, match="corrupt"):
        unpack(b"zstd", zstd_stream(PAGE, window_log=24))
