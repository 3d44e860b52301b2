"""Checks for people who add their own cell: the laws that every part of the platform relies on."""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

from rnnbench.backbone import Backbone
from rnnbench.backbone.state import leaves, map_state
from rnnbench.cells import RNNCell
from rnnbench.cells.check import contradiction
from rnnbench.engine import EngineName
from rnnbench.engine.call import call
from rnnbench.errors import UserError
from rnnbench.testing.law import LawBroken

_INPUT, _HIDDEN, _BATCH, _TIME = 5, 6, 4, 9
_LENGTHS = (_TIME, 4, 1, 6)
_MOST_SINGLE = 4000
# Relative to the largest value of the tensor compared.
_TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}

CellFactory = Callable[[int, int], RNNCell]


def check_cell(factory: CellFactory) -> list[str]:
    """Checks a cell against the laws of `RNNCell`.

    Args:
        factory: Makes the cell from its input size and its hidden size.

    Returns:
        The laws, in words; all of them hold.

    Raises:
        LawBroken: Says which law the cell breaks, and how.
    """
    return list(laws_kept(factory))


def laws_kept(factory: CellFactory) -> Iterator[str]:
    """Checks one law after the other and yields each that holds.

    In evaluation mode, where nothing is random; determinism in training mode, too, and engines with equal random
    numbers.

    Args:
        factory: Makes the cell from its input size and its hidden size.

    Raises:
        LawBroken: Says which law the cell breaks, and how.
    """
    for law, check in _LAWS.items():
        torch.manual_seed(0)
        broken = check(factory)
        if broken is not None:
            raise LawBroken(f"{law}: {broken}")
        yield law


# A function for each law, which returns what is wrong, or None. ------------------------------------------------------


def _shapes(factory: CellFactory) -> str | None:
    problem = contradiction(factory(_INPUT, _HIDDEN))
    if problem is not None:
        return problem
    cell, x, state = _one_step(factory)
    finite = all(bool(leaf.isfinite().all()) for leaf in leaves(cell(x, state)))
    return None if finite else "a step makes infinite values, or nan, of ordinary ones"


def _leaves_inputs_alone(factory: CellFactory) -> str | None:
    cell, x, state = _one_step(factory)
    z = cell.project(x)
    given = {"z": z, **{f"leaf {number} of the state": leaf for number, leaf in enumerate(state)}}
    kept = {name: value.clone() for name, value in given.items()}
    with torch.no_grad():
        cell.step(z, state)
    changed = [name for name, value in given.items() if not torch.equal(value, kept[name])]
    return f"{changed[0]} is another one afterwards: write x = x + y, not x += y" if changed else None


def _deterministic(factory: CellFactory) -> str | None:
    for training in (False, True):
        cell, x, state = _one_step(factory)
        cell.train(training)
        z = cell.project(x)
        kept = {name: value.clone() for name, value in cell.named_buffers()}
        first, second = (leaves(cell.step(z, state)) for _ in range(2))
        for number, (a, b) in enumerate(zip(first, second, strict=True)):
            if not torch.equal(a, b):
                name = f"leaf {number - 1} of the state" if number else "output"
                return (
                    f"a second call with the same z and state gives another {name}{' in training' if training else ''}:"
                    " draw nothing in step (`project` may), and keep nothing on self"
                )
        for name, value in cell.named_buffers():
            if not torch.equal(value, kept[name]):
                return f"the buffer {name} is another one after a step: keep in the state what is to be kept"
    return None


