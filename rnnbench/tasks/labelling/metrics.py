"""Entities, words and tags that are right, counted over a whole split.

Whole spans are compared, as by the conlleval script and by seqeval for entities, and by the definitions of the SIGHAN
bakeoffs for words: a span is right if both ends and its kind are. T. Emerson, The Second International Chinese Word
Segmentation Bakeoff, 2005; E. Tjong Kim Sang and F. De Meulder, Introduction to the CoNLL-2003 Shared Task, 2003.
The counts are own code, since seqeval sums sentences up already, has no M tag and warns of it; the tests hold the two
against each other. The script of SIGHAN aligns words by ``diff``, which may take a word in another place for the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.data.text.spans import spans
from rnnbench.tasks.base import ItemValues, exact_device
from rnnbench.tasks.labelling.sentences import LabellingTask


class Counts(NamedTuple):
    """What is counted of a sentence: spans, or for plain tags tokens."""

    right: int
    """Found and right."""
    found: int
    """Found by the model."""
    wanted: int
    """There to be found."""
    novel_right: int
    """Those of ``right`` that are not in the training split."""
    novel: int
    """Those of ``wanted`` that are not in the training split."""


def count_tags(wanted: Sequence[str], found: Sequence[str], novel: Sequence[bool]) -> Counts:
    """Counts the tokens of one sentence.

    Args:
        wanted: The right tags.
        found: The tags of the model.
        novel: Which tokens are not in the training split.
    """
    right = [a == b for a, b in zip(wanted, found, strict=True)]
    new = [a for a, b in zip(right, novel, strict=True) if b]
    return Counts(sum(right), len(found), len(wanted), sum(new), len(new))


def count_spans(wanted: Sequence[str], found: Sequence[str], novel: Sequence[bool]) -> Counts:
    """Counts the spans of one sentence.

    Args:
        wanted: The right tags.
        found: The tags of the model.
        novel: Where a span starts that is not in the training split.
    """
    truth, answer = spans(wanted), spans(found)
    new = [span for span in truth if novel[span.start]]
    return Counts(
        len(set(truth) & set(answer)), len(answer), len(truth), len(set(new) & set(answer)), len(new)
    )  # fmt: skip


class CorpusCounts(ItemValues):
    """The counts of every sentence."""

    leading: str
    """Name of the leading metric, once it is known what is looked for."""

    def update(self, ids: Tensor, counts: Sequence[Counts]) -> None:  # type: ignore[override]
        """Enters some sentences.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a sentence that counts for nothing.
            counts: What was counted of each.
        """
        super().update(ids, torch.tensor(counts, dtype=torch.float64, device=exact_device(ids.device)))

    def compute(self) -> Counts:  # type: ignore[override]
        """The sums over all sentences."""
        return Counts(*super().compute().long().sum(0).tolist())

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """2 right, of found + wanted; of plain tags both are all tokens."""
        right, found, wanted = values[:, :3].unbind(1)
        return self.leading, torch.stack([2 * right, found + wanted], 1)


def tagging_metrics(counts: Counts, task: LabellingTask) -> dict[str, float]:
    """What taggers report.

        P = right / found,    R = right / wanted,    F1 = 2 right / (found + wanted)

    and 0 where there is nothing to divide by.

    Args:
        counts: Sums over a split.
        task: What was looked for.

    Returns:
        ``entity_f1``, ``entity_precision`` and ``entity_recall``; or the same of words as ``segmentation_...``, and
        ``oov_recall``, the recall of words that are not in the training split; or ``tag_accuracy`` of all tokens and
        ``oov_accuracy`` of those not in the training split. The last ones are left out where there is no such word.
    """
    if task == "tags":
        metrics = {"tag_accuracy": _share(counts.right, counts.wanted)}
        return metrics if not counts.novel else {**metrics, "oov_accuracy": _share(counts.novel_right, counts.novel)}
    name = "segmentation" if task == "segmentation" else "entity"
    metrics = {
        f"{name}_f1": _share(2 * counts.right, counts.found + counts.wanted),
        f"{name}_precision": _share(counts.right, counts.found),
        f"{name}_recall": _share(counts.right, counts.wanted),
    }
    if task == "segmentation" and counts.novel:
        metrics["oov_recall"] = _share(counts.novel_right, counts.novel)
    return metrics


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
