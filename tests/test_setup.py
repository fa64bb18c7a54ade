"""``scripts/setup.sh`` where something is missing, with a Python and a package manager that only pretend."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("sh", "cat", "cksum", "dirname", "mkdir", "rm", "cp", "touch", "flock", "sleep")

# A Python that notes what it is asked, and makes a virtual environment by copying itself.
PYTHON = """#!/bin/sh
echo "python $*" >>"$LOG"
case "$*" in
    *version_info*'< (3, 11)'*) [ -z "$OLD" ] ;;
    *'import ensurepip'*) [ -e "$MACHINE/ensurepip" ] ;;
    *python%d*) echo python3.11-venv ;;
    --version) echo "Python 3.$([ -z "$OLD" ] && echo 11 || echo 9)" ;;
    '-m venv '*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    *'pip '*'install '*) exec sh "$MACHINE/pip" ;;
esac
"""

# A package manager with one unreachable source, which has the package all the same.
APT = """#!/bin/sh
echo "apt-get $DEBIAN_FRONTEND $*" >>"$LOG"
[ "$1" != update ] || exit 1
touch "$MACHINE/ensurepip"
"""


class Machine:
    """A checkout and a PATH with nothing on it but what a test puts there."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.bin = place / "bin"
        self.checkout = place / "checkout"
        self.venv = self.checkout / ".venv"
        self.log = place / "log"
        self.log.touch()
        self.environment = {"PATH": str(self.bin), "LOG": str(self.log), "MACHINE": str(place), "OLD": ""}
        self.bin.mkdir()
        for tool in TOOLS:
            if found := shutil.which(tool):
                (self.bin / tool).symlink_to(found)
        (self.checkout / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "setup.sh", self.checkout / "scripts")
        shutil.copy(ROOT / "pyproject.toml", self.checkout)
        (place / "ensurepip").touch()
        (place / "pip").write_text("exit 0\n")
        self.program("python3", PYTHON)
        self.user(1000)

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def user(self, number: int) -> None:
        self.program("id", f"#!/bin/sh\necho {number}\n")

    def start(self, what: str = "dev") -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["/bin/sh", "scripts/setup.sh", what],
            cwd=self.checkout,
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Whoever started the tests in the background has SIGINT ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def setup(self, what: str = "dev") -> tuple[int, str]:
        self.log.write_text("")
        process = self.start(what)
        _, err = process.communicate()
        return process.returncode, err

    @property
    def installed(self) -> list[str]:
        return [
            line.partition(" install ")[2]
            for line in self.log.read_text().splitlines()
            if " install " in line
        ]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_the_first_run_sets_up_and_the_second_does_nothing(machine):
    assert machine.setup()[0] == 0
    assert machine.installed == ["--upgrade pip>=25.1", "--group dev -e .[demo]"]
    status, err = machine.setup()
    assert (status, err, machine.installed) == (0, "", [])


def test_dev_has_what_demo_needs_but_not_the_other_way_round(machine):
    machine.setup("demo")
    assert machine.installed[-1] == "-e .[demo]"
    machine.setup("dev")
    assert machine.installed[-1] == "--group dev -e .[demo]"
    machine.setup("demo")
    assert machine.installed == []
    machine.setup("bench")
    assert machine.installed[-1] == "--group bench -e .[demo]"


def test_a_changed_project_is_installed_again_into_the_same_environment(machine):
    machine.setup()
    with (machine.checkout / "pyproject.toml").open("a") as project:
        project.write("# changed\n")
    (machine.venv / "mine").touch()
    machine.setup()
    assert len(machine.installed) == 2
    assert (machine.venv / "mine").exists()


def test_an_environment_of_another_maker_is_used(machine):
    machine.setup()
    for stamp in machine.venv.glob(".*"):
        stamp.unlink()
    (machine.venv / "mine").touch()
    assert machine.setup()[0] == 0
    assert (machine.venv / "mine").exists()


def test_a_moved_checkout_starts_over(machine):
    machine.setup()
    (machine.venv / "mine").touch()
    machine.checkout = machine.checkout.rename(machine.place / "moved")
    machine.venv = machine.checkout / ".venv"
    status, err = machine.setup()
    assert status == 0
    assert "starting over" in err
    assert not (machine.venv / "mine").exists()


