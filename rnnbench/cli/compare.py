"""``rnnbench compare RUN...``: finished runs side by side."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnbench.results.table import Comparison

ACROSS = ("budget", "selection", "hardware", "decoding", "checkpoint", "start", "versions", "commit")
"""What may be put aside: conditions of a table, and what seeds of one row share."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "compare",
        help="show finished runs side by side",
        description="Show finished runs in one table for each protocol: values are ranked only where data, way of "
        "measuring, rule of selection and budget of training are the same. Runs that differ in the seed alone "
        "are one row, with mean, deviation and interval; rows of three seeds or more are tested, and those that share "
        "a letter are not told apart. A run that failed counts what chance gives.",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run folder, a folder of runs, or a pattern in quotes")
    parser.add_argument(
        "--format",
        choices=("terminal", "markdown", "latex", "csv", "json"),
        default="terminal",
        help="how to write the tables (default: %(default)s); csv has every run with every digit, json the tests too",
    )
    parser.add_argument("--metric", metavar="NAME", help="rank by this metric (default: the application's leading one)")
    parser.add_argument(
        "--reference",
        metavar="CELL",
        help="compare every row with that of this cell or model and with no other: fewer pairs see smaller differences",
    )
    parser.add_argument(
        "--learned",
        type=float,
        metavar="X",
        help="the value from which on a run has learned a task that is learned or not (default: seen in the values)",
    )
    parser.add_argument(
        "--across",
        action="append",
        choices=ACROSS,
        default=[],
        help="rank runs although their protocols differ in this, or put seeds into one row that differ in it",
    )
    parser.add_argument("--pairs", action="store_true", help="show every pair: difference, interval, effect size, p")
    parser.add_argument("--why", action="store_true", help="say of two runs why they are compared or not")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead of the screen")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print or write the comparison."""
    # Before numpy is imported: the products of the tests are small, and on a busy machine threads wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from rnnbench.results.table import compare, load_runs
    from rnnbench.safe_files import replace_text

    runs = load_runs(args.runs)
    if args.why:
        from rnnbench.errors import UserError
        from rnnbench.results.why import why

        if len(runs) != 2:
            raise UserError(f"two runs are needed, found {len(runs)}", where="--why", hint="compare --why RUN RUN")
        text = "\n".join(why(*runs)) + "\n"
    else:
        comparison = compare(runs, args.across, args.reference, args.learned, args.metric)
        if args.format == "terminal" and args.output is None and sys.stdout.isatty():
            from rich.console import Console

            from rnnbench.results.render import render_terminal

            render_terminal(comparison, Console(), args.pairs)
            return 0
        text = _text(comparison, args.format, args.pairs)
    if args.output is None:
        sys.stdout.write(text)
    else:
        replace_text(args.output, text)
    return 0


def _text(comparison: Comparison, form: str, pairs: bool) -> str:
    from rnnbench.results.latex import render_latex
    from rnnbench.results.render import render_csv, render_json, render_markdown, render_terminal

    if form == "csv":
        return render_csv(comparison)
    if form == "json":
        return render_json(comparison)
    if form == "latex":
        return render_latex(comparison, pairs)
    if form == "markdown":
        return render_markdown(comparison, pairs)
    from rich.console import Console

    page = io.StringIO()
    render_terminal(comparison, Console(file=page, width=140), pairs)
    return page.getvalue()
