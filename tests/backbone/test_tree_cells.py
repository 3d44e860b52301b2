"""Cells over trees against their equations, node by node; and level by level against both."""

import functools
import random

import pytest
import torch

import rnnbench.cells
from rnnbench.backbone.trees import (
    ChildSumTreeLSTM,
    LiftedCell,
    NaryTreeLSTM,
    TensorTreeRNN,
    TreeBackbone,
    TreeRNN,
    plan_forest,
)
from rnnbench.cells.every import every_cell
from rnnbench.errors import UserError

I, H = 5, 6  # noqa: E741


def random_tree(random, leaves, widest):
    """Parents and heights of a tree whose nodes have up to so many children."""
    parents, heights, here = [-1] * leaves, [0] * leaves, list(range(leaves))
    while len(here) > 1:
        count = min(random.randint(1, widest), len(here))
        start = random.randint(0, len(here) - count)
        node, children = len(parents), here[start : start + count]
        for child in children:
            parents[child] = node
        parents.append(-1)
        heights.append(1 + max(heights[child] for child in children))
        here[start : start + count] = [node]
        if count == 1 and random.random() < 0.7:  # not unary for ever
            widest = max(widest, 2)
    return parents, heights


def forest_of(trees):
    parents, heights, start = [], [], 0
    for of_tree, of_heights in trees:
        parents += [parent + start if parent >= 0 else -1 for parent in of_tree]
        heights += of_heights
        start += len(of_tree)
    return parents, heights


# Each equation once more, for one node: x is its input (I,), below the states of its children. ------------------------


def lstm(cell, x, below):
    """Of both Tree-LSTMs: what is the candidate, and what each forget gate."""
    h, w, b = cell.hidden_size, cell.weight_ih, cell.bias_ih
    rows = [slice(k * h, (k + 1) * h) for k in range(4)]
    return [w[row] @ x + b[row] for row in rows], h, below


def child_sum(cell, x, below):
    (i, f, g, o), h, _ = lstm(cell, x, below)
    u_i, u_f, u_g, u_o = cell.weight_hh.split(h)
    s = sum((hidden for hidden, _ in below), torch.zeros(h, dtype=x.dtype))
    c = torch.sigmoid(i + u_i @ s) * torch.tanh(g + u_g @ s)
    for hidden, memory in below:
        c = c + torch.sigmoid(f + u_f @ hidden) * memory
    return (torch.sigmoid(o + u_o @ s) * torch.tanh(c), c)


def n_ary(cell, x, below):
    (i, f, g, o), h, _ = lstm(cell, x, below)
    rows = cell.weight_hh.split(h)
    blocks = [row.split(h, dim=1) for row in rows]

    def recur(gate):
        return sum((blocks[gate][k] @ hidden for k, (hidden, _) in enumerate(below)), torch.zeros(h, dtype=x.dtype))

    c = torch.sigmoid(i + recur(0)) * torch.tanh(g + recur(1 + cell.arity))
    for k, (_, memory) in enumerate(below):
        c = c + torch.sigmoid(f + recur(1 + k)) * memory
    return (torch.sigmoid(o + recur(2 + cell.arity)) * torch.tanh(c), c)


def beside(cell, below, dtype):
    missing = torch.zeros((cell.arity - len(below)) * H, dtype=dtype)
    return torch.cat([*(hidden for (hidden,) in below), missing])


def recursive(cell, x, below):
    return (torch.tanh(cell.weight_ih @ x + cell.bias_ih + cell.weight_hh @ beside(cell, below, x.dtype)),)


def tensor(cell, x, below):
    c = beside(cell, below, x.dtype)
    products = torch.stack([c @ matrix @ c for matrix in cell.weight_tensor])
    return (torch.tanh(cell.weight_ih @ x + cell.bias_ih + cell.weight_hh @ c + products),)


def lifted(cell, x, below):
    if below:
        state = []
        for number, rows in enumerate(zip(*below, strict=True)):
            if cell.merge == "position":
                e = cell.scores[number]
                weights = torch.stack([e[min(k, 1)] for k in range(len(rows))]).softmax(0)
                state.append((torch.stack(rows) * weights).sum(0))
            else:
                state.append(sum(rows) / (len(rows) if cell.merge == "mean" else 1))
    else:
        state = [leaf[0] for leaf in cell.cell.initial_state(1, x)]
    _, after = cell.cell(x[None], tuple(leaf[None] for leaf in state))
    return tuple(leaf[0] for leaf in after)


def node_by_node(definition, cell, x, parents):
    """States of all nodes by recursion."""
    children = {node: [child for child, parent in enumerate(parents) if parent == node] for node in range(len(parents))}

    @functools.cache
    def state(node):
        return definition(cell, x[node], [state(child) for child in children[node]])

    return [state(node) for node in range(len(parents))]


CASES = {
    "child sum": (ChildSumTreeLSTM, child_sum, 4),
    "N-ary": (NaryTreeLSTM, n_ary, 2),
    "N-ary of 3": (functools.partial(NaryTreeLSTM, arity=3), n_ary, 3),
    "recursive": (TreeRNN, recursive, 2),
    "tensor": (functools.partial(TensorTreeRNN, arity=3), tensor, 3),
    "GRU, mean": (rnnbench.cells.GRU, lifted, 4),
    "LSTM, sum": (rnnbench.cells.LSTM, lifted, 4),
    "LSTM, position": (rnnbench.cells.LSTM, lifted, 4),
}


def backbone_of(name, dtype=torch.float64):
    torch.manual_seed(1)
    make, definition, widest = CASES[name]
    merge = name.partition(", ")[2] or "mean"
    return TreeBackbone(I, make, H, merge=merge).to(dtype), definition, widest


