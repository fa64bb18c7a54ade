"""The second wall: a Content-Security-Policy that admits what this visitor allows, and nothing else.

It stands beside the site's own policies, and browsers enforce all of them, so it only ever restricts. It is
about hosts alone: what the site says of inline code holds by the site's own policy. That is why it needs no
nonce, and is the stronger for it: a nonce admits a script from any host, and ``'strict-dynamic'`` whatever
that script loads (CSP Level 3, sections 6.7.1.1 and 8.2).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from cookiegate.gate.csp import Source, named_in
from cookiegate.gate.media import is_json
from cookiegate.gate.recognise import site_of_host
from cookiegate.policy.model import Csp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cookiegate.catalog.model import Service
    from cookiegate.consent.decide import Profile
    from cookiegate.gate.forwarded import Origin
    from cookiegate.gate.headers import Headers
    from cookiegate.policy.model import Policy

LONGEST = 3072
"""Bytes that services may fill: servers in front of the site refuse longer headers."""

ENDPOINT = "cookiegate"
"""The name under which browsers know where to report to (Reporting API, section 3.3)."""

# What a page does by itself goes on. All directives that rule what is fetched fall back to default-src.
_OWN = ("'self'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:", "filesystem:", "mediastream:")
_NAMES = {Csp.ENFORCE: b"content-security-policy", Csp.REPORT: b"content-security-policy-report-only"}
_WILD = re.compile(r"[*#]")
_FILE = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}\Z")
_IN_PATH = "/@:+=&$!*()~"  # and no comma or semicolon, which end a policy and a directive


class Admitted(NamedTuple):
    """The sources by which one rule of a service is admitted. sockets: the same for WebSocket.

    place: of the rule among the hosts or the paths of its service. image: its images are admitted too; else
    they are denied web beacons.
    """

    place: int
    texts: tuple[str, ...]
    sockets: tuple[str, ...] = ()
    image: bool = True


def wall(
    policy: Policy, profile: Profile, headers: Headers, origin: Origin, *, report_to: str = ""
) -> list[tuple[bytes, bytes]]:
    """Return what to add to the headers of a page. report_to: the path to report to; empty: nobody reports.

    JSON gets nothing: what it holds goes into a page, which has its own.
    """
    if policy.csp is Csp.OFF or is_json(headers):
        return []
    name, text = _NAMES[policy.csp], _written(policy, profile, origin.host, origin.secure, named_in(headers))
    report_to = quote(report_to, safe=_IN_PATH)
    if report_to:
        text += f"; report-uri {report_to}"
    if report_to and origin.secure:  # the Reporting API knows https only, and where it is named counts alone
        text += f"; report-to {ENDPOINT}"
        endpoint = f'{ENDPOINT}="{report_to}"'.encode()
        return [(name, text.encode("latin-1")), (b"reporting-endpoints", endpoint)]
    return [(name, text.encode("latin-1"))]


@lru_cache(maxsize=512)
def _written(policy: Policy, profile: Profile, host: str, secure: bool, named: tuple[Source, ...]) -> str:
    """Write the policy down, as far as it depends on the visitor's answer and on the site."""
    reach = _reach(policy, profile)
    own = [*_OWN, *reach.own_site(host, secure=secure)]
    own += [source.text for source in named if reach.admits_named(source)]
    if not (reach.everything and not policy.declared):
        admitted = reach.admitted
        for some in (admitted, [one._replace(sockets=()) for one in admitted]):
            if _length(some) <= LONGEST:
                return _directives(own, some)
        if not reach.everything:
            return _directives(own, _what_fits(admitted))
    schemes = ("https:", "wss:") if secure else ("http:", "https:", "ws:", "wss:")
    return _directives([*own, *schemes], ())


def _directives(own: Sequence[str], admitted: Iterable[Admitted]) -> str:
    """One list for all that is fetched; where web beacons are denied, images have one of their own."""
    everywhere, images = list(own), list(own)
    for _, texts, sockets, image in admitted:
        everywhere += (*texts, *sockets)
        if image:
            images += (*texts, *sockets)
    text = " ".join(dict.fromkeys(["default-src", *everywhere]))
    return text if images == everywhere else " ".join(dict.fromkeys([f"{text}; img-src", *images]))


def _length(admitted: Iterable[Admitted]) -> int:
    """What these add: what the site says itself is as long as the site has it anyway."""
    return len(_directives((), admitted))


def _what_fits(admitted: Iterable[Admitted]) -> list[Admitted]:
    """The first host and path of every service, then the second ones, and so on, as far as they fit."""
    ranked = [one._replace(sockets=()) for one in sorted(admitted, key=lambda one: one.place)]
    least, most = 0, len(ranked)
    while least < most:
        middle = (least + most + 1) // 2
        if _length(ranked[:middle]) <= LONGEST:
            least = middle
        else:
            most = middle - 1
    return ranked[:least]


