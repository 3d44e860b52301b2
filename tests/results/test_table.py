from __future__ import annotations

import csv
import io
import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rnnbench.errors import UserError
from rnnbench.results import metric
from rnnbench.results.group import Column, Run
from rnnbench.results.record import Data, Metric
from rnnbench.results.render import Cell, markdown_table, render_csv, render_markdown, render_terminal
from rnnbench.results.table import compare, load_runs

TEST = Column("test", "perplexity")


@pytest.fixture
def runs_of(make_result):
    """Runs from keyword arguments of ``make_result``."""

    def make(*changes: dict) -> list[Run]:
        named = [{"run": f"run{number}", **change} for number, change in enumerate(changes)]
        return [Run(Path(change["run"]), make_result(**change)) for change in named]

    return make


def test_a_table_never_mixes_fingerprints(runs_of) -> None:
    prints = ["aaaa", "bbbb", "cccc"]
    runs = runs_of(*({"fingerprint": prints[number % 3], "test": 100.0 + number} for number in range(9)))
    comparison = compare(runs)
    assert len(comparison.tables) == 3
    for table in comparison.tables:
        assert {run.result.data.fingerprint for run in table.runs} == {table.protocol.fingerprint}
    assert len(comparison.notes) == 1
    assert "3 versions (fingerprints aaaa, bbbb, cccc)" in comparison.notes[0]


def _on(name: str, fingerprint: str) -> Data:
    return Data(dataset=name, fingerprint=fingerprint, details={})


def test_equal_data_under_two_names_are_ranked_together_and_seeds_of_one_row(runs_of) -> None:
    runs = runs_of(
        {"data": _on("en-fr", "aaaa"), "seed": 1, "test": 110.0},
        {"data": _on("europarl", "aaaa"), "seed": 2, "test": 112.0},
        {"data": _on("europarl", "aaaa"), "seed": 1, "test": 100.0, "model": "GRU"},
    )
    comparison = compare(runs)
    assert comparison.notes == []
    (table,) = comparison.tables
    assert [(group.first.model, group.seeds) for group in table.groups] == [("GRU", (1,)), ("LSTM", (1, 2))]
    assert "en-fr / europarl (fingerprint aaaa)" in render_markdown(comparison)
    named = {row["run"]: row["dataset"] for row in csv.DictReader(io.StringIO(render_csv(comparison)))}
    assert named == {"run0": "en-fr", "run1": "europarl", "run2": "europarl"}


def test_two_sets_of_one_name_are_not_mixed_and_the_name_is_explained(runs_of) -> None:
    runs = runs_of(
        {"data": _on("en-fr", "aaaa")}, {"data": _on("en-fr", "bbbb")}, {"data": _on("en-fr", "bbbb"), "model": "GRU"}
    )
    comparison = compare(runs)
    assert [len(table.runs) for table in comparison.tables] == [1, 2]
    assert [note.partition(":")[0] for note in comparison.notes] == [
        "en-fr stands for 2 versions (fingerprints aaaa, bbbb) of a data set, or for as many sets of one name"
    ]


def test_a_column_never_mixes_ways_of_measuring(runs_of) -> None:
    changes = [
        {"test": test, "validation": validation, "signature": signature, "fingerprint": fingerprint}
        for test, validation in [(1.0, 2.0), (None, 2.0), (1.0, None), (None, None)]
        for signature in ["tokens:10|strips:1", "tokens:10|strips:20", "tokens:9|strips:1"]
        for fingerprint in ["aaaa", "bbbb"]
    ]
    comparison = compare(runs_of(*changes))
    assert sum(len(table.runs) for table in comparison.tables) == len(changes)
    for table in comparison.tables:
        for split, name in itertools.product(["validation", "test"], ["perplexity"]):
            measured = [run.result.metrics.get(split, {}).get(name) for run in table.runs]
            assert len({metric.comparable(value.signature) for value in measured if value}) <= 1
    assert any("tokens:10|strips:1 against" in note or "strips:20|tokens:10" in note for note in comparison.notes)


