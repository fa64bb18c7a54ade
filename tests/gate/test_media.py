"""What a browser will make of a response."""

import pytest

from cookiegate.gate.media import (
    DECIDED_BY,
    Media,
    coding_of,
    is_xhtml,
    looks_like_html,
    media_of,
    unreadable,
)

TYPE = b"content-type"


@pytest.mark.parametrize(
    ("headers", "media"),
    [
        ([(TYPE, b"text/html")], Media.HTML),
        ([(b"Content-Type", b"\tTEXT/html; a=b")], Media.HTML),
        ([(TYPE, b"text/plain"), (TYPE, b"text/html")], Media.HTML),
        ([(TYPE, b"text/html, text/plain")], Media.HTML),
        ([(TYPE, b"application/xhtml+xml")], Media.HTML),
        ([(TYPE, b"text/html charset=utf-8")], Media.HTML),
        ([(TYPE, b"text/html\tx")], Media.HTML),
        ([(TYPE, b"text/plain, text/html(x)")], Media.HTML),
        ([(TYPE, b"text/htmlx")], Media.OTHER),
        ([(TYPE, b"text/html/x")], Media.OTHER),
        ([(TYPE, b"text/html"), (b"content-disposition", b"inline; filename=a.html")], Media.HTML),
        ([(TYPE, b"text/html"), (b"content-disposition", b"")], Media.HTML),
        ([(TYPE, b"text/html"), (b"content-disposition", b"attachment; x")], Media.OTHER),
        (
            [
                (TYPE, b"text/html"),
                (b"content-disposition", b"attachment"),
                (b"content-disposition", b"inline"),
            ],
            Media.HTML,
        ),
        ([(TYPE, b"text/html"), (b"x-content-type-options", b"nosniff")], Media.HTML),
        ([(TYPE, b"text/plain")], Media.OTHER),
        ([(TYPE, b"html")], Media.OTHER),
        ([(TYPE, b"image/svg+xml")], Media.OTHER),
        ([], Media.UNTYPED),
        ([(TYPE, b"")], Media.UNTYPED),
        ([(TYPE, b" ; charset=utf-8")], Media.UNTYPED),
        ([(TYPE, b"*/*")], Media.UNTYPED),
        ([(TYPE, b"unknown/unknown")], Media.UNTYPED),
        ([(TYPE, b"application/unknown")], Media.UNTYPED),
        ([(b"content-disposition", b"attachment")], Media.OTHER),
        ([(b"X-Content-Type-Options", b"NoSniff, x")], Media.OTHER),
        ([(b"x-content-type-options", b"x")], Media.UNTYPED),
    ],
)
def test_media(headers, media):
    assert media_of(headers) is media
    assert media_of(tuple(headers)) is media


@pytest.mark.parametrize(
    ("values", "coding"),
    [
        ([], b""),
        ([b""], b""),
        ([b"identity"], b""),
        ([b" Identity , "], b""),
        ([b"gzip"], b"gzip"),
        ([b"identity, gzip"], b"identity, gzip"),
        ([b"deflate", b"gzip"], b"deflate,gzip"),
    ],
)
def test_coding(values, coding):
    assert coding_of([(b"Content-Encoding", value) for value in values]) == coding


@pytest.mark.parametrize(
    ("status", "headers", "why"),
    [
        (200, [(TYPE, b"text/html; charset=utf-8")], ""),
        (200, [(TYPE, b"text/html; charset=windows-1252"), (b"content-encoding", b"gzip")], ""),
        (206, [], "a part of a page cannot be read without the rest"),
        (200, [(b"content-encoding", b"gzip, br")], ""),
        (200, [(b"content-encoding", b"gzip, dcb")], "the content coding 'gzip, dcb' cannot be read"),
        (200, [(b"content-encoding", b"\xff")], "the content coding 'ÿ' cannot be read"),
        (200, [(TYPE, b"text/html; charset=utf-16")], ""),
    ],
)
def test_unreadable(status, headers, why):
    assert unreadable(status, headers) == why


def test_xhtml():
    for value in (
        b"application/xhtml+xml",
        b"Application/XHTML+xml charset=utf-8",
        b"application/xhtml+xml;x",
    ):
        assert is_xhtml([(TYPE, value)])
    assert not is_xhtml([(TYPE, b"text/html")])


def test_the_beginning_of_a_body():
    for codec in ("utf-16-le", "utf-16-be", "utf-8"):
        assert looks_like_html("\ufeff<".encode(codec))
        assert looks_like_html("\ufeff \n".encode(codec))
        assert not looks_like_html("\ufeff{<".encode(codec))
        assert len("\ufeff<".encode(codec)) <= DECIDED_BY
    for html in (b"<", b"", b" \n", b"\xef\xbb\xbf \r\t\x0c<!doctype", b"\xef\xbb\xbf"):
        assert looks_like_html(html)
    for other in (b"{", b"\x89PNG", b" x<", b"\xef\xbb<"):
        assert not looks_like_html(other)
