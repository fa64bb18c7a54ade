"""Which character encoding a browser reads a page in (WHATWG Encoding, and HTML, section 13.2.3).

Only one question counts here: whether bytes of ASCII mean ASCII. In UTF-8, in all encodings of one byte, and
in Shift_JIS, EUC-JP, EUC-KR, Big5, GBK and gb18030 they do wherever markup is concerned: none of white space,
quotes and ``& / < = >`` can follow a lead byte as a part of its character.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache

from cookiegate.gate.html.attrs import SPACE, TAG_REST, read_attributes
from cookiegate.gate.html.grammar import RAW_TEXT

MOST_HEAD = 64 * 1024
"""Bytes in which a page may declare its encoding, where browsers set no bound but the end of the head."""

_PRESCANNED = 1024  # bytes in which a browser looks for a declaration whatever they hold


class Charset(Enum):
    """The kinds of encodings that are to be told apart."""

    ASCII = auto()  # bytes of ASCII mean ASCII
    UTF_16LE = auto()
    UTF_16BE = auto()
    ISO_2022_JP = auto()
    REPLACEMENT = auto()  # browsers show one character in place of the page, and load nothing
    UNDECLARED = auto()  # browsers guess, and only among those in which ASCII means ASCII


_KINDS = {
    Charset.UTF_16LE: "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
    Charset.UTF_16BE: "unicodefffe utf-16be",
    Charset.ISO_2022_JP: "csiso2022jp iso-2022-jp",
    Charset.REPLACEMENT: "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr replacement",
    # A name that is none of these means nothing, and the next declaration counts.
    Charset.ASCII: """
        unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8 866 cp866 csibm866 ibm866
        csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2 csisolatin3
        iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3 csisolatin4 iso-8859-4
        iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4 csisolatincyrillic cyrillic
        iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988 arabic asmo-708 csiso88596e
        csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6
        iso88596 iso_8859-6 iso_8859-6:1987 csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7
        iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek csiso88598e csisolatinhebrew
        hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual
        csiso88598i iso-8859-8-i logical csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6
        iso-8859-13 iso8859-13 iso885913 iso-8859-14 iso8859-14 iso885914 csisolatin9 iso-8859-15 iso8859-15
        iso885915 iso_8859-15 l9 iso-8859-16 cskoi8r koi koi8 koi8-r koi8_r koi8-ru koi8-u csmacintosh mac
        macintosh x-mac-roman dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 cp1250
        windows-1250 x-cp1250 cp1251 windows-1251 x-cp1251 ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1
        ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii
        windows-1252 x-cp1252 cp1253 windows-1253 x-cp1253 cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9
        iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254 cp1255 windows-1255 x-cp1255
        cp1256 windows-1256 x-cp1256 cp1257 windows-1257 x-cp1257 cp1258 windows-1258 x-cp1258 x-mac-cyrillic
        x-mac-ukrainian chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk
        gb18030 big5 big5-hkscs cn-big5 csbig5 x-x-big5 cseucpkdfmtjapanese euc-jp x-euc-jp csshiftjis ms932
        ms_kanji shift-jis shift_jis sjis windows-31j x-sjis cseuckr csksc56011987 euc-kr iso-ir-149 korean
        ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949 x-user-defined
    """,
}
LABELS = {label.encode(): kind for kind, labels in _KINDS.items() for label in labels.split()}

_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": Charset.ASCII,
    b"\xff\xfe": Charset.UTF_16LE,
    b"\xfe\xff": Charset.UTF_16BE,
}
# An XML declaration in UTF-16 speaks for itself where no mark and no header does.
_IN_XML = _BYTE_ORDER_MARKS | {b"<\0?\0": Charset.UTF_16LE, b"\0<\0?": Charset.UTF_16BE}
_IN_HTML = _BYTE_ORDER_MARKS | {b"<\0?\0x\0": Charset.UTF_16LE, b"\0<\0?\0x": Charset.UTF_16BE}

# Header values may hold anything: each of these matches wherever it is tried.
_QUOTED = rb"""(?:(?>[^"\\]++|\\.))*+(?:"|\\?\Z)"""
_ITEM = re.compile(rb"""(?:(?>[^",]++|"%b))++""" % _QUOTED, re.DOTALL)
_TYPE = re.compile(rb"[ \t\r\n]*+([^ \t\r\n;(/]++/[^ \t\r\n;(]++)")
_PARAMETER = re.compile(rb""";[ \t\r\n]*+([^;=]*+)(?:=(?:"(%b)[^;]*+|([^;]*+)))?""" % _QUOTED, re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)

_CONSTRUCT = re.compile(rb"<(?:(!--)|(/?[A-Za-z][^%b>]*+)|[!/?])" % SPACE)
_REST = re.compile(TAG_REST)
_CHARSET = re.compile(rb"charset[%(s)b]*+=[%(s)b]*+" % {b"s": SPACE})
_LABEL = re.compile(rb"""(?:"([^"]*+)"|'([^']*+)'|([^%(s)b;"'][^%(s)b;]*+))""" % {b"s": SPACE})
_DECLARED = re.compile(rb"""[\0- ]*+=[\0- ]*+(?:"([^"\0- ]*+)"|'([^'\0- ]*+)')""")

_XML = b"<?xml"
_HEAD = frozenset(b"script noscript style link meta object title base".split())
_TEXT_END = {name: re.compile(rb"(?i)</%b(?=[%b/>])" % (name, SPACE)) for name in RAW_TEXT}


def kind_of(label: bytes) -> Charset | None:
    """What a declared name means; None when it means nothing (Encoding, section 4.2)."""
    return LABELS.get(label.strip(b"\t\n\f\r ").lower())


@lru_cache(maxsize=256)
def header_charset(content_type: bytes) -> Charset | None:
    """What ``Content-Type`` says; several headers are to be joined by commas (Fetch, section 3.5).

    Of several types the last one counts, with the charset of those before it that are the same.
    """
    essence, label = b"", None
    for item in _ITEM.findall(content_type):
        found = _TYPE.match(item)
        if found is None or found[1] == b"*/*":
            continue
        own = _parameter(item[found.end() :])
        if own is not None or found[1].lower() != essence:
            essence, label = found[1].lower(), own
    return None if label is None else kind_of(label)


def _parameter(parameters: bytes) -> bytes | None:
    for found in _PARAMETER.finditer(parameters):
        name, quoted, bare = found.groups()
        if name.lower() == b"charset" and (quoted is not None or (bare and bare.strip(b" \t\r\n"))):
            return bare if quoted is None else _ESCAPED.sub(rb"\1", quoted.rstrip(b'"'))
    return None


def marks(*, named: bool, xml: bool) -> dict[bytes, Charset]:
    """Beginnings of a page that tell its encoding. named: its header does, which little outranks."""
    return _BYTE_ORDER_MARKS if named else _IN_XML if xml else _IN_HTML


def declared_in_xml(page: bytes, *, whole: bool) -> Charset | None:
    """What an XML declaration says (HTML, "get an XML encoding"), or that there is none; None: more bytes are
    needed.

    whole: these are all the bytes that count.
    """
    if not page.startswith(_XML):
        return None if not whole and _XML.startswith(page) else Charset.UNDECLARED
    end = page.find(b">")
    if end < 0:
        return Charset.UNDECLARED if whole else None
    found = _DECLARED.match(page[:end].partition(b"encoding")[2])
    return (_declared(found[1] or found[2] or b"") if found else None) or Charset.UNDECLARED


def declared_in_html(page: bytes, *, whole: bool) -> Charset | None:
    """What a page says of itself (HTML, "prescan a byte stream"), or that it does not; None: more bytes are
    needed.

    Where Blink and WebKit differ from the standard they are followed: what stands in a script, a style or a
    title declares nothing, and past 1,024 bytes they read on as long as there are only tags of the head.
    """
    at, in_head = 0, True
    while construct := _CONSTRUCT.search(page, at):
        start, (comment, name) = construct.start(), construct.groups()
        if start >= _PRESCANNED and not in_head:
            return declared_in_xml(page, whole=True)
        if not name:
            end = page.find(b"-->" if comment else b">", start + 2)
            if end < 0:
                break
            at = end + 1  # "<!-->" is a whole comment; behind "--" only the ">" is left
            continue
        bare = name.lower().lstrip(b"/").partition(b"/")[0]
        opens = not name.startswith(b"/")
        is_meta = opens and bare == b"meta"
        name_end = start + 5 if is_meta else construct.end()
        rest = _REST.match(page, name_end)
        if rest is None:
            break
        at = rest.end()
        if is_meta:
            declared = _declared_by_meta(page, name_end, at)
            if declared is not None:
                return declared
        in_head = in_head and (bare in _HEAD or (opens and bare in (b"html", b"head")))
        if opens and bare in _TEXT_END:
            text_end = _TEXT_END[bare].search(page, at)
            if text_end is None:
                break
            at = text_end.start()
    return declared_in_xml(page, whole=True) if whole else None


def _declared_by_meta(page: bytes, start: int, end: int) -> Charset | None:
    values: dict[bytes, bytes] = {}
    for attribute in read_attributes(page, start, end, every=True):
        values.setdefault(attribute.name, attribute.value)
    if b"charset" in values:
        return _declared(values[b"charset"])
    if values.get(b"http-equiv", b"").lower() != b"content-type":
        return None
    content = values.get(b"content", b"").lower()
    named = _CHARSET.search(content)
    label = _LABEL.match(content, named.end()) if named else None
    return _declared(label[1] or label[2] or label[3] or b"") if label else None


def _declared(label: bytes) -> Charset | None:
    """What a declaration in the page means: one that can be read as ASCII is not in UTF-16."""
    kind = kind_of(label)
    return Charset.ASCII if kind in (Charset.UTF_16LE, Charset.UTF_16BE) else kind
