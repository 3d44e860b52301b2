"""Launchers: which process is the first, and jobs that SLURM starts again."""

import os
import shlex
import signal
import sys

import pytest

from rnnbench.platform.launched import is_first_process
from rnnbench.platform.random_state import RandomState
from rnnbench.results.record import read_result


@pytest.mark.parametrize(
    ("environment", "first"),
    [
        ({}, True),
        ({"NODE_RANK": "0"}, True),
        ({"NODE_RANK": "1"}, False),
        ({"NODE_RANK": "0", "LOCAL_RANK": "1"}, False),
        ({"RANK": "0", "LOCAL_RANK": "0", "GROUP_RANK": "0"}, True),
        ({"RANK": "2", "LOCAL_RANK": "0", "GROUP_RANK": "1"}, False),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, True),
        ({"SLURM_PROCID": "3", "SLURM_NTASKS": "4"}, False),
    ],
)
def test_one_process_of_all_machines_is_the_first(monkeypatch, environment, first):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_first_process() == first


@pytest.fixture
def in_job(monkeypatch, tmp_path, rnnbench):
    """Runs a command as SLURM job 4711, which was started again so often."""
    log = tmp_path / "scontrol.log"
    tool = tmp_path / "bin" / "scontrol"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "4711")

    def run(words, restarts):
        monkeypatch.setenv("SLURM_RESTART_COUNT", str(restarts))
        monkeypatch.setattr(sys, "argv", ["rnnbench", *shlex.split(words)])
        return rnnbench(words, debug=True)

    run.log = log
    return run


@pytest.mark.parametrize("name", ["--name mine", pytest.param("", marks=pytest.mark.slow)])
def test_a_job_that_is_started_again_goes_on_with_its_run(in_job, small, tmp_path, monkeypatch, name, same_weights):
    words = f"fit {small} --trainer.max_epochs 3"
    assert in_job(f"{words} --name whole", 0).status == 0
    noted = RandomState.on_train_batch_start

    def warned(self, trainer, *rest):
        if trainer.global_step == 7 and "whole" not in trainer.default_root_dir:
            os.kill(os.getpid(), signal.SIGUSR1)
        noted(self, trainer, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(RandomState, "on_train_batch_start", warned)
        stopped = in_job(f"{words} {name}", 0)
    assert stopped.status == 130
    assert in_job.log.read_text() == "requeue 4711\n"
    run = tmp_path / "runs/text_generation" / ("mine" if name else "char_lstm-4711-1")
    assert read_result(run / "result.json").training.steps == 7
    assert in_job(f"fit {small} --trainer.max_epochs 1 --name another", 1).status == 0

    assert in_job(f"{words} {name}", 1).status == 0
    assert read_result(run / "result.json").status == "finished"
    assert same_weights(run, tmp_path / "runs/text_generation/whole")
    assert len(list((tmp_path / "runs/text_generation").iterdir())) == 3


@pytest.mark.slow
def test_a_job_of_several_runs_goes_on_with_each(in_job, small, tmp_path):
    of_seed = [f"fit {small} --trainer.max_epochs 1 --seed_everything {seed}" for seed in (1, 2)]
    for words in of_seed:
        assert in_job(words, 0).status == 0
    runs = tmp_path / "runs/text_generation"
    results = [runs / f"char_lstm-4711-{number}" / "result.json" for number in (1, 2)]
    finished = [read_result(path).finished for path in results]
    said = in_job(of_seed[1], 1)
    assert "run: runs/text_generation/char_lstm-4711-2" in said.out
    assert "nothing is left to train" in said.out
    assert sorted(run.name for run in runs.iterdir()) == ["char_lstm-4711-1", "char_lstm-4711-2"]
    assert read_result(results[0]).finished == finished[0]


def test_a_job_that_was_not_started_again_keeps_to_the_rules(in_job, small):
    assert in_job(f"fit {small} --trainer.max_epochs 1 --name mine", 0).status == 0
    with pytest.raises(Exception, match="a run of this name exists"):
        in_job(f"fit {small} --trainer.max_epochs 1 --name mine", 0)
