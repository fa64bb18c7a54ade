"""What was made of tags before: most tags of a page stand on the site's other pages too, byte for byte."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cookiegate.gate.candidates import Candidate
    from cookiegate.gate.findings import Finding
    from cookiegate.gate.html.edits import Insertion
    from cookiegate.policy.model import Policy

_MOST_BYTES = 4 * 1024 * 1024
_MOST_FORMS = 16
_LONGEST = 16 * 1024
_ENTRY = 500  # bytes that one takes beside its text, about


class Form(NamedTuple):
    """What one profile makes of a tag: what is reported, and what goes in. Offsets are the candidate's."""

    findings: tuple[Finding, ...]
    insertions: tuple[Insertion, ...]


class Made:
    """What a tag refers to, and its forms by the key of their profile, within bounds."""

    __slots__ = ("_forms", "candidate")

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self._forms: dict[str, Form] = {}

    def form(self, profile: str) -> Form | None:
        """What the profile with this key makes of it, if that was asked before."""
        return self._forms.get(profile)

    def keep(self, profile: str, form: Form) -> None:
        """Remember what a profile makes of it."""
        if len(self._forms) >= _MOST_FORMS:
            self._forms.clear()
        self._forms[profile] = form


class Known:
    """The tags of one site, by their bytes from ``<`` to ``>``, within bounds; None: nothing is to be held.

    Only for tags that mean the same wherever they stand. Offsets count from the tag's first byte.
    """

    def __init__(self) -> None:
        self.tags: dict[bytes, Made | None] = {}
        self._size = 0

    def keep(self, text: bytes, made: Made | None) -> None:
        """Remember what was made of a tag."""
        if len(text) <= _LONGEST:
            self._size += _ENTRY + len(text)
            if self._size > _MOST_BYTES:
                self.tags.clear()
                self._size = _ENTRY + len(text)
            self.tags[text] = made


@lru_cache(maxsize=8)
def known_on(policy: Policy, scheme: str, host: str) -> Known:
    """The memory of a site's pages."""
    return Known()
