"""Pairs beyond memory: the same training, bit for bit, in memory that does not grow with their texts."""

import json
import pickle

import pytest
import torch
from growth import bytes_a_row

from rnnbench.data.sources import files
from rnnbench.data.sources.files import Files
from rnnbench.results.record import read_result
from rnnbench.tasks.translation import TranslationData

SMALL = (
    "--config translation/generated_attention --model.backbone.hidden_size 12 --model.embedding.embedding_size 6"
    " --data.batch_size 16 --data.max_length 4 --trainer.max_epochs 1 --data.source Files"
)


def with_empty_sides(corpus, folder):
    """The corpus with two pairs of training that have nothing on one side."""
    folder.mkdir()
    for path in corpus.iterdir():
        (folder / path.name).write_text(path.read_text())
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    rows[3]["de"], rows[8]["en"] = "", " "
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def made(run):
    """Weights, metrics and data of a run."""
    weights = torch.load(run / "checkpoints/last.ckpt", weights_only=True)["state_dict"]
    result = read_result(run / "result.json")
    return weights, (result.metrics, result.data, (run / "left_out.tsv").read_text())


@pytest.mark.parametrize(
    "options", ["--data.min_count 2", pytest.param("--data.joint true", marks=pytest.mark.slow)], ids=["apart", "joint"]
)
def test_large_data_are_trained_as_small_ones(rnnbench, corpus, tmp_path, options, monkeypatch):
    folder = with_empty_sides(corpus, tmp_path / "pairs")
    for name in ("small", "large", "found"):
        if name == "large":
            monkeypatch.setattr(files, "LARGE_RECORDS", 0)
        if name == "found":
            monkeypatch.setattr("rnnbench.data.text.encoder.TextEncoder.encode", None)
            monkeypatch.setattr("rnnbench.data.fingerprint.fingerprint", None)
            monkeypatch.setattr("rnnbench.data.text.encoder.TextEncoder.train", None)
        rnnbench(f"fit {SMALL} --data.source.path {folder} {options} --trainer.limit_val_batches 0 --name {name}")
    weights, rest = made(tmp_path / "runs/translation/small")
    for name in ("large", "found"):
        others, other = made(tmp_path / f"runs/translation/{name}")
        assert other == rest
        assert all(torch.equal(weights[key], others[key]) for key in weights)


def test_what_is_sent_to_a_worker_does_not_grow_with_the_texts(corpus, monkeypatch):
    """Batches are made of what lies in files, so that a process beside this one needs their names alone."""
    monkeypatch.setattr(files, "LARGE_RECORDS", 0)
    data = TranslationData(Files(str(corpus)))
    data.setup("fit")
    read = pickle.loads(pickle.dumps(data.splits["train"]))
    assert torch.equal(read([5, 2], 0).source, data.splits["train"]([5, 2], 0).source)
    assert data.pairs("train")[5].source.split() == data.source_encoder.split(data.pairs("train")[5].source)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_pairs(tmp_path):
    """Lengths and an order are in memory; a pair of such texts took a thousand bytes."""
    text = "a sentence of some length that is neither long nor short, and as good as number "

    def row(number):
        return f'"{text}{number % 1000}","{number % 999} {text}"'

    assert bytes_a_row(tmp_path, TranslationData, "de,en", row, 150_000, 450_000) < 250
