"""What holds for every command: help, exit statuses, one-line errors."""

from __future__ import annotations

import contextlib
import io
import runpy
import subprocess
import sys

import pytest

from cookiegate import cli
from cookiegate.cli import COMMANDS, keygen
from cookiegate.cli.command import installed_version

NAMES = [module.NAME for module in COMMANDS]


def test_help_names_every_command(run):
    ran = run("--help")
    assert ran.status == 0
    for module in COMMANDS:
        assert module.NAME.encode() in ran.out
        assert module.SUMMARY.encode() in ran.out
    assert b"exit status:" in ran.out


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself(run, name):
    ran = run(name, "--help")
    assert ran.status == 0
    assert ran.out.startswith(f"usage: cookiegate {name}".encode())
    assert b"example" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 120


def test_version(run):
    assert run("--version").out == f"cookiegate {installed_version()}\n".encode()


def test_version_without_an_installed_package(monkeypatch):
    def missing(name):
        raise cli.command.PackageNotFoundError(name)

    monkeypatch.setattr(cli.command, "version", missing)
    assert installed_version() == "(not installed)"


@pytest.mark.parametrize(
    "argv",
    [(), ("nonsense",), ("gate", "--gran"), ("check",), ("demo", "--port", "many"), ("lookup", "a", "b")],
)
def test_wrong_usage_is_one_line(run, argv):
    ran = run(*argv)
    assert ran.status == 2
    assert ran.out == b""
    assert ran.err.startswith(b"cookiegate")
    assert b"--help" in ran.err
    assert ran.err.count(b"\n") == 1


def test_an_error_of_the_system_is_one_line(run, tmp_path):
    ran = run("gate", "--findings", str(tmp_path / "no" / "such" / "folder"), stdin=b"<p>")
    assert ran.status == 2
    assert b"No such file or directory" in ran.err
    assert ran.err.count(b"\n") == 1


def test_interrupted(run, monkeypatch):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(keygen, "run", interrupted)
    ran = run("keygen")
    assert (ran.status, ran.err) == (130, b"")


def test_a_terminal_that_cannot_write_a_name(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert cli.main(["lookup", "/grüße"]) == 1
    assert written.getvalue() == b"/gr\\xfc\\xdfe: not known\n"


def test_an_output_that_is_not_a_terminal_at_all():
    with contextlib.redirect_stdout(io.StringIO()) as written:
        assert cli.main(["lookup", "/about"]) == 1
    assert written.getvalue() == "/about: not known\n"


def test_as_a_module(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["cookiegate", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("cookiegate", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("cookiegate ")


def test_as_a_module_into_a_closed_pipe():
    """A reader that has seen enough is no error to tell anyone."""
    page = b"<p>" * 1_000_000
    process = subprocess.Popen(
        [sys.executable, "-m", "cookiegate", "gate"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(page)
    assert (process.returncode, err) == (2, b"")


def test_closed_pipe_in_this_process(monkeypatch, tmp_path):
    def closed(arguments):
        raise BrokenPipeError

    monkeypatch.setattr(keygen, "run", closed)
    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert cli.main(["keygen"]) == 2
        print("goes nowhere, and does not complain")
    assert (tmp_path / "out").read_text() == ""
