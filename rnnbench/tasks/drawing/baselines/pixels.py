"""Pixels that know nothing of one another."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.tasks.base import CountingModel, Spec
from rnnbench.tasks.drawing.data import DrawingData
from rnnbench.tasks.drawing.model import Drawn, ImageModel, Weighed

_AT_ONCE = 1000


class PixelModel(CountingModel[DrawingData], ImageModel):
    """Each pixel is white as often as in training, counted with one more of either kind."""

    tables = ("shares",)
    exact_likelihood = True
    shares: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()

    def build(self, spec: Spec) -> None:
        """Makes an empty table.

        Raises:
            UserError: The images are grey.
        """
        if not self.binary:
            raise UserError("counts pixels that are black or white", where="--data.ink", hint="drawn or threshold")
        super().build(spec)

    def count_split(self) -> dict[str, Tensor]:
        """See `CountingModel.count_split`."""
        images = self.data.splits["train"]
        count = len(images.lengths)
        white = torch.zeros(self.pixels, dtype=torch.float64)
        for first in range(0, count, _AT_ONCE):
            batch = images(list(range(first, min(first + _AT_ONCE, count))), 0)
            white += (batch.images.flatten(1) > 0).double().sum(0)
        return {"shares": (white + 1) / (count + 2)}

    @property
    def noise_size(self) -> int:
        """See `ImageModel.noise_size`: a number for each pixel that is drawn."""
        return self.pixels

    def weigh(self, x: Tensor, y: Tensor, noise: Tensor) -> Weighed:
        """See `ImageModel.weigh`; before the counting black and white are equal."""
        nothing = x.new_zeros(len(x)).double()
        canvas = self._shares(x).logit()
        return Weighed(self.likelihood(canvas, x.double()), nothing, nothing, canvas)

    def draw(self, y: Tensor, noise: Tensor) -> Drawn:
        """See `ImageModel.draw`."""
        white = (torch.special.ndtr(noise) < self._shares(noise)).to(noise)
        return Drawn(white.view(-1, 1, self.size, self.size), None)

    def model_name(self) -> str:
        """The name."""
        return "independent pixels"

    def _shares(self, like: Tensor) -> Tensor:
        shares = self.shares if len(self.shares) else torch.full((self.pixels,), 0.5, dtype=torch.float64)
        return shares.to(like.device).expand(len(like), -1)
