"""A probe of a trained language model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.probe.model import StateProbe
from rnnbench.tasks.probe.states import Pooling
from rnnbench.tasks.text_generation.models.recurrent import LanguageModel
from rnnbench.tasks.text_generation.trained import check_unchanged, load_text_model


class Probe(StateProbe):
    """Reads the states of a run of text generation, whatever its cell and its tokens.

    Args:
        run: Folder of the run. It is read again wherever the probe is, so keep it.
        pooling: What of a text is read: the state after its last token, or the mean of those after all tokens.
        draws: Draws of 10, 30, 100, ... labels, for the accuracy against the number of labels.
    """

    def __init__(self, run: str, pooling: Pooling = "last", draws: Annotated[int, AT_LEAST_1] = 5) -> None:
        super().__init__(pooling, draws)
        self.save_hyperparameters()
        self.run = run

    def make_network(self) -> LanguageModel:
        """The model of the run."""
        model = load_text_model(Path(self.run), "--model.run")
        if not isinstance(model, LanguageModel):
            raise UserError(
                f"{self.run} is a {type(model).__name__}: what it knows of a text is no state of a recurrent network",
                where="--model.run",
                hint="name a run of a LanguageModel",
            )
        return model

    def model_name(self) -> str:
        """Whose states are read."""
        return f"probe of {self.network.model_name()}{', mean state' if self.pooling == 'mean' else ''}"

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Refuses a run that has become another one."""
        super().on_load_checkpoint(checkpoint)
        check_unchanged(self.network, checkpoint["state_dict"], "network.", self.run, "--model.run")
