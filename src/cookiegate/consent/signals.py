"""What the visitor's browser says by itself, read from the request's headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.consent.model import NO_SIGNALS, Signals

if TYPE_CHECKING:
    from collections.abc import Iterable

_GPC = Signals(gpc=True)


def signals_of(headers: Iterable[tuple[bytes, bytes]]) -> Signals:
    """Read the opt-out signals of one request.

    headers: as ASGI hands them over, names in any case. ``Sec-GPC`` counts with the exact value ``1`` and no
    other; where it is repeated, one exact ``1`` suffices (Global Privacy Control, section 3.2).
    """
    for name, value in headers:
        # The length first: it spares nearly every header the copy that lower() makes.
        if len(name) == 7 and value == b"1" and name.lower() == b"sec-gpc":
            return _GPC
    return NO_SIGNALS
