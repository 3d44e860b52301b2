"""A tiny corpus of sounds."""

import numpy as np
import pytest
import soundfile

RATE = 8000
SIZES = {"train": 40, "validation": 11, "test": 13}
# Each letter is a tone of its own.
TONES = {"a": 300, "b": 600, "c": 900, "d": 1300, "e": 1800, " ": 0}


def spell(text: str, random: np.random.RandomState) -> np.ndarray:
    """Tones, one a letter."""
    parts = []
    for letter in text:
        size = random.randint(800, 1200)
        parts.append(np.sin(2 * np.pi * TONES[letter] * np.arange(size) / RATE))
    return (0.3 * np.concatenate(parts) + 0.01 * random.standard_normal(sum(map(len, parts)))).astype(np.float32)


def some_text(random: np.random.RandomState) -> str:
    words = [
        "".join("abcde"[k] for k in random.randint(0, 5, random.randint(1, 4))) for _ in range(random.randint(1, 4))
    ]
    return " ".join(words)


@pytest.fixture
def corpus(tmp_path):
    """A folder of wav files with tables of their transcripts; own.yaml puts it in place of a preset's data."""
    return write_corpus(tmp_path, SIZES)


@pytest.fixture
def tiny(tmp_path):
    """The same with a few words only."""
    return write_corpus(tmp_path, {"train": 5, "validation": 2, "test": 2}, ["ab", "c", "d e", "cab"])


def write_corpus(tmp_path, sizes, texts=()):
    random = np.random.RandomState(0)
    folder = tmp_path / "tones"
    (folder / "wav").mkdir(parents=True)
    for split, size in sizes.items():
        lines = ["path\ttext\tspeaker"]
        for number in range(size):
            text = texts[number % len(texts)] if texts else some_text(random)
            name = f"wav/{split}{number}.wav"
            soundfile.write(folder / name, spell(text, random), RATE)
            lines.append(f"{name}\t{text}\ts{number % 3}")
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n")
    options = "{path: tones, column: text, splits: null, card: null}"
    source = f"{{class_path: rnnbench.data.Recordings, init_args: {options}}}"
    (tmp_path / "own.yaml").write_text(f"data: {{init_args: {{source: {source}}}}}")
    return folder


@pytest.fixture
def small(corpus):
    """Options that make the built-in preset small: some batches an epoch on the corpus."""
    return (
        "--config speech/builtin --config own.yaml --data.features.sample_rate 8000 --data.max_tokens 600"
        " --model.backbone.hidden_size 12 --model.backbone.engine reference --trainer.max_epochs 1"
        " --trainer.log_every_n_steps 1"
    )
