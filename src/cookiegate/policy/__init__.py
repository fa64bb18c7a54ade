"""What the site declares: purposes, means, services and texts."""

from cookiegate.policy.model import (
    MEANS,
    NECESSARY,
    STANDARD,
    Collection,
    Consent,
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
    "Collection",
    "Consent",
    "Guard",
    "Policy",
    "Purpose",
    "Site",
    "UndeclaredCookies",
    "Unknown",
]
