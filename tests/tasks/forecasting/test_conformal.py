"""Intervals that are moved by the errors of the validation split."""

import math

import pytest
import torch

from rnnbench.errors import UserError
from rnnbench.tasks.forecasting.conformal import PAIRS, Conformal, conformal_quantile
from rnnbench.tasks.forecasting.metrics import Forecast
from rnnbench.tasks.forecasting.outputs import LEVELS


def test_rank():
    scores = torch.arange(1.0, 10.0, dtype=torch.float64)[:, None]
    assert float(conformal_quantile(scores, 0.5)) == 5
    assert float(conformal_quantile(scores, 0.8)) == 8
    assert float(conformal_quantile(scores, 0.9)) == 9
    assert float(conformal_quantile(scores, 0.99)) == 9, "too few: the largest"


def test_columns_with_missing_scores():
    scores = torch.tensor([[1.0, math.nan], [3.0, math.nan], [math.nan, math.nan]], dtype=torch.float64)
    assert conformal_quantile(scores, 0.5).tolist() == [3.0, 3.0], "ceil(3 * 0.5) = 2nd; without any, that of all"
    with pytest.raises(UserError, match="no value to measure intervals by"):
        conformal_quantile(scores * math.nan, 0.5)


@pytest.mark.parametrize("apart", [False, True])
def test_it_covers_what_it_promises_on_exchangeable_windows(apart):
    random = torch.Generator().manual_seed(0)
    horizon, count = 3, 4000
    spread = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)
    scale = torch.ones(count, 4, dtype=torch.float64) * 2
    point = torch.zeros(count, horizon, dtype=torch.float64)
    # Intervals of its own that are much too narrow.
    own = torch.tensor(LEVELS, dtype=torch.float64).sub(0.5).mul(0.1).expand(count, horizon, -1) if apart else None
    conformal = Conformal(horizon, apart)
    assert not conformal.ready
    truth = torch.randn(count, horizon, generator=random, dtype=torch.float64) * spread
    for ids in torch.arange(count).chunk(3):
        conformal.enter(ids, truth[ids], Forecast(point[ids], None if own is None else own[ids]), scale[ids])
    conformal.calibrate()
    assert conformal.ready
    test = torch.randn(count, horizon, generator=random, dtype=torch.float64) * spread
    found = conformal(Forecast(point, own), scale).quantiles
    assert bool((found.diff(dim=-1) >= 0).all())
    for pair in range(PAIRS):
        inside = ((found[..., pair] <= test) & (test <= found[..., -1 - pair])).double().mean(0)
        torch.testing.assert_close(
            inside, torch.full((3,), LEVELS[-1 - pair] - LEVELS[pair], dtype=torch.float64), atol=0.03, rtol=0
        )


def test_no_batch_leaves_a_trace():
    truth = torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    scale, moves = torch.ones(50, 4, dtype=torch.float64), []
    for parts in (1, 7):
        conformal = Conformal(2, False)
        for ids in torch.arange(50).flip(0).chunk(parts):
            conformal.enter(ids, truth[ids], Forecast(torch.zeros(len(ids), 2, dtype=torch.float64), None), scale[ids])
        conformal.calibrate()
        moves.append(conformal.moves)
    assert torch.equal(*moves)
