"""What the catalogue says about a tracker: frozen values, no visitor and no policy in sight."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """Units of a cookie's lifetime, as Babel's ``format_unit`` names durations."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a cookie is kept, the way its vendor states it: ``Lifetime(13, Unit.MONTH)``."""

    count: int
    unit: Unit


class Holds(StrEnum):
    """What a cookie holds: a closed list, so that every language can say it."""

    VISITOR = "visitor"  # a random visitor number
    SESSION = "session"  # that a visit is under way
    ADVERT = "advert"  # a random advert number
    CAMPAIGN = "campaign"  # the advert or link the visitor came from
    SETTINGS = "settings"  # what the visitor set or saw: language, player size, a closed window
    CHOICE = "choice"  # a privacy choice
    EXPERIMENT = "experiment"  # which variant of a test is shown
    SECURITY = "security"  # protection against robots and forged requests
    SIGN_IN = "sign-in"  # who is signed in
    BASKET = "basket"  # what is in the basket
    ACTIVITY = "activity"  # pages seen and actions taken
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieRule:
    """A cookie of a service. ``name`` is exact, or holds ``*`` for any run of characters.

    ``lifetime`` is None for a cookie that lives until the browser closes.
    """

    name: str
    lifetime: Lifetime | None = None
    holds: Holds = Holds.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One thing a site may use: what it is, who runs it, and how it is recognised.

    number: stable in the catalogue, never reused, kept in visitors' cookies; 0 for a site's own service and
    for the catalogue's long tail, of whom a cookie keeps a short hash of the id.
    country: ISO 3166-1 alpha-2 of the company that receives the data; ``transfers`` where it passes them on.
    hosts: matched with all their sub-domains, on label boundaries.
    paths: ``host/path`` for hosts that serve both trackers and innocent things: the host again with its
    sub-domains, the path on segment boundaries, or as a bare prefix when it ends in ``*``. A segment ``*``
    stands for any run of segments, also none. ``?name=text`` at the end asks for a query parameter that
    begins so, several with ``&`` between them. Inside a segment, ``*`` is any run of characters and ``#``
    one of digits. ``/path`` alone is a path on the site itself, for first-party proxies.
    shapes: written as ``/path`` is; they count on every host that no other rule speaks of, the site's own
    too: ``/*/gtag/js?id=G-`` is Google's tag on whichever host a proxy gives it.
    inline: call signatures found in inline code, written as code: ``fbq (``, where a space stands for any
    white space and a quote for any of the three. One that begins with ``?`` is weak: it counts only where no
    other signature with the same first word is found.
    storage: keys in localStorage and sessionStorage.
    script, beacon, embed: what it loads as. An image of a service with ``beacon`` is a web beacon.
    """

    id: str
    name: str
    vendor: str
    purpose: str
    number: int = 0
    country: str = ""
    transfers: tuple[str, ...] = ()
    privacy_policy: str = ""
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    cookies: tuple[CookieRule, ...] = ()
    storage: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    script: bool = False
    beacon: bool = False
    embed: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A service, and the rule by which it was recognised (as ``cookiegate lookup`` prints it).

    shape: nothing but the shape of the address speaks for it.
    """

    service: Service
    rule: str
    shape: bool = False
