"""Cells around cells."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from rnnbench.cells.base import RNNCell, State
from rnnbench.cells.lstm import LSTM
from rnnbench.errors import UserError


class Zoneout(RNNCell):
    """Zoneout around any cell: at each step some units keep the value that they had.

        s~ = the state after a step of the cell from s'
        s = d s' + (1 - d) s~,  d ~ Bernoulli(rate) in training, d = rate in evaluation
        y = the leaf of s that the cell emits

    D. Krueger et al., Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations, ICLR 2017, with the rates
    of its character-level Penn Treebank. Masks come from `project`, as columns of z beside those of the cell.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        cell: Makes the cell inside from its input size and its hidden size.
        hidden: Rate for the leaf of the state that is also the output.
        memory: Rate for every other leaf.

    Raises:
        UserError: A rate is outside of [0, 1), or the cell's output is none of the leaves of its state.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        cell: Callable[[int, int], RNNCell] = LSTM,
        hidden: float = 0.05,
        memory: float = 0.5,
    ) -> None:
        super().__init__(input_size, hidden_size)
        for name, rate in (("hidden", hidden), ("memory", memory)):
            if not 0 <= rate < 1:
                raise UserError(f"Zoneout: {name} must be in [0, 1), found {rate}")
        self.cell = cell(input_size, hidden_size)
        if self.cell.emits is None:
            raise UserError(
                f"Zoneout: the output of {type(self.cell).__name__} is no leaf of its state, so it has no value to keep"
            )
        self.hidden = hidden
        self.memory = memory
        self.emits = self.cell.emits
        self.recurrent_weights = tuple(f"cell.{name}" for name in self.cell.recurrent_weights)

    @property
    def output_size(self) -> int:
        """That of the cell inside."""
        return self.cell.output_size

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """That of the cell inside."""
        return self.cell.state_spec()

    def initial_state(self, batch_size: int, like: Tensor) -> State:
        """That of the cell inside."""
        return self.cell.initial_state(batch_size, like)

    def project(self, x: Tensor) -> Tensor:
        """The cell's projection, then d for each leaf whose rate is not zero: ``(..., I)`` -> ``(..., G)``."""
        columns = [self.cell.project(x)]
        for rate, size in self._zones():
            d = x.new_full((*x.shape[:-1], size), rate)
            columns.append(torch.bernoulli(d) if self.training else d)
        return torch.cat(columns, dim=-1)

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, G)`` with the columns of `project`; output and state are those of the cell inside."""
        sizes = [size for _, size in self._zones()]
        z, *masks = z.split([z.shape[-1] - sum(sizes), *sizes], dim=-1)
        _, new = self.cell.step(z, state)
        kept = []
        for leaf, (old, fresh) in enumerate(zip(state, new, strict=True)):
            if self._rate(leaf) > 0:
                d = masks.pop(0).view_as(fresh)
                fresh = d * old + (1 - d) * fresh
            kept.append(fresh)
        assert self.emits is not None
        return kept[self.emits], tuple(kept)

    def flops_per_step(self) -> int:
        """That of the cell inside."""
        return self.cell.flops_per_step()

    def extra_repr(self) -> str:
        """Sizes and rates."""
        return f"{super().extra_repr()}, hidden={self.hidden}, memory={self.memory}"

    def _rate(self, leaf: int) -> float:
        return self.hidden if leaf == self.emits else self.memory

    def _zones(self) -> list[tuple[float, int]]:
        """Rate and number of units of each leaf that is zoned out."""
        sizes = [torch.Size(shape).numel() for shape in self.state_spec()]
        return [(self._rate(leaf), size) for leaf, size in enumerate(sizes) if self._rate(leaf) > 0]
