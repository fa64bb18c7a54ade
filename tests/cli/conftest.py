from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cookiegate.cli import main


@dataclass(frozen=True)
class Ran:
    """What one run of the command left: its exit status and both outputs as bytes."""

    status: int
    out: bytes
    err: bytes


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run the command in this process: ``run("gate", "--granted", "analytics", stdin=b"<p>")``."""

    def run_command(*argv: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            status = main(argv)
        except SystemExit as ended:  # argparse ends --help and usage errors so
            status = int(ended.code or 0)
        out, err = capsysbinary.readouterr()
        return Ran(status, out, err)

    return run_command


POLICY = """
[site]
name = "Linden & Salt"

[[services]]
use = "google-analytics"

[[services]]
id = "our-chat"
name = "Our chat"
vendor = "Chat Example Ltd"
country = "IE"
privacy_policy = "https://chat.example.net/privacy"
purpose = "preferences"
hosts = ["chat.example.net"]
"""


@pytest.fixture
def policy_file(tmp_path):
    path = tmp_path / "cookiegate.toml"
    path.write_text(POLICY, encoding="utf-8")
    return path
