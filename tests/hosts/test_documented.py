"""The commands and the proxy that docs/frameworks.md shows: they are run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cookiegate
from hosting import content
from hosting.client import PREFIX, ROOT, knock
from hosting.nginx import nginx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hosting.client import Visitor

TEXT = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.M | re.S)
SHOWN = [text for language, text in BLOCKS if language == "text"]
COMMANDS = SHOWN[0].splitlines()
LOCATION = SHOWN[1]
STARLETTE = next(text for language, text in BLOCKS if language == "python")
POLICY = next(text for language, text in BLOCKS if language == "toml")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str, int], str]]:
    """Give a starter of the document's commands, in a folder with the document's application."""
    started: list[subprocess.Popen[bytes]] = []
    environment = {
        **os.environ,
        "PYTHONPATH": f"{Path(cookiegate.__file__).parent.parent}{os.pathsep}{tmp_path}",
        "COOKIEGATE_SECRET_KEYS": content.KEY,
    }

    def starter(command: str, port: int) -> str:
        program, *words = shlex.split(command.replace("8000", str(port)))
        with (tmp_path / "server.log").open("wb") as log:
            process = subprocess.Popen(
                [str(Path(sys.executable).parent / program), *words],
                cwd=tmp_path,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        started.append(process)
        knock(port, process)
        return f"http://127.0.0.1:{port}"

    yield starter
    for process in started:
        process.terminate()
        process.wait(timeout=15)


def free_port() -> int:
    """Return a port that was free a moment ago: these commands open theirs by number."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_every_server_is_shown() -> None:
    assert [command.split()[0] for command in COMMANDS] == ["uvicorn", "hypercorn", "granian", "daphne"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.split()[0])
def test_commands(
    command: str, tmp_path: Path, start: Callable[[str, int], str], visit: Callable[..., Visitor]
) -> None:
    (tmp_path / "shop.py").write_text(STARLETTE)
    visitor = visit(start(command, free_port()))
    assert b"A picture" in visitor.ask("/").body
    assert visitor.choose("accept-all").status == 303
    assert b"The film" in visitor.ask("/").body


@pytest.mark.parametrize("server", [command for command in COMMANDS if command.startswith(("uvi", "hyper"))])
def test_the_proxy(
    server: str, tmp_path: Path, start: Callable[[str, int], str], visit: Callable[..., Visitor]
) -> None:
    assert 'CookieGate(Starlette(routes=[Route("/", home)]))' in STARLETTE
    app = STARLETTE.replace('[Route("/", home)])', '[Route("/", home)]), policy="cookiegate.toml"')
    (tmp_path / "shop.py").write_text(app)
    (tmp_path / "cookiegate.toml").write_text(POLICY)
    port = free_port()
    start(server, port)
    with nginx(tmp_path, LOCATION.replace("8000", str(port)), tls=True) as proxy:
        answer = visit(proxy).post(PREFIX, {"action": "accept-all"})
        assert answer.status == 303
        assert answer.all("set-cookie")[0].startswith("__Host-cg=")
