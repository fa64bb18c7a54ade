"""Documents within a page, in an ``srcdoc`` or a ``data:`` URL: read by the same rules as the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cookiegate.gate.html.scanner import Scanner

if TYPE_CHECKING:
    from cookiegate.gate.candidates import Candidate
    from cookiegate.gate.html.tags import Tag


class _Classifier(Protocol):
    def tag(self, tag: Tag) -> Candidate | None: ...

    def script(self, tag: Tag, code: bytes | None) -> Candidate | None: ...


class _Collector:
    """Keeps what a classifier says of the tags that a scanner tells."""

    def __init__(self, classifier: _Classifier, *, xml: bool) -> None:
        self.found: list[Candidate] = []
        self._classifier = classifier
        self.scanner = Scanner(self, xml=xml)

    def tag(self, tag: Tag) -> None:
        self._keep(self._classifier.tag(tag))

    def script(self, tag: Tag, code: bytes | None) -> None:
        self._keep(self._classifier.script(tag, code))

    def head(self, offset: int) -> None:
        """Nothing is put into it."""

    def body(self, offset: int) -> None:
        """Nothing of ours goes into an inner document."""

    def _keep(self, candidate: Candidate | None) -> None:
        if candidate:
            self.found.append(candidate)


def candidates_of(data: bytes, classifier: _Classifier, *, xml: bool = False) -> list[Candidate]:
    """The candidates of a whole document, with offsets from its first byte."""
    collector = _Collector(classifier, xml=xml)
    collector.scanner.feed(data, final=True)
    return collector.found
