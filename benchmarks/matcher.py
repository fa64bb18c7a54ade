"""What the peers know of trackers: the services that occur in the pages here, and nothing else.

As lean as one could write it, so that a peer's figure is that of its parser. It knows no path of the site
itself, no entity, percent-encoded or IDNA host, and no comment in code.
"""

from __future__ import annotations

import re
from functools import lru_cache

# By host: what begins with one of these paths; a sub-domain is found by the host above it.
_SERVICES: dict[str, tuple[tuple[str, str], ...]] = {
    "googletagmanager.com": (("/gtag", "google-analytics"), ("", "google-tag-manager")),
    "connect.facebook.net": (("/en_US/fbevents.js", "meta-pixel"),),
    "facebook.com": (("/tr", "meta-pixel"),),
    "hotjar.com": (("", "hotjar"),),
    "snap.licdn.com": (("", "linkedin-insight"),),
    "ads.linkedin.com": (("", "linkedin-insight"),),
    "securepubads.g.doubleclick.net": (("", "google-ad-manager"),),
    "platform.twitter.com": (("", "x-embed"),),
    "youtube.com": (("/embed/", "youtube"),),
    "player.vimeo.com": (("", "vimeo"),),
    "google.com": (("/maps", "google-maps"),),
    "fonts.googleapis.com": (("", "google-fonts"),),
    "fonts.gstatic.com": (("", "google-fonts"),),
}
_URL = re.compile(r"\s*+(?:[hH][tT][tT][pP][sS]?:)?[/\\]{2}([^/\\?#:@]++)(?::\d++)?")
_SRCSET_URL = re.compile(r"[^\s,]\S*+")
# A literal first: finding one is many times as fast as a pattern.
_CODE = (
    ("google-analytics", "gtag(", re.compile(r"\bgtag\(\s*+['\"](?:js|config|event)")),
    ("google-tag-manager", "gtm.start", None),
    ("meta-pixel", "fbq(", None),
    ("hotjar", "_hjSettings", None),
    ("linkedin-insight", "lintrk", None),
    ("linkedin-insight", "_linkedin_partner_id", None),
    ("google-ad-manager", "googletag.", re.compile(r"\bgoogletag\.(?:cmd|display|pubads)")),
)
_JAVASCRIPT = frozenset(("", "module", "text/javascript", "application/javascript"))


def service_of(url: str) -> str | None:
    """The service that a URL of a page loads from; None for the site itself and for strangers."""
    found = _URL.match(url)
    if found is None:
        return None
    for path, service in _on_host(found[1]):
        if url.startswith(path, found.end()):
            return service
    return None


@lru_cache(maxsize=1024)
def _on_host(host: str) -> tuple[tuple[str, str], ...]:
    host = host.lower()
    while host and host not in _SERVICES:
        host = host.partition(".")[2]
    return _SERVICES.get(host, ())


def service_of_set(srcset: str) -> str | None:
    """The first known service among the URLs of a ``srcset``."""
    for url in _SRCSET_URL.findall(srcset):
        service = service_of(url)
        if service is not None:
            return service
    return None


def services_in(code: str) -> str:
    """The services that an inline script starts, with spaces between."""
    found = {
        service: None
        for service, literal, pattern in _CODE
        if literal in code and (pattern is None or pattern.search(code))
    }
    return " ".join(found)


def runs(kind: str | None) -> bool:
    """Whether a script of this ``type`` runs; else it is a data block."""
    return kind is None or kind.strip().lower() in _JAVASCRIPT
