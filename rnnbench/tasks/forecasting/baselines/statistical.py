"""Exponential smoothing, Theta and ARIMA, chosen and fitted by statsforecast."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import torch

from rnnbench.data.series.windows import WindowBatch
from rnnbench.errors import UserError, did_you_mean
from rnnbench.tasks.base import CountingModel, Spec
from rnnbench.tasks.forecasting.baselines.naive import filled
from rnnbench.tasks.forecasting.data import ForecastingData
from rnnbench.tasks.forecasting.metrics import Forecast
from rnnbench.tasks.forecasting.model import Forecaster

Kind = Literal["AutoETS", "AutoTheta", "AutoARIMA"]


class StatisticalForecaster(CountingModel[ForecastingData], Forecaster):
    """A model of the package statsforecast, chosen and fitted anew to the past of every window.

    That takes a second and more for each window, so it is for data of some hundred windows. Missing values are passed
    over for those of the season before.

    Args:
        kind: Which model.
        conformal: Whether intervals are found from the errors of the validation split.
    """

    tables: ClassVar[Sequence[str]] = ()

    def __init__(self, kind: Kind = "AutoETS", conformal: bool = True) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.use_conformal = conformal
        if kind not in get_args(Kind):
            raise UserError(f"there is no model {kind!r}", where="model.kind", hint=did_you_mean(kind, get_args(Kind)))
        self.kind = kind

    def use_spec(self, spec: Spec) -> None:
        """Looks for the package."""
        self._model(spec)
        super().use_spec(spec)

    def forecast(self, batch: WindowBatch) -> Forecast:
        """See `Forecaster.forecast`."""
        assert self.spec is not None
        past = filled(batch.past, min(self.spec["season"], self.context)).nan_to_num()
        rows = []
        for values in past.cpu().numpy():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = self._model(self.spec).forecast(y=np.ascontiguousarray(values), h=self.horizon)
            rows.append(np.asarray(found["mean"], dtype=np.float64))
        return Forecast(torch.from_numpy(np.stack(rows)).to(past.device), None)

    def model_name(self) -> str:
        """The name."""
        return self.kind

    def _model(self, spec: Spec) -> Any:
        try:
            from statsforecast import models
        except ImportError:
            raise UserError(
                "these models need the package statsforecast", where="model", hint="pip install 'rnnbench[forecast]'"
            ) from None
        return getattr(models, self.kind)(season_length=spec["season"])
