"""An image row by row, each given those above it: a likelihood that is no bound."""

from __future__ import annotations

from collections.abc import Callable

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.tasks.base import Spec
from rnnbench.tasks.drawing.model import Drawn, ImageModel, Weighed


class RowModel(ImageModel):
    """A recurrent network that reads an image from the top and says what the next row is like.

        log p(x) = sum_r log p(row r | rows above),   canvas of row r = W h_r-1 + b

    The pixels of a row do not know of one another.

    Args:
        backbone: Makes the recurrent stack from its input size.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate.
    """

    baseline = True
    exact_likelihood = True

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_backbone = backbone
        self.optimizer, self.scheduler = optimizer, scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for images of this size."""
        self.backbone = self.make_backbone(self.size)
        self.output = nn.Linear(self.backbone.output_size, self.size)

    @property
    def noise_size(self) -> int:
        """See `ImageModel.noise_size`: a number for each pixel that is drawn."""
        return self.pixels

    def weigh(self, x: Tensor, y: Tensor, noise: Tensor) -> Weighed:
        """See `ImageModel.weigh`; the noise plays no part."""
        rows = x.unflatten(1, (self.size, self.size))
        above = torch.cat([torch.zeros_like(rows[:, :1]), rows[:, :-1]], 1)
        hidden, _ = self.backbone(above)
        nothing = x.new_zeros(len(x))
        canvas = self.output(hidden).flatten(1)
        return Weighed(self.likelihood(canvas, x), nothing, nothing, canvas)

    def draw(self, y: Tensor, noise: Tensor) -> Drawn:
        """See `ImageModel.draw`: a row is a stroke."""
        state = self.backbone.initial_state(len(noise), noise)
        canvas = noise.new_zeros(len(noise), self.size, self.size)
        row, canvases = canvas[:, 0], []
        for number, chance in enumerate(noise.unflatten(1, (self.size, self.size)).unbind(1)):
            hidden, state = self.backbone.step(row, state)
            mean = self.likelihood.mean(self.output(hidden))
            # A normal number is below the quantile of a probability as often as that says.
            row = (torch.special.ndtr(chance) < mean).to(noise) if self.binary else mean
            canvas = canvas.clone()
            canvas[:, number] = row
            canvases.append(canvas)
        return Drawn(torch.stack(canvases, 1), None)

    def flops_per_token(self) -> float | None:
        """See `Task.flops_per_token`: of all rows."""
        core = super().flops_per_token()
        return None if core is None else self.size * (core + 2 * self.output.weight.numel())

    def model_name(self) -> str:
        """The stack."""
        return f"{super().model_name()}, row by row"
