"""What was worked out once is not worked out again, and nobody can fill the memory with it."""

from __future__ import annotations

from cookiegate.gate.remember import LONGEST, Remembered


def test_each_key_is_worked_out_once() -> None:
    asked: list[bytes] = []

    def work_out(key: bytes) -> int:
        asked.append(key)
        return len(key)

    lengths = Remembered(work_out, most=2)
    assert [lengths[key] for key in (b"a", b"a", b"bb", b"a")] == [1, 1, 2, 1]
    assert asked == [b"a", b"bb"]
    assert lengths[b"ccc"] == 3
    assert len(lengths) == 1


def test_long_keys_are_not_kept() -> None:
    lengths = Remembered(len, most=9)
    assert lengths[b"x" * LONGEST] == LONGEST
    assert lengths[b"x" * (LONGEST + 1)] == LONGEST + 1
    assert len(lengths) == 1
