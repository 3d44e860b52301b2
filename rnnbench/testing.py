"""Checks for people who add their own cell: the laws that every part of the platform relies on."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor

from rnnbench.backbone import Backbone, StackState
from rnnbench.backbone.state import leaves
from rnnbench.cells import RNNCell

_INPUT, _HIDDEN, _BATCH, _TIME = 5, 6, 4, 9


class LawBroken(AssertionError):
    """A cell breaks a law; the message says which."""


def check_cell(factory: Callable[[int, int], RNNCell]) -> None:
    """Checks a cell against the laws of `RNNCell`, in float64.

    All of it in evaluation mode, where nothing is random; engines also in training mode, with equal random numbers.

    Args:
        factory: Makes the cell from its input size and its hidden size.

    Raises:
        LawBroken: Says which law the cell breaks.
    """
    torch.manual_seed(0)
    cell = factory(_INPUT, _HIDDEN).double().eval()
    _check_shapes(cell)
    stack = Backbone(_INPUT, factory, _HIDDEN, num_layers=2, engine="reference").double().eval()
    x = torch.randn(_BATCH, _TIME, _INPUT, dtype=torch.float64)
    lengths = torch.tensor([_TIME, 4, 1, 6])
    _check_padding(stack, x, lengths)
    _check_chunks(stack, x)
    _check_steps(stack, x)
    _check_gradients(cell, x)
    _check_engines(factory, x, lengths)


def _check_shapes(cell: RNNCell) -> None:
    x = torch.randn(_BATCH, _INPUT, dtype=torch.float64)
    state = cell.initial_state(_BATCH, x)
    expected = [(_BATCH, *shape) for shape in cell.state_spec()]
    _require([tuple(leaf.shape) for leaf in state] == expected, "initial_state has the shapes of state_spec")
    y, new = cell.step(cell.project(x), state)
    _require(y.shape == (_BATCH, cell.output_size), "step returns an output (B, output_size)")
    _require([tuple(leaf.shape) for leaf in new] == expected, "step returns a state of the shapes of state_spec")
    if cell.emits is not None:
        _require(torch.equal(y, new[cell.emits]), "the leaf of the state that `emits` names is the output")
    again, _ = cell.step(cell.project(x), state)
    _require(torch.equal(y, again), "step is deterministic")


def _check_padding(stack: Backbone, x: Tensor, lengths: Tensor) -> None:
    y, state = stack(x, lengths)
    other = x.clone()
    for row, length in enumerate(lengths):
        other[row, length:] = 1e3
    y_other, state_other = stack(other, lengths)
    _require(torch.equal(y, y_other), "what stands in the padding changes no output")
    _require(_equal(state, state_other), "what stands in the padding changes no state")
    for row, length in enumerate(lengths):
        alone, last = stack(x[row : row + 1, :length])
        _require(torch.allclose(alone[0], y[row, :length], atol=1e-12), "a padded sequence equals the sequence alone")
        for a, b in zip(leaves(last), leaves(state), strict=True):
            _require(torch.allclose(a[0], b[row], atol=1e-12), "the last state is the last valid one")


def _check_chunks(stack: Backbone, x: Tensor) -> None:
    whole, last = stack(x)
    first, carried = stack(x[:, :4])
    second, end = stack(x[:, 4:], state=carried)
    _require(
        torch.allclose(torch.cat([first, second], 1), whole, atol=1e-12), "two chunks with carried state equal one"
    )
    _require(_close(end, last), "two chunks end in the state of one")


def _check_steps(stack: Backbone, x: Tensor) -> None:
    whole, last = stack(x)
    state = stack.initial_state(len(x), x)
    outputs = []
    for t in range(x.shape[1]):
        y, state = stack.step(x[:, t], state)
        outputs.append(y)
    _require(torch.allclose(torch.stack(outputs, 1), whole, atol=1e-12), "stepping equals running over the sequence")
    _require(_close(state, last), "stepping ends in the state of the whole sequence")


def _check_gradients(cell: RNNCell, x: Tensor) -> None:
    state = tuple(torch.randn_like(leaf, requires_grad=True) for leaf in cell.initial_state(2, x))
    inputs = x[:2, 0].clone().requires_grad_()

    def run(*values: Tensor) -> tuple[Tensor, ...]:
        y, new = cell.step(cell.project(values[0]), tuple(values[1:]))
        return (y, *new)

    try:
        torch.autograd.gradcheck(run, (inputs, *state))
    except RuntimeError as error:
        raise LawBroken(f"gradients of the step are those of finite differences: {str(error)[:200]}") from None


def _check_engines(factory: Callable[[int, int], RNNCell], x: Tensor, lengths: Tensor) -> None:
    """The engine that `auto` takes against the reference loop: outputs, states and all gradients."""
    cases = itertools.product((None, lengths, torch.tensor([0, _TIME, 3, 0])), (False, True))
    for given, training in cases:
        results = []
        for engine in ("reference", "auto"):
            torch.manual_seed(1)
            stack = Backbone(_INPUT, factory, _HIDDEN, bidirectional=True, engine=engine).double().train(training)
            inputs = x.clone().requires_grad_()
            y, state = stack(inputs, given)
            loss = (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sum()
            loss = loss + sum(leaf.square().sum() for leaf in leaves(state))
            loss.backward()
            results.append([y, *leaves(state), inputs.grad, *(parameter.grad for parameter in stack.parameters())])
        for a, b in zip(*results, strict=True):
            _require(torch.allclose(a, b, rtol=1e-10, atol=1e-12), "every engine equals the reference loop")


def _equal(a: StackState, b: StackState) -> bool:
    return all(torch.equal(p, q) for p, q in zip(leaves(a), leaves(b), strict=True))


def _close(a: StackState, b: StackState) -> bool:
    return all(torch.allclose(p, q, atol=1e-12) for p, q in zip(leaves(a), leaves(b), strict=True))


def _require(condition: bool, law: str) -> None:
    if not condition:
        raise LawBroken(f"broken: {law}")
