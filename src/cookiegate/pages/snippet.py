"""The one thing we put into other people's pages: the question, or the way back to the answer."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from cookiegate.pages.render import asset_file, base_of, language_of, page_language, render
from cookiegate.policy.model import Csp
from cookiegate.policy.texts import texts
from cookiegate.policy.wording import ask, signal_honoured

if TYPE_CHECKING:
    from cookiegate.gate.visit import Visit
    from cookiegate.policy.model import Policy

MOST_TICKS = 20
"""More ticks than this are no picture any more: the number stands alone then."""

MANY_TICKS = 10
"""More ticks than this are drawn narrower, to stay on the line of the title."""

_MOST_LINKS = 64
_LONGEST_LINK = 4096

_NONCE = re.compile(r"[A-Za-z0-9+/_=-]+")
_OWN_TAG = re.compile(rb"<(?:link|script) ")


class Snippets:
    """Renders the snippet of one policy. Equal arguments give equal bytes; no visitor is in them."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._question = lru_cache(maxsize=256)(self._render_question)
        self._link = lru_cache(maxsize=256)(self._render_link)
        self._unlock = lru_cache(maxsize=64)(self._render_unlock)
        self._linked = lru_cache(maxsize=64)(_link_pattern)

    def render(
        self,
        visit: Visit,
        nonce: str = "",
        page: bytes = b"",
        start: int = 0,
        rebased: bool = False,
        language: str = "",
    ) -> bytes:
        """Return what goes directly behind the ``<body>`` start tag.

        The question for those who have not answered; else the settings link, or nothing where the page has
        one behind ``start``, or is shown inside another page. nonce: the page's own, for our script and
        style. rebased: the page's base element leads to another site, so our addresses name this one.
        language: what the page says it is in, which counts where the page is for everyone. Then the script
        asks who is there, and the question waits for that where scripts run.
        """
        if visit.framed:
            return b""
        everyone = visit.everyone
        language = page_language(self._policy, language) if everyone else language_of(self._policy, visit)
        site = f"{visit.origin.scheme}://{visit.origin.host}" if rebased and visit.origin.host else ""
        if not visit.profile.answered:
            snippet = self._question(language, site, visit.root_path, visit.signals.gpc, everyone)
        else:
            linked = self._has_link(visit, page, start, rebased)
            snippet = b"" if linked else self._link(language, site, visit.root_path)
            snippet += self._unlock(site, visit.root_path) if everyone else b""
        if nonce and _NONCE.fullmatch(nonce):
            return _OWN_TAG.sub(rb'\g<0>nonce="%s" ' % nonce.encode(), snippet)
        return snippet

    def _has_link(self, visit: Visit, page: bytes, start: int, rebased: bool) -> bool:
        """Look for a link to our pages from the end of the page, where most sites have it."""
        base = base_of(self._policy, visit.root_path).encode()
        own = [visit.origin.host.encode(), *([] if rebased else [None])]
        at = len(page)
        for _ in range(_MOST_LINKS):
            at = page.rfind(base, start, at)
            if at < 0:
                break
            tag = page.rfind(b"<", max(start, at - _LONGEST_LINK), at)
            link = self._linked(base).match(page, tag) if tag >= 0 else None
            if link and link[1] in own:
                return True
        return False

    def _render_question(self, language: str, site: str, root_path: str, gpc: bool, everyone: bool) -> bytes:
        t = texts(language)
        policy = self._policy
        refused = {purpose.id for purpose in policy.optional_purposes if purpose.signal and gpc}
        asked = [purpose.id for purpose in policy.optional_purposes if purpose.id not in refused]
        counts = [sum(service.purpose == id_ for service in policy.declared) for id_ in asked]
        groups = [count for count in counts if count]
        return render(
            "snippet.html",
            t=t,
            base=site + base_of(policy, root_path),
            reload=policy.csp is Csp.ENFORCE,
            css=asset_file("cg.css"),
            js=asset_file("cg.js"),
            groups=groups if sum(groups) <= MOST_TICKS else (),
            held=t.plural("banner.ticks", sum(groups)) if groups else "",
            held_many=sum(groups) > MANY_TICKS,
            ask=ask(t, policy, without=refused, emphasise=_strong),
            # In a page for everyone the script shows it to those whom it concerns.
            signal=signal_honoured(t, policy) if gpc or everyone else "",
            everyone=everyone,
            policy_url=site + link if (link := policy.site.privacy_policy).startswith("/") else link,
        )

    def _render_link(self, language: str, site: str, root_path: str) -> bytes:
        base = site + base_of(self._policy, root_path)
        return render("link.html", t=texts(language), base=base, css=asset_file("cg-link.css"))

    def _render_unlock(self, site: str, root_path: str) -> bytes:
        return render("unlock.html", base=site + base_of(self._policy, root_path), js=asset_file("cg.js"))


def _strong(text: str) -> str:
    return Markup("<strong>{}</strong>").format(text)


def _link_pattern(base: bytes) -> re.Pattern[bytes]:
    """Match a link to our pages, with or without this site's address before it."""
    return re.compile(
        rb"""<a[\s/][^<>]*?\bhref\s*=\s*["']?(?:(?:https?:)?//([^/"'\s>]+))?%s(?:["'\s>?#])"""
        % re.escape(base),
        re.IGNORECASE,
    )
