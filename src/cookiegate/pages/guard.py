"""The guard: the script that stands first in a page and holds what asks for a tracker at run time."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from cookiegate.assets import made_asset, squeezed
from cookiegate.pages.guard_table import guard_table, rules_of
from cookiegate.pages.render import base_of
from cookiegate.policy.model import Guard

if TYPE_CHECKING:
    from cookiegate.assets import Asset
    from cookiegate.consent.decide import Profile
    from cookiegate.gate.visit import Visit
    from cookiegate.pages.guard_table import Rule
    from cookiegate.policy.model import Policy

_NONCE = re.compile(r"[A-Za-z0-9+/_=-]+")


@lru_cache(maxsize=16)
def guard_asset(policy: Policy) -> Asset:
    """Return the guard of a policy: one file for all its visitors, whatever they chose."""
    table = json.dumps(guard_table(policy).content, separators=(",", ":"))
    return made_asset("guard.js", f"{squeezed('guard.js')}({table});\n")


class Guards:
    """Renders the tag of the guard. Equal arguments give equal bytes."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._file = guard_asset(policy).file if policy.guard is not Guard.OFF else ""
        self._tag = lru_cache(maxsize=256)(self._render)

    def render(self, visit: Visit, *, nonce: str = "") -> bytes:
        """Return what goes directly behind the ``<head>`` start tag; nothing where nothing is denied.

        nonce: the page's own. The page's base element stands behind it, so its address needs no host.
        """
        if not (self._file and visit.profile.denies_anything):
            return b""
        tag = self._tag(visit.profile, visit.root_path)
        if nonce and _NONCE.fullmatch(nonce):
            return tag.replace(b"<script ", b'<script nonce="%s" ' % nonce.encode(), 1)
        return tag

    def _render(self, profile: Profile, root_path: str) -> bytes:
        """The visitor's grants, and what differs from them: by id, with the rules that the asset may lack."""
        words = [id_ for id_, granted in profile.grants.items() if granted and id_ not in _UNASKED]
        own: list[Rule] = []
        for id_, granted in profile.exceptions.items():
            words.append(f"{'+' if granted else '-'}{id_}")
            service = self._policy.index.get(id_)
            if service is not None and service not in self._policy.declared:
                own += rules_of(service)
        rules = f' data-cg-rules="{escape(json.dumps(own, separators=(",", ":")))}"' if own else ""
        address = f"{base_of(self._policy, root_path)}assets/{self._file}"
        tag = f'<script src="{escape(address)}" data-cg-allow="{" ".join(words)}"{rules}></script>'
        return tag.encode("ascii", "xmlcharrefreplace")


_UNASKED = ("necessary", "mail_opens", "mail_clicks")
