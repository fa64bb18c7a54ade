"""The one thing we put into other people's pages: the question, or the way back to the answer."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from cookiegate.pages.render import asset_file, base_of, language_of, render
from cookiegate.policy.texts import texts
from cookiegate.policy.wording import ask, signal_honoured

if TYPE_CHECKING:
    from cookiegate.gate.visit import Visit
    from cookiegate.policy.model import Policy

MOST_TICKS = 20
"""More ticks than this are no picture any more: the number stands alone then."""

MANY_TICKS = 10
"""More ticks than this are drawn narrower, to stay on the line of the title."""

_NONCE = re.compile(r"[A-Za-z0-9+/_=-]+")
_OWN_TAG = re.compile(rb"<(?:link|script) ")


class Snippets:
    """Renders the snippet of one policy. Equal arguments give equal bytes; no visitor is in them."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._question = lru_cache(maxsize=256)(self._render_question)
        self._link = lru_cache(maxsize=256)(self._render_link)
        self._linked = lru_cache(maxsize=64)(_link_pattern)

    def render(self, visit: Visit, *, nonce: str = "", page_rest: bytes = b"") -> bytes:
        """Return what goes directly behind the ``<body>`` start tag.

        The question for those who have not answered; else the settings link, or nothing where the page has
        one, or is shown inside another page. nonce: the page's own, for our script and style. page_rest:
        the part of the page behind the body
        tag that is there already.
        """
        if visit.framed:
            return b""
        language = language_of(self._policy, visit)
        if not visit.profile.answered:
            snippet = self._question(language, visit.root_path, visit.signals.gpc)
        elif self._has_link(visit, page_rest):
            return b""
        else:
            snippet = self._link(language, visit.root_path)
        if nonce and _NONCE.fullmatch(nonce):
            return _OWN_TAG.sub(rb'\g<0>nonce="%s" ' % nonce.encode(), snippet)
        return snippet

    def _has_link(self, visit: Visit, page: bytes) -> bool:
        base = base_of(self._policy, visit.root_path).encode()
        if base not in page:
            return False
        host = visit.origin.host.encode()
        return any(match[1] in (None, host) for match in self._linked(base).finditer(page))

    def _render_question(self, language: str, root_path: str, gpc: bool) -> bytes:
        t = texts(language)
        policy = self._policy
        refused = {purpose.id for purpose in policy.optional_purposes if purpose.signal and gpc}
        asked = [purpose.id for purpose in policy.optional_purposes if purpose.id not in refused]
        counts = [sum(service.purpose == id_ for service in policy.declared) for id_ in asked]
        groups = [count for count in counts if count]
        return render(
            "snippet.html",
            t=t,
            base=base_of(policy, root_path),
            css=asset_file("cg.css"),
            js=asset_file("cg.js"),
            groups=groups if sum(groups) <= MOST_TICKS else (),
            held=t.plural("banner.ticks", sum(groups)) if groups else "",
            held_many=sum(groups) > MANY_TICKS,
            ask=ask(t, policy, without=refused, emphasise=_strong),
            signal=signal_honoured(t, policy) if gpc else "",
            policy_url=policy.site.privacy_policy,
        )

    def _render_link(self, language: str, root_path: str) -> bytes:
        base = base_of(self._policy, root_path)
        return render("link.html", t=texts(language), base=base, css=asset_file("cg-link.css"))


def _strong(text: str) -> str:
    return Markup("<strong>{}</strong>").format(text)


def _link_pattern(base: bytes) -> re.Pattern[bytes]:
    """Match a link to our pages, with or without this site's address before it."""
    return re.compile(
        rb"""<a[\s/][^<>]*?\bhref\s*=\s*["']?(?:(?:https?:)?//([^/"'\s>]+))?%s(?:["'\s>?#])"""
        % re.escape(base),
        re.IGNORECASE,
    )
