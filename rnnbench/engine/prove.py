"""Whether an engine gives the numbers of the reference on a device that nobody has tried it on.

Kernels that were checked without a device may still be compiled wrongly for this one, or not run at all. So before an
engine is taken on a GPU it runs a tiny batch of the very cell, forward and backward, padded and not, and what it makes
is compared with what the reference makes.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.engine.base import Engine
from rnnbench.engine.call import same_random_state
from rnnbench.engine.precision import low_dtype, recurrent_precision
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.engine.traced.prepare import options_of

_BATCH, _STEPS, _LENGTHS = 3, 4, (4, 0, 2)
# Largest difference in a tensor, relative to its largest value. Wrong kernels are off by far more.
_TOLERANCE = {"float64": 1e-8, "float32": 1e-3, "tf32": 3e-2, "float16": 3e-2, "bfloat16": 1e-1}

_found: dict[tuple[object, ...], str | None] = {}


def disproof(engine: Engine, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State) -> str | None:
    """Why an engine is not to be trusted with a cell, in words that end a sentence; None where it agrees.

    Found once for each engine, class of cell with its options and sizes, device and precision. Random numbers stay
    where they were.

    Args:
        engine: The engine.
        cell: The cell.
        params: The values of its parameters, as `Engine.run` takes them.
        x: The input at hand, for its type and device.
        state: The state at hand, for its type.
    """
    masked = params.get(cell.state_mask_names()[0]) is not None
    precision = recurrent_precision(x.device, state[0].dtype)
    types = (x.dtype, state[0].dtype, low_dtype(x, state), precision)
    key = (engine.name, type(cell), options_of(cell), x.device, types, masked)
    if key not in _found:
        _found[key] = _compare(engine, cell, params, x, state, _TOLERANCE[precision])
    return _found[key]


def _compare(
    engine: Engine, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, tolerance: float
) -> str | None:
    with torch.inference_mode(False), torch.enable_grad():
        for lengths in (None, torch.tensor(_LENGTHS)):
            expected = _outcome(ReferenceEngine(), cell, params, x, state, lengths)
            try:
                found = _outcome(engine, cell, params, x, state, lengths)
            except torch.OutOfMemoryError:
                raise
            except Exception as error:
                lines = str(error).strip().splitlines() or [""]
                return f"it fails there ({type(error).__name__}: {lines[0][:200]})"
            for name, value in expected.items():
                off = float((found[name] - value).abs().max() / value.abs().max().clamp(min=1e-2))
                if not off <= tolerance:
                    return f"its {name} differs from the reference by {off:.0e} of the largest value there"
    return None


def _outcome(
    engine: Engine, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
) -> dict[str, Tensor]:
    """Output, last state and gradients of a loss, by what they are called in a message."""
    numbers = torch.Generator().manual_seed(0)

    def draw(*shape: int, dtype: torch.dtype) -> Tensor:
        return torch.randn(shape, generator=numbers).to(x.device, dtype)

    given = draw(_BATCH, _STEPS, x.shape[2], dtype=x.dtype).requires_grad_()
    start = [
        (leaf + 0.1 * draw(*leaf.shape, dtype=leaf.dtype)).requires_grad_()
        for leaf in cell.initial_state(_BATCH, state[0].new_zeros(()))
    ]
    used = {name: value.detach().clone() for name, value in params.items() if value is not None}
    for name in cell.state_mask_names():
        if name in used:
            used[name] = (draw(_BATCH, cell.output_size, dtype=used[name].dtype) > 0).to(used[name].dtype) * 2
    own = [name for name, value in used.items() if value.is_floating_point() and name not in cell.state_mask_names()]
    for name in own:
        used[name].requires_grad_()
    with same_random_state(x.device, seed=0):
        y, last = engine.run(cell, used, given, tuple(start), lengths)
    weights = torch.linspace(-1, 1, y.numel(), device=x.device, dtype=y.dtype).view_as(y)
    loss = (y * weights).sum() + torch.stack([leaf.square().sum() for leaf in last]).sum()
    inputs = [given, *start, *(used[name] for name in own)]
    gradients = torch.autograd.grad(loss, inputs, allow_unused=True)
    names = ["gradient of the input", *["gradient of the state"] * len(start), *(f"gradient of {name}" for name in own)]
    made = {"output": y, **{f"last state {k}": leaf for k, leaf in enumerate(last)}}
    made |= {
        f"{name} {k}" if name.endswith("state") else name: torch.zeros((), device=x.device) if one is None else one
        for k, (name, one) in enumerate(zip(names, gradients, strict=True))
    }
    return {name: one.detach().cpu().double() for name, one in made.items()}
