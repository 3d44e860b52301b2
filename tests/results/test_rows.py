from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.errors import UserError
from rnnbench.results.entry import record_result
from rnnbench.results.page import render, update_page
from rnnbench.results.rows import COLUMNS, Row, read_rows, write_rows

PENDING = Row(
    table="ptb",
    name="LSTM small",
    config="text_generation/ptb_small",
    dataset="ptb",
    metric="perplexity",
    published=115.9,
    published_source="Zaremba 2014",
    tolerance=1.1,
    note="two layers",
)
PAGE = "# Title\n\n<!-- results:ptb -->\n<!-- /results -->\n\nText.\n"
numbers = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture
def done(make_result) -> Row:
    return record_result([], [make_result()], table="ptb", name="LSTM small")[0]


@given(
    value=numbers,
    minutes=st.none() | numbers,
    seeds=st.lists(st.integers(min_value=0)),
    parameters=st.none() | st.integers(),
    note=st.text(st.characters(exclude_categories=["Cc", "Cs", "Z"])),
)
def test_round_trip(tmp_path_factory, value, minutes, seeds, parameters, note) -> None:
    path = tmp_path_factory.getbasetemp() / "results.csv"
    row = dataclasses.replace(PENDING, command="x", fingerprint="a", signature="s", test=value, minutes=minutes)
    row = dataclasses.replace(row, seeds=tuple(seeds), parameters=parameters, note=note)
    write_rows(path, [PENDING, dataclasses.replace(row, name="other")])
    assert read_rows(path) == [PENDING, dataclasses.replace(row, name="other")]


def test_a_file_from_before_the_later_columns_is_read(tmp_path: Path, done: Row) -> None:
    path = tmp_path / "results.csv"
    write_rows(path, [PENDING])
    lines = [line.rsplit(",", 6)[0] for line in path.read_text().splitlines()]
    assert lines[0].endswith(",note")
    path.write_text("\n".join(lines) + "\n")
    assert read_rows(path) == [PENDING]


def test_a_row_keeps_what_every_seed_gave(make_result) -> None:
    results = [make_result(seed=seed, test=value, run=f"r{seed}") for seed, value in ((2, 3.0), (1, 5.0))]
    (row,) = record_result([], results, table="ptb")
    assert (row.seeds, row.seed_values, row.test) == ((1, 2), (5.0, 3.0), 4.0)
    assert (row.cell, row.flops, row.memory_bytes, row.budget) == ("LSTM", 1.5e15, 512 * 2**20, "epochs:13")


def test_as_many_values_as_seeds(tmp_path: Path, done: Row) -> None:
    with pytest.raises(ValueError, match="seed_values: 2 values of 1 seeds"):
        write_rows(tmp_path / "results.csv", [dataclasses.replace(done, seed_values=(1.0, 2.0))])


def test_a_failing_write_keeps_the_old_file(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "results.csv"
    write_rows(path, [PENDING])

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(UserError, match="No space left"):
            write_rows(path, [])
    assert read_rows(path) == [PENDING]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"config": ""}, "line 3: config: may not be empty"),
        ({"dataset": ""}, "line 3: dataset: may not be empty"),
        ({"table": "a b"}, "line 3: table: 'a b' has signs"),
        ({"metric": "perplexty"}, "did you mean: perplexity"),
        ({"test": "good"}, "line 3: test: expected a number, found 'good'"),
        ({"test": "nan"}, "line 3: test: nan is not a result"),
        ({"test": "100"}, "line 3: command: may not be empty where there is a value"),
        ({"seeds": "1,2"}, "line 3: seeds: expected a number"),
        ({"published_source": ""}, "a published value needs its source"),
        ({"published": "", "tolerance": "1"}, "line 3: tolerance"),
        ({"tolerance": "-1"}, "line 3: tolerance"),
        ({"name": "LSTM small"}, "'LSTM small' stands twice"),
    ],
)
def test_a_spoilt_row_is_named(tmp_path: Path, changes: dict[str, str], problem: str) -> None:
    path = tmp_path / "results.csv"
    write_rows(path, [PENDING])
    cells = dict(zip(COLUMNS, path.read_text().splitlines()[1].split(","), strict=True))
    with path.open("a") as file:
        file.write(",".join(f'"{cell}"' for cell in {**cells, "name": "other", **changes}.values()) + "\n")
    with pytest.raises(UserError) as error:
        read_rows(path)
    assert error.value.where == str(path)
    assert problem in error.value.problem


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda text: "", "missing columns: table"),
        (lambda text: text.replace("tolerance", "tolerence"), "unknown column 'tolerence' (did you mean: tolerance)"),
        (lambda text: text.replace("table,name", "name,table"), "in another order"),
        (lambda text: text.replace(",minutes", ""), "missing columns: minutes"),
        (lambda text: text[: -len(",abcd,,,,,,\n")], "line 2: 24 cells"),
        (lambda text: text + '"open', "line 3: "),
    ],
)
def test_a_spoilt_file_is_named(tmp_path: Path, spoil, problem: str) -> None:
    path = tmp_path / "results.csv"
    write_rows(path, [dataclasses.replace(PENDING, note="a, b")])
    path.write_text(spoil(path.read_text().replace(',"a, b"', ",abcd")))
    with pytest.raises(UserError) as error:
        read_rows(path)
    assert problem in error.value.problem


