"""Cookies a response sets: those of denied services are dropped, and what they left behind is deleted."""

from __future__ import annotations

import re
import time
from calendar import timegm
from typing import TYPE_CHECKING

from cookiegate.consent.model import PLAIN_COOKIE, SECURE_COOKIE, SHARED_COOKIE
from cookiegate.gate.findings import Finding, Kind
from cookiegate.policy.model import UndeclaredCookies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cookiegate.consent.decide import Profile
    from cookiegate.gate.headers import Headers
    from cookiegate.policy.model import Policy

MOST_NAMES = 20
"""How many cookies one response deletes at most."""

MOST_BYTES = 3072
"""How many bytes of headers one response spends on deleting: proxies commonly allow 4096 for all headers."""

_OURS = frozenset({SECURE_COOKIE.encode(), SHARED_COOKIE.encode(), PLAIN_COOKIE.encode()})
_LINE = len(b"set-cookie: \r\n")
_HOST = re.compile(r"([a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::[0-9]*)?", re.ASCII)
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
    policy: Policy, profile: Profile, cookie_headers: Iterable[bytes], host: str, *, secure: bool
) -> list[bytes]:
    """Return ``Set-Cookie`` values that delete the denied services' cookies which the request carried.

    Only to be sent after the visitor refused, withdrew or asked to be forgotten on this host: parent domains
    may be shared with sites that the visitor agreed to. A cookie is only deleted by its own domain, so each
    name comes without ``Domain`` and with the host and each parent domain down to two labels; on https also
    as a partitioned cookie. Of the list, which ends at MOST_NAMES and MOST_BYTES, every name's plain forms
    come first; what did not fit goes with the next such response.

    cookie_headers: the raw values of the request's ``Cookie`` headers. host: as in the ``Host`` header.
    """
    names = _denied_names(policy, profile, cookie_headers, secure=secure)
    domains = _domains(host) if names else []
    chosen: list[bytes] = []
    room = MOST_BYTES
    for suffix in (b"; Secure", b"; Secure; SameSite=None; Partitioned") if secure else (b"",):
        for name in names:
            start = name + b"=; Path=/; Max-Age=0"
            # Browsers refuse a __Host- cookie with a Domain.
            with_domain = [] if name.lower().startswith(b"__host-") else domains
            forms = [start + suffix, *(start + b"; Domain=" + domain + suffix for domain in with_domain)]
            size = sum(map(len, forms)) + _LINE * len(forms)
            if size <= room:
                chosen += forms
                room -= size
    return chosen


def _denied_names(
    policy: Policy, profile: Profile, cookie_headers: Iterable[bytes], *, secure: bool
) -> list[bytes]:
    names: dict[bytes, None] = {}
    for header in cookie_headers:
        for pair in bytes(header).split(b";"):
            name, equals, _ = pair.partition(b"=")
            name = name.strip(b" \t")
            if not equals or not name or name in names or name in _OURS or not _is_legal(name):
                continue
            if not secure and name.lower().startswith((b"__host-", b"__secure-")):
                continue  # over plain http a browser refuses to touch them
            text = name.decode("latin-1")
            if policy.index.match_cookie(text) is None or profile.decide_cookie(text).allowed:
                continue
            names[name] = None
            if len(names) == MOST_NAMES:
                return list(names)
    return list(names)


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
