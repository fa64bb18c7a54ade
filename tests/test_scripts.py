"""What sets up the tests says what is missing, and what to run."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)


@pytest.mark.usefixtures("nothing_there")
def test_a_machine_without_nginx_is_told_how_to_get_it() -> None:
    with pytest.raises(SystemExit, match="sudo apt-get install -y nginx-light"):
        runpy.run_path(str(SCRIPTS / "nginx.py"), run_name="__main__")
