"""The laws that every application keeps, checked on a tiny training of it: the options `tiny` of its card."""

from __future__ import annotations

import importlib
import inspect
import json
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml

from rnnbench.applications import load_application
from rnnbench.cells.every import every_cell
from rnnbench.dashboard.boards import boards
from rnnbench.examples import EXAMPLES_FILE, read_examples
from rnnbench.results.metric import in_order
from rnnbench.results.options import CONFIG_FILE
from rnnbench.testing.law import LawBroken
from rnnbench.testing.trial import CommandFailed, Killing, Trial, one_thread

_ITEMS = "items.npz"
# What a recogniser made of all recordings: the report reads it as it reads examples.
_TRANSCRIPTS = "test_errors.tsv"
_STRANGE = ("☃ ☃☃", "\t", "a" * 300, "ﷺ\u0301 \U0001f9ea", "1e999 NaN -0")


@dataclass(frozen=True)
class TaskLaw:
    """A law of applications.

    Args:
        words: What holds.
        broken: Says what is wrong in a trial; None where nothing is.
        slow: Whether it takes trainings of its own.
    """

    words: str
    broken: Callable[[Trial], str | None]
    slow: bool = False


def check_task(name: str) -> list[str]:
    """Checks an application against all laws; it takes about a minute.

    Args:
        name: Name of the application: one of rnnbench, of an installed package, or a folder in the working folder.

    Returns:
        The laws, in words; all of them hold.

    Raises:
        LawBroken: Says which law the application breaks, and how.
        UserError: There is no such application, or its card is wrong.
    """
    return list(task_laws_kept(name))


def task_laws_kept(name: str, laws: Sequence[TaskLaw] | None = None) -> Iterator[str]:
    """Checks one law after the other and yields each that holds.

    Args:
        name: Name of the application.
        laws: Only these; None for all.

    Raises:
        LawBroken: Says which law the application breaks, and how.
    """
    application = load_application(name)
    with tempfile.TemporaryDirectory() as folder, one_thread():
        trial = Trial(application, Path(folder))
        for law in task_laws() if laws is None else laws:
            try:
                broken = law.broken(trial)
            except CommandFailed as error:
                broken = str(error)
            if broken is not None:
                raise LawBroken(f"{law.words}: {broken}")
            yield law.words


def task_laws() -> list[TaskLaw]:
    """All laws, those of a single tiny training first."""
    return [
        TaskLaw("a training ends with a whole record", _record),
        TaskLaw("a test measures the leading metric and keeps what each item contributes", _items),
        TaskLaw("a test shows examples and draws the pictures of the card", _shown),
        TaskLaw("another size of a batch changes no metric", _batches),
        TaskLaw("predict answers, whatever it is asked", _predict),
        TaskLaw("the report has a panel of it, and the dashboard a board", _report),
        TaskLaw("another number of workers changes no metric", _workers, slow=True),
        TaskLaw("killed and resumed is uninterrupted, bit for bit", _resumed, slow=True),
        TaskLaw("two processes measure as one, bit for bit", _processes, slow=True),
        TaskLaw("every cell of the factory trains", _cells, slow=True),
    ]


# A function for each law, which returns what is wrong, or None. ------------------------------------------------------


def _record(trial: Trial) -> str | None:
    run = trial.trained()
    result = trial.result(run)
    if result.status != "finished":
        return f"the run is {result.status}"
    if result.application != trial.card.name:
        return f"the model says that its application is {result.application}"
    missing = [name for name in trial.card.board if name in _measured(trial, run) and not _finite(trial, run, name)]
    return f"{missing[0]} is no finite number" if missing else None


def _items(trial: Trial) -> str | None:
    run = trial.trained()
    measured = _measured(trial, run)
    leading = next(iter(in_order(measured, trial.card.name)), None)
    known = [metric.name for metric in trial.card.metrics]
    if leading not in known:
        return f"the test measures {', '.join(measured) or 'nothing'}, and the card knows {', '.join(known)}"
    return None if (run / _ITEMS).is_file() else f"there is no {_ITEMS}: enter what is evaluated into an ItemValues"


def _shown(trial: Trial) -> str | None:
    run = trial.trained()
    shown = (run / _TRANSCRIPTS).is_file() or ((run / EXAMPLES_FILE).is_file() and read_examples(run / EXAMPLES_FILE))
    if not shown:
        return f"there are no examples: write Task.examples, which {EXAMPLES_FILE} is made of"
    missing = [one.file for one in trial.card.pictures if not (run / one.file).is_file()]
    return f"the card promises {missing[0]}, which is not there" if missing else None


