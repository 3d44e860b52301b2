"""AR(K), against statsmodels, and by what it must find."""

import itertools

import numpy as np
import pytest
import torch

from rnnbench.errors import UserError
from rnnbench.tasks.forecasting.baselines.autoregression import choose_order, design, fit_ar


def simulated(weights, length=400, noise=1.0, seed=0):
    random = np.random.default_rng(seed)
    values = [0.0] * len(weights)
    for _ in range(length):
        values.append(2.0 + sum(w * y for w, y in zip(weights, values[::-1], strict=False)) + noise * random.normal())
    return np.array(values[len(weights) :])


@pytest.mark.parametrize("order", [0, 1, 3, 9])
def test_coefficients_as_statsmodels_has_them(order):
    autoreg = pytest.importorskip("statsmodels.tsa.ar_model")
    values = simulated([0.5, -0.3, 0.2])
    theirs = autoreg.AutoReg(values, order, trend="c").fit().params
    np.testing.assert_allclose(fit_ar(values, order, "s"), theirs, rtol=1e-8, atol=1e-8)


@pytest.mark.data
def test_sunspots_as_statsmodels_has_them(real_data):
    autoreg = pytest.importorskip("statsmodels.tsa.ar_model")
    values = np.loadtxt(real_data / "forecasting/sunspots_yearly.csv", delimiter=",", skiprows=1)[:, 1]
    order = choose_order(values, 24, "sunspots")
    assert order == max(autoreg.ar_select_order(values, 24, ic="aic").ar_lags)
    theirs = autoreg.AutoReg(values, order, trend="c").fit().params
    np.testing.assert_allclose(fit_ar(values, order, "sunspots"), theirs, rtol=1e-8)


def test_what_is_exact_is_found_exactly():
    values = simulated([0.5, -0.3], length=30, noise=0.0)
    np.testing.assert_allclose(fit_ar(values, 2, "s"), [2, 0.5, -0.3], rtol=1e-9)
    assert choose_order(values, 6, "s") == 2


def test_missing_values_are_left_out():
    values = simulated([0.6], length=50)
    values[20] = np.nan
    rows, targets = design(values, 1, 1)
    assert len(rows) == len(targets) == 47
    whole = np.array([(1, a, b) for a, b in itertools.pairwise(values) if not np.isnan(a + b)])
    expected = np.linalg.lstsq(whole[:, :2], whole[:, 2], rcond=None)[0]
    np.testing.assert_allclose(fit_ar(values, 1, "s"), expected)


def test_order_by_aic_over_the_same_steps():
    values = simulated([0.5, 0.0, -0.4], length=1000)
    scores = []
    for order in range(7):
        rows, targets = design(values, order, 6)
        residual = targets - rows @ np.linalg.lstsq(rows, targets, rcond=None)[0]
        assert len(rows) == len(values) - 6
        scores.append(len(rows) * np.log(residual @ residual / len(rows)) + 2 * (order + 1))
    assert choose_order(values, 6, "s") == int(np.argmin(scores)) == 3


def test_too_short():
    with pytest.raises(UserError, match="series s has 2 steps to fit 4 coefficients to"):
        fit_ar(np.arange(5.0), 3, "s")


def test_forecast_goes_on_with_itself():
    from rnnbench.data.series.windows import WindowBatch
    from rnnbench.tasks.forecasting import ARForecaster

    model = ARForecaster(order=2)
    model.horizon, model.context = 3, 4
    model.register_buffer("coefficients", torch.tensor([[1.0, 0.5, -0.25]], dtype=torch.float64))
    past = torch.tensor([[9.0, 9.0, 4.0, 2.0]], dtype=torch.float64)
    empty = torch.empty(1, 0)
    scale = torch.ones(1, 4, dtype=torch.float64)
    batch = WindowBatch(past, past[:, :3], empty, empty, empty, torch.tensor([0]), scale, torch.tensor([0]), 3)
    assert model.forecast(batch).point.tolist() == [[1.0, 1.0, 1.25]]
