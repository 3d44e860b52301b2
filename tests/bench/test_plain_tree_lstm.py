"""What is timed against each other computes the same."""

import sys

import torch

from rnnbench.bench import plain_tree_lstm
from rnnbench.bench.plain_tree_lstm import Trained, as_nodes
from rnnbench.data.formats.trees import read_tree
from rnnbench.data.trees.tree import from_brackets
from rnnbench.tasks.trees.batch import encode_tree, join_trees


def test_both_have_the_same_loss_and_gradients():
    torch.manual_seed(0)
    model = Trained(4).double()
    trees = [from_brackets(read_tree(text)) for text in ("(_ (_ a b) (_ c (_ d a)))", "(_ b)", "(_ d (_ b c))")]
    ids = [torch.tensor(["abcd".index(word) for word in tree.words]) for tree in trees]
    classes = [[(3 * node + 1) % 5 for node in range(len(tree))] for tree in trees]
    encoded = [encode_tree(tree, of.numpy(), y) for tree, of, y in zip(trees, ids, classes, strict=True)]
    levels = model.by_levels(join_trees(encoded, range(3)))
    nodes = model.by_nodes(
        [(as_nodes(tree), of, torch.tensor(y)) for tree, of, y in zip(trees, ids, classes, strict=True)]
    )
    assert torch.allclose(levels, nodes, rtol=0, atol=1e-12)
    fast = torch.autograd.grad(levels, [model.embedding.weight, model.backbone.cell.weight_hh])
    slow = torch.autograd.grad(nodes, [model.embedding.weight, model.plain.merge.weight])
    for one, other in zip(fast, slow, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-12)


def test_the_ratio_is_printed(capsys, monkeypatch):
    monkeypatch.setattr(plain_tree_lstm, "_BATCHES", 1)
    monkeypatch.setattr(plain_tree_lstm, "pin_to_cores", lambda cores: None)
    monkeypatch.setattr(sys, "argv", ["plain_tree_lstm", "--rounds", "1", "--batch-size", "4"])
    plain_tree_lstm.main()
    assert "plain / levels = " in capsys.readouterr().out
