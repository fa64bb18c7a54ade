"""``make fuzz``: bytes that reach new code are changed further, and what must hold is asked of each.

The first byte chooses what is asked. Options are those of libFuzzer, such as ``-max_total_time=600``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["cookiegate"]):
    from questions import QUESTIONS, WORDS


def ask(data: bytes) -> None:
    """Ask one thing of one input."""
    QUESTIONS[data[0] % len(QUESTIONS) if data else 0](data[1:])


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder, "words")
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS))
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, word in enumerate(WORDS):
            (corpus / str(number)).write_bytes(bytes([number % len(QUESTIONS)]) + word)
        atheris.Setup([*sys.argv, f"-dict={words}", "-timeout=10", str(corpus)], ask)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
