"""Networks that see the whole image at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.errors import UserError
from rnnbench.tasks.base import Spec
from rnnbench.tasks.glimpses.layers import convolutions, flops_of
from rnnbench.tasks.glimpses.model import SceneReader


class WholeImageReader(SceneReader):
    """Convolutions, rectified layers, and a softmax for every answer; with neither, logistic regression on the pixels.

    A convolution has 5 x 5 pixels; after each, of every 2 x 2 places the largest stays.

    Args:
        channels: Channels of each convolution.
        sizes: Widths of the layers after them.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate.

    Raises:
        UserError: A number is not positive, or the image is too small for so many convolutions.
    """

    baseline = True

    def __init__(
        self,
        channels: Sequence[int] = (),
        sizes: Sequence[int] = (),
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        for name, values in {"channels": channels, "sizes": sizes}.items():
            if min(values, default=1) < 1:
                raise UserError(f"must be at least 1, found {min(values)}", where=f"model.{name}")
        self.channels, self.sizes = list(channels), list(sizes)
        self.optimizer, self.scheduler = optimizer, scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for scenes of this size and their classes."""
        side = self.size >> len(self.channels)
        if side < 1:
            raise UserError(
                f"{len(self.channels)} convolutions make nothing of {self.size} pixels", where="--model.channels"
            )
        self.convolutions = convolutions(1, self.channels, width=5, halve=True)
        widths = [[1, *self.channels][-1] * side**2, *self.sizes]
        self.layers = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(widths))
        self.output = nn.Linear(widths[-1], self.answers * len(self.classes))

    def forward(self, images: Tensor) -> Tensor:
        """See `SceneReader.forward`."""
        hidden = self.convolutions(images[:, None].to(self.output.weight.dtype) / 255).flatten(1)
        for layer in self.layers:
            hidden = F.relu(layer(hidden))
        return self.output(hidden).unflatten(1, (self.answers, len(self.classes)))

    def named_axes(self) -> dict[str, tuple[None, ...]]:
        """See `Task.named_axes`: the last layer has a row for each answer and class, and so no names."""
        return {}

    def flops_per_token(self) -> float | None:
        """Operations of the products of an image."""
        layers = sum(2 * one.get_parameter("weight").numel() for one in [*self.layers, self.output])
        return float(layers + flops_of(self.convolutions, self.size))

    def model_name(self) -> str:
        """The widths."""
        if not self.channels and not self.sizes:
            return "logistic regression on pixels"
        kind = "convolutional" if self.channels else "fully connected"
        return f"{kind} network {'-'.join(map(str, [*self.channels, *self.sizes]))}"
