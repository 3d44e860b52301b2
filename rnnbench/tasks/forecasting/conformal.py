"""Intervals that hold what they promise, from how far off the forecasts of the validation split were."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from rnnbench.errors import UserError
from rnnbench.tasks.base import ItemValues
from rnnbench.tasks.forecasting.metrics import Forecast
from rnnbench.tasks.forecasting.outputs import LEVELS

PAIRS = len(LEVELS) // 2
"""Levels come in pairs, the ends of an interval, around the median."""
_SHARES = [LEVELS[-1 - pair] - LEVELS[pair] for pair in range(PAIRS)]


class Conformal(nn.Module):
    """Moves the ends of each interval so far that it would have held its share of the validation split.

        s = max(low - y, y - high) / deviation of the series,   low' = low - q s.d.,   high' = high + q s.d.

    with q the ceil((n + 1) share)-th smallest of the n scores s of the same step ahead. Y. Romano, E. Patterson and
    E. J. Candes, Conformalized Quantile Regression, NeurIPS 2019; where both ends are the point forecast this is split
    conformal prediction. Their guarantee asks for exchangeable windows, which a series does not give: coverage on test
    is reported, not promised.

    Args:
        horizon: Number H of steps.
        apart: Whether the intervals have ends of their own, or both are the point forecast.
    """

    moves: Tensor

    def __init__(self, horizon: int, apart: bool) -> None:
        super().__init__()
        self.scores = ItemValues()
        self.kinds = PAIRS if apart else 1
        # What each pair moves at each step; NaN until it is known.
        self.register_buffer("moves", torch.full((horizon, PAIRS), math.nan, dtype=torch.float64))

    @property
    def ready(self) -> bool:
        """Whether the validation split was seen."""
        return not bool(self.moves.isnan().any())

    def enter(self, ids: Tensor, truth: Tensor, forecast: Forecast, scale: Tensor) -> None:
        """Enters windows of the validation split.

        Args:
            ids: Their numbers ``(B,)``.
            truth: ``(B, H)``; NaN where a value is missing.
            forecast: The model's own.
            scale: ``(B, 4)``, see `rnnbench.data.series.windows.WindowBatch.scale`.
        """
        if self.kinds == 1 or forecast.quantiles is None:
            scores = (truth - forecast.point).abs()[..., None]
        else:
            low, high = forecast.quantiles[..., :PAIRS], forecast.quantiles.flip(-1)[..., :PAIRS]
            scores = torch.maximum(low - truth[..., None], truth[..., None] - high)
        self.scores.update(ids, (scores / _deviation(scale)[..., None]).flatten(1))

    def calibrate(self) -> None:
        """Finds how far the ends move."""
        scores = self.scores.compute().view(-1, *self.moves.shape[:1], self.kinds)
        self.scores.reset()
        for pair, share in enumerate(_SHARES):
            self.moves[:, pair] = conformal_quantile(scores[..., min(pair, self.kinds - 1)], share)

    def forward(self, forecast: Forecast, scale: Tensor) -> Forecast:
        """The forecast with its intervals moved; without those, around the point."""
        own = forecast.quantiles
        if own is None:
            own = forecast.point[..., None].expand(*forecast.point.shape, len(LEVELS))
        move = self.moves[None] * _deviation(scale)[..., None]
        middle = own[..., PAIRS : PAIRS + 1]
        low = torch.minimum(own[..., :PAIRS] - move, middle)
        high = torch.maximum(own.flip(-1)[..., :PAIRS] + move, middle)
        ends = torch.cat([low, middle, high.flip(-1)], -1)
        return Forecast(forecast.point, ends.sort(-1).values)


def conformal_quantile(scores: Tensor, share: float) -> Tensor:
    """The ceil((n + 1) share)-th smallest of the n scores of each column, the largest where there are too few.

    Args:
        scores: ``(N, H)``; NaN where there is none. A column without any takes the scores of all.
        share: Of the truth that the interval is to hold.
    """
    if bool(scores.isnan().all()):
        raise UserError(
            "the validation split has no value to measure intervals by",
            where="model.conformal",
            hint="leave it out: --model.conformal false",
        )
    ordered = scores.sort(0).values  # NaN last
    counts = (~scores.isnan()).sum(0)
    rank = ((counts + 1) * share - 1e-9).ceil().long().clamp(min=1)
    found = ordered.gather(0, (torch.minimum(rank, counts) - 1).clamp(min=0)[None])[0]
    everything = scores[~scores.isnan()].sort().values
    whole = everything[min(math.ceil((len(everything) + 1) * share - 1e-9), len(everything)) - 1]
    return torch.where(counts > 0, found, whole)


def _deviation(scale: Tensor) -> Tensor:
    """``(B, 1)``: the standard deviation of each series in training, or 1."""
    return torch.where(scale[:, 1:2] > 0, scale[:, 1:2], 1.0)
