"""The catalogue in the form it is loaded from: its data files, read and checked beforehand.

TOML reads well but slowly. What was parsed from it is kept as one JSON file, which counts only while it bears
the stamp of the very files it was made from; a wheel brings it along, a checkout writes it at first use.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import tempfile
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from cookiegate.catalog.model import CookieRule, Holds, Lifetime, Service, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable

FILE_NAME: Final = "compiled.json"
_KIND: Final = b"cookiegate catalogue 1"
_CODE: Final = ("compiled.py", "inline.py", "load.py", "model.py", "tail.py")  # what decides the values, too


def load_compiled(
    package: Traversable, parse: Callable[[Mapping[str, bytes]], tuple[Service, ...]]
) -> tuple[Service, ...]:
    """The services of the package's ``data`` folder, compiled where that fits, else from ``parse``.

    What had to be parsed is written down for the next time, unless the folder cannot be written to or
    PYTHONDONTWRITEBYTECODE says no. Raises what ``parse`` raises, and nothing because of a compiled file.
    """
    folder = package / "data"
    sources = read_sources(folder)
    stamp = stamp_of(sources, package)
    for place in (folder / FILE_NAME, _cache_file(folder)):
        if place is None:
            continue
        with contextlib.suppress(OSError):
            services = restore(place.read_bytes(), stamp)
            if services is not None:
                return services
    services = parse(sources)
    if not sys.dont_write_bytecode:
        with contextlib.suppress(OSError):
            keep(dump(services, stamp), folder)
    return services


def keep(content: bytes, folder: Traversable) -> None:
    """Write a compiled file beside the byte code of the data folder. Raises OSError where that cannot be."""
    place = _cache_file(folder)
    if place is not None:
        _write(place, content)


def read_sources(folder: Traversable) -> dict[str, bytes]:
    """The data files a catalogue is made from, by name in ascending order."""
    files = {file.name: file for file in folder.iterdir() if file.name.endswith((".toml", ".tsv"))}
    return {name: files[name].read_bytes() for name in sorted(files)}


def stamp_of(sources: Mapping[str, bytes], package: Traversable) -> bytes:
    """A digest over the data files and the code that reads them, 64 hexadecimal digits."""
    digest = sha256()
    files = dict(sources)
    for name in _CODE:
        with contextlib.suppress(OSError):  # some ship byte code alone
            files[name] = (package / name).read_bytes()
    for name, content in files.items():
        digest.update(b"%s %d\n" % (name.encode(), len(content)))
        digest.update(content)
    return digest.hexdigest().encode()


def dump(services: Iterable[Service], stamp: bytes) -> bytes:
    """The services as a compiled file: a line of kind, stamp and digest of the rest, then JSON."""
    rows = [
        [
            *(service.id, service.name, service.vendor, service.purpose, service.number, service.country),
            *(service.transfers, service.privacy_policy, service.hosts, service.paths, service.shapes),
            [[cookie.name, cookie.holds, *_kept(cookie.lifetime)] for cookie in service.cookies],
            *(service.storage, service.inline, service.script, service.beacon, service.embed),
        ]
        for service in services
    ]
    body = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
    return b"%s %s %s\n%s" % (_KIND, stamp, sha256(body).hexdigest().encode(), body)


def restore(content: bytes, stamp: bytes) -> tuple[Service, ...] | None:
    """The services of a compiled file; None for one of other sources, a damaged and a foreign one."""
    head, _, body = content.partition(b"\n")
    if head != b"%s %s %s" % (_KIND, stamp, sha256(body).hexdigest().encode()):
        return None
    collecting = gc.isenabled()
    gc.disable()  # thousands of new objects, none of them garbage: looking for some takes half the time
    try:
        return tuple(_services(json.loads(body)))
    finally:
        if collecting:
            gc.enable()


def _services(rows: Iterable[Iterable[Any]]) -> Iterator[Service]:
    texts: dict[str, str] = {}  # one string for all who say the same
    lifetimes: dict[tuple[int, str], Lifetime] = {}
    holds = {kind.value: kind for kind in Holds}
    units = {unit.value: unit for unit in Unit}

    def cookie(name: str, held: str, count: int = 0, unit: str = "") -> CookieRule:
        lifetime = None
        if count:
            lifetime = lifetimes.get((count, unit))
            if lifetime is None:
                lifetime = lifetimes[count, unit] = Lifetime(count, units[unit])
        return CookieRule(name=name, lifetime=lifetime, holds=holds[held])

    for row in rows:
        draft = _Draft()
        (
            draft.id,
            name,
            vendor,
            purpose,
            draft.number,
            country,
            transfers,
            privacy,
            hosts,
            paths,
            shapes,
            *rest,
        ) = row
        cookies, storage, inline, draft.script, draft.beacon, draft.embed = rest
        draft.name = texts.setdefault(name, name)
        draft.vendor = texts.setdefault(vendor, vendor)
        draft.purpose = texts.setdefault(purpose, purpose)
        draft.country = texts.setdefault(country, country)
        draft.transfers = tuple(transfers)
        draft.privacy_policy = texts.setdefault(privacy, privacy)
        draft.hosts = tuple(hosts)
        draft.paths = tuple(paths)
        draft.shapes = tuple(shapes)
        draft.cookies = tuple([cookie(*values) for values in cookies])
        draft.storage = tuple(storage)
        draft.inline = tuple(inline)
        yield draft.frozen()


class _Draft:
    """A service while its fields are set: a frozen dataclass takes six times as long, thousands of times."""

    __slots__ = tuple(Service.__dataclass_fields__)

    id: str
    name: str
    vendor: str
    purpose: str
    number: int
    country: str
    transfers: tuple[str, ...]
    privacy_policy: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    shapes: tuple[str, ...]
    cookies: tuple[CookieRule, ...]
    storage: tuple[str, ...]
    inline: tuple[str, ...]
    script: bool
    beacon: bool
    embed: bool

    def frozen(self) -> Service:
        """The very same object as a Service, which has the same slots."""
        self.__class__ = Service  # type: ignore[assignment]  # equal slots make it possible
        return cast("Service", self)


def _kept(lifetime: Lifetime | None) -> tuple[int, Unit] | tuple[()]:
    return (lifetime.count, lifetime.unit) if lifetime is not None else ()


def _cache_file(folder: Traversable) -> Path | None:
    """Where Python would keep the byte code of this folder; None in an archive, or where it keeps none."""
    if not isinstance(folder, Path):
        return None
    try:
        return Path(cache_from_source(str(folder / "compiled.py"))).with_name(FILE_NAME)
    except NotImplementedError:
        return None


def _write(place: Path, content: bytes) -> None:
    """All or nothing: several processes of a server start at once."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=FILE_NAME)
    try:
        with open(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)  # as readable as the package itself
        os.replace(name, place)
    except OSError:
        os.unlink(name)
        raise
