"""What the site declares: purposes, means, services and texts."""

from cookiegate.policy.model import (
    MEANS,
    NECESSARY,
    STANDARD,
    Cache,
    Collection,
    Consent,
    Csp,
    Guard,
    Policy,
    Purpose,
    Site,
    UndeclaredCookies,
    Unknown,
)

__all__ = [
    "MEANS",
    "NECESSARY",
    "STANDARD",
    "Cache",
    "Collection",
    "Consent",
    "Csp",
    "Guard",
    "Policy",
    "Purpose",
    "Site",
    "UndeclaredCookies",
    "Unknown",
]
