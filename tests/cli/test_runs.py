"""Whole runs through the command line: fit, test, resume, predict, and what a run folder holds."""

import csv
import itertools
import json
import math
import os

import pytest
import torch
import yaml

from rnnbench.examples import read_examples
from rnnbench.platform.checkpoint import RunCheckpoint
from rnnbench.results.record import read_result


def weights(path):
    return torch.load(path, weights_only=True)["state_dict"]


def test_fit_test_predict(rnnbench, small, tmp_path):
    done = rnnbench(f"fit {small} --trainer.max_epochs 2 --name first", debug=True)
    assert done.status == 0
    run = tmp_path / "runs" / "text_generation" / "first"
    assert "run: runs/text_generation/first" in done.out
    files = ["checkpoints", "config.yaml", "metrics.csv", "request.json", "result.json"]
    assert sorted(path.name for path in run.iterdir() if path.name != ".lock") == files
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["best.ckpt", "last.ckpt"]

    result = read_result(run / "result.json")
    assert (result.status, result.application, result.cell) == ("finished", "text_generation", "LSTM")
    assert result.model == "LSTM 1x8"
    assert result.training.epochs == 2
    assert result.training.tokens == 2 * 4 * (len((tmp_path / "corpus/train.txt").read_text()) // 4)
    assert result.training.flops > result.training.tokens
    assert result.parameters == sum(value.numel() for value in weights(run / "checkpoints/last.ckpt").values())
    assert "test" not in result.metrics
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["model"]["init_args"]["backbone"]["init_args"]["hidden_size"] == 8
    with (run / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    clock = [float(row["seconds"]) for row in rows]
    assert 0 < clock[0] <= clock[-1] <= result.training.wall_seconds
    assert clock == sorted(clock)
    assert [row["step"] for row in rows if row["validation/perplexity"]] == [
        str(result.training.steps // 2), str(result.training.steps)
    ]  # fmt: skip

    tested = rnnbench("test --run runs/text_generation/first", debug=True)
    assert tested.status == 0
    metrics = read_result(run / "result.json").metrics["test"]
    text = (tmp_path / "corpus/test.txt").read_text()
    assert f"tokens:{len(text)}|unknown:0|strips:1" in metrics["perplexity"].signature
    assert math.exp(metrics["nats_per_token"].value) == pytest.approx(metrics["perplexity"].value)
    assert metrics["perplexity"].value == pytest.approx(by_stepping(run, text), rel=1e-5)
    cool, warm = read_examples(run / "examples.json")
    assert (cool[0].name, warm[0].name) == ("temperature 0.5", "temperature 1")
    assert len(warm[0].pieces[0].text) >= 300

    written = rnnbench("predict --run runs/text_generation/first --prompt 'the ' --length 20")
    again = rnnbench("predict --run runs/text_generation/first --prompt 'the ' --length 20 --output out.txt")
    assert written.out.startswith("the ")
    assert len(written.out) >= 4 + 20 + 1
    assert "<unk>" not in written.out
    assert again.out == ""
    assert (tmp_path / "out.txt").read_text() == written.out


def by_stepping(run, text):
    """Perplexity by the definition: one step after the other through the reference step of the cell."""
    from rnnbench.tasks.text_generation import LanguageModel

    model = LanguageModel.load_from_checkpoint(run / "checkpoints/best.ckpt", weights_only=True).eval()
    tokens = [model.tokenizer.end, *model.tokenizer.encode(text).tolist()]
    state, nats = model.initial_state(1), 0.0
    with torch.no_grad():
        for before, after in itertools.pairwise(tokens):
            scores, state = model.step(torch.tensor([before]), state)
            nats -= scores.double().log_softmax(-1)[0, after].item()
    return math.exp(nats / len(text))


@pytest.mark.parametrize(
    "stop_at",
    [
        pytest.param(1, marks=pytest.mark.slow),
        4,
        pytest.param(5, marks=pytest.mark.slow),
        pytest.param(9, marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_ends_with_the_same_bits(rnnbench, small, killed_after, same_weights, tmp_path, stop_at):
    """In the middle of an epoch and at its border; what a kill leaves is the last complete checkpoint."""
    options = f"fit {small} --model.dropout 0.3 --trainer.max_epochs 3 --checkpoint.every_n_steps 1"
    assert rnnbench(f"{options} --name whole", debug=True).status == 0

    with killed_after(stop_at):
        rnnbench(f"{options} --name killed", debug=True)
    assert rnnbench("fit --resume runs/text_generation/killed", debug=True).status == 0
    runs = tmp_path / "runs/text_generation"
    assert same_weights(runs / "whole", runs / "killed")
    whole, resumed = read_result(runs / "whole/result.json"), read_result(runs / "killed/result.json")
    assert whole.metrics == resumed.metrics
    assert whole.training.tokens == resumed.training.tokens
    assert curves(runs / "whole") == curves(runs / "killed")


def curves(run):
    with (run / "metrics.csv").open() as file:
        return [{k: v for k, v in row.items() if "second" not in k} for row in csv.DictReader(file)]


def test_a_run_that_ends_before_its_first_validation_says_so(rnnbench, small):
    done = rnnbench(f"fit {small} --trainer.max_steps 2")
    assert done.status == 0
    assert "stopped at step 2, before any validation" in done.out
    assert "before any validation" not in rnnbench(f"fit {small} --trainer.max_epochs 1").out


@pytest.mark.slow
def test_resume_of_a_finished_run_can_train_longer(rnnbench, small, tmp_path):
    options = f"fit {small} --model.dropout 0.3"
    assert rnnbench(f"{options} --trainer.max_epochs 4 --name four", debug=True).status == 0
    assert rnnbench(f"{options} --trainer.max_epochs 2 --name two", debug=True).status == 0
    assert rnnbench("fit --resume runs/text_generation/two --trainer.max_epochs 4", debug=True).status == 0
    runs = tmp_path / "runs/text_generation"
    a, b = weights(runs / "four/checkpoints/last.ckpt"), weights(runs / "two/checkpoints/last.ckpt")
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert read_result(runs / "two/result.json").training.epochs == 4


def test_killed_before_the_first_checkpoint_it_starts_over(rnnbench, small, killed, same_weights, tmp_path):
    """In the middle of an epoch; what an earlier epoch has written is written again."""
    assert rnnbench(f"fit {small} --trainer.max_epochs 2 --name whole", debug=True).status == 0
    with killed(7):
        rnnbench(f"fit {small} --trainer.max_epochs 2 --name a", debug=True)
    run = tmp_path / "runs/text_generation/a"
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["best.ckpt"]
    resumed = rnnbench("fit --resume runs/text_generation/a", debug=True)
    assert resumed.status == 0
    assert "there is no checkpoint to go on from: the training begins anew" in resumed.out
    assert same_weights(tmp_path / "runs/text_generation/whole", run)
    whole = read_result(tmp_path / "runs/text_generation/whole/result.json")
    assert read_result(run / "result.json").metrics == whole.metrics


def test_control_c_saves_and_resumes(rnnbench, small, monkeypatch, tmp_path):
    decide = RunCheckpoint._decide

    def interrupt(self, trainer, batch_idx):
        if trainer.global_step == 3:
            os.kill(os.getpid(), 2)
        return decide(self, trainer, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(RunCheckpoint, "_decide", interrupt)
        stopped = rnnbench(f"fit {small} --trainer.max_epochs 2 --name c", debug=True)
    assert stopped.status == 130
    run = tmp_path / "runs/text_generation/c"
    assert read_result(run / "result.json").status == "interrupted"
    assert rnnbench("fit --resume runs/text_generation/c", debug=True).status == 0
    assert rnnbench(f"fit {small} --trainer.max_epochs 2 --name whole", debug=True).status == 0
    a = weights(run / "checkpoints/last.ckpt")
    b = weights(tmp_path / "runs/text_generation/whole/checkpoints/last.ckpt")
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_a_gradient_that_is_no_number_stops_the_run_before_the_step(rnnbench, small, tmp_path, monkeypatch):
    from rnnbench.tasks.text_generation import LanguageModel

    honest = LanguageModel.training_step

    def poisoned(self, batch, batch_idx):
        loss = honest(self, batch, batch_idx)
        return loss * float("nan") if self.global_step == 3 else loss

    with monkeypatch.context() as patch:
        patch.setattr(LanguageModel, "training_step", poisoned)
        stopped = rnnbench(f"fit {small} --trainer.max_epochs 2 --name n")
    assert stopped.status == 2
    assert "the gradient is not a number at step 3, batch 3 of epoch 0; the step was not taken" in stopped.err
    run = tmp_path / "runs/text_generation/n"
    assert read_result(run / "result.json").status == "failed"
    kept = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    assert kept["global_step"] == 3
    assert all(torch.isfinite(value).all() for value in kept["state_dict"].values())
    # What was kept is whole: from it the run ends as if nothing had happened.
    assert rnnbench("fit --resume runs/text_generation/n", debug=True).status == 0
    assert rnnbench(f"fit {small} --trainer.max_epochs 2 --name whole", debug=True).status == 0
    a = weights(run / "checkpoints/last.ckpt")
    b = weights(tmp_path / "runs/text_generation/whole/checkpoints/last.ckpt")
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_an_exploding_gradient_stops_the_run(rnnbench, small):
    stopped = rnnbench(f"fit {small} --divergence.max_gradient_norm 1e-3")
    assert stopped.status == 2
    assert "the gradient has norm" in stopped.err
    assert "step 0" in stopped.err


@pytest.mark.slow
def test_counting_model_through_the_same_verbs(rnnbench, corpus, tmp_path):
    options = f"--config text_generation/char_5gram --data.source Files --data.source.path {corpus} --name five"
    assert rnnbench(f"fit {options}", debug=True).status == 0
    assert rnnbench("test --run runs/text_generation/five", debug=True).status == 0
    result = read_result(tmp_path / "runs/text_generation/five/result.json")
    assert result.baseline
    assert result.model == "Kneser-Ney 5-gram"
    assert result.training.flops is None
    assert 1 < result.metrics["test"]["perplexity"].value < 10
    written = rnnbench("predict --run runs/text_generation/five --prompt 'the ' --length 30", debug=True)
    assert written.out.startswith("the ")


@pytest.mark.parametrize("order", [0, 1])
def test_uniform_and_unigram(rnnbench, corpus, tmp_path, order):
    preset = ["char_uniform", "char_unigram"][order]
    options = f"--config text_generation/{preset} --data.source Files --data.source.path {corpus} --name r"
    assert rnnbench(f"fit {options}", debug=True).status == 0
    assert rnnbench("test --run runs/text_generation/r", debug=True).status == 0
    result = read_result(tmp_path / "runs/text_generation/r/result.json")
    vocabulary = len(set((corpus / "train.txt").read_text())) + 2
    assert result.data.details["vocabulary"] == vocabulary
    perplexity = result.metrics["test"]["perplexity"].value
    if order == 0:
        assert perplexity == pytest.approx(vocabulary)
    else:
        assert perplexity < vocabulary


def test_an_ngram_model_refuses_to_be_cut(rnnbench, corpus):
    options = f"--config text_generation/char_5gram --data.source Files --data.source.path {corpus}"
    refused = rnnbench(f"fit {options} --data.batch_size 4")
    assert refused.status == 2
    assert "one strip and one window" in refused.err


def test_feed_forward_model(rnnbench, corpus, tmp_path):
    options = (
        f"--config text_generation/char_feedforward --data.source Files --data.source.path {corpus}"
        " --data.batch_size 4 --trainer.max_epochs 1 --name ff --model.hidden_size 8"
    )
    assert rnnbench(f"fit {options}", debug=True).status == 0
    assert rnnbench("test --run runs/text_generation/ff", debug=True).status == 0
    assert read_result(tmp_path / "runs/text_generation/ff/result.json").cell is None
    assert len(rnnbench("predict --run runs/text_generation/ff --length 9", debug=True).out) >= 10


def test_result_is_the_same_twice(rnnbench, small, tmp_path):
    for name in ("a", "b"):
        assert rnnbench(f"fit {small} --model.dropout 0.5 --trainer.max_epochs 1 --name {name}", debug=True).status == 0
    runs = tmp_path / "runs/text_generation"
    a, b = weights(runs / "a/checkpoints/last.ckpt"), weights(runs / "b/checkpoints/last.ckpt")
    assert all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting", ["evaluation_length 7", pytest.param("evaluation_length 10000", marks=pytest.mark.slow)]
)
def test_windows_change_no_metric(rnnbench, small, tmp_path, setting):
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    values = []
    for options in ("", f"--data.{setting}"):
        assert rnnbench(f"test --run runs/text_generation/a {options}", debug=True).status == 0
        values.append(read_result(tmp_path / "runs/text_generation/a/result.json").metrics["test"]["perplexity"].value)
    assert values[0] == pytest.approx(values[1], rel=1e-6)


def test_result_json_is_strict(rnnbench, small, tmp_path):
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    content = json.loads((tmp_path / "runs/text_generation/a/result.json").read_text())
    assert content["schema_version"] == 5
    assert {"python", "torch", "lightning", "rnnbench"} <= content["versions"].keys()
    assert content["training"]["peak_memory_bytes"] > 0
    assert content["seed"] == 1


def test_the_record_holds_the_validation_of_the_best_checkpoint(rnnbench, small, tmp_path):
    wild = "--trainer.max_epochs 4 --model.optimizer.lr 0.1 --model.scheduler.gamma 10 --name wild"
    assert rnnbench(f"fit {small} {wild}", debug=True).status == 0
    run = tmp_path / "runs/text_generation/wild"
    found = [float(row["validation/perplexity"]) for row in curves(run) if row["validation/perplexity"]]
    assert len(found) == 4
    assert found[-1] > min(found), "a rate that makes the last epoch the best shows nothing here"
    recorded = read_result(run / "result.json").metrics["validation"]["perplexity"].value
    assert recorded == pytest.approx(min(found))
    # The best checkpoint is the one that is validated later.
    assert rnnbench(f"validate --run {run}", debug=True).status == 0
    assert read_result(run / "result.json").metrics["validation"]["perplexity"].value == pytest.approx(recorded)


@pytest.mark.slow
def test_every_test_is_noted_with_the_state_that_it_tested(rnnbench, small, tmp_path):
    assert (
        rnnbench(f"fit {small} --trainer.max_epochs 1 --trainer.limit_train_batches 2 --name a", debug=True).status == 0
    )
    for options in ("", "--ckpt_path runs/text_generation/a/checkpoints/last.ckpt"):
        assert rnnbench(f"test --run runs/text_generation/a {options}", debug=True).status == 0
    result = read_result(tmp_path / "runs/text_generation/a/result.json")
    assert [test.checkpoint for test in result.tests] == ["selected", "last.ckpt"]
    assert result.checkpoint == "last.ckpt"
    assert result.tests[1].values["perplexity"] == result.value("test", "perplexity")
    assert result.budget == "epochs:1|train_batches:2"
    assert (result.precision, result.decoding) == ("32-true", None)
