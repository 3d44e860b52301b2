"""What every forecaster does: training, exact evaluation, intervals, forecasts of windows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from rnnbench.data.series.windows import WindowBatch
from rnnbench.errors import UserError, did_you_mean
from rnnbench.examples import Example
from rnnbench.tasks.base import Axes, Loss, Measured, Names, Spec, Task, evaluating
from rnnbench.tasks.forecasting.conformal import Conformal
from rnnbench.tasks.forecasting.data import ForecastingData
from rnnbench.tasks.forecasting.inputs import Inputs, Reader
from rnnbench.tasks.forecasting.metrics import Forecast, WindowErrors
from rnnbench.tasks.forecasting.outputs import LEVELS, Output, Point

Scaling = Literal["none", "standard", "mean_abs", "instance"]
"""The unit of a network: the data's own; mean and standard deviation of the series in training; its mean absolute value
there; mean and standard deviation of the past of each window (reversible instance normalisation, T. Kim et al., ICLR
2022, without its learned part)."""


class Forecaster(Task[ForecastingData]):
    """A model that forecasts a series. Subclasses write `build` and `forecast`.

    Args:
        conformal: Whether intervals are moved to hold their share of the validation split, see `Conformal`.
    """

    application: ClassVar[str] = "forecasting"
    monitor = "validation/mae"

    def __init__(self, conformal: bool = True) -> None:
        super().__init__()
        self.use_conformal = conformal
        self.errors = WindowErrors()
        self.conformal: Conformal | None = None

    @property
    def probabilistic(self) -> bool:
        """Whether it has intervals of its own."""
        return False

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around horizon and series."""
        self.horizon: int = spec["horizon"]
        self.context: int = spec["context"]
        self.errors.leads = "standard_mse" if spec["standardised"] else "mase"
        self.monitor = "validation/standard_mse" if spec["standardised"] else "validation/mae"
        if self.use_conformal:
            self.conformal = Conformal(self.horizon, self.probabilistic)
        super().use_spec(spec)

    def named_axes(self) -> Mapping[str, Axes]:
        """See `Task.named_axes`: the series of training, where each has a vector."""
        assert self.spec is not None, "the model is built first"
        return {"names.weight": (Names("series", self.spec["series"]),)}

    @abstractmethod
    def forecast(self, batch: WindowBatch) -> Forecast:
        """Forecasts windows, with the model's own intervals where it has any."""

    def forecast_intervals(self, batch: WindowBatch) -> Forecast:
        """Forecasts windows, with intervals as they are reported."""
        found = self.forecast(batch)
        if self.conformal is not None and self.conformal.ready:
            return self.conformal(found, batch.scale)
        return found

    def predict_windows(self, batch: WindowBatch) -> Forecast:
        """Forecasts windows outside of the trainer."""
        with evaluating(self):
            return self.forecast_intervals(batch)

    def evaluate(self, batch: WindowBatch) -> None:
        """See `Task.evaluate`: the validation split tells how far intervals move, the test split whether they hold."""
        found = self.forecast_intervals(batch) if self.trainer.testing else self.forecast(batch)
        future, scale = self._truth(batch)
        if self.conformal is not None and not self.trainer.testing:
            self.conformal.enter(batch.ids, future, found, scale)
        self.errors.update(batch.ids, future, found, scale)

    def _truth(self, batch: WindowBatch) -> tuple[Tensor, Tensor]:
        """What came, and the scales it is measured in, as they are in the data.

        In ``bf16-true`` and ``16-true`` the trainer casts all of a batch, and a forecast would be held against values
        of three digits.
        """
        if batch.future.dtype == torch.float64:
            return batch.future, batch.scale
        # Windows that count for nothing have the number -1.
        windows = self.data.splits["test" if self.trainer.testing else "validation"]
        whole = windows(batch.ids.clamp(min=0).tolist(), 0)
        return whole.future.to(batch.future.device), whole.scale.to(batch.future.device)

    def measure(self, split: str) -> Measured:
        """See `Task.measure`."""
        values, windows, count = self.errors.compute()
        if self.conformal is not None and split == "validation" and not self.trainer.testing:
            self.conformal.calibrate()
        assert self.spec is not None
        parts = [f"windows:{windows}", f"values:{count}", f"past:{self.context}", f"horizon:{self.horizon}"]
        parts.append(f"season:{self.spec['season']}")
        if self.conformal is not None and split == "test":
            parts.append("conformal")
        return Measured(
            values, "|".join(parts), [name for name in ("standard_mse", "mase", "mae") if name in values][:1]
        )

    def examples(self) -> list[Example]:
        """See `Task.examples`: good, middling and bad forecasts in numbers."""
        from rnnbench.tasks.forecasting.show import examples_of

        return examples_of(self)

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws good, middling and bad forecasts, and errors by how far ahead they lie."""
        from rnnbench.tasks.forecasting.show import draw_test

        draw_test(self)


class NeuralForecaster(Forecaster):
    """A network: it reads windows in a unit of its own and gives numbers that an output makes a forecast of.

    Subclasses write `build_network` and `forward`.

    Args:
        scaling: The network's unit.
        output: What its numbers mean.
        conformal: See `Forecaster`.
    """

    def __init__(self, scaling: Scaling, output: Output | None, conformal: bool) -> None:
        super().__init__(conformal)
        if scaling not in get_args(Scaling):
            raise UserError(
                f"there is no scaling {scaling!r}", where="model.scaling", hint=did_you_mean(scaling, get_args(Scaling))
            )
        self.scaling = scaling
        self.output = output or Point()
        self.output.check(scaling in ("standard", "instance"))

    @property
    def probabilistic(self) -> bool:
        """Whether its output is."""
        return self.output.probabilistic

    @property
    def direct(self) -> bool:
        """Whether it says all future values at once, and not each from those that it said before."""
        return True

    def build(self, spec: Spec) -> None:
        """Makes the layers."""
        self.reader = Reader(spec, self.scaling)
        self.build_network(spec)

    @abstractmethod
    def build_network(self, spec: Spec) -> None:
        """Makes the layers behind `reader`."""

    @abstractmethod
    def forward(self, inputs: Inputs) -> Tensor:
        """Windows -> numbers ``(B, H, P)`` of the output."""

    def loss(self, batch: WindowBatch) -> Loss:
        """The output's loss, over all future values that are there."""
        inputs = self.reader(batch)
        return self.summed_loss(self(inputs), batch.future, inputs)

    def summed_loss(self, given: Tensor, truth: Tensor, inputs: Inputs) -> Loss:
        """The output's loss over the values that are there.

        Args:
            given: ``(B, T, P)``.
            truth: ``(B, T)``; NaN where a value is missing.
            inputs: The windows.
        """
        there = ~truth.isnan()
        # Nothing is learned from a value that is not there; some number has to stand in its place.
        losses = self.output.loss(given, torch.where(there, truth, inputs.unit.location), inputs.unit)
        # Whether all are there, and how many, is not asked of the device.
        return Loss(torch.where(there, losses, 0.0).sum(), there.sum().clamp(min=1))

    def forecast(self, batch: WindowBatch) -> Forecast:
        """See `Forecaster.forecast`."""
        inputs = self.reader(batch)
        return self.stated(self(inputs), inputs)

    def stated(self, given: Tensor, inputs: Inputs) -> Forecast:
        """What numbers ``(B, H, P)`` say."""
        point = self.output.point(given, inputs.unit)
        if not self.output.probabilistic:
            return Forecast(point, None)
        levels = torch.tensor(LEVELS, dtype=torch.float64, device=given.device)
        return Forecast(point, self.output.quantiles(given, levels, inputs.unit))
