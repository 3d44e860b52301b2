"""The benchmark runs and its file has the rows; what the numbers are is no test's business."""

import re
from pathlib import Path

import pytest

import rnnbench.bench.run
from rnnbench.bench.__main__ import main
from rnnbench.bench.fresh import Failed
from rnnbench.bench.subjects import all_cells
from rnnbench.machine import cores

TINY = ["--rounds", "1", "--threads", "1"]


def tables(text):
    """Rows by the title that they stand under."""
    found = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE):
        title, _, body = section.partition("\n")
        found[title] = [line.split(" | ") for line in body.splitlines() if line.startswith("| ")]
    return found


@pytest.mark.slow
def test_every_cell_has_its_rows(in_this_process, capsys):
    assert main([*TINY, "--shapes", "4,3,6,6", "--engine", "reference"]) == 0
    text = Path("BENCHMARKS.md").read_text()
    assert text in capsys.readouterr().out
    found = tables(text)
    lengths = "Different lengths: time / torch.nn padded in random order, 1 thread"
    for title, times in {
        "Time / torch.nn, 1 thread": 1,
        "Time / the naive loop, 1 thread": 1,
        "Time / the limit of matrix products, 1 thread": 1,
        lengths: 2,
        "Peak memory and build": 1,
    }.items():
        rows = [row[0].removeprefix("| ") for row in found[title][1:]]
        assert rows == [name for name in all_cells() for _ in range(times)], title
    assert all("reference" in row[1] for row in found[lengths][1:])
    assert len(found["Goals"]) == 13
    assert "4, 3, 6, 6" in text


@pytest.mark.slow
def test_the_short_plan_runs(in_this_process, monkeypatch):
    shapes = {name: rnnbench.bench.shapes.Shape(3, 2, 4, 4 + number) for number, name in enumerate("SMPL")}
    monkeypatch.setattr(rnnbench.bench.plan, "SHAPES", shapes)
    monkeypatch.setattr(rnnbench.bench.shapes, "SHAPES", shapes)
    monkeypatch.setattr(rnnbench.bench.__main__, "SHAPES", shapes)
    monkeypatch.setattr(rnnbench.bench.plan, "_LARGEST", shapes["L"])
    assert main(["--rounds", "1", "--threads", *map(str, range(1, min(2, cores()) + 1)), "--engine", "reference"]) == 0
    found = tables(Path("BENCHMARKS.md").read_text())
    one = {row[0].removeprefix("| "): row[4:-1] for row in found["Time / torch.nn, 1 thread"][1:]}
    assert set(one) == set(all_cells())
    assert [name for name in one if one[name][-1] != "-"] == ["Elman", "GRU", "LSTM"]
    if cores() > 1:
        two = {row[0].removeprefix("| ") for row in found["Time / torch.nn, 2 threads"][1:]}
        assert two == set(all_cells())


def test_an_engine_that_refuses_is_a_line_not_a_row(in_this_process):
    assert main([*TINY, "--shapes", "3,2,4,4", "--cells", "LSTM", "LayerNormLSTM", "--engine", "torch"]) == 0
    text = Path("BENCHMARKS.md").read_text()
    assert [row[0] for row in tables(text)["Time / torch.nn, 1 thread"][1:]] == ["| LSTM"]
    assert "\n- the torch engine cannot run LayerNormLSTM" in text


def test_a_process_that_breaks_down_ends_nothing_but_itself(monkeypatch):
    def call(threads, environment, function, *args):
        if function.__name__ == "time_lengths":
            raise Failed("signal 11")
        return function(*args)

    monkeypatch.setattr(rnnbench.bench.run, "run_fresh", call)
    assert main([*TINY, "--shapes", "3,2,4,4", "--cells", "GRU", "--engine", "reference"]) == 1
    text = Path("BENCHMARKS.md").read_text()
    assert "uniform lengths, threads: 1: signal 11" in text
    assert len(tables(text)["Time / torch.nn, 1 thread"]) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shapes", "Q"], "no shape is called 'Q'"),
        (["--shapes", "3,2,0,4"], "four positive numbers"),
        (["--cells", "LSMT"], "did you mean: LSTM"),
        (["--threads", "1000"], "found 1000"),
        (["--threads", "0"], "found 0"),
        (["--rounds", "0"], "at least one round"),
        (["--output", "nowhere/B.md"], "there is no folder nowhere"),
    ],
)
def test_bad_options_are_named_and_leave_the_file(words, message, capsys):
    Path("BENCHMARKS.md").write_text("before")
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert Path("BENCHMARKS.md").read_text() == "before"


@pytest.mark.slow
def test_in_processes_of_their_own(capsys):
    assert main([*TINY, "--shapes", "5,3,4,4", "--cells", "LSTM"]) == 0
    found = tables(capsys.readouterr().out)
    assert len(found["Time / torch.nn, 1 thread"]) == len(found["Peak memory and build"]) == 2


@pytest.mark.gpu
def test_on_a_gpu(in_this_process):
    assert main([*TINY, "--shapes", "5,3,4,4", "--cells", "LSTM", "--device", "cuda"]) == 0
    assert "device" in Path("BENCHMARKS.md").read_text()
