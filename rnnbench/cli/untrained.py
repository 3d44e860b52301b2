"""A model and its data as a configuration names them, ready to train and never trained."""

from __future__ import annotations

import copy
from typing import Any

from rnnbench.cli.training import RunCLI
from rnnbench.tasks.base import Task, TaskData


class Untrained(RunCLI):
    """A training that is never begun: `model` is built and `datamodule` is ready, and no run folder is made."""

    def before_instantiate_classes(self) -> None:
        """Makes no run folder."""

    def fit(self, **kwargs: Any) -> None:
        """Builds the model."""
        model, datamodule = self.model, self.datamodule
        assert isinstance(model, Task)
        assert isinstance(datamodule, TaskData)
        datamodule.prepare_data()
        datamodule.setup("fit")
        model.use_spec(copy.deepcopy(datamodule.spec))
