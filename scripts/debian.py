"""What set-up does on Debian: say what happens, run a command, install a package where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

DOWNLOAD_SECONDS = 900


def say(text: str) -> None:
    """Tell whoever ran make, on standard error."""
    print(f"cookiegate: {text}", file=sys.stderr, flush=True)


def may_install() -> bool:
    """Whether packages may be installed without asking anybody."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(package: str) -> bool:
    """Install a package; tell whether that worked."""
    say(f"installing the Debian package {package}")
    run("apt-get", "update", "-qq")  # one unreachable source need not matter: the next line tells
    return run("apt-get", "install", "-qq", "-y", "--no-install-recommends", package)


def run(*command: str) -> bool:
    """Run a command with nobody to ask, its output on our stderr."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            env=environment,
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        say(str(error))
        return False
    return done.returncode == 0
