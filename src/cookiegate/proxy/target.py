"""Where the upstream is, and what of a request names a page of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from cookiegate.exceptions import UpstreamError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# What may stand in a request line (RFC 9112, section 3): visible ASCII.
_PATH = re.compile(rb"/[!-~]*")
_QUERY = re.compile(rb"[!-~]*")
_ALLOWED = "must be http:// or https://, a host and if need be a port, and nothing behind them"


class BadRequest(Exception):
    """A request that cannot be passed on as it is: answered with 400."""


class BadResponse(Exception):
    """An answer of the upstream that cannot be passed on as it is: answered with 502."""


@dataclass(frozen=True, slots=True)
class Target:
    """The upstream's address. netloc: host and port, as its ``Host`` header names them."""

    scheme: str
    netloc: str

    @classmethod
    def of(cls, url: str) -> Target:
        """Read the address of an upstream. Raises UpstreamError for what is none."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise UpstreamError(url, f"{_ALLOWED} ({error})") from None
        plain = not (parts.username or parts.password or parts.query or parts.fragment)
        odd = not url.isascii() or not url.isprintable() or " " in url or port == 0
        if parts.scheme not in ("http", "https") or not parts.hostname or not plain or odd:
            raise UpstreamError(url, _ALLOWED)
        if parts.path not in ("", "/"):
            raise UpstreamError(url, _ALLOWED)
        return cls(parts.scheme, parts.netloc.lower())

    def address(self, scope: Mapping[str, Any], *, websocket: bool = False) -> str:
        """Return the address of what a request asks for, its bytes as they came. Raises BadRequest."""
        path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        query: bytes = scope.get("query_string", b"")
        # A whole address in the request line, an authority or a lone asterisk would lead elsewhere.
        if not _PATH.fullmatch(path) or not _QUERY.fullmatch(query):
            raise BadRequest("the path")
        scheme = self.scheme.replace("http", "ws") if websocket else self.scheme
        return f"{scheme}://{self.netloc}{path.decode()}" + (f"?{query.decode()}" if query else "")
