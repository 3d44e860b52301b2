"""Samples of different lengths through whole runs: resumed, on two processes, with workers."""

import importlib
import sys

import pytest
import torch

from rnnbench.data.batches.bucket import Budget, TrainingBatches
from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results.record import read_result


def weights(path):
    return torch.load(path, weights_only=True)["state_dict"]


def same(one, two):
    a, b = weights(one), weights(two)
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def trained():
    """Epoch and samples of each batch that was trained since the last time."""
    log = sys.modules["length_task"].LOG
    batches = list(log)
    log.clear()
    return batches


@pytest.mark.parametrize(
    "stop_at", [pytest.param(1, marks=pytest.mark.slow), 13, pytest.param(25, marks=pytest.mark.slow)]
)
def test_a_killed_run_goes_on_with_the_next_batch(own_task, tmp_path, killed_after, same_weights, stop_at):
    options = "fit {own} --trainer.max_epochs 3 --checkpoint.every_n_steps 1"
    own_task(f"{options} --name whole")
    whole = trained()
    epochs = [[batch for epoch, batch in whole if epoch == number] for number in range(3)]
    assert all(sorted(i for batch in epoch for i in batch) == list(range(211)) for epoch in epochs)
    assert len({len(epoch) for epoch in epochs}) == 1
    assert epochs[0] != epochs[1]

    with killed_after(stop_at):
        own_task(f"{options} --name killed")
    before = trained()
    own_task("fit --resume runs/sentiment/killed --data.num_workers 1")
    assert before + trained() == whole
    runs = tmp_path / "runs/sentiment"
    assert same_weights(runs / "whole", runs / "killed")
    assert read_result(runs / "whole/result.json").metrics == read_result(runs / "killed/result.json").metrics


@pytest.mark.slow
def test_two_processes_measure_as_one(own_task, on_two_processes, tmp_path):
    own_task("fit {own} --trainer.max_epochs 1 --name one")
    run = tmp_path / "runs/sentiment/one"
    own_task(f"test --run {run}")
    one = read_result(run / "result.json").metrics["test"]
    assert one["loss"].signature == "loss|sequences:59"
    on_two_processes(f"test --run {run}")
    assert read_result(run / "result.json").metrics["test"] == one


@pytest.mark.slow
def test_two_processes_train_as_many_steps(on_two_processes, own_task, tmp_path):
    own = "--model length_task.LengthModel --data length_task.LengthData"
    said = on_two_processes(f"fit {own} --trainer.max_epochs 2 --name pair")
    result = read_result(tmp_path / "runs/sentiment/pair/result.json")
    assert result.processes == 2
    assert result.metrics["validation"]["loss"].signature == "loss|sequences:101"
    assert said.count("the largest batch fits") == 1
    lengths = importlib.import_module("length_task").Sequences("train", 211).lengths
    assert result.training.tokens == 2 * sum(lengths), "every sample once in every epoch"


def test_a_run_of_two_processes_goes_on_in_one(own_task, tmp_path, monkeypatch, killed_after):
    """The first of the two trains here; what the other did follows from the batches."""
    with monkeypatch.context() as patch, killed_after(11):
        patch.setattr("rnnbench.tasks.base.TaskData.rank", lambda self: (0, 2))
        own_task("fit {own} --trainer.max_epochs 3 --checkpoint.every_n_steps 1 --name moved")
    before = trained()
    lengths = sys.modules["length_task"].Sequences("train", 211).lengths
    steps = [TrainingBatches(lengths, Budget(200), seed=1).steps(epoch, 2) for epoch in range(2)]
    assert len(steps[0]) < 11 < 2 * len(steps[0]), "it stopped within the second epoch"
    assert [ids for _, ids in before] == [tuple(step[0]) for step in (steps[0] + steps[1])[:11]]

    own_task("fit --resume runs/sentiment/moved")
    after = trained()
    both = [int(i) for step in steps[1][: 11 - len(steps[0])] for batch in step for i in batch]
    assert sorted(both + [i for epoch, ids in after if epoch == 1 for i in ids]) == list(range(211))
    assert sorted(i for epoch, ids in after if epoch == 2 for i in ids) == list(range(211))
    assert {epoch for epoch, _ in after} == {1, 2}
    result = read_result(tmp_path / "runs/sentiment/moved/result.json")
    assert (result.status, result.training.epochs) == ("finished", 3)


@pytest.mark.slow
def test_two_processes_that_become_one_train_every_token_once(on_two_processes, own_task, tmp_path):
    own = "--model length_task.LengthModel --data length_task.LengthData"
    on_two_processes(f"fit {own} --trainer.max_epochs 2 --trainer.max_steps 7 --name moved")
    own_task("fit --resume runs/sentiment/moved --trainer.max_steps -1 --trainer.strategy auto --trainer.devices 1")
    result = read_result(tmp_path / "runs/sentiment/moved/result.json")
    lengths = importlib.import_module("length_task").Sequences("train", 211).lengths
    assert (result.processes, result.training.tokens) == (1, 2 * sum(lengths))


def test_another_batch_size_changes_only_rounding(own_task, tmp_path):
    own_task("fit {own} --trainer.max_epochs 1 --name one")
    values = []
    for max_tokens in (20, 133, 900):
        own_task(f"test --run runs/sentiment/one --data.max_tokens {max_tokens}")
        values.append(read_result(tmp_path / "runs/sentiment/one/result.json").metrics["test"]["loss"].value)
    assert values == pytest.approx([values[0]] * 3, rel=1e-6)


def test_sequences_over_the_limit_are_told_and_listed(own_task, tmp_path, capsys):
    own_task("fit {own} --trainer.max_epochs 1 --data.max_length 18 --name short")
    said = capsys.readouterr().out
    assert "train: 13 of 211 samples dropped, longer than 18: 4, 21, 38, 55, 72, ..." in said
    assert "all of them: runs/sentiment/short/left_out.tsv" in said
    run = RunFolder(tmp_path / "runs/sentiment/short")
    assert len(run.left_out.read_text().splitlines()) == 1 + 13
    assert len({i for _, batch in trained() for i in batch}) == 211 - 13
    own_task("test --run runs/sentiment/short")
    assert len(run.left_out.read_text().splitlines()) == 1 + 13


def test_a_run_that_fails_at_once_leaves_no_list_behind(own_task, tmp_path, capsys):
    with pytest.raises(UserError):
        own_task("fit {own} --trainer.max_epochs 1 --data.max_length 18 --model.memory 150 --name big")
    assert not (tmp_path / "runs/sentiment/big").exists()
    said = capsys.readouterr().out
    assert "dropped, longer than 18" in said
    assert "runs/sentiment/big" not in said, "neither the run nor its list is named"


def test_a_run_that_is_not_taken_over_gets_no_new_list(own_task, tmp_path, monkeypatch):
    own_task("fit {own} --trainer.max_epochs 1 --data.max_length 18 --name mine")
    run = RunFolder(tmp_path / "runs/sentiment/mine")
    run.left_out.unlink()
    import length_task

    monkeypatch.setattr(length_task.LengthData, "fingerprint", "other data")
    with pytest.raises(UserError, match="the data have changed"):
        own_task("fit --resume runs/sentiment/mine --trainer.max_epochs 2")
    assert not run.left_out.exists()
