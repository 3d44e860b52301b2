"""Series, cut along time into what is learned from, what is chosen by and what is tested on."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.batches.bucket import Budget, TrainingBatches, evaluation_batches
from rnnbench.data.batches.bucket_loader import BucketEvaluationLoader, BucketTrainingLoader
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.left_out import LeftOut
from rnnbench.data.series.scales import scales_of
from rnnbench.data.series.season import season_of
from rnnbench.data.series.series import Series, SeriesTable
from rnnbench.data.series.sources import SeriesSource
from rnnbench.data.series.windows import WindowBatch, Windows, known_of
from rnnbench.data.source import SPLITS, Split
from rnnbench.errors import UserError
from rnnbench.tasks.base import Spec, TaskData

Span = tuple[int, int]
"""The first step of a part of a series, and the step after its last one."""

_NUMBERED = 30
"""A constant, missing or short series is named; of so many at most."""


class ForecastingData(TaskData):
    """Windows over series: a stretch of the past and how it went on.

    Every series is cut along time into training, validation and test. A window belongs to the split in which its future
    lies, all of it; its past may reach back into the split before. In evaluation every such window counts once.

    Args:
        source: Where the series come from.
        horizon: Number of steps to forecast.
        context: Number of steps of the past that a forecast is made from.
        splits: Shares of training, validation and test; or, where they are above 1, their numbers of steps, after which
            the rest is left.
        season: Steps of a season, of which the seasonal naive forecast and MASE take theirs; by default the usual one
            of the frequency.
        calendar: Whether day, week, month and year are covariates known in advance.
        standardised: Whether errors of values standardised by their series in training are reported and lead, as papers
            on ETT have it.
        batch_size: Windows of a batch of one process.
        num_workers: Processes that read ahead.
    """

    def __init__(
        self,
        source: SeriesSource,
        horizon: int = 24,
        context: int = 96,
        splits: Sequence[float] = (0.7, 0.1, 0.2),
        season: int | None = None,
        calendar: bool = False,
        standardised: bool = False,
        batch_size: int = 256,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        for name, value in (("horizon", horizon), ("context", context), ("season", season)):
            if value is not None and value < 1:
                raise UserError(f"must be at least 1, found {value}", where=f"data.{name}")
        check_splits(splits)
        self.source = source
        self.horizon = horizon
        self.context = context
        self.shares = tuple(splits)
        self.season = season
        self.calendar = calendar
        self.standardised = standardised
        self.budget = Budget(batch_size=batch_size)
        self.num_workers = num_workers
        self.dataset = source.dataset
        self.splits: dict[Split, Windows] = {}
        self._spec: Spec | None = None
        self._table: SeriesTable | None = None

    @property
    def spec(self) -> Spec:
        """Window, frequency, names, and what each series of training measures itself by."""
        assert self._spec is not None, "setup comes first"
        return self._spec

    @property
    def table(self) -> SeriesTable:
        """The series that are used."""
        assert self._table is not None, "setup comes first"
        return self._table

    def details(self) -> dict[str, str | int | float]:
        """Window, frequency, season, and numbers of series and windows."""
        found: dict[str, str | int | float] = {
            "series": len(self.table.series),
            "steps": sum(len(one) for one in self.table.series),
            "frequency": self.table.frequency,
            "season": self.spec["season"],
            "context": self.context,
            "horizon": self.horizon,
            "splits": ", ".join(f"{share:g}" for share in self.shares),
        }
        return found | {f"{split}_windows": len(windows) for split, windows in self.splits.items()}

    def prepare_data(self) -> None:
        """Fetches what is missing, once on each machine."""
        self.source.prepare()

    def setup(self, stage: str) -> None:
        """Reads the series and lays out the windows of all splits."""
        if stage == "predict":
            raise UserError("predictions are those of a run", hint="rnnbench predict --run RUN my.csv --horizon 24")
        if self._table is not None:
            return
        left_out = LeftOut()
        table = self._long_enough(self.source.table(), left_out)
        check_covariates(table)
        self.fingerprint = fingerprint({"series": map(_as_row, table.series)}, cut=list(self.shares))
        self.report(left_out)
        self._lay_out(table)

    def train_dataloader(self) -> BucketTrainingLoader[WindowBatch]:
        """Batches in the order of the seed and the epoch, from where an interrupted epoch stopped."""
        windows = self.splits["train"]
        batches = TrainingBatches(self._lengths(windows), self.budget, self.global_seed)
        return BucketTrainingLoader(batches, windows, *self.rank(), self.num_workers, self.position, self.move_to)

    def val_dataloader(self) -> BucketEvaluationLoader[WindowBatch]:
        """Batches of the validation split."""
        return self._evaluation("validation")

    def test_dataloader(self) -> BucketEvaluationLoader[WindowBatch]:
        """Batches of the test split."""
        return self._evaluation("test")

    def spans(self, series: Series) -> dict[Split, Span]:
        """The parts of a series."""
        return spans(len(series), self.shares)

    def _lengths(self, windows: Windows) -> NDArray[np.int64]:
        return np.full(len(windows), self.context + self.horizon)

    def _evaluation(self, split: Split) -> BucketEvaluationLoader[WindowBatch]:
        windows = self.splits[split]
        batches = evaluation_batches(self._lengths(windows), self.budget)
        return BucketEvaluationLoader(batches, windows, *self.rank(), self.num_workers)

    def _long_enough(self, table: SeriesTable, left_out: LeftOut) -> SeriesTable:
        """The series that have a window of every split."""
        kept = []
        for one in table.series:
            there = self.spans(one)
            train = there["train"]
            short = [split for split, (start, end) in there.items() if end - max(start, self.context) < self.horizon]
            if np.isnan(one.values[train[0] : train[1]]).all():
                left_out.add("train", one.name, "no value", "dropped")
            elif short:
                left_out.add(short[0], one.name, f"no window of {self.context} + {self.horizon} steps", "dropped")
            else:
                kept.append(one)
        if not kept:
            longest = max(len(one) for one in table.series)
            raise UserError(
                f"no series has a window of {self.context} steps and {self.horizon} to come in each split; the longest"
                f" has {longest} steps",
                where=self.dataset,
                hint="a shorter --data.context or --data.horizon, other --data.splits, or longer series",
            )
        return dataclasses.replace(table, series=tuple(kept))

    def _lay_out(self, table: SeriesTable) -> None:
        self._table = table
        season = self.season or season_of(table.frequency)
        if self.calendar and table.frequency.isdigit():
            raise UserError("numbered steps have no calendar", where="data.calendar", hint="leave this option out")
        trained = [one.values[slice(*self.spans(one)["train"])] for one in table.series]
        scales = scales_of(trained, season)
        constant = [one.name for one, scale in zip(table.series, scales, strict=True) if np.isnan(scale[3])]
        if constant:
            more = ", ..." if len(constant) > _NUMBERED else ""
            self.tell(
                f"MASE leaves out {len(constant)} series that never change by a season in training:"
                f" {', '.join(constant[:_NUMBERED])}{more}"
            )
        trained_spec = self.model_spec()
        self._spec = trained_spec or {
            "context": self.context,
            "horizon": self.horizon,
            "frequency": table.frequency,
            "season": season,
            "calendar": self.calendar,
            "standardised": self.standardised,
            "missing": table.missing,
            "known": list(table.known),
            "seen": list(table.seen),
            "static": list(table.static),
            "series": [one.name for one in table.series],
            "scales": scales.tolist(),
            "covariates": self._covariate_scales(table),
            "columns": dataclasses.asdict(self.source.columns),
        }
        for split in SPLITS:
            at = [self.spans(one)[split] for one in table.series]
            self.splits[split] = Windows(
                table, at, self.context, self.horizon, scales, list(range(len(scales))), self.calendar
            )

    def _covariate_scales(self, table: SeriesTable) -> dict[str, list[float]]:
        """Mean and standard deviation of each covariate in training, known ones first, and of each static number."""
        rows = []
        for one in table.series:
            span = slice(*self.spans(one)["train"])
            rows.append(np.concatenate([known_of(one, table, self.calendar)[span], one.seen[span]], 1))
        changing, fixed = np.concatenate(rows), np.stack([one.static for one in table.series])
        return {
            "mean": [*changing.mean(0).tolist(), *fixed.mean(0).tolist()],
            "deviation": [*_positive(changing.std(0)), *_positive(fixed.std(0))],
        }


def check_splits(shares: Sequence[float]) -> None:
    """Refuses shares that are none."""
    where, found = "data.splits", [f"{share:g}" for share in shares]
    if len(shares) != 3 or min(shares) <= 0:
        raise UserError(f"must be three positive numbers, found [{', '.join(found)}]", where=where)
    if max(shares) <= 1 and sum(shares) > 1 + 1e-9:
        raise UserError(f"the shares [{', '.join(found)}] are more than the whole", where=where)
    if max(shares) > 1 and any(share != int(share) for share in shares):
        raise UserError(f"must be shares or numbers of steps, found [{', '.join(found)}]", where=where)


def spans(length: int, shares: Sequence[float]) -> dict[Split, Span]:
    """Where training, validation and test lie in a series of this length.

    Args:
        length: Number of steps.
        shares: See `ForecastingData`.
    """
    sizes = [int(share) for share in shares]
    if max(shares) <= 1:
        # As forecasting papers cut: training and test rounded down, validation what is left between them.
        whole = length if sum(shares) > 1 - 1e-9 else int(length * sum(shares) + 1e-9)
        train, test = (int(whole * share / sum(shares) + 1e-9) for share in (shares[0], shares[2]))
        sizes = [train, whole - train - test, test]
    ends = np.minimum(np.cumsum([0, *sizes]), length).tolist()
    return {split: (ends[i], ends[i + 1]) for i, split in enumerate(SPLITS)}


def check_covariates(table: SeriesTable) -> None:
    """Refuses covariates that are not there: they stand where a network reads, and nobody made them up."""
    for one in table.series:
        there = np.flatnonzero(~np.isnan(one.values))
        until = int(there[-1]) + 1 if len(there) else 0
        for names, values, length in ((table.known, one.known, len(one)), (table.seen, one.seen, until)):
            holes = np.argwhere(np.isnan(values[:length]))
            if len(holes):
                step, which = holes[0].tolist()
                raise UserError(
                    f"the covariate {names[which]!r} of series {one.name} has no value at step {step + 1}",
                    where="--data.source.columns",
                    hint="fill it, or leave the covariate out",
                )


def _as_row(series: Series) -> dict[str, Any]:
    parts = (series.values, series.known, series.seen, series.static)
    content = hashlib.sha256(b"".join(np.ascontiguousarray(part, dtype="<f8").tobytes() for part in parts))
    return {"name": series.name, "start": str(series.start), "steps": len(series), "values": content.hexdigest()}


def _positive(deviations: NDArray[np.float64]) -> list[float]:
    return np.where(deviations > 0, deviations, 1.0).tolist()
