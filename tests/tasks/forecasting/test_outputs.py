"""Distributions and quantiles, against scipy and against themselves."""

import math

import pytest
import torch
from scipy import integrate, stats

from rnnbench.errors import UserError
from rnnbench.tasks.forecasting.outputs import (
    LEVELS,
    Gaussian,
    NegativeBinomial,
    Point,
    Quantiles,
    StudentT,
    Unit,
)

LEVEL = torch.tensor(LEVELS, dtype=torch.float64)


def unit(location=5.0, scale=3.0):
    return Unit(torch.tensor([[location]], dtype=torch.float64), torch.tensor([[scale]], dtype=torch.float64))


def given(*numbers):
    return torch.tensor([[numbers]], dtype=torch.float64)


def softplus(x):
    return float(torch.nn.functional.softplus(torch.tensor(x, dtype=torch.float64))) + 1e-4


CASES = [
    (Gaussian(), (0.3, -0.4), stats.norm(5 + 3 * 0.3, 3 * softplus(-0.4))),
    (StudentT(), (0.3, -0.4, 1.2), stats.t(2 + softplus(1.2), 5 + 3 * 0.3, 3 * softplus(-0.4))),
]


@pytest.mark.parametrize(("output", "numbers", "law"), CASES, ids=lambda case: type(case).__name__)
def test_continuous(output, numbers, law):
    torch.testing.assert_close(
        output.quantiles(given(*numbers), LEVEL, unit())[0, 0], torch.from_numpy(law.ppf(LEVELS)), rtol=1e-10, atol=0
    )
    assert float(output.point(given(*numbers), unit())) == pytest.approx(law.mean())
    y = torch.tensor([[7.3]], dtype=torch.float64)
    # The likelihood is that of values in the network's unit.
    assert float(output.loss(given(*numbers), y, unit())) == pytest.approx(-law.logpdf(7.3) - math.log(3), rel=1e-6)


def test_negative_binomial():
    mean, shape = 3 * softplus(0.3), 1 / softplus(-0.4)
    law = stats.nbinom(shape, shape / (shape + mean))
    assert law.mean() == pytest.approx(mean)
    assert law.var() == pytest.approx(mean + mean**2 / shape)
    output, of = NegativeBinomial(), unit(location=0.0)
    found = output.quantiles(given(0.3, -0.4), LEVEL, of)[0, 0]
    assert found.tolist() == law.ppf(LEVELS).tolist()
    for count in (0.0, 4.0):
        loss = float(output.loss(given(0.3, -0.4), torch.tensor([[count]], dtype=torch.float64), of))
        assert loss == pytest.approx(-law.logpmf(count), rel=1e-10)
    with pytest.raises(UserError, match="counts have a scale and no location"):
        output.check(True)


def test_quantiles_are_sorted_interpolated_and_scored_by_crps():
    output = Quantiles([0.1, 0.5, 0.9])
    found = output.quantiles(
        given(2.0, 1.0, 0.0), torch.tensor([0.1, 0.3, 0.5, 0.99], dtype=torch.float64), unit(0.0, 1.0)
    )
    assert found[0, 0].tolist() == pytest.approx([0.0, 0.5, 1.0, 2.0])
    # With many levels twice the mean pinball loss is the CRPS.
    law, y = stats.norm(1, 2), 2.5
    many = Quantiles([k / 2000 for k in range(1, 2000)])
    numbers = torch.from_numpy(law.ppf(many.levels))[None, None]
    crps, _ = integrate.quad(lambda x: (law.cdf(x) - (x >= y)) ** 2, -15, 17, points=[y])
    assert float(many.loss(numbers, torch.tensor([[y]], dtype=torch.float64), unit(0.0, 1.0))) == pytest.approx(
        crps, rel=5e-3
    )
    for wrong in ([0.5, 0.1], [0.1, 0.9], [0.0, 0.5], [0.5], []):
        with pytest.raises(UserError, match="must ascend"):
            Quantiles(wrong)


def test_point():
    y = torch.tensor([[8.0]], dtype=torch.float64)
    assert float(Point().loss(given(0.5), y, unit())) == pytest.approx(0.25)
    assert float(Point("mae").loss(given(0.5), y, unit())) == pytest.approx(0.5)
    assert float(Point().point(given(0.5), unit())) == 6.5


@pytest.mark.parametrize("output", [Point(), Gaussian(), StudentT(), NegativeBinomial(), Quantiles()])
def test_one_level_for_each_row(output):
    numbers = torch.randn(4, 1, output.size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    of = Unit(torch.zeros(4, 1, dtype=torch.float64), torch.ones(4, 1, dtype=torch.float64))
    levels = torch.tensor([0.1, 0.4, 0.6, 0.95], dtype=torch.float64)
    each = output.quantiles(numbers, levels[:, None, None], of)[:, 0, 0]
    every = output.quantiles(numbers, levels, of)[:, 0]
    torch.testing.assert_close(each, every.diagonal())
