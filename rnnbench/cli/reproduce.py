"""``rnnbench reproduce``: the studies and the published results that come with rnnbench, in three tiers."""

from __future__ import annotations

import argparse
import dataclasses
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rnnbench.cli.study import INTERRUPTED, SOME_FAILED, add_options, run_study

if TYPE_CHECKING:
    from rnnbench.results.rows import Row
    from rnnbench.study.plan import Run

_STUDIES = {"small": "studies/small", "study": "studies/cells"}
# What a run of a row gets from here.
_OWN = ("--name", "--runs", "--seed_everything")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "reproduce",
        help="run what the results tables are made of, print and save them",
        description="small: every application with a baseline and three cells, once, on data that need no network."
        " study: eight cells with three seeds at equal size, the learning rate tuned. paper: the published results, row"
        " by row, beside ours; their data lie in the working folder. The same command goes on where it was stopped.",
    )
    parser.add_argument(
        "--tier", choices=(*_STUDIES, "paper"), default="small", help="how much (default: small, under 45 minutes)"
    )
    add_options(parser)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the tier."""
    from rnnbench.cli.presets import config_path

    if arguments.tier in _STUDIES:
        return run_study(config_path(_STUDIES[arguments.tier]), arguments)
    return _paper(arguments)


def _paper(arguments: argparse.Namespace) -> int:
    """Runs the rows that have a published value, and sets ours beside it."""
    from rnnbench.cli.launching import launched
    from rnnbench.cli.record import change_tables
    from rnnbench.cli.report import write_report
    from rnnbench.folders import configs_folder
    from rnnbench.results.entry import record_result
    from rnnbench.results.page import render
    from rnnbench.results.record import RESULT_FILE, read_result
    from rnnbench.results.rows import read_rows
    from rnnbench.safe_files import replace_text
    from rnnbench.study.conduct import conduct_runs

    folder = arguments.out or Path("runs") / "studies" / "paper"
    wanted = [row for row in read_rows(configs_folder() / "results.csv") if row.published is not None]
    runs = [(row, runs_of(row, folder)) for row in wanted]
    every = [run for _, some in runs for run in some]
    ended = launched(
        folder,
        arguments,
        lambda runner, _, console: conduct_runs(every, folder, runner, console, arguments.retry_failed),
    )
    if ended is None:
        return INTERRUPTED
    ours = [without_values(row) for row in wanted]
    for row, some in runs:
        if not any(run.id in ended.failures for run in some):
            results = [read_result(run.folder / RESULT_FILE) for run in some]
            ours = record_result(ours, results, table=row.table, name=row.name, metric=row.metric)
            if arguments.record:
                change_tables(
                    lambda rows, row=row, results=results: record_result(  # type: ignore[misc]
                        rows, results, table=row.table, name=row.name, metric=row.metric
                    )
                )
    tables = dict.fromkeys(row.table for row in ours)
    page = "\n\n".join(f"### {table}\n\n{render(ours, table)}" for table in tables) + "\n"
    print(f"\n{page}")
    replace_text(folder / "paper.md", page)
    print(f"saved: {folder / 'paper.md'}")
    write_report([str(folder)], folder / "report")
    return SOME_FAILED if ended.failures else 0


def runs_of(row: Row, folder: Path) -> list[Run]:
    """The runs behind a row, one for each of its seeds.

    Args:
        row: The row.
        folder: Where their folders lie.
    """
    from rnnbench.study.plan import Run

    words = tuple(_without(shlex.split(row.command)[2:])) or (f"--config={row.config}",)
    name = re.sub(r"\W+", "_", f"{row.table}-{row.name}")
    application = row.application
    return [
        Run(folder, application, f"{name}-{seed}", (*words, f"--seed_everything={seed}"), True, "best")
        for seed in row.seeds or (1,)
    ]


def without_values(row: Row) -> Row:
    """The row as it is before it is run: what is published, and with what config it is to be reproduced."""
    from rnnbench.results.rows import Row

    kept = ("table", "name", "config", "dataset", "metric", "published", "published_source", "tolerance", "note")
    fields = {field.name: getattr(row, field.name) for field in dataclasses.fields(Row)}
    return Row(**{name: value for name, value in fields.items() if name in kept})


def _without(words: list[str]) -> list[str]:
    """Words of a command line, less the options that each run gets anew."""
    kept, following = [], iter(words)
    for word in following:
        if word in _OWN:
            next(following, None)
        elif word.partition("=")[0] not in _OWN:
            kept.append(word)
    return kept