def test_an_environment_without_its_python_starts_over(machine):
    machine.setup()
    (machine.venv / "bin" / "python").unlink()
    status, err = machine.setup()
    assert (status, len(machine.installed)) == (0, 2)
    assert "starting over" in err


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_set_up_starts_over(machine, with_signal):
    os.mkfifo(machine.place / "fifo")
    (machine.place / "pip").write_text('echo begun >"$MACHINE/fifo"; exec sleep 60\n')
    process = machine.start()
    assert (machine.place / "fifo").read_text() == "begun\n"
    os.killpg(process.pid, with_signal)  # what Ctrl+C does: everyone in the foreground gets it
    process.communicate()
    assert process.returncode != 0
    (machine.venv / "half").touch()
    (machine.place / "pip").write_text("exit 0\n")
    status, err = machine.setup()
    assert (status, len(machine.installed)) == (0, 2)
    assert "starting over" in err
    assert not (machine.venv / "half").exists()


def test_a_failed_installation_is_tried_again(machine):
    (machine.place / "pip").write_text("exit 1\n")
    status, err = machine.setup()
    assert status == 1
    assert "pip could not install what dev needs" in err
    (machine.place / "pip").write_text("exit 0\n")
    assert machine.setup()[0] == 0
    assert len(machine.installed) == 2


# A pip that has no python-lolhtml.
PIP = """
while read -r line; do last=$line; done <"$LOG"
case $last in *'--group bench'*|*python-lolhtml*) exit 1 ;; esac
"""


def test_a_peer_that_is_not_made_for_this_machine_is_left_out(machine):
    (machine.place / "pip").write_text(PIP)
    status, err = machine.setup("bench")
    assert status == 0
    assert "python-lolhtml cannot be had here: the bench leaves it out" in err
    assert "--only-binary :all: selectolax" in machine.installed
    assert machine.setup("bench") == (0, "")


def test_the_bench_needs_more_than_its_peers(machine):
    (machine.place / "pip").write_text("exit 1\n")
    status, err = machine.setup("bench")
    assert status == 1
    assert "pip could not install what bench needs" in err
    assert "leaves it out" not in err


def test_python_is_too_old(machine):
    machine.environment["OLD"] = "yes"
    status, err = machine.setup()
    assert status == 1
    assert err == (
        "cookiegate: needs Python 3.11 or newer (Python 3.9); install one, or say where it is: "
        "make PYTHON=/path/to/python3\n"
    )


def test_a_newer_python_is_found_beside_an_old_one(machine):
    machine.program("python3.12", PYTHON.replace('-z "$OLD"', "-n yes"))
    machine.environment["OLD"] = "yes"
    assert machine.setup()[0] == 0


def test_no_python_at_all(machine):
    (machine.bin / "python3").unlink()
    status, err = machine.setup()
    assert status == 1
    assert "needs Python 3.11 or newer" in err
    assert "make PYTHON=" in err


def test_the_named_python_is_the_only_one_tried(machine):
    machine.environment["PYTHON"] = "/no/such/python"
    status, err = machine.setup()
    assert status == 1
    assert "/no/such/python" in err


def test_venv_is_missing_and_we_may_not_install(machine):
    (machine.place / "ensurepip").unlink()
    machine.program("apt-get", '#!/bin/sh\necho "apt-get $*" >>"$LOG"\n')
    status, err = machine.setup()
    assert (status, machine.installed) == (1, [])
    assert (
        err == "cookiegate: python3.11-venv is missing; install it: sudo apt-get install -y python3.11-venv\n"
    )
    assert not machine.venv.exists()


def test_venv_is_missing_and_root_installs_it_without_a_question(machine):
    (machine.place / "ensurepip").unlink()
    machine.user(0)
    machine.program("apt-get", APT)
    status, err = machine.setup()
    calls = [line for line in machine.log.read_text().splitlines() if line.startswith("apt-get")]
    assert status == 0
    assert "installing python3.11-venv" in err
    assert calls == [
        "apt-get noninteractive update -qq",
        "apt-get noninteractive install -qq -y --no-install-recommends python3.11-venv",
    ]


@pytest.mark.parametrize(("exits", "says"), [(1, "could not install"), (0, "still has no ensurepip")])
def test_venv_cannot_be_installed(machine, exits, says):
    (machine.place / "ensurepip").unlink()
    machine.user(0)
    machine.program("apt-get", f"#!/bin/sh\nexit {exits}\n")
    status, err = machine.setup()
    assert status == 1
    assert says in err


def test_venv_is_missing_on_a_machine_without_apt(machine):
    (machine.place / "ensurepip").unlink()
    status, err = machine.setup()
    assert status == 1
    assert "python3 has no ensurepip" in err


def test_an_unknown_purpose(machine):
    status, err = machine.setup("party")
    assert status == 1
    assert "unknown set-up 'party'" in err
