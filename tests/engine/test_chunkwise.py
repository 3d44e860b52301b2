"""The chunkwise engine against the reference loop: over the borders of chunks, at extreme gates, on given states."""

from functools import partial

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, MatrixLSTM
from rnnbench.engine import chunkwise, select_engine
from rnnbench.engine.auto import fastest_engine
from rnnbench.errors import UserError


class Forgetful(MatrixLSTM):
    """A subclass with another step, which the engine would ignore."""

    def step(self, z, state):
        y, (memory, *rest) = super().step(z, state)
        return y, (0.5 * memory, *rest)


def results(stack, x, state, lengths):
    x = x.clone().requires_grad_()
    state = tuple(tuple(tuple(leaf.clone().requires_grad_() for leaf in d) for d in layer) for layer in state)
    y, last = stack(x, lengths, state)
    leaves = [leaf for layer in last for direction in layer for leaf in direction]
    given = [leaf for layer in state for direction in layer for leaf in direction]
    inside = torch.arange(x.shape[1]) < (torch.tensor([x.shape[1]]) if lengths is None else lengths)[:, None]
    y = y * inside[..., None]
    loss = y.square().sum() + sum(leaf.square().sum() for leaf in leaves)
    return [y, *leaves, *torch.autograd.grad(loss, [x, *given, *stack.parameters()])]


@pytest.mark.parametrize(
    ("dtype", "scale", "tolerance"), [(torch.float64, 1, 1e-10), (torch.float64, 30, 1e-10), (torch.float32, 1, 1e-5)]
)
@pytest.mark.parametrize("lengths", [None, [23, 0, 8, 9]])
@pytest.mark.parametrize("chunk", [1, 8, 64])
def test_equals_the_reference(chunk, lengths, dtype, scale, tolerance, monkeypatch):
    monkeypatch.setattr(chunkwise, "_CHUNK", chunk)
    torch.manual_seed(0)
    stacks = [
        Backbone(4, partial(MatrixLSTM, num_heads=2), 6, bidirectional=True, engine=name).to(dtype)
        for name in ("chunkwise", "reference")
    ]
    stacks[1].load_state_dict(stacks[0].state_dict())
    x = scale * torch.randn(4, 23, 4, dtype=dtype)
    lengths = None if lengths is None else torch.tensor(lengths)
    state = tuple(
        tuple(tuple(torch.rand(4, *shape, dtype=dtype) for shape in cell.state_spec()) for cell in layer)
        for layer in stacks[0].cells
    )
    found, expected = (results(stack, x, state, lengths) for stack in stacks)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance * float(other.detach().abs().max()))


def test_a_state_below_every_stabiliser_is_left_as_it_was_where_nothing_runs():
    cell = MatrixLSTM(3, 4)
    x = torch.randn(2, 5, 3)
    state = (torch.randn(2, 1, 4, 4), torch.randn(2, 1, 4), torch.full((2, 1), -7.0))
    engine = select_engine(cell, "chunkwise")
    _, last = engine.run(cell, dict(cell.named_parameters()), x, state, torch.tensor([0, 3]))
    for old, new in zip(state, last, strict=True):
        assert torch.equal(old[0], new[0])
        assert not torch.equal(old[1], new[1])


def test_a_gradient_keeps_the_memory_of_each_chunk_alone():
    cell, x = MatrixLSTM(4, 64), torch.randn(1, 256, 4)
    kept = {}
    for name in ("chunkwise", "reference"):
        kept[name] = 0

        def pack(tensor, name=name):
            kept[name] += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            select_engine(cell, name).run(cell, dict(cell.named_parameters()), x, cell.initial_state(1, x), None)
    assert 5 * kept["chunkwise"] < kept["reference"]


def test_who_runs_a_matrix_memory():
    assert fastest_engine(MatrixLSTM(3, 4))[0].name == "chunkwise"
    assert fastest_engine(MatrixLSTM(3, 4), device=torch.device("mps"))[0].name == "chunkwise"
    assert fastest_engine(Forgetful(3, 4))[0].name == "reference"
    with pytest.raises(UserError, match="chunkwise engine cannot run GRU: it has no matrix memory"):
        select_engine(GRU(3, 4), "chunkwise")
