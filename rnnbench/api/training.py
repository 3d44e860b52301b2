"""Training from Python: what ``rnnbench fit`` does, with data in memory."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import sys
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnbench.api.run import Run
from rnnbench.api.tables import as_path
from rnnbench.errors import UserError, did_you_mean
from rnnbench.hub import open_run

if TYPE_CHECKING:
    from lightning.pytorch import Callback

    from rnnbench.api.tables import Data


def fit(
    preset: str | Path | Sequence[str | Path] | None = None,
    data: Data | None = None,
    *,
    from_run: Run | str | Path | None = None,
    name: str | None = None,
    runs: str | Path = "runs",
    columns: Mapping[str, str] | None = None,
    callbacks: Sequence[Callback] = (),
    **options: Any,
) -> Run:
    """Trains a model as ``rnnbench fit`` does; prints a line an epoch.

    Args:
        preset: Name of a preset or path of a configuration, such as ``sentiment/builtin``; of several, each overrides
            those before. None, with `from_run`, for the configuration of that run.
        data: Data of your own in place of the preset's: a path, a `pandas.DataFrame`, a list of dicts, a
            `datasets.Dataset`, or a dict of these by ``train``, ``validation`` and ``test``. One table is cut in this
            order, as a file is. What is in memory is kept as Parquet in ``RUNS/data``, so that the run can be tested
            and resumed.
        from_run: A run whose weights the training begins from: ``fit(data=frame, from_run=run)``. What was taken of
            them stands in ``result.start`` of the new run.
        name: Name of the run; None for the preset's and a number.
        runs: The folder of all runs.
        columns: What the application calls a column -> what the data call it: ``{"text": "review", "label": "stars"}``.
        callbacks: What else watches the training.
        **options: A name alone is one of Lightning's Trainer (``max_epochs=3``); ``seed`` is the seed; any other option
            has its dots, or two underscores for each: ``model__backbone__hidden_size=64``,
            ``**{"model.backbone.cell": "GRU"}``.

    Returns:
        The run.

    Raises:
        UserError: The preset, the data or an option is wrong.
        KeyboardInterrupt: The training was interrupted; the run is saved, and ``rnnbench fit --resume RUN``
            goes on with it.
    """
    from rnnbench.cli.presets import config_path
    from rnnbench.cli.training import INTERRUPTED, run_verb

    presets = [preset] if isinstance(preset, (str, Path)) else list(preset or ())
    if not presets and from_run is None:
        raise UserError("no preset is named", where="preset", hint="such as sentiment/builtin")
    words = [f"--config={one}" for one in presets]
    if from_run is not None:
        begins = str(from_run.path if isinstance(from_run, Run) else from_run)
        words.append(f"--from={begins}")
        presets = presets or [open_run(begins, "from_run").config]
    if data is not None:
        path = as_path(data, Path(runs))
        source = _source_of([config_path(str(one)) for one in presets])
        # The data of the preset are checked against a card; these are others.
        words += ["--data.source", source, f"--data.source.path={path}", "--data.source.card=none"]
    if columns is not None:
        words.append(f"--data.columns={json.dumps(dict(columns))}")
    words += [f"--runs={runs}", *([f"--name={name}"] if name is not None else []), *_words(options)]
    watching = _Where()
    with _as_command(["fit", *words]), _refusals_told():
        status = run_verb(["fit", *words], [watching.callback(), *callbacks])
    if status == INTERRUPTED:
        raise KeyboardInterrupt(f"interrupted; go on: rnnbench fit --resume {watching.folder}")
    assert watching.folder is not None
    return Run(watching.folder)


class _Where:
    """Notes where a training puts its run."""

    folder: Path | None = None

    def callback(self) -> Callback:
        from lightning.pytorch import Callback, LightningModule, Trainer

        noted = self

        class Noted(Callback):
            def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
                noted.folder = Path(trainer.default_root_dir)

        return Noted()


def _words(options: Mapping[str, Any]) -> list[str]:
    """Options of Python as words of the command line."""
    from lightning.pytorch import Trainer

    of_trainer = inspect.signature(Trainer).parameters
    found = {}
    for name, value in options.items():
        key = name.replace("__", ".")
        if key == "seed":
            key = "seed_everything"
        elif key in of_trainer:
            key = f"trainer.{key}"
        elif "." not in key and key not in ("seed_everything", "scheduler_interval"):
            raise UserError(
                f"there is no option {name} of Lightning's Trainer",
                where="fit",
                hint=f"{did_you_mean(name, of_trainer)}; others have their group: model__backbone__hidden_size=64",
            )
        found[key] = value
    # A script or a notebook is no command that further processes could repeat.
    found.setdefault("trainer.devices", 1)
    return [f"--{key}={value if isinstance(value, str) else _plain(key, value)}" for key, value in found.items()]


def _plain(key: str, value: Any) -> str:
    try:
        return json.dumps(str(value) if isinstance(value, Path) else value)
    except TypeError:
        kind = type(value).__name__
        raise UserError(f"is no plain value, but a {kind}", where=key, hint="name classes, as a preset does") from None


def _source_of(configs: Sequence[Path]) -> str:
    """The class of the files that the data of a preset are read from."""
    from rnnbench.cli.config_files import check_config_file
    from rnnbench.data.series.sources import SeriesSource
    from rnnbench.schema import read_yaml

    for path in reversed(configs):
        check_config_file(path)
        config = read_yaml(path)
        named = config.get("data", {}).get("class_path") if isinstance(config, dict) else None
        if named is None:
            continue
        module, _, name = named.rpartition(".")
        data = getattr(importlib.import_module(module), name)
        source = typing.get_type_hints(data.__init__).get("source")
        return "SeriesFiles" if isinstance(source, type) and issubclass(source, SeriesSource) else "Files"
    raise UserError("no data are named in it", where=str(configs[-1]), hint="put it after a preset of an application")


@contextlib.contextmanager
def _as_command(words: list[str]) -> Iterator[None]:
    """The run's record says what command makes it."""
    before = sys.argv
    sys.argv = ["rnnbench", *words]
    try:
        yield
    finally:
        sys.argv = before


@contextlib.contextmanager
def _refusals_told() -> Iterator[None]:
    """What Lightning and torch refuse names the option, as on the command line; other exceptions stay what they are."""
    from rnnbench.cli.faults import refusal

    try:
        yield
    except UserError:
        raise
    except Exception as error:
        found = refusal(error)
        if found is None:
            raise
        raise found from error
