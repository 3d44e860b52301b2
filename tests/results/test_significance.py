"""Comparisons say how sure they are: rows of several seeds, protocols apart, tests, ties."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rnnbench.errors import UserError
from rnnbench.results.chance import chance
from rnnbench.results.group import Column
from rnnbench.results.items import ITEMS_FILE, Items, read_items, write_items
from rnnbench.results.metric import better
from rnnbench.results.pairs import against
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
    assert (summary.low, summary.high) == pytest.approx(stats.t.interval(0.95, 2, 2.0, 1 / 3**0.5))
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


def test_seeds_that_deal_the_training_split_anew_have_vocabularies_of_their_own(make_run, make_result) -> None:
    data = dataclasses.replace(make_result().data, details={"dealt": "anew with every seed"})
    runs = [make_run(f"r{seed}", seed=seed, parameters=1000 + seed, data=data) for seed in (1, 2)]
    (table,) = compare(load_runs(runs)).tables
    assert [len(group.runs) for group in table.groups] == [2]


def test_a_seed_that_was_run_again_counts_once(make_run) -> None:
    runs = [make_run("a", seed=1), make_run("b", seed=2), make_run("c", seed=1)]
    (table,) = compare(load_runs(runs)).tables
    assert sorted(group.seeds for group in table.groups) == [(1,), (1, 2)]


def test_clear_differences_have_other_letters_and_small_ones_the_same(rows_of) -> None:
    rows = {"A": [1.0, 1.02, 0.98, 1.01], "B": [1.01, 0.99, 1.0, 1.03], "C": [2.0, 2.01, 1.98, 2.02]}
    comparison = compare(load_runs(rows_of(rows)))
    (table,) = comparison.tables
    assert table.verdict.ranks == [(1, 2), (1, 2), (3, 3)]
    assert table.verdict.letters == ["a", "a", "b"]
    page = render_markdown(comparison)
    assert "| A | 1–2 | a |" in page
    assert "| C | 3 | b |" in page
    assert "**1.0025 ± 0.017**" in page
    assert "Welch's t test over the seeds" in page
    assert "Holm's correction over 3 pairs" in page


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_have_neither_rank_nor_p_nor_bold(rows_of, seeds: int) -> None:
    comparison = compare(load_runs(rows_of({"A": [1.0, 1.1][:seeds], "B": [2.0, 2.1][:seeds]})))
    assert comparison.tables[0].verdict is None
    page = render_markdown(comparison)
    assert f"without ranks: a rank takes 3 seeds (A has {seeds}, B has {seeds})" in page
    assert "interval" not in page
    assert "**" not in page
    assert ("±" in page) == (seeds == 2)


def test_a_row_of_few_seeds_beside_others_has_no_rank(rows_of) -> None:
    comparison = compare(load_runs(rows_of({"A": [1.0, 1.1, 1.0], "B": [2.0, 2.1, 2.0], "C": [3.0, 3.1]})))
    assert comparison.tables[0].verdict.ranks == [(1, 1), (2, 2), None]
    assert comparison.tables[0].verdict.letters == ["a", "b", ""]
    assert "| C | - | - | - | - |" in render_markdown(comparison)
    assert "No rank with fewer than 3 seeds (C has 2)." in render_markdown(comparison)


def test_a_counted_model_needs_no_seeds(rows_of) -> None:
    runs = rows_of({"A": [1.0, 1.1, 1.05]}) + rows_of({"7-gram": [9.0]}, budget=None, baseline=True)
    (table,) = compare(load_runs(runs)).tables
    assert table.verdict.ranks == [(1, 1), (2, 2)]


@pytest.mark.parametrize("values", [[1.0], [1.0, 1.2], [1.0, 1.2, 0.9], [1.0, 1.0, 1.0]])
def test_copies_of_one_model_are_never_told_apart(rows_of, values) -> None:
    runs = [run for k in "ABCDE" for run in rows_of({k: values}, settings=k)]
    for seed, run in enumerate(runs):
        _keep(run, np.random.default_rng(seed).random(100), np.ones(100))
    verdict = compare(load_runs(runs)).tables[0].verdict
    assert (verdict is None) == (len(values) < 3)
    assert verdict is None or set(verdict.letters) == {"a"}


def test_failed_seeds_stand_in_their_row_and_count_as_chance(rows_of, make_run) -> None:
    runs = rows_of({"A": [90.0, 91.0, 92.0], "B": [100.0, 101.0, 102.0, 99.0, 100.0]})
    runs.append(make_run("A-4", model="A", seed=4, status="failed", message="the loss is NaN", metrics={}))
    runs.append(make_run("A-5", model="A", seed=5, test=float("nan")))
    comparison = compare(load_runs(runs))
    (table,) = comparison.tables
    assert [group.first.model for group in table.groups] == ["B", "A"], "whoever diverges does not lead"
    assert table.groups[1].values(TEST) == [90.0, 91.0, 92.0, 10000.0, 10000.0], "the size of the vocabulary"
    assert table.verdict.learned.counts == [(5, 5), (3, 5)]
    page = render_markdown(comparison)
    assert "3 of 5 seeds" in page
    assert "2 of 5 seeds failed (the loss is NaN; test perplexity is no number) and count as chance, 10000.00" in page
    assert "beside 91.00 of the others" in page


@pytest.mark.parametrize(
    ("metric", "counted"),
    [
        *((metric, 0.25) for metric in ("accuracy", "frame_accuracy", "node_accuracy", "unit_accuracy")),
        *((metric, 0.5) for metric in ("auc", "binary_accuracy")),
        *((metric, 1.0) for metric in ("error", "mean_error", "symbol_error", "word_error_rate")),
        ("ter", 100.0),
        ("macro_f1", 0.0),
        ("mase", 0.02),
    ],
)
def test_chance_is_a_guess_and_not_the_worst_of_those_that_learned(metric, counted) -> None:
    good = 0.02 if better(metric) == "lower" else 0.98
    assert chance(metric, {"classes": "a, b, c, d"}, [good]) == counted


def test_a_failed_seed_stands_under_the_budget_of_its_other_seeds(make_run) -> None:
    short, long = {"budget": "epochs:1", "settings": "short"}, {"budget": "epochs:13", "settings": "long"}
    runs = [make_run(f"{way['settings']}-{seed}", seed=seed, **way) for way in (long, short) for seed in (1, 2, 3)]
    for settings in ("short", "long"):
        # It stopped before it knew its budget.
        lost = make_run(settings, seed=4, settings=settings, status="failed", metrics={}, budget=None)
        tables = compare(load_runs([*runs, lost])).tables
        rows = {table.protocol.budget: [len(group.runs) for group in table.groups] for table in tables}
        assert rows == {way["budget"]: [4 if way["settings"] == settings else 3] for way in (short, long)}


def test_a_cell_whose_seeds_all_failed_does_not_vanish(rows_of, make_run) -> None:
    runs = rows_of({"A": [90.0, 91.0, 92.0]})
    lost = {"status": "failed", "message": "the loss is NaN", "metrics": {}, "budget": None}
    runs += [make_run(f"B-{seed}", model="B", seed=seed, **lost) for seed in (1, 2, 3)]
    comparison = compare(load_runs(runs))
    (table,) = comparison.tables
    assert [group.first.model for group in table.groups] == ["A", "B"]
    assert "| 0 of 3 seeds |" in render_markdown(comparison)
    elsewhere = make_run("C", status="failed", message="lost", metrics={}, fingerprint="bbbb")
    assert "Left out, failed, and no run to stand beside" in compare(load_runs([*runs, elsewhere])).notes[-1]


def test_seeds_that_learn_or_do_not_are_counted(rows_of) -> None:
    rows = {"A": [0.99, 0.98, 0.99], "B": [0.5, 0.99, 0.51], "C": [0.5, 0.52, 0.51]}
    comparison = compare(load_runs(rows_of(rows, metric="accuracy")))
    (table,) = comparison.tables
    assert table.verdict.learned.counts == [(3, 3), (1, 3), (0, 3)]
    assert table.verdict.by_seed[0, 2] == pytest.approx(0.1), "Fisher: 3 of 3 against 0 of 3"
    assert table.verdict.letters == ["a", "a", "a"]
    assert "A 3 of 3 (0.29 to 1.00), B 1 of 3 (0.01 to 0.91), C 0 of 3 (0.00 to 0.71)" in render_markdown(comparison)


def test_a_criterion_may_be_stated(rows_of) -> None:
    runs = load_runs(rows_of({"D": [0.97, 0.98, 0.99], "E": [0.9, 0.91, 0.92]}, metric="accuracy"))
    stated = compare(runs, criterion=0.985).tables[0].verdict.learned
    assert (stated.counts, stated.source) == ([(1, 3), (0, 3)], "stated")


def test_the_card_of_an_application_states_a_criterion(rows_of) -> None:
    rows = {"A": [0.999, 0.995, 1.0], "B": [0.97, 0.993, 0.96], "C": [0.5, 0.8, 0.65]}
    runs = rows_of(rows, metric="accuracy", application="long_range")
    for run, at in zip(runs, (300, 100, 200), strict=False):
        lines = f"0,50,5.0,0.6\n1,{at},{at / 10},0.995\n2,400,40.0,0.98\n"
        (run / "metrics.csv").write_text(f"epoch,step,seconds,validation/accuracy\n{lines}")
    comparison = compare(load_runs(runs))
    learned = comparison.tables[0].verdict.learned
    assert (learned.counts, learned.criterion, learned.source) == ([(3, 3), (1, 3), (0, 3)], 0.99, "card")
    page = render_markdown(comparison)
    assert "accuracy 0.9900 (as the card of the application says)" in page
    assert "Validation first reached it, in the median of the seeds that did: A after 200 steps, 20 s." in page


def test_a_card_counts_where_some_seeds_learn_and_in_its_application(rows_of) -> None:
    rows = {"A": [0.999, 0.995, 1.0], "B": [0.97, 0.993, 0.96]}
    elsewhere = compare(load_runs(rows_of(rows, metric="accuracy")))
    assert elsewhere.tables[0].verdict.learned is None, "no card, no gap"
    low = {"C": [0.7, 0.71, 0.72], "D": [0.5, 0.52, 0.51]}
    nobody = compare(load_runs(rows_of(low, metric="accuracy", application="long_range")))
    assert nobody.tables[0].verdict.learned is None, "where nobody learns, values are values"


def test_one_reference_is_a_family_of_its_own(rows_of) -> None:
    levels = {"A": 1.0, "B": 1.1, "C": 1.2, "D": 1.21}
    runs = load_runs(rows_of({name: [level + k / 100 for k in (1, 2, 4)] for name, level in levels.items()}))
    every, family = (compare(runs, reference=name).tables[0].verdict for name in (None, "C"))
    assert (every.tested, family.tested) == (6, 3)
    assert family.corrected[0, 2] == pytest.approx(3 * every.by_seed[0, 2])
    assert (family.letters, set(family.ranks)) == (None, {None})
    assert "Each row is compared with C, and with no other" in render_markdown(compare(runs, reference="C"))


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


def test_items_alone_rank_nothing(rows_of) -> None:
    rng = np.random.default_rng(0)
    runs = rows_of({"A": [1.0], "B": [1.1], "C": [5.0]})
    for run, shift in zip(runs, (0.0, 0.001, 1.0), strict=True):
        _keep(run, rng.random(200) + shift, np.ones(200))
    assert compare(load_runs(runs)).tables[0].verdict is None


def test_counted_models_are_told_apart_by_their_items(rows_of) -> None:
    runs = rows_of({"A": [0.9], "B": [0.5]}, metric="accuracy", budget=None)
    for run, right in zip(runs, (90, 50), strict=True):
        _keep(run, np.random.default_rng(3).permutation(100) < right, np.ones(100), "accuracy")
    (table,) = compare(load_runs(runs)).tables
    assert table.verdict.tests == ["McNemar's exact test of 100 test items"]
    assert table.verdict.letters == ["a", "b"]


def _seeds(rows_of, levels: dict[str, list[float]], count: int = 100) -> list[Path]:
    """Runs whose items lie about their levels, alike for all but for that."""
    runs = rows_of(levels)
    for run, level in zip(runs, (value for row in levels.values() for value in row), strict=True):
        _keep(run, level + 0.01 * np.random.default_rng(0).normal(size=count), np.ones(count))
    return runs


def test_both_tests_must_see_a_difference(rows_of) -> None:
    """Seeds that differ as much as the models do: the items alone would tell any two runs apart."""
    (table,) = compare(load_runs(_seeds(rows_of, {"A": [1.0, 1.4, 0.7], "B": [1.2, 1.5, 0.9]}))).tables
    assert table.verdict.by_item[0, 1] < 0.01
    assert table.verdict.by_seed[0, 1] > 0.3
    assert table.verdict.letters == ["a", "a"]
    assert len(table.verdict.tests) == 2


def test_three_items_are_no_veto(rows_of) -> None:
    verdict = compare(load_runs(_seeds(rows_of, {"A": [1.0, 1.1, 1.0], "B": [5.0, 5.1, 5.0]}, 3))).tables[0].verdict
    assert np.isnan(verdict.by_item).all()
    assert verdict.letters == ["a", "b"]


def test_one_row_of_other_items_leaves_the_rest_their_test(rows_of) -> None:
    runs = _seeds(rows_of, {"A": [1.0, 1.1, 1.0], "B": [1.2, 1.3, 1.2], "C": [5.0, 5.1, 5.0]})
    for run in runs[:3]:
        _keep(run, np.ones(50), np.ones(50))
    verdict = compare(load_runs(runs)).tables[0].verdict
    assert np.isnan(verdict.by_item[0]).all()
    assert verdict.by_item[1, 2] < 0.01
    assert (~np.isnan(verdict.by_seed)).all()


def test_windows_of_a_text_are_resampled_in_blocks(rows_of) -> None:
    noise = np.convolve(np.random.default_rng(4).normal(size=430), np.ones(31) / 31, "valid")
    runs = rows_of({"A": [1.0, 1.1, 1.0], "B": [1.2, 1.3, 1.2]})
    for k, run in enumerate(runs):
        _keep(run, 1 + noise * (k > 2), np.ones(400))
    notes = " ".join(compare(load_runs(runs)).tables[0].notes())
    assert "approximate randomisation of 20 long blocks of 400 test items" in notes


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
    rows = {"A": [1.0, 1.1, 1.04], "B": [2.0, 2.1, 2.06], "C": [float("nan")]}
    comparison = compare(load_runs(rows_of(rows)))
    content = json.loads(render_json(comparison), parse_constant=pytest.fail)
    (table,) = content["tables"]
    assert [(row["rank"], row["letters"]) for row in table["rows"]] == [([1, 1], "a"), ([2, 2], "b"), (None, "")]
    assert table["rows"][0]["values"]["test perplexity"]["mean"] == pytest.approx(3.14 / 3)
    assert [Path(folder).name for folder in table["rows"][2]["failed"]] == ["C-1"]
    (pair,) = table["pairs"]
    assert (pair["rows"], pair["models"]) == ([0, 1], ["A", "B"])
    wanted = stats.ttest_ind([1.0, 1.1, 1.04], [2.0, 2.1, 2.06], equal_var=False)
    assert pair["corrected"] == pair["by_seed"] == pytest.approx(wanted.pvalue)
    assert (pair["low"], pair["high"]) == pytest.approx(tuple(wanted.confidence_interval()))
    assert pair["by_item"] is None
    assert table["protocol"]["hash"] == comparison.tables[0].protocol.hash


def test_every_row_shows_how_far_it_is_from_the_reference_or_the_first_one(rows_of) -> None:
    levels = {"A": [1.0, 1.1, 1.04, 1.06], "B": [2.0, 2.1, 2.06, 2.02], "C": [2.0, 2.2, 2.16, 2.12]}
    runs = load_runs(rows_of(levels))
    first = against(compare(runs).tables[0])
    assert first[0] is None
    wanted = stats.ttest_ind(levels["C"], levels["A"], equal_var=False).confidence_interval(1 - 0.05 / 3)
    assert (first[2].difference, first[2].low, first[2].high) == pytest.approx((1.07, *wanted))
    assert "| 1.07 | " in render_markdown(compare(runs))
    family = against(compare(runs, reference="B").tables[0])
    assert [pair and pair.models[1] for pair in family] == ["B", None, "B"]
    holm = sorted(stats.ttest_ind(levels[name], levels["B"], equal_var=False).pvalue for name in "AC")
    assert [family[0].corrected, family[2].corrected] == pytest.approx([2 * holm[0], holm[1]])


def test_rows_that_follow_one_of_a_single_seed_are_compared_with_the_first_that_was_tested(rows_of) -> None:
    table = compare(load_runs(rows_of({"A": [1.0], "B": [2.0, 2.1, 2.06], "C": [2.0, 2.2, 2.16]}))).tables[0]
    assert [pair and pair.models for pair in against(table)] == [None, None, ("C", "B")]


def test_skewed_seeds_are_tested_with_caution_and_the_notes_say_so(rows_of) -> None:
    (table,) = compare(load_runs(rows_of({"A": [1.0, 1.0, 1.3], "B": [2.0, 2.01, 2.2]}))).tables
    assert table.verdict.cautious
    t = stats.ttest_ind([1.0, 1.0, 1.3], [2.0, 2.01, 2.2], equal_var=False).statistic
    assert table.verdict.by_seed[0, 1] == pytest.approx(2 * stats.t.sf(abs(t), 2))
    assert "with the degrees of freedom of the smaller row, since they are skewed" in " ".join(table.notes())