@pytest.mark.parametrize("inside", [True, False], ids=["words inside", "words at leaves"])
@pytest.mark.parametrize("name", CASES)
def test_level_by_level_is_node_by_node(name, inside):
    """To 1e-10, outputs and all gradients, of trees of different sizes side by side."""
    backbone, definition, widest = backbone_of(name)
    draw = random.Random(2)
    trees = [random_tree(draw, leaves, widest) for leaves in (1, 6, 2, 9, 1)]
    parents, heights = forest_of(trees)
    forest, order = plan_forest(parents, heights)
    x = torch.randn(len(parents), I, dtype=torch.float64)
    if not inside:
        x[torch.tensor(heights) > 0] = 0
    x.requires_grad_()
    given = x[order]
    outputs = backbone(given if inside else given[: heights.count(0)], forest)
    states = node_by_node(definition, backbone.cell, x, parents)
    wanted = torch.stack([states[node][0] for node in order.tolist()])
    assert torch.allclose(outputs, wanted, rtol=0, atol=1e-10)
    weights = torch.randn_like(wanted)
    parameters = list(backbone.parameters())
    # Of zeros in the place of words nobody learns.
    learned = [*parameters, x] if inside else parameters
    fast = torch.autograd.grad((outputs * weights).sum(), learned, retain_graph=True)
    slow = torch.autograd.grad((wanted * weights).sum(), learned)
    for one, other in zip(fast, slow, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-10)
        assert one.abs().sum() > 0


@pytest.mark.parametrize("name", CASES)
def test_on_a_chain_the_neighbours_change_nothing_and_a_tree_is_itself_alone(name):
    backbone, _, widest = backbone_of(name)
    draw = random.Random(3)
    trees = [random_tree(draw, leaves, widest) for leaves in (6, 9, 3)]
    parents, heights = forest_of(trees)
    forest, order = plan_forest(parents, heights)
    x = torch.randn(len(parents), I, dtype=torch.float64)
    together = torch.empty(len(parents), H, dtype=torch.float64)
    together[order] = backbone(x[order], forest)
    start = 0
    for of_tree, of_heights in trees:
        alone, own = plan_forest(of_tree, of_heights)
        here = x[start : start + len(of_tree)]
        assert torch.allclose(
            backbone(here[own], alone), together[start : start + len(of_tree)][own], rtol=0, atol=1e-12
        )
        start += len(of_tree)


@pytest.mark.parametrize("make", [ChildSumTreeLSTM, functools.partial(NaryTreeLSTM, arity=1)], ids=["sum", "1-ary"])
def test_on_a_chain_it_is_the_lstm(make):
    torch.manual_seed(0)
    cell, chain = make(I, H).double(), rnnbench.cells.LSTM(I, H).double()
    with torch.no_grad():
        chain.bias_hh.zero_()
        for name in ("weight_ih", "weight_hh", "bias_ih"):
            getattr(chain, name).copy_(getattr(cell, name))
    state = wanted_state = cell.initial_state(3, cell.bias_ih)
    for x in torch.randn(5, 3, I, dtype=torch.float64):
        output, state = cell(x, state)
        wanted, wanted_state = chain(x, wanted_state)
        assert torch.allclose(output, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("merge", ["mean", "sum", "position"])
def test_a_lifted_cell_on_a_chain_is_the_cell(merge):
    torch.manual_seed(0)
    cell = rnnbench.cells.GRU(I, H).double()
    backbone = TreeBackbone(I, lambda *_: cell, H, merge=merge).double()
    steps = 7
    forest, order = plan_forest([*range(1, steps), -1], range(steps))
    assert order.tolist() == list(range(steps))
    x = torch.randn(steps, I, dtype=torch.float64)
    state = cell.initial_state(1, x)
    for output, here in zip(backbone(x, forest), x, strict=True):
        wanted, state = cell(here[None], state)
        assert torch.allclose(output, wanted[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("merge", ["mean", "position"])
@pytest.mark.parametrize("name", every_cell())
def test_every_cell_is_lifted(name, merge):
    """States of children that are one and the same are merged into that: for every leaf of every cell's state."""
    torch.manual_seed(0)
    cell = LiftedCell(every_cell()[name](4, 8), merge).double()
    z = cell.project(torch.randn(2, 4, dtype=torch.float64))
    _, state = cell.leaf(z)
    thrice = tuple(leaf.repeat_interleave(3, 0) for leaf in state)
    forest, _ = plan_forest([3, 3, 3, -1, 7, 7, 7, -1], [0, 0, 0, 1, 0, 0, 0, 1])
    family = rnnbench.backbone.trees.Family(2, 3, True, forest.owner, forest.position)
    merged, once = cell.compose(z, thrice, family), cell.cell.step(z, state)
    assert torch.allclose(merged[0], once[0], rtol=0, atol=1e-9)


def test_more_children_than_there_is_room_for():
    backbone, _, _ = backbone_of("N-ary")
    forest, _ = plan_forest([50] * 50 + [-1], [0] * 50 + [1])
    x = torch.zeros(50, I, dtype=torch.float64)
    with pytest.raises(UserError, match=r"a node has 50 children, and the cell has room for 2"):
        backbone(x, forest)
    assert backbone_of("child sum")[0](x, forest).shape == (51, H)


@pytest.mark.parametrize("name", ["N-ary", "child sum", "LSTM, position"])
def test_a_budget_of_parameters(name):
    make, _, _ = CASES[name]
    budget = 200000
    assert abs(sum(p.numel() for p in TreeBackbone(50, make, parameters=budget).parameters()) - budget) <= 0.01 * budget
