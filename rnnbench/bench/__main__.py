"""``python -m rnnbench.bench``: measures, prints and writes BENCHMARKS.md."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from rnnbench.bench.circumstances import circumstances
from rnnbench.bench.fixed import Effort
from rnnbench.bench.plan import Plan
from rnnbench.bench.report import render
from rnnbench.bench.run import Bench
from rnnbench.bench.sections import sections_of
from rnnbench.bench.shapes import SHAPES, parse_shape
from rnnbench.bench.subjects import all_cells, find_cell
from rnnbench.engine import EngineName
from rnnbench.errors import UserError
from rnnbench.machine import cores
from rnnbench.safe_files import replace_text


def main(words: Sequence[str] | None = None) -> int:
    """Runs the benchmark.

    Args:
        words: The command line, without the program's name.

    Returns:
        The exit status: 1 where a process broke down, 2 for bad options.
    """
    options = _parser().parse_args(words)
    try:
        return _run(options, sys.argv[1:] if words is None else words)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rnnbench.bench", description=__doc__)
    parser.add_argument("--cells", nargs="+", metavar="CELL", help="only these cells, as with --full (default: all)")
    parser.add_argument(
        "--shapes",
        nargs="+",
        metavar="SHAPE",
        help="only these shapes, as with --full: T,B,I,H or a letter (default: "
        + "; ".join(f"{name} = {shape}" for name, shape in SHAPES.items())
        + ")",
    )
    parser.add_argument("--engine", nargs="+", choices=get_args(EngineName), default=["auto"], help="engines to time")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], help="numbers of threads (default: 1 2)")
    parser.add_argument("--rounds", type=int, default=11, help="how often each is timed, in turns (default: 11)")
    parser.add_argument(
        "--seconds",
        type=float,
        default=2.0,
        help="no round starts after so many seconds unless there were fewer than three (default: 2)",
    )
    parser.add_argument(
        "--full",
        action="store_true",
        help="leave nothing out: takes hours; without it, less of the largest shape and of different lengths",
    )
    parser.add_argument("--device", default="cpu", help="where to run: cpu or cuda (default: cpu)")
    parser.add_argument("--output", type=Path, default=Path("BENCHMARKS.md"), help="the file to write")
    return parser


def _run(options: argparse.Namespace, words: Sequence[str]) -> int:
    if options.rounds < 1:
        raise UserError(f"at least one round is needed, found {options.rounds}", where="--rounds")
    for threads in options.threads:
        if not 1 <= threads <= cores():
            raise UserError(f"there are {cores()} cores, found {threads}", where="--threads", hint="--threads 1")
    if not options.output.parent.is_dir():
        raise UserError(f"there is no folder {options.output.parent}", where="--output")
    shapes = [parse_shape(text) for text in options.shapes or SHAPES]
    cells = [find_cell(name).__name__ for name in options.cells or all_cells()]
    rows = {"command": shlex.join(["python", "-m", "rnnbench.bench", *words]), **circumstances(options.device)}
    # Who names cells or shapes wants to see all of them.
    plan = Plan(shapes, options.full or options.cells is not None or options.shapes is not None)
    bench = Bench(plan, Effort(options.rounds, options.seconds), options.device)
    results = bench.run(cells, options.engine, options.threads)
    rows["duration"] = f"{bench.elapsed() / 60:.1f} minutes"
    text = render(results, rows, plan) + sections_of(options.output)
    replace_text(options.output, text)
    print(text)
    return 1 if bench.broken else 0


if __name__ == "__main__":
    sys.exit(main())
