"""``rnnbench compare RUN...``: finished runs side by side."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "compare",
        help="show finished runs side by side",
        description="Show finished runs in one table for each data set. Values are compared only where the data and "
        "the way of measuring are the same; the best of them is marked.",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run folder, a folder of runs, or a pattern in quotes")
    parser.add_argument(
        "--format",
        choices=("terminal", "markdown", "csv"),
        default="terminal",
        help="how to write the tables (default: %(default)s); csv has every digit",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead of the screen")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print or write the comparison."""
    from rnnbench.results.files import replace_text
    from rnnbench.results.render import render_csv, render_markdown, render_terminal
    from rnnbench.results.table import compare, load_runs

    comparison = compare(load_runs(args.runs))
    if args.format == "terminal":
        from rich.console import Console

        if args.output is None and sys.stdout.isatty():
            render_terminal(comparison, Console())
            return 0
        page = io.StringIO()
        render_terminal(comparison, Console(file=page, width=140))
        text = page.getvalue()
    else:
        text = render_csv(comparison) if args.format == "csv" else render_markdown(comparison)
    if args.output is None:
        sys.stdout.write(text)
    else:
        replace_text(args.output, text)
    return 0
