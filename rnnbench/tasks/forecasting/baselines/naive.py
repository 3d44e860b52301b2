"""Forecasts that need no fitting: naive, seasonal naive, drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from rnnbench.data.series.windows import WindowBatch
from rnnbench.errors import UserError, did_you_mean
from rnnbench.tasks.base import CountingModel, Spec
from rnnbench.tasks.forecasting.data import ForecastingData
from rnnbench.tasks.forecasting.metrics import Forecast
from rnnbench.tasks.forecasting.model import Forecaster

Kind = Literal["naive", "seasonal", "drift"]


class NaiveForecaster(CountingModel[ForecastingData], Forecaster):
    """What is, stays; or comes again after a season; or goes on as it went.

        naive: f(t + h) = y(t);   seasonal: f(t + h) = y(t + h - m), the last season over and over;
        drift: f(t + h) = y(t) + h (y(t) - y(s)) / (t - s), s the first step of the past

    R. J. Hyndman and G. Athanasopoulos, Forecasting: Principles and Practice, section 5.2. A missing value is passed
    over for the one before it, of the same place in the season.

    Args:
        kind: Which of them.
        conformal: Whether intervals are found from the errors of the validation split.
    """

    tables: ClassVar[Sequence[str]] = ()

    def __init__(self, kind: Kind = "naive", conformal: bool = True) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.use_conformal = conformal
        if kind not in get_args(Kind):
            raise UserError(
                f"there is no forecast {kind!r}", where="model.kind", hint=did_you_mean(kind, get_args(Kind))
            )
        self.kind = kind

    def use_spec(self, spec: Spec) -> None:
        """Refuses a past shorter than a season."""
        if self.kind == "seasonal" and spec["context"] < spec["season"]:
            raise UserError(
                f"a season has {spec['season']} steps, and the past only {spec['context']}",
                where="data.context",
                hint=f"--data.context {spec['season']} or more, or another --data.season",
            )
        super().use_spec(spec)

    def forecast(self, batch: WindowBatch) -> Forecast:
        """See `Forecaster.forecast`."""
        assert self.spec is not None
        season = self.spec["season"] if self.kind == "seasonal" else 1
        past = filled(batch.past, season)
        # A past without a value leaves the mean of the series.
        past = torch.where(past.isnan(), batch.scale[:, :1], past)
        steps = torch.arange(self.horizon, device=past.device)
        if self.kind == "seasonal":
            return Forecast(past[:, past.shape[1] - season + steps % season], None)
        last = past[:, -1:]
        if self.kind == "naive" or past.shape[1] < 2:
            return Forecast(last.expand(-1, self.horizon), None)
        slope = (last - past[:, :1]) / (past.shape[1] - 1)
        return Forecast(last + slope * (steps + 1), None)

    def model_name(self) -> str:
        """The name."""
        return {"naive": "naive", "seasonal": "seasonal naive", "drift": "drift"}[self.kind]


def filled(past: Tensor, season: int) -> Tensor:
    """The past ``(B, L)`` with each missing value as it was one season before; the first ones as one season after."""
    if not bool(past.isnan().any()):
        return past
    past = past.clone()
    for step in range(season, past.shape[1]):
        past[:, step] = torch.where(past[:, step].isnan(), past[:, step - season], past[:, step])
    for step in range(past.shape[1] - season - 1, -1, -1):
        past[:, step] = torch.where(past[:, step].isnan(), past[:, step + season], past[:, step])
    return past
