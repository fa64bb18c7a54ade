"""Everything cookiegate raises on purpose, in one tree.

Developer mistakes raise when the application is built. Visitor input never raises past its parser.
"""

from __future__ import annotations


class CookieGateError(Exception):
    """The root: catch this to catch everything cookiegate raises on purpose."""


class CatalogError(CookieGateError, ValueError):
    """A catalogue data file does not follow the schema; the message names file, service and field."""


class PolicyError(CookieGateError, ValueError):
    """The site's policy says something impossible.

    The message is one line: source, key, value, and what is allowed instead.
    """

    def __init__(self, source: str, key: str, value: object, allowed: str) -> None:
        self.source = source
        self.key = key
        self.value = value
        self.allowed = allowed
        super().__init__(f"{source}: {key} = {value!r}: {allowed}")


class SecretKeyError(CookieGateError, ValueError):
    """The secret keys are missing, empty or too short; the message names the command that makes one."""


class ConsentAlreadySent(CookieGateError, RuntimeError):
    """A choice was changed after the response had started, so its cookie could not be sent any more."""


class GateNotInstalled(CookieGateError, LookupError):
    """A view asked for the visitor's consent, but no CookieGate stands before its application."""


class UpstreamError(CookieGateError, ValueError):
    """The address of an upstream cannot be one; the message is one line: the address, and what is allowed."""

    def __init__(self, url: str, allowed: str) -> None:
        self.url = url
        super().__init__(f"upstream {url!r}: {allowed}")


class MissingExtra(CookieGateError, ImportError):
    """An optional dependency is not installed; the message is the install command."""

    def __init__(self, feature: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{feature} needs an extra: pip install 'cookiegate[{extra}]'")
