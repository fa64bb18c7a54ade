"""Which encoding a browser reads a page in. e2e/test_charsets.py asks a browser the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.gate.charset import (
    Charset,
    declared_in_html,
    declared_in_xml,
    header_charset,
    kind_of,
    marks,
)

ASCII, JIS, NONE = Charset.ASCII, Charset.ISO_2022_JP, Charset.REPLACEMENT
LE, BE, OPEN = Charset.UTF_16LE, Charset.UTF_16BE, Charset.UNDECLARED


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        (b"utf-8", ASCII),
        (b"\t\n\f\r UTF8 ", ASCII),
        (b"Shift_JIS", ASCII),
        (b"windows-1251", ASCII),
        (b"x-user-defined", ASCII),
        (b"iso-8859-1", ASCII),
        (b"gb18030", ASCII),
        (b"UTF-16", LE),
        (b"unicode", LE),
        (b"utf-16le", LE),
        (b"unicodeFFFE", BE),
        (b"utf-16be", BE),
        (b"ISO-2022-JP", JIS),
        (b"csISO2022JP", JIS),
        (b"iso-2022-kr", NONE),
        (b"hz-gb-2312", NONE),
        (b"replacement", NONE),
        (b"", None),
        (b"utf16", None),
        (b"utf-7", None),
        (b"utf-32", None),
        (b"'utf-8'", None),
        (b"iso-2022-jp-2", None),
        (b"\xa0utf-8", None),
        (b"\x0butf-8", None),
    ],
)
def test_labels(label, kind):
    assert kind_of(label) is kind


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        (b"", None),
        (b"text/html", None),
        (b"text/html; charset=utf-8", ASCII),
        (b"text/html;charset=UTF-16", LE),
        (b" text/html ; x=y ;\tCharset=utf-16be ", BE),
        (b'text/html; charset="utf-16be"', BE),
        (b'text/html; charset=" utf-16be "', BE),
        (b'text/html; charset="utf-16be', BE),
        (b'text/html; charset="utf\\-16be"', BE),
        (b'text/html; charset="utf-16be"x; a=b', BE),
        (b"text/html; charset='utf-16be'", None),
        (b"text/html; charset = utf-16be", None),
        (b"text/html; charset=bogus; charset=utf-16be", None),
        (b'text/html; charset=""; charset=utf-16be', None),
        (b"text/html; charset=; charset=utf-16be", BE),
        (b"text/html; charset= ; charset=utf-16be", BE),
        (b"text/html; charset; charset=utf-16be", BE),
        (b"text/html; charset=utf-16be(x)", None),
        (b"text/html; charset=utf-16be x", None),
        (b"text/html charset=utf-16be", None),
        (b"text/html (x); charset=utf-16be", BE),
        (b'text/html; a="; charset=utf-8"; charset=utf-16be', BE),
        (b'text/html; a="\\"; charset=utf-8"; charset=utf-16be', BE),
        (b"text/html; charset=utf-16be, text/html", BE),
        (b"text/html; charset=utf-8, TEXT/html; charset=utf-16be", BE),
        (b"text/html; charset=utf-16be, text/html; charset=utf-8", ASCII),
        (b"text/plain; charset=utf-16be, text/html", None),
        (b"text/html; charset=utf-16be, x, */*; charset=utf-8", BE),
        (b'text/html; a="b, text/html; charset=utf-8"; charset=utf-16be', BE),
        (b'text/html; charset=utf-16be; a="b\\', BE),
        (b"text/html; charset=iso-2022-jp", JIS),
        (b"text/html; charset=iso-2022-kr", NONE),
        (b"charset=utf-16", None),
    ],
)
def test_the_header(content_type, kind):
    assert header_charset(content_type) is kind


def test_marks():
    everywhere = {b"\xef\xbb\xbf": ASCII, b"\xff\xfe": LE, b"\xfe\xff": BE}
    for xml in (False, True):
        assert marks(named=True, xml=xml) == everywhere
    assert marks(named=False, xml=True) == everywhere | {b"<\0?\0": LE, b"\0<\0?": BE}
    assert marks(named=False, xml=False) == everywhere | {b"<\0?\0x\0": LE, b"\0<\0?\0x": BE}


META = b"<meta charset=iso-2022-jp>"
FILLED = b"<!--" + b"x" * 1200 + b"-->"


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (b"", OPEN),
        (b"<p>x", OPEN),
        (META, JIS),
        (b"<META/CharSet='ISO-2022-JP'>", JIS),
        (b"<meta\tcharset =\n csiso2022jp >", JIS),
        (b"<meta charset=utf-8>" + META, ASCII),
        (b"<meta charset=bogus>" + META, JIS),
        (b"<meta charset=bogus charset=utf-8>" + META, JIS),
        (b"<meta charset=>" + META, JIS),
        (b"<meta>" + META, JIS),
        (b"<meta name=x>" + META, JIS),
        (b"<metal charset=utf-8>" + META, JIS),
        (b"</meta charset=utf-8>" + META, JIS),
        (b"<meta charset=utf-16>" + META, ASCII),
        (b"<meta charset=unicodefffe>" + META, ASCII),
        (b"<meta charset=x-user-defined>" + META, ASCII),
        (b"<meta charset=iso-2022-kr>" + META, NONE),
        (b"<meta http-equiv=Content-Type content='text/html; Charset=ISO-2022-JP'>", JIS),
        (b"<meta content='charset = \"iso-2022-jp\"' http-equiv=content-type>", JIS),
        (b"<meta http-equiv=content-type content=\"charset='iso-2022-jp'x\">", JIS),
        (b"<meta http-equiv=content-type content='charsetcharset =iso-2022-jp;x'>", JIS),
        (b"<meta http-equiv=content-type content='charset x charset=iso-2022-jp x'>", JIS),
        (b"<meta http-equiv=content-type content='charset=\"iso-2022-jp'>", OPEN),
        (b"<meta http-equiv=content-type content='charset='>", OPEN),
        (b"<meta http-equiv=content-type content='text/html'>", OPEN),
        (b"<meta http-equiv=content-type>" + META, JIS),
        (b"<meta content='charset=iso-2022-jp'>", OPEN),
        (b"<meta http-equiv=x content='charset=iso-2022-jp'>", OPEN),
        (b"<meta http-equiv=content-type content='charset=utf-8' charset=iso-2022-jp>", JIS),
        (b"<!--" + META + b"-->", OPEN),
        (b"<!-->" + META, JIS),
        (b"<!--->" + META, JIS),
        (b"<!-- >" + META, OPEN),
        (b"<!doctype html>" + META, JIS),
        (b"<?x '>'" + META, JIS),
        (b"<? " + META, OPEN),
        (b"</ >" + META, JIS),
        (b"<p title='" + META + b"'>", OPEN),
        (b"</p title='" + META + b"'>", OPEN),
        (b"<p/a='>" + META, JIS),
        (b"<p title='" + META, OPEN),
        (b"< p title='" + META, JIS),
        # The standard would look into these; Blink and WebKit do not.
        (b"<title>" + META + b"</title>", OPEN),
        (b"<script>" + META + b"</script>", OPEN),
        (b"<script>a<b</scripts></SCRIPT\n>" + META, JIS),
        (b"<style><!--</style>" + META, JIS),
        (b"<noscript>" + META + b"</noscript>", JIS),
        (b"<body><p>" + META, JIS),
        (b"<html><head>" + FILLED + META, JIS),
        (b"<html><head><title>x<b></title>" + FILLED + META, JIS),
        (b"<script>if (a<b) x</script >" + FILLED + META, JIS),
        (b"<title>x" + FILLED + META, OPEN),
        (b"<link><style>x</style>" + FILLED + b"<base>" + META, JIS),
        (b"<html><head></head>" + FILLED + META, OPEN),
        (b"<html><body>" + FILLED + META, OPEN),
        (b"<p>" + b" " * 1000 + b"<i>" * 20 + META, OPEN),
        (b"<?xml version='1.0' encoding='iso-2022-jp'?><p>", JIS),
        (b"<?xml version='1.0' encoding='iso-2022-jp'?><meta charset=utf-8>", ASCII),
        (b"<?xml encoding='iso-2022-jp'?><body>" + FILLED + b"<p>", JIS),
        (b"<!-- <?xml encoding='iso-2022-jp'?>", OPEN),
    ],
)
def test_what_a_page_declares(page, kind):
    assert declared_in_html(page, whole=True) is kind
    for end in range(len(page)):
        assert declared_in_html(page[:end], whole=False) in (None, kind)


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (b"<?xml version='1.0' encoding='iso-2022-jp'?>", JIS),
        (b'<?xml encoding \t=\n\0"ISO-2022-JP">', JIS),
        (b"<?xml encoding='utf-16'?>", ASCII),
        (b"<?xml encoding='iso-2022-kr'?>", NONE),
        (b"<?xml encoding='bogus'?>", OPEN),
        (b"<?xml encoding=''?>", OPEN),
        (b"<?xml encoding=' iso-2022-jp'?>", OPEN),
        (b"<?xml encoding=iso-2022-jp?>", OPEN),
        (b"<?xml encoding='iso-2022-jp?>'", OPEN),
        (b"<?xml encoding encoding='iso-2022-jp'?>", OPEN),
        (b"<?xml version='1.0'?>", OPEN),
        (b"<?xml encoding='iso-2022-jp'", OPEN),
        (b" <?xml encoding='iso-2022-jp'?>", OPEN),
        (b"<?XML encoding='iso-2022-jp'?>", OPEN),
        (b"<html><meta charset=iso-2022-jp>", OPEN),
        (b"<?x", OPEN),
        (b"", OPEN),
    ],
)
def test_what_xml_declares(page, kind):
    assert declared_in_xml(page, whole=True) is kind
    for end in range(len(page)):
        assert declared_in_xml(page[:end], whole=False) in (None, kind)


PIECES = [
    META, b"<meta http-equiv=content-type content='", b"charset=iso-2022-jp", b"'", b'"', b">", b"<!--",
    b"-->", b"<title>", b"</title>", b"<p ", b"<meta ", b"charset", b"=", b" ", FILLED,
    b"<?xml encoding='iso-2022-jp'",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join) | st.binary(), st.integers(0))
def test_any_bytes(page, cut):
    """What is decided early stays, and nothing raises."""
    page = page[: cut % (len(page) + 1)] or page
    for declared in (declared_in_html, declared_in_xml):
        known = declared(page, whole=True)
        assert known is not None
        assert declared(page[: len(page) // 2], whole=False) in (None, known)
    header_charset(page)
