"""A Tree-LSTM as a user of PyTorch writes it, node by node: what the cell is tested against and timed with.

``python -m rnnbench.bench.plain_tree_lstm`` trains both on generated expressions, in turns, and prints sentences a
second and the ratio; with ``--trees FILE`` on those of a file.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnnbench.backbone.trees import NaryTreeLSTM, TreeBackbone
from rnnbench.bench.timing import ratio, time_in_turns
from rnnbench.data import GeneratedExpressions
from rnnbench.data.formats.records import RECORD_READERS
from rnnbench.data.trees.read import given_tree
from rnnbench.data.trees.tree import Tree
from rnnbench.errors import UserError
from rnnbench.machine import pin_to_cores
from rnnbench.reading import read_file
from rnnbench.tasks.trees.batch import TreeBatch, encode_tree, join_trees

_INPUTS, _HIDDEN, _CLASSES, _BATCH, _BATCHES = 50, 150, 5, 25, 8


class Node(NamedTuple):
    """A node of a tree of objects: its word, or its children."""

    word: int
    children: tuple[Node, ...]


class PlainTreeLSTM(nn.Module):
    """The equations of `NaryTreeLSTM` for two children, with the weights of such a cell.

    Args:
        cell: The cell; its weights are copied.
    """

    def __init__(self, cell: NaryTreeLSTM) -> None:
        super().__init__()
        size = cell.hidden_size
        self.leaf = nn.Linear(cell.input_size, 4 * size)
        self.merge = nn.Linear(2 * size, 5 * size)
        with torch.no_grad():
            self.leaf.weight.copy_(cell.weight_ih)
            self.leaf.bias.copy_(cell.bias_ih)
            self.merge.weight.copy_(cell.weight_hh)
            i, f, g, o = cell.bias_ih.chunk(4)
            self.merge.bias.copy_(torch.cat([i, f, f, g, o]))

    def forward(self, node: Node, vectors: Tensor, outputs: list[Tensor]) -> tuple[Tensor, Tensor]:
        """State (h, c) of a node, each ``(1, H)``; outputs of all nodes below it, and its own, are appended.

        Args:
            node: The node.
            vectors: Vectors of the words of the sentence ``(T, I)``.
            outputs: Takes the outputs, children before parents.
        """
        if not node.children:
            i, _, g, o = self.leaf(vectors[node.word : node.word + 1]).chunk(4, -1)
            c = torch.sigmoid(i) * torch.tanh(g)
        else:
            (h_1, c_1), (h_2, c_2) = (self(child, vectors, outputs) for child in node.children)
            i, f_1, f_2, g, o = self.merge(torch.cat([h_1, h_2], -1)).chunk(5, -1)
            c = torch.sigmoid(i) * torch.tanh(g) + torch.sigmoid(f_1) * c_1 + torch.sigmoid(f_2) * c_2
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
        return h, c


class Trained(nn.Module):
    """Vectors of words, a network over trees, and a class at every node: a training step of it, both ways.

    Args:
        words: Number of words.
    """

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, _INPUTS)
        self.backbone = TreeBackbone(_INPUTS, NaryTreeLSTM, _HIDDEN)
        assert isinstance(self.backbone.cell, NaryTreeLSTM)
        self.plain = PlainTreeLSTM(self.backbone.cell)
        self.output = nn.Linear(_HIDDEN, _CLASSES)
        self.optimizer = torch.optim.Adam(self.parameters())

    def by_levels(self, batch: TreeBatch) -> Tensor:
        """The mean loss of a batch, all nodes of a height at once."""
        outputs = self.backbone(self.embedding(batch.x), batch.forest)
        return nn.functional.cross_entropy(self.output(outputs.index_select(0, batch.nodes)), batch.y)

    def by_nodes(self, trees: list[tuple[Node, Tensor, Tensor]]) -> Tensor:
        """The mean loss of trees, which have a root, words and classes, children before parents; node after node."""
        outputs: list[Tensor] = []
        for root, words, _ in trees:
            self.plain(root, self.embedding(words), outputs)
        return nn.functional.cross_entropy(self.output(torch.cat(outputs)), torch.cat([y for _, _, y in trees]))

    def learn(self, loss: Tensor) -> None:
        """A step of the optimizer."""
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def as_nodes(tree: Tree) -> Node:
    """A tree as objects."""
    made: dict[int, Node] = {}
    children = tree.children
    for node in tree.bottom_up():
        made[node] = Node(tree.word_of[node], tuple(made[child] for child in children[node]))
    return made[tree.root]


def main() -> None:
    """Prints how many sentences a second each of them trains on, and the ratio."""
    parser = argparse.ArgumentParser(description="Time a plain Tree-LSTM against the one by levels, in turns.")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="default: %(default)s")
    parser.add_argument("--trees", metavar="FILE", help="records with binary trees: .ptb, .parquet, .jsonl")
    parser.add_argument("--batch-size", type=int, default=_BATCH, metavar="N", help="default: %(default)s")
    arguments = parser.parse_args()
    pin_to_cores(1)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    trees = _trees(arguments.trees, arguments.batch_size * _BATCHES)
    words = {word: number for number, word in enumerate(sorted({word for tree in trees for word in tree.words}))}
    draw = Random(0)
    levels: list[TreeBatch] = []
    nodes: list[list[tuple[Node, Tensor, Tensor]]] = []
    for start in range(0, len(trees), arguments.batch_size):
        ids = [
            torch.tensor([words[word] for word in tree.words]) for tree in trees[start : start + arguments.batch_size]
        ]
        here = list(zip(trees[start : start + arguments.batch_size], ids, strict=True))
        classes = [[draw.randrange(_CLASSES) for _ in range(len(tree))] for tree, _ in here]
        encoded = [encode_tree(tree, of.numpy(), y) for (tree, of), y in zip(here, classes, strict=True)]
        levels.append(join_trees(encoded, range(len(encoded))))
        nodes.append([(as_nodes(tree), of, torch.tensor(y)) for (tree, of), y in zip(here, classes, strict=True)])
    model = Trained(len(words))

    def train_levels() -> None:
        for batch in levels:
            model.learn(model.by_levels(batch))

    def train_nodes() -> None:
        for batch in nodes:
            model.learn(model.by_nodes(batch))

    times = time_in_turns({"plain": train_nodes, "levels": train_levels}, arguments.rounds, seconds=240)
    for name, seconds in times.items():
        print(f"{name}: {len(trees) / sorted(seconds)[len(seconds) // 2]:,.0f} sentences a second")
    average = sum(len(tree.words) for tree in trees) / len(trees)
    print(f"{average:.1f} words a sentence, batches of {arguments.batch_size}, H {_HIDDEN}")
    print(f"plain / levels = {ratio(times, 'plain', 'levels'):.2f}")


def _trees(path: str | None, count: int) -> list[Tree]:
    """So many binary trees, of a file or generated."""
    rows = GeneratedExpressions(train=count, held_out=1).rows("train") if path is None else _records(Path(path))
    found = [tree for tree in map(given_tree, rows) if tree is not None and tree.arity() == 2][:count]
    if len(found) < count:
        raise UserError(f"{len(found)} binary trees, and {count} are needed", where=path or "--batch-size")
    return found


def _records(path: Path) -> list[dict[str, object]]:
    if path.suffix not in RECORD_READERS:
        raise UserError("no file of records", where=path, hint=f"can be read: {', '.join(RECORD_READERS)}")
    return RECORD_READERS[path.suffix](read_file(path), path)


if __name__ == "__main__":
    main()
