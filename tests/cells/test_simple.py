"""Simple units, each against its equation written out."""

from functools import partial

import pytest
import torch
from torch import nn

from rnnbench.backbone import Backbone
from rnnbench.cells import ConstantErrorCarousel, Elman, LeakyRNN, ResidualRNN
from rnnbench.engine.auto import fastest_engine
from rnnbench.errors import UserError
from rnnbench.testing import check_cell

VARIANTS = [
    partial(ConstantErrorCarousel, nonlinearity="sigmoid"),
    partial(Elman, nonlinearity="relu", initialization="identity"),
    partial(LeakyRNN, mu=0.9),
    partial(LeakyRNN, learn_mu=True),
    partial(ResidualRNN, nonlinearity="relu"),
]


@pytest.mark.slow
@pytest.mark.parametrize("factory", VARIANTS, ids=str)
def test_variants_keep_the_laws(factory):
    check_cell(factory)


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(3, 7, 4, dtype=torch.float64)


def run(factory, x):
    """The cell, and its output over a sequence (B, T, H)."""
    stack = Backbone(x.shape[2], factory, 5, engine="reference").double()
    return stack.cells[0][0], stack(x)[0]


@pytest.mark.parametrize(("name", "g"), [("tanh", torch.tanh), ("relu", torch.relu), ("sigmoid", torch.sigmoid)])
def test_equations(x, name, g):
    mu = 0.8
    for kind, keep, move in ((ResidualRNN, 1, 1), (partial(LeakyRNN, mu=mu), mu, 1 - mu)):
        cell, y = run(partial(kind, nonlinearity=name), x)
        h = torch.zeros(3, 5, dtype=torch.float64)
        for t in range(7):
            h = keep * h + move * g(x[:, t] @ cell.weight_ih.T + h @ cell.weight_hh.T + cell.bias_ih)
            torch.testing.assert_close(y[:, t], h)


def test_the_carousel_is_a_running_sum(x):
    cell, y = run(ConstantErrorCarousel, x)
    torch.testing.assert_close(y, torch.tanh(x @ cell.weight_ih.T + cell.bias_ih).cumsum(1))


def test_the_error_goes_round_the_carousel_unchanged():
    cell = ConstantErrorCarousel(4, 5).double()
    start = torch.zeros(1, 5, dtype=torch.float64, requires_grad=True)
    state = (start,)
    for z in cell.project(torch.randn(50, 1, 4, dtype=torch.float64)):
        _, state = cell.step(z, state)
    (gradient,) = torch.autograd.grad(state[0].sum(), start)
    assert torch.equal(gradient, torch.ones_like(start))


@pytest.mark.parametrize("kind", [ConstantErrorCarousel, ResidualRNN])
def test_what_adds_up_starts_small(kind):
    torch.manual_seed(0)
    y, _ = Backbone(64, kind, 64, num_layers=2, engine="reference")(torch.randn(8, 50, 64))
    assert y.abs().max() < 15  # of the 50 that saturated units reach


def test_learned_mu_starts_as_the_fixed_one_and_stays_inside(x):
    torch.manual_seed(1)
    _, fixed = run(partial(LeakyRNN, mu=0.7), x)
    torch.manual_seed(1)
    cell, learned = run(partial(LeakyRNN, mu=0.7, learn_mu=True), x)
    torch.testing.assert_close(fixed, learned, rtol=0, atol=1e-7)  # the parameter was born in float32
    assert cell.mu_logit.shape == (5,)
    learned[:, -1].square().sum().backward()
    assert (cell.mu_logit.grad != 0).all()
    with torch.no_grad():
        cell.mu_logit.copy_(torch.tensor([-30.0, -1.0, 0.0, 1.0, 30.0]))
        _, (h,) = cell.step(torch.full((1, 5), 50.0).double(), (torch.zeros(1, 5).double(),))
    assert ((h > 0) & (h <= 1)).all()


def test_mu_counts_per_unit():
    cell = LeakyRNN(2, 3, learn_mu=True)
    with torch.no_grad():
        cell.weight_hh.zero_()
        cell.mu_logit.copy_(torch.tensor([0.2, 0.5, 0.9]).logit())
        _, (h,) = cell.step(torch.zeros(1, 3), (torch.ones(1, 3),))
    torch.testing.assert_close(h, torch.tensor([[0.2, 0.5, 0.9]]))


def test_identity_initialization_is_the_irnn():
    cell = Elman(4, 6, nonlinearity="relu", initialization="identity")
    assert torch.equal(cell.weight_hh, torch.eye(6))
    assert not cell.bias_ih.any()
    assert not cell.bias_hh.any()
    assert 0 < cell.weight_ih.abs().max() < 0.01
    h = torch.rand(2, 6)
    torch.testing.assert_close(cell(torch.zeros(2, 4), (h,))[0], h)
    assert fastest_engine(cell)[0].name == fastest_engine(Elman(4, 6, nonlinearity="relu"))[0].name


def test_the_default_is_still_torch_nn():
    torch.manual_seed(0)
    ours = Elman(4, 6)
    torch.manual_seed(0)
    theirs = nn.RNNCell(4, 6)
    for name, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value)


@pytest.mark.parametrize("mu", [0, 1, -0.5, 1.5, float("nan")])
def test_mu_out_of_range(mu):
    with pytest.raises(UserError, match=rf"LeakyRNN: mu must be in \(0, 1\), found {mu}"):
        LeakyRNN(2, 2, mu=mu)


@pytest.mark.parametrize("kind", [ConstantErrorCarousel, Elman, LeakyRNN, ResidualRNN])
def test_unknown_nonlinearity(kind):
    with pytest.raises(UserError, match=f"{kind.__name__}: nonlinearity cannot be 'sigmod'\ndid you mean: sigmoid"):
        kind(2, 2, nonlinearity="sigmod")


def test_unknown_initialization():
    with pytest.raises(UserError, match="Elman: initialization cannot be 'identiy'\ndid you mean: identity"):
        Elman(2, 2, initialization="identiy")
