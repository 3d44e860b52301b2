"""Whole runs of the application: fit, test, predict."""

import pytest
import torch

from rnnbench.examples import read_examples
from rnnbench.results.record import read_result
from rnnbench.tasks.sentiment import RecurrentClassifier

RUN = "runs/sentiment"


def weights(path):
    return torch.load(path, weights_only=True)["state_dict"]


@pytest.mark.slow
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
