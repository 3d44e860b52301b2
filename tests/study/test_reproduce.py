"""Published rows as runs, and the verbs around a study."""

import argparse
import dataclasses
import subprocess
import sys
from collections import Counter

import pytest
from a_study import ONE, conducted

from rnnbench.cli import main, reproduce
from rnnbench.cli.study import _record
from rnnbench.results.rows import Row, read_rows
from rnnbench.results.table import Comparison
from rnnbench.study.launch import Perform
from rnnbench.study.local import Local

ROW = Row(
    table="ptb",
    name="LSTM 2x200, small",
    config="text_generation/ptb_small",
    command="rnnbench fit --config text_generation/ptb_small --seed_everything 3 --name old --runs=a --model.dropout 0",
    dataset="text_generation",
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
    (fresh,) = reproduce.runs_of(dataclasses.replace(ROW, command="", seeds=()), tmp_path)
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


def test_published_rows_stand_beside_ours(tmp_path, monkeypatch, capsys):
    def launchers(folder, arguments, lock):
        return [Local(Perform("fake_runs", name), folder, lock, 2) for name in ("perform", "look_at")]

    rows = [
        dataclasses.replace(ROW, command=""),
        dataclasses.replace(ROW, command="", name="strict", published=1.0, tolerance=0.5),
        dataclasses.replace(ROW, command="", name="unlucky", seeds=(13,)),
        dataclasses.replace(ROW, name="ours", published=None, published_source="", tolerance=None),
    ]
    monkeypatch.setattr("rnnbench.cli.launching._launchers", launchers)
    monkeypatch.setattr("rnnbench.results.rows.read_rows", lambda path: rows)
    assert main(["reproduce", "--tier", "paper", "--out", "paper"]) == 1
    page = (tmp_path / "paper/paper.md").read_text()
    cells = [[cell.strip() for cell in line.split("|")] for line in page.splitlines() if line.startswith("|")]
    published = {line[1]: (line[3].strip("*"), line[4], line[5]) for line in cells[2:]}
    assert published == {
        "LSTM 2x200, small": ("2.0060 ± 7.1e-07", "115.00 (a paper)", "no, better (±1, 2 seeds)"),
        "strict": ("2.0060 ± 7.1e-07", "1.0000 (a paper)", "no, worse (±0.5, 2 seeds)"),
        "unlucky": ("-", "115.00 (a paper)", "-"),
    }
    assert "seed 13 brings bad luck" in capsys.readouterr().out


def test_results_are_recorded(study, tmp_path, monkeypatch):
    comparison = conducted(study(ONE), tmp_path / "out").comparison
    root = tmp_path / "checkout"
    (root / "configs").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    (root / "RESULTS.md").write_text("<!-- results:some_text_generation -->\n<!-- /results -->\n")
    monkeypatch.setattr("rnnbench.folders.configs_folder", lambda: root / "configs")
    _record("some", comparison)
    rows = read_rows(root / "configs" / "results.csv")
    assert {row.table for row in rows} == {"some_text_generation"}
    assert sorted(row.seeds for row in rows) == [(1,), (1, 2), (1, 2)]
    assert "| Elman |" in (root / "RESULTS.md").read_text()


def test_tables_of_one_name_are_recorded_apart(study, tmp_path, monkeypatch):
    comparison = conducted(study(ONE), tmp_path / "out").comparison
    root = tmp_path / "checkout"
    (root / "configs").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    (root / "RESULTS.md").touch()
    monkeypatch.setattr("rnnbench.folders.configs_folder", lambda: root / "configs")
    _record("some", Comparison(comparison.tables * 2, []))
    names = [row.table for row in read_rows(root / "configs" / "results.csv")]
    assert Counter(names) == {"some_text_generation": 3, "some_text_generation-2": 3}
