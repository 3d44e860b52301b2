"""Small tagged corpora."""

from pathlib import Path

import pytest

WORDS = ["我", "爱", "北京", "天安门", "他", "在", "上海", "看", "电影", "。", "人民", "日报"]


def numbers(seed: int):
    """A linear congruence instead of a random generator, so that it never changes."""
    x = seed
    while True:
        x = (1103515245 * x + 12345) % 2**31
        yield x // 65536


def segmented_lines(seed: int, size: int) -> list[str]:
    some = numbers(seed)
    return ["  ".join(WORDS[next(some) % len(WORDS)] for _ in range(2 + next(some) % 9)) for _ in range(size)]


def conll(seed: int, size: int) -> str:
    """Sentences in which an upper-case word is a name, of a kind that its first letter tells."""
    some = numbers(seed)
    sentences = []
    for _ in range(size):
        lines = []
        for _ in range(2 + next(some) % 7):
            pick = next(some) % 6
            word = ("anna", "sees", "the", "Paris", "Oslo", "Maria")[pick] + str(next(some) % 3)
            lines.append(f"{word} {('O', 'O', 'O', 'B-LOC', 'B-LOC', 'B-PER')[pick]}")
        sentences.append("\n".join(lines))
    return "\n\n".join(sentences) + "\n"


@pytest.fixture
def names(tmp_path: Path) -> Path:
    """CoNLL files of sizes that nothing divides."""
    folder = tmp_path / "names"
    folder.mkdir()
    for seed, (split, size) in enumerate([("train", 101), ("validation", 31), ("test", 37)], start=1):
        (folder / f"{split}.conll").write_text(conll(seed, size))
    return folder


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Text with spaces between the words."""
    folder = tmp_path / "words"
    folder.mkdir()
    for seed, (split, size) in enumerate([("train", 60), ("validation", 13), ("test", 17)], start=1):
        (folder / f"{split}.txt").write_text("\n".join(segmented_lines(seed, size)) + "\n")
    return folder
