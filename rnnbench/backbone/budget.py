"""The hidden size that spends a budget of parameters, so that architectures are compared at equal size."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from rnnbench.errors import UserError

_TOLERANCE = 0.01
# How many sizes in a row a cell may refuse.
_REACH = 256


def for_budget(parameters: int, build: Callable[[int], nn.Module]) -> int:
    """Finds the hidden size whose module comes nearest to a number of parameters, and within 1 % of it.

    Modules are built on the meta device, which costs no memory and no random numbers, and bisected: more hidden units
    must mean more parameters. For instance ``for_budget(1_000_000, lambda size: Backbone(64, GRU, size, 2))``.

    Args:
        parameters: The budget.
        build: Makes the module from its hidden size: a `Backbone` of any cell and stack, or a whole model.

    Raises:
        UserError: The budget is not positive, the module refuses every size, or none comes within 1 % of the budget;
            then it names the nearest.
    """
    if isinstance(parameters, bool) or not isinstance(parameters, int) or parameters < 1:
        raise UserError(f"parameters must be a positive integer, found {parameters!r}")

    def at(size: int) -> tuple[int, int]:
        """The first size from this one on that the cell accepts (a multiple of its heads, say), and its parameters."""
        refusal: UserError | None = None
        for accepted in range(size, size + _REACH):
            try:
                with torch.device("meta"):
                    return accepted, sum(parameter.numel() for parameter in build(accepted).parameters())
            except UserError as error:
                refusal = refusal or error
        assert refusal is not None
        raise refusal

    high = 1
    while high < parameters and at(high)[1] < parameters:  # a unit has a parameter at least
        high *= 2
    low = high // 2  # too small, unless it is zero
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle)[1] < parameters else (low, middle)
    sizes = dict(at(size) for size in (low, high) if size > 0)
    nearest = min(sizes, key=lambda size: abs(sizes[size] - parameters))
    if abs(sizes[nearest] - parameters) > _TOLERANCE * parameters:
        raise UserError(
            f"no hidden size comes within 1 % of {parameters} parameters; the nearest, {nearest}, has {sizes[nearest]}",
            hint=f"hidden_size: {nearest}, or parameters: {sizes[nearest]}",
        )
    return nearest
