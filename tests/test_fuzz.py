"""The questions of ``make fuzz``, asked of some inputs in every run, so that they cannot rot."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))

import questions


@pytest.mark.parametrize("question", questions.QUESTIONS)
def test_every_question_holds(question):
    rnd = random.Random(20261124)
    for _ in range(300):
        parts = [*rnd.choices(questions.WORDS, k=rnd.randint(0, 8)), rnd.randbytes(rnd.randint(0, 30))]
        rnd.shuffle(parts)
        question(b"".join(parts))


def test_the_choices_are_those_of_the_bytes():
    assert questions.Chosen(b"\x00" * 8).choice("abcd") == "a"
    assert questions.Chosen(b"\xc0" * 8).choice("abcd") == questions.Chosen(b"\xc0" * 8).choice("abcd")
    assert {questions.Chosen(bytes([byte]) * 9).choice("abcd") for byte in range(256)} == set("abcd")


def test_a_broken_promise_is_noticed(monkeypatch):
    real = questions.gate_html

    def forgetful(html, **options):
        page = real(html, **options)
        return (
            page
            if options.get("granted")
            else type(page)(page.body.replace(b"data-cg-src", b"src"), page.findings)
        )

    monkeypatch.setattr(questions, "gate_html", forgetful)
    with pytest.raises(AssertionError):
        questions.undoes(b"<img src=//t.test/1>")


def test_the_driver_can_be_read():
    driver = Path(questions.__file__).with_name("fuzz_gate.py")
    compile(driver.read_text(), driver.name, "exec")
