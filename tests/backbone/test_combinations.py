"""Cells, depths, directions, links and regularisers together: the laws hold for any of them.

By default every cell stands in some case, and so does every pair of all other choices; the full product is slow.
"""

import inspect
import itertools
from functools import partial

import pytest
import torch

import rnnbench.cells
from rnnbench.backbone import Backbone, Dropout
from rnnbench.backbone.state import leaves
from rnnbench.cells import GRU, LSTM, Zoneout
from rnnbench.engine.auto import fastest_engine

EXPORTED = {name: getattr(rnnbench.cells, name) for name in rnnbench.cells.__all__}
CELLS = {name: one for name, one in EXPORTED.items() if inspect.isclass(one) and not inspect.isabstract(one)}
DIRECTIONS = {
    "uni": {},
    "bi": {"bidirectional": True},
    "sum": {"bidirectional": True, "merge": "sum"},
}
EXTRAS = {
    "nothing": {},
    "layer norm": {"layer_norm": True},
    "dropout": {"dropout": 0.3},
    "locked": {"dropout": Dropout(input=0.2, between=0.3, output=0.2, locked=True)},
    "state": {"dropout": Dropout(state=0.3)},
    "weight drop": {"weight_drop": 0.3},
    "zoneout": {},
    "learned": {"learned_state": True, "recurrent_init": "orthogonal"},
    "all": {
        "layer_norm": True,
        "dropout": Dropout(input=0.2, between=0.3, output=0.2, state=0.3, locked=True),
        "weight_drop": 0.3,
        "learned_state": True,
    },
}
FACTORS = (list(CELLS), [1, 2], list(DIRECTIONS), ["plain", "residual", "dense"], list(EXTRAS))


def legal(case) -> bool:
    """Whether this cell takes part in these regularisers: see `rnnbench.backbone.legality`."""
    cell, _, _, _, extra = case
    if extra == "zoneout":
        return cell != "Zoneout" and CELLS[cell].emits is not None
    if extra in ("state", "weight drop", "all", "learned"):
        return bool(CELLS[cell](2, 2).recurrent_weights)
    return True


def covered(case):
    """Its cell, and every pair of its other choices."""
    cell, *others = enumerate(case)
    return {cell, *itertools.combinations(others, 2)}


def pairwise(product):
    """Some of the cases, which cover what all do: each new one has the most that is not yet seen."""
    product = list(product)
    pairs = [covered(case) for case in product]
    missing = set().union(*pairs)
    chosen = []
    while missing:
        best = max(range(len(product)), key=lambda index: len(pairs[index] & missing))
        chosen.append(product[best])
        missing -= pairs[best]
    return chosen


PRODUCT = [case for case in itertools.product(*FACTORS) if legal(case)]
PAIRS = pairwise(PRODUCT)
CASES = [
    pytest.param(*case, id="-".join(map(str, case)), marks=[] if case in set(PAIRS) else pytest.mark.slow)
    for case in PRODUCT
]


def make(cell, layers, direction, connect, extra, engine):
    factory = partial(Zoneout, cell=CELLS[cell]) if extra == "zoneout" else CELLS[cell]
    torch.manual_seed(0)
    options = {**DIRECTIONS[direction], **EXTRAS[extra], "connect": connect, "engine": engine}
    return Backbone(3, factory, 4, num_layers=layers, **options).double()


LENGTHS = torch.tensor([6, 2, 0, 5])


def run(stack, x, lengths, seed=3):
    """Output, last state and all gradients, with these random numbers."""
    torch.manual_seed(seed)
    stack.zero_grad()
    x = x.clone().requires_grad_()
    y, state = stack(x, lengths)
    weight = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)
    ((y * weight).sum() + sum(leaf.square().sum() for leaf in leaves(state))).backward()
    return [y, *leaves(state), x.grad, *(parameter.grad for parameter in stack.parameters())]


