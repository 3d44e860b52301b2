"""Models of trees: what they share with the definition, and what they are measured by."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rnnbench.backbone import Backbone
from rnnbench.backbone.trees import ChildSumTreeLSTM, GumbelTree, NaryTreeLSTM, TreeBackbone
from rnnbench.data import GeneratedExpressions
from rnnbench.data.formats.trees import read_tree
from rnnbench.data.trees.tree import from_brackets, shaped
from rnnbench.nn import WordEmbedding
from rnnbench.tasks.trees import BagOfWordsModel, ChainModel, GumbelTreeModel, TreeData, TreeModel
from rnnbench.tasks.trees.batch import encode_tree, join_trees
from rnnbench.tasks.trees.metrics import PolarityGroups, TreeScores


def small(cell=NaryTreeLSTM):
    return lambda size: TreeBackbone(size, cell, 6)


def words(number):
    return WordEmbedding(number, 5)


MODELS = {
    "tree": lambda: TreeModel(small(), words),
    "gumbel": lambda: GumbelTreeModel(small(), words),
    "chain": lambda: ChainModel(
        lambda size: Backbone(size, hidden_size=6, bidirectional=True, engine="reference"), words
    ),
    "bag": lambda: BagOfWordsModel(words),
}


@pytest.fixture(scope="module")
def data():
    made = TreeData(GeneratedExpressions(train=40, held_out=12, depth=2, test_depth=3), batch_size=8, lowercase=False)
    made.setup("fit")
    return made


def built(name, data):
    torch.manual_seed(0)
    model = MODELS[name]()
    model.use_spec(data.spec)
    return model.double().eval()


@pytest.mark.parametrize("name", MODELS)
def test_answers_know_nothing_of_neighbours(name, data):
    model, trees = built(name, data), data.splits["train"]
    batch = model.asked(trees(list(range(9)), 0))
    together = model(batch)
    for number in range(9):
        alone = model.asked(trees([number], 0))
        mine = batch.tree == number
        order, own = batch.node[mine].argsort(), alone.node.argsort()
        assert torch.equal(batch.y[mine][order], alone.y[own])
        assert torch.allclose(model(alone)[own], together[mine][order], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_every_node_is_judged(name, data):
    model = built(name, data)
    trees = [one.tree for one in data.labelled["train"][:5]]
    judged = model.judge(trees)
    for one, tree in zip(judged, trees, strict=True):
        assert one.tree.words == tree.words
        assert torch.allclose(one.probabilities.sum(1), torch.ones(len(one.tree), dtype=torch.float64))
    batch = model.asked(data.splits["train"](list(range(5)), 0))
    roots = torch.stack([one.probabilities[one.tree.root] for one in judged])
    assert torch.allclose(model(batch)[:5].softmax(1), roots, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["chain", "bag"])
def test_a_node_is_its_words_alone_to_models_without_a_tree(name, data):
    model = built(name, data)
    batch = data.splits["train"](list(range(6)), 0)
    given = model(batch)
    for row, (begin, end) in zip(given, batch.spans.tolist(), strict=True):
        spelled = shaped(["x"] * (end - begin), "left")
        alone = join_trees([encode_tree(spelled, batch.words[begin:end].numpy(), [-1] * len(spelled))], [0])
        assert torch.allclose(model(alone)[0], row, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", [NaryTreeLSTM, ChildSumTreeLSTM])
def test_found_trees_are_those_of_the_rule_and_give_the_same_root(cell):
    """Every round by hand: the pair whose phrase scores best is merged; then the network over that tree."""
    torch.manual_seed(3)
    backbone = TreeBackbone(5, cell, 6).double()
    merging = GumbelTree(backbone).double().eval()
    lengths = torch.tensor([7, 1, 4, 2])
    x = torch.randn(4, 7, 5, dtype=torch.float64)
    roots, chosen = merging(x, lengths)
    spoilt = x.clone()
    spoilt[torch.arange(7) >= lengths[:, None]] = 9.0
    assert torch.equal(merging(spoilt, lengths)[0], roots)
    for row, length in enumerate(lengths.tolist()):

        @torch.no_grad()
        def output(brackets, vectors=x[row]):
            tree = from_brackets(read_tree(brackets))
            batch = join_trees([encode_tree(tree, np.array(tree.words, dtype=np.int64), [-1] * len(tree))], [0])
            return backbone(vectors[batch.x], batch.forest)[batch.nodes[0]]

        parts = [f"(_ {word})" for word in range(length)]
        for k in chosen[row].tolist():
            if len(parts) == 1:
                assert k == -1
                continue
            pairs = [f"(_ {a} {b})" for a, b in pairwise(parts)]
            scores = torch.stack([merging.query(output(pair))[0] for pair in pairs])
            assert k == int(scores.argmax())
            parts[k : k + 2] = [pairs[k]]
        assert torch.allclose(output(parts[0]), roots[row], rtol=0, atol=1e-10)


def test_gradients_reach_the_choice():
    torch.manual_seed(0)
    merging = GumbelTree(TreeBackbone(5, NaryTreeLSTM, 6))
    outputs, _ = merging(torch.randn(3, 6, 5), torch.tensor([6, 3, 5]))
    outputs.sum().backward()
    assert merging.query.weight.grad.abs().sum() > 0
    assert all(torch.isfinite(parameter.grad).all() for parameter in merging.parameters())


TWO_KINDS = {"0": "negative", "2": "positive"}
THREE = {"0": "negative", "1": "positive", "2": "positive"}


def scores_of(cuts, polarity=THREE):
    """Scores of trees, which are (depth, [(class, scores), ...] with the root first), entered in batches."""
    scores = TreeScores()
    scores.groups, scores.below_root = PolarityGroups(["0", "1", "2"], polarity), True
    for cut in cuts:
        ids, trees = zip(*cut, strict=True)
        nodes = [(i, *tree[1][0]) for i, tree in enumerate(trees)]
        nodes += [(i, *node) for i, tree in enumerate(trees) for node in tree[1][1:]]
        of, y, given = zip(*nodes, strict=True)
        depths = torch.tensor([tree[0] for tree in trees])
        scores.update(torch.tensor(ids), depths, torch.tensor(of), torch.tensor(y), torch.tensor(given))
    return scores


def test_scores_by_hand():
    trees = [
        (1, [(2, [0.0, 0.0, 2.0]), (0, [0.0, 3.0, -1.0]), (1, [0.0, 3.0, 0.0])]),
        (1, [(0, [0.0, 1.0, -1.0])]),
        (3, [(1, [5.0, 0.0, 0.0]), (2, [1.0, 0.0, 0.0])]),
    ]
    scores = scores_of([list(enumerate(trees))])
    values, count = scores.compute()
    nats = [F.cross_entropy(torch.tensor([given]).double(), torch.tensor([y])) for _, ((y, given), *_) in trees]
    assert count == 3
    assert values["accuracy"] == 1 / 3
    assert values["node_accuracy"] == 2 / 6
    assert values["cross_entropy"] == pytest.approx(float(sum(nats)) / 3, rel=1e-6)
    # The roots: e^2 + 1 against 1, right; e + 1/e against 1, wrong; 2 against e^5, wrong. Below: wrong, right, wrong.
    assert values["binary_accuracy"] == 1 / 3
    assert values["node_binary_accuracy"] == 2 / 6
    assert [tuple(one) for one in scores.by_depth] == [(1, 2, 0.5), (3, 1, 0.0)]
    assert "binary_accuracy" not in scores_of([list(enumerate(trees))], TWO_KINDS).compute()[0], (
        "no coarser than classes"
    )


def test_scores_do_not_depend_on_how_batches_were_cut():
    draw = random.Random(1)
    trees = [
        (
            draw.randint(0, 3),
            [(draw.randrange(3), [draw.gauss(0, 1) for _ in range(3)]) for _ in range(draw.randint(1, 4))],
        )
        for _ in range(9)
    ]
    numbered = list(enumerate(trees))
    extra = (-1, trees[0])
    found = [
        scores_of(cut).compute()
        for cut in ([numbered], [numbered[5:], [*numbered[:5], extra]], [[one] for one in numbered])
    ]
    assert found[0] == found[1] == found[2]
    assert math.isfinite(found[0][0]["cross_entropy"])
