"""A tiny corpus and the command line in-process."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnbench.cli import main

WORDS = (
    "the",
    "cat",
    "sat",
    "on",
    "a",
    "mat",
    "and",
    "dog",
    "ran",
    "to",
    "red",
    "house",
    "while",
    "it",
    "was",
    "raining",
)


def text(seed: int, lines: int) -> str:
    """Some lines of words; a linear congruence instead of a random generator, so that it never changes."""
    out, x = [], seed
    for _ in range(lines):
        line = []
        for _ in range(7):
            x = (1103515245 * x + 12345) % 2**31
            line.append(WORDS[x // 65536 % len(WORDS)])
        out.append(" ".join(line))
    return "\n".join(out) + "\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for seed, (split, lines) in enumerate([("train", 60), ("validation", 9), ("test", 11)]):
        (folder / f"{split}.txt").write_text(text(seed, lines))
    return folder


@pytest.fixture
def small(corpus: Path) -> str:
    """Options that make char_lstm small: 5 windows an epoch on the corpus."""
    return (
        f"--config text_generation/char_lstm --data.source Files --data.source.path {corpus}"
        " --data.batch_size 4 --data.sequence_length 100 --data.evaluation_length 50"
        " --model.backbone.hidden_size 8 --model.embedding_size 4 --trainer.log_every_n_steps 1"
    )


class Outcome:
    def __init__(self, status: int, out: str, err: str):
        self.status, self.out, self.err = status, out, err


@pytest.fixture
def rnnbench(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run(words: str, debug: bool = False) -> Outcome:
        status = main([*shlex.split(words), *(["--debug"] if debug else [])])
        return Outcome(status, *capsys.readouterr())

    return run