def test_all_pairs_are_there():
    assert set().union(*map(covered, PAIRS)) == set().union(*map(covered, PRODUCT))
    assert len(PAIRS) <= 2 * max(len(CELLS), len(EXTRAS) * len(DIRECTIONS))


@pytest.mark.parametrize(("cell", "layers", "direction", "connect", "extra"), CASES)
def test_laws(cell, layers, direction, connect, extra):
    stack = make(cell, layers, direction, connect, extra, "reference")
    x = torch.randn(4, 6, 3, dtype=torch.float64)
    spoilt = x.clone()
    for row, length in enumerate(LENGTHS):
        spoilt[row, length:] = 1e3

    # Padding is inert bit for bit, in training too, and no gradient reaches it.
    results = run(stack, x, LENGTHS)
    for a, b in zip(results, run(stack, spoilt, LENGTHS), strict=True):
        assert torch.equal(a, b)
    valid = torch.arange(6)[None, :] < LENGTHS[:, None]
    gradient = results[1 + len(leaves(stack.initial_state(1, x)))]
    assert not results[0][~valid].any()
    assert not gradient[~valid].any()
    assert all(bool(found.isfinite().all()) for found in results)

    # With equal masks every engine gives the same.
    auto = make(cell, layers, direction, connect, extra, "auto")
    auto.load_state_dict(stack.state_dict())
    for a, b in zip(results, run(auto, x, LENGTHS), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)

    # In evaluation: each sequence alone, chunks with carried state, steps.
    stack.eval()
    y, _ = stack(x, LENGTHS)
    for row, length in enumerate(LENGTHS):
        if length:
            torch.testing.assert_close(stack(x[row : row + 1, :length])[0][0], y[row, :length], rtol=0, atol=1e-12)
    if stack.causal:
        whole, last = stack(x)
        first, carried = stack(x[:, :2])
        second, end = stack(x[:, 2:], state=carried)
        torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=1e-12)
        torch.testing.assert_close(leaves(end), leaves(last), rtol=0, atol=1e-12)
        state, outputs = stack.initial_state(4, x), []
        for t in range(6):
            y, state = stack.step(x[:, t], state)
            outputs.append(y)
        torch.testing.assert_close(torch.stack(outputs, 1), whole, rtol=0, atol=1e-12)
        torch.testing.assert_close(leaves(state), leaves(last), rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", [LSTM, *(pytest.param(one, marks=pytest.mark.slow) for one in (GRU, Zoneout))])
@pytest.mark.parametrize("connect", ["residual", "dense"])
def test_gradients_are_those_of_finite_differences(cell, connect):
    torch.manual_seed(0)
    options = {**EXTRAS["all"], **DIRECTIONS["bi"], "connect": connect}
    stack = Backbone(2, cell, 3, num_layers=2, **options).double()

    def outputs(x, *parameters):
        torch.manual_seed(1)  # the same masks every time
        values = dict(zip(dict(stack.named_parameters()), parameters, strict=True))
        y, state = torch.func.functional_call(stack, values, (x, torch.tensor([3, 1])))
        return (y, *leaves(state))

    x = torch.randn(2, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(outputs, (x, *stack.parameters()), fast_mode=True)


def test_a_padding_of_nan_spoils_no_gradient():
    stack = make("LSTM", 2, "bi", "residual", "layer norm", "reference")
    x = torch.randn(4, 6, 3, dtype=torch.float64)
    for row, length in enumerate(LENGTHS):
        x[row, length:] = torch.nan
    assert all(bool(found.isfinite().all()) for found in run(stack, x, LENGTHS))


def test_autocast():
    stack = make("LSTM", 2, "bi", "residual", "all", "auto").float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, _ = stack(torch.randn(4, 6, 3), LENGTHS)
        y.float().square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in stack.parameters())


def test_zoneout_runs_on_an_engine_that_knows_it():
    assert fastest_engine(Zoneout(3, 4))[0].name != "torch"
