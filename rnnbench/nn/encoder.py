"""The encoder: a source sentence in, what a decoder needs of it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from rnnbench.backbone import Backbone, StackState
from rnnbench.nn.bridge import Cells
from rnnbench.nn.decoder import Encoded
from rnnbench.nn.pooling import Pooling


class Encoder(nn.Module):
    """A recurrent backbone over the vectors of a source sentence.

    Args:
        backbone: Makes the stack from its input size; takes other options of `Backbone` by name.
        input_size: Width of a token's vector.
        reverse: Read every sentence from its end (I. Sutskever, O. Vinyals and Q. V. Le, Sequence to Sequence Learning
            with Neural Networks, NeurIPS 2014): the first words then stand near their translations.
        bidirectional_first: Only the first layer reads from both ends, as in GNMT, whatever ``bidirectional`` of the
            backbone says.
    """

    def __init__(
        self,
        backbone: Callable[..., Backbone],
        input_size: int,
        reverse: bool = False,
        bidirectional_first: bool = False,
    ) -> None:
        super().__init__()
        self.reverse = reverse
        whole = backbone(input_size)
        stacks = [whole]
        if bidirectional_first:
            stacks = [backbone(input_size, bidirectional=True, num_layers=1)]
            above = len(whole.layers) - 1
            if above:
                stacks.append(backbone(stacks[0].output_size, bidirectional=False, num_layers=above))
        self.stacks = nn.ModuleList(stacks)
        self.output_size = stacks[-1].output_size
        self.pool = Pooling("last", self.output_size, stacks[-1].causal)

    @property
    def cells(self) -> Cells:
        """The cells: for each layer, for each direction."""
        return [cells for stack in self.stacks for cells in stack.cells]  # type: ignore[union-attr]

    @property
    def cell_name(self) -> str:
        """Name of the cell."""
        return cast(Backbone, self.stacks[0]).cell_name

    def summary(self) -> str:
        """Direction, cell, depth and width, such as ``BiGRU 1x256``; the direction is that of the lowest layer."""
        cells = self.cells
        directions = "Bi" if len(cells[0]) > 1 else ""
        return f"{directions}{self.cell_name} {len(cells)}x{cells[0][0].hidden_size}"

    def flops_per_token(self) -> int:
        """Floating-point operations over one token."""
        return sum(stack.flops_per_token() for stack in self.stacks)  # type: ignore[operator]

    def forward(self, x: Tensor, lengths: Tensor) -> Encoded:
        """Reads sentences.

        Args:
            x: Vectors ``(B, S, E)``.
            lengths: ``(B,)`` int64, each in 1..S.
        """
        y = _reversed(x, lengths) if self.reverse else x
        states: list[StackState] = []
        for stack in self.stacks:
            y, state = stack(y, lengths)
            states.extend(state)
        last = self.pool(y, lengths)
        return Encoded(_reversed(y, lengths) if self.reverse else y, lengths, last, tuple(states))


def _reversed(x: Tensor, lengths: Tensor) -> Tensor:
    """Every row of ``(B, S, ...)`` from its end; the padding stays."""
    place = torch.arange(x.shape[1], device=x.device)[None, :]
    source = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
    return x.gather(1, source[..., None].expand_as(x))
