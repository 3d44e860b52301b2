"""Errors of forecasts, against their definitions written out and against utilsforecast."""

import math

import numpy as np
import pytest
import torch

from rnnbench.tasks.forecasting.metrics import DECILES, Forecast, WindowErrors, window_sums
from rnnbench.tasks.forecasting.outputs import LEVELS


def case(windows=7, horizon=5, seed=0):
    random = torch.Generator().manual_seed(seed)
    truth = torch.randn(windows, horizon, generator=random, dtype=torch.float64) * 3 + 5
    truth[1, 2] = truth[3, 0] = math.nan
    point = truth.nan_to_num(4.0) + torch.randn(windows, horizon, generator=random, dtype=torch.float64)
    ends = torch.randn(windows, horizon, len(LEVELS), generator=random, dtype=torch.float64).sort(-1).values
    scale = torch.rand(windows, 4, generator=random, dtype=torch.float64) + 0.5
    scale[5, 3] = math.nan  # a series that never changes
    return truth, Forecast(point, point[..., None] + ends), scale


def measured(truth, forecast, scale, batches=1, leads="standard_mse"):
    errors = WindowErrors(leads)
    order = torch.randperm(len(truth), generator=torch.Generator().manual_seed(batches))
    for ids in order.chunk(batches):
        quantiles = None if forecast.quantiles is None else forecast.quantiles[ids]
        errors.update(ids, truth[ids], Forecast(forecast.point[ids], quantiles), scale[ids])
    return errors


def mean(values):
    return sum(values) / len(values)


def test_written_out():
    truth, forecast, scale = case()
    found, windows, count = measured(truth, forecast, scale).compute()
    rows = [
        (i, y, f, q, scale[i].tolist())
        for i in range(len(truth))
        for y, f, q in zip(truth[i].tolist(), forecast.point[i].tolist(), forecast.quantiles[i].tolist(), strict=True)
        if not math.isnan(y)
    ]

    def pinball(y, q):
        return mean([2 * max(LEVELS[k] * (y - q[k]), (LEVELS[k] - 1) * (y - q[k])) for k in DECILES])

    expected = {
        "mse": mean([(y - f) ** 2 for _, y, f, _, _ in rows]),
        "mae": mean([abs(y - f) for _, y, f, _, _ in rows]),
        "standard_mse": mean([((y - f) / s[1]) ** 2 for _, y, f, _, s in rows]),
        "standard_mae": mean([abs(y - f) / s[1] for _, y, f, _, s in rows]),
        "mase": mean([abs(y - f) / s[3] for _, y, f, _, s in rows if not math.isnan(s[3])]),
        "smape": mean([200 * abs(y - f) / (abs(y) + abs(f)) for _, y, f, _, _ in rows]),
        "wql": sum(pinball(y, q) for _, y, _, q, _ in rows) / sum(abs(y) for _, y, _, _, _ in rows),
        "coverage_50": 100 * mean([q[3] <= y <= q[9] for _, y, _, q, _ in rows]),
        "coverage_90": 100 * mean([q[0] <= y <= q[12] for _, y, _, q, _ in rows]),
    }
    assert (windows, count) == (7, 33)
    assert found == pytest.approx(expected, rel=1e-12)


def test_nothing_depends_on_batches():
    whole, parts = measured(*case()), measured(*case(), batches=4)
    assert whole.compute() == parts.compute()
    assert whole.curve() == parts.curve()


def test_items_make_up_the_leading_metric():
    for leads in ("standard_mse", "mase"):
        errors = measured(*case(), leads=leads)
        found, _, _ = errors.compute()
        items = errors.item_sums()
        assert items.metric == leads
        assert float(items.sums[:, 0].sum() / items.sums[:, 1].sum()) == pytest.approx(found[leads], rel=1e-12)


def test_series_without_a_scale_have_no_mase():
    truth, forecast, scale = case()
    scale[:, 3] = math.nan
    errors = measured(truth, forecast, scale, leads="mase")
    assert "mase" not in errors.compute()[0]
    assert errors.item_sums() is None


def test_a_zero_forecast_as_zero_is_no_error():
    zeros = torch.zeros(1, 3, dtype=torch.float64)
    found, _, _ = measured(zeros, Forecast(zeros, None), torch.ones(1, 4, dtype=torch.float64)).compute()
    assert found["smape"] == 0
    assert "wql" not in found


def test_by_step():
    truth = torch.zeros(2, 30, dtype=torch.float64)
    point = torch.arange(30.0, dtype=torch.float64).expand(2, -1)
    errors = measured(truth, Forecast(point, None), torch.ones(2, 4, dtype=torch.float64))
    errors.compute()
    assert errors.curve() == [np.mean(part) for part in np.array_split(np.arange(30), 12)]


def test_as_utilsforecast_has_them():
    losses = pytest.importorskip("utilsforecast.losses")
    import pandas as pd

    truth, forecast, scale = case()
    truth = truth.nan_to_num(2.0)
    sums, _ = window_sums(truth, forecast, scale)
    count = truth.numel()
    columns = {"y": truth, "f": forecast.point, **{f"q{k}": forecast.quantiles[..., k] for k in DECILES}}
    frame = pd.DataFrame(
        {"unique_id": "a", "ds": range(count), **{name: values.flatten().numpy() for name, values in columns.items()}}
    )
    ours = {"mae": sums.absolutes, "mse": sums.squares, "smape": sums.relative}
    for name, values in ours.items():
        theirs = float(getattr(losses, name)(frame, ["f"])["f"].iloc[0])
        assert float(values.sum()) / count == pytest.approx(theirs, rel=1e-9), name
    theirs = [float(losses.quantile_loss(frame, {"m": f"q{k}"}, q=LEVELS[k])["m"].iloc[0]) for k in DECILES]
    assert float(sums.pinball.sum()) / count == pytest.approx(2 * mean(theirs), rel=1e-9)
