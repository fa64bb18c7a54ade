"""Responses that nobody has to look at: data, with no header that could track. Most of what a site sends.

What is said here must agree with what the long way finds; whatever is out of the ordinary takes the long way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cookiegate.gate.media import Media, is_rules, media_of
from cookiegate.gate.remember import Remembered

if TYPE_CHECKING:
    from collections.abc import Mapping

FILTERED = frozenset(
    b"attribution-reporting-register-os-source attribution-reporting-register-os-trigger "
    b"attribution-reporting-register-source attribution-reporting-register-trigger link nel refresh "
    b"report-to reporting-endpoints set-cookie sourcemap speculation-rules x-sourcemap".split()
)
"""The response headers of which something may be dropped, in lower case."""


def is_plain(message: Mapping[str, Any]) -> bool:
    """Whether a message starts a response that may go as it is, by what its start says alone."""
    if message["type"] != "http.response.start":
        return False
    headers = message.get("headers")
    if type(headers) is not list or not 200 <= message["status"] != 304:
        return False  # an iterator could be read only once
    media = None
    try:
        for name, value in headers:
            if (is_type := _is_type[name]) is not None:
                if media is not None or not is_type:
                    return False
                media = value
        return media is not None and _is_other[media]
    except TypeError:  # names and values that are like bytes
        return False


def _matters(name: bytes) -> bool | None:
    """Whether a header that matters here is the ``Content-Type``; None for one that does not matter."""
    lower = name.lower()
    return None if lower not in _MATTERING else lower == b"content-type"


def _means_other(content_type: bytes) -> bool:
    headers = [(b"content-type", content_type)]
    return media_of(headers) is Media.OTHER and not is_rules(headers)


_MATTERING = FILTERED | {b"content-type"}
_is_type = Remembered(_matters, most=1024)
_is_other = Remembered(_means_other, most=512)
