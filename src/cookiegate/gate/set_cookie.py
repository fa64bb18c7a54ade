"""Cookies a response sets: those of denied services are dropped, and what they left behind is deleted."""

from __future__ import annotations

import re
import time
from calendar import timegm
from itertools import product
from typing import TYPE_CHECKING

from cookiegate.consent.decide import refused
from cookiegate.consent.model import PLAIN_COOKIE, SECURE_COOKIE
from cookiegate.gate.cookie import cookies_of
from cookiegate.gate.findings import Finding, Kind
from cookiegate.policy.model import UndeclaredCookies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cookiegate.consent.decide import Profile
    from cookiegate.gate.headers import Headers
    from cookiegate.gate.visit import Visit
    from cookiegate.policy.model import Policy

MOST_NAMES = 20
"""How many cookies one response deletes at most."""

MOST_BYTES = 3072
"""How many bytes of headers one response spends on deleting: proxies commonly allow 4096 for all headers."""

_OURS = frozenset({SECURE_COOKIE.encode(), PLAIN_COOKIE.encode()})
_LINE = len(b"set-cookie: \r\n")
_HOST = re.compile(r"([a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::[0-9]*)?", re.ASCII)
_FOLDERS = 4
_SEGMENT = re.compile(rb"[!-.0-:<->@-~]{1,100}")  # without what would end the path or the attribute
_DEEPEST = 6  # labels of the longest parent domain: the last ones are where trackers set their cookies

_NUMBER = re.compile(rb"-?[0-9]+")
# Delimiters and tokens of a cookie date: RFC 6265, section 5.1.1, as browsers still read it.
_DATE_TOKEN = re.compile(rb"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(rb"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[^0-9]|$)", re.DOTALL)
_DAY = re.compile(rb"([0-9]{1,2})(?:[^0-9]|$)", re.DOTALL)
_YEAR = re.compile(rb"([0-9]{2,4})(?:[^0-9]|$)", re.DOTALL)
_MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")


def filter_set_cookie(
    headers: Headers, policy: Policy, profile: Profile, *, now: float | None = None
) -> tuple[Headers, list[Finding]]:
    """Drop every ``Set-Cookie`` that this visitor did not allow; order and bytes of the rest stay.

    Our own cookie and every header that deletes a cookie always pass. The same object comes back when nothing
    was dropped. now: Unix seconds, for cookies that expire in the past; None asks the clock.
    """
    findings: list[Finding] = []
    dropped: list[int] = []
    for place, (key, raw) in enumerate(headers):
        if len(key) != 10 or bytes(key).lower() != b"set-cookie":
            continue
        value = bytes(raw)
        name = cookie_name(value)
        if name in _OURS or _deletes(value, time.time() if now is None else now):
            continue
        text = name.decode("latin-1")
        match = policy.index.match_cookie(text)
        decision = profile.decide_cookie(text)
        if not decision.allowed:
            dropped.append(place)
        elif match is None and policy.undeclared_cookies is UndeclaredCookies.ALLOW:
            continue
        service = match.service if match is not None else None
        findings.append(
            Finding(
                service=service.id if service is not None else None,
                purpose=service.purpose if service is not None else None,
                kind=Kind.COOKIE,
                url=text,
                offset=-1,
                allowed=decision.allowed,
                reason=decision.reason,
                rule=match.rule if match is not None else "",
            )
        )
    if not dropped:
        return headers, findings
    return [pair for place, pair in enumerate(headers) if place not in dropped], findings


def cookie_name(value: bytes) -> bytes:
    """Return the name under which servers and scripts will read what a ``Set-Cookie`` value sets.

    A browser sends a nameless cookie back as its bare value, so ``=_ga=1`` comes back as ``_ga=1``; this is
    the name ``_ga``. A value without any ``=`` has the empty name.
    """
    name, equals, rest = value.partition(b";")[0].partition(b"=")
    name = name.strip(b" \t")
    if equals and not name:
        name, equals, _ = rest.partition(b"=")
        name = name.strip(b" \t")
    return name if equals else b""


