"""What a run shows of its test split: accuracy by depth, and some trees with what the model says at every node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from rnnbench.data.trees.tree import Tree
from rnnbench.examples import Example, Line, Piece, plain
from rnnbench.safe_files import csv_text, replace_text
from rnnbench.tasks.base.pictures import record_picture
from rnnbench.tasks.trees.model import Judged, TreeClassifier
from rnnbench.tasks.trees.pictures import BY_DEPTH, TREES, DrawnTree, NodeLook, draw_by_depth, draw_trees

TABLE = "by_depth.csv"
_SHOWN = 4
_LOOKED_AT = 2000
_WORDS = range(4, 21)
_SHORT = 3


def record_depths(model: TreeClassifier) -> None:
    """Writes the accuracy of each depth into the run folder, and draws it.

    Args:
        model: A model that was tested just now.
    """
    folder = Path(model.trainer.default_root_dir)
    rows = [[score.depth, score.trees, repr(score.accuracy)] for score in model.scores.by_depth]
    replace_text(folder / TABLE, csv_text([["depth", "trees", "accuracy"], *rows]))
    assert model.spec is not None
    least, most = model.spec["depths"]
    draw_by_depth(folder / BY_DEPTH, model.scores.by_depth, (least, most))
    record_picture(model.trainer, BY_DEPTH)


def record_trees(model: TreeClassifier) -> None:
    """Draws some trees of the test split into the run folder.

    Args:
        model: A model that was tested just now.
    """
    chosen = _chosen(model)
    picture(
        model, Path(model.trainer.default_root_dir) / TREES, [one for _, one in chosen], [tree for tree, _ in chosen]
    )
    record_picture(model.trainer, TREES)


def picture(model: TreeClassifier, path: Path, judged: Sequence[Judged], wanted: Sequence[Tree]) -> None:
    """Draws trees with what the model says at every node.

    Args:
        model: The model.
        path: The file to write.
        judged: What it thinks of them.
        wanted: The trees as they were given, whose labels are the right classes where there are any.
    """
    drawn = [_drawn(model, one, given) for one, given in zip(judged, wanted, strict=True)]
    legend = (
        [("negative", 0), ("positive", 1)] if model.polarity else [(name, i) for i, name in enumerate(model.classes)]
    )
    draw_trees(path, drawn, legend[:20])


def examples_of(model: TreeClassifier) -> list[Example]:
    """Trees of the test split: their words coloured by their own classes, what is right, what was said.

    Args:
        model: A model that was tested just now.
    """
    return [_example(model, one, given) for given, one in _chosen(model)]


def said(model: TreeClassifier, judged: Judged) -> Tree:
    """The tree with the likeliest class at every node."""
    return judged.tree.labelled([model.classes[i] for i in judged.probabilities.argmax(1).tolist()])


def _chosen(model: TreeClassifier) -> list[tuple[Tree, Judged]]:
    """Trees to be shown, as they were given and as they were judged: those in which a polarity is turned come first."""
    given = [one.tree for one in model.data.labelled["test"][:_LOOKED_AT]]
    given = [tree for tree in given if len(tree.words) in _WORDS] or sorted(given, key=len)[:_SHOWN]
    pairs = list(zip(given, model.judge(given), strict=True))
    if model.polarity:
        # In the order of the data among their like.
        pairs.sort(key=lambda pair: (not _turns(model, pair[1]), not _is_right(model, *pair)))
    else:
        pairs.sort(key=lambda pair: max(pair[0].heights()))
        pairs = pairs[:: max(1, len(pairs) // _SHOWN)]
    return pairs[:_SHOWN]


def _is_right(model: TreeClassifier, given: Tree, judged: Judged) -> bool:
    return said(model, judged).labels[judged.tree.root] == given.labels[given.root]


def _turns(model: TreeClassifier, judged: Judged) -> bool:
    """Whether a node is negative or positive, one of its children is the contrary, and none is what it is itself."""
    kinds = model.polarity.of(judged.probabilities.argmax(1)).tolist()
    return any(
        kind and -kind in (below := [kinds[child] for child in children]) and kind not in below
        for kind, children in zip(kinds, judged.tree.children, strict=True)
    )


def _drawn(model: TreeClassifier, judged: Judged, given: Tree) -> DrawnTree:
    tree, right = said(model, judged), given.labels[given.root]
    # Of a tree that the model found, the right classes are not known, but for that of the root.
    wanted = given.labels if tree.parents == given.parents else tree.root_alone(right).labels
    looks = []
    for label, of_node, probabilities in zip(tree.labels, wanted, judged.probabilities, strict=True):
        colour, strength = _colour(model, probabilities)
        differs = of_node is not None and of_node != label
        looks.append(NodeLook((label or "")[:_SHORT], colour, strength, of_node if differs else None))
    return DrawnTree(tree, looks, f"said: {tree.labels[tree.root]}" + ("" if right is None else f"; right: {right}"))


def _colour(model: TreeClassifier, probabilities: Tensor) -> tuple[int, float]:
    """Number of the colour, and how strong it is."""
    if model.polarity:
        balance = float(probabilities[model.polarity.positive].sum() - probabilities[model.polarity.negative].sum())
        return int(balance > 0), abs(balance)
    even = 1 / len(probabilities)
    return int(probabilities.argmax()), float((probabilities.max() - even) / (1 - even))


def _example(model: TreeClassifier, judged: Judged, given: Tree) -> Example:
    tree = said(model, judged)
    node_of = {word: node for node, word in enumerate(tree.word_of) if word >= 0}
    pieces: list[Piece] = []
    for number, word in enumerate(tree.words):
        colour, strength = _colour(model, judged.probabilities[node_of[number]])
        pieces += [Piece(word, tree.labels[node_of[number]] or "", strength, colour), Piece(" ")]
    root = given.labels[given.root]
    return (
        Line("words", tuple(pieces[:-1])),
        plain("class", root or "-"),
        plain("model", tree.labels[tree.root] or "-"),
        plain("tree", tree.brackets()),
    )
