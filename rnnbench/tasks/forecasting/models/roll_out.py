"""Going on with what was said oneself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from rnnbench.backbone.state import select
from rnnbench.errors import UserError
from rnnbench.tasks.forecasting.inputs import Inputs, as_read
from rnnbench.tasks.forecasting.metrics import Forecast
from rnnbench.tasks.forecasting.model import NeuralForecaster
from rnnbench.tasks.forecasting.outputs import LEVELS, Unit

RollOut = Literal["steps", "direct"]

Step = Callable[[Tensor, int, Any, Inputs], tuple[Tensor, Any]]
"""From the value before ``(B,)`` in the network's unit, the number of the step, the state and the windows: what is said
of the value ``(B, P)``, and the new state."""


Read = Callable[[Tensor, Tensor, int, Any], tuple[Tensor, Any]]
"""From the value before and whether it is there, ``(B,)`` each, the number of the step and the state: what is said of
the value ``(B, P)``, and the new state."""


def check_roll_out(truth: float, paths: int) -> None:
    """Refuses a share of true values in training, or a number of ways, that is none."""
    if not 0 <= truth <= 1:
        raise UserError(f"must be between 0 and 1, found {truth}", where="model.truth")
    if paths < 1:
        raise UserError(f"must be at least 1, found {paths}", where="model.paths")


def sampled(
    model: NeuralForecaster, values: Tensor, there: Tensor, state: Any, read: Read, unit: Unit, truth: float
) -> Tensor:
    """What is said of each next value ``(B, T, P)`` where some of those read are the model's own.

    Scheduled sampling: S. Bengio et al., NeurIPS 2015. No gradient goes through a value that it said itself.

    Args:
        model: The model.
        values: The true values before ``(B, T)``, in the network's unit.
        there: Whether they are there ``(B, T)``: 1 or 0.
        state: The state of the stack before the first.
        read: Makes a step.
        unit: The network's unit.
        truth: Share of true values.
    """
    made: list[Tensor] = []
    for number in range(values.shape[1]):
        value, flag = values[:, number], there[:, number]
        if made:
            own = as_read(unit.into(model.output.point(made[-1][:, None], unit))[:, 0]).detach()
            true = torch.rand_like(value) < truth
            value, flag = torch.where(true, value, own), torch.where(true, flag, 1.0)
        given, state = read(value, flag, number, state)
        made.append(given)
    return torch.stack(made, 1)


def roll_out(model: NeuralForecaster, first: Tensor, state: Any, step: Step, inputs: Inputs, paths: int) -> Forecast:
    """Forecasts all steps, each from those before it.

    A point forecast goes one way, on itself. A distribution goes many ways, on values drawn by the same random numbers
    for every window, so that no window's forecast depends on which others stand in its batch; the forecast is their
    mean.

    Args:
        model: The model.
        first: What is said of the first future value ``(B, P)``.
        state: The state of the stack then.
        step: Makes a step.
        inputs: The windows.
        paths: Number of ways.
    """
    if not model.output.probabilistic:
        return Forecast(_one_way(model, first, state, step, inputs, None), None)
    rows = torch.arange(len(first), device=first.device).repeat_interleave(paths)
    many = inputs._replace(
        past=inputs.past[rows],
        static=inputs.static[rows],
        series=inputs.series[rows],
        unit=Unit(inputs.unit.location[rows], inputs.unit.scale[rows]),
    )
    drawn = torch.rand(paths, model.horizon, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    drawn = drawn.clamp(1e-6, 1 - 1e-6).to(first.device).repeat(len(first), 1)
    ways = _one_way(model, first[rows], select(state, rows), step, many, drawn).view(len(first), paths, -1)
    levels = torch.tensor(LEVELS, dtype=torch.float64, device=first.device)
    return Forecast(ways.mean(1), torch.quantile(ways, levels, dim=1).permute(1, 2, 0))


def _one_way(
    model: NeuralForecaster, given: Tensor, state: Any, step: Step, inputs: Inputs, drawn: Tensor | None
) -> Tensor:
    """Values ``(B, H)`` in the data's own unit: point forecasts, or quantiles of the levels that were drawn."""
    unit = inputs.unit
    made: list[Tensor] = []
    for number in range(model.horizon):
        if made:
            value = as_read(unit.into(made[-1][:, None])[:, 0])
            given, state = step(value, number, state, inputs)
        if drawn is None:
            made.append(model.output.point(given[:, None], unit)[:, 0])
        else:
            made.append(model.output.quantiles(given[:, None], drawn[:, number, None, None], unit)[:, 0, 0])
    return torch.stack(made, 1)
