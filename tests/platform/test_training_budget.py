"""A training ends with the first batch that reaches its budget, and is validated there."""

import csv
from pathlib import Path

import pytest
from jsonargparse import Namespace

from rnnbench.cli import main
from rnnbench.platform.settings import settings_hash
from rnnbench.results.record import read_result

SMALL = (
    "--config text_generation/char_lstm --data.source Files --data.source.path corpus --data.batch_size 4"
    " --data.sequence_length 50 --model.backbone.hidden_size 8 --model.embedding_size 4 --debug"
)


@pytest.fixture
def run(tmp_path):
    (tmp_path / "corpus").mkdir()
    for split in ("train", "validation", "test"):
        (tmp_path / "corpus" / f"{split}.txt").write_text("to be or not to be\n" * 100)

    def fit(options: str):
        name = f"r{len(list((tmp_path / 'runs').rglob('result.json')))}"
        assert main(f"fit {SMALL} {options} --name {name}".split()) == 0
        folder = tmp_path / "runs/text_generation" / name
        with (folder / "metrics.csv").open() as file:
            validated = [int(row["step"]) for row in csv.DictReader(file) if row["validation/perplexity"]]
        return read_result(folder / "result.json"), validated, folder

    return fit


def test_a_share_of_an_epoch(run):
    whole, _, _ = run("--trainer.max_epochs 1")
    assert (whole.training.steps, whole.budget) == (10, "epochs:1")
    part, validated, folder = run("--trainer.max_epochs 1 --budget.epochs 0.25")
    assert (part.training.steps, part.training.epochs, part.budget) == (3, 0.3, "epochs:0.25")
    assert validated == [3]
    assert (folder / "checkpoints/best.ckpt").is_file()
    more, validated, _ = run("--trainer.max_epochs 2 --budget.epochs 1.5")
    assert (more.training.steps, validated) == (15, [10, 15])


def test_what_tuning_has_cost_is_part_of_the_budget_and_ends_nothing(run):
    tuned, _, _ = run("--trainer.max_epochs 1 --budget.tuning 0.5")
    assert (tuned.training.steps, tuned.budget) == (10, "epochs:1|tuning:0.5")


def test_operations(run):
    whole, _, _ = run("--trainer.max_epochs 1")
    each = whole.training.flops / 10
    part, validated, _ = run(f"--trainer.max_epochs -1 --budget.flops {11.5 * each}")
    assert 11.5 * each <= part.training.flops <= 12.5 * each
    assert validated[-1] == part.training.steps
    assert part.budget == f"flops:{11.5 * each:g}"


def test_no_budget_changes_no_hash():
    """Runs of before there were budgets stay in one row with those of after."""
    before = settings_hash(Namespace(trainer=Namespace(max_epochs=2)))
    assert (
        settings_hash(Namespace(trainer=Namespace(max_epochs=2), budget=Namespace(epochs=None, flops=None))) == before
    )
    assert settings_hash(Namespace(trainer=Namespace(max_epochs=2), budget=Namespace(epochs=1.0, flops=None))) != before


def test_resumed_in_the_middle_it_spends_no_more(run, monkeypatch):
    from rnnbench.platform.checkpoint import RunCheckpoint

    budget = "--trainer.max_epochs -1 --checkpoint.every_n_steps 1 --budget.flops"
    whole, _, _ = run("--trainer.max_epochs 1")
    limit = 1.35 * whole.training.flops
    straight, _, _ = run(f"{budget} {limit}")

    class Killed(BaseException):
        pass

    save = RunCheckpoint._save_last

    def save_and_die(self, trainer):
        save(self, trainer)
        if trainer.global_step == 7:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(RunCheckpoint, "_save_last", save_and_die)
        with pytest.raises(Killed):
            run(f"{budget} {limit}")
    assert main(["fit", "--resume", "runs/text_generation/r2", "--debug"]) == 0
    resumed = read_result(Path("runs/text_generation/r2/result.json"))
    assert resumed.training.steps == straight.training.steps
    assert resumed.metrics == straight.metrics


@pytest.mark.parametrize("option", ["epochs", "flops"])
def test_a_budget_of_nothing_is_an_error(option, capsys):
    assert main(f"fit {SMALL.replace(' --debug', '')} --budget.{option} 0".split()) == 2
    assert f"--budget.{option}" in capsys.readouterr().err
