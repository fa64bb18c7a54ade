"""The headers of one response: what of them leaves, and what is added to them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from cookiegate.gate import cache
from cookiegate.gate.bucket import VARY as BUCKET
from cookiegate.gate.headers import get_all, without
from cookiegate.gate.media import coding_of
from cookiegate.gate.outgoing import filter_outgoing
from cookiegate.gate.packing import Outgoing, outgoing
from cookiegate.gate.plain import FILTERED
from cookiegate.gate.set_cookie import filter_set_cookie
from cookiegate.gate.wall import wall
from cookiegate.policy.model import Cache, Csp
from cookiegate.view import ConsentView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cookiegate.gate.findings import Finding
    from cookiegate.gate.headers import Headers
    from cookiegate.gate.visit import Visit

VARY = (*cache.VARY, b"Accept-Language", b"Sec-Fetch-Dest")
"""The request headers on which a page for one visitor depends."""


class ResponseHeaders(ConsentView):
    """The view of a visitor, and the headers of what they are sent."""

    _findings: tuple[Finding, ...] = ()
    _headers: Headers  # as the application gave them, without what was dropped

    def _filtered(self, headers: Headers) -> Headers:
        """Drop what is not allowed. Without such headers nobody looks at the visitor's cookie."""
        desk = self._desk
        names = FILTERED.intersection([bytes(name).lower() for name, _ in headers])
        if b"set-cookie" in names:
            profile = self.audience.profile
            headers, findings = filter_set_cookie(headers, desk.policy, profile, now=desk.clock())
            self._note(findings)
        if not names <= {b"set-cookie"}:
            profile = self.audience.profile
            headers, findings = filter_outgoing(headers, names, desk.policy, profile, url=self._url())
            self._note(findings)
        return headers

    def _revalidates(self) -> bool:
        """Whether the visitor holds this page as it was made for the answer that still stands."""
        tags = b",".join(get_all(self._scope["headers"], b"if-none-match"))
        return b"--cg" in tags and self.variant().encode() in tags

    def _page_headers(self, visit: Visit) -> Headers:
        """Return the headers of a page: the same for GET, HEAD and 304, whether or not bytes will change.

        visit: for whom the page is.
        """
        headers = cache.rewritten(self._headers, self._desk.variant(visit))
        headers = self._for_caches(without(headers, b"accept-ranges"), visit)
        headers = self._walled(self._outgoing().name(headers), visit)
        return self._with_cookies(headers, page=not visit.everyone)

    def _for_caches(self, headers: Headers, visit: Visit) -> Headers:
        """Say who may keep the page. One for everyone is kept as the application says."""
        if not visit.everyone:
            return cache.private(cache.vary(headers, VARY))
        return cache.vary(headers, BUCKET) if self._desk.policy.cache is Cache.BUCKET else headers

    def _walled(self, headers: Headers, visit: Visit) -> Headers:
        """Add the policy that admits what is allowed, if the site wants one. visit: for whom the page is."""
        desk = self._desk
        reports = desk.policy.csp is Csp.REPORT or desk.on_violation is not None
        report_to = f"{visit.root_path}{desk.policy.consent.prefix}/report" if reports else ""
        added = wall(desk.policy, visit.profile, self._headers, visit.origin, report_to=report_to)
        return [*headers, *added] if added else headers

    def _with_cookies(self, headers: Headers, *, page: bool) -> Headers:
        """Add the cookies that are due; what carries an answer is never kept for somebody else."""
        cookies = self.set_cookies(page=page)
        if not cookies:
            return headers
        return [*cache.private(headers), *((b"set-cookie", value) for value in cookies)]

    def _outgoing(self) -> Outgoing:
        accepted = b",".join(get_all(self._scope["headers"], b"accept-encoding"))
        return outgoing(coding_of(self._headers), accepted)

    def _note(self, findings: Iterable[Finding]) -> None:
        self._findings = (*self._findings, *findings)

    def _url(self) -> str:
        """Return the page's address, for what is relative to it."""
        origin, root = self.audience.origin, self.audience.root_path
        path = (self._scope.get("raw_path") or quote(self._scope["path"]).encode()).decode("latin-1")
        if root and not self._scope["path"].startswith(unquote(root) + "/"):
            path = root + path  # the proxy stripped it, and the server handed the rest over as it is
        return f"{origin.scheme}://{origin.host or 'localhost'}{path}"
