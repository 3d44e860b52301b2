"""``rnnbench predict`` of a forecaster: what comes after the last value of each series of a file."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from rnnbench.data.lines import json_line
from rnnbench.data.series.columns import Columns
from rnnbench.data.series.read import read_series
from rnnbench.data.series.scales import scale_of
from rnnbench.data.series.series import Series, SeriesTable, stamps
from rnnbench.data.series.windows import Windows
from rnnbench.errors import UserError
from rnnbench.reading import read_file
from rnnbench.safe_files import csv_text
from rnnbench.tasks.base.pictures import new_picture
from rnnbench.tasks.forecasting.conformal import PAIRS
from rnnbench.tasks.forecasting.data import check_covariates
from rnnbench.tasks.forecasting.metrics import Forecast
from rnnbench.tasks.forecasting.model import Forecaster, NeuralForecaster
from rnnbench.tasks.forecasting.outputs import LEVELS
from rnnbench.tasks.forecasting.pictures import Drawn, draw_forecasts

INTERVALS = {round(100 * (LEVELS[-1 - pair] - LEVELS[pair])): pair for pair in range(PAIRS)}
"""Percentages of intervals that a forecaster can give, and the pair of levels at their ends."""
_MOST_DRAWN = 6
_BATCH = 64


class Input(NamedTuple):
    """A file with series."""

    path: Path
    """Its name; that of stdin ends in ``.csv``."""
    data: bytes
    """Its content."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument("--horizon", type=int, metavar="H", help="steps to forecast (default: as in training)")
    parser.add_argument(
        "--levels", type=int, nargs="+", metavar="P", help="percentages of the intervals to write (default: 50 90)"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="CSV; or JSON, a series a line (default: text)"
    )
    parser.add_argument(
        "--plot", type=new_picture, metavar="FILE", help="draw past, forecast and intervals into this picture, too"
    )


def read_inputs(names: Sequence[str], arguments: argparse.Namespace) -> list[Input]:
    """The files."""
    found = []
    for name in names:
        if name == "-":
            found.append(Input(Path("stdin.csv"), sys.stdin.buffer.read()))
            continue
        found.append(Input(Path(name), read_file(Path(name))))
    if not found:
        raise UserError("there is no series", where="rnnbench predict", hint="name a .csv or .parquet file")
    return found


def warnings(model: Forecaster, inputs: Sequence[Input], arguments: argparse.Namespace) -> list[str]:
    """What a user should know before reading the output."""
    found = []
    steps = _steps(model, arguments)
    if steps > model.horizon:
        found.append(
            f"the run forecasts {model.horizon} steps: those after them are forecast from forecasts, without intervals"
        )
    if not _has_intervals(model) and arguments.levels is None:
        found.append("the run has no intervals: only forecasts are written")
    return found


def predict(model: Forecaster, inputs: Sequence[Input], arguments: argparse.Namespace) -> Iterator[str]:
    """Forecasts each series of each file.

    Args:
        model: A trained model.
        inputs: The files.
        arguments: The parsed options.

    Yields:
        Lines of CSV: series, time, value, and the ends of the intervals. Or a line of JSON for each series.

    Raises:
        UserError: A series is too short or of another frequency; an option cannot be met.
    """
    steps, pairs = _steps(model, arguments), _pairs(model, arguments)
    columns = Columns(**model.spec["columns"])  # type: ignore[index]
    # All of them before the first line: an answer is whole, or none.
    tables = [_checked(model, read_series(one.data, one.path, columns), one.path, steps) for one in inputs]
    drawn: list[Drawn] = []
    ends = [level for pair in pairs for level in (pair, len(LEVELS) - 1 - pair)]
    if arguments.format == "text":
        yield csv_text([["series", "time", "value", *(f"q{LEVELS[level]:g}" for level in sorted(ends))]])
    at_once = arguments.batch_size or _BATCH
    for table in tables:
        for start in range(0, len(table.series), at_once):
            part = dataclasses.replace(table, series=table.series[start : start + at_once])
            found = forecast_ahead(model, part, steps)
            for number, series in enumerate(part.series):
                point = found.point[number].numpy()
                quantiles = None if found.quantiles is None else found.quantiles[number].numpy()
                times = stamps(series.start, table.frequency, len(series) + steps)
                shown = _shown(times[len(series) :], columns.timezone)
                if arguments.format == "json":
                    yield _as_json(series.name, shown, point, quantiles, ends)
                for step, time in enumerate(shown if arguments.format == "text" else ()):
                    fields = [_number(point[step])]
                    for level in sorted(ends):
                        fields.append(_number(quantiles[step, level]) if quantiles is not None else "")
                    yield csv_text([[series.name, time, *fields]])
                if len(drawn) < _MOST_DRAWN:
                    drawn.append(_to_draw(series, times, point, quantiles, pairs, model.context))
    if arguments.plot:
        draw_forecasts(arguments.plot, drawn)


