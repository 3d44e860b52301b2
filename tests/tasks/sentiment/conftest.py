"""A tiny corpus of reviews."""

import json

import pytest

from rnnbench.data.generated.reviews import GeneratedReviews

SIZES = {"train": 61, "validation": 17, "test": 23}


@pytest.fixture
def corpus(tmp_path):
    """A folder of JSON lines; one text of the test split has no words. own.yaml puts it in place of a package."""
    folder = tmp_path / "reviews"
    folder.mkdir()
    source = "{class_path: rnnbench.data.Files, init_args: {path: x, card: null}}"
    (tmp_path / "own.yaml").write_text(f"data: {{init_args: {{vectors: null, phrases: false, source: {source}}}}}")
    source = GeneratedReviews()
    for split, size in SIZES.items():
        rows = source.rows(split)[:size]
        if split == "test":
            rows = [*rows[:-1], {"text": " ", "label": "negative"}]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def small(corpus):
    """Options that make the built-in preset small: 8 batches an epoch on the corpus."""
    return (
        f"--config sentiment/builtin --data.source Files --data.source.path {corpus} --data.batch_size 8"
        " --model.backbone.hidden_size 8 --model.embedding.embedding_size 6 --trainer.log_every_n_steps 1"
    )
