"""A model and its data as a configuration names them, ready to train and never trained."""

from __future__ import annotations

import copy
from typing import Any

from rnnbench.cli.run_options import RunOptions
from rnnbench.cli.training import RunCLI
from rnnbench.tasks.base import Spec, Task, TaskData


class Untrained(RunCLI):
    """A training that is never begun: `model` is built and `datamodule` is ready, and no run folder is made.

    Args:
        options: What rnnbench's own options come to.
        spec: What the model must know of the data, where that is known: the data are not made ready then.
    """

    def __init__(self, options: RunOptions, spec: Spec | None = None) -> None:
        self.spec = spec
        super().__init__(options)

    def before_instantiate_classes(self) -> None:
        """Makes no run folder."""

    def fit(self, **kwargs: Any) -> None:
        """Builds the model."""
        model, datamodule = self.model, self.datamodule
        assert isinstance(model, Task)
        assert isinstance(datamodule, TaskData)
        if self.spec is None:
            datamodule.prepare_data()
            datamodule.setup("fit")
        model.use_spec(copy.deepcopy(datamodule.spec if self.spec is None else self.spec))
