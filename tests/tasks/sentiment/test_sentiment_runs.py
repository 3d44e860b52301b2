"""Whole runs of the application: fit, test, resume, predict; nothing depends on batches or processes."""

import pytest
import torch

from rnnbench.examples import read_examples
from rnnbench.results.record import read_result
from rnnbench.tasks.sentiment import RecurrentClassifier

RUN = "runs/sentiment"


def weights(path):
    return torch.load(path, weights_only=True)["state_dict"]


def test_fit_test_predict(rnnbench, small, corpus, tmp_path):
    rnnbench(f"fit {small} --trainer.max_epochs 2 --name first")
    run = tmp_path / RUN / "first"
    result = read_result(run / "result.json")
    assert (result.status, result.application, result.cell) == ("finished", "sentiment", "LSTM")
    assert result.model == "BiLSTM 1x8, max"
    assert result.data.dataset == "reviews"
    assert result.data.details["classes"] == "negative, positive"
    texts = [line.split('"')[3] for line in (corpus / "train.jsonl").read_text().splitlines()]
    assert result.training.tokens == 2 * sum(len(text.split()) for text in texts)
    assert result.training.flops == 3 * result.training.tokens * 2 * (2 * 4 * 8 * (6 + 8))

    tested = rnnbench(f"test --run {RUN}/first")
    assert "test: 1 samples kept, no words in it: 22" in tested.out
    metrics = read_result(run / "result.json").metrics["test"]
    assert metrics.keys() == {"accuracy", "macro_f1", "cross_entropy"}
    assert metrics["accuracy"].signature == "accuracy|texts:23|classes:2"
    rows = (corpus / "test.jsonl").read_text().splitlines()
    assert metrics["accuracy"].value == one_by_one(run, rows)
    examples = read_examples(run / "examples.json")
    assert [wanted.pieces[0].text for _, wanted, _ in examples] == ["negative", "positive"] * 3
    pieces = [piece for text, *_ in examples for piece in text.pieces if piece.label]
    assert {piece.label.split()[0] for piece in pieces} <= {"negative", "positive"}

    (tmp_path / "lines.txt").write_text("the plot is not dull .\nthe cast is cold .\n")
    predicted = rnnbench(f"predict --run {RUN}/first lines.txt")
    for line, text in zip(predicted.out.splitlines(), ["the plot is not dull .", "the cast is cold ."], strict=True):
        label, probability, shown = line.split("\t")
        assert label in ("negative", "positive")
        assert 0.5 <= float(probability) <= 1
        assert shown == text


def one_by_one(run, rows):
    """Accuracy by the definition: each text alone, without padding."""
    model = RecurrentClassifier.load_from_checkpoint(run / "checkpoints/best.ckpt", weights_only=True).eval()
    right = 0
    for row in rows:
        text, label = row.split('"')[3], row.split('"')[7]
        ids = model.encode(text)
        lengths = torch.tensor([len(ids)])
        with torch.no_grad():
            scores = model(ids[None] if len(ids) else torch.zeros(1, 1, dtype=torch.int64), lengths)
        right += model.labels.names[int(scores.argmax())] == label
    return right / len(rows)


@pytest.mark.slow
def test_a_killed_run_ends_with_the_same_bits(rnnbench, small, killed_after, same_weights, tmp_path):
    """In the middle of an epoch, with all kinds of dropout."""
    dropout = "--model.dropout 0.3 --model.embedding.dropout 0.2 --model.embedding.word_dropout 0.1"
    options = f"fit {small} {dropout} --trainer.max_epochs 2 --checkpoint.every_n_steps 1"
    rnnbench(f"{options} --name whole")

    with killed_after(11):
        rnnbench(f"{options} --name killed")
    rnnbench(f"fit --resume {RUN}/killed")
    assert same_weights(tmp_path / RUN / "whole", tmp_path / RUN / "killed")
    whole, killed = (read_result(tmp_path / RUN / f"{run}/result.json") for run in ("whole", "killed"))
    assert whole.metrics == killed.metrics
    assert whole.training.tokens == killed.training.tokens


def test_batches_change_only_rounding(rnnbench, small, tmp_path):
    rnnbench(f"fit {small} --trainer.max_epochs 1 --name a")
    found = []
    for options in ("--data.batch_size 1", "--data.batch_size 23"):
        rnnbench(f"test --run {RUN}/a {options}")
        metrics = read_result(tmp_path / RUN / "a/result.json").metrics["test"]
        found.append([metrics[name].value for name in ("accuracy", "macro_f1", "cross_entropy")])
    assert found[0] == pytest.approx(found[1], rel=1e-6)


@pytest.mark.slow
def test_two_processes_measure_as_one(rnnbench, on_two_processes, small, tmp_path):
    rnnbench(f"fit {small} --trainer.max_epochs 1 --name a")
    result = tmp_path / RUN / "a/result.json"
    on_two_processes(f"test --run {RUN}/a")
    by_two = read_result(result).metrics["test"]
    rnnbench(f"test --run {RUN}/a")
    assert read_result(result).metrics["test"] == by_two


def test_another_cell_is_one_option(rnnbench, small, tmp_path):
    rnnbench(
        f"fit {small} --model.backbone.cell PeepholeLSTM --model.pooling attention --trainer.max_epochs 1 --name c"
    )
    assert read_result(tmp_path / RUN / "c/result.json").model == "BiPeepholeLSTM 1x8, attention"
