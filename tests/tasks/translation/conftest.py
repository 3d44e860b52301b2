"""Small parallel corpora."""

import json
from pathlib import Path

import pytest

WORDS = ["ein", "zwei", "drei", "vier", "fuenf"]


def numbers(seed: int):
    """A linear congruence instead of a random generator, so that it never changes."""
    x = seed
    while True:
        x = (1103515245 * x + 12345) % 2**31
        yield x // 65536


def pairs(seed: int, size: int) -> list[dict[str, str]]:
    """Sentences whose translations are their words backwards, in capitals."""
    some = numbers(seed)
    made = []
    for _ in range(size):
        words = [WORDS[next(some) % len(WORDS)] for _ in range(1 + next(some) % 5)]
        made.append({"de": " ".join(words), "en": " ".join(words[::-1]).upper()})
    return made


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """JSON lines of sizes that nothing divides."""
    folder = tmp_path_factory.mktemp("corpus")
    for seed, (split, size) in enumerate([("train", 201), ("validation", 31), ("test", 37)], start=1):
        lines = (json.dumps(pair) + "\n" for pair in pairs(seed, size))
        (folder / f"{split}.jsonl").write_text("".join(lines))
    return folder
