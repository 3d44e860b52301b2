"""Published rows as runs, and the verbs around a study."""

import argparse
import subprocess
import sys

import pytest
from a_study import ONE

from rnnbench.cli import main, reproduce
from rnnbench.results.committed import Row

ROW = Row(
    table="ptb",
    name="LSTM 2x200, small",
    config="text_generation/ptb_small",
    command="rnnbench fit --config text_generation/ptb_small --seed_everything 3 --name old --runs=a --model.dropout 0",
    dataset="ptb",
    fingerprint="aaaa",
    metric="perplexity",
    signature="perplexity|tokens:9",
    test=114.0,
    published=115.0,
    published_source="a paper",
    tolerance=1.0,
    seeds=(3, 4),
)  # fmt: skip


def test_a_row_is_run_as_it_was_recorded_with_each_of_its_seeds(tmp_path):
    runs = reproduce.runs_of(ROW, tmp_path)
    assert [run.id for run in runs] == [f"text_generation/ptb_LSTM_2x200_small-{seed}" for seed in (3, 4)]
    assert runs[1].words == ("--config", "text_generation/ptb_small", "--model.dropout", "0", "--seed_everything=4")
    (fresh,) = reproduce.runs_of(Row(**{**vars(ROW), "command": "", "seeds": ()}), tmp_path)
    assert fresh.words == ("--config=text_generation/ptb_small", "--seed_everything=1")


def test_a_row_that_is_not_run_shows_no_value():
    row = reproduce.without_values(ROW)
    assert (row.value, row.reproduced, row.seeds) == (None, None, ())
    assert (row.published, row.published_source, row.tolerance) == (115.0, "a paper", 1.0)


@pytest.mark.parametrize(("tier", "name"), [("small", "small"), ("study", "cells")])
def test_tiers_are_studies(tier, name, monkeypatch):
    asked = []
    monkeypatch.setattr(reproduce, "run_study", lambda path, arguments: asked.append(path.stem) or 0)
    assert main(["reproduce", "--tier", tier]) == 0
    assert asked == [name]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("study studies/cell", "did you mean: studies/cells"),
        ("study some.yaml --workers 0", "must be at least 1, found 0"),
    ],
)
def test_bad_words(words, problem, study, capsys):
    study(ONE)
    assert main(words.split()) == 2
    assert problem in capsys.readouterr().err


def test_who_plans_does_not_import_torch():
    modules = "rnnbench.cli.launching, rnnbench.study.conduct, rnnbench.study.local"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_options_are_shared():
    parser = argparse.ArgumentParser()
    reproduce.add_parser(parser.add_subparsers())
    assert parser.parse_args(["reproduce", "--launcher", "ray", "--workers", "3"]).tier == "small"
