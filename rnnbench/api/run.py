"""A trained run, as a Python program uses it."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rnnbench.api.notebook import run_as_html
from rnnbench.errors import UserError
from rnnbench.hub import open_run
from rnnbench.results.record import Result, read_result
from rnnbench.schema import read_yaml

if TYPE_CHECKING:
    import argparse

    import pandas as pd

    from rnnbench.tasks.base import Task

    Input: TypeAlias = str | os.PathLike[str] | pd.DataFrame


def load(path: str | os.PathLike[str]) -> Run:
    """A run that was trained before.

    Args:
        path: Its folder, such as ``runs/sentiment/builtin-1``, or ``hf:OWNER/NAME`` of the Hugging Face hub.

    Raises:
        UserError: There is no run in it.
    """
    return Run(path)


class Run:
    """A trained run: what it predicts, what it measured, what it was made of. A notebook shows it as a table.

    Args:
        path: Its folder, or ``hf:OWNER/NAME``.

    Raises:
        UserError: There is no run in it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._folder = open_run(path if isinstance(path, str) else Path(path), "run")

    @property
    def path(self) -> Path:
        """The folder; `docs/runs.md` names what lies in it."""
        return self._folder.path

    @property
    def result(self) -> Result:
        """The record of the run: data, protocol, costs, versions, hardware.

        Raises:
            UserError: There is none yet.
        """
        if not self._folder.result.is_file():
            raise UserError("there is no result yet", where=self.path, hint="the run has not come to its first step")
        return read_result(self._folder.result)

    @property
    def metrics(self) -> dict[str, float]:
        """What was measured: ``validation/accuracy`` and the like, and after `test` those of the test split."""
        found = self.result.metrics
        return {f"{split}/{name}": metric.value for split, metrics in found.items() for name, metric in metrics.items()}

    @property
    def config(self) -> dict[str, Any]:
        """Every option of the run, as plain values."""
        found = read_yaml(self._folder.config)
        assert isinstance(found, dict)
        return found

    @functools.cached_property
    def model(self) -> Task[Any]:
        """The trained model, with the weights of the best checkpoint, on the CPU and in evaluation mode."""
        from rnnbench.cli.quiet import quiet
        from rnnbench.cli.trained import load_model

        quiet()
        return load_model([self._folder], None).eval()

    def predict(self, inputs: Input | Sequence[Input] = (), **options: Any) -> list[dict[str, Any]]:
        """What ``rnnbench predict --format json`` answers, an answer for each input in their order.

        Args:
            inputs: Texts; of applications that read files (recordings, images, series), their paths, or tables of
                series as `pandas.DataFrame`. One, or a list of them.
            **options: Those of the verb: ``beam_size=5``, ``horizon=24``, ``device="cuda"``.

        Returns:
            Plain values, whose names the application's page lists: ``label`` and ``probabilities`` of a text's classes,
            ``tokens`` and ``tags``, ``values`` and ``quantiles``, ``text``.

        Raises:
            UserError: An input or an option is wrong.
        """
        from rnnbench.cli.placing import in_precision, placing
        from rnnbench.cli.predict import read_words
        from rnnbench.cli.trained import load_model

        asked = read_words([f"--run={self.path}", *_words(options), "--format=json"])
        named = [inputs] if isinstance(inputs, str) or not isinstance(inputs, Sequence) else list(inputs)
        # Moving a model moves its weights: one that is moved is another than that of `model`.
        moved = {"device", "precision"} & options.keys()
        model = load_model(asked.runs, None, (), placing(asked.arguments)) if moved else self.model
        with contextlib.ExitStack() as stack:
            if asked.card.input == "lines":
                given: Any = [(_text(one), f"input {number}") for number, one in enumerate(named, start=1)]
            else:
                files = [stack.enter_context(_file(one)) for one in named]
                given = asked.application.read_inputs(files, asked.arguments)
            stack.enter_context(in_precision(asked.arguments))
            for warning in _warnings(asked.application, model, given, asked.arguments):
                warnings.warn(warning, stacklevel=2)
            return [json.loads(line) for line in asked.application.predict(model, given, asked.arguments)]

    def test(self) -> dict[str, float]:
        """Measures the test split of the run's data, enters it into the record, and gives those metrics."""
        from rnnbench.cli.training import run_verb

        run_verb(["test", f"--run={self.path}", "--trainer.devices=1"])
        return {name: value for name, value in self.metrics.items() if name.startswith("test/")}

    def curves(self) -> pd.DataFrame:
        """The curves of the training: a row for each time that something was logged."""
        import pandas as pd

        return pd.read_csv(self._folder.metrics)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        return run_as_html(self)


def _words(options: Mapping[str, Any]) -> list[str]:
    """Options of Python as words of ``rnnbench predict``."""
    words = []
    for name, value in options.items():
        option = f"--{name}" if name in ("top_k", "top_p") else f"--{name.replace('_', '-')}"
        if name in ("run", "format", "output", "checkpoint"):
            raise UserError("is no option here", where=name, hint="predict gives its answers back")
        if value is True:
            words.append(option)
        elif isinstance(value, (list, tuple)):
            words += [option, *map(str, value)]
        elif value is not None and value is not False:
            words.append(f"{option}={value}")
    return words


def _text(one: Any) -> str:
    if not isinstance(one, str):
        raise UserError(f"texts are wanted, found {type(one).__name__}", where="predict", hint="such as frame['text']")
    return one


def _warnings(application: Any, model: Any, given: Any, arguments: argparse.Namespace) -> list[str]:
    return application.warnings(model, given, arguments) if hasattr(application, "warnings") else []


@contextlib.contextmanager
def _file(one: Input) -> Iterator[str]:
    """The name of a file; a table is written into one for as long as it is read."""
    if not hasattr(one, "to_parquet"):
        yield os.fspath(one)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        one.to_parquet(path)
        yield str(path)
