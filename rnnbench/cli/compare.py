"""``rnnbench compare RUN...``: finished runs side by side."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "compare",
        help="show finished runs side by side",
        description="Show finished runs in one table for each protocol: values are ranked only where data, way of "
        "measuring, rule of selection and budget of training are the same. Runs that differ in the seed alone "
        "are one row, with mean, deviation and interval; differences within the noise are ties.",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run folder, a folder of runs, or a pattern in quotes")
    parser.add_argument(
        "--format",
        choices=("terminal", "markdown", "csv", "json"),
        default="terminal",
        help="how to write the tables (default: %(default)s); csv has every run with every digit, json the tests too",
    )
    parser.add_argument(
        "--across",
        action="append",
        choices=("budget", "selection"),
        default=[],
        help="rank runs although their protocols differ in this",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead of the screen")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print or write the comparison."""
    # Before numpy is imported: the products of the tests are small, and on a busy machine threads wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from rnnbench.results.render import render_csv, render_json, render_markdown, render_terminal
    from rnnbench.results.table import compare, load_runs
    from rnnbench.safe_files import replace_text

    comparison = compare(load_runs(args.runs), args.across)
    if args.format == "terminal":
        from rich.console import Console

        if args.output is None and sys.stdout.isatty():
            render_terminal(comparison, Console())
            return 0
        page = io.StringIO()
        render_terminal(comparison, Console(file=page, width=140))
        text = page.getvalue()
    else:
        render = {"csv": render_csv, "json": render_json, "markdown": render_markdown}[args.format]
        text = render(comparison)
    if args.output is None:
        sys.stdout.write(text)
    else:
        replace_text(args.output, text)
    return 0