def test_words_in_a_signature_do_not_part_but_facts_do(runs_of) -> None:
    alike = runs_of({"signature": "tokens:10|strips:1|carried"}, {"signature": "strips:1|tokens:10"})
    assert len(compare(alike).tables) == 1
    assert len(compare(runs_of({"signature": "tokens:10"}, {"signature": "tokens:11"})).tables) == 2


def test_rows_without_a_test_value_come_last_and_join_the_table(runs_of) -> None:
    runs = runs_of({"test": None, "validation": 1.0}, {"test": 120.0}, {"test": math.nan}, {"test": 110.0})
    (table,) = compare(runs).tables
    assert [run.result.run for run in table.runs] == ["run3", "run1", "run2", "run0"]
    assert table.leading == TEST


def test_without_test_values_validation_leads(runs_of) -> None:
    (table,) = compare(runs_of({"test": None, "validation": 9.0}, {"test": None, "validation": 8.0})).tables
    assert table.leading == Column("validation", "perplexity")
    assert [run.result.run for run in table.runs] == ["run1", "run0"]


@given(
    name=st.sampled_from(sorted(metric.known_metrics())),
    values=st.lists(st.none() | st.floats() | st.sampled_from([0.0, 1.0]), max_size=6),
)
def test_best_respects_the_direction(name: str, values: list[float | None]) -> None:
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if len(finite) < 2:
        assert metric.best(name, values) is None
    else:
        assert metric.best(name, values) == (max(finite) if metric.better(name) == "higher" else min(finite))


@pytest.mark.parametrize(("name", "winner"), [("perplexity", 0.2), ("accuracy", 0.8)])
def test_values_that_nothing_beats_are_bold_and_first(runs_of, name: str, winner: float) -> None:
    rows = [
        {"metric": name, "test": test + seed / 1000, "validation": 0.5, "model": f"m{test}", "seed": seed}
        for test in (0.8, 0.2, 0.5)
        for seed in (1, 2, 3)
    ]
    lines = [line for line in render_markdown(compare(runs_of(*rows))).splitlines() if line.startswith("| m0")]
    assert f"**{winner + 0.002:.4f} ± 0.001**" in lines[0]
    assert lines[0].count("**") == 2
    assert all("**" not in line for line in lines[1:])


def test_without_three_seeds_nothing_is_bold(runs_of) -> None:
    assert "**" not in render_markdown(compare(runs_of({})))
    assert "**" not in render_markdown(compare(runs_of({"test": 1.0}, {"test": 90.0, "model": "GRU"})))


def test_a_baseline_that_wins_is_said(runs_of) -> None:
    baseline = {"model": "KneserNey 7-gram", "cell": None, "baseline": True, "seed": None}
    sentence = "The best value on this data is that of KneserNey 7-gram (baseline), not a recurrent network's."
    assert sentence in render_markdown(compare(runs_of({"test": 110.0}, {**baseline, "test": 100.0})))
    for others in ([{"test": 110.0}, {**baseline, "test": 120.0}], [{**baseline}, {**baseline, "test": 90.0}]):
        assert "baseline" not in render_markdown(compare(runs_of(*others)))
    assert "baseline" not in render_markdown(compare(runs_of({"test": 100.0}, {**baseline, "test": 100.0})))


def test_a_metric_of_unknown_direction_is_shown_and_not_ranked(runs_of) -> None:
    text = render_markdown(compare(runs_of(*({"metric": "joy", "test": test} for test in (1.0, 2.0)))))
    assert "Not sorted" in text
    assert "test joy" in text
    assert "**" not in text


def test_a_metric_in_another_unit_is_left_to_the_csv(runs_of, make_result) -> None:
    values = {"perplexity": 100.0, "nats_per_token": 4.6, "bits_per_character": 1.2}
    metrics = {"test": {name: Metric(value=value, signature=name) for name, value in values.items()}}
    comparison = compare(runs_of({"metrics": metrics, "selection": "last"}))
    text = render_markdown(comparison)
    assert "test perplexity" in text
    assert "test bits per character" in text
    assert "nats" not in text
    assert "test_nats_per_token" in render_csv(comparison)