def test_a_result_takes_the_place_of_its_row(make_result) -> None:
    other = dataclasses.replace(PENDING, name="other")
    rows = record_result([PENDING, other], [make_result()], table="ptb", name="LSTM small")
    assert rows[1] is other
    row = rows[0]
    assert (row.validation, row.test, row.seeds, row.minutes) == (121.0, 115.5, (1,), 38.51)
    assert (row.published, row.published_source, row.tolerance, row.note) == (115.9, "Zaremba 2014", 1.1, "two layers")
    assert row.signature == "perplexity|tokens:82430|strips:1|carried"
    assert row.date == "2025-01-02"


def test_a_new_result_comes_at_the_end_of_its_table(make_result) -> None:
    apart = dataclasses.replace(PENDING, table="other")
    rows = record_result([PENDING, apart], [make_result()], table="ptb")
    assert [(row.table, row.name) for row in rows] == [("ptb", "LSTM small"), ("ptb", "LSTM"), ("other", "LSTM small")]


@pytest.mark.parametrize(
    ("result", "options", "problem"),
    [
        ({"status": "interrupted"}, {}, "not finished: interrupted"),
        ({"preset": None}, {}, "not made with a shipped config"),
        ({"preset": "text_generation/other"}, {"name": "LSTM small"}, "belongs to text_generation/ptb_small"),
        ({"test": None, "validation": None}, {}, "measured nothing"),
        ({}, {"metric": "accuracy"}, "has no accuracy"),
        ({"test": float("nan")}, {}, "test: nan is not a result"),
        ({}, {"published": 100.0}, "a published value needs its source"),
        ({}, {"tolerance": 1.0}, "tolerance: must be"),
    ],
)
def test_what_is_not_recorded(make_result, result: dict, options: dict, problem: str) -> None:
    with pytest.raises(UserError) as error:
        record_result([PENDING], [make_result(**result)], table="ptb", **options)
    assert problem in error.value.problem


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("perplexity", 117.0, "yes"),
        ("perplexity", 117.1, "no, worse"),
        ("perplexity", 90.0, "no, better"),
        ("bleu", 114.7, "no, worse"),
        ("bleu", 115.0, "yes"),
    ],
)
def test_reproduced_is_within_the_tolerance_either_way(metric: str, value: float, expected: str) -> None:
    row = dataclasses.replace(PENDING, metric=metric, test=value, commit="0123abc")
    assert row.reproduced == expected
    assert PENDING.reproduced is None
    assert dataclasses.replace(row, commit="").reproduced is None, "nobody can tell what code it was"


def test_rendering_is_idempotent_and_leaves_the_rest_alone(done: Row) -> None:
    once = update_page(PAGE, [done], Path("RESULTS.md"))
    assert once.startswith("# Title\n\n<!-- results:ptb -->\n\nData: ptb, fingerprint `aaaa`")
    assert once.endswith("|\n\n<!-- /results -->\n\nText.\n")
    assert update_page(once, [done], Path("RESULTS.md")) == once
    changed = update_page(once, [dataclasses.replace(done, test=99.0)], Path("RESULTS.md"))
    assert changed == update_page(PAGE, [dataclasses.replace(done, test=99.0)], Path("RESULTS.md"))


