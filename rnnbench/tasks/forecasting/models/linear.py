"""DLinear and NLinear: what a network without recurrence and without depth does."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.errors import UserError
from rnnbench.tasks.base import Spec
from rnnbench.tasks.forecasting.inputs import Inputs
from rnnbench.tasks.forecasting.model import NeuralForecaster, Scaling
from rnnbench.tasks.forecasting.models.segmented import last_there, shift
from rnnbench.tasks.forecasting.outputs import Output


class LinearForecaster(NeuralForecaster):
    """One linear map of the past to the future, the same for all series.

    A. Zeng, M. Chen, L. Zhang and Q. Xu, Are Transformers Effective for Time Series Forecasting?, AAAI 2023. In
    ``dlinear`` a moving average and what is left of it have a map each; ``nlinear`` takes the last value off and
    puts it back on.

    Args:
        kind: Which of both.
        window: Width of the moving average of ``dlinear``, odd.
        scaling: The unit of the network.
        output: What is said of a value.
        conformal: Whether intervals are moved to hold their share of the validation split.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    baseline = True

    def __init__(
        self,
        kind: Literal["dlinear", "nlinear"] = "dlinear",
        window: int = 25,
        scaling: Scaling = "standard",
        output: Output | None = None,
        conformal: bool = True,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__(scaling, output, conformal)
        self.save_hyperparameters()
        if window < 1 or not window % 2:
            raise UserError(f"must be odd, found {window}", where="model.window")
        self.kind = kind
        self.window = window
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build_network(self, spec: Spec) -> None:
        """Makes the maps; they begin as the mean of the past."""
        maps = 2 if self.kind == "dlinear" else 1
        size = self.context * self.reader.value_size
        self.maps = nn.ModuleList([nn.Linear(size, self.horizon * self.output.size) for _ in range(maps)])
        for one in self.maps:
            nn.init.constant_(one.weight, 1 / self.context)  # type: ignore[arg-type]

    def forward(self, inputs: Inputs) -> Tensor:
        """See `NeuralForecaster.forward`."""
        shape = (inputs.past.shape[0], self.horizon, self.output.size)
        if self.kind == "nlinear":
            last = last_there(inputs)
            return shift(
                self.maps[0](self._flat(inputs, (inputs.past - last) * inputs.there)).view(shape), last, self.output
            )
        half = self.window // 2
        padded = F.pad(inputs.past[:, None], (half, half), mode="replicate")
        trend = F.avg_pool1d(padded, self.window, 1)[:, 0]
        smooth, rest = self._flat(inputs, trend), self._flat(inputs, inputs.past - trend)
        return (self.maps[0](smooth) + self.maps[1](rest)).view(shape)

    def _flat(self, inputs: Inputs, past: Tensor) -> Tensor:
        """Values ``(B, L)`` in the place of the past's, with their flags where there are any ``(B, L or 2 L)``."""
        return self.reader.values(inputs._replace(past=past)).transpose(1, 2).flatten(1)

    def flops_per_token(self) -> float | None:
        """Two for each weight that a future value has."""
        return 2.0 * self.context * self.reader.value_size * self.output.size * len(self.maps)

    def model_name(self) -> str:
        """The name, and the output."""
        name = "DLinear" if self.kind == "dlinear" else "NLinear"
        return f"{name}, {self.output.name}" if self.probabilistic else name
