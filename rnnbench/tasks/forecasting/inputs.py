"""What a network reads of a window."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnnbench.data.series.windows import WindowBatch
from rnnbench.tasks.base import Spec
from rnnbench.tasks.forecasting.outputs import Unit


def as_read(values: Tensor) -> Tensor:
    """Values in the type that the network computes in: the default one, which Lightning's precision sets."""
    return values.to(torch.get_default_dtype())


class Inputs(NamedTuple):
    """A window in the network's unit, in its type of numbers. B windows, L past and H future steps."""

    past: Tensor
    """``(B, L)``; zero where a value is missing."""
    there: Tensor
    """``(B, L)``: 1 where a value is there, 0 where it is missing."""
    covariates: Tensor
    """``(B, L, K + P)``, standardised."""
    known: Tensor
    """``(B, H, K)``, standardised."""
    static: Tensor
    """``(B, S)``, standardised."""
    series: Tensor
    """``(B,)`` int64: number of the series in training; -1 for another one."""
    unit: Unit
    """The network's unit."""


class Reader(nn.Module):
    """Puts windows into the unit of the network.

    Args:
        spec: The spec of the data.
        scaling: What the unit is, see `rnnbench.tasks.forecasting.model.Scaling`.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, spec: Spec, scaling: str) -> None:
        super().__init__()
        self.scaling = scaling
        self.known_size = len(spec["known"]) + (8 if spec["calendar"] else 0)
        self.covariates_size = self.known_size + len(spec["seen"])
        self.static_size = len(spec["static"])
        self.missing = bool(spec["missing"])
        for name in ("mean", "deviation"):
            values = torch.tensor(spec["covariates"][name], dtype=torch.float64)
            self.register_buffer(name, values, persistent=False)

    @property
    def value_size(self) -> int:
        """Numbers that stand for one past value: itself, and a flag where values can be missing."""
        return 2 if self.missing else 1

    def forward(self, batch: WindowBatch) -> Inputs:
        """Reads a batch."""
        unit = self.unit(batch)
        there = ~torch.isnan(batch.past)
        width = self.covariates_size
        mean, deviation = self.mean, self.deviation
        return Inputs(
            past=as_read(torch.where(there, unit.into(batch.past), 0.0)),
            there=as_read(there),
            covariates=as_read((batch.covariates - mean[:width]) / deviation[:width]),
            known=as_read((batch.known - mean[: self.known_size]) / deviation[: self.known_size]),
            static=as_read((batch.static - mean[width:]) / deviation[width:]),
            series=batch.series,
            unit=unit,
        )

    def values(self, inputs: Inputs) -> Tensor:
        """The past as a network reads it ``(B, L, 1 or 2)``."""
        parts = [inputs.past, inputs.there] if self.missing else [inputs.past]
        return torch.stack(parts, -1)

    def unit(self, batch: WindowBatch) -> Unit:
        """The unit of each window."""
        mean, deviation, magnitude, _ = (column[:, None] for column in batch.scale.T)
        if self.scaling == "standard":
            return Unit(mean.nan_to_num(), _positive(deviation))
        if self.scaling == "mean_abs":
            return Unit(torch.zeros_like(magnitude), _positive(magnitude))
        if self.scaling == "instance":
            location = _mean(batch.past)
            spread = _mean((batch.past - location).square()).sqrt()
            # A window that does not change has no spread; the unit of its series is better than none.
            spread = torch.where(spread > 1e-6 * _positive(deviation), spread, _positive(deviation))
            return Unit(torch.where(location.isnan(), mean.nan_to_num(), location), spread)
        return Unit(torch.zeros_like(mean), torch.ones_like(mean))


class SeriesVectors(nn.Module):
    """A learned vector of each series of training; any other series has their mean.

    Args:
        count: Number of series.
        size: Width D.
    """

    def __init__(self, count: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(count, size))

    def forward(self, series: Tensor) -> Tensor:
        """Numbers ``(B,)``, -1 for another series -> ``(B, D)``."""
        return torch.cat([self.weight, self.weight.mean(0, keepdim=True)])[series]


def _mean(values: Tensor) -> Tensor:
    """The mean of the values ``(B, L)`` that are there: ``(B, 1)``, NaN where there is none."""
    # As `nanmean` computes it, which has no counterpart in a graph of ONNX.
    there = ~values.isnan()
    return torch.where(there, values, 0.0).sum(1, keepdim=True) / there.sum(1, keepdim=True)


def _positive(values: Tensor) -> Tensor:
    return torch.where(values > 0, values, 1.0)
