"""Response headers by which a browser loads, goes elsewhere or reports: what is denied is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cookiegate.gate.findings import Kind
from cookiegate.gate.headers import edited, get, joined, without
from cookiegate.gate.html.forms import addresses_in
from cookiegate.gate.html.sinks import Form
from cookiegate.gate.judge import Judge
from cookiegate.gate.link import filter_link
from cookiegate.gate.reporting import Object, edit_json, filter_reporting
from cookiegate.gate.structured import filter_members, parse_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cookiegate.consent.decide import Profile
    from cookiegate.gate.findings import Finding
    from cookiegate.gate.headers import Headers
    from cookiegate.gate.structured import Member
    from cookiegate.policy.model import Policy

_REPORTING = frozenset({b"reporting-endpoints", b"report-to", b"nel"})


def filter_outgoing(
    headers: Headers, names: frozenset[bytes], policy: Policy, profile: Profile, *, url: str
) -> tuple[Headers, list[Finding]]:
    """Drop from a response's headers what this visitor did not allow; all other bytes stay.

    The same object comes back when nothing was dropped. names: of the headers that are there, in lower case.
    url: the response's own, for what is relative to it.
    """
    judge = Judge(policy, profile, url)
    for name, filter_ in _FILTERS.items():
        if name in names:
            headers = filter_(headers, name, judge)
    if not names.isdisjoint(_REPORTING):
        headers = filter_reporting(headers, judge)
    return headers, judge.findings


def _filter_links(headers: Headers, _: bytes, judge: Judge) -> Headers:
    return filter_link(headers, judge)


def _filter_refresh(headers: Headers, name: bytes, judge: Judge) -> Headers:
    """``Refresh`` (HTML, section 4.2.5.3). Of several some browsers read one, and some all as one."""

    def passes(value: bytes) -> bool:
        return judge.passes(Kind.REFRESH, addresses_in(Form.REFRESH, value.decode("utf-8", "replace")))

    headers = edited(headers, name, lambda value: value if passes(value) else b"")
    whole = joined(headers, name)
    return headers if whole is headers or passes(get(whole, name) or b"") else without(headers, name)


def _filter_address(headers: Headers, name: bytes, judge: Judge) -> Headers:
    """A header that is nothing but an address: ``SourceMap`` (ECMA-426, section 11.1.2.1)."""

    def edit(value: bytes) -> bytes:
        return value if judge.passes(Kind.LINK, [value.decode("utf-8", "replace")]) else b""

    return edited(headers, name, edit)


def _filter_addresses(headers: Headers, name: bytes, judge: Judge) -> Headers:
    """A list of addresses in strings: speculation rules, and what the system itself registers with."""
    kind = Kind.HINT if name == b"speculation-rules" else Kind.PING

    def passes(member: Member) -> bool:
        return member.text is None or judge.passes(kind, [member.text])

    return filter_members(headers, name, parse_list, passes)


def _filter_registration(headers: Headers, name: bytes, judge: Judge) -> Headers:
    """A registration for Attribution Reporting.

    Who registers is who answers: the site itself, unless a service stands behind this very address. The
    addresses in it are not loaded, so strangers among them do not count.
    """
    denied = False

    def passes(texts: Iterable[str]) -> bool:
        addresses = [judge.url, *(text for text in texts if "//" in text)]
        return judge.passes(Kind.PING, addresses, strangers=False)

    def look(value: Object) -> str:
        nonlocal denied
        denied = denied or not passes(_texts(value))
        return ""

    headers = edit_json(headers, name, look, passes)
    return without(headers, name) if denied else headers


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, however deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list | tuple):
            waiting += one


_FILTERS: dict[bytes, Callable[[Headers, bytes, Judge], Headers]] = {
    b"link": _filter_links,
    b"refresh": _filter_refresh,
    b"speculation-rules": _filter_addresses,
    b"sourcemap": _filter_address,
    b"x-sourcemap": _filter_address,
    b"attribution-reporting-register-source": _filter_registration,
    b"attribution-reporting-register-trigger": _filter_registration,
    b"attribution-reporting-register-os-source": _filter_addresses,
    b"attribution-reporting-register-os-trigger": _filter_addresses,
}

NAMES = _REPORTING.union(_FILTERS)
"""The headers that ``filter_outgoing`` looks at, in lower case."""