def _batches(trial: Trial) -> str | None:
    run = trial.trained()
    sizes = [name for name in ("max_tokens", "batch_size") if name in _data_options(trial)]
    if not sizes:
        return None
    # One sample a batch: without padding and without neighbours.
    alone = [f"--data.{name}={'null' if name == 'max_tokens' else 1}" for name in sizes]
    if sizes == ["max_tokens"]:
        alone = ["--data.max_tokens=1"]
    return _same_metrics(trial, run, alone, exact=False)


def _workers(trial: Trial) -> str | None:
    if "num_workers" not in _data_options(trial):
        return None
    return _same_metrics(trial, trial.trained(), ["--data.num_workers=2"], exact=True)


def _processes(trial: Trial) -> str | None:
    run = trial.trained()
    before = trial.metrics(run)
    trial.on_two_processes("test", f"--run={run}")
    changed = [name for name, metric in trial.metrics(run).items() if metric != before[name]]
    return f"{changed[0]} is {trial.metrics(run)[changed[0]]}, and was {before[changed[0]]}" if changed else None


def _predict(trial: Trial) -> str | None:
    run = trial.trained()
    if trial.card.predict.input == "lines":
        lines = trial.folder / "lines.txt"
        lines.write_text("\n".join(_STRANGE) + "\n", encoding="utf-8")
        trial.command("predict", f"--run={run}", str(lines))
    help_text = trial.command("predict", f"--run={run}", "--help")
    if "--output" not in help_text:
        return "predict --help says nothing"
    if trial.card.predict.input == "lines" and "json" in help_text:
        found = trial.command("predict", f"--run={run}", str(lines), "--format=json").splitlines()
        if not all(isinstance(json.loads(line), dict) for line in found):
            return "--format json writes a line that is no object"
    return None


def _report(trial: Trial) -> str | None:
    run = trial.trained()
    out = trial.folder / "report"
    trial.command("report", str(run), f"--out={out}")
    page = (out / "index.html").read_text(encoding="utf-8")
    if 'class="examples"' not in page:
        return "the page shows no example"
    if any(one.split == "test" for one in trial.card.pictures) and "data:image/png" not in page:
        return "the page shows no picture"
    return None if any(board.application == trial.card.name for board in boards()) else "it has no board"


def _resumed(trial: Trial) -> str | None:
    options = ("--trainer.max_epochs=2", "--checkpoint.every_n_steps=1")
    trial.fit("whole", *options)
    whole = trial.run("whole")
    steps = trial.result(whole).training.steps
    for name, killing in (("killed", Killing(max(1, steps // 2 + 1))), ("validated", Killing(None))):
        trial.killed(name, killing, *options)
        run = trial.run(name)
        trial.command("fit", f"--resume={run}")
        for which in ("last", "best"):
            first, second = trial.weights(whole, which), trial.weights(run, which)
            different = [key for key, value in first.items() if not torch.equal(value, second[key])]
            if different:
                return f"killed {killing.when} and resumed, {different[0]} of {which}.ckpt is another one"
        if trial.metrics(run, "validation") != trial.metrics(whole, "validation"):
            return f"killed {killing.when} and resumed, the metrics of validation are others"
    return None


def _cells(trial: Trial) -> str | None:
    config = yaml.safe_load((trial.trained() / CONFIG_FILE).read_text(encoding="utf-8"))
    if "backbone" not in config["model"]["init_args"]:
        return None
    for cell in every_cell():
        name = f"cell_{cell}"
        trial.fit(name, f"--model.backbone.cell={cell}", "--trainer.max_steps=1", "--trainer.limit_val_batches=1")
        if trial.result(trial.run(name)).cell != cell:
            return f"asked for {cell}, it says that its cell is {trial.result(trial.run(name)).cell}"
    return None


# What the laws share. ------------------------------------------------------------------------------------------------


def _measured(trial: Trial, run: Path) -> list[str]:
    return list(trial.metrics(run))


def _finite(trial: Trial, run: Path, name: str) -> bool:
    return math.isfinite(trial.metrics(run)[name].value)


def _same_metrics(trial: Trial, run: Path, options: Sequence[str], exact: bool) -> str | None:
    before = trial.metrics(run)
    after = trial.metrics(trial.tested_with(run, options))
    for name, metric in before.items():
        other = after[name]
        near = 0.0 if exact else 1e-6
        if not math.isclose(metric.value, other.value, rel_tol=near, abs_tol=near):
            return f"{name} is {metric.value!r}, and {other.value!r} with {' '.join(options)}"
        if metric.signature != other.signature:
            return f"the signature of {name} is {metric.signature}, and {other.signature} with {' '.join(options)}"
    return None


def _data_options(trial: Trial) -> list[str]:
    """Names of the options of the application's data."""
    path = yaml.safe_load((trial.trained() / CONFIG_FILE).read_text(encoding="utf-8"))["data"]["class_path"]
    module, _, name = path.rpartition(".")
    return list(inspect.signature(getattr(importlib.import_module(module), name)).parameters)