def test_two_tables_in_one_readme(done: Row) -> None:
    rows = [done, dataclasses.replace(PENDING, table="other")]
    text = PAGE + PAGE.replace("results:ptb", "results:other")
    once = update_page(text, rows, Path("RESULTS.md"))
    assert once.count("<!-- /results -->") == 2
    assert "Not run yet" in once
    assert update_page(once, rows, Path("RESULTS.md")) == once


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<!-- results:ptb -->\n", "is not closed"),
        ("<!-- results:ptb -->\n<!-- results:ptb -->\n<!-- /results -->\n", "is not closed"),
        ("<!-- results:pbt -->\n<!-- /results -->\n", "no results table 'pbt'"),
    ],
)
def test_a_spoilt_readme_is_named(done: Row, text: str, problem: str) -> None:
    with pytest.raises(UserError) as error:
        update_page(text, [done], Path("RESULTS.md"))
    assert error.value.where == "RESULTS.md"
    assert problem in error.value.problem


def test_a_rendered_table_never_mixes_fingerprints(done: Row) -> None:
    rows = [
        done,
        dataclasses.replace(done, name="GRU", test=110.0, note=""),
        dataclasses.replace(done, name="elsewhere", fingerprint="bbbb", test=100.0),
        dataclasses.replace(PENDING, name="large"),
    ]
    first, second = render(rows, "ptb").split("Data: ")[1:]
    assert "| 110.00 |" in first
    assert "large" in first
    assert "elsewhere" in second
    assert "**" not in first + second, "a README ranks nothing"


def test_rows_are_of_the_same_data_by_their_fingerprint_and_not_by_their_name(done: Row) -> None:
    renamed = dataclasses.replace(done, dataset="my_ptb", name="renamed")
    other = dataclasses.replace(done, fingerprint="bbbb", name="other")
    assert done.comparable_with(renamed)
    assert done.ranked_with(renamed)
    assert not done.comparable_with(other)
    tables = render([done, renamed, other], "ptb").split("Data: ")[1:]
    assert [table.count("text_generation/ptb_small") for table in tables] == [2, 1]
    # The same rows may serve two applications: 90 % of sentences are not 90 % of tokens.
    assert not done.comparable_with(dataclasses.replace(done, config="sentiment/ptb_small"))
    # One that was not run yet has the name alone.
    assert PENDING.of_same_data(done)
    assert not PENDING.of_same_data(renamed)


def test_published_values_stand_beside_ours(make_result) -> None:
    text = render(record_result([PENDING], [make_result()], table="ptb", name="LSTM small"), "ptb")
    assert "| 115.50 | 115.90 (Zaremba 2014) | yes (±1.1, 1 seed) |" in text
    assert "- LSTM small: two layers" in text


def test_several_seeds_are_one_row(make_result) -> None:
    runs = [make_result(test=test, validation=None, seed=seed) for seed, test in ((3, 112.0), (1, 110.0), (2, 114.0))]
    (row,) = record_result([], runs, table="ptb")
    assert (row.test, row.test_deviation, row.seeds) == (112.0, 2.0, (1, 2, 3))
    assert (row.validation, row.validation_deviation) == (None, None)
    assert "| 112.00 ± 2 |" in render([row], "ptb").replace("**", "")


def test_a_row_names_the_commits_of_all_its_seeds(make_result) -> None:
    def commits(*made: str | None) -> str:
        results = [make_result(seed=seed, git_commit=one) for seed, one in enumerate(made)]
        return record_result([], results, table="ptb")[0].commit

    assert commits("aaa", "bbb", "aaa") == "aaa bbb"
    assert commits("aaa", None) == "", "what made the mean is not known"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"seed": 1}, r"seeds \[1, 1\]"),
        ({"seed": 2, "model": "GRU"}, "differ in their model: LSTM, GRU"),
        ({"seed": 2, "fingerprint": "bbbb"}, "differ in their data fingerprint"),
        ({"seed": 2, "parameters": 7}, "differ in their number of parameters"),
        ({"seed": 2, "signature": "tokens:5|strips:2|carried"}, "differ in their way of measuring"),
        ({"seed": 2, "selection": "max validation/accuracy"}, "differ in their rule of selection"),
        ({"seed": 2, "budget": "epochs:13|tuning:4"}, "differ in their budget"),
        ({"seed": 2, "checkpoint": "last.ckpt"}, "differ in their tested state: None, last.ckpt"),
        ({"seed": 2, "decoding": "beam:5"}, "differ in their way of decoding"),
        ({"seed": 2, "status": "interrupted"}, "not finished: interrupted"),
    ],
)
def test_runs_of_one_row_differ_in_the_seed_alone(make_result, change: dict, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        record_result([], [make_result(), make_result(**change)], table="ptb")
