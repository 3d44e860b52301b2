"""Whole runs: a probe of a run at every level, few labels, pictures, predictions, an interrupted one, bad input."""

import csv
import json
import re
from pathlib import Path

import pytest
import torch

from rnnbench.results.record import read_result
from rnnbench.tasks.probe.model import StateProbe

DATA = "--data.source Files --data.source.path reviews"
UNTRAINED = f"fit --config probe/builtin {DATA} --model.backbone.hidden_size 10 --model.draws 2 --data.batch_size 8"


def probe_of(run, options=""):
    fixed = "--data.source.card none --model.pooling last --model.draws 2"
    return f"fit --config probe/sst2 {DATA} {fixed} --model.run {run} {options}"


def metrics(name, split="test"):
    found = read_result(Path(f"runs/probe/{name}/result.json")).metrics[split]
    return {key: metric.value for key, metric in found.items()}


@pytest.mark.parametrize(
    "level", ["byte", pytest.param("char", marks=pytest.mark.slow), pytest.param("english", marks=pytest.mark.slow)]
)
def test_a_run_of_any_level_is_probed(level, trained, rnnbench):
    run = trained(level)
    outcome = rnnbench(probe_of(run, "--name a"))
    assert outcome.status == 0, outcome.err
    assert re.search(r"\d+ of 10 units have a weight \(C = [\d.]+\); unit \d alone: \d", outcome.out)
    assert rnnbench("test --run runs/probe/a").status == 0
    found = metrics("a")
    # The last word says it, so its letters do, and the state after them.
    assert found["accuracy"] >= 0.9
    assert 0.5 <= found["unit_accuracy"] <= 1
    result = read_result(Path("runs/probe/a/result.json"))
    assert result.model == "probe of LSTM 1x10"
    assert result.cell == "LSTM"
    network = torch.load(f"{run}/checkpoints/best.ckpt", weights_only=True)["state_dict"]
    kept = torch.load("runs/probe/a/checkpoints/best.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(kept[f"network.{name}"], value) for name, value in network.items()), "nothing is trained"
    assert not kept["states"].numel(), "what was collected is not kept"
    with Path("runs/probe/a/labels.csv").open(encoding="utf-8") as file:
        rows = [(int(row["labels"]), float(row["accuracy"])) for row in csv.DictReader(file)]
    assert [count for count, _ in rows] == [10, 10, 30, 30, 80]
    assert rows[-1][1] == found["accuracy"]
    assert all(Path(f"runs/probe/a/{name}.png").stat().st_size > 5000 for name in ("unit", "labels"))

    Path("lines.txt").write_text("1 is good\n\n日 2 is bad\n", encoding="utf-8")
    plain = rnnbench("predict --run runs/probe/a lines.txt")
    answers = [line.split("\t") for line in plain.out.splitlines()]
    assert [answer[2] for answer in answers] == ["1 is good", "", "日 2 is bad"]
    assert answers[1][:2] == ["-", "-"]
    assert "lines.txt, line 2: no words in it, so no class" in plain.err
    shown = rnnbench("predict --run runs/probe/a lines.txt --color --html page.html")
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown.out) == plain.out
    assert "日" in Path("page.html").read_text(encoding="utf-8")
    line = rnnbench("predict --run runs/probe/a lines.txt --format json --color --unit 3").out.splitlines()[2]
    found = json.loads(line)
    assert (found["unit"], "".join(piece["text"] for piece in found["pieces"])) == (3, "日 2 is bad")
    assert float(found["pieces"][-1]["label"]) == pytest.approx(found["value"], abs=0.006)


@pytest.mark.slow
def test_mean_states_and_an_untrained_network(reviews, rnnbench):
    for pooling in ("last", "mean"):
        assert rnnbench(f"{UNTRAINED} --model.pooling {pooling} --name {pooling}").status == 0
        assert rnnbench(f"test --run runs/probe/{pooling}").status == 0
    models = [read_result(Path(f"runs/probe/{name}/result.json")) for name in ("last", "mean")]
    assert models[0].model == "probe of MultiplicativeLSTM 1x10, untrained"
    assert models[1].model == "probe of MultiplicativeLSTM 1x10, untrained, mean state"
    assert metrics("last") != metrics("mean")


