"""What the peers know of trackers: the services that occur in the pages here, and nothing else.

As lean as one could write it, so that a peer's figure is that of its parser. It knows no path of the site
itself, no entity, percent-encoded or IDNA host, and no comment in code.
"""

from __future__ import annotations

import re

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
_URL = re.compile(r"[\s]*+(?:[hH][tT][tT][pP][sS]?:)?[/\\]{2}([^/\\?#:@]++)(?::\d++)?(.*)", re.DOTALL)
_SRCSET_URL = re.compile(r"[^\s,]\S*+")
_CODE = (
    ("google-analytics", re.compile(r"\bgtag\(\s*+['\"](?:js|config|event)")),
    ("google-tag-manager", re.compile(r"gtm\.start")),
    ("meta-pixel", re.compile(r"fbq\(")),
    ("hotjar", re.compile(r"_hjSettings")),
    ("linkedin-insight", re.compile(r"_linkedin_partner_id|lintrk\b")),
    ("google-ad-manager", re.compile(r"googletag\.(?:cmd|display|pubads)")),
)
_JAVASCRIPT = frozenset(("", "module", "text/javascript", "application/javascript"))


def service_of(url: str | None) -> str | None:
    """The service that a URL of a page loads from; None for the site itself and for strangers."""
    found = _URL.match(url) if url else None
    if found is None:
        return None
    host, path = found[1].lower(), found[2]
    while host:
        for prefix, service in _SERVICES.get(host, ()):
            if path.startswith(prefix):
                return service
        host = host.partition(".")[2]
    return None


def service_of_set(srcset: str | None) -> str | None:
    """The first known service among the URLs of a ``srcset``."""
    for url in _SRCSET_URL.findall(srcset or ""):
        service = service_of(url)
        if service is not None:
            return service
    return None


def services_in(code: str) -> str:
    """The services that an inline script starts, with spaces between."""
    return " ".join(service for service, signature in _CODE if signature.search(code))


def runs(kind: str | None) -> bool:
    """Whether a script of this ``type`` runs; else it is a data block."""
    return kind is None or kind.strip().lower() in _JAVASCRIPT
