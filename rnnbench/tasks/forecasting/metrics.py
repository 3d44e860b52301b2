"""Errors of forecasts over a whole split, window by window."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.tasks.base import ItemValues
from rnnbench.tasks.forecasting.outputs import LEVELS

BINS = 12
"""Errors are also kept by how far ahead they lie, in at most so many parts of the horizon."""
DECILES = tuple(LEVELS.index(level) for level in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9))
INTERVALS = {50: (LEVELS.index(0.25), LEVELS.index(0.75)), 90: (LEVELS.index(0.05), LEVELS.index(0.95))}


class Forecast(NamedTuple):
    """What is said of H future values of B windows, in the data's own unit."""

    point: Tensor
    """``(B, H)`` float64."""
    quantiles: Tensor | None
    """``(B, H, Q)`` float64 at `LEVELS`; None for a forecast without intervals."""


class _Sums(NamedTuple):
    """What is kept of each window; all but the first are sums over its values that are there."""

    values: Tensor
    squares: Tensor
    absolutes: Tensor
    standard_squares: Tensor
    standard_absolutes: Tensor
    scaled: Tensor
    scaled_values: Tensor
    relative: Tensor
    magnitude: Tensor
    pinball: Tensor
    within_50: Tensor
    within_90: Tensor


class WindowErrors(ItemValues):
    """The errors of every window.

    Args:
        leads: Name of the leading metric: ``mase``, or ``standard_mse`` where values are standardised.
    """

    def __init__(self, leads: str = "mase") -> None:
        super().__init__()
        self.leads = leads
        self.by_step: tuple[Tensor, Tensor] | None = None

    def update(self, ids: Tensor, truth: Tensor, forecast: Forecast, scale: Tensor) -> None:  # type: ignore[override]
        """Enters some windows.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a window that counts for nothing.
            truth: ``(B, H)`` float64; NaN where a value is missing.
            forecast: The forecasts.
            scale: ``(B, 4)``, see `rnnbench.data.series.windows.WindowBatch.scale`.
        """
        sums, steps = window_sums(truth, forecast, scale)
        super().update(ids, torch.cat([torch.stack(sums, 1), steps], 1))

    def compute(self) -> tuple[dict[str, float], int, int]:  # type: ignore[override]
        """The metrics of `forecast_metrics`, the number of windows, and the number of values."""
        rows = super().compute()
        width = len(_Sums._fields)
        errors, counts = rows[:, width:].chunk(2, 1)
        self.by_step = _exact(errors), _exact(counts)
        sums = _Sums(*rows[:, :width].T)
        return forecast_metrics(sums, self.leads.startswith("standard")), len(rows), int(sums.values.sum())

    def contributions(self, values: Tensor) -> tuple[str, Tensor] | None:
        """What each window adds to the leading metric, and the number of its values; None where MASE has no scale."""
        sums = _Sums(*values[:, : len(_Sums._fields)].T)
        pair = (
            (sums.standard_squares, sums.values) if self.leads == "standard_mse" else (sums.scaled, sums.scaled_values)
        )
        return (self.leads, torch.stack(pair, 1)) if bool(pair[1].any()) else None

    def curve(self) -> list[float]:
        """Mean absolute error by part of the horizon, of the split measured last."""
        if self.by_step is None:
            return []
        return (self.by_step[0] / self.by_step[1]).tolist()


def window_sums(truth: Tensor, forecast: Forecast, scale: Tensor) -> tuple[_Sums, Tensor]:
    """What is kept of windows.

    Returns:
        The sums ``(B,)``, and ``(B, 2 P)``: absolute errors and numbers of values in each part of the horizon.
    """
    there = ~torch.isnan(truth)
    y = truth.nan_to_num()
    error = torch.where(there, y - forecast.point, 0.0)
    distance = error.abs()
    deviation = torch.where(scale[:, 1] > 0, scale[:, 1], 1.0)
    unit = scale[:, 3]
    measured = ~torch.isnan(unit)
    both = y.abs() + forecast.point.abs()
    # 0 / 0: a zero that was forecast as zero is no error.
    relative = torch.where(there & (both > 0), distance / both.clamp(min=torch.finfo(both.dtype).tiny), 0.0)
    count = there.sum(1).double()
    nothing = torch.zeros_like(count)
    pinball, within = nothing, dict.fromkeys(INTERVALS, nothing)
    if forecast.quantiles is not None:
        chosen = forecast.quantiles[..., list(DECILES)]
        levels = truth.new_tensor([LEVELS[i] for i in DECILES])
        gap = y[..., None] - chosen
        losses = 2 * torch.maximum(levels * gap, (levels - 1) * gap).mean(-1)
        pinball = torch.where(there, losses, 0.0).sum(1)
        for name, (low, high) in INTERVALS.items():
            inside = (forecast.quantiles[..., low] <= y) & (y <= forecast.quantiles[..., high])
            within[name] = (inside & there).sum(1).double()
    sums = _Sums(
        values=count,
        squares=error.square().sum(1),
        absolutes=distance.sum(1),
        standard_squares=(error / deviation[:, None]).square().sum(1),
        standard_absolutes=(distance / deviation[:, None]).sum(1),
        scaled=torch.where(measured, distance.sum(1) / unit.nan_to_num(1.0), 0.0),
        scaled_values=torch.where(measured, count, 0.0),
        relative=relative.sum(1),
        magnitude=torch.where(there, y.abs(), 0.0).sum(1),
        pinball=pinball,
        within_50=within[50],
        within_90=within[90],
    )
    parts = [
        torch.stack([part.sum(1).double() for part in value.tensor_split(min(BINS, truth.shape[1]), 1)], 1)
        for value in (distance, there)
    ]
    return sums, torch.cat(parts, 1)


def forecast_metrics(sums: _Sums, standardised: bool) -> dict[str, float]:
    """What forecasters report, of all values e = y - f of all windows alike.

    MSE and MAE are of the data's own unit. ``standard_mse`` and ``standard_mae`` are those of values standardised by
    the training part of their series. MASE is the mean of |e| over the mean error of the seasonal naive forecast in
    training (R. J. Hyndman and A. B. Koehler, 2006), over the series for which there is one. sMAPE is the mean of
    200 |e| / (|y| + |f|), as in the M4 competition. WQL is the sum over y of twice the pinball losses at the nine
    deciles, their mean, over the sum of |y|: CRPS with nine points. ``coverage_90`` is the percentage of values within
    the interval of 90 %.

    Args:
        sums: Of N windows, each ``(N,)``.
        standardised: Whether errors of standardised values are reported, too.
    """
    total = {name: math.fsum(values.tolist()) for name, values in sums._asdict().items()}
    count = total["values"]
    found: dict[str, float] = {}
    if standardised:
        found["standard_mse"] = total["standard_squares"] / count
        found["standard_mae"] = total["standard_absolutes"] / count
    if total["scaled_values"]:
        found["mase"] = total["scaled"] / total["scaled_values"]
    found["mse"] = total["squares"] / count
    found["mae"] = total["absolutes"] / count
    found["smape"] = 200 * total["relative"] / count
    if total["pinball"]:
        if total["magnitude"]:
            found["wql"] = total["pinball"] / total["magnitude"]
        found["coverage_50"] = 100 * total["within_50"] / count
        found["coverage_90"] = 100 * total["within_90"] / count
    return found


def _exact(columns: Tensor) -> Tensor:
    """Sums of columns ``(N, P)``, rounded once."""
    return torch.tensor([math.fsum(column) for column in columns.T.tolist()], dtype=torch.float64)
