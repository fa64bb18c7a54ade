"""The part of a wheel's build that is ours: the catalogue comes in its compiled form too.

Hatchling runs this (``[tool.hatch.build.targets.wheel.hooks.custom]`` in pyproject.toml).
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CatalogueHook(BuildHookInterface[Any]):
    """Puts the compiled catalogue into a wheel; a checkout gets it where Python keeps its byte code."""

    _made: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the file, outside the sources, and tell Hatchling where it belongs.

        For an editable install it is written for those who keep Python from writing at first use.
        """
        package = Path(self.root) / "src" / "cookiegate" / "catalog"
        sys.path.insert(0, str(package.parent.parent))
        try:
            from cookiegate.catalog import compiled, load
        finally:
            del sys.path[0]
        sources = compiled.read_sources(package / "data")
        content = compiled.dump(load.parse_sources(sources), compiled.stamp_of(sources, package))
        if version == "editable":
            with contextlib.suppress(OSError):
                compiled.keep(content, package / "data")
            return
        self._made = Path(tempfile.mkdtemp(prefix="cookiegate-")) / compiled.FILE_NAME
        self._made.write_bytes(content)
        build_data["force_include"][str(self._made)] = f"cookiegate/catalog/data/{compiled.FILE_NAME}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was written."""
        if self._made is not None:
            self._made.unlink()
            self._made.parent.rmdir()