@lru_cache(maxsize=256)
def _reach(policy: Policy, profile: Profile) -> _Reach:
    return _Reach(policy, profile)


class _Reach:
    """Which hosts a profile lets a page reach.

    admitted: for the declared services that are allowed; with none declared, for those of the catalogue, the
    common ones first. everything: nothing is denied that is known.
    """

    def __init__(self, policy: Policy, profile: Profile) -> None:
        self._index = policy.index
        self._profile = profile
        services = policy.index.services
        denied = [service for service in services if not profile.decide(service).allowed]
        # Hosts below which there is one of a denied service, and those with denied paths.
        self._below = {above for service in denied for host in service.hosts for above in _above(host)}
        self._partly: dict[str, list[str]] = {}
        for service in denied:
            for rule in service.paths:
                host, _, path = rule.partition("/")
                self._partly.setdefault(host, []).append(f"/{path}")
        self.everything = (
            all(profile.allows(purpose.id) for purpose in policy.purposes)
            and profile.allows("beacons")
            and all(profile.exceptions.values())
        )
        # The commonest have the smallest numbers; the long tail has none.
        known = sorted(services, key=lambda service: (service.number == 0, service.number))
        self.admitted = [one for service in policy.declared or known for one in self._admitted(service)]
        self._narrow = {
            text.partition("/")[0].removeprefix("*.")
            for one in self.admitted
            for text in one.texts
            if "/" in text
        }

    def admits(self, source: Source) -> bool:
        """Whether what a source means, as a whole, is no denied service's."""
        host = f"any.{source.host}" if source.below else source.host
        match = self._index.match_place(host, source.path or "/", "")
        if match is not None and not self._profile.decide(match.service).allowed:
            return False
        return not (source.below and source.host in self._below)

    def admits_named(self, source: Source) -> bool:
        """Whether to take over a source of the site's own policy.

        On a host that innocent and denied things share, the paths that are admitted anyway must do.
        """
        if not source.host:
            return True
        if not source.path:
            hosts = (source.host, *_above(source.host))
            if any(host in self._partly for host in hosts) and any(host in self._narrow for host in hosts):
                return False
        return self.admits(source)

    def own_site(self, host: str, *, secure: bool) -> Iterator[str]:
        """The hosts beside the page's own that are the site's as well."""
        name, colon, _ = host.partition(":")
        site = site_of_host(name)
        if "." not in site or site[-1].isdigit() or host.startswith("["):
            return
        port = ":*" if colon else ""
        socket = "wss" if secure else "ws"
        for text, below in ((site, False), (f"*.{site}", True)):
            if self.admits(Source(text, site, below)):
                yield f"{text}{port}"
                yield f"{socket}://{text}{port}"

    def _admitted(self, service: Service) -> Iterator[Admitted]:
        only_beacon = service.beacon and not (service.script or service.embed)
        if not self._profile.decide(service, beacon=only_beacon).allowed:
            return
        image = self._profile.decide(service, beacon=service.beacon).allowed
        for place, host in enumerate(service.hosts):
            sources = (Source(host, host), Source(f"*.{host}", host, below=True))
            texts = tuple([source.text for source in sources if self.admits(source)])
            yield Admitted(place, texts, tuple([f"wss://{text}" for text in texts]), image)
        for place, rule in enumerate(service.paths):
            if texts := self._texts_of_path(rule):
                yield Admitted(place, texts, image=image)

    def _texts_of_path(self, rule: str) -> tuple[str, ...]:
        """The sources for ``host/path``; none for a path on the site itself."""
        host, _, path = rule.partition("?")[0].partition("/")
        if not host:
            return ()
        path = f"/{path}"
        wild = _WILD.search(path)
        if wild is None:
            paths = [path] if path.endswith("/") or _FILE.search(path) else [path, f"{path}/"]
        else:
            # A source knows no such patterns: the folder is admitted, unless something denied is in it too.
            folder = path[: path.rindex("/", 0, wild.start() + 1) + 1]
            inside = [one for name in (host, *_above(host)) for one in self._partly.get(name, ())]
            if any(one.startswith(folder) for one in inside):
                return ()
            paths = [folder] if folder != "/" else [""]
        # What has sub-domains is reached by them as a rule: www.google.com.
        hosts = [host, f"*.{host}"] if site_of_host(host) == host else [host]
        return tuple([quote(f"{one}{path}", safe=_IN_PATH) for path in paths for one in hosts])


def _above(host: str) -> Iterator[str]:
    """The hosts above one, the next one first."""
    while "." in host:
        host = host.partition(".")[2]
        yield host
