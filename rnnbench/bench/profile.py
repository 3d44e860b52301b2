"""``python -m rnnbench.bench.profile [PRESET ...]``: where a training step of each application goes."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rnnbench.applications import applications
from rnnbench.bench.circumstances import circumstances
from rnnbench.bench.fresh import Failed, run_fresh
from rnnbench.bench.sections import with_section
from rnnbench.bench.step_parts import BACKWARD, PARTS, Parts, time_parts
from rnnbench.cli.presets import resolve_configs
from rnnbench.errors import UserError
from rnnbench.safe_files import read_text, replace_text

_METHOD = """
Steps as `rnnbench fit` takes them, callbacks and logging included. Every moment belongs to the innermost part that is
running, so that the shares add up to the step; where there are two in a cell, they are of the forward and of the
backward pass. *embedding*: of words, of characters, of images; *recurrence*: all stacks of cells; *attention, decoder*:
what these do around their stacks; *output, loss*: the rest of both passes; *clipping*: gradients divided by the units
of the step, and clipped; *Lightning's loop*: whatever is left, callbacks and logging among it. Validation and
checkpoints are not in it.
""".strip().replace("\n", " ")


def main(words: Sequence[str] | None = None) -> int:
    """Measures, prints, and puts a section into BENCHMARKS.md.

    Args:
        words: The command line, without the program's name.

    Returns:
        The exit status: 1 where a training broke down, 2 for bad options.
    """
    words = sys.argv[1:] if words is None else words
    parser = argparse.ArgumentParser(prog="python -m rnnbench.bench.profile", allow_abbrev=False)
    parser.add_argument("presets", metavar="PRESET", nargs="*", help="what to train (default: one of each application)")
    parser.add_argument("--threads", type=int, default=2, help="number of threads, each on a core (default: 2)")
    parser.add_argument("--steps", type=int, default=40, help="steps of each that are timed (default: 40)")
    parser.add_argument("--output", type=Path, default=Path("BENCHMARKS.md"), help="the file to put the section into")
    options = parser.parse_args(words)
    presets = options.presets or [one.card.quick for one in applications().values()]
    known = circumstances("cpu")
    left_out: list[str] = []
    found: dict[str, Parts] = {}
    broken = False
    try:
        if options.steps < 2:
            raise UserError(f"at least two steps are needed, found {options.steps}", where="--steps")
        resolve_configs([f"--config={preset}" for preset in presets])
        for preset in presets:
            print(preset, file=sys.stderr, flush=True)
            try:
                parts = run_fresh(options.threads, {}, time_parts, [preset], options.steps)
            except Failed as error:
                broken = True
                left_out.append(f"{preset} ({error})")
                continue
            if parts is None:
                left_out.append(f"{preset} (learns from no gradient of PyTorch's)")
            else:
                found[preset] = parts
        command = shlex.join(["python", "-m", "rnnbench.bench.profile", *words])
        section = _render(found, left_out, command, options.threads, known)
        text = read_text(options.output) if options.output.is_file() else ""
        name = shlex.join(["profile", *options.presets, "--threads", str(options.threads)])
        replace_text(options.output, with_section(text, name, section))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(section)
    return 1 if broken else 0


def _render(
    found: Mapping[str, Parts], left_out: Sequence[str], command: str, threads: int, known: Mapping[str, str]
) -> str:
    """The section: a row for each preset, shares of a step in its columns."""
    columns = [part for part in PARTS if part not in BACKWARD.values()]
    lines = [
        f"## Where a training step goes, threads: {threads}",
        "",
        f"`{command}`: {known['machine']}; {known['versions']}; commit {known['commit']}, {known['date']}; load before"
        f" the start {known['load before the start']}.",
        "",
        _METHOD,
        "",
        f"| preset | model | ms | {' | '.join(columns)} |",
        f"|---|---|---|{'---|' * len(columns)}",
    ]
    for preset, parts in found.items():
        whole = sum(parts.seconds.values())
        shares = " | ".join(_share(parts.seconds, part, whole) for part in columns)
        lines.append(f"| {preset} | {parts.model} | {1e3 * whole:.1f} | {shares} |")
    if left_out:
        lines += ["", f"Not measured: {', '.join(left_out)}."]
    return "\n".join(lines)


def _share(seconds: Mapping[str, float], part: str, whole: float) -> str:
    """Shares of a step: of the forward and the backward pass, where a part has both."""
    passes = [seconds[one] / whole for one in (part, BACKWARD.get(part)) if one is not None]
    return " + ".join(f"{share:.0%}" for share in passes) if any(passes) else "-"


if __name__ == "__main__":
    sys.exit(main())
