"""ASGI messages of a response: reading and changing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Message

    from cookiegate.gate.headers import Headers


def with_headers(message: Message, headers: Headers) -> Message:
    """Return the message with these headers: itself when it has them already."""
    own = message.get("headers")
    return message if headers is own or (own is None and not headers) else {**message, "headers": headers}


def data_of(message: Message) -> tuple[bytes, bool]:
    """Return what of the body a message holds, and whether more follows."""
    return bytes(message.get("body", b"")), message.get("more_body", False)
