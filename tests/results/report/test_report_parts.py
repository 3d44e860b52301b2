"""Fronts, cliques, curves, learning rates, marks and numbers, each against its definition."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.errors import UserError
from rnnbench.report.charts.cost import Point, front
from rnnbench.report.charts.over_tasks import cliques_of, effect_chart, profile_chart, rank_chart, typical_chart
from rnnbench.report.charts.ranking import ranking
from rnnbench.report.content import Entry
from rnnbench.report.curves import best_after
from rnnbench.report.overall import _largest_block, overall
from rnnbench.report.runs import content_of_runs
from rnnbench.report.sensitivity import sensitivity_of
from rnnbench.report.text import clean, listed, number, short, slug
from rnnbench.report.theme import marks
from rnnbench.results.curve import read_curve
from rnnbench.results.options import learning_rate
from rnnbench.results.record import Data, read_result, write_result
from rnnbench.results.statistics.table import Rank

ENTRY = Entry(
    label="x", cell=None, baseline=True, rank=None, letters="", leads=False, p=None, values={}, seed_values=(),
    costs={}, epochs=None, speed=None, seeds=(), sources=(),
)  # fmt: skip
small = st.integers(0, 6).map(float)


@given(st.lists(st.tuples(small, small), min_size=1, max_size=12), st.sampled_from(["perplexity", "accuracy"]))
def test_the_front_is_what_nothing_beats(pairs, metric) -> None:
    points = [Point(ENTRY, *pair) for pair in pairs]
    sign = 1 if metric == "perplexity" else -1

    def beaten(one: Point) -> bool:
        return any(
            (p.cost <= one.cost and sign * p.value <= sign * one.value)
            and (p.cost < one.cost or sign * p.value < sign * one.value)
            for p in points
        )

    expected = sorted({(p.cost, p.value) for p in points if not beaten(p)})
    assert [(p.cost, p.value) for p in front(points, metric)] == expected


@given(st.lists(st.floats(1, 9), min_size=1, max_size=9).map(sorted), st.floats(0, 4))
def test_cliques_join_all_that_are_near_and_no_others(means, distance) -> None:
    found = cliques_of(means, distance)
    joined = {(a, b) for first, last in found for a in range(first, last + 1) for b in range(a + 1, last + 1)}
    near = {(a, b) for b in range(len(means)) for a in range(b) if means[b] - means[a] <= distance}
    assert joined == near
    assert not any(a != b and a[0] >= b[0] and a[1] <= b[1] for a in found for b in found)


@pytest.mark.parametrize(
    ("letters", "said"),
    [
        (("a", "b"), "a is better than all others by more than the noise."),
        (("a", "a"), "a leads, and is not told apart from b."),
        (("", ""), "a has the best value; that is no rank, for which it takes three seeds."),
    ],
)
def test_what_stands_below_a_ranking(finished_study: Path, letters, said) -> None:
    section = content_of_runs([str(finished_study)], []).sections[0]
    entries = tuple(
        dataclasses.replace(
            ENTRY, label=label, rank=Rank(1, 2) if group else None, letters=group, values=section.entries[0].values
        )
        for label, group in zip("ab", letters, strict=True)
    )
    drawn = ranking(dataclasses.replace(section, entries=entries), marks([], ["a", "b"]))
    assert drawn
    assert said in drawn.caption


def test_cells_over_tasks(finished_study: Path) -> None:
    found = overall(content_of_runs([str(finished_study)], []).sections)
    assert found
    assert found.cells == ["GRU", "LSTM", "Elman"]
    assert [rank.mean for rank in found.ranks] == [1.0, 2.0, 3.0]
    assert [win.value for win in found.wins] == [1.0, 1.0]
    assert found.critical is None, "two tasks are no sample of tasks"
    assert rank_chart(found, marks(found.cells, [])) is None
    assert found.left_out == []


def test_scores_run_from_chance_to_the_best_cell(make_run) -> None:
    """Perplexities by their logarithms, of a vocabulary of 10,000; accuracies of two classes."""
    classes = Data(dataset="reviews", fingerprint="cccc", details={"classes": "a, b"})
    runs = []
    for cell, perplexity, accuracy in (("A", 100.0, 0.9), ("B", 1000.0, 0.7)):
        for seed in (1, 2):
            made = {"cell": cell, "model": cell, "seed": seed}
            runs += [make_run(f"p{k}{cell}{seed}", test=perplexity, fingerprint=f"p{k}", **made) for k in (1, 2)]
            changes = {"application": "sentiment", "test": accuracy, "metric": "accuracy"}
            runs.append(make_run(f"a{cell}{seed}", **made, **changes))
            write_result(
                runs[-1] / "result.json", dataclasses.replace(read_result(runs[-1] / "result.json"), data=classes)
            )
    found = overall(content_of_runs([str(run) for run in runs], []).sections, reference="B")
    assert found is not None
    assert found.scores is not None
    assert found.scores.reference == 1
    # One half on each of three tasks, twice: a perplexity of 1,000 is half way from 10,000 to 100.
    assert [one.value for one in found.scores.typical] == pytest.approx([1.0, 0.5])
    half = [next(one.value for x, one in zip(found.scores.thresholds, profile, strict=True) if x > 0.505)
            for profile in found.scores.profiles]  # fmt: skip
    assert half == [1.0, 0.0]
    assert found.scores.effects is not None
    assert found.scores.effects.effects[0].difference == pytest.approx(0.5, abs=0.05)
    drawn = marks(found.cells, [])
    for make in (typical_chart, profile_chart, effect_chart):
        chart = make(found, drawn)
        assert chart is not None
        assert all(cell in chart.inline for cell in "AB")


def test_where_chance_is_not_known_it_is_the_worst_row(make_run) -> None:
    def run(task: str, cell: str, seed: int | None, value: float, **changes: object) -> str:
        made = {"cell": cell, "model": cell, "seed": seed, "metric": "mase", "application": "forecasting"}
        return str(make_run(f"{task}{cell}{seed}", test=value, fingerprint=task, **made, **changes))

    runs = [
        run(task, cell, seed, value) for task in "xyz" for cell, value in (("A", 0.5), ("B", 1.0)) for seed in (1, 2)
    ]
    runs += [run(task, "naive", None, 1.5, baseline=True, budget=None) for task in "xyz"]
    found = overall(content_of_runs(runs, []).sections)
    assert found is not None
    assert found.scores is not None
    assert [one.value for one in found.scores.typical] == pytest.approx([1.0, 0.5])


def _entries(make_run, cells: dict[str, str]) -> list[str]:
    """Runs of the cells named by letters on each task."""
    return [
        str(make_run(f"{task}{cell}{seed}", cell=cell, model=cell, test=value + seed, seed=seed, application=task))
        for task, names in cells.items()
        for value, cell in enumerate(names)
        for seed in (1, 2)
    ]


def test_the_largest_table_without_a_gap_is_compared(make_run) -> None:
    tasks = {"text_generation": "ABCD", "translation": "ABCD", "sentiment": "ABCD", "speech": "VWXYZ"}
    sections = content_of_runs(_entries(make_run, tasks), []).sections
    found = overall(sections)
    assert found
    assert (found.cells, len(found.tasks)) == (["A", "B", "C", "D"], 3)
    assert found.left_out == [
        "ptb is left out: it has no A, B, C and D.",
        "Not on all of these tasks: V, W, X, Y and Z.",
    ]
    assert overall(sections, ["A", "B"]).cells == ["A", "B"]
    assert overall(sections, ["A", "V"]) is None
    with pytest.raises(UserError, match="no ranking has a cell Q"):
        overall(sections, ["A", "Q"])


def test_a_task_is_known_by_its_data_and_not_by_their_name(make_run) -> None:
    def run(name: str, fingerprint: str, cell: str) -> str:
        data = Data(dataset=name, fingerprint=fingerprint, details={})
        return str(make_run(f"{name}{fingerprint}{cell}", data=data, cell=cell, model=cell, test=float(ord(cell))))

    two_sets = [run("en-fr", fingerprint, cell) for fingerprint in ("aaaa", "bbbb") for cell in "AB"]
    found = overall(content_of_runs(two_sets, []).sections)
    assert found is not None
    assert [task.fingerprint for task in found.tasks] == ["aaaa", "bbbb"]
    two_names = [run(name, "cccc", cell) for name in ("mine", "yours") for cell in "AB"]
    assert overall(content_of_runs(two_names, []).sections) is None, "one task alone"


@given(st.lists(st.frozensets(st.sampled_from("ABCDE")), max_size=6))
def test_no_table_without_a_gap_is_larger(tasks) -> None:
    def area(cells) -> int:
        count = sum(cells <= task for task in tasks)
        return len(cells) * count if len(cells) > 1 and count > 1 else 0

    every = [frozenset(some) for size in range(6) for some in itertools.combinations("ABCDE", size)]
    assert area(_largest_block(tasks)) == max(map(area, every))


def test_one_task_is_not_aggregated(make_run) -> None:
    runs = [make_run(cell, cell=cell, model=cell) for cell in "ABC"]
    assert overall(content_of_runs([str(run) for run in runs], []).sections) is None


def test_single_seeds_have_ranks_and_no_intervals(make_run) -> None:
    runs = [
        make_run(f"{task}{cell}", cell=cell, model=cell, test=value, fingerprint=task, application=task)
        for task in ("text_generation", "translation")
        for cell, value in (("A", 1.0), ("B", 2.0))
    ]
    found = overall(content_of_runs([str(run) for run in runs], []).sections)
    assert found
    assert [(rank.mean, rank.low) for rank in found.ranks] == [(1.0, None), (2.0, None)]
    assert (found.wins, found.critical) == ([], None)


def test_learning_rates(make_run) -> None:
    for rate, value in ((0.001, 120.0), (0.004, 110.0), (0.016, 140.0)):
        run = make_run(f"r{rate}", test=value, settings=str(rate))
        optimizer = f"{{class_path: torch.optim.Adam, init_args: {{lr: {rate}}}}}"
        (run / "config.yaml").write_text(f"model:\n  class_path: X\n  init_args:\n    optimizer: {optimizer}\n")
    make_run("other", cell="GRU", model="GRU", parameters=5)
    (section,) = content_of_runs([str(run.parent)], []).sections
    found = sensitivity_of(section)
    assert found
    (curve,) = found.curves
    assert (curve.rates, curve.values) == ([0.001, 0.004, 0.016], [120.0, 110.0, 140.0])


def test_learning_rates_of_a_studys_trials(make_run, make_result, tmp_path: Path) -> None:
    root = tmp_path / "study"
    runs = [make_run(name, cell=name, model=f"{name} 1x8") for name in ("GRU", "LSTM")]
    application = read_result(runs[0] / "result.json").application
    lines = ["application,preset,cell,budget,trial,seed,metric,value,better,chosen,run,model.optimizer.lr"]
    for run in runs:
        (root / application).mkdir(parents=True, exist_ok=True)
        run.rename(root / application / run.name)
        for trial, value in enumerate((3.0, 2.0, "")):
            name = f"tuning/{application}/{run.name}-t{trial}"
            (root / name).mkdir(parents=True)
            result = make_result(run=f"{run.name}-t{trial}", cell=run.name, model=f"{run.name} 1x8")
            write_result(root / name / "result.json", result)
            lines.append(f"{application},x,{run.name.lower()},80,{trial},11,loss,{value},min,0,{name},{10.0**-trial}")
        lines.append(f"{application},x,{run.name.lower()},90,0,11,loss,9.0,min,0,{name},1.0")
        lines.append(f"{application},x,{run.name.lower()},80,9,11,loss,1.0,min,0,tuning/{application}/gone,7.0")
        lines.append(f"other,x,{run.name.lower()},80,9,11,loss,1.0,min,0,{name},5.0")
    # The last line is cut.
    (root / "tuning.csv").write_text("\n".join(lines) + f"\n{application},x,gru,80,9,11,loss,1.0")
    (section,) = content_of_runs([str(root)], []).sections
    found = sensitivity_of(section)
    assert found
    assert (str(found.column), found.lower) == ("validation loss", True)
    assert {curve.kind: (curve.rates, curve.values) for curve in found.curves} == {
        name: ([0.1, 1.0], [2.0, 3.0]) for name in ("GRU", "LSTM")
    }
    assert [curve.rates[found.best(curve)] for curve in found.curves] == [0.1, 0.1]
    assert "1 seed each" in found.source
    for damaged in (b"application,\xff", b"application,value,model.optimizer.lr\na,1,1\n", b""):
        (root / "tuning.csv").write_bytes(damaged)
        assert sensitivity_of(section) is None


@pytest.mark.parametrize("text", ["", "[", "model: 3", "model: {optimizer: null}", "model: {optimizer: {lr: x}}"])
def test_a_configuration_without_a_rate(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    assert learning_rate(tmp_path / "config.yaml") is None


def test_a_curve_ends_where_the_file_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,step,a,b\n0,1,2.0,\n0,2,,5\n0,3,nan,\n0,4,1.5,\n0,5,1.")
    assert read_curve(path, "a") == {1: 2.0, 4: 1.5}
    assert read_curve(path, "c") == {}
    assert read_curve(tmp_path / "none", "a") == {}


def test_the_best_by_the_clock_is_of_runs_that_lasted_so_long(tmp_path: Path) -> None:
    rows = ("0,1,4,,9.0", "0,2,9,1.0,", "0,3,14.5,,5.0", "0,4,20,,6.0", "0,5,31,,4.0")
    for name, count in (("a", 5), ("b", 5), ("short", 3)):
        (tmp_path / name).mkdir()
        lines = ["epoch,step,seconds,train/loss,validation/x", *rows[:count]]
        (tmp_path / name / "metrics.csv").write_text("\n".join(lines) + "\n")

    def best(*names: str, lower: bool = True) -> dict[int, float]:
        return best_after([tmp_path / name for name in names], "validation/x", lower, (2, 10, 15, 30, 60))

    assert best("a", "b") == {10: 9.0, 15: 5.0, 30: 5.0}
    assert best("a", lower=False) == {10: 9.0, 15: 9.0, 30: 9.0}
    assert best("a", "short") == {10: 9.0}
    assert best("a", "none") == {}


def test_every_cell_has_a_mark_of_its_own() -> None:
    names = [f"cell {k}" for k in range(40)]
    found = marks(names, ["a", "b"])
    assert len({(mark.colour, mark.shape) for mark in found.values()}) == 42
    assert marks(reversed(names), ["b", "a"]) == found


@given(st.text())
def test_names_are_one_printable_line(text) -> None:
    assert clean(text).isprintable() or "\ufffd" in clean(text) or any(ord(c) > 127 for c in clean(text))
    assert "\n" not in clean(text)
    assert len(clean(text, 10)) <= 10
    assert slug(text)


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.5, "0.5"), (4653200, "4.65M"), (1.5e15, "1.5P"), (999, "999")]
)
def test_large_numbers(value, text) -> None:
    assert short(value) == text


def test_lists() -> None:
    assert listed("abc") == "a, b and c"
    assert listed("abcdefg", 4) == "a, b, c and 4 more"
    assert listed([]) == ""


def test_small_values_are_no_zeros():
    assert [number(value, 4) for value in (0.0, 0.16701, 5.312e-06, -2e-05)] == [
        "0.0000",
        "0.1670",
        "5.31e-06",
        "-2e-05",
    ]
    assert [number(value, 4) for value in (None, float("nan"))] == ["–", "nan"]