def deletions(
    policy: Policy, visit: Visit, cookie_headers: Iterable[bytes], path: bytes, *, erase: bool = False
) -> list[bytes]:
    """Return ``Set-Cookie`` values that delete the denied services' cookies which the request carried.

    A cookie is only deleted by its own domain and path, which no request tells, so each name comes in every
    form that can be meant: without ``Domain``, for ``/`` and for each folder of the path, and on https also
    as a partitioned cookie. With ``Domain``, for the host and each parent domain down to two labels, only
    where the visitor themselves refused the service on this host: parent domains may be shared with sites
    that the visitor agreed to. Of the list, which ends at MOST_NAMES and MOST_BYTES, every name's likeliest
    forms come first; what did not fit goes with the next such response.

    visit: its profile says what is denied, its state what was refused. cookie_headers: the raw values of the
    request's ``Cookie`` headers. path: as in the request line. erase: the visitor asked to be forgotten.
    """
    secure = visit.origin.secure
    names = _denied_names(policy, visit, cookie_headers, erase=erase)
    if not names:
        return []
    domains = _domains(visit.origin.host)
    chosen: list[bytes] = []
    room = MOST_BYTES
    suffixes = (b"; Secure", b"; Secure; SameSite=None; Partitioned") if secure else (b"",)
    for folder, suffix in product(_folders(path), suffixes):
        for name, everywhere in names.items():
            prefix = name[:7].lower()
            if prefix == b"__host-" and folder != b"/":
                continue  # browsers refuse it with another path, and with a Domain
            start = name + b"=; Path=" + folder + b"; Max-Age=0"
            forms = [start + suffix]
            if everywhere and prefix != b"__host-":
                forms += [start + b"; Domain=" + domain + suffix for domain in domains]
            size = sum(map(len, forms)) + _LINE * len(forms)
            if size <= room:
                chosen += forms
                room -= size
    return chosen


def _denied_names(
    policy: Policy, visit: Visit, cookie_headers: Iterable[bytes], *, erase: bool
) -> dict[bytes, bool]:
    """The names of the denied services' cookies, and whether each is deleted on parent domains too."""
    names: dict[bytes, bool] = {}
    cookies = cookies_of(policy)
    for header in cookie_headers:
        for name in cookies.denied(bytes(header), visit.profile):
            if not _is_legal(name):
                continue
            if not visit.origin.secure and name.lower().startswith((b"__host-", b"__secure-")):
                continue  # over plain http a browser refuses to touch them
            match = policy.index.match_cookie(name.decode("latin-1"))
            if match is None:
                continue  # nobody's that is known, so that it is not ours to delete
            names[name] = erase or refused(visit.state, match.service)
            if len(names) == MOST_NAMES:
                return names
    return names


def _folders(path: bytes) -> list[bytes]:
    """Return ``/`` and what is in front of each further slash and of the end: the ``Path`` of a cookie.

    Each in both spellings, since ``/a`` and ``/a/`` are two (RFC 6265, section 5.1.4); the topmost ones only.
    """
    folders = [b"/"]
    above = b""
    for segment in path.split(b"/")[1 : _FOLDERS + 1]:
        if not _SEGMENT.fullmatch(segment):
            break
        above += b"/" + segment
        folders.append(above)
        if path.startswith(b"/", len(above)):
            folders.append(above + b"/")
    return folders


def _is_legal(name: bytes) -> bool:
    return all(byte >= 0x20 and byte != 0x7F for byte in name)


def _domains(host: str) -> list[bytes]:
    """Return the host and its parent domains down to two labels; none for addresses and local names."""
    found = _HOST.fullmatch(host.lower())
    if found is None:
        return []
    labels = found[1].rstrip(".").split(".")
    if labels[-1].isdigit():  # an IPv4 address: no top-level domain is a number
        return []
    longest = max(0, len(labels) - _DEEPEST)
    return [".".join(labels[start:]).encode() for start in range(longest, len(labels) - 1)]


def _deletes(value: bytes, now: float) -> bool:
    """Whether every browser will take this ``Set-Cookie`` as the end of its cookie; in doubt it is not."""
    ages: list[bytes] = []
    dates: list[bytes] = []
    for attribute in value.split(b";")[1:]:
        name, _, content = attribute.partition(b"=")
        match name.strip(b" \t").lower():
            case b"max-age":
                ages.append(content.strip(b" \t"))
            case b"expires":
                dates.append(content.strip(b" \t"))
    if ages:  # Max-Age wins over Expires (RFC 6265, section 5.3)
        return all(_NUMBER.fullmatch(age) and (age.startswith(b"-") or not age.strip(b"0")) for age in ages)
    return bool(dates) and all((at := _cookie_date(date)) is not None and at < now for date in dates)


def _cookie_date(text: bytes) -> int | None:
    """Read a date as RFC 6265, section 5.1.1 does: Unix seconds, or None for what is no date."""
    clock: tuple[int, ...] | None = None
    day = month = year = -1
    for token in _DATE_TOKEN.findall(text):
        if clock is None and (found := _TIME.match(token)):
            clock = int(found[1]), int(found[2]), int(found[3])
        elif day < 0 and (found := _DAY.match(token)):
            day = int(found[1])
        elif month < 0 and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year < 0 and (found := _YEAR.match(token)):
            year = int(found[1])
    if clock is None or min(day, month, year) < 0:
        return None
    if year < 100:
        year += 2000 if year < 70 else 1900
    if year < 1601 or not 1 <= day <= 31 or clock > (23, 59, 59) or max(clock[1:]) > 59:
        return None
    return timegm((year, month, day, *clock))
