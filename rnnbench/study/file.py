"""A study's file: which applications, cells, budgets and seeds, and how the rates are tuned.

    seeds: [1, 2, 3]
    budget: {parameters: 80000}             # or total_parameters, flops, seconds: the same for every cell; or a list
    cells: [cells/lstm, cells/gru, my_cell.Mine]
    options: {trainer.max_epochs: 2}        # of all trainings, as on the command line
    applications:
      speech/builtin:                       # one more application is one more line
      text_generation/char_lstm:
        baselines: [text_generation/char_5gram]
        options: {trainer.max_epochs: 4}    # those of the data hold for the baselines, too
      labelling/generated_bilstm_crf:
        budget: 70000                       # in place of the study's
        backbones: [model.backbone, model.characters.backbone]
    tuning:
      rounds: [{fraction: 0.125, keep: 3}, {fraction: 0.33, keep: 2}, {fraction: 1}]    # of the budget
      seeds: [11]
      grid: {model.optimizer.lr: [0.001, 0.002, 0.004, 0.008]}
      widen: 3                              # more values at most, while the best one lies at the edge
      rescale: {model.scheduler.constant_epochs: 6}   # shorter in a shorter trial
    reference: cells/lstm                   # every cell is compared with it, and with no other
    keep: all                               # the last checkpoint beside the best one

All ``backbones`` of an application get the cell, and the first one the parameters; it is ``model.backbone`` alone where
nothing is said. Of ``total_parameters``, those of the whole model, the first stack gets what the rest leaves. A random
search has ``trials`` and ``space`` in the place of ``grid``:
``{model.optimizer.lr: {low: 1.0e-4, high: 1.0e-2, log: true}, model.dropout: [0.0, 0.5]}``. Under a budget of
parameters a training is as long as ``trainer.max_epochs`` or ``trainer.max_steps`` says; a trial has a share of that
(``fraction: 0.25`` alone is one round). Reading the file imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from rnnbench.applications import application_of, applications
from rnnbench.errors import UserError, did_you_mean
from rnnbench.safe_files import read_text
from rnnbench.study.search import Tuning, read_tuning
from rnnbench.study.section import Options, Section

Find = Callable[[str], Path]
"""The file of a preset, or of a path; raises a `UserError` where there is none."""
Unit = Literal["parameters", "total_parameters", "flops", "seconds"]
Keep = Literal["best", "all"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Application:
    """A preset that the cells are compared on.

    Args:
        preset: Its name, or the path of a file.
        folder: Id of the application, which names the folder of its runs.
        defaults: What the preset says of the trainer.
        baselines: Presets of models to stand beside the cells; run once each, with the first seed.
        backbones: Options that hold a recurrent stack: all of them get the cell, the first one the parameters.
        stack: Class path of the first one, which over time is `rnnbench.backbone.Backbone`.
        amounts: Its budgets.
        options: Its options; those of the data hold for the baselines as well.
    """

    preset: str
    folder: str
    defaults: Options
    baselines: tuple[str, ...]
    backbones: tuple[str, ...]
    stack: str
    amounts: tuple[float, ...]
    options: Options


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """A cell that is compared.

    Args:
        label: A short name for its runs.
        preset: The preset that names it; None where a class is named.
        value: What stands for the cell in a configuration: class path, or class path and options.
    """

    label: str
    preset: str | None
    value: Any

    @property
    def title(self) -> str:
        """Its name in results: that of its class."""
        path = self.value["class_path"] if isinstance(self.value, dict) else self.value
        return str(path).rpartition(".")[2]


@dataclass(frozen=True, kw_only=True)
class Study:
    """What a file says.

    Args:
        path: The file.
        applications: The presets.
        cells: The cells.
        unit: What all cells have the same of.
        seeds: Seeds of the final runs.
        options: Options of all runs that train.
        tuning: How options are tuned first; None where the presets' values stand.
        keep: Whether a finished run keeps its best checkpoint alone, or the last one too.
        reference: The cell that all others are compared with; None for all pairs.
    """

    path: Path
    applications: tuple[Application, ...]
    cells: tuple[Cell, ...]
    unit: Unit
    seeds: tuple[int, ...]
    options: Options
    tuning: Tuning | None
    keep: Keep
    reference: Cell | None = None

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.stem


def read_study(path: Path, find: Find) -> Study:
    """Reads a study's file.

    Args:
        path: The file.
        find: Finds presets.

    Raises:
        UserError: Something in it is wrong; names the file and the key.
    """
    top = Section(path, "", yaml.safe_load(read_text(path)))
    unit, amounts = _budget(top)
    cells = tuple(_cell(top, name, find) for name in top.list("cells", str))
    study = Study(
        path=path,
        applications=tuple(
            _application(top.section("applications", name), name, find, amounts) for name in top.names("applications")
        ),
        cells=cells,
        unit=unit,
        seeds=top.list("seeds", int),
        options=top.options("options"),
        tuning=read_tuning(top.section("tuning")) if "tuning" in top else None,
        keep=top.choice("keep", get_args(Keep)) if "keep" in top else "best",
        reference=_reference(top, cells) if "reference" in top else None,
    )
    top.refuse_others()
    for key in ("applications", "cells", "seeds"):
        if not getattr(study, key):
            raise top.error(key, "names none")
    labels = [cell.label for cell in study.cells]
    for label in labels:
        if labels.count(label) > 1:
            raise top.error("cells", f"two cells would have runs of the same name: {label}")
    _check_seeds(top, study)
    _check_lengths(top, study)
    return study


def _budget(top: Section) -> tuple[Unit, tuple[float, ...]]:
    section = top.section("budget")
    given = [unit for unit in get_args(Unit) if unit in section]
    section.refuse_others()
    if len(given) != 1:
        raise top.error("budget", f"one of {', '.join(get_args(Unit))} is needed; found: {', '.join(given) or 'none'}")
    return given[0], section.amounts(given[0])


def _application(section: Section, preset: str, find: Find, amounts: tuple[float, ...]) -> Application:
    content = _preset(section, preset, find)
    path = str(content.get("model", {}).get("class_path", ""))
    owner = application_of(path)
    if owner is None:
        raise section.error(
            "",
            f"{preset} is no preset of an application: its model is {path or 'not named'}",
            f"models come from: {', '.join(one.module for one in applications().values())}",
        )
    backbones = section.list("backbones", str) or ("model.backbone",)
    application = Application(
        preset=preset,
        folder=owner.card.name,
        defaults=content.get("trainer") or {},
        baselines=section.list("baselines", str),
        backbones=backbones,
        stack=_stack(content, backbones[0]),
        amounts=section.amounts("budget") if "budget" in section else amounts,
        options=section.options("options"),
    )
    section.refuse_others()
    for baseline in application.baselines:
        _preset(section, baseline, find, "baselines")
    return application


def _stack(content: dict[str, Any], backbone: str) -> str:
    """What a preset says that the stack is."""
    where: Any = {"init_args": content}
    for name in backbone.split("."):
        where = (where.get("init_args") or {}).get(name) or {}
    return str(where.get("class_path", "rnnbench.backbone.Backbone"))


def _preset(section: Section, name: str, find: Find, key: str = "") -> dict[str, Any]:
    try:
        return yaml.safe_load(read_text(find(name)))
    except UserError as error:
        raise section.error(key, f"there is no preset or file {name}", error.hint) from None


def _cell(top: Section, name: str, find: Find) -> Cell:
    if "/" not in name and not name.endswith(".yaml"):
        return Cell(label=name.rpartition(".")[2], preset=None, value=name)
    content = _preset(top, name, find, "cells")
    try:
        value = content["model"]["init_args"]["backbone"]["init_args"]["cell"]
    except (KeyError, TypeError):
        raise top.error("cells", f"{name} names no model.backbone.cell") from None
    return Cell(label=Path(name).stem, preset=name, value=value)


def _reference(top: Section, cells: tuple[Cell, ...]) -> Cell:
    name = top.raw("reference")
    known = {cell.preset or str(cell.value): cell for cell in cells}
    if name not in known:
        raise top.error("reference", f"{name!r} is not among the cells", did_you_mean(str(name), known))
    return known[name]


def _check_seeds(top: Section, study: Study) -> None:
    shared = set(study.seeds) & set(study.tuning.seeds if study.tuning else ())
    if shared:
        raise top.error(
            "tuning.seeds", f"{min(shared)} is a seed of the final runs, too", "what is tuned is judged on fresh seeds"
        )


def _check_lengths(top: Section, study: Study) -> None:
    """The unit of the budget says how long a training is, and nothing else may."""
    for application in study.applications:
        for option in {**study.options, **application.options}:
            if option == "trainer.max_time" or (
                study.unit in ("flops", "seconds") and option in ("trainer.max_epochs",)
            ):
                where = f"applications.{application.preset}.options" if option in application.options else "options"
                raise top.error(
                    f"{where}.{option}",
                    f"the budget is in {study.unit}, and this would end a training by another rule",
                    "leave it out; for equal time: budget: {seconds: 60}",
                )
