"""The demo: a small shop full of trackers, with the gate in front of it."""

from cookiegate.demo.app import create_app

__all__ = ["create_app"]