class Stopped(BaseException):
    """Nothing in a training handles it."""


def test_what_was_read_before_a_kill_is_not_read_again(reviews, rnnbench, monkeypatch, same_weights):
    assert rnnbench(f"{UNTRAINED} --name whole").status == 0
    read, count_batch = [], StateProbe.count_batch

    def noted(self, batch):
        # Not where the largest batch is tried, on a copy.
        if self.trainer.lightning_module is self:
            if len(read) == most:
                raise Stopped
            read.extend(batch.ids.tolist())
        count_batch(self, batch)

    monkeypatch.setattr(StateProbe, "count_batch", noted)
    most = 40
    with pytest.raises(Stopped):
        rnnbench(f"{UNTRAINED} --name killed --checkpoint.every_minutes 1e-9")
    most = 80
    assert rnnbench("fit --resume runs/probe/killed").status == 0
    assert sorted(read) == list(range(80)), "each once"
    assert same_weights(Path("runs/probe/whole"), Path("runs/probe/killed"))


def says(outcome, *expected):
    assert outcome.status == 2, outcome.err
    assert len(outcome.err.splitlines()) <= 3
    for part in expected:
        assert part in outcome.err


def test_bad_input_is_one_message(reviews, rnnbench):
    gram = "--config text_generation/char_5gram --data.source Files --data.source.path text --name gram"
    assert rnnbench(f"fit {gram}").status == 0
    both = "--config sentiment/builtin --data.source.train 40 --data.source.held_out 20 --trainer.max_epochs 1"
    assert rnnbench(f"fit {both} --model.backbone.hidden_size 6 --name both").status == 0
    for run, message in (
        ("nowhere", "nowhere holds no checkpoint"),
        ("runs/text_generation/gram", "is a NGramLanguageModel: what it knows of a text is no state of a recurrent"),
        ("runs/sentiment/both", "RecurrentClassifier is no model of text generation"),
    ):
        says(rnnbench(probe_of(run, "--name none"), debug=False), message, "--model.run")
    bidirectional = f"{UNTRAINED} --model.backbone.bidirectional true --name none"
    says(rnnbench(bidirectional, debug=False), "a language model cannot read the text it predicts")
    rows = [json.loads(line) for line in Path("reviews/train.jsonl").read_text().splitlines()]
    for labels, message in (
        (["good"], "all texts of train have one label, 'good'"),
        (["good", "bad", "neither"], "a probe tells two classes apart, and the texts of train have 3"),
    ):
        changed = [json.dumps(row | {"label": labels[i % len(labels)]}) for i, row in enumerate(rows)]
        Path("reviews/train.jsonl").write_text("\n".join(changed) + "\n")
        says(rnnbench(f"{UNTRAINED} --name none", debug=False), message)
    assert rnnbench(f"{UNTRAINED} --data.classes '{{good: good, neither: good, bad: bad}}' --name merged").status == 0
    Path("line.txt").write_text("it is good\n")
    says(rnnbench("predict --run runs/probe/merged line.txt --unit 10", debug=False), "there is no unit 10", "0 to 9")


@pytest.mark.slow
def test_a_run_that_was_trained_anew_is_refused(trained, rnnbench):
    run = trained()
    assert rnnbench(probe_of(run, "--name a")).status == 0
    other = trained("byte", "--seed_everything 5 --runs others")
    assert other
    kept, anew = Path(f"{run}/checkpoints/best.ckpt"), Path("others/text_generation/byte/checkpoints/best.ckpt")
    kept.write_bytes(anew.read_bytes())
    says(rnnbench("test --run runs/probe/a", debug=False), "was trained anew since this run was made of it")
