"""``rnnbench record RUN... --table NAME``: finished runs among the committed results and in RESULTS.md."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnbench.results.rows import Row


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "record",
        help="put a finished run's result into configs/results.csv and RESULTS.md",
        description="Put the result of a finished run into configs/results.csv of this checkout, in the place of the "
        "row of that name or as a new one, and render the tables of RESULTS.md anew. Several runs, which may differ in "
        "the seed alone, make one row with mean and deviation. The published value that a row has stays unless another "
        "is given.",
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of the run, or one for each seed")
    parser.add_argument("--table", required=True, metavar="NAME", help="the table it belongs to")
    parser.add_argument("--name", help="the row's name in the table (default: the model's name)")
    parser.add_argument("--metric", help="the metric to record (default: the row's, or the run's leading one)")
    parser.add_argument("--published", type=float, metavar="X", help="the published value to compare with")
    parser.add_argument("--source", metavar="TEXT", help="where it is published")
    parser.add_argument("--tolerance", type=float, metavar="T", help="how far off still counts as reproduced")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Record the run."""
    from rnnbench.results.entry import record_result
    from rnnbench.results.record import RESULT_FILE, read_result

    results = [read_result(run / RESULT_FILE) for run in args.runs]
    change_tables(
        lambda rows: record_result(
            rows,
            results,
            table=args.table,
            name=args.name,
            metric=args.metric,
            published=args.published,
            published_source=args.source,
            tolerance=args.tolerance,
        )
    )
    return 0


def change_tables(change: Callable[[list[Row]], list[Row]]) -> None:
    """Changes the committed rows and RESULTS.md; both are rendered before either is written.

    Args:
        change: Gives the new rows for the old ones.

    Raises:
        UserError: This is no checkout, or a row is refused.
    """
    from rnnbench.errors import UserError
    from rnnbench.folders import configs_folder
    from rnnbench.results.page import update_page
    from rnnbench.results.rows import read_rows, write_rows
    from rnnbench.safe_files import read_text, replace_text

    configs = configs_folder()
    page = configs.parent / "RESULTS.md"
    if not (configs.parent / "pyproject.toml").is_file():
        raise UserError(
            "results are recorded in a checkout of rnnbench, and this is an installed package",
            where=configs,
            hint="clone the repository, `make setup` there, and record from there",
        )
    results = configs / "results.csv"
    rows = change(read_rows(results) if results.exists() else [])
    rendered = update_page(read_text(page), rows, page)
    write_rows(results, rows)
    replace_text(page, rendered)
    print(f"recorded in {results} and {page}")
