from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import types
from pathlib import Path

import pytest

from rnnbench.cli import compare, record
from rnnbench.errors import UserError
from rnnbench.results.record import write_result
from rnnbench.results.rows import read_rows


def _run(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    compare.add_parser(subparsers)
    record.add_parser(subparsers)
    args = parser.parse_args([str(word) for word in words])
    return args.func(args)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch) -> Path:
    """A checkout with an empty results table."""
    shipped = types.ModuleType("rnnbench.folders")
    shipped.configs_folder = lambda: tmp_path / "checkout" / "configs"
    monkeypatch.setitem(sys.modules, "rnnbench.folders", shipped)
    root = tmp_path / "checkout"
    (root / "configs").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    (root / "RESULTS.md").write_text("# Title\n\n<!-- results:ptb -->\n<!-- /results -->\n")
    return root


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("terminal", "text_generation: ptb"),
        ("markdown", "### text_generation: ptb"),
        ("csv", "table,"),
        ("json", '{\n  "tables": ['),
    ],
)
def test_compare_prints_and_writes(make_run, tmp_path: Path, capsys, form: str, start: str) -> None:
    make_run("one", test=110.0)
    runs = make_run("two", test=100.0, model="[bold]GRU[/bold]").parent
    assert _run("compare", runs, "--format", form) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(start)
    assert "[bold]GRU[/bold]" in printed
    assert _run("compare", runs, "--format", form, "--output", tmp_path / "table") == 0
    assert capsys.readouterr().out == ""
    assert "[bold]GRU[/bold]" in (tmp_path / "table").read_text()


def test_compare_goes_across_budgets_where_asked(make_run, capsys) -> None:
    runs = [make_run("one"), make_run("two", budget="epochs:2")]
    assert _run("compare", *runs) == 0
    assert "`--across budget` ranks them all the same" in " ".join(capsys.readouterr().out.split())
    assert _run("compare", *runs, "--across", "budget", "--format", "markdown") == 0
    page = capsys.readouterr().out
    assert page.count("### ") == 1
    assert "budget epochs:13 / epochs:2." in page


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [1, 3])
def test_compare_of_1000_runs_takes_less_than_3_seconds(make_result, tmp_path: Path, seeds: int) -> None:
    for number in range(1000):
        folder = tmp_path / "runs" / f"run{number}"
        folder.mkdir(parents=True)
        changes = {"run": folder.name, "model": f"model{number // seeds}", "test": 100 + number % 7 + number / 500}
        write_result(folder / "result.json", make_result(seed=number, **changes))
    command = [sys.executable, "-m", "rnnbench", "compare", str(tmp_path / "runs"), "--output", str(tmp_path / "table")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Not by the clock: the machine may have other work.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3
    assert (tmp_path / "table").read_text().count("model") >= 1000 // seeds


def test_compare_says_where_it_cannot_write(make_run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        _run("compare", make_run("one"), "--format", "csv", "--output", tmp_path / "no" / "table.csv")


def test_a_pipe_or_a_device_is_never_replaced_by_a_file(make_run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="no file but a pipe"):
        _run("compare", make_run("one"), "--output", pipe)
    assert pipe.is_fifo()


def test_record_writes_the_rows_and_the_readme(checkout: Path, make_run) -> None:
    run = make_run("one")
    words = ["--name", "LSTM small", "--published", "115.9", "--source", "Zaremba 2014", "--tolerance", "1.1"]
    assert _run("record", run, "--table", "ptb", *words) == 0
    (row,) = read_rows(checkout / "configs" / "results.csv")
    assert (row.name, row.test, row.reproduced) == ("LSTM small", 115.5, "yes")
    page = (checkout / "RESULTS.md").read_text()
    assert "115.90 (Zaremba 2014)" in page
    assert _run("record", run, "--table", "ptb", "--name", "LSTM small") == 0
    assert read_rows(checkout / "configs" / "results.csv") == [row]
    assert (checkout / "RESULTS.md").read_text() == page


def test_record_writes_nothing_where_the_readme_is_spoilt(checkout: Path, make_run) -> None:
    (checkout / "RESULTS.md").write_text("<!-- results:ptb -->\n")
    with pytest.raises(UserError, match="is not closed"):
        _run("record", make_run("one"), "--table", "ptb")
    assert list((checkout / "configs").iterdir()) == []


def test_record_needs_a_checkout(checkout: Path, make_run) -> None:
    (checkout / "pyproject.toml").unlink()
    with pytest.raises(UserError, match="installed package"):
        _run("record", make_run("one"), "--table", "ptb")


def test_record_needs_a_run_with_a_result(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no result here"):
        _run("record", tmp_path, "--table", "ptb")
