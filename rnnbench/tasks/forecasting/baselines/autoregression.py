"""AR(K): a linear function of the last K values, of each series its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.series.windows import WindowBatch
from rnnbench.errors import UserError
from rnnbench.tasks.base import CountingModel, Spec
from rnnbench.tasks.forecasting.data import ForecastingData
from rnnbench.tasks.forecasting.metrics import Forecast
from rnnbench.tasks.forecasting.model import Forecaster

Values = NDArray[np.float64]


class ARForecaster(CountingModel[ForecastingData], Forecaster):
    """An autoregression of each series, by least squares, which goes on with its own forecasts.

        y_t = c + sum_(k=1..K) a_k y_(t-k) + e_t

    The order K is the one from 0 to `max_order` with the least AIC, all of them fitted to the same steps; then the
    series is fitted anew with all steps that this order leaves. Coefficients are those of ``AutoReg`` of statsmodels. A
    step is left out of the fit where it or one of its K predecessors is missing; in the past of a window a missing
    value is replaced by the model's own forecast of it. A series that training has not seen is fitted to its past.

    Args:
        order: The order K; None chooses it.
        max_order: Highest order to choose from.
        conformal: Whether intervals are found from the errors of the validation split.
    """

    tables: ClassVar[Sequence[str]] = ("coefficients",)
    coefficients: Tensor
    """``(N, 1 + K)`` of N series: c, a_1, a_2, ..., zero beyond the order of a series."""

    def __init__(self, order: int | None = None, max_order: int = 24, conformal: bool = True) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.use_conformal = conformal
        if order is not None and order < 0:
            raise UserError(f"must be 0 or more, found {order}", where="model.order")
        if max_order < 1:
            raise UserError(f"must be at least 1, found {max_order}", where="model.max_order")
        self.order = order
        self.max_order = max_order

    def use_spec(self, spec: Spec) -> None:
        """Refuses a past shorter than the order."""
        if spec["context"] < self._most:
            raise UserError(
                f"order {self._most} reads as many values, and the past has {spec['context']}",
                where="data.context",
                hint=f"--data.context {self._most} or more, or a lower order",
            )
        super().use_spec(spec)

    def count_split(self) -> Mapping[str, Tensor]:
        """Fits every series."""
        rows = []
        for one in self.data.table.series:
            start, end = self.data.spans(one)["train"]
            rows.append(self._fit(one.values[start:end], one.name))
        return {"coefficients": torch.from_numpy(np.stack(rows))}

    def forecast(self, batch: WindowBatch) -> Forecast:
        """See `Forecaster.forecast`; before the fit it is the mean."""
        if not self.coefficients.numel():
            return Forecast(batch.scale[:, :1].expand(-1, self.horizon), None)
        weights = self.coefficients[batch.series.clamp(min=0)]
        unseen = torch.nonzero(batch.series < 0)[:, 0].tolist()
        if unseen:
            weights = weights.clone()
            for row in unseen:
                fitted = self._fit(batch.past[row].cpu().numpy(), "to be forecast")
                weights[row] = torch.from_numpy(fitted).to(weights)
        order = weights.shape[1] - 1
        constant, lags = weights[:, 0], weights[:, 1:]
        past = batch.past.clone()
        if bool(past.isnan().any()):
            past = self._filled(past, weights)
        line = past[:, past.shape[1] - order :]
        made = []
        for _ in range(self.horizon):
            # The latest value comes first in a row of weights.
            made.append(constant + (lags * line.flip(1)).sum(1))
            line = torch.cat([line, made[-1][:, None]], 1)[:, 1:] if order else line
        return Forecast(torch.stack(made, 1), None)

    def model_name(self) -> str:
        """The order, or the highest one of any series."""
        if not self.coefficients.numel():
            return "AR"
        used = torch.nonzero((self.coefficients != 0).any(0))
        return f"AR({int(used.max()) if len(used) else 0})"

    def num_parameters(self) -> int:
        """Number of coefficients that are used."""
        return int((self.coefficients != 0).sum())

    @property
    def _most(self) -> int:
        return self.max_order if self.order is None else self.order

    def _fit(self, values: Values, name: str) -> Values:
        order = choose_order(values, self.max_order, name) if self.order is None else self.order
        return np.pad(fit_ar(values, order, name), (0, self._most - order))

    def _filled(self, past: Tensor, weights: Tensor) -> Tensor:
        """The past with one-step forecasts where values are missing; before the first value its mean."""
        order = weights.shape[1] - 1
        mean = past.nanmean(1, keepdim=True).nan_to_num()
        padded = torch.cat([mean.expand(-1, order), past], 1)
        for step in range(order, padded.shape[1]):
            own = weights[:, 0] + (weights[:, 1:] * padded[:, step - order : step].flip(1)).sum(1)
            # A window that begins before its order is full has nothing better than the mean.
            own = own if step >= 2 * order else mean[:, 0]
            padded[:, step] = torch.where(padded[:, step].isnan(), own, padded[:, step])
        return padded[:, order:]


def design(values: Values, order: int, hold_back: int) -> tuple[Values, Values]:
    """Rows ``(1, y_(t-1), ..., y_(t-K))`` and targets y_t, for all t from ``hold_back`` on without a missing value."""
    rows = sliding_window_view(values, order + 1)[hold_back - order :]
    rows = rows[~np.isnan(rows).any(1)]
    return np.concatenate([np.ones((len(rows), 1)), rows[:, :-1][:, ::-1]], 1), rows[:, -1]


def fit_ar(values: Values, order: int, name: str) -> Values:
    """Constant and coefficients ``(1 + K,)`` of an autoregression, by least squares.

    Args:
        values: The series ``(T,)``; NaN where a value is missing.
        order: K.
        name: Name of the series, for errors.

    Raises:
        UserError: There are fewer steps than coefficients.
    """
    rows, targets = design(values, order, order) if len(values) > order else (np.empty((0, order + 1)), np.empty(0))
    if len(rows) <= order:
        raise UserError(
            f"series {name} has {len(rows)} steps to fit {order + 1} coefficients to", hint="a lower --model.max_order"
        )
    found: Values = np.linalg.lstsq(rows, targets, rcond=None)[0].astype(np.float64)
    return found


def choose_order(values: Values, most: int, name: str) -> int:
    """The order from 0 to ``most`` with the least AIC, T log(RSS / T) + 2 (K + 1), all fitted to the same T steps.

    Args:
        values: The series ``(T,)``; NaN where a value is missing.
        most: Highest order; fewer where the series is short.
        name: Name of the series, for errors.
    """
    there = int((~np.isnan(values)).sum())
    most = max(min(most, there // 3), 0)
    if not there:
        raise UserError(f"series {name} has no value to fit to")
    rows, targets = design(values, most, most)
    if len(rows) <= most + 1:
        return 0
    best, least = 0, math.inf
    for order in range(most + 1):
        part = rows[:, : order + 1]
        left = targets - part @ np.linalg.lstsq(part, targets, rcond=None)[0]
        square = float(left @ left)
        # A series that the past tells exactly needs no higher order.
        score = -math.inf if square <= 1e-24 * float(targets @ targets) else len(rows) * math.log(square / len(rows))
        score += 2 * (order + 1)
        if score < least:
            best, least = order, score
        if score == -math.inf:
            break
    return best
