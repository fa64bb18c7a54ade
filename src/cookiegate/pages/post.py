"""What a visitor posts: read within bounds, and understood or refused. All that is raised here is Refused."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl

from cookiegate.gate.headers import get, get_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive

    from cookiegate.gate.headers import Headers
    from cookiegate.gate.visit import Visit

MOST_BYTES = 65_536
"""The largest body that is read: every switch of the whole catalogue fits many times."""

_MOST_FIELDS = 4000
_FORM = b"application/x-www-form-urlencoded"
_JSON = b"application/json"
_YES = frozenset({"on", "1", "true", "yes"})
_LONGEST_WAY_BACK = 2000
# Visible ASCII without a backslash: nothing in it that a browser would drop, or read as a slash.
_REFERER = re.compile(rb"https?://([A-Za-z0-9._:\[\]-]+)(/[!-\"$-\[\]-~]*)?(?:#[!-~]*)?", re.IGNORECASE)


class Action(StrEnum):
    """What a post asks for."""

    ACCEPT_ALL = "accept-all"
    REJECT_ALL = "reject-all"
    SAVE = "save"


class Refused(Exception):
    """A post that is not taken: HTTP status, key of what the visitor reads, and what a program reads."""

    def __init__(self, status: int, key: str, detail: str) -> None:
        self.status = status
        self.key = key
        self.detail = detail
        super().__init__(detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post that was understood.

    choices: ids of purposes and means, and ``service:ID``. partial: what is absent stays as it was (JSON).
    """

    action: Action
    choices: Mapping[str, bool] = field(default_factory=dict)
    partial: bool = False


def wants_json(headers: Headers) -> bool:
    """Whether a program asks: it sends JSON, or says that it reads JSON."""
    return _media_type(headers) == _JSON or any(
        _JSON in value.lower() for value in get_all(headers, b"accept")
    )


async def read_body(headers: Headers, receive: Receive) -> bytes | None:
    """Read the whole body; None when the client went away. Refused with 413 above MOST_BYTES."""
    announced = get(headers, b"content-length")
    if announced is not None and announced.isdigit() and int(announced[:20]) > MOST_BYTES:
        raise _too_large()
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += cast("bytes", message.get("body", b""))
        if len(body) > MOST_BYTES:
            raise _too_large()
        if not message.get("more_body", False):
            return body


def parse_choice(headers: Headers, body: bytes) -> Post:
    """Understand a choice: a urlencoded form or JSON, by its Content-Type. Refused with 400 or 415."""
    match _media_type(headers):
        case b"application/json":
            return _from_json(_json_object(body))
        case b"application/x-www-form-urlencoded":
            return _from_form(_fields(body))
    raise _unreadable()


def parse_everything(headers: Headers, body: bytes) -> bool:
    """Whether an erasure asks for all cookies and storage of the site. Refused with 400 or 415."""
    if not body:
        return False
    match _media_type(headers):
        case b"application/json":
            return _json_object(body).get("everything") is True
        case b"application/x-www-form-urlencoded":
            return _granted(_fields(body), "everything")
    raise _unreadable()


def way_back(headers: Headers, visit: Visit, base: str) -> str:
    """Return where a form's visitor goes: the path they came from on this very host, else our settings page.

    Never an address with a host, nor one that a browser could read as such (``//host``, ``/\\host``).
    """
    referers = get_all(headers, b"referer")
    found = _REFERER.fullmatch(referers[0].strip(b" \t")) if len(referers) == 1 else None
    if found is None or len(referers[0]) > _LONGEST_WAY_BACK:
        return base
    target = (found[2] or b"/").decode()
    path = target.partition("?")[0]
    if _plain(found[1].decode().lower()) != _plain(visit.origin.host) or "//" in path:
        return base
    return base if path.startswith(base) else target


def _from_form(fields: list[tuple[str, str]]) -> Post:
    names = dict.fromkeys(name for name, _ in fields if name != "action")
    actions = [value for name, value in fields if name == "action"]
    action = _action(actions[0] if len(actions) == 1 else actions)
    return Post(action=action, choices={name: _granted(fields, name) for name in names})


def _granted(fields: list[tuple[str, str]], name: str) -> bool:
    """Whether every field of this name says yes: of two answers the refusal counts."""
    values = [value for key, value in fields if key == name]
    return bool(values) and all(value.lower() in _YES for value in values)


def _from_json(content: Mapping[str, object]) -> Post:
    action = _action(content.get("action"))
    choices = content.get("choices", {})
    if not isinstance(choices, dict) or not all(isinstance(value, bool) for value in choices.values()):
        raise Refused(400, "bad_request", "choices must be an object whose values are true or false")
    return Post(action=action, choices=cast("dict[str, bool]", choices), partial=True)


def _action(value: object) -> Action:
    try:
        return Action(value)  # type: ignore[arg-type]  # whatever it is, it is looked up
    except ValueError:
        allowed = ", ".join(Action)
        raise Refused(400, "bad_request", f"action must be one of: {allowed}") from None


def _json_object(body: bytes) -> dict[str, object]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "bad_request", "the body is not valid JSON") from None
    if not isinstance(content, dict):
        raise Refused(400, "bad_request", "the body must be a JSON object")
    return content


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Refused(400, "bad_request", "the form has too many fields") from None


def _media_type(headers: Headers) -> bytes:
    return (get(headers, b"content-type") or b"").partition(b";")[0].strip(b" \t").lower()


def _plain(host: str) -> str:
    return host.removesuffix(":443").removesuffix(":80")


def _too_large() -> Refused:
    return Refused(413, "too_large", f"the body may have {MOST_BYTES} bytes at most")


def _unreadable() -> Refused:
    allowed = f"{_FORM.decode()} or {_JSON.decode()}"
    return Refused(415, "bad_request", f"the content type must be {allowed}")
