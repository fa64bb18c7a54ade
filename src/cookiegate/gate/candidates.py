"""What a tag would load, and which bytes would hold it: the same for every visitor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cookiegate.gate.findings import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cookiegate.catalog.model import Service
    from cookiegate.gate.mapped import Escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One thing that a tag would load, and where it is held.

    service None and ``purpose`` set: declared by the page's author, or a filter list's. Both None: a third
    party nobody declared. rule: what the service was recognised by.
    names: offsets of the attribute names that would load it (duplicates included). addresses: offsets of the
    addresses themselves, where no attribute stands for them alone; ``through`` says how these are written.
    shape: nothing but the shape of the address speaks for the service.
    code: it is what a script element runs. claimed: the page's author says that it needs no consent.
    unread: it could not be read whole, so that it is held from whoever is not granted everything.
    """

    kind: Kind
    url: str = ""
    service: Service | None = None
    purpose: str | None = None
    rule: str = ""
    names: tuple[int, ...] = ()
    addresses: tuple[int, ...] = ()
    through: tuple[Escape, ...] = ()
    code: bool = False
    claimed: bool = False
    shape: bool = False
    unread: bool = False

    @property
    def unknown(self) -> bool:
        """Whether it is a third party nobody declared."""
        return self.service is None and self.purpose is None

    @property
    def beacon(self) -> bool:
        """Whether it loads as a web beacon; a stranger who is told of a click does too."""
        return self.kind is Kind.BEACON or (self.kind is Kind.PING and self.unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A tag that may have to be held: where its attributes begin, and what it refers to.

    script: a script element. types: offsets of its ``type`` attributes.
    blocked: attributes behind what could be read of an overlong tag; an empty one in front disarms each.
    disputed: some browser takes the tag for something else, such as a part of an attribute's value.
    through: the tag is part of a document within an attribute, so what is inserted is written like that.
    inner: the candidates of the document that the tag itself holds.
    """

    offset: int
    insert_at: int
    references: tuple[Reference, ...]
    script: bool = False
    types: tuple[int, ...] = ()
    blocked: tuple[bytes, ...] = ()
    disputed: bool = False
    through: tuple[Escape, ...] = ()
    inner: tuple[Candidate, ...] = ()


def moved(candidate: Candidate, place: Callable[[int], int], *escapes: Escape) -> Candidate:
    """The candidate of an inner document, seen from the outer one: ``place`` maps every offset."""

    def every(offsets: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(map(place, offsets))

    return replace(
        candidate,
        offset=place(candidate.offset),
        insert_at=place(candidate.insert_at),
        references=tuple(
            replace(reference, names=every(reference.names), addresses=every(reference.addresses))
            for reference in candidate.references
        ),
        types=every(candidate.types),
        through=(*candidate.through, *escapes),
        inner=tuple(moved(each, place, *escapes) for each in candidate.inner),
    )


def all_references(candidates: Iterable[Candidate]) -> Iterator[Reference]:
    """Everything that these would load. Of a document that is read whole, nothing is cut or blocked."""
    for candidate in candidates:
        yield from candidate.references
        yield from all_references(candidate.inner)
