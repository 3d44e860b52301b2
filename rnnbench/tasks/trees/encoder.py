"""What a model knows of its data: words and classes by number, and how trees are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rnnbench.data.text.vocabulary import Labels, Vocabulary
from rnnbench.data.trees.read import TreeReader
from rnnbench.data.trees.tree import Tree
from rnnbench.tasks.base import Spec
from rnnbench.tasks.trees.batch import EncodedTree, encode_tree


def look_up(words: Sequence[str], lowercase: bool) -> list[str]:
    """The forms under which words are looked up."""
    return [word.lower() for word in words] if lowercase else list(words)


class TreeEncoder:
    """Maps trees to numbers.

    Args:
        spec: What the training split decided, see `TreeData.spec`.
    """

    def __init__(self, spec: Spec) -> None:
        self.vocabulary = Vocabulary(spec["words"])
        self.labels = Labels(spec["labels"])
        self.reader = TreeReader(**spec["reader"])
        self.lowercase: bool = spec["lowercase"]

    def __len__(self) -> int:
        return len(self.vocabulary)

    def encode(self, tree: Tree, where: Callable[[], str], depth: int | None = None) -> EncodedTree:
        """A tree as numbers.

        Args:
            tree: The tree; its labels are classes.
            where: Says where it stands.
            depth: How deep it is; None for its height.

        Raises:
            UserError: A label does not occur in training.
        """
        ids = self.vocabulary.encode(look_up(tree.words, self.lowercase))
        number = {name: i for i, name in enumerate(self.labels.names)}
        unknown = [label for label in tree.labels if label is not None and label not in number]
        if unknown:
            self.labels.encode(unknown, where=where())
        return encode_tree(tree, ids, [-1 if label is None else number[label] for label in tree.labels], depth)

    def missing(self, tree: Tree) -> list[str]:
        """The distinct words of a tree that are not in the vocabulary."""
        ids = self.vocabulary.encode(look_up(tree.words, self.lowercase)).tolist()
        return list(dict.fromkeys(word for word, i in zip(tree.words, ids, strict=True) if i == 1))
