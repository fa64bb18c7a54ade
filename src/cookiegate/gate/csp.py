"""The site's own Content-Security-Policy: read here, never weakened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cookiegate.gate.headers import get_all

if TYPE_CHECKING:
    from cookiegate.gate.headers import Headers

# The directives that rule our script, the one that counts first (CSP Level 3, section 6.8.3).
_DIRECTIVES = (b"script-src-elem", b"script-src", b"default-src")
_NONCE = re.compile(rb"(?:^|\s)'nonce-([A-Za-z0-9+/_-]+={0,2})'(?=\s|$)", re.IGNORECASE)


def nonce_of(headers: Headers) -> str:
    """Return the nonce with which the site lets scripts of a page run, or an empty text.

    Several headers, and several policies in one, all have to be met, so the nonce of the first that has one
    is taken: no other could meet that one. What is only reported on does not count.
    """
    for value in get_all(headers, b"content-security-policy"):
        for policy in value.split(b","):
            directives: dict[bytes, bytes] = {}
            for directive in policy.split(b";"):
                name, *sources = directive.split(maxsplit=1) or [b""]
                directives.setdefault(name.lower(), b"".join(sources))
            ruling = next((directives[name] for name in _DIRECTIVES if name in directives), b"")
            if found := _NONCE.search(ruling):
                return found[1].decode()
    return ""
