"""Options that several families of cells share, and their checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import Tensor

from rnnbench.errors import UserError, did_you_mean

Nonlinearity = Literal["tanh", "relu", "sigmoid"]

NONLINEARITIES: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
}


def check_choice(owner: object, name: str, value: str, choices: Iterable[str]) -> None:
    """Raises where an option has no such value.

    Args:
        owner: The cell, which the message names.
        name: The option.
        value: Its value.
        choices: What it may be.
    """
    if value not in (known := list(choices)):
        raise UserError(f"{type(owner).__name__}: {name} cannot be {value!r}", hint=did_you_mean(value, known))


def check_count(owner: object, name: str, value: int, at_least: int = 1) -> None:
    """Raises where an option is not an integer, or too small.

    Args:
        owner: The cell, which the message names.
        name: The option.
        value: Its value.
        at_least: The smallest value allowed.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise UserError(f"{type(owner).__name__}: {name} must be an integer of at least {at_least}, found {value!r}")


def check_heads(owner: object, num_heads: int, hidden_size: int) -> None:
    """Raises where the hidden units do not divide into heads.

    Args:
        owner: The cell, which the message names.
        num_heads: Number of heads.
        hidden_size: Number H of hidden units.
    """
    check_count(owner, "num_heads", num_heads)
    if hidden_size % num_heads:
        raise UserError(
            f"{type(owner).__name__}: num_heads must divide hidden_size, found {num_heads} heads of {hidden_size} units"
        )