def forecast_ahead(model: Forecaster, table: SeriesTable, steps: int) -> Forecast:
    """Forecasts what comes after each series; past the model's horizon from its own forecasts, without intervals.

    Args:
        model: A trained model.
        table: Series of at least its context; covariates known in advance reach on for ``steps``.
        steps: Number H' of steps.

    Returns:
        Forecasts ``(N, H')``; intervals are NaN past the horizon, None where the model has none.
    """
    spec = model.spec
    assert spec is not None
    scales, numbers = [], []
    for one in table.series:
        seen = one.name in spec["series"]
        numbers.append(spec["series"].index(one.name) if seen else -1)
        scales.append(spec["scales"][numbers[-1]] if seen else scale_of(one.values, spec["season"]))
    values = [one.values for one in table.series]
    points: list[torch.Tensor] = []
    quantiles = None
    while (done := sum(part.shape[1] for part in points)) < steps:
        longer = tuple(_extended(one, past, model.horizon) for one, past in zip(table.series, values, strict=True))
        spans = [(len(past), len(past) + model.horizon) for past in values]
        windows = Windows(
            dataclasses.replace(table, series=longer),
            spans,
            model.context,
            model.horizon,
            np.array(scales, dtype=np.float64),
            numbers,
            spec["calendar"],
        )
        batch = windows(list(range(len(windows))), 0)
        found = model.predict_windows(model.transfer_batch_to_device(batch, model.device, 0))
        if not done and found.quantiles is not None:
            quantiles = torch.full((len(values), steps, len(LEVELS)), torch.nan, dtype=torch.float64)
            quantiles[:, : model.horizon] = found.quantiles[:, :steps]
        points.append(found.point)
        values = [np.concatenate([past, made]) for past, made in zip(values, found.point.numpy(), strict=True)]
    return Forecast(torch.cat(points, 1)[:, :steps], quantiles)


