"""The part of a wheel's build that is ours: the catalogue comes in its compiled form too.

Hatchling runs this (``[tool.hatch.build.targets.wheel.hooks.custom]`` in pyproject.toml).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CatalogueHook(BuildHookInterface[Any]):
    """Puts ``cookiegate/catalog/data/compiled.json`` into a wheel; a checkout writes its own at first use."""

    _made: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the file, outside the sources, and tell Hatchling where it belongs."""
        if version == "editable":
            return
        package = Path(self.root) / "src" / "cookiegate" / "catalog"
        sys.path.insert(0, str(package.parent.parent))
        try:
            from cookiegate.catalog import compiled, load
        finally:
            del sys.path[0]
        sources = compiled.read_sources(package / "data")
        content = compiled.dump(load.parse_sources(sources), compiled.stamp_of(sources, package))
        self._made = Path(tempfile.mkdtemp(prefix="cookiegate-")) / compiled.FILE_NAME
        self._made.write_bytes(content)
        build_data["force_include"][str(self._made)] = f"cookiegate/catalog/data/{compiled.FILE_NAME}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was written."""
        if self._made is not None:
            self._made.unlink()
            self._made.parent.rmdir()
