"""Headers that have a browser report to an address: what leads to a denied service is taken back.

``Reporting-Endpoints`` (W3C Reporting API) counts for the one response. The older ``Report-To`` and ``NEL``
(W3C Network Error Logging) are kept by a browser for as long as they say, so it is told to forget them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from cookiegate.gate.findings import Kind
from cookiegate.gate.headers import edited, get, get_all, joined, without
from cookiegate.gate.mapped import from_json
from cookiegate.gate.structured import filter_members, parse_dictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from cookiegate.gate.headers import Headers
    from cookiegate.gate.judge import Judge
    from cookiegate.gate.structured import Member

_DEFAULT_GROUP = "default"
_BLANK = re.compile(r"[ \t\r\n]*+")
_TEXT = re.compile(rb'"((?:(?>[^"\\]++|\\.))*+)"?+', re.DOTALL)


class Object(list[tuple[str, Any]]):
    """A JSON object as it is written: a key may come again, and parsers differ in which one counts."""

    def texts(self, key: str) -> list[str]:
        """Return every text that this key has."""
        return [value for name, value in self if name == key and isinstance(value, str)]

    def objects(self, key: str) -> list[Object]:
        """Return every object in the lists that this key has."""
        lists = [value for name, value in self if name == key and isinstance(value, list)]
        return [item for items in lists for item in items if isinstance(item, Object)]


class Part(NamedTuple):
    """One JSON value of a header, and where it stands."""

    value: Any
    start: int
    end: int


_decoder = json.JSONDecoder(object_pairs_hook=Object, strict=False)


def filter_reporting(headers: Headers, judge: Judge) -> Headers:
    """Drop what makes a browser report to what this visitor did not allow.

    All else keeps its bytes, and the same object comes back when nothing was dropped. A structured field with
    a mistake in it stays, since no browser reads it. JSON that is not quite JSON goes where any text in it
    leads to what is denied, since some do read it.
    """
    endpoints: dict[str, bool] = {}  # by the name of a group, whether it is denied
    groups: dict[str, bool] = {}

    def endpoint(member: Member) -> bool:
        passes = member.text is None or judge.passes(Kind.REPORT, [member.text])
        endpoints[member.key] = not passes
        return passes

    def group(value: Object) -> str:
        addresses = [url for each in value.objects("endpoints") for url in each.texts("url")]
        passes = judge.passes(Kind.REPORT, addresses)
        names = value.texts("group") or [_DEFAULT_GROUP]
        for name in names:
            groups[name] = not passes or groups.get(name, False)
        # Browsers refuse a group without any endpoint, also to forget it.
        own = {"url": f"https://{judge.host}/"}
        return "" if passes else json.dumps({"group": names[-1], "max_age": 0, "endpoints": [own]})

    def logging(value: Object) -> str:
        denied = denied_among(value.texts("report_to"))
        return json.dumps({"report_to": denied[0], "max_age": 0}) if denied else ""

    def denied_among(names: list[str]) -> list[str]:
        return [name for name in names if groups.get(name, endpoints.get(name))]

    headers = filter_members(headers, b"reporting-endpoints", parse_dictionary, endpoint)
    headers = edit_json(headers, b"report-to", group, lambda texts: judge.passes(Kind.REPORT, texts))
    return edit_json(headers, b"nel", logging, lambda texts: not denied_among(texts))


def edit_json(
    headers: Headers,
    name: bytes,
    edit: Callable[[Object], str],
    passes: Callable[[list[str]], bool],
) -> Headers:
    """Put every JSON object of the header ``name`` (given in lower case) through ``edit``.

    edit: returns what takes its place, or an empty text to leave it. passes: decides by all texts in it about
    what is no JSON, line by line or in all; what does not pass goes.
    """

    def edit_line(line: bytes) -> bytes:
        text = line.decode("utf-8", "surrogateescape")
        made, done = "", 0
        for value, start, end in read_json(line) or ():
            if isinstance(value, Object) and (other := edit(value)):
                made += text[done:start] + other
                done = end
        return (made + text[done:]).encode("utf-8", "surrogateescape") if made else line

    lines = get_all(headers, name)
    if all(read_json(line) is not None for line in lines):
        return edited(headers, name, edit_line)
    whole = joined(headers, name)
    if read_json(get(whole, name) or b"") is None:
        return (
            headers if passes([text for line in lines for text in texts_in(line)]) else without(headers, name)
        )
    result = edited(whole, name, edit_line)
    return headers if result is whole else result


def read_json(line: bytes) -> list[Part] | None:
    """Read JSON values with commas between them; None for what is none. Places are of the decoded text."""
    text = line.decode("utf-8", "surrogateescape")
    parts: list[Part] = []
    at = _blank(text, 0)
    while at < len(text) or parts:
        try:
            value, end = _decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        parts.append(Part(value, at, end))
        at = _blank(text, end)
        if at == len(text):
            return parts
        if text[at] != ",":
            return None
        at = _blank(text, at + 1)
    return parts


def texts_in(line: bytes) -> list[str]:
    """Return everything in quotation marks, and what is never closed, up to the end."""
    return [from_json(text, 0).data.decode("utf-8", "replace") for text in _TEXT.findall(line)]


def _blank(text: str, at: int) -> int:
    return _BLANK.match(text, at).end()  # type: ignore[union-attr]  # matches anything
