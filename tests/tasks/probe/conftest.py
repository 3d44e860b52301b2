"""A small language model, trained, and texts of two classes."""

import json
from pathlib import Path

import pytest

TRAINED = (
    "fit --config text_generation/char_lstm --data.source Files --data.source.path text --data.sequence_length 40"
    " --data.batch_size 4 --model.backbone.hidden_size 10 --model.embedding_size 6 --trainer.max_epochs 1"
)


def write_rows(folder, split, rows):
    Path(folder).mkdir(exist_ok=True)
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    Path(folder, f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def review(number):
    """A text whose class its last word tells, of any length."""
    label = ("bad", "good")[number % 2]
    return f"{'the film of 日 number ' * (number % 5)}{number} is {label}", label


@pytest.fixture
def reviews():
    """A folder of texts with labels, and one of the same texts alone."""
    for split, count in (("train", 80), ("validation", 30), ("test", 30)):
        write_rows("reviews", split, [review(number) for number in range(count)])
    Path("text").mkdir()
    for split in ("train", "validation", "test"):
        Path(f"text/{split}.txt").write_text("\n".join(review(number)[0] for number in range(60)), encoding="utf-8")
    return "reviews"


@pytest.fixture
def trained(reviews, rnnbench):
    """Trains a small language model of a level, and gives its run."""

    def train(level="byte", options=""):
        outcome = rnnbench(f"{TRAINED} --data.level {level} {options} --name {level}")
        assert outcome.status == 0, outcome.err
        return f"runs/text_generation/{level}"

    return train
