"""What a backbone drops in training: inputs, outputs, states and recurrent weights.

Every mask comes from torch's generator, so that the same seed drops the same. Locked masks know no time axis: they are
drawn for a sequence, once in every call, and padding has no part in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call

from rnnbench.cells import RNNCell
from rnnbench.errors import UserError


@dataclass(frozen=True)
class Dropout:
    """Rates of dropout in a stack, all in [0, 1); what is kept is scaled by 1 / (1 - rate).

    On non-recurrent connections: W. Zaremba, I. Sutskever and O. Vinyals, Recurrent Neural Network Regularization,
    arXiv 1409.2329 (2014). Locked, and on states: Y. Gal and Z. Ghahramani, A Theoretically Grounded Application of
    Dropout in Recurrent Neural Networks, NeurIPS 2016.

    Args:
        between: On what every layer but the first reads, as in torch.nn.LSTM.
        input: On the input of the stack.
        output: On the output of the stack.
        state: On what of the state enters a product with weights; always locked, one mask for each layer and direction.
        locked: Whether input, between and output drop the same units at every step of a sequence, rather than new ones.
    """

    between: float = 0.0
    input: float = 0.0
    output: float = 0.0
    state: float = 0.0
    locked: bool = False

    # Not in __post_init__: the parser of the command line takes an error there for "no Dropout, so try a float".
    def check(self) -> None:
        """Refuses rates outside of [0, 1).

        Raises:
            UserError: Names the rate.
        """
        for name in ("between", "input", "output", "state"):
            check_rate(f"dropout.{name}", getattr(self, name))

    def drop(self, x: Tensor, rate: float, training: bool) -> Tensor:
        """Drops units of a sequence or of one step.

        Args:
            x: ``(B, T, ...)`` or, for one step, ``(B, ...)`` of two axes.
            rate: One of the rates.
            training: Nothing is dropped outside of training.
        """
        if not training or rate == 0:
            return x
        if not self.locked:
            return F.dropout(x, rate)
        return x * _mask(x[:, :1] if x.dim() == 3 else x, rate)


def check_rate(name: str, rate: float) -> None:
    """Refuses a rate outside of [0, 1).

    Args:
        name: What it is the rate of.
        rate: The rate.

    Raises:
        UserError: It is outside.
    """
    if not 0 <= rate < 1:
        raise UserError(f"Backbone: {name} must be in [0, 1), found {rate}")


def regularized_params(cell: RNNCell, x: Tensor, state_rate: float, weight_rate: float) -> dict[str, Tensor]:
    """The values that an engine takes for a cell's parameters and buffers during one call.

    Weight drop: S. Merity, N. S. Keskar and R. Socher, Regularizing and Optimizing LSTM Language Models, ICLR 2018. The
    cell's own parameters stay as they are, so that a checkpoint holds the whole matrices and no mask.

    Args:
        cell: The cell.
        x: What it reads ``(B, ..., I)``; the masks have its batch size, type and device.
        state_rate: Rate of locked dropout on states.
        weight_rate: Rate at which single recurrent weights are dropped.
    """
    params = dict(_named_values(cell))
    if weight_rate > 0:
        for name in cell.recurrent_weights:
            params[name] = F.dropout(params[name], weight_rate)
    if state_rate > 0:
        mask = _mask(x.new_empty(len(x), cell.output_size), state_rate)
        params.update(dict.fromkeys(cell.state_mask_names(), mask))
    return params


def ignores_state_mask(cell: RNNCell) -> bool:
    """Whether locked dropout on the state would change nothing, found by a mask that is not a number.

    Args:
        cell: The cell; one on the meta device has no values that could tell, and passes.
    """
    like = next(cell.parameters(), torch.zeros(()))
    if like.is_meta:
        return False
    x = like.new_zeros(1, cell.input_size)
    mask = like.new_full((1, cell.output_size), torch.nan)
    params = {**dict(_named_values(cell)), **dict.fromkeys(cell.state_mask_names(), mask)}
    # A cell may draw masks of its own: the numbers that the caller gets must not depend on this look.
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        y, state = functional_call(cell, params, (x, cell.initial_state(1, like)))
    return not any(bool(leaf.isnan().any()) for leaf in (y, *state))


def _named_values(cell: RNNCell) -> list[tuple[str, Tensor]]:
    return [*cell.named_parameters(), *cell.named_buffers()]


def _mask(like: Tensor, rate: float) -> Tensor:
    """Zero with probability ``rate``, else 1 / (1 - rate)."""
    return torch.empty_like(like).bernoulli_(1 - rate).div_(1 - rate)