def _extended(series: Series, values: NDArray[np.float64], horizon: int) -> Series:
    """A series with room for what is to come; where covariates end before it, they stay what they were last."""
    length = len(values) + horizon

    def longer(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.pad(rows, ((0, max(length - len(rows), 0)), (0, 0)), mode="edge")[:length]

    return dataclasses.replace(
        series,
        values=np.concatenate([values, np.full(horizon, np.nan)]),
        known=longer(series.known),
        seen=longer(series.seen),
    )


def _checked(model: Forecaster, table: SeriesTable, path: Path, steps: int) -> SeriesTable:
    """The series without the rows after their last value, which are there for what is known in advance."""
    spec = model.spec
    assert spec is not None
    if table.frequency != spec["frequency"]:
        raise UserError(
            f"its series go in steps of {table.frequency}, and the run learned steps of {spec['frequency']}",
            where=path,
            hint="bring series of the run's frequency, or train anew",
        )
    check_covariates(table)
    kept = []
    for one in table.series:
        there = np.flatnonzero(~np.isnan(one.values))
        length = int(there[-1]) + 1 if len(there) else 0
        if length < model.context:
            raise UserError(
                f"series {one.name} has {length} steps, and the run forecasts from {model.context}",
                where=path,
                hint="bring a longer past, or train with a shorter one: --data.context",
            )
        last = one.values[length - model.context : length]
        if np.isnan(last).any() and isinstance(model, NeuralForecaster) and not spec["missing"]:
            raise UserError(
                f"series {one.name} has missing values among its last {model.context}, and the run learned from none",
                where=path,
                hint="train with series that have some, or take a baseline such as seasonal naive",
            )
        if spec["known"] and len(one) < length + steps:
            raise UserError(
                f"series {one.name} tells {', '.join(spec['known'])} of {len(one) - length} steps to come, not {steps}",
                where=path,
                hint="add rows without a value, or ask for fewer steps: --horizon",
            )
        kept.append(dataclasses.replace(one, values=one.values[:length]))
    return dataclasses.replace(table, series=tuple(kept))


def _steps(model: Forecaster, arguments: argparse.Namespace) -> int:
    steps: int = model.horizon if arguments.horizon is None else arguments.horizon
    if steps < 1:
        raise UserError(f"must be at least 1, found {steps}", where="--horizon")
    spec = model.spec
    assert spec is not None
    if steps > model.horizon and (spec["known"] or spec["seen"]):
        raise UserError(
            f"the run forecasts {model.horizon} steps and reads covariates, so it cannot go on from its own forecasts",
            where=f"--horizon {steps}",
            hint=f"--horizon {model.horizon}, or train with --data.horizon {steps}",
        )
    return steps


def _pairs(model: Forecaster, arguments: argparse.Namespace) -> list[int]:
    """The pairs of levels at the ends of the intervals that are asked for, wide ones first."""
    if not _has_intervals(model):
        if arguments.levels:
            raise UserError(
                "the run has no intervals", where="--levels", hint="train with --model.conformal true, or leave it out"
            )
        return []
    asked = arguments.levels or [50, 90]
    for level in asked:
        if level not in INTERVALS:
            known = ", ".join(map(str, sorted(INTERVALS)))
            raise UserError(f"there is no interval of {level} %", where="--levels", hint=f"known: {known}")
    return [INTERVALS[level] for level in sorted(set(asked), reverse=True)]


def _has_intervals(model: Forecaster) -> bool:
    return model.probabilistic or (model.conformal is not None and model.conformal.ready)


def _to_draw(
    series: Series,
    times: Any,
    point: NDArray[np.float64],
    quantiles: NDArray[np.float64] | None,
    pairs: Sequence[int],
    context: int,
) -> Drawn:
    shown = min(len(series), max(context, 3 * len(point)))
    bands = {}
    if quantiles is not None:
        for pair in pairs:
            share = round(100 * (LEVELS[-1 - pair] - LEVELS[pair]))
            bands[float(share)] = (quantiles[:, pair], quantiles[:, -1 - pair])
    return Drawn(series.name, times[len(series) - shown :], series.values[-shown:], point, bands)


def _shown(times: Any, timezone: str | None) -> list[str]:
    """Times as text, on the clock of the file."""
    if not hasattr(times, "tz"):
        return [str(time) for time in times]
    if timezone is not None:
        return [time.isoformat(sep=" ") for time in times.tz_localize("UTC").tz_convert(timezone)]
    bare = all(time == time.normalize() for time in times)
    return [f"{time:%Y-%m-%d}" if bare else str(time) for time in times]


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.10g}"


def _as_json(
    name: str,
    times: Sequence[str],
    point: NDArray[np.float64],
    quantiles: NDArray[np.float64] | None,
    ends: Sequence[int],
) -> str:
    """One line: an object with the series' name, times, values, and quantiles by level; None past the horizon."""
    levels = {} if quantiles is None else {f"{LEVELS[end]:g}": _or_none(quantiles[:, end]) for end in sorted(ends)}
    return json_line({"series": name, "times": times, "values": _or_none(point), "quantiles": levels})


def _or_none(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
