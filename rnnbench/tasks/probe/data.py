"""Texts of two classes, as they are: what a token is, is the business of the model that reads them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.column_names import ColumnNames, rows_of
from rnnbench.data.fingerprint import kept_fingerprint
from rnnbench.data.kept import Kept, short_hash
from rnnbench.data.lazy import take
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import SPLITS, Source, Split
from rnnbench.data.text.vocabulary import Labels
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0
from rnnbench.tasks.base import BucketedData, Spec
from rnnbench.tasks.base.labelled_texts import Place, class_numbers, in_classes, texts_of


class TextBatch(NamedTuple):
    """Texts with their classes. B texts."""

    texts: tuple[str, ...]
    """The B texts."""
    y: Tensor
    """Their classes ``(B,)`` int64: 0 or 1."""
    ids: Tensor
    """``(B,)`` int64: number of each text in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Number of characters."""


class ClassifiedTexts:
    """The texts of a split; called with some of their numbers, it makes a batch of them, the same in every epoch.

    Args:
        texts: The texts.
        classes: Their classes ``(N,)`` int64.
    """

    def __init__(self, texts: Sequence[str], classes: Tensor) -> None:
        self.texts = texts
        self.classes = classes
        self.lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        """Number of characters of each ``(N,)``."""

    def __call__(self, samples: list[int], epoch: int) -> TextBatch:
        """The batch of some texts."""
        texts = tuple(take(self.texts, samples))
        return TextBatch(texts, self.classes[samples], torch.tensor(samples), sum(map(len, texts)))


class ProbeData(BucketedData[ClassifiedTexts]):
    """Texts of two classes, in batches of about equal length.

    Rows have a ``text`` and a ``label``. The classes are those of the training split.

    Args:
        source: Where the texts come from.
        classes: The class of each label, such as ``{very negative: negative, negative: negative}``; texts with another
            label are left out. Without it, every label is a class.
        batch_size: Most texts of a batch of one process.
        max_tokens: Most characters of a batch of one process, padding included.
        num_workers: Processes that read ahead.
        columns: What columns are called in the data, where that is something else: ``{text: review, label: stars}``.
    """

    source: Source

    def __init__(
        self,
        source: Source,
        classes: dict[str, str] | None = None,
        batch_size: int | None = 64,
        max_tokens: int | None = None,
        num_workers: Annotated[int, AT_LEAST_0] = 0,
        columns: ColumnNames | None = None,
    ) -> None:
        super().__init__(source, Budget(max_tokens, batch_size), num_workers)
        self.classes = classes
        self.columns = columns
        self.labels: Labels | None = None

    @property
    def spec(self) -> Spec:
        """The two classes."""
        assert self.labels is not None, "setup comes first"
        return {"labels": self.labels.names}

    def details(self) -> dict[str, str | int | float]:
        """Classes, number of texts of each split, share of padding in training."""
        assert self.labels is not None, "setup comes first"
        found = {f"{split}_texts": len(texts.texts) for split, texts in self.splits.items()}
        return {"classes": ", ".join(self.labels.names), **found, **self.padding()}

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        rows = {split: rows_of(self.source, split, self.columns) for split in SPLITS}
        kept = Kept(self.source.kept_in(), self.dataset)
        self.fingerprint = kept_fingerprint(kept, lambda: rows, self.columns, classes=self.classes)
        spec = self.model_spec()
        needed = wanted if spec is not None or "train" in wanted else ("train", *wanted)
        texts = {}
        for split in needed:
            name = f"{split}-labels-{short_hash(self.columns)}"
            found = texts_of(rows[split], self._place(split), kept, name)
            texts[split] = in_classes(found, self.classes, split, left_out)
        self.labels = Labels(texts["train"].occurring() if spec is None else spec["labels"])
        self._check_two()
        for split in wanted:
            classes = class_numbers(texts[split], self.labels, self._place(split))
            self.splits[split] = ClassifiedTexts(texts[split].texts, classes)

    def _place(self, split: Split) -> Place:
        return functools.partial(self.source.place, split)

    def _check_two(self) -> None:
        assert self.labels is not None
        names = self.labels.names
        if len(names) == 1:
            raise UserError(
                f"all texts of train have one label, {names[0]!r}",
                where=self.dataset,
                hint="there is nothing to tell apart",
            )
        if len(names) > 2:
            raise UserError(
                f"a probe tells two classes apart, and the texts of train have {len(names)}: {', '.join(names[:10])}",
                where="data.classes",
                hint=f"--data.classes '{{{names[0]}: one, {names[-1]}: other}}' says which labels make which class",
            )
