"""``python -m rnnbench.bench.application PRESET``: training steps of an application, and with torch.nn's layers."""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from rnnbench.bench.circumstances import circumstances
from rnnbench.bench.fixed import Effort
from rnnbench.bench.fresh import Failed, run_fresh
from rnnbench.bench.sections import with_section
from rnnbench.bench.timing import ratio
from rnnbench.bench.training_step import Measured, time_application
from rnnbench.errors import UserError
from rnnbench.safe_files import read_text, replace_text


def main(words: Sequence[str] | None = None) -> int:
    """Measures, prints, and puts a section into BENCHMARKS.md.

    Args:
        words: The command line, without the program's name.

    Returns:
        The exit status: 2 for bad options.
    """
    words = sys.argv[1:] if words is None else words
    parser = argparse.ArgumentParser(prog="python -m rnnbench.bench.application", allow_abbrev=False)
    parser.add_argument("preset", metavar="PRESET", help="what to train; options of rnnbench fit may follow")
    parser.add_argument("--threads", type=int, default=2, help="number of threads, each on a core (default: 2)")
    parser.add_argument("--batches", type=int, default=8, help="batches of a round (default: 8)")
    parser.add_argument("--rounds", type=int, default=9, help="how often each is timed, in turns (default: 9)")
    parser.add_argument("--output", type=Path, default=Path("BENCHMARKS.md"), help="the file to put the section into")
    options, rest = parser.parse_known_args(words)
    try:
        effort = Effort(options.rounds, float("inf"))
        found = run_fresh(options.threads, {}, time_application, [options.preset, *rest], options.batches, effort)
        section = _render(found, shlex.join(["python", "-m", "rnnbench.bench.application", *words]))
        text = read_text(options.output) if options.output.is_file() else ""
        name = shlex.join([options.preset, *rest, "--threads", str(options.threads)])
        replace_text(options.output, with_section(text, name, section))
    except (UserError, Failed) as error:
        print(error, file=sys.stderr)
        return 2
    print(section)
    return 0


def _render(found: Measured, command: str) -> str:
    """The section: times over ours as ratios within rounds, and what the recurrence has of the step."""
    known = circumstances("cpu")
    rate = found.tokens / statistics.median(found.times["ours"])
    rows = [
        ("ours", "our own, bucketed", 1.0, ratio(found.times, "ours, recurrence", "ours")),
        (
            "torch.nn, padded",
            "our own, bucketed",
            ratio(found.times, "padded", "ours"),
            ratio(found.times, "padded, recurrence", "padded"),
        ),
        ("torch.nn, packed", "in random order", ratio(found.times, "packed", "ours"), None),
    ]
    lines = [
        f"## Training an application: {found.model}",
        "",
        f"`{command}`: {found.tokens:,} real tokens a round, {rate:,.0f} tokens/s. {known['machine']}; "
        f"{known['versions']}; commit {known['commit']}, {known['date']}; load before the start "
        f"{known['load before the start']}.",
        "",
        "| layers | batches | step time / ours | recurrence's share of the step |",
        "|---|---|---|---|",
    ]
    for layers, batches, times, share in rows:
        lines.append(f"| {layers} | {batches} | {times:.2f} | {'-' if share is None else f'{share:.0%}'} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
