"""Make sure that the tests behind a real caching proxy have nginx.

An installed one is taken; as root on Debian the package ``nginx-light`` is installed. Nothing is asked. Where
none can be had, this ends with status 1.
"""

from __future__ import annotations

import os
import shutil

from debian import apt_install, may_install

PACKAGE = "nginx-light"
# Debian has it where only root looks.
PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))


def main() -> None:
    """Find nginx, or get it."""
    if shutil.which("nginx", path=PLACES):
        return
    if may_install() and apt_install(PACKAGE) and shutil.which("nginx", path=PLACES):
        return
    raise SystemExit(
        "cookiegate: the tests behind a caching proxy need nginx and none could be had; install it "
        f"(Debian: sudo apt-get install -y {PACKAGE})"
    )


if __name__ == "__main__":
    main()
