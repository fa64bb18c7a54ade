"""Consent and tracking governance for ASGI sites: nothing tracks a visitor before the visitor agreed."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cookiegate.catalog import lookup_cookie, lookup_url
    from cookiegate.desk import Report
    from cookiegate.gate.page import gate_html
    from cookiegate.middleware import CookieGate
    from cookiegate.pages.report import Violation
    from cookiegate.policy.model import Policy
    from cookiegate.view import ConsentView, consent_of

__all__ = [
    "ConsentView",
    "CookieGate",
    "Policy",
    "Report",
    "Violation",
    "consent_of",
    "gate_html",
    "lookup_cookie",
    "lookup_url",
]

# Loaded at first use: the catalogue without the middleware, and the middleware without the commands.
_HOMES = {
    "ConsentView": "view",
    "CookieGate": "middleware",
    "Policy": "policy.model",
    "Report": "desk",
    "Violation": "pages.report",
    "consent_of": "view",
    "gate_html": "gate.page",
    "lookup_cookie": "catalog",
    "lookup_url": "catalog",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
