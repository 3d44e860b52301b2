"""What a network makes of a glimpse: what is there and where that is, in one vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.errors import UserError, did_you_mean
from rnnbench.tasks.glimpses.layers import convolutions, flops_of
from rnnbench.tasks.glimpses.looking.retina import Retina

Join = Literal["sum", "product"]


class GlimpseNetwork(nn.Module):
    """A retina, and the layers behind it.

        what = relu(W_1 patches + b_1),  where = relu(W_2 place + b_2)
        sum:      g = relu(W_3 what + W_4 where + b_3)           (V. Mnih et al., 2014)
        product:  g = relu(W_3 what + b_3) * relu(W_4 where + b_4)      (J. L. Ba et al., 2015)

    with convolutions over the patches, the scales being their channels, before W_1 where there are any.

    Args:
        width: Pixels of a side of a patch.
        scales: Number of patches, each twice as wide as the one before.
        size: Width I of the vector.
        what: Width of the layer over the patches.
        where: Width of the layer over the place.
        channels: Channels of each convolution of 3 x 3 pixels; none for no convolution.
        join: How the two are joined.

    Raises:
        UserError: A number is out of range, or no way to join has this name.
    """

    def __init__(
        self,
        width: int = 8,
        scales: int = 1,
        size: int = 256,
        what: int = 128,
        where: int = 128,
        channels: Sequence[int] = (),
        join: Join = "sum",
    ) -> None:
        super().__init__()
        if join not in get_args(Join):
            raise UserError(
                f"there is no way {join!r}", where="model.glimpse.join", hint=did_you_mean(join, get_args(Join))
            )
        for name, value in {"size": size, "what": what, "where": where, "channels": min(channels, default=1)}.items():
            if value < 1:
                raise UserError(f"must be at least 1, found {value}", where=f"model.glimpse.{name}")
        self.retina = Retina(width, scales)
        self.size = size
        self.join = join
        self.convolutions = convolutions(scales, channels)
        self.what = nn.Linear([scales, *channels][-1] * width**2, what)
        self.where = nn.Linear(2, where)
        if join == "sum":
            self.both = nn.Linear(what + where, size)
        else:
            self.of_what, self.of_where = nn.Linear(what, size), nn.Linear(where, size)

    def forward(self, patches: Tensor, places: Tensor) -> Tensor:
        """Patches ``(N, scales, G, G)`` at places ``(N, 2)`` -> ``(N, I)``."""
        what = F.relu(self.what(self.convolutions(patches).flatten(1)))
        where = F.relu(self.where(places))
        if self.join == "sum":
            return F.relu(self.both(torch.cat([what, where], 1)))
        return F.relu(self.of_what(what)) * F.relu(self.of_where(where))

    def flops(self) -> int:
        """Floating-point operations of the products of a glimpse."""
        layers = sum(2 * one.weight.numel() for one in self.children() if isinstance(one, nn.Linear))
        return layers + flops_of(self.convolutions, self.retina.width)
