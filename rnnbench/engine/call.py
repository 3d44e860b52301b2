"""What engines do around their loops: a cell's own functions with other parameters, padding, what tracing keeps out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rnnbench.cells import RNNCell, State
from rnnbench.engine.precision import autocast_dtype, loop_dtype

# Those that PyTorch has an autocast of.
_AUTOCAST_DEVICES = ("cpu", "cuda", "xpu", "mps", "hpu", "mtia", "xla", "maia", "ipu", "privateuseone")


def returned_dtype(x: Tensor, state: State) -> torch.dtype:
    """The type of output and last state: the state's, or the loop's under autocast."""
    return loop_dtype(state) if autocast_dtype(x.device) else state[0].dtype


def zero_padding(y: Tensor, lengths: Tensor | None) -> Tensor:
    """``(B, T, O)`` with zeros past each length, so that padding meets no weight, not even in a gradient."""
    if lengths is None:
        return y
    valid = torch.arange(y.shape[1], device=y.device) < lengths.to(y.device, non_blocking=True)[:, None]
    return torch.where(valid[..., None], y, y.new_zeros(()))


def project(cell: RNNCell, params: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """The projection of a whole sequence with these parameters: ``(B, T, I)`` -> ``(B, T, G)``."""
    return call(cell, params, lambda: cell.project(x))


def call(cell: RNNCell, params: Mapping[str, Tensor], function: Callable[[], Any]) -> Any:
    """Calls a function of a cell with other values in the place of its parameters."""
    given = {name: value for name, value in params.items() if value is not None}
    if all(attrgetter(name)(cell) is value for name, value in given.items()):
        # To put them in the place of themselves would take a fifth of a short call.
        return function()
    return functional_call(_Calls(cell, function), {f"cell.{name}": value for name, value in given.items()}, ())


@contextlib.contextmanager
def without_autocast() -> Iterator[None]:
    """Turns off autocast of every device: what is traced is one step for all of them."""
    with contextlib.ExitStack() as contexts:
        for device in _AUTOCAST_DEVICES:
            if torch.is_autocast_enabled(device):
                contexts.enter_context(torch.autocast(device, enabled=False))
        yield


@contextlib.contextmanager
def same_random_state(device: torch.device, seed: int | None = None) -> Iterator[None]:
    """Puts the random number generators of the CPU and of a device back to where they were.

    Args:
        device: The device.
        seed: What both are seeded with until then; None for nothing.
    """
    module = None if device.type in ("cpu", "meta") else torch.get_device_module(device.type)
    if module is None or not module.is_available():
        own, kind = [], "cuda"
    else:
        own, kind = [module.current_device() if device.index is None else device.index], device.type
    with torch.random.fork_rng(own, device_type=kind):
        if seed is not None:
            torch.random.default_generator.manual_seed(seed)
            if own and module is not None:
                with module.device(own[0]):
                    module.manual_seed(seed)
        yield


class _Calls(nn.Module):
    """A function as a module, because PyTorch substitutes parameters for one call of a module only."""

    def __init__(self, cell: RNNCell, function: Callable[[], Any]) -> None:
        super().__init__()
        self.cell = cell
        self.function = function

    def forward(self) -> Any:
        return self.function()
