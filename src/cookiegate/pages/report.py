"""What browsers report of a Content-Security-Policy: understood within bounds, and cut down to three facts.

Anybody can post here, so nothing that is posted is stored, answered or logged as it came, and a report says
no more than that something may have happened.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cookiegate.gate.headers import get
from cookiegate.pages.post import Refused, read_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import Receive

    from cookiegate.gate.headers import Headers

MOST_REPORTS = 100
"""Reports of one post that are read; browsers send a few at a time."""

RATE = 20.0
"""Posts a second that are read over time, in one process; some more may come at once."""

BURST = 200.0

_TYPES = frozenset((b"application/csp-report", b"application/reports+json", b"application/json"))
_LONGEST_PATH = 512
_ADDRESS = re.compile(
    r"(?:https?|wss?)://([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[!-\"$-;=@-~]*)?(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_EXTENSION = re.compile(r"[a-z-]*extension:", re.IGNORECASE)
_DIRECTIVES = frozenset(
    """
    base-uri child-src connect-src default-src font-src form-action frame-src img-src manifest-src media-src
    object-src prefetch-src script-src script-src-attr script-src-elem style-src style-src-attr
    style-src-elem worker-src
    """.split()  # noqa: SIM905 - a list of names reads better without quotes
)

_logger = logging.getLogger("cookiegate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that a page tried to load, and that the policy derived from the decision does not admit.

    host: where it is, or the site's own where an address of the site redirects there; in lower case, without
    a port. directive: as what it was to load (``img-src``).
    path: of the page, without its query. A visitor's browser says so, or whoever pretends to be one.
    """

    host: str
    directive: str
    path: str


class Reports:
    """Takes reports, and hands the violations in them to ``on_violation``. clock: Unix seconds."""

    def __init__(self, on_violation: Callable[[Violation], None] | None, clock: Callable[[], float]) -> None:
        self._on_violation = on_violation
        self._clock = clock
        self._tokens, self._filled = BURST, clock()

    async def take(self, headers: Headers, site: str, receive: Receive) -> int | None:
        """Read one post; give the status to answer with, or None when the client went away.

        site: the site's own host, with its port if it has one.
        """
        if _media_type(headers) not in _TYPES:
            return 415
        if not self._has_time():
            return 429
        try:
            body = await read_body(headers, receive)
        except Refused as refused:
            return refused.status
        if body is None:
            return None
        if self._on_violation:
            for violation in violations_in(body, site):
                self._tell(self._on_violation, violation)
        return 204

    def _has_time(self) -> bool:
        """Take a token from the bucket, which fills while nobody reports. A clock may be set back."""
        now = self._clock()
        self._tokens = min(BURST, self._tokens + max(0.0, now - self._filled) * RATE)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _tell(self, on_violation: Callable[[Violation], None], violation: Violation) -> None:
        try:
            on_violation(violation)
        except Exception:
            _logger.exception("on_violation failed")


def violations_in(body: bytes, site: str) -> list[Violation]:
    """Read a ``report-uri`` report (CSP Level 3, section 5.3) or a batch of the Reporting API, each once.

    What is malformed, of another site, or of an extension of the browser's is left out.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return []
    found = [violation for report in _reports(content) if (violation := _violation(report, site))]
    return list(dict.fromkeys(found))


def _reports(content: object) -> Iterator[Mapping[str, object]]:
    """The bodies of the reports; both forms have the same fields under different names."""
    for one in (content if isinstance(content, list) else [content])[:MOST_REPORTS]:
        if not isinstance(one, Mapping):
            continue
        report = one.get("csp-report") or (one.get("type") == "csp-violation" and one.get("body"))
        if isinstance(report, Mapping):
            yield report


def _violation(report: Mapping[str, object], site: str) -> Violation | None:
    def said(*names: str) -> str:
        return next((value for name in names if isinstance(value := report.get(name), str) and value), "")

    page = _ADDRESS.fullmatch(said("document-uri", "documentURL"))
    there = _ADDRESS.fullmatch(said("blocked-uri", "blockedURL"))
    directive = said("effective-directive", "effectiveDirective", "violated-directive").partition(" ")[0]
    if page is None or there is None or directive not in _DIRECTIVES:
        return None
    if _EXTENSION.match(said("source-file", "sourceFile")):
        return None
    path = page[3] or "/"
    if page[1].lower() != _without_port(site) or len(path) > _LONGEST_PATH:
        return None
    return Violation(host=there[1].lower(), directive=directive, path=path)


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _media_type(headers: Headers) -> bytes:
    return (get(headers, b"content-type") or b"").partition(b";")[0].strip(b" \t").lower()
