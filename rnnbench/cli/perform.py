"""What a worker of a study does: imports all that runs need, once, and performs runs."""

from __future__ import annotations

import shlex
import sys
import traceback
from typing import cast

import torch

from rnnbench.backbone import for_budget
from rnnbench.cli.own_code import see_working_folder
from rnnbench.cli.quiet import quiet
from rnnbench.cli.run_options import read_options
from rnnbench.cli.training import INTERRUPTED, import_all, run_verb
from rnnbench.cli.untrained import Untrained
from rnnbench.errors import UserError
from rnnbench.platform.progress import ReportedProgress
from rnnbench.platform.run_folder import RunFolder
from rnnbench.study.launch import Outcome, Report
from rnnbench.study.plan import Run
from rnnbench.study.state import clean, still_to_do
from rnnbench.tasks.base import Spec, Task

quiet()
import_all()


def perform(run: Run, report: Report) -> Outcome:
    """Trains and tests, as far as that is still to be done.

    Args:
        run: The run.
        report: Is told the progress of the training.
    """
    torch.set_num_threads(1)
    # What stands in the result as the command that made it, be it in one go or not.
    sys.argv = ["rnnbench", *run.fit]
    # Stopped before its first step, it has nothing to go on from.
    RunFolder(run.folder).discard_if_unused()
    try:
        for words in still_to_do(run):
            print(f"$ rnnbench {shlex.join(words)}", flush=True)
            if run_verb(words, [ReportedProgress(report)]) == INTERRUPTED:
                return Outcome("interrupted")
        clean(run)
    except Exception as error:
        return _failed(error)
    return Outcome("done")


def look_at(run: Run, report: Report) -> Outcome:
    """Reads the options of a run, makes its data ready and builds its model, and leaves nothing behind.

    Where a budget of all parameters is to be spent, it builds models of several sizes, and says which is nearest.

    Args:
        run: The run.
        report: Is told nothing.
    """
    torch.set_num_threads(1)
    see_working_folder()
    words, size = run.fit[1:], 0
    try:
        model = Untrained(read_options("fit", words)).model
        if run.spend is not None:
            size, model = _spend(words, *run.spend, model.spec)
    except Exception as error:
        return _failed(error)
    return Outcome("done", parameters=model.num_parameters(), hidden_size=size)


def _spend(words: list[str], stack: str, parameters: int, spec: Spec) -> tuple[int, Task]:
    """The hidden size of a stack with which the whole model has so many parameters, and the model."""

    def build(size: int) -> Task:
        model = Untrained(read_options("fit", [*words, f"--{stack}.hidden_size={size}"]), spec).model
        return cast(Task, model)

    size = for_budget(parameters, build)
    return size, build(size)


def _failed(error: Exception) -> Outcome:
    """The error in a line, after all of it has gone to the log."""
    traceback.print_exc()
    told: BaseException | None = error
    while told is not None and not isinstance(told, UserError):
        told = told.__cause__ or told.__context__
    if told is None:
        return Outcome("failed", f"{type(error).__name__}: {error}".splitlines()[0])
    hint = f" ({told.hint})" if told.hint else ""
    return Outcome("failed", f"{told.problem}{hint}", told.where or "")
