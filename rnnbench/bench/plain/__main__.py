"""``python -m rnnbench.bench.plain``: training steps of presets against the same models written plainly."""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from rnnbench.bench.circumstances import circumstances
from rnnbench.bench.fresh import Failed, run_fresh
from rnnbench.bench.memory import ENVIRONMENT
from rnnbench.bench.plain.cases import Case, choose
from rnnbench.bench.plain.measure import peak_of, time_both, time_sampling
from rnnbench.bench.plain.table import Row, render
from rnnbench.bench.sections import with_section
from rnnbench.bench.timing import ratio
from rnnbench.errors import UserError
from rnnbench.safe_files import read_text, replace_text


def main(words: Sequence[str] | None = None) -> int:
    """Measures, prints, and puts a section into BENCHMARKS.md.

    Args:
        words: The command line, without the program's name.

    Returns:
        The exit status: 1 where a process broke down, 2 for bad options.
    """
    options = _parser().parse_args(words)
    try:
        cases = choose(options.presets, options.data)
        text = read_text(options.output) if options.output.is_file() else ""
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    known = circumstances("cpu")
    rows: list[Row] = []
    missing = {case.name: case.absent for case in cases if case.absent is not None}
    broken = False
    for case in (case for case in cases if case.absent is None):
        try:
            rows.append(_measure(case, options.threads, options.rounds))
        except Failed as error:
            missing[case.name], broken = str(error), True
    for name, why in missing.items():
        print(f"not measured: {name}: {why}", file=sys.stderr)
    if rows:
        said = [*options.presets, "--threads", str(options.threads)]
        data = [] if options.data is None else ["--data", "FOLDER"]
        command = ["python", "-m", "rnnbench.bench.plain", *said, "--rounds", str(options.rounds), *data]
        section = render(rows, missing, shlex.join(command), options.threads, known)
        replace_text(options.output, with_section(text, shlex.join(["plain", *said]), section))
        print(section)
    return 1 if broken else 0 if rows else 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rnnbench.bench.plain", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "presets",
        nargs="*",
        metavar="PRESET",
        help="what to train; with options of rnnbench fit in quotes, 'PRESET --data.batch_size=8' (default: one or two"
        " of every application)",
    )
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where ptb, imdb and multi30k/en-de lie")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads, each on a core (default: 1)")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="rounds of each, in turns (default: 9)")
    parser.add_argument("--output", type=Path, default=Path("BENCHMARKS.md"), help="the file to put the section into")
    return parser


def _measure(case: Case, threads: int, rounds: int) -> Row:
    timed = run_fresh(threads, {}, time_both, case.words, rounds)
    peaks = {name: run_fresh(threads, ENVIRONMENT, peak_of, case.words, name) for name in ("ours", "plain")}
    time = ratio(timed.times, "ours", "plain")
    assert time is not None, "both were timed"
    sampled = run_fresh(threads, {}, time_sampling, case.words, rounds)
    rate = timed.units / statistics.median(timed.times["ours"])
    speed = None if sampled is None else ratio(sampled, "plain", "ours")
    row = Row(case.name, rate, time, peaks["ours"] / peaks["plain"], speed)
    print(row, file=sys.stderr, flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
