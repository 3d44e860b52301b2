"""A trained run, as a Python program uses it."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rnnbench.api.asking import Asking, as_words
from rnnbench.api.notebook import run_as_html
from rnnbench.api.tables import check_columns
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
        self._placed: dict[tuple[str, str], Task[Any]] = {}

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

    def placed(self, arguments: argparse.Namespace) -> Task[Any]:
        """The trained model where ``--device`` and ``--precision`` want it; the last one that was moved is kept.

        Args:
            arguments: What `rnnbench.cli.predict.read_words` found.
        """
        from rnnbench.cli.placing import placing
        from rnnbench.cli.trained import load_model

        where = (arguments.device, arguments.precision)
        if where == ("cpu", "32-true"):
            return self.model
        # Moving a model moves its weights: one that is moved is another than `model`.
        if where not in self._placed:
            self._placed = {where: load_model([self._folder], None, (), placing(arguments))}
        return self._placed[where]

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
        asking = Asking(self, as_words(options))
        named = [inputs] if isinstance(inputs, str) or not isinstance(inputs, Sequence) else list(inputs)
        with contextlib.ExitStack() as stack:
            read = asking.read([stack.enter_context(_file(one)) for one in named] if asking.reads_files else named)
            for warning in asking.warnings(read):
                warnings.warn(warning, stacklevel=2)
            return asking.answers(read)

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


@contextlib.contextmanager
def _file(one: Input) -> Iterator[str]:
    """The name of a file; a table is written into one for as long as it is read."""
    if isinstance(one, (str, os.PathLike)):
        yield os.fspath(one)
        return
    if not hasattr(one, "to_parquet"):
        kind = type(one).__name__
        raise UserError(f"files are read, found {kind}", where="predict", hint="a path, or a pandas.DataFrame")
    check_columns(one, "predict")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        try:
            one.to_parquet(path)
        except (ValueError, TypeError, NotImplementedError) as error:  # all that pyarrow refuses is one of them
            raise UserError(f"this table cannot be read: {error.args[0]}", where="predict") from None
        yield str(path)
