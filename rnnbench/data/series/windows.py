"""Rolling windows over series, without copying the data: only a batch of them is ever laid side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.series.season import calendar
from rnnbench.data.series.series import Series, SeriesTable, stamps


class WindowBatch(NamedTuple):
    """Windows over series: L past steps and H future ones. B windows, K known and P seen covariates, S static numbers.

    Values are in the data's own unit and float64; what is missing is NaN.
    """

    past: Tensor
    """``(B, L)``: what is to be forecast, until now."""
    future: Tensor
    """``(B, H)``: how it went on."""
    covariates: Tensor
    """``(B, L, K + P)``: covariates until now, those known in advance first."""
    known: Tensor
    """``(B, H, K)``: those known in advance, from now on."""
    static: Tensor
    """``(B, S)``."""
    series: Tensor
    """``(B,)`` int64: number of the series among those of training; -1 for one that training has not seen."""
    scale: Tensor
    """``(B, 4)``: mean, standard deviation and mean absolute value of the series in training, and what its seasonal
    naive forecast is wrong by there on average, the unit of MASE; NaN where it has none."""
    ids: Tensor
    """``(B,)`` int64: number of each window in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Number of future values, missing ones included."""


class Window(NamedTuple):
    """Where one window lies."""

    series: int
    """Number of the series in the table."""
    origin: int
    """Step of the first future value."""


class Windows:
    """All windows whose future lies in a span of each series; called with some of their numbers, it makes a batch.

    Args:
        table: The series.
        spans: For each series, the first step of the span, and the step after its last one. The past of a window may
            reach back beyond the span.
        context: Number L of past steps.
        horizon: Number H of future steps.
        scales: ``(N, 4)``, see `WindowBatch.scale`.
        numbers: Number of each series among those of training.
        with_calendar: Whether day, week, month and year are covariates known in advance.
    """

    def __init__(
        self,
        table: SeriesTable,
        spans: Sequence[tuple[int, int]],
        context: int,
        horizon: int,
        scales: NDArray[np.float64],
        numbers: Sequence[int],
        with_calendar: bool = False,
    ) -> None:
        self.table = table
        self.context = context
        self.horizon = horizon
        self.scales = scales
        self.numbers = np.asarray(numbers, dtype=np.int64)
        # The first origin of each series, and how many it has; window n is found by counting.
        self._first = np.array([max(start, context) for start, _ in spans], dtype=np.int64)
        ends = np.array([end - horizon + 1 for _, end in spans], dtype=np.int64)
        self.counts = np.maximum(ends - self._first, 0)
        self._ends = np.cumsum(self.counts)
        offsets = np.cumsum([0, *(len(one) for one in table.series)])
        self._offsets = offsets[:-1]
        # Joined end to end: no window reaches from one series into the next, because origins are counted per series.
        self._values = np.concatenate([one.values for one in table.series])
        self._known = np.concatenate([known_of(one, table, with_calendar) for one in table.series])
        self._seen = np.concatenate([one.seen for one in table.series])
        self._static = np.stack([one.static for one in table.series])

    def __len__(self) -> int:
        return int(self._ends[-1])

    @property
    def known_size(self) -> int:
        """Number K of covariates known in advance."""
        return self._known.shape[1]

    def window(self, number: int) -> Window:
        """Where a window lies."""
        series = int(np.searchsorted(self._ends, number, side="right"))
        before = int(self._ends[series] - self.counts[series])
        return Window(series, int(self._first[series]) + number - before)

    def __call__(self, samples: list[int], epoch: int) -> WindowBatch:
        """The batch of these windows, the same in every epoch."""
        chosen = np.asarray(samples, dtype=np.int64)
        series = np.searchsorted(self._ends, chosen, side="right")
        origins = self._first[series] + chosen - (self._ends - self.counts)[series]
        starts = self._offsets[series] + origins - self.context
        steps = starts[:, None] + np.arange(self.context + self.horizon)
        values = sliding_window_view(self._values, self.context + self.horizon)[starts]
        known = self._known[steps]
        return WindowBatch(
            past=torch.from_numpy(values[:, : self.context].copy()),
            future=torch.from_numpy(values[:, self.context :].copy()),
            covariates=torch.from_numpy(
                np.concatenate([known[:, : self.context], self._seen[steps[:, : self.context]]], 2)
            ),
            known=torch.from_numpy(known[:, self.context :].copy()),
            static=torch.from_numpy(self._static[series]),
            series=torch.from_numpy(self.numbers[series]),
            scale=torch.from_numpy(self.scales[series]),
            ids=torch.from_numpy(chosen.copy()),
            tokens=len(chosen) * self.horizon,
        )


def known_of(series: Series, table: SeriesTable, with_calendar: bool) -> NDArray[np.float64]:
    """The covariates of a series that are known in advance ``(T, K)``, the calendar among them if it is wanted."""
    if not with_calendar:
        return series.known
    times = stamps(series.start, table.frequency, len(series))
    return np.concatenate([series.known, calendar(times)], 1)
