"""Trees with their classes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.column_names import ColumnNames, records_of
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.text.vocabulary import Labels, Vocabulary
from rnnbench.data.trees.read import TreeKind, TreeReader, WordUnit
from rnnbench.errors import UserError, did_you_mean
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1
from rnnbench.tasks.base import BucketedData, Spec
from rnnbench.tasks.trees.batch import Trees
from rnnbench.tasks.trees.encoder import TreeEncoder, look_up
from rnnbench.tasks.trees.rows import LabelledTree, Labelling, left_out_of, trees_of

Polarity = Literal["negative", "positive"]


class TreeData(BucketedData[Trees]):
    """Trees over the words of sentences, with a class at the root and perhaps at other nodes, in batches.

    Rows have a ``tree`` in brackets, ``(3 (2 It) (4 (2 's) (4 lovely)))``, whose labels are classes; or ``tokens`` with
    the ``heads`` that they depend on, as in CoNLL-U, and a ``label``; or, for trees of a fixed shape and those that a
    network finds, a ``text`` and a ``label``. Vocabulary and classes are those of the training split.

    Args:
        source: Where the trees come from.
        trees: The trees of the data (``given``), or binary ones that depend on the number of words alone: ``balanced``,
            ``left``, ``right``. A network that finds trees itself reads nothing but the words.
        labels: Whether every node that has a class is learned and asked for, or the root alone.
        label_column: Column that holds the class of the whole; null for the label at the root of the tree, or the
            column ``label`` where there is none.
        classes: The class of each label, such as ``{0: negative, 1: negative, 3: positive, 4: positive}``; trees whose
            root has another label are left out, and other nodes with one have no class. Without it, every label is one.
        polarity: Which classes are ``negative`` and ``positive``, for the accuracy of the two and for colours; others
            are neither.
        binarize: Whether nodes of more than two children become several.
        unit: What a word of a text without a tree is: ``english``, ``word`` (what blanks part), ``char``.
        lowercase: Whether words are lower-cased.
        min_count: Rarer words become ``<unk>``.
        max_length: Leave out sentences of more words.
        vectors: Pretrained word vectors: a file of GloVe, word2vec or fastText, or a card such as ``glove_6b_50d``.
        batch_size: Most trees of a batch of one process.
        max_tokens: Most words of a batch of one process, each sentence counted as the longest.
        num_workers: Processes that read ahead.
        columns: What columns are called in the data, where that is something else: ``{tree: parse}``.
    """

    source: Source

    def __init__(
        self,
        source: Source,
        trees: TreeKind = "given",
        labels: Literal["nodes", "root"] = "nodes",
        label_column: str | None = None,
        classes: dict[str, str] | None = None,
        polarity: dict[str, Polarity] | None = None,
        binarize: bool = False,
        unit: WordUnit = "english",
        lowercase: bool = True,
        min_count: Annotated[int, AT_LEAST_1] = 1,
        max_length: Annotated[int, AT_LEAST_1] | None = None,
        vectors: str | None = None,
        batch_size: int | None = 25,
        max_tokens: int | None = None,
        num_workers: Annotated[int, AT_LEAST_0] = 0,
        columns: ColumnNames | None = None,
    ) -> None:
        super().__init__(source, Budget(max_tokens, batch_size), num_workers, vectors)
        self.reader = TreeReader(trees, unit, binarize)
        self.labelling = Labelling(labels == "nodes", label_column, classes)
        self.polarity = polarity
        self.lowercase = lowercase
        self.min_count = min_count
        self.max_length = max_length
        self.columns = columns
        self.labelled: dict[Split, list[LabelledTree]] = {}
        self._spec: Spec | None = None

    @property
    def spec(self) -> Spec:
        """Vocabulary, classes and their polarity, how trees are read, and how deep those of training are."""
        assert self._spec is not None, "setup comes first"
        return self._spec

    def details(self) -> dict[str, str | int | float]:
        """Which trees, sizes of vocabulary and splits, classes, nodes that are learned, pretrained vectors."""
        found: dict[str, str | int | float] = {
            "trees": self.reader.trees,
            "vocabulary": len(self.spec["words"]),
            "classes": ", ".join(self.spec["labels"]),
            "labels": "nodes" if self.spec["below_root"] else "root",
        }
        found |= {f"{split}_trees": len(trees) for split, trees in self.splits.items()}
        return found | ({} if self.vectors_name is None else {"vectors": self.vectors_name})

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        rows: dict[str, Sequence[Row]] = {split: records_of(self.source, split, self.columns) for split in SPLITS}
        self.fingerprint = fingerprint(rows, classes=self.labelling.classes)
        self._spec = self.model_spec()
        if self._spec is not None:
            self.reader = TreeReader(**self._spec["reader"])
        self.labelled = {split: self._trees(split, rows[split], left_out) for split in wanted}
        if self._spec is None:
            self._spec = self._train(self.labelled.get("train") or self._trees("train", rows["train"], left_out))
            self.load_vectors(self._spec["words"])
        encoder = TreeEncoder(self._spec)
        for split, trees in self.labelled.items():
            self.splits[split] = Trees(
                [
                    encoder.encode(one.tree, functools.partial(self.source.place, split, one.row), one.depth)
                    for one in trees
                ]
            )

    def check_arity(self, most: int | None) -> None:
        """Refuses trees with a node of more children than a cell has room for.

        Args:
            most: The most children that a node may have; None for any number.

        Raises:
            UserError: A node has more.
        """
        for split, trees in self.labelled.items():
            for one in trees if most is not None else ():
                children = one.tree.arity()
                if most is not None and children > most:
                    raise UserError(
                        f"a node has {children} children, and the cell has room for {most}",
                        where=self.source.place(split, one.row),
                        hint="--data.binarize true, or a cell for any number: --model.backbone.cell ChildSumTreeLSTM",
                    )

    def _trees(self, split: Split, rows: Sequence[Row], left_out: LeftOut) -> list[LabelledTree]:
        place = functools.partial(self.source.place, split)
        leave = left_out_of(split, left_out)
        found = trees_of(rows, self.reader, self.labelling, self.max_length, place, leave)
        if not found:
            hint = "--data.classes and --data.max_length leave trees out"
            raise UserError(f"no tree of {split} is left", where=self.dataset, hint=hint)
        return found

    def _train(self, labelled: Sequence[LabelledTree]) -> Spec:
        """What the training split decides."""
        trees = [one.tree for one in labelled]
        labels = Labels.train(label for tree in trees for label in tree.labels if label is not None)
        if len(labels) < 2:
            raise UserError(
                f"all trees of train have one label, {labels.names[0]!r}",
                where=self.dataset,
                hint="there is nothing to tell apart",
            )
        for name in self.polarity or ():
            if name not in labels.names:
                hint = did_you_mean(name, labels.names)
                raise UserError(f"no class is called {name!r}", where="--data.polarity", hint=hint)
        if len({tree.words_inside for tree in trees if len(tree) > 1}) > 1:
            raise UserError("some trees are of phrases and some of dependencies", where=self.dataset)
        words = (look_up(tree.words, self.lowercase) for tree in trees)
        depths = [one.depth for one in labelled]
        return {
            "words": Vocabulary.train(words, min_count=self.min_count).tokens,
            "lowercase": self.lowercase,
            "labels": labels.names,
            "polarity": self.polarity,
            "reader": asdict(self.reader),
            "below_root": any(len(tree) - tree.labels.count(None) > 1 for tree in trees),
            "depths": [min(depths), max(depths)],
        }