def test_rows_that_look_alike_carry_the_name_of_the_run(runs_of) -> None:
    runs = runs_of({"test": 1.0}, {"test": 3.0}, {"test": 2.0, "settings": "other"}, {"model": "GRU"})
    (table,) = compare(runs).tables
    assert table.labels() == ["LSTM (run0)", "LSTM (run2)", "LSTM (run1)", "GRU"]


def test_csv_holds_every_digit(runs_of) -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv(compare(runs_of({"test": 1 / 3}, {"fingerprint": "bbbb"}))))))
    assert float(rows[0]["test_perplexity"]) == 1 / 3
    assert [row["table"] for row in rows] == ["1", "2"]


def test_cells_cannot_break_a_markdown_table() -> None:
    text = markdown_table(["a"], [[Cell("x|y\nz")]])
    assert text.splitlines()[-1] == "| x\\|y z |"


def test_runs_are_found_by_name_by_folder_and_by_pattern(make_run, tmp_path: Path) -> None:
    one, two = make_run("one"), make_run("two")
    (tmp_path / "runs" / "notes.txt").write_text("not a run")
    for paths in (
        [one, two],
        [one / "result.json", two],
        [tmp_path / "runs"],
        [one.parent],
        [str(one.parent / "*")],
        [str(tmp_path / "**" / "result.json")],
        [one, one.parent, two],
    ):
        assert sorted(run.folder.name for run in load_runs(paths)) == ["one", "two"]


def test_an_unfinished_run_is_refused_where_named_and_left_out_where_found(make_run) -> None:
    done = make_run("done")
    broken = make_run("broken", status="interrupted")
    with pytest.raises(UserError, match="not finished: interrupted"):
        load_runs([done, broken])
    comparison = compare(load_runs([done.parent]))
    assert [run.result.run for run in comparison.tables[0].runs] == ["done"]
    assert comparison.notes == ["Left out, not finished: broken (interrupted)."]


def test_nothing_to_compare(make_run, tmp_path: Path) -> None:
    unfinished = make_run("one", status="running", finished=None)
    with pytest.raises(UserError, match="none of these runs is finished"):
        compare(load_runs([unfinished.parent]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no result\.json in it") as error:
        load_runs([tmp_path / "empty"])
    assert error.value.where == str(tmp_path / "empty")
    with pytest.raises(UserError, match="no such run"):
        load_runs([tmp_path / "missing"])
    with pytest.raises(UserError, match="no such run"):
        load_runs([str(tmp_path / "nothing*")])
    with pytest.raises(UserError, match="no run is named"):
        load_runs([])


def test_a_narrow_terminal_keeps_every_digit(runs_of) -> None:
    values = {"perplexity": 115.5, "nats_per_character": 1.25}
    metrics = {
        split: {name: Metric(value=value, signature=name) for name, value in values.items()}
        for split in ("validation", "test")
    }
    comparison = compare(runs_of({"metrics": metrics, "model": "a recurrent network with a long name"}))
    printed = {}
    for width in (80, 140):
        console = Console(file=io.StringIO(), width=width)
        render_terminal(comparison, console)
        printed[width] = console.file.getvalue()
        assert "4,653,200" in printed[width]
        assert "115.50" in printed[width]
        assert "…" not in printed[width]
    assert "1.2500" in printed[140]
    assert "1.2500" not in printed[80]
    assert "A wider terminal" in printed[80]


def test_small_values_keep_their_digits() -> None:
    shown = {
        115.914: "115.91",
        1.395: "1.3950",
        0.0: "0.0000",
        0.00123: "0.0012",
        5.312e-06: "5.31e-06",
        -2e-05: "-2e-05",
    }
    assert {value: metric.format_value(value) for value in shown} == shown
