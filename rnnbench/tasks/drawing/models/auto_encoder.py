"""A variational auto-encoder: everything behind an image at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.base import Spec
from rnnbench.tasks.drawing.model import Drawn, ImageModel, Weighed


class AutoEncoder(ImageModel):
    """A variational auto-encoder with layers of rectified units (D. P. Kingma and M. Welling, ICLR 2014).

    Args:
        sizes: Widths of the layers of the encoder; the decoder has the same in turn.
        latent: Numbers behind an image.
        importance_samples: Samples of the importance-weighted bound of the test.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate.
    """

    baseline = True

    def __init__(
        self,
        sizes: Sequence[int] = (256, 256),
        latent: Annotated[int, AT_LEAST_1] = 100,
        importance_samples: Annotated[int, AT_LEAST_1] = 50,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__(importance_samples)
        self.save_hyperparameters()
        if min(sizes, default=0) < 1:
            raise UserError(f"one layer or more, of at least one unit, found {list(sizes)}", where="model.sizes")
        self.sizes, self.latent = list(sizes), latent
        self.optimizer, self.scheduler = optimizer, scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for images of this size."""
        self.encode = _layers([self.pixels, *self.sizes, 2 * self.latent])
        self.decode = _layers([self.latent, *reversed(self.sizes), self.pixels])

    @property
    def noise_size(self) -> int:
        """See `ImageModel.noise_size`."""
        return self.latent

    def weigh(self, x: Tensor, y: Tensor, noise: Tensor) -> Weighed:
        """See `ImageModel.weigh`."""
        mean, log_deviation = self.encode(x).chunk(2, 1)
        z = mean + log_deviation.exp() * noise
        divergence = ((mean.square() + (2 * log_deviation).exp() - 1) / 2 - log_deviation).sum(1)
        ratio = ((noise.square() - z.square()) / 2 + log_deviation).sum(1)
        canvas = self.decode(z)
        return Weighed(self.likelihood(canvas, x), divergence, ratio, canvas)

    def draw(self, y: Tensor, noise: Tensor) -> Drawn:
        """See `ImageModel.draw`: all in one stroke."""
        seen = self.likelihood.mean(self.decode(noise))
        return Drawn(seen.view(-1, 1, self.size, self.size), None)

    def flops_per_token(self) -> float | None:
        """See `Task.flops_per_token`."""
        return float(sum(2 * one.numel() for one in self.parameters() if one.dim() == 2))

    def model_name(self) -> str:
        """The widths."""
        return f"variational auto-encoder {'-'.join(map(str, [*self.sizes, self.latent]))}"


def _layers(sizes: Sequence[int]) -> nn.Sequential:
    made: list[nn.Module] = []
    for before, after in pairwise(sizes):
        made += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*made[:-1])
