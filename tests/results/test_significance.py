"""Comparisons say how sure they are: rows of several seeds, protocols apart, tests, ties."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rnnbench.errors import UserError
from rnnbench.results.group import Column
from rnnbench.results.items import ITEMS_FILE, Items, read_items, write_items
from rnnbench.results.render import render_json, render_markdown
from rnnbench.results.table import compare, load_runs

TEST = Column("test", "perplexity")


@pytest.fixture
def rows_of(make_run):
    """Run folders from a table: model -> values over the seeds 1, 2, ..."""

    def make(table: dict[str, list[float]], **changes: object) -> list[Path]:
        return [
            make_run(f"{model}-{seed}", model=model, seed=seed, test=value, **changes)
            for model, values in table.items()
            for seed, value in enumerate(values, start=1)
        ]

    return make


def test_runs_that_differ_in_the_seed_are_one_row(rows_of) -> None:
    (table,) = compare(load_runs(rows_of({"GRU": [3.0, 1.0, 2.0], "LSTM": [9.0]}))).tables
    assert [(group.first.model, group.seeds) for group in table.groups] == [("GRU", (1, 2, 3)), ("LSTM", (1,))]
    summary = table.groups[0].summaries[TEST]
    assert (summary.mean, summary.deviation) == (2.0, 1.0)
    assert 1.0 <= summary.low < 2.0 < summary.high <= 3.0
    alone = table.groups[1].summaries[TEST]
    assert (alone.mean, alone.deviation, alone.low, alone.high) == (9.0, None, None, None)
    assert table.groups[0].name == "GRU-*"


@pytest.mark.parametrize(
    "change", [{"settings": "b"}, {"parameters": 3}, {"processes": 2}, {"preset": None}, {"test": None}, {"seed": None}]
)
def test_runs_that_differ_in_more_are_rows_of_their_own(make_run, change: dict) -> None:
    runs = [make_run("one", seed=1), make_run("two", **{"seed": 2, **change})]
    (table,) = compare(load_runs(runs)).tables
    assert [len(group.runs) for group in table.groups] == [1, 1]


def test_a_seed_that_was_run_again_counts_once(make_run) -> None:
    runs = [make_run("a", seed=1), make_run("b", seed=2), make_run("c", seed=1)]
    (table,) = compare(load_runs(runs)).tables
    assert sorted(group.seeds for group in table.groups) == [(1,), (1, 2)]


def test_a_clear_difference_has_a_rank_and_a_small_one_is_a_tie(rows_of) -> None:
    rows = {"A": [1.0, 1.02, 0.98, 1.01], "B": [1.01, 0.99, 1.0, 1.03], "C": [2.0, 2.01, 1.98, 2.02]}
    comparison = compare(load_runs(rows_of(rows)))
    (table,) = comparison.tables
    assert table.verdict.ranks == [1, 1, 3]
    page = render_markdown(comparison)
    assert "| A | 1= |" in page
    assert "| C | 3 |" in page
    assert "Welch's t test over the seeds" in page
    assert "Holm's correction over 3 pairs" in page


def test_single_runs_are_not_tested_and_no_interval_is_invented(rows_of) -> None:
    comparison = compare(load_runs(rows_of({"A": [1.0], "B": [2.0]})))
    assert comparison.tables[0].verdict is None
    page = render_markdown(comparison)
    assert "Not tested: one seed for each row" in page
    assert "interval" not in page
    assert "±" not in page


def test_a_row_of_one_seed_beside_others_has_no_rank(rows_of) -> None:
    comparison = compare(load_runs(rows_of({"A": [1.0, 1.1], "B": [2.0, 2.1], "C": [3.0]})))
    assert comparison.tables[0].verdict.ranks == [1, 2, None] or comparison.tables[0].verdict.ranks == [1, 1, None]
    assert "| C | - | - | - |" in render_markdown(comparison)
    assert "has one seed and could not be tested" in render_markdown(comparison)


def test_a_counted_model_needs_no_seeds(rows_of) -> None:
    runs = rows_of({"A": [1.0, 1.1, 1.05]}) + rows_of({"7-gram": [9.0]}, budget=None, baseline=True)
    (table,) = compare(load_runs(runs)).tables
    assert table.verdict.ranks == [1, 2]


def test_budgets_are_not_ranked_against_each_other_unless_asked_for(rows_of) -> None:
    runs = rows_of({"A": [1.0]}) + rows_of({"B": [2.0]}, budget="epochs:2") + rows_of({"7-gram": [3.0]}, budget=None)
    comparison = compare(load_runs(runs))
    models = [[run.result.model for run in table.runs] for table in comparison.tables]
    assert sorted(models) == [["A", "7-gram"], ["B", "7-gram"]]
    (note,) = comparison.notes
    assert "differ in the budget of their protocols" in note
    assert "epochs:13 against epochs:2" in note
    (table,) = compare(load_runs(runs), ["budget"]).tables
    assert [run.result.model for run in table.runs] == ["A", "B", "7-gram"]


def test_rules_of_selection_are_not_ranked_against_each_other(rows_of) -> None:
    comparison = compare(load_runs(rows_of({"A": [1.0]}) + rows_of({"B": [2.0]}, selection="last")))
    assert len(comparison.tables) == 2
    assert "differ in the selection of their protocols" in comparison.notes[0]


def _keep(run: Path, scores: np.ndarray, weights: np.ndarray, metric: str = "nats_per_token") -> None:
    write_items(run / ITEMS_FILE, Items(metric, np.arange(len(scores)), np.stack([scores, weights], 1).astype(float)))


def test_items_tell_trained_models_apart(rows_of) -> None:
    rng = np.random.default_rng(0)
    runs = rows_of({"A": [1.0], "B": [1.1], "C": [5.0]})
    easy = rng.random(200)
    for run, shift in zip(runs, (0.0, 0.001, 1.0), strict=True):
        _keep(run, easy + shift + 0.1 * rng.normal(size=200), np.ones(200))
    comparison = compare(load_runs(runs))
    assert comparison.tables[0].verdict.ranks == [1, 1, 3]
    page = render_markdown(comparison)
    assert "approximate randomisation over 200 test items" in page
    assert "stands for that trained model" in page


def test_right_and_wrong_is_for_mcnemar(rows_of) -> None:
    runs = rows_of({"A": [0.9], "B": [0.5]}, metric="accuracy")
    for run, right in zip(runs, (90, 50), strict=True):
        _keep(run, np.arange(100) < right, np.ones(100), "accuracy")
    (table,) = compare(load_runs(runs)).tables
    assert table.verdict.tests == ["McNemar's exact test over 100 test items"]
    assert table.verdict.ranks == [1, 2]


def test_both_tests_must_see_a_difference(rows_of) -> None:
    """Seeds that differ as much as the models do: the items alone would tell any two runs apart."""
    runs = rows_of({"A": [1.0, 1.4, 0.7], "B": [1.2, 1.5, 0.9]})
    for run, level in zip(runs, (1.0, 1.4, 0.7, 1.2, 1.5, 0.9), strict=True):
        _keep(run, level + 0.01 * np.random.default_rng(0).normal(size=100), np.ones(100))
    (table,) = compare(load_runs(runs)).tables
    assert table.verdict.by_item[0, 1] < 0.01
    assert table.verdict.by_seed[0, 1] > 0.3
    assert table.verdict.ranks == [1, 1]
    assert len(table.verdict.tests) == 2


def test_items_of_other_samples_are_not_paired(rows_of) -> None:
    runs = rows_of({"A": [1.0], "B": [5.0]})
    _keep(runs[0], np.ones(20), np.ones(20))
    _keep(runs[1], 5 * np.ones(21), np.ones(21))
    assert compare(load_runs(runs)).tables[0].verdict is None


def test_items_come_back_and_spoilt_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / ITEMS_FILE
    assert read_items(path) is None
    _keep(tmp_path, np.array([1.5, 2.5]), np.array([3, 4]))
    read = read_items(path)
    assert (read.metric, read.numbers.tolist(), read.sums.tolist()) == ("nats_per_token", [0, 1], [[1.5, 3], [2.5, 4]])
    whole = path.read_bytes()
    for content in (b"", b"no", whole[:-40], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(UserError, match="not the scores of test items") as error:
            read_items(path)
        assert error.value.where == str(path)
    write_items(path, Items("accuracy", np.arange(3), np.ones((2, 2))))
    with pytest.raises(UserError, match="3 items and sums of 2 x 2"):
        read_items(path)


def test_equal_items_are_equal_files(tmp_path: Path) -> None:
    contents = []
    for _ in range(2):
        _keep(tmp_path, np.ones(5), np.ones(5))
        contents.append((tmp_path / ITEMS_FILE).read_bytes())
    assert contents[0] == contents[1]


def test_json_holds_every_test(rows_of) -> None:
    comparison = compare(load_runs(rows_of({"A": [1.0, 1.1], "B": [2.0, 2.1], "C": [float("nan")]})))
    content = json.loads(render_json(comparison), parse_constant=pytest.fail)
    (table,) = content["tables"]
    assert [row["rank"] for row in table["rows"]] == comparison.tables[0].verdict.ranks
    assert table["rows"][0]["values"]["test perplexity"]["mean"] == pytest.approx(1.05)
    assert table["rows"][2]["values"]["test perplexity"]["mean"] is None
    assert [pair["rows"] for pair in table["pairs"]] == [[0, 1], [0, 2], [1, 2]]
    assert table["pairs"][0]["corrected"] == pytest.approx(table["pairs"][0]["by_seed"])
    assert table["pairs"][1]["corrected"] is None
    assert table["protocol"]["hash"] == comparison.tables[0].protocol.hash


def test_tables_in_which_nothing_differs(runs_of_nothing) -> None:
    """The same model with other seeds: ranks differ in at most 5 % of tables, give or take."""
    assert runs_of_nothing <= 64


@pytest.fixture
def runs_of_nothing(make_result) -> int:
    from rnnbench.results.group import Group, Run
    from rnnbench.results.significance import judge
    from rnnbench.results.statistics.summary import Summary

    rng = np.random.default_rng(2)
    declared = 0
    for _ in range(1000):
        rows = sorted(rng.normal(100, 1, (6, 3)).tolist(), key=np.mean)
        groups = [
            Group([Run(Path("none"), make_result(test=value)) for value in row], {TEST: Summary(np.mean(row))})
            for row in rows
        ]
        declared += set(judge(groups, TEST).ranks) != {1}
    return declared
