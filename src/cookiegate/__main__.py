"""``python -m cookiegate`` is the command ``cookiegate``."""

from cookiegate.cli import main

if __name__ == "__main__":  # pragma: no branch - nobody imports it
    raise SystemExit(main())
