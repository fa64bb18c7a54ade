"""A site on another address as an ASGI application, so that the gate can stand before anything.

``Upstream`` needs the extra ``cookiegate[proxy]``. The only room of aiohttp.
"""

from __future__ import annotations

from cookiegate.exceptions import MissingExtra

try:
    from cookiegate.proxy.upstream import Upstream
except ImportError as error:
    if error.name != "aiohttp":
        raise
    raise MissingExtra("The proxy", "proxy") from error

__all__ = ["Upstream"]
