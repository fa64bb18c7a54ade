"""Pages that the application sends compressed, or in bytes that cannot be read."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard

from cookiegate.gate import codecs, inner
from cookiegate.gate.encoding import Decoder
from cookiegate.gate.packing import outgoing
from cookiegate.gate.steps import SLICE
from cookiegate.responder import BARRIER, MOST_WHOLE
from cookiegate.turns import HANDED_ON

pytestmark = pytest.mark.anyio

TRACKER = b'<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
PAGE = b"<!doctype html><html><head></head><body><h1>Shop</h1>" + TRACKER + b"</body></html>"
HTML = (b"content-type", b"text/html")
GZIP = (b"content-encoding", b"gzip")
ACCEPTS_GZIP = (b"accept-encoding", b"gzip")
ACCEPTS_ALL = (b"accept-encoding", b"gzip, deflate, br, zstd")
DOCUMENT = (b"sec-fetch-dest", b"document")
FETCH = (b"sec-fetch-dest", b"empty")


def start(*headers, status=200):
    return {"type": "http.response.start", "status": status, "headers": [HTML, *headers]}


def body(data, more=False):
    return {"type": "http.response.body", "body": data, "more_body": more}


def pieces(data, size):
    return [body(data[at : at + size], True) for at in range(0, len(data), size)] + [body(b"")]


def bare_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKED = {b"gzip": gzip.compress(PAGE), b"x-gzip": gzip.compress(PAGE[:60]) + gzip.compress(PAGE[60:])}
PACKED |= {b"deflate": zlib.compress(PAGE), b"Deflate": bare_deflate(PAGE)}
PACKED |= {b"deflate, gzip": gzip.compress(zlib.compress(PAGE))}
PACKED |= {b"br": brotli.compress(PAGE), b"zstd": zstandard.ZstdCompressor().compress(PAGE)}
PACKED |= {
    b"gzip, br": brotli.compress(PACKED[b"gzip"]),
    b"br,zstd": zstandard.compress(brotli.compress(PAGE)),
}


def unpack(seen):
    decoder = Decoder(seen.get("content-encoding").encode())
    unpacked = b"".join(decoder.feed(seen.body))
    decoder.close()
    return unpacked


@pytest.mark.parametrize("coding", PACKED)
@pytest.mark.parametrize("size", [None, 1, 40])
async def test_packed_pages_are_unpacked_gated_and_packed_again(site, coding, size):
    plain = await site.send(start(), body(PAGE))
    packed = PACKED[coding]
    messages = [body(packed)] if size is None else pieces(packed, size)
    given = start((b"content-encoding", coding), (b"content-length", b"%d" % len(packed)))
    seen = await site.send(given, *messages, headers=[ACCEPTS_ALL])
    assert unpack(seen) == plain.body
    leaves = coding.decode().lower().replace("x-", "").replace(" ", "").split(",")[-1]
    assert seen.all("content-encoding") == [leaves]
    assert seen.get("content-length") == (str(len(seen.body)) if size is None else None)
    assert seen.get("vary") == "Cookie, Sec-GPC, Accept-Language, Sec-Fetch-Dest, Accept-Encoding"
    again = await site.send(given, *messages, headers=[ACCEPTS_ALL])
    assert again.messages == seen.messages


@pytest.mark.parametrize("coding", PACKED)
@pytest.mark.parametrize(("accepted", "leaves"), [(b"br;q=0.9, dcb", "br"), (b"zstd, identity;q=0", "zstd")])
async def test_pages_leave_in_a_coding_that_the_visitor_reads(site, coding, accepted, leaves):
    plain = await site.send(start(), body(PAGE))
    given = start((b"content-encoding", coding))
    for messages in ([body(PACKED[coding])], pieces(PACKED[coding], 30)):
        seen = await site.send(given, *messages, headers=[(b"accept-encoding", accepted)])
        assert seen.all("content-encoding") == [leaves]
        assert unpack(seen) == plain.body


@pytest.mark.parametrize(
    "accepts", [[], [(b"accept-encoding", b"identity")], [(b"accept-encoding", b"gzip;q=0")]]
)
async def test_a_client_that_reads_no_gzip_gets_none(site, accepts):
    plain = await site.send(start(), body(PAGE))
    seen = await site.send(start(GZIP), body(PACKED[b"gzip"]), headers=accepts)
    assert seen.body == plain.body
    assert seen.get("content-encoding") is None
    assert "Accept-Encoding" in seen.get("vary")


async def test_identity_is_no_coding(site):
    seen = await site.send(start((b"content-encoding", b"identity")), body(PAGE), headers=[ACCEPTS_GZIP])
    assert b"data-cg-src" in seen.body
    assert seen.get("content-encoding") == "identity"
    assert "Accept-Encoding" not in seen.get("vary")


async def test_head_of_a_packed_page(site):
    given = start(GZIP, (b"content-length", b"90"), (b"etag", b'W/"1"'))
    got = await site.send(given, body(PACKED[b"gzip"]), headers=[ACCEPTS_GZIP])
    head = await site.send(given, body(b""), headers=[ACCEPTS_GZIP], method="HEAD")
    assert head.headers == [pair for pair in got.headers if pair[0] != b"content-length"]


async def test_pieces_of_a_packed_stream_can_be_read_at_once(site):
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(PAGE[:70]) + packer.flush(zlib.Z_SYNC_FLUSH)
    seen = await site.send(start(GZIP), body(first, True), headers=[ACCEPTS_GZIP])
    assert b"<h1>Shop" in zlib.decompressobj(31).decompress(seen.body)


# --- what cannot be read


@pytest.mark.parametrize("coding", [b"compress", b"aws-chunked", b"gzip, dcb", b"dcz"])
@pytest.mark.parametrize("dest", [[], [DOCUMENT], [(b"sec-fetch-dest", b"iframe")]])
async def test_an_unknown_coding_passes_behind_a_barrier_and_is_reported(site, coding, dest, caplog):
    given = start((b"content-encoding", coding), (b"content-length", b"9"), (b"set-cookie", b"_ga=1"))
    seen = await site.send(given, body(b"\x0bsomething", True), body(b"else"), headers=dest)
    assert seen.body == b"\x0bsomethingelse"
    assert seen.all("content-security-policy") == [BARRIER.decode()]
    assert seen.get("content-length") == "9"
    assert seen.get("cache-control") == "private"
    assert "Cookie" in seen.get("vary")
    assert seen.all("set-cookie") == []
    (report,) = seen.reports
    assert report.problem == f"the content coding '{coding.decode()}' cannot be read"
    assert "cannot be read" in caplog.text
    assert len(report.findings) == 1


async def test_the_barrier_stands_beside_the_sites_own_policy(site):
    given = start((b"content-encoding", b"dcb"), (b"content-security-policy", b"img-src *"))
    seen = await site.send(given, body(b"x"))
    assert seen.all("content-security-policy") == ["img-src *", BARRIER.decode()]


async def test_who_accepted_everything_needs_no_barrier(site):
    given = start((b"content-encoding", b"dcb"))
    seen = await site.send(given, body(b"x"), headers=[site.answered("accept"), FETCH])
    assert seen.get("content-security-policy") is None
    assert seen.get("cache-control") == "private"
    assert seen.reports[0].problem


async def test_what_a_script_fetches_unreadably_is_refused(site):
    for method in ("GET", "HEAD"):
        seen = await site.send(
            start((b"content-encoding", b"dcb")), body(b"x"), headers=[FETCH], method=method
        )
        assert seen.status == 502
        assert b"x\n" not in seen.body


# --- other character encodings


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("size", [None, 1, 3, 1000])
@pytest.mark.parametrize("kind", [b"text/html", b"text/html; charset=utf-8", None])
async def test_a_utf_16_mark_outranks_the_header(site, encoding, size, kind):
    plain = await site.send(start(), body(PAGE))
    data = ("\ufeff" + PAGE.decode()).encode(encoding)
    headers = [] if kind is None else [(b"content-type", kind)]
    given = {"type": "http.response.start", "status": 200, "headers": headers}
    messages = [body(data)] if size is None else pieces(data, size)
    seen = await site.send(given, *messages)
    assert seen.body.decode(encoding) == "\ufeff" + plain.body.decode()
    assert "data-cg-src" in seen.body.decode(encoding)
    assert seen.get("content-security-policy") is None
    (finding,) = seen.reports[0].findings
    assert data[finding.offset :].startswith("<script src".encode(encoding))
    assert seen.reports[0].problem == ""


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("UTF-16", "utf-16-le"),
        ('"utf-16be"', "utf-16-be"),
        ("iso-2022-jp", "iso2022_jp"),
        ("shift_jis", "shift_jis"),
        ("gbk", "gbk"),
    ],
)
@pytest.mark.parametrize("size", [None, 1, 1000])
async def test_the_header_names_the_encoding(site, charset, codec, size):
    text = PAGE.decode().replace("Shop", "日本語の社会、新しい")
    plain = await site.send(start(), body(text.encode("ascii", "xmlcharrefreplace")))
    data = text.encode(codec)
    messages = [body(data)] if size is None else pieces(data, size)
    given = start()
    given["headers"] = [(b"content-type", b"text/html; charset=" + charset.encode())]
    seen = await site.send(given, *messages)
    expected = plain.body.decode().replace(
        "".join(f"&#{ord(c)};" for c in "日本語の社会、新しい"), "日本語の社会、新しい"
    )
    assert seen.body == expected.encode(codec)
    assert seen.get("content-length") is None
    (finding,) = seen.reports[0].findings
    assert data[finding.offset :].startswith("<script src".encode(codec))


async def test_the_page_names_the_encoding(site):
    page = b"<!doctype html><title>\x1b$B$<<R\x1b(B</title><meta charset=iso-2022-jp><body>" + TRACKER
    for messages in ([body(page)], pieces(page, 1)):
        seen = await site.send(start(), *messages)
        assert seen.bare.startswith(page[: page.index(TRACKER)])
        assert seen.body.endswith(b" data-cg-src=" + TRACKER[TRACKER.index(b'"') :])


async def test_a_frame_is_in_the_encoding_of_the_page_around_it(site):
    page = b"<p>\x1b$B<R2q\x1b(B" + TRACKER  # whoever reads ASCII finds one tag here, and no script
    for dest, held in ((b"document", False), (b"iframe", True)):
        seen = await site.send(start(), body(page), headers=[(b"sec-fetch-dest", dest)])
        assert (b"data-cg-src" in seen.body) is held


async def test_a_page_that_browsers_do_not_read_stays_as_it_is(site):
    given = start()
    given["headers"] = [(b"content-type", b"text/html; charset=iso-2022-kr")]
    for messages in ([body(PAGE)], pieces(PAGE, 7)):
        seen = await site.send(given, *messages)
        assert seen.body == PAGE
        assert seen.reports[0].findings == ()


# --- what is corrupt


CORRUPT = {
    "not gzip": (b"gzip", b"<html>" + TRACKER),
    "bad checksum": (b"gzip", PACKED[b"gzip"][:-8] + b"\0" * 8),
    "cut off": (b"gzip", PACKED[b"gzip"][:-9]),
    "not br": (b"br", b"<html>" + TRACKER),
    "br cut off": (b"br", PACKED[b"br"][:-3]),
    "br with a tail": (b"br", PACKED[b"br"] + b"tail"),
    "not zstd": (b"zstd", b"<html>" + TRACKER),
    "zstd cut off": (b"zstd", PACKED[b"zstd"][:-3]),
    "zstd with a tail": (b"zstd", PACKED[b"zstd"] + b"a tail"),
    "inside": (b"gzip, br", brotli.compress(PACKED[b"gzip"][:-9])),
}


@pytest.mark.parametrize(("coding", "packed"), CORRUPT.values(), ids=CORRUPT)
async def test_a_corrupt_whole_page_becomes_an_error_page(site, coding, packed, caplog):
    trailers = {"type": "http.response.trailers", "headers": []}
    given = start((b"content-encoding", coding), (b"set-cookie", b"basket=1"))
    seen = await site.send(given, body(packed, False), body(b"more"), trailers, headers=[ACCEPTS_ALL])
    assert seen.status == 502
    assert seen.get("content-type") == "text/plain; charset=utf-8"
    assert seen.get("content-length") == str(len(seen.body))
    assert seen.get("cache-control") == "no-store"
    assert b"could not be checked" in seen.body
    assert len(seen.messages) == 2
    (report,) = seen.reports
    assert report.status == 502
    assert report.problem


async def test_a_page_that_turns_out_corrupt_is_cut_off(site):
    packed = bytearray(gzip.compress(PAGE + b"<p>" * 9 + bytes(range(256)) * 40, 0))
    packed[-8:] = b"\0" * 8
    with pytest.raises(ValueError, match="corrupt"):
        await site.send(start(GZIP), *pieces(bytes(packed), 4000), headers=[ACCEPTS_GZIP])
    seen = site.last
    assert seen.status == 200
    assert all(message["more_body"] for message in seen.bodies)
    assert seen.reports[0].problem.startswith("corrupt")


async def test_a_cut_off_page_stays_cut_off(site):
    async def app(scope, receive, send):
        await send(start(GZIP))
        packed = gzip.compress(PAGE, 0)
        await send(body(packed[:60], True))
        with pytest.raises(ValueError, match="ends within"):
            await send(body(b""))
        with pytest.raises(RuntimeError, match="after the end"):
            await send(body(TRACKER))

    seen = await site.run(app, headers=[ACCEPTS_GZIP])
    assert len(seen.reports) == 1
    assert all(message["more_body"] for message in seen.bodies)


async def test_an_empty_packed_page(site):
    seen = await site.send(start(GZIP), body(b""), headers=[ACCEPTS_GZIP])
    assert gzip.decompress(seen.body) == b""


# --- what the application is asked for


@pytest.mark.parametrize(
    ("offered", "asked"),
    [
        (b"gzip, deflate, br, zstd", b"gzip, deflate, br, zstd"),
        (b"gzip, deflate, br, zstd, dcb, dcz", b"gzip, deflate, br, zstd"),
        (b"compress, gzip", b"gzip"),
        (b"dcb", b"identity"),
        (b"*", b"identity"),
    ],
)
async def test_the_application_is_asked_for_what_can_be_read(site, offered, asked):
    for dest in ([], [DOCUMENT], [FETCH]):
        seen = await site.send(start(), body(PAGE), headers=[(b"Accept-Encoding", offered), *dest])
        assert [value for name, value in seen.scope["headers"] if name.lower() == b"accept-encoding"] == [
            asked
        ]


async def test_several_offers_are_one(site):
    seen = await site.send(
        start(), body(PAGE), headers=[(b"accept-encoding", b"dcb"), (b"accept-encoding", b"gzip")]
    )
    assert [value for name, value in seen.scope["headers"] if name == b"accept-encoding"] == [b"gzip"]


@pytest.mark.parametrize("dest", [b"script", b"style", b"image", b"font", b"video"])
async def test_what_is_never_shown_as_a_page_keeps_its_codings(site, dest):
    headers = [(b"host", b"a"), (b"accept-encoding", b"gzip, dcb"), (b"sec-fetch-dest", dest)]
    seen = await site.send(start(), body(PAGE), headers=headers)
    assert seen.scope["headers"][-2:] == headers[-2:]


async def test_a_request_that_needs_nothing_keeps_its_headers(site):
    headers = [(b"host", b"a"), (b"accept-encoding", b"gzip")]

    async def app(scope, receive, send):
        assert scope["headers"] is given
        await send(start())
        await send(body(PAGE))

    given = [(b"host", b"shop.example"), *headers]
    from cookiegate import CookieGate

    gate = CookieGate(app, secret_keys="k" * 32)
    sent = []

    async def send(message):
        sent.append(message)

    await gate({"type": "http", "method": "GET", "path": "/", "headers": given}, None, send)
    assert b"data-cg-src" in sent[1]["body"]


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("packed", [False, True])
async def test_a_large_page_is_gated_in_slices_and_whole(site, pieces, packed):
    page = b"<!doctype html><body>" + b"<p>text</p><img src=https://www.facebook.com/tr?id=1>\n" * 6000
    assert len(page) > 4 * SLICE
    sent = gzip.compress(page, mtime=0) if packed else page
    step = -(-len(sent) // pieces)
    parts = [sent[at : at + step] for at in range(0, len(sent), step)]
    bodies = [body(part, number < len(parts)) for number, part in enumerate(parts, 1)]
    headers = [ACCEPTS_GZIP, DOCUMENT]
    seen = await site.send(start(*([GZIP] if packed else [])), *bodies, headers=headers)
    gated = gzip.decompress(seen.body) if packed else seen.body
    assert gated.count(b" data-cg-src=https://www.facebook.com/tr?id=1>") == 6000
    assert len(seen.reports[0].findings) == 6000
    assert b'<section id="cg"' in gated


# --- what is small and unpacks to much


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"zstd"])
@pytest.mark.parametrize("whole", [True, False])
async def test_what_unpacks_to_much_leaves_in_pieces(site, coding, whole):
    page = PAGE[:-14] + b"<p>bread, salt</p>\n" * 500_000 + TRACKER
    encoder = codecs.codec_of(coding).encoder()
    packed = encoder.feed(page) + encoder.close()
    plain = await site.send(start(), body(page))
    messages = [body(packed)] if whole else [body(packed[:9], True), body(packed[9:])]
    given = start((b"content-encoding", coding), (b"content-length", b"%d" % len(packed)))
    for accepts in ([ACCEPTS_ALL], []):
        seen = await site.send(given, *messages, headers=accepts)
        assert (unpack(seen) if accepts else seen.body) == plain.body
        assert seen.get("content-length") is None
        assert [message["more_body"] for message in seen.bodies][-2:] in ([True, False], [False])
        assert max(len(message["body"]) for message in seen.bodies) < 2 * HANDED_ON + SLICE
        assert len(seen.reports) == 1
        assert len(seen.reports[0].findings) == 2


async def test_a_page_up_to_a_length_keeps_its_own(site):
    page = PAGE + b"x" * (MOST_WHOLE - len(PAGE) - 1)
    for extra, length in ((b"", True), (b"x", False)):
        packed = gzip.compress(page + extra)
        given = start(GZIP, (b"content-length", b"%d" % len(packed)))
        seen = await site.send(given, body(packed), headers=[ACCEPTS_GZIP])
        assert (seen.get("content-length") is not None) is length
        assert unpack(seen).endswith(b"xxx")


async def test_what_unpacks_to_too_much_is_cut_off_where_it_does(site):
    packed = gzip.compress(gzip.compress(b" " * 2**26 + b"<p>", 1))
    for messages in ([body(packed)], [body(packed[:200], True), body(packed[200:])]):
        with pytest.raises(ValueError, match="more than 67108864 bytes"):
            await site.send(start((b"content-encoding", b"gzip, gzip")), *messages, headers=[ACCEPTS_GZIP])
        assert all(message["more_body"] for message in site.last.bodies)
        assert "more than" in site.last.reports[0].problem


# --- without the libraries


async def test_without_their_libraries_two_codings_are_not_asked_for_and_not_read(site, monkeypatch, caplog):
    def import_module(name):
        raise ImportError(name)

    def forget():
        codecs._br.cache_clear()
        codecs._zstd.cache_clear()
        outgoing.cache_clear()
        inner._readable.clear()

    with monkeypatch.context() as patch:
        patch.setattr(codecs, "import_module", import_module)
        forget()
        seen = await site.send(
            start(GZIP), body(PACKED[b"gzip"]), headers=[(b"accept-encoding", b"br, gzip")]
        )
        assert (b"accept-encoding", b"gzip") in seen.scope["headers"]
        assert seen.get("content-encoding") == "gzip"
        for coding in (b"br", b"zstd"):
            seen = await site.send(start((b"content-encoding", coding)), body(PACKED[coding]))
            assert seen.body == PACKED[coding]
            assert seen.all("content-security-policy") == [BARRIER.decode()]
    forget()
