"""Rows beyond memory: the same training, bit for bit, in memory that does not grow with them."""

import json

import pytest
import torch
from growth import bytes_a_row

from rnnbench.data.sources import files
from rnnbench.results.record import read_result
from rnnbench.tasks.sentiment import SentimentData

RUN = "runs/sentiment"


def made(tmp_path, name):
    """Weights, metrics and data of a run."""
    run = tmp_path / RUN / name
    weights = torch.load(run / "checkpoints/last.ckpt", weights_only=True)["state_dict"]
    result = read_result(run / "result.json")
    lists = [(run / name).read_text() if (run / name).exists() else "" for name in ("left_out.tsv", "examples.json")]
    return weights, result.metrics, result.data, lists


SETTINGS = "--data.max_length 5 --data.min_count 2 --data.classes '{negative: bad, positive: good}'"


@pytest.mark.parametrize("options", [SETTINGS, pytest.param("", marks=pytest.mark.slow)], ids=["cut", "plain"])
def test_large_data_are_trained_and_tested_as_small_ones(rnnbench, small, corpus, tmp_path, options, monkeypatch):
    rows = [json.loads(line) for line in (corpus / "train.jsonl").read_text().splitlines()]
    rows[3]["text"] = ""
    (corpus / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("small", "large", "found"):
        if name == "large":
            monkeypatch.setattr(files, "LARGE_RECORDS", 0)
        if name == "found":
            monkeypatch.setattr("rnnbench.data.text.encoder.TextEncoder.encode", None)
            monkeypatch.setattr("rnnbench.data.fingerprint.fingerprint", None)
            monkeypatch.setattr("rnnbench.data.text.encoder.TextEncoder.train", None)
        rnnbench(f"fit {small} {options} --trainer.max_epochs 1 --name {name}")
    monkeypatch.undo()
    (weights, metrics, data, lists), *others = [made(tmp_path, name) for name in ("small", "large", "found")]
    for other_weights, *other in others:
        assert other == [metrics, data, lists]
        assert all(torch.equal(weights[key], other_weights[key]) for key in weights)


@pytest.mark.slow
def test_workers_and_a_test_of_large_data(rnnbench, small, corpus, tmp_path, monkeypatch):
    rnnbench(f"fit {small} --trainer.max_epochs 1 --name small")
    rnnbench(f"test --run {RUN}/small")
    monkeypatch.setattr(files, "LARGE_RECORDS", 0)
    rnnbench(f"fit {small} --trainer.max_epochs 1 --name large --data.num_workers 2")
    rnnbench(f"test --run {RUN}/large")
    weights, metrics, data, lists = made(tmp_path, "small")
    others, *other = made(tmp_path, "large")
    assert all(torch.equal(weights[key], others[key]) for key in weights)
    assert other == [metrics, data, lists]


def test_a_label_is_wrong_in_large_data_as_in_small_ones(corpus, monkeypatch):
    path = corpus / "validation.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[5]["label"] = "odd"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = []
    for size in (2**24, 0):
        monkeypatch.setattr(files, "LARGE_RECORDS", size)
        with pytest.raises(files.UserError) as caught:
            SentimentData(files.Files(str(corpus))).setup("fit")
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "validation.jsonl, line 6" in said[0]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path):
    """Lengths, labels and an order are in memory, some hundred bytes a row; rows as dicts took two thousand."""
    text = "a film of some length that is neither long nor short, and as good as number "

    def row(number):
        return f'"{text}{number % 1000}",{"good" if number % 2 else "bad"}'

    assert bytes_a_row(tmp_path, SentimentData, "text,label", row, 250_000, 750_000) < 250


@pytest.mark.slow
def test_a_stream_that_was_killed_goes_on_at_the_next_batch(rnnbench, small, corpus, killed_after, same_weights):
    words = small.replace("Files --data.source.path", "Hub --data.source.streaming true --data.source.name")
    options = f"fit {words} --trainer.max_epochs 2 --checkpoint.every_n_steps 1"
    rnnbench(f"{options} --name whole")
    with killed_after(11):
        rnnbench(f"{options} --name killed")
    rnnbench(f"fit --resume {RUN}/killed")
    assert same_weights(corpus.parent / RUN / "whole", corpus.parent / RUN / "killed")
    rnnbench(f"fit {small} --trainer.max_epochs 2 --name files")
    assert same_weights(corpus.parent / RUN / "whole", corpus.parent / RUN / "files"), "they are the rows of the files"
