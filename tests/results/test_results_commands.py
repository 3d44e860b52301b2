from __future__ import annotations

import argparse
import sys
import types
from pathlib import Path

import pytest

from rnnbench.cli import compare, record
from rnnbench.errors import UserError
from rnnbench.results.committed import read_rows


def _run(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    compare.add_parser(subparsers)
    record.add_parser(subparsers)
    args = parser.parse_args([str(word) for word in words])
    return args.func(args)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch) -> Path:
    """A checkout with an empty results table in its README."""
    shipped = types.ModuleType("rnnbench.shipped")
    shipped.configs_folder = lambda: tmp_path / "checkout" / "configs"
    monkeypatch.setitem(sys.modules, "rnnbench.shipped", shipped)
    root = tmp_path / "checkout"
    (root / "configs").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    (root / "README.md").write_text("# Title\n\n<!-- results:ptb -->\n<!-- /results -->\n")
    return root


@pytest.mark.parametrize(
    ("form", "start"),
    [("terminal", "text_generation: ptb"), ("markdown", "### text_generation: ptb"), ("csv", "table,")],
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


def test_compare_says_where_it_cannot_write(make_run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        _run("compare", make_run("one"), "--format", "csv", "--output", tmp_path / "no" / "table.csv")


def test_record_writes_the_rows_and_the_readme(checkout: Path, make_run) -> None:
    run = make_run("one")
    words = ["--name", "LSTM small", "--published", "115.9", "--source", "Zaremba 2014", "--tolerance", "1.1"]
    assert _run("record", run, "--table", "ptb", *words) == 0
    (row,) = read_rows(checkout / "configs" / "results.csv")
    assert (row.name, row.test, row.reproduced) == ("LSTM small", 115.5, True)
    page = (checkout / "README.md").read_text()
    assert "115.90 (Zaremba 2014)" in page
    assert _run("record", run, "--table", "ptb", "--name", "LSTM small") == 0
    assert read_rows(checkout / "configs" / "results.csv") == [row]
    assert (checkout / "README.md").read_text() == page


def test_record_writes_nothing_where_the_readme_is_spoilt(checkout: Path, make_run) -> None:
    (checkout / "README.md").write_text("<!-- results:ptb -->\n")
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
