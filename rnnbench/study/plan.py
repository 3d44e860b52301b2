"""From a study to its runs: the same file gives the same runs under the same names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rnnbench.errors import UserError
from rnnbench.study.file import Application, Cell, Study

TUNING = "tuning"
"""The folder of the trials in that of the study."""


@dataclass(frozen=True)
class Pair:
    """What is compared: a cell on an application with a budget.

    Args:
        application: The application.
        cell: The cell.
        amount: The budget.
        hidden_size: That of the first stack under a budget of all parameters of the model; None before it was found.
    """

    application: Application
    cell: Cell
    amount: float
    hidden_size: int | None = None

    @property
    def name(self) -> str:
        """What the names of its runs begin with."""
        size = f"-{self.amount:g}" if len(self.application.amounts) > 1 else ""
        return f"{Path(self.application.preset).stem}-{self.cell.label}{size}"


@dataclass(frozen=True)
class Run:
    """One training of a study.

    Args:
        root: Where the folders of runs lie.
        application: Id of the application.
        name: Name of the run.
        words: Its options, as they stand on the command line.
        test: Whether it is tested when it is trained; a trial is not.
        keep: Which checkpoints stay when it is finished.
        spend: The option of a stack, and how many parameters the whole model is to have: it is only asked for the
            hidden size. None for a training.
    """

    root: Path
    application: str
    name: str
    words: tuple[str, ...]
    test: bool
    keep: str
    spend: tuple[str, int] | None = None

    @property
    def id(self) -> str:
        """A name that no other run of the study has."""
        short = f"{self.application}/{self.name}"
        return short if self.test else f"{TUNING}/{short}"

    @property
    def folder(self) -> Path:
        """Its folder."""
        return self.root / self.application / self.name

    @property
    def fit(self) -> list[str]:
        """The command that trains it, without ``rnnbench``."""
        return ["fit", *self.words, f"--name={self.name}", f"--runs={self.root}"]


def pairs(study: Study) -> list[Pair]:
    """All that is compared."""
    return [
        Pair(application, cell, amount)
        for application in study.applications
        for amount in application.amounts
        for cell in study.cells
    ]


def baselines(study: Study, folder: Path) -> list[Run]:
    """The runs of models that stand beside the cells.

    Args:
        study: The study.
        folder: Its folder.
    """
    runs = []
    for application in study.applications:
        shared = {**study.options, **application.options}
        data = {option: value for option, value in shared.items() if option.startswith("data.")}
        for preset in application.baselines:
            words = (*_config(preset), *option_words({**data, "seed_everything": study.seeds[0]}))
            name = f"{Path(preset).stem}-{study.seeds[0]}"
            runs.append(Run(folder, application.folder, name, words, True, study.keep))
    return runs


def trials(
    study: Study, pair: Pair, points: Mapping[int, Mapping[str, Any]], folder: Path, number: int = 0
) -> dict[int, list[Run]]:
    """The trials of a pair in a round: for each point a run with every seed.

    Args:
        study: The study.
        pair: What is tuned.
        points: Number of a point -> the values that are tried: option -> value.
        folder: The study's folder.
        number: Number of the round.
    """
    tuning = study.tuning
    if tuning is None or not points:
        return {}
    later = f"-r{number}" if number else ""
    return {
        place: [
            Run(
                folder / TUNING,
                pair.application.folder,
                f"{pair.name}-t{place:03}{later}-{seed}",
                run_words(study, pair, seed, point, tuning.rounds[number].fraction),
                False,
                "none",
            )
            for seed in tuning.seeds
        ]
        for place, point in points.items()
    }


def finals(study: Study, pair: Pair, chosen: Mapping[str, Any], folder: Path) -> list[Run]:
    """The runs that count, one for each seed.

    Args:
        study: The study.
        pair: What is run.
        chosen: What was found by tuning: option -> value.
        folder: The study's folder.
    """
    effort = {} if study.tuning is None else {"budget.tuning": study.tuning.effort}
    return [
        Run(
            folder,
            pair.application.folder,
            f"{pair.name}-{seed}",
            run_words(study, pair, seed, {**chosen, **effort}, 1.0),
            True,
            study.keep,
        )
        for seed in study.seeds
    ]


def sizing(study: Study, pair: Pair, folder: Path) -> Run:
    """What finds the hidden size that spends a budget of all parameters of a model.

    Args:
        study: The study.
        pair: The model.
        folder: The study's folder.
    """
    spend = (pair.application.backbones[0], int(pair.amount))
    words = run_words(study, pair, study.seeds[0], {}, 1.0)
    return Run(folder, pair.application.folder, f"{pair.name}-size", words, True, "none", spend)


def run_words(study: Study, pair: Pair, seed: int, values: Mapping[str, Any], fraction: float) -> tuple[str, ...]:
    """The options of a run; later ones override earlier ones.

    Args:
        study: The study.
        pair: Cell, application and budget.
        seed: The seed.
        values: Tuned options.
        fraction: Share of the budget.
    """
    application = pair.application
    options = {**study.options, **application.options}
    words = [*_config(application.preset), *(_config(pair.cell.preset) if pair.cell.preset else [])]
    if study.unit in ("parameters", "total_parameters"):
        # As one value: an option that is null within a stack is not understood on its own.
        of_stack = study.unit == "parameters"
        stack = {"hidden_size": pair.hidden_size, "parameters": int(pair.amount) if of_stack else None}
        value = {"class_path": application.stack, "init_args": stack}
        words += option_words({application.backbones[0]: value})
    words += option_words({f"{backbone}.cell": pair.cell.value for backbone in application.backbones})
    length = _length(study, pair, options, fraction)
    words += option_words({**options, **length, **_rescaled(study, fraction), **values, "seed_everything": seed})
    return tuple(words)


def _length(study: Study, pair: Pair, options: Mapping[str, Any], fraction: float) -> dict[str, Any]:
    """The options that end a training."""
    if study.unit == "seconds":
        return {"trainer.max_time": _clock(pair.amount * fraction), "trainer.max_epochs": -1}
    if study.unit == "flops":
        return {"budget.flops": pair.amount * fraction, "trainer.max_epochs": -1}
    if fraction == 1:
        return {}
    steps, epochs = (
        options.get(f"trainer.{name}", pair.application.defaults.get(name)) for name in ("max_steps", "max_epochs")
    )
    if steps not in (None, -1):
        return {"trainer.max_steps": max(1, round(steps * fraction))}
    if epochs in (None, -1):
        raise UserError(
            f"{pair.application.preset} says neither trainer.max_epochs nor trainer.max_steps",
            where=f"{study.path}: tuning.fraction",
            hint="a share of a training needs a length: options: {trainer.max_epochs: 4}",
        )
    return {"budget.epochs": epochs * fraction}


def _rescaled(study: Study, fraction: float) -> dict[str, Any]:
    """Options in epochs, as short as the training is."""
    rescale = {} if study.tuning is None else study.tuning.rescale
    return {
        option: value * fraction if isinstance(value, float) else max(1, round(value * fraction))
        for option, value in rescale.items()
    }


def _clock(seconds: float) -> str:
    """As ``trainer.max_time`` is written: days, hours, minutes and seconds."""
    time = timedelta(seconds=max(1, round(seconds)))
    minutes, rest = divmod(time.seconds, 60)
    return f"{time.days:02}:{minutes // 60:02}:{minutes % 60:02}:{rest:02}"


def _config(name: str) -> list[str]:
    return [f"--config={name}"]


def option_words(options: Mapping[str, Any]) -> list[str]:
    """Options as words of the command line.

    Args:
        options: Option -> value; what is no text is written as JSON.
    """
    return [f"--{option}={value if isinstance(value, str) else json.dumps(value)}" for option, value in options.items()]
