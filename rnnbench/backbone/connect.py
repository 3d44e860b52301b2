"""Links: what the next layer reads, made of what this layer read and what it gave."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn

Connect = Literal["plain", "residual", "dense"]


class Link(nn.Module, ABC):
    """From one layer to the next; after the last layer, to the output of the stack.

    Args:
        read: Width R of what the layer read.
        made: Width M of what it made of it.
    """

    output_size: int
    """Width of what the next layer reads."""

    def __init__(self, read: int, made: int) -> None:
        super().__init__()
        self.output_size = made

    @abstractmethod
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """What the layer read ``(..., R)`` and made ``(..., M)`` -> what the next one reads."""

    def flops_per_token(self) -> int:
        """Floating-point operations of its products with weights, two for each multiplication and addition."""
        return 0


class Plain(Link):
    """The next layer reads what this one made."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """See `Link.forward`."""
        return y


class Residual(Link):
    """The next layer reads y + P x; P is the identity where the widths are equal, else a learned matrix.

    K. He, X. Zhang, S. Ren and J. Sun, Deep Residual Learning for Image Recognition, CVPR 2016 (equation 2, shortcut
    B); between recurrent layers: Y. Wu et al., Google's Neural Machine Translation System, arXiv 1609.08144 (2016).

    Args:
        read: Width R of what the layer read.
        made: Width M of what it made of it.
    """

    def __init__(self, read: int, made: int) -> None:
        super().__init__(read, made)
        self.projection = nn.Linear(read, made, bias=False) if read != made else None

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """See `Link.forward`."""
        return y + (x if self.projection is None else self.projection(x))

    def flops_per_token(self) -> int:
        """See `Link.flops_per_token`."""
        return 0 if self.projection is None else 2 * self.projection.weight.numel()


class Dense(Link):
    """The next layer reads the input of the stack and the outputs of all layers before it, side by side.

    So does whatever reads the stack: its output is (x, y_1, ..., y_L). G. Huang, Z. Liu, L. van der Maaten and K. Q.
    Weinberger, Densely Connected Convolutional Networks, CVPR 2017; in recurrent stacks: F. Godin, J. Dambre and W. De
    Neve, Improving Language Modeling using Densely Connected Recurrent Neural Networks, RepL4NLP 2017.

    Args:
        read: Width R of what the layer read.
        made: Width M of what it made of it.
    """

    def __init__(self, read: int, made: int) -> None:
        super().__init__(read, made)
        self.output_size = read + made

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """See `Link.forward`."""
        return torch.cat([x, y], dim=-1)


_LINKS: dict[Connect, type[Link]] = {"plain": Plain, "residual": Residual, "dense": Dense}


def make_link(connect: Connect, read: int, made: int) -> Link:
    """The link of this name.

    Args:
        connect: Its name.
        read: Width of what the layer reads.
        made: Width of what it makes of it.
    """
    return _LINKS[connect](read, made)
