"""``python -m rnnbench.bench.scale``: how cost grows with sizes, rows, processes and runs."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

from rnnbench.bench.circumstances import circumstances
from rnnbench.bench.empty_runs import LauncherName, study_seconds
from rnnbench.bench.fixed import Effort
from rnnbench.bench.fresh import Failed, run_fresh
from rnnbench.bench.growth import Sizes, epoch_seconds, step_bytes, step_seconds
from rnnbench.bench.many_processes import fit_network
from rnnbench.bench.memory import ENVIRONMENT
from rnnbench.bench.scale_report import Found, Grown, Study, render
from rnnbench.bench.sections import with_section
from rnnbench.bench.stragglers import lengths_of, slowest
from rnnbench.bench.two_processes import all_reduce_seconds, compare
from rnnbench.data.batches.bucket import Budget
from rnnbench.errors import UserError
from rnnbench.machine import cores
from rnnbench.safe_files import read_text, replace_text

P = ParamSpec("P")
R = TypeVar("R")

ROWS = "sentiment/builtin"
LENGTHS = "cloze/builtin"
TOGETHER = "text_generation/char_lstm"
PROCESSES = (2, 8, 64, 1024)
BUDGETS = {"64 samples": Budget(batch_size=64), "2,048 tokens": Budget(max_tokens=2048)}
"""Sizes of batches: in samples, and in tokens with padding."""


class Plan(NamedTuple):
    """What is measured, and for how long."""

    base: Sizes
    sweeps: Mapping[str, Sequence[int]]
    """Field of `Sizes` -> its values, all else as in the base."""
    effort: Effort
    rows: Sequence[int]
    together: Sequence[str]
    """Options of the trainings apart and together, beside their preset."""
    steps: int
    """Of each of these trainings."""
    rounds: int
    messages: Sequence[int]
    """Bytes that are summed up over two processes."""
    runs: tuple[int, int]
    """Sizes of two studies, whose difference is what runs cost."""


FULL = Plan(
    Sizes(),
    {
        "time": (64, 128, 256, 512),
        "batch": (16, 32, 64, 128),
        "hidden": (64, 128, 256, 512),
        "vocabulary": (2000, 4000, 8000, 16000),
    },
    Effort(7, 20.0),
    (1000, 2000, 4000, 8000),
    (),
    60,
    3,
    tuple(4**power for power in range(5, 14)),
    (50, 550),
)
QUICK = Plan(
    Sizes(8, 2, 8, 20),
    {"time": (8, 64), "batch": (2, 16), "hidden": (8, 64), "vocabulary": (20, 160)},
    Effort(3, 1.0),
    (50, 100),
    ("--model.backbone.hidden_size=8", "--data.sequence_length=10"),
    20,
    1,
    (2**10, 2**20),
    (2, 6),
)


def main(words: Sequence[str] | None = None) -> int:
    """Measures, prints, and puts the tables into a page.

    Args:
        words: The command line, without the program's name.

    Returns:
        The exit status: 2 for bad options, or a measurement that broke down.
    """
    words = sys.argv[1:] if words is None else words
    parser = argparse.ArgumentParser(prog="python -m rnnbench.bench.scale", description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="sizes that are worth nothing, to see that all works")
    parser.add_argument(
        "--output", type=Path, default=Path("docs/scale.md"), help="the page to put the tables into (docs/scale.md)"
    )
    options = parser.parse_args(words)
    known = circumstances("cpu")
    try:
        if not options.output.parent.is_dir():
            raise UserError(f"there is no folder {options.output.parent}", where="--output")
        if cores() < 2:
            raise UserError("two cores are needed", where="python -m rnnbench.bench.scale")
        found = _measure(QUICK if options.quick else FULL)
        section = render(found, shlex.join(["python", "-m", "rnnbench.bench.scale", *words]), known)
        text = read_text(options.output) if options.output.is_file() else ""
        replace_text(options.output, with_section(text, "scale", section))
    except (UserError, Failed) as error:
        print(error, file=sys.stderr)
        return 2
    print(section)
    return 0


def _measure(plan: Plan) -> Found:
    begun = time.perf_counter()

    def fresh(
        label: str,
        threads: int,
        environment: Mapping[str, str],
        function: Callable[P, R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        print(f"{time.perf_counter() - begun:6.0f} s  {label}", file=sys.stderr, flush=True)
        return run_fresh(threads, environment, function, *args, **kwargs)

    grown = []
    for field, values in plan.sweeps.items():
        cases = [plan.base._replace(**{field: value}) for value in values]
        seconds = fresh(f"time by {field}", 1, {}, step_seconds, cases, plan.effort)
        memory = fresh(f"memory by {field}", 1, ENVIRONMENT, step_bytes, cases)
        grown.append(Grown(field, tuple(values), tuple(seconds), tuple(memory)))
    epochs = [fresh(f"{rows} rows", 1, {}, epoch_seconds, [ROWS, f"--data.source.train={rows}"]) for rows in plan.rows]
    steps = fresh("two processes", 2, {}, compare, [TOGETHER, *plan.together], plan.steps, plan.rounds)
    messages = fresh("all-reduce", 2, {}, all_reduce_seconds, plan.messages, 11)
    lengths = fresh("lengths", 1, {}, lengths_of, [LENGTHS])
    studies = {}
    for launcher in _launchers():
        few, many = (
            fresh(f"{launcher} study of {runs} runs", cores(), {}, study_seconds, launcher, runs, cores())
            for runs in plan.runs
        )
        a_run = (many - few) / (plan.runs[1] - plan.runs[0])
        studies[launcher] = Study(cores(), few - plan.runs[0] * a_run, a_run)
    return Found(
        plan.base,
        grown,
        dict(zip(plan.rows, epochs, strict=True)),
        steps,
        fit_network(messages, 2),
        {name: slowest(lengths, budget, PROCESSES) for name, budget in BUDGETS.items()},
        studies,
        time.perf_counter() - begun,
    )


def _launchers() -> list[LauncherName]:
    return ["local", "ray"] if find_spec("ray") else ["local"]


if __name__ == "__main__":
    sys.exit(main())
