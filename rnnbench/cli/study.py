"""``rnnbench study FILE``: many runs that answer one question."""

from __future__ import annotations

import argparse
import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnbench.results.rows import Row
    from rnnbench.results.table import Comparison

SOME_FAILED = 1
INTERRUPTED = 130


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "study",
        help="run cells x applications x budgets x seeds as a file says, and compare",
        description="Runs what a study's file asks for: cells on applications, at equal parameters, operations or time,"
        " with several seeds, the rates tuned first in the same way for all. The same command goes on where it was"
        " stopped: what is finished is not run again, what was interrupted is resumed.",
    )
    parser.add_argument("file", metavar="FILE", help="a study's file, or the name of one, such as studies/cells")
    parser.add_argument(
        "--plan", action="store_true", help="print runs, cost, hours and what can be told apart, and run nothing"
    )
    add_options(parser)
    parser.set_defaults(func=run)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that `study` and `reproduce` share."""
    parser.add_argument("--out", metavar="DIR", type=Path, help="the study's folder (default: runs/studies/NAME)")
    parser.add_argument("--launcher", choices=("local", "ray"), default="local", help="what runs it (default: local)")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="runs at a time (default: the number of GPUs, or else of cores)"
    )
    parser.add_argument("--retry-failed", action="store_true", help="try again what failed")
    parser.add_argument(
        "--record", action="store_true", help="enter the results into configs/results.csv, a table for each data set"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the study."""
    from rnnbench.cli.presets import config_path, study_names
    from rnnbench.errors import UserError, did_you_mean

    try:
        path = config_path(arguments.file)
    except UserError:
        hint = did_you_mean(arguments.file, study_names())
        raise UserError("there is no such file or study", where=f"rnnbench study {arguments.file}", hint=hint) from None
    if arguments.plan:
        print(_outlook(path, arguments), end="")
        return 0
    return run_study(path, arguments)


def _outlook(path: Path, arguments: argparse.Namespace) -> str:
    """What the study of a file will cost and can show."""
    from rnnbench.cli.config_files import check_config_file
    from rnnbench.cli.presets import config_path
    from rnnbench.folders import configs_folder
    from rnnbench.results.rows import read_rows
    from rnnbench.study.file import read_study
    from rnnbench.study.outlook import outlook

    check_config_file(path)
    study = read_study(path, config_path)
    folder = arguments.out or Path("runs") / "studies" / study.name
    rows = read_rows(configs_folder() / "results.csv")
    return outlook(study, folder, rows, arguments.workers or os.cpu_count() or 1)


def run_study(path: Path, arguments: argparse.Namespace) -> int:
    """Runs the study of a file, prints and saves the comparison, writes the report.

    Args:
        path: The file.
        arguments: The options of `add_options`.

    Returns:
        The exit status.
    """
    from rnnbench.cli.config_files import check_config_file
    from rnnbench.cli.launching import launched
    from rnnbench.cli.presets import config_path
    from rnnbench.cli.report import write_report
    from rnnbench.results.render import render_markdown
    from rnnbench.study.conduct import conduct
    from rnnbench.study.file import read_study

    check_config_file(path)
    study = read_study(path, config_path)
    folder = arguments.out or Path("runs") / "studies" / study.name
    ended = launched(
        folder,
        arguments,
        lambda runner, looker, console: conduct(study, folder, runner, looker, console, arguments.retry_failed),
    )
    if ended is None:
        return INTERRUPTED
    if ended.comparison is not None:
        print(f"\n{render_markdown(ended.comparison)}")
        print(f"saved: {folder / 'compare.md'}, {folder / 'compare.csv'}")
        reference = None if study.reference is None else study.reference.title
        write_report([str(folder)], folder / "report", reference=reference)
        if arguments.record:
            _record(study.name, ended.comparison)
    return SOME_FAILED if ended.failures else 0


def _record(study: str, comparison: Comparison) -> None:
    """Enters every row of every table; tables of one name, such as two data sets called alike, are numbered."""
    from rnnbench.cli.record import change_tables
    from rnnbench.results.entry import record_result

    def enter(rows: list[Row]) -> list[Row]:
        names: Counter[str] = Counter()
        for table in comparison.tables:
            name = re.sub(r"[^\w.-]+", "_", f"{study}_{table.dataset}")
            names[name] += 1
            name = name if names[name] == 1 else f"{name}-{names[name]}"
            for label, group in zip(table.labels(), table.groups, strict=True):
                rows = record_result(rows, [run.result for run in group.runs], table=name, name=label)
        return rows

    change_tables(enter)
