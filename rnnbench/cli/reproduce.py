"""``rnnbench reproduce``: the runs behind the results table of the built-in data, and the table."""

from __future__ import annotations

import argparse
from pathlib import Path

from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results.committed import read_rows
from rnnbench.results.record import read_result
from rnnbench.results.render import render_csv, render_markdown
from rnnbench.results.table import compare, load_runs
from rnnbench.safe_files import replace_text
from rnnbench.shipped import configs_folder

TABLE = "standard_library"


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "reproduce",
        help="train every model of the built-in data's table, print and save the table",
        description="Trains and tests every model of the built-in data's results table. A run that is finished is not"
        " run again, one that was interrupted goes on. The table is printed and saved beside the runs.",
    )
    parser.add_argument("--runs", metavar="DIR", default="runs", help="where runs lie (default: runs)")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Trains, tests and compares."""
    from rnnbench.cli import main

    root = Path(arguments.runs)
    folders = []
    for row in read_rows(configs_folder() / "results.csv"):
        if row.table != TABLE:
            continue
        run_folder = RunFolder(root / "text_generation" / f"reproduce-{row.config.rpartition('/')[2]}")
        folders.append(run_folder.path)
        for words in _still_to_do(run_folder, row.config, root):
            print(f"$ rnnbench {' '.join(words)}", flush=True)
            status = main(words)
            if status:
                return status
    if not folders:
        raise UserError(f"no row belongs to the table {TABLE}", where=configs_folder() / "results.csv")
    comparison = compare(load_runs([str(folder) for folder in folders]))
    table = render_markdown(comparison)
    print(f"\n{table}")
    for name, text in (("reproduce.md", table), ("reproduce.csv", render_csv(comparison))):
        replace_text(root / name, text)
    print(f"saved: {root / 'reproduce.md'}, {root / 'reproduce.csv'}")
    return 0


def _still_to_do(run_folder: RunFolder, config: str, root: Path) -> list[list[str]]:
    """The commands that a run still needs: none for one that is trained and tested."""
    test = ["test", "--run", str(run_folder.path)]
    if not run_folder.config.is_file():
        fit = ["fit", "--config", config, "--name", run_folder.path.name, "--runs", str(root)]
        return [fit, test]
    finished = run_folder.result.is_file() and read_result(run_folder.result).status == "finished"
    if not finished:
        return [["fit", "--resume", str(run_folder.path)], test]
    return [] if "test" in read_result(run_folder.result).metrics else [test]
