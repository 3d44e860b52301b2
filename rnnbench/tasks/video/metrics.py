"""How well frames are labelled, and how well what happens is found as a whole.

Segments are judged as in C. Lea et al., Temporal Convolutional Networks for Action Segmentation and Detection, CVPR
2017.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact
from rnnbench.tasks.base.ranking import average_precision

OVERLAPS = (10, 25, 50)
"""Per cent of overlap from which on a segment is found."""


class Span(NamedTuple):
    """Frames of one class that follow each other."""

    label: int
    first: int
    end: int
    """The frame after the last one."""


def spans(labels: Sequence[int], background: int | None = None) -> list[Span]:
    """The longest runs of equal labels.

    Args:
        labels: Label of each frame.
        background: A label whose runs are left out.
    """
    found, first = [], 0
    for label, run in groupby(labels):
        end = first + sum(1 for _ in run)
        if label != background:
            found.append(Span(label, first, end))
        first = end
    return found


def edit_score(given: Sequence[Span], wanted: Sequence[Span]) -> float:
    """1 - D / max(M, N), D being the Levenshtein distance of the labels of M and N segments; 1 where there are none.

    Args:
        given: Segments that a model says.
        wanted: The right ones.
    """
    row = list(range(len(wanted) + 1))
    for i, one in enumerate(given, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(wanted, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one.label != other.label))
    return 1 - row[-1] / max(len(given), len(wanted), 1)


def found_spans(given: Sequence[Span], wanted: Sequence[Span], percent: int) -> tuple[int, int, int]:
    """How many segments are found, wrongly said, and missed.

    A segment that is said, in turn, takes the right one of its label with which it overlaps most, by intersection over
    union; it has found it if that is enough and nothing has found it before.

    Args:
        given: Segments that a model says.
        wanted: The right ones.
        percent: Least intersection over union that is enough, in per cent.
    """
    taken: set[int] = set()
    for one in given:
        overlaps = [_overlap(one, other) for other in wanted]
        best = max(range(len(wanted)), key=overlaps.__getitem__, default=None)
        if best is None or best in taken or overlaps[best] == 0:
            continue
        intersection, union = _parts(one, wanted[best])
        # Whole numbers: half of an odd number is no question of rounding.
        if 100 * intersection >= percent * union:
            taken.add(best)
    return len(taken), len(given) - len(taken), len(wanted) - len(taken)


class ClipScores(ItemValues):
    """Of every clip: its frames, what is right of them, and how its segments were found."""

    background: int | None = None

    def update(  # type: ignore[override]
        self, ids: Tensor, lengths: Tensor, nats: Tensor, y: Tensor, given: Tensor, hidden: Tensor
    ) -> None:
        """Enters some clips, of N frames in all.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a clip that counts for nothing.
            lengths: Frames of each ``(B,)``.
            nats: Negative log-likelihood of the class of each frame ``(N,)``.
            y: The classes ``(N,)``.
            given: The classes they were given ``(N,)``.
            hidden: Which frames are hidden ``(N,)`` bool.
        """
        sizes = lengths.tolist()
        parts = zip(*(part.split(sizes) for part in (exact(nats), y, given, hidden)), strict=True)
        rows = [self._row(*part) for part in parts]
        super().update(ids, torch.tensor(rows, dtype=torch.float64).view(len(ids), -1).to(exact(nats).device))

    def _row(self, nats: Tensor, y: Tensor, given: Tensor, hidden: Tensor) -> list[float]:
        right = y == given
        said, wanted = (spans(labels.tolist(), self.background) for labels in (given, y))
        counts = [number for percent in OVERLAPS for number in found_spans(said, wanted, percent)]
        sums = [len(y), int(right.sum()), int(hidden.sum()), int((right & hidden).sum()), float(nats.sum())]
        return [*sums, edit_score(said, wanted), *counts]

    def compute(self) -> tuple[dict[str, float], str]:  # type: ignore[override]
        """The metrics, and how many clips, frames and hidden ones there are.

        ``frame_accuracy`` and ``hidden_accuracy`` are shares of all frames, and of all hidden ones. ``edit`` is the
        mean over clips. ``f1_50`` and so on are 2 TP / (2 TP + FP + FN), counted over the segments of all clips.
        """
        values = super().compute()
        frames, right, hidden, right_hidden, nats, edit, *counts = (math.fsum(column) for column in values.T.tolist())
        found = {"frame_accuracy": right / frames}
        if hidden:
            found["hidden_accuracy"] = right_hidden / hidden
        for place, percent in enumerate(OVERLAPS):
            true, false, missed = counts[3 * place : 3 * place + 3]
            found[f"f1_{percent}"] = 2 * true / max(2 * true + false + missed, 1)
        found |= {"edit": edit / len(values), "cross_entropy": nats / frames}
        told = f"|hidden:{int(hidden)}" if hidden else ""
        return found, f"clips:{len(values)}|frames:{int(frames)}{told}"

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """Frame accuracy: the frames of a clip that are right, of all its frames."""
        return "frame_accuracy", values[:, [1, 0]]

    def frame_accuracies(self) -> dict[int, float]:
        """Of each clip that metrics were last computed of, by its number, the share of its frames that is right."""
        assert self._last is not None, "compute comes first"
        numbers, values = self._last
        return dict(zip(numbers.tolist(), (values[:, 1] / values[:, 0]).tolist(), strict=True))


class FrameRanks(ItemValues):
    """Of every frame: the score of each class, and whether it holds."""

    def update(self, ids: Tensor, numbers: Tensor, lengths: Tensor, scores: Tensor, y: Tensor) -> None:  # type: ignore[override]
        """Enters the frames of some clips.

        Args:
            ids: Numbers of the clips ``(B,)`` int64; the frames of one with a negative number count for nothing.
            numbers: Numbers of the frames ``(N,)``.
            lengths: Frames of each clip ``(B,)``.
            scores: Log-odds of the classes ``(N, C)``.
            y: 1 for a class that holds, 0 for another ``(N, C)``.
        """
        counted = ids.to(numbers.device).repeat_interleave(lengths.to(numbers.device)) >= 0
        super().update(torch.where(counted, numbers, -1), torch.cat([exact(scores), exact(y)], 1))

    def compute(self) -> tuple[dict[str, float], str]:  # type: ignore[override]
        """``map`` and ``cross_entropy``, and how many frames there are, and classes that hold anywhere.

        ``map`` is the mean of the average precisions of these classes. ``cross_entropy`` is the mean over frames of the
        sum over all classes, in nats.
        """
        scores, y = super().compute().chunk(2, dim=1)
        there = [label for label in range(y.shape[1]) if y[:, label].any()]
        found = [average_precision(scores[:, label], y[:, label] > 0) for label in there]
        nats = F.binary_cross_entropy_with_logits(scores, y, reduction="none").sum(1)
        values = {"map": math.fsum(found) / max(len(found), 1), "cross_entropy": math.fsum(nats.tolist()) / len(nats)}
        return values, f"frames:{len(y)}|held:{len(there)}"


def _parts(one: Span, other: Span) -> tuple[int, int]:
    """Frames of the intersection and of the union of two segments that overlap."""
    return min(one.end, other.end) - max(one.first, other.first), max(one.end, other.end) - min(one.first, other.first)


def _overlap(one: Span, other: Span) -> float:
    """Intersection over union; 0 where the labels differ or there is none."""
    if one.label != other.label:
        return 0.0
    intersection, union = _parts(one, other)
    return max(intersection, 0) / union