def _sequences_apart(factory: CellFactory) -> str | None:
    cell, x, _ = _one_step(factory)
    state = tuple(torch.randn_like(leaf) for leaf in cell.initial_state(_BATCH, x))
    z = cell.project(x)
    # In training by halves: what takes the mean over a batch may refuse a batch of one.
    for training, rows in ((False, 1), (True, _BATCH // 2)):
        cell.train(training)
        whole = leaves(cell.step(z, state))
        for row in range(0, _BATCH, rows):
            part = slice(row, row + rows)
            z_part = z[part] if training else cell.project(x[part])
            alone = leaves(cell.step(z_part, tuple(leaf[part] for leaf in state)))
            if _difference(alone, [leaf[part] for leaf in whole]):
                company = "in another batch in training" if training else "alone"
                return f"a sequence gives another result {company}: nothing may run over the batch, the first axis"
    return None


def _emitted(factory: CellFactory) -> str | None:
    cell, x, state = _one_step(factory)
    y, new = cell(x, state)
    if cell.emits is None or torch.equal(y, new[cell.emits]):
        return None
    return f"leaf {cell.emits} is another value; `emits = None` where no leaf is the output"


def _recurrent_weights(factory: CellFactory) -> str | None:
    cell, x, state = _one_step(factory)
    z = cell.project(x)
    for name in cell.recurrent_weights:
        try:
            weight = cell.get_parameter(name)
        except AttributeError:
            return f"there is no parameter {name!r}"
        kept = weight.detach().clone()
        with torch.no_grad():
            weight.fill_(torch.nan)
        if not torch.equal(cell.project(x), z):
            return f"project uses {name}"
        if not _any_nan(*cell.step(z, state)):
            return f"step does not use {name}"
        with torch.no_grad():
            weight.copy_(kept)
    for name, weight in cell.named_parameters():
        if name not in cell.recurrent_weights and weight.dim() == 2 and _meets_state(cell, weight):
            return f"step multiplies the state by {name}, which is not in it (and drop_state belongs around the state)"
    return None


def _meets_state(cell: RNNCell, weight: Tensor) -> bool:
    """Whether `step` multiplies a leaf of the state, as it is, by a matrix."""
    x = torch.randn(_BATCH, _INPUT, dtype=torch.float64)
    z, state = cell.project(x), cell.initial_state(_BATCH, x)
    used = False

    class Products(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal used
            if function in (F.linear, torch.matmul, torch.mm):
                used |= any(one is weight for one in args) and any(one is leaf for one in args for leaf in state)
            return function(*args, **(kwargs or {}))

    with torch.no_grad(), Products():
        cell.step(z, state)
    return used


def _state_mask(factory: CellFactory) -> str | None:
    cell, x, state = _one_step(factory)
    z, state = cell.project(x), tuple(torch.randn_like(leaf) for leaf in state)
    masks = dict.fromkeys(cell.state_mask_names(), x.new_zeros(_BATCH, cell.output_size))

    def step() -> list[Tensor]:
        return leaves(call(cell, masks, lambda: cell.step(z, state)))

    # A mask of zeros leaves a matrix nothing to multiply, so that what it holds makes no difference.
    before = step()
    for name in cell.recurrent_weights:
        weight = cell.get_parameter(name)
        kept = weight.detach().clone()
        with torch.no_grad():
            weight.normal_()
        if not all(torch.equal(a, b) for a, b in zip(before, step(), strict=True)):
            return f"step multiplies the state by {name} without passing it through drop_state"
        with torch.no_grad():
            weight.copy_(kept)
    return None


def _padding_is_inert(factory: CellFactory) -> str | None:
    stack, x, lengths = _stack(factory), _input(), torch.tensor(_LENGTHS)
    other = x.clone()
    for row, length in enumerate(_LENGTHS):
        other[row, length:] = 1e3
    (y, state), (y_other, state_other) = stack(x, lengths), stack(other, lengths)
    equal = all(torch.equal(a, b) for a, b in zip([y, *leaves(state)], [y_other, *leaves(state_other)], strict=True))
    return None if equal else "another padding gives another result"


def _padded_equals_alone(factory: CellFactory) -> str | None:
    stack, x = _stack(factory), _input()
    start = map_state(torch.randn_like, stack.initial_state(_BATCH, x))
    lengths = (*_LENGTHS[:2], 0, _LENGTHS[3])
    y, state = stack(x, torch.tensor(lengths), start)
    for row, length in enumerate(lengths):
        before = map_state(lambda leaf, row=row: leaf[row : row + 1], start)
        alone, last = stack(x[row : row + 1, :length], None, before) if length else (y[row : row + 1, :0], before)
        ours = map_state(lambda leaf, row=row: leaf[row : row + 1], state)
        problem = _difference([alone, *leaves(last)], [y[row : row + 1, :length], *leaves(ours)])
        if problem:
            return f"with length {length} of {_TIME}, {problem}"
    return None


def _chunks(factory: CellFactory) -> str | None:
    stack, x = _stack(factory), _input()
    whole, last = stack(x)
    first, carried = stack(x[:, :4])
    second, end = stack(x[:, 4:], state=carried)
    return _difference([torch.cat([first, second], 1), *leaves(end)], [whole, *leaves(last)])


def _stepping(factory: CellFactory) -> str | None:
    stack, x = _stack(factory), _input()
    whole, last = stack(x)
    state, outputs = stack.initial_state(_BATCH, x), []
    for t in range(_TIME):
        y, state = stack.step(x[:, t], state)
        outputs.append(y)
    return _difference([torch.stack(outputs, 1), *leaves(state)], [whole, *leaves(last)])


def _reversing(factory: CellFactory) -> str | None:
    both = Backbone(_INPUT, factory, _HIDDEN, bidirectional=True).double().eval()
    alone = Backbone(_INPUT, factory, _HIDDEN).double().eval()
    alone.cells[0][0].load_state_dict(both.cells[0][1].state_dict())
    x = _input()
    y, _ = both(x)
    flipped, _ = alone(x.flip(1))
    return _difference([y[..., alone.output_size :]], [flipped.flip(1)])


def _gradients(factory: CellFactory) -> str | None:
    cell, x, state = _one_step(factory, batch=2)
    state = tuple(torch.randn_like(leaf, requires_grad=True) for leaf in state)
    parameters = dict(cell.named_parameters())
    names = {
        "input": ["x", *(f"leaf {number} of the state before" for number in range(len(state))), *parameters],
        "output": ["the output", *(f"leaf {number} of the new state" for number in range(len(state)))],
    }

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(parameters, rest[len(state) :], strict=True))
        y, new = functional_call(cell, given, (x, rest[: len(state)]))
        return (y, *new)

    given = (x.requires_grad_(), *state, *parameters.values())
    # Of many numbers along directions drawn at random; else each by itself, which tells more of what is wrong.
    fast = sum(value.numel() for value in given) > _MOST_SINGLE
    try:
        torch.autograd.gradcheck(run, given, fast_mode=fast)
    except RuntimeError as error:
        first = str(error).splitlines()[0]
        named = re.sub(r"\b(input|output) (\d+)", lambda found: names[found[1]][int(found[2])], first)
        return f"{named} Is a value detached, or rounded?"
    return None


def _engines(factory: CellFactory) -> str | None:
    for dtype in _TOLERANCE:
        for lengths in (None, torch.tensor(_LENGTHS), torch.tensor([0, _TIME, 3, 0])):
            expected = _run(factory, "reference", dtype, lengths)
            assert expected is not None
            for engine in get_args(EngineName):
                found = _run(factory, engine, dtype, lengths)
                problem = found and _difference(list(found.values()), list(expected.values()), list(expected))
                if problem:
                    return f"the {engine} engine in {dtype}: {problem}"
    return None


def _copies(factory: CellFactory) -> str | None:
    stack, x = _stack(factory), _input()
    y, _ = stack(x)
    if not torch.equal(copy.deepcopy(stack)(x)[0], y):
        return "a deep copy does not"
    buffer = io.BytesIO()
    torch.save(stack.state_dict(), buffer)
    buffer.seek(0)
    torch.manual_seed(5)
    other = _stack(factory)
    other.load_state_dict(torch.load(buffer, weights_only=True))
    return None if torch.equal(other(x)[0], y) else "a model that loads the saved parameters does not"


def _autocast(factory: CellFactory) -> str | None:
    stack, x = _stack(factory).float(), _input().float()
    expected, _ = stack(x)
    with torch.autocast("cpu", torch.bfloat16):
        y, _ = stack(x)
        loss = y.float().square().sum()
    loss.backward()
    if not all(bool(p.grad.isfinite().all()) for p in stack.parameters() if p.grad is not None):
        return "a gradient is not finite"
    return _difference([y.float()], [expected], tolerance=0.1)


_LAWS: dict[str, Callable[[CellFactory], str | None]] = {
    "step returns an output (B, output_size) and a state of the shapes of state_spec": _shapes,
    "step changes neither z nor the state in place": _leaves_inputs_alone,
    "step is deterministic": _deterministic,
    "the sequences of a batch do not meet": _sequences_apart,
    "the leaf of the state that `emits` names is the output": _emitted,
    "recurrent_weights names the matrices that meet the state, and none that meets the input": _recurrent_weights,
    "drop_state reaches the products with recurrent_weights": _state_mask,
    "what stands in the padding changes nothing, bit for bit": _padding_is_inert,
    "a padded sequence equals the sequence alone, and no steps leave the state as it was": _padded_equals_alone,
    "two chunks with carried state equal one": _chunks,
    "stepping equals running over the sequence": _stepping,
    "running backward equals running over the flipped sequence": _reversing,
    "gradients of a step are those of finite differences, in float64": _gradients,
    "every engine equals the loop over step: outputs, last states and all gradients": _engines,
    "a deep copy and a saved copy give the same numbers": _copies,
    "under autocast to bfloat16 outputs and gradients are finite and near those of float32": _autocast,
}

# What the laws share. ------------------------------------------------------------------------------------------------


def _input() -> Tensor:
    return torch.randn(_BATCH, _TIME, _INPUT, dtype=torch.float64)


def _stack(factory: CellFactory) -> Backbone:
    return Backbone(_INPUT, factory, _HIDDEN, num_layers=2, engine="reference").double().eval()


def _one_step(factory: CellFactory, batch: int = _BATCH) -> tuple[RNNCell, Tensor, tuple[Tensor, ...]]:
    cell = factory(_INPUT, _HIDDEN).double().eval()
    x = torch.randn(batch, _INPUT, dtype=torch.float64)
    return cell, x, cell.initial_state(batch, x)


def _run(
    factory: CellFactory, engine: EngineName, dtype: torch.dtype, lengths: Tensor | None
) -> dict[str, Tensor] | None:
    """Outputs, last states and gradients in training, by name; None where this engine refuses the cell."""
    torch.manual_seed(1)
    try:
        stack = Backbone(_INPUT, factory, _HIDDEN, bidirectional=True, engine=engine).to(dtype)
        x = _input().to(dtype).requires_grad_()
        start = map_state(lambda leaf: torch.randn_like(leaf).requires_grad_(), stack.initial_state(_BATCH, x))
        y, state = stack(x, lengths, start)
    except UserError:  # an engine may refuse the cell, or the device
        return None
    loss = (y * torch.linspace(-1, 1, y.numel(), dtype=dtype).view_as(y)).sum()
    loss = loss + sum(leaf.square().sum() for leaf in leaves(state))
    loss.backward()
    found = {"the output": y, "the gradient of x": x.grad}
    found |= {f"leaf {number} of the state": leaf for number, leaf in enumerate(leaves(state))}
    found |= {
        f"the gradient of leaf {number} of the first state": leaf.grad for number, leaf in enumerate(leaves(start))
    }
    found |= {f"the gradient of {name}": parameter.grad for name, parameter in stack.named_parameters()}
    return {name: torch.zeros(()) if value is None else value.detach() for name, value in found.items()}


def _difference(
    found: list[Tensor], expected: list[Tensor], names: list[str] | None = None, tolerance: float | None = None
) -> str | None:
    """The first value that differs by more than rounding, in words."""
    names = names or ["the output", *(f"leaf {number} of the state" for number in range(len(expected) - 1))]
    for name, a, b in zip(names, found, expected, strict=True):
        a, b = a.detach(), b.detach()
        scale = max(float(b.abs().max()), 1e-2) if b.numel() else 1.0
        limit = _TOLERANCE[b.dtype] if tolerance is None else tolerance
        error = float((a - b).abs().max()) / scale if b.numel() else 0.0
        if not error <= limit:
            return f"{name} differs by {error:.1e} of its largest value"
    return None


def _any_nan(y: Tensor, state: tuple[Tensor, ...]) -> bool:
    return any(bool(leaf.isnan().any()) for leaf in (y, *state))
