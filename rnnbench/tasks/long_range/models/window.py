"""A network without recurrence: it sees the last few steps, and nothing before them."""

from __future__ import annotations

from typing import Annotated

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.base import Spec
from rnnbench.tasks.long_range.inputs import InputLayer
from rnnbench.tasks.long_range.model import LongRangeModel


class WindowModel(LongRangeModel):
    """Two layers over the last K steps.

        y(t) = V relu(W [x(t - K + 1); ...; x(t)] + b) + c, with zeros before the first step

    A finite automaton can be simulated so only if K symbols tell its state.

    Args:
        window: Number K of steps that it sees.
        hidden_size: Width of the layer between.
        embedding_size: Width to which a step is mapped; null for one-hot symbols and bare numbers.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    baseline = True

    def __init__(
        self,
        window: Annotated[int, AT_LEAST_1] = 10,
        hidden_size: Annotated[int, AT_LEAST_1] = 128,
        embedding_size: int | None = None,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.window = window
        self.hidden_size = hidden_size
        self.embedding_size = embedding_size
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers."""
        self.reader = InputLayer(self.inputs, self.embedding_size)
        self.hidden = nn.Linear(self.window * self.reader.size, self.hidden_size)
        self.output = nn.Linear(self.hidden_size, self.answers.size)

    def forward(self, x: Tensor, lengths: Tensor, asked: Tensor) -> Tensor:
        """See `LongRangeModel.forward`."""
        vectors = nn.functional.pad(self.reader(x), (0, 0, self.window - 1, 0))
        rows, ends = asked.nonzero(as_tuple=True)
        # Step t stands at place t + K - 1 now, so a window begins at place t.
        places = ends[:, None] + torch.arange(self.window, device=x.device)
        windows = vectors[rows[:, None], places].flatten(1)
        return self.output(torch.relu(self.hidden(windows)))

    def model_name(self) -> str:
        """Steps and width."""
        return f"feed-forward over {self.window} steps, {self.hidden_size} hidden"
