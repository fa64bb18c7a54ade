"""The files the package ships: found in the wheel or in the checkout, and prepared once for serving."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cookiegate.squeeze import squeeze_js

if TYPE_CHECKING:
    from collections.abc import Mapping

_PACKAGE = Path(__file__).parent
# In a wheel the folders are inside the package; in an editable install they are at the checkout's root.
_ROOTS = (_PACKAGE, *_PACKAGE.parents[1:2])

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

_SERVED = {
    "cg.css": ("cg.css", "cg-link.css"),  # whoever answers is left with the settings link, without a reload
    "cg-link.css": ("cg-link.css",),
    "settings.css": ("settings.css",),
    "cg.js": ("cg.js",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file as it is served. ``file`` carries ten hex digits of its content, so that it never changes."""

    file: str
    media_type: str
    body: bytes
    gzipped: bytes


def asset_text(folder: str, name: str) -> str:
    """Read a shipped file, such as ``asset_text("templates", "settings.html")``.

    Raises FileNotFoundError with every place that was looked at.
    """
    places = [root / folder / name for root in _ROOTS]
    for place in places:
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise FileNotFoundError(f"{folder}/{name} is not in {', '.join(str(place.parent) for place in places)}")


@cache
def assets() -> Mapping[str, Asset]:
    """Return every asset by its plain name: ``assets()["cg.css"]``."""
    return MappingProxyType({name: _asset(name, parts) for name, parts in _SERVED.items()})


@cache
def assets_by_file() -> Mapping[str, Asset]:
    """Return every asset by the name in its address: ``cg.0123456789.css``."""
    return MappingProxyType({asset.file: asset for asset in assets().values()})


def _asset(name: str, parts: tuple[str, ...]) -> Asset:
    return made_asset(name, "".join(map(squeezed, parts)))


def squeezed(name: str) -> str:
    """Return a file of ours without what is only there for readers."""
    if name == "guard.js":  # nothing in a page waits for the others
        return squeeze_js(asset_text("static", name))
    squeeze = _squeeze_css if name.endswith(".css") else _squeeze_js
    return squeeze(asset_text("static", name))


def made_asset(name: str, text: str) -> Asset:
    """Return a text as an asset, ``name`` being its plain name."""
    stem, suffix = Path(name).stem, Path(name).suffix
    body = text.encode()
    digest = hashlib.sha256(body).hexdigest()[:10]
    return Asset(
        file=f"{stem}.{digest}{suffix}",
        media_type=_TYPES[suffix],
        body=body,
        gzipped=gzip.compress(body, 9, mtime=0),
    )


def _squeeze_css(text: str) -> str:
    """Drop comments and needless white space. Safe for our own files: no string in them holds any of it."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,>]) ?", r"\1", text)
    return re.sub(r"([a-z0-9-]): (?=[^{}]*[;}])", r"\1:", text).replace(";}", "}").strip()


def _squeeze_js(text: str) -> str:
    """Drop lines that are only a comment, and indentation. Safe for our own file: no string spans lines."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))
