"""``rnnbench report [RUN...]``: results as a page, tables and figures."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnnbench.cli.compare import ACROSS

if TYPE_CHECKING:
    from rnnbench.results.group import Across


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "report",
        help="write results as a page to read, with tables and figures for papers",
        description="Write a page (index.html, one file that needs no network), tables in Markdown, LaTeX and CSV, and "
        "figures in SVG and PDF. Without runs, the report is of the committed rows of configs/results.csv.",
    )
    parser.add_argument("runs", nargs="*", metavar="RUN", help="a run folder, a folder of runs, or a pattern in quotes")
    parser.add_argument("--out", type=Path, default=Path("report"), metavar="FOLDER", help="default: %(default)s")
    parser.add_argument(
        "--across",
        action="append",
        choices=ACROSS,
        default=[],
        help="rank runs although their protocols differ in this, or put seeds into one row that differ in it",
    )
    parser.add_argument(
        "--cells",
        nargs="+",
        metavar="CELL",
        default=[],
        help="the cells to compare over all tasks (default: those of the largest table without a gap)",
    )
    parser.add_argument(
        "--reference",
        metavar="CELL",
        help="compare every row of runs with that of this cell and with no other, over all tasks, too",
    )
    parser.add_argument(
        "--findings", type=Path, metavar="FILE", help="a text in Markdown to put at the top of the page"
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Build the report."""
    write_report(args.runs, args.out, args.across, args.findings, args.cells, args.reference)
    return 0


def write_report(
    runs: Sequence[str],
    out: Path,
    across: Collection[Across] = (),
    findings: Path | None = None,
    cells_named: Sequence[str] = (),
    reference: str | None = None,
) -> None:
    """Builds the report of runs and says what it holds.

    Args:
        runs: Run folders, folders of runs or patterns; none for the committed rows.
        out: The folder to write.
        across: In what the protocols of runs that are ranked together may differ.
        findings: A text in Markdown for the top of the page.
        cells_named: The cells to compare over all tasks.
        reference: The cell that others are compared with.
    """
    # Before numpy is imported: the products of the tests are small, and on a busy machine threads wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from rnnbench.cli.listing import cells
    from rnnbench.folders import configs_folder
    from rnnbench.report.build import build
    from rnnbench.report.rows import content_of_rows
    from rnnbench.report.runs import content_of_runs
    from rnnbench.results.rows import read_rows
    from rnnbench.safe_files import read_text

    rows = read_rows(configs_folder() / "results.csv")
    if runs:
        content = content_of_runs(runs, rows, across, reference)
    else:
        content = content_of_rows(rows, [name for name, _ in cells()])
    if findings is not None:
        content = dataclasses.replace(content, findings=read_text(findings))
    for problem in content.problems[:5]:
        print(f"left out: {problem}")
    if len(content.problems) > 5:
        print(f"left out: {len(content.problems) - 5} more; the page names them")
    written = build(content, out, cells_named, reference)
    print(f"{written.page}: {len(content.sections)} rankings; {written.files} tables and figures beside it")
