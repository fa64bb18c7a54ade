from __future__ import annotations

import re

from cookiegate.consent.cookie import ConsentCookie
from cookiegate.policy.model import Policy


def test_a_key_is_long_and_new_each_time(run):
    first, second = run("keygen"), run("keygen")
    assert first.status == second.status == 0
    assert first.out != second.out
    assert re.fullmatch(rb"[A-Za-z0-9_-]{64}\n", first.out)


def test_a_key_is_accepted(run):
    ConsentCookie(run("keygen").out.decode().strip(), Policy())
