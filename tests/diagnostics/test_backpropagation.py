"""The recursion of the deltas equals autograd through the whole loop, for every cell of the package and for others."""

import pytest
import torch

from rnnbench.cells import LSTM, Elman
from rnnbench.cells.base import GatedCell
from rnnbench.cells.every import every_cell
from rnnbench.diagnostics.backpropagation import backpropagate
from rnnbench.diagnostics.truncation import truncation
from rnnbench.diagnostics.unroll import unroll
from rnnbench.errors import UserError

BATCH, STEPS, INPUT, HIDDEN = 3, 5, 3, 4
LENGTHS = torch.tensor([5, 2, 4])


class Own(GatedCell):
    """A user's own cell."""

    gates = 2
    emits = 0

    def step(self, z, state):
        (hidden,) = state
        gate, candidate = (z + self.recur(hidden)).chunk(2, dim=1)
        hidden = hidden + torch.sigmoid(gate) * (torch.tanh(candidate) - hidden)
        return hidden, (hidden,)


def through_the_loop(run, outputs, last):
    """Gradients of one graph over all steps: of every state on the way, of z and of the parameters."""
    parameters = {n: v.clone().requires_grad_() for n, v in run.params.items() if v.is_floating_point()}
    z = run.z.clone().requires_grad_()
    states = [tuple(leaf.clone().requires_grad_() for leaf in run.states[0])]
    loss = torch.zeros((), dtype=torch.float64)

    class Loop(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = run.cell

        def forward(self):
            nonlocal loss
            for t in range(run.steps):
                y, new = self.cell.step(z[:, t], states[-1])
                running = (t < run.lengths).double()
                loss = loss + (running[:, None] * y * outputs[:, t]).sum()
                kept = tuple(
                    torch.where(running.view(-1, *[1] * (a.dim() - 1)) > 0, a, b)
                    for a, b in zip(new, states[-1], strict=True)
                )
                states.append(kept)

    torch.func.functional_call(Loop(), {f"cell.{n}": v for n, v in parameters.items()}, ())
    loss = loss + sum((leaf * gradient).sum() for leaf, gradient in zip(states[-1], last, strict=True))
    sources = [leaf for state in states for leaf in state] + [z, *parameters.values()]
    found = torch.autograd.grad(loss, sources, allow_unused=True, materialize_grads=True)
    leaves = len(states[0])
    deltas = [found[k * leaves : (k + 1) * leaves] for k in range(len(states))]
    return deltas, found[len(states) * leaves], dict(zip(parameters, found[len(states) * leaves + 1 :], strict=True))


def close(found, expected, what):
    scale = max(float(expected.abs().max()), 1.0) if expected.numel() else 1.0
    error = float((found - expected).abs().max()) / scale if expected.numel() else 0.0
    assert error <= 1e-10, f"{what}: {error:.1e}"


def a_run(factory, lengths=LENGTHS):
    torch.manual_seed(0)
    cell = factory(INPUT, HIDDEN).eval()
    run = unroll(cell, torch.randn(BATCH, STEPS, INPUT), lengths=lengths)
    outputs = torch.randn(BATCH, STEPS, cell.output_size, dtype=torch.float64)
    return run, outputs, tuple(torch.randn_like(leaf) for leaf in run.states[0])


@pytest.mark.parametrize("factory", [*every_cell().values(), Own], ids=lambda one: one.__name__)
def test_it_equals_autograd(factory):
    run, outputs, last = a_run(factory)
    found = backpropagate(run, outputs, last)
    deltas, z, parameters = through_the_loop(run, outputs, last)
    close(found.z, z, "z")
    for k, (ours, theirs) in enumerate(zip(found.states, deltas, strict=True)):
        for leaf, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            close(a, b, f"leaf {leaf} of state {k}")
    assert found.parameters.keys() == parameters.keys()
    for name, gradient in parameters.items():
        close(found.parameters[name], gradient, name)


def test_elman_is_the_textbook():
    run, outputs, last = a_run(Elman, lengths=None)
    weight, delta = run.params["weight_hh"], last[0]
    found = backpropagate(run, outputs, last)
    for k in reversed(range(STEPS)):
        slope = 1 - run.states[k + 1][0] ** 2  # f' of tanh
        delta = (slope * (delta + outputs[:, k])) @ weight
        close(found.states[k][0], delta, f"delta {k}")


def test_truncated_is_where_windows_are_detached():
    run, outputs, _ = a_run(LSTM, lengths=None)
    found = backpropagate(run, outputs, every=2)
    parts = []
    for start in range(0, STEPS, 2):
        x = torch.zeros(BATCH, 1, INPUT)
        part = unroll(run.cell, x.expand(-1, min(2, STEPS - start), -1), run.states[start])
        part.z.copy_(run.z[:, start : start + 2])
        part = type(part)(
            part.cell,
            part.params,
            part.z,
            run.states[start : start + 3],
            run.outputs[:, start : start + 2],
            part.lengths,
        )
        parts.append(backpropagate(part, outputs[:, start : start + 2]))
    for name, gradient in found.parameters.items():
        close(gradient, sum(part.parameters[name] for part in parts), name)
    close(found.z, torch.cat([part.z for part in parts], 1), "z")


def test_a_chunk_of_all_steps_is_no_truncation():
    run, outputs, _ = a_run(LSTM, lengths=None)
    rows = truncation(run, outputs, [1, STEPS])
    assert rows[0].bias > 0.05
    assert rows[1].bias == pytest.approx(0, abs=1e-12)
    assert rows[1].cosine == pytest.approx(1)


def test_an_empty_chunk_is_refused():
    run, outputs, _ = a_run(LSTM)
    with pytest.raises(UserError, match="at least one step, found 0"):
        backpropagate(run, outputs, every=0)
