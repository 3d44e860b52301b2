"""Runs of question answering: what stands in the run folder afterwards."""

import csv
import re

import pytest

from rnnbench.cli import main

SMALL = ["--data.source.train", "300", "--data.source.held_out", "60", "--trainer.max_epochs", "4"]


def scores(path):
    """The error of each task in a table."""
    with path.open() as file:
        return {row["task"]: float(row["error"]) for row in csv.DictReader(file)}


def test_scores_of_each_task_of_both_splits(tmp_path, monkeypatch, capsys):
    """Of validation, too: tasks of several runs are chosen by it, not by the test."""
    monkeypatch.chdir(tmp_path)
    assert main(["fit", "--config", "question_answering/builtin", "--name", "a", *SMALL]) == 0
    run = tmp_path / "runs/question_answering/a"
    assert not list(run.glob("*by_task.csv"))
    capsys.readouterr()
    assert main(["validate", "--run", str(run)]) == 0
    said = float(re.search(r"validation/mean_error\W+([\d.]+)", capsys.readouterr().out)[1])
    found = scores(run / "validation_by_task.csv")
    assert sum(found.values()) / len(found) == pytest.approx(said, abs=1e-4)
    assert len(set(found.values())) > 1
    assert not (run / "by_task.csv").exists()
    assert main(["test", "--run", str(run)]) == 0
    assert scores(run / "by_task.csv").keys() == found.keys()
