"""``data:`` and ``javascript:`` URLs: documents, style sheets and code that an address holds by itself."""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_IGNORED = {ord(c): None for c in "\t\n\r"}
_BASE64 = re.compile(r"(.*);[ ]*base64", re.IGNORECASE | re.DOTALL)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_CHARSET = re.compile(r""";[ ]*charset=["']?([^;"' ]*)""", re.IGNORECASE)
# All other encodings that browsers know write HTML's own characters as ASCII does.
_WIDE = {
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "iso-2022-jp": "iso-2022-jp",
}
_HTML = "text/html"
_XML = frozenset(("text/xml", "application/xml"))


class Content(NamedTuple):
    """What a ``data:`` URL holds: its MIME type without parameters, in lower case, and its bytes."""

    type: str
    data: bytes

    @property
    def xml(self) -> bool:
        return self.type in _XML or self.type.endswith("+xml")

    @property
    def document(self) -> bool:
        """Whether it is a document that may load others."""
        return self.type == _HTML or self.xml


def content_of(text: str) -> Content | None:
    """Read a ``data:`` URL (Fetch, section 6); None when the address is something else, or holds nothing."""
    body = _behind("data:", text)
    if body is None:
        return None
    head, comma, body = body.partition("#")[0].partition(",")
    if not comma:
        return None
    data = unquote_to_bytes(body)
    head = head.strip()
    based = _BASE64.fullmatch(head)
    if based:
        head = based[1]
        try:
            data = _forgiving_base64(data)
        except binascii.Error:
            return None
    charset = _CHARSET.search(head)
    codec = _WIDE.get(charset[1].lower()) if charset else None
    if codec:
        data = data.decode(codec, "replace").encode("utf-8", "replace")
    return Content(head.partition(";")[0].strip().lower(), data)


def code_of(text: str) -> bytes | None:
    """The code of a ``javascript:`` URL; None when the address is something else."""
    code = _behind("javascript:", text)
    return None if code is None else unquote_to_bytes(code)


def _behind(scheme: str, text: str) -> str | None:
    """What follows the scheme, as the URL Standard reads it: spaces in front and line breaks do not count."""
    begin = text.lstrip(_C0_AND_SPACE)
    # Most addresses end here: few begin with the letter.
    if begin[:1].lower() != scheme[0]:
        return None
    begin = begin.rstrip(_C0_AND_SPACE).translate(_IGNORED)
    return begin[len(scheme) :] if begin[: len(scheme)].lower() == scheme else None


def _forgiving_base64(data: bytes) -> bytes:
    """Decode as browsers do (Infra, section 7). Raises binascii.Error for what they refuse."""
    data = data.translate(None, b"\t\n\f\r ")
    if len(data) % 4 == 0:
        data = data.removesuffix(b"=").removesuffix(b"=") if data.endswith(b"=") else data
    if len(data) % 4 == 1 or _NOT_BASE64.search(data):
        raise binascii.Error("not base64")
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
