"""Frames and segments: the definitions of the field, written plainly, against what is computed."""

import functools
import math
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.tasks.video.metrics import OVERLAPS, ClipScores, FrameRanks, Span, edit_score, found_spans, spans

labels = st.lists(st.integers(0, 2), min_size=1, max_size=12)


def test_spans():
    assert spans([1, 1, 0, 2, 2, 2, 1]) == [Span(1, 0, 2), Span(0, 2, 3), Span(2, 3, 6), Span(1, 6, 7)]
    assert spans([1, 1, 0, 1], background=0) == [Span(1, 0, 2), Span(1, 3, 4)]
    assert spans([0, 0], background=0) == spans([]) == []


@given(labels)
def test_spans_cover_every_frame_once(frames):
    found = spans(frames)
    assert [one.label for one in found for _ in range(one.first, one.end)] == frames
    assert all(a.end == b.first and a.label != b.label for a, b in pairwise(found))


def plain_edit(a, b):
    """Levenshtein's distance by its recursion."""

    @functools.cache
    def distance(i, j):
        if not i or not j:
            return i + j
        same = a[i - 1] == b[j - 1]
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (not same))

    return distance(len(a), len(b))


def plain_counts(said, wanted, background, percent):
    """Action segmentation's F1 as its authors' code counts it: arrays of overlaps, and a list of hits."""
    p, y = spans(said, background), spans(wanted, background)
    hits = np.zeros(len(y))
    true = false = 0
    for one in p:
        best, where = -1.0, None
        for number, other in enumerate(y):
            intersection = min(one.end, other.end) - max(one.first, other.first)
            union = max(one.end, other.end) - min(one.first, other.first)
            overlap = intersection / union * (one.label == other.label)
            if overlap > best:
                best, where = overlap, number
        if where is not None and best >= percent / 100 and not hits[where]:
            true, hits[where] = true + 1, 1
        else:
            false += 1
    return true, false, len(y) - int(hits.sum())


@pytest.mark.parametrize("background", [None, 0])
def test_short_clips_by_brute_force(background):
    """All pairs of clips of five frames and two classes, and of four and three."""
    for size, classes in ((5, 2), (4, 3)):
        every = list(product(range(classes), repeat=size))
        for said in every[:: 3 if classes == 2 else 5]:
            for wanted in every:
                p, y = spans(said, background), spans(wanted, background)
                distance = plain_edit([one.label for one in p], [one.label for one in y])
                assert edit_score(p, y) == 1 - distance / max(len(p), len(y), 1)
                for percent in OVERLAPS:
                    assert found_spans(p, y, percent) == plain_counts(said, wanted, background, percent)


@settings(max_examples=200)
@given(labels, labels)
def test_longer_clips_as_plainly(a, b):
    size = min(len(a), len(b))
    said, wanted = a[:size], b[:size]
    p, y = spans(said, 0), spans(wanted, 0)
    for percent in OVERLAPS:
        found, false, missed = found_spans(p, y, percent)
        assert (found, false, missed) == plain_counts(said, wanted, 0, percent)
        assert found + false == len(p)
        assert found + missed == len(y)
    assert edit_score(p, y) == edit_score(y, p)
    assert (edit_score(p, y) == 1) == ([one.label for one in p] == [one.label for one in y])


def test_a_segment_is_found_once():
    """Two halves of one segment: each overlaps by half, and one of them has found it."""
    wanted = spans([1] * 10, 0)
    assert found_spans(spans([1, 1, 1, 1, 1, 0, 1, 1, 1, 1], 0), wanted, 10) == (1, 1, 0)
    assert found_spans(spans([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], 0), wanted, 50) == (1, 0, 0)
    assert found_spans(spans([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], 0), wanted, 50) == (0, 1, 1)
    assert found_spans([], wanted, 10) == (0, 0, 1)
    assert found_spans(wanted, [], 10) == (0, 1, 0)


def scores(order, parts, background=0):
    metric = ClipScores()
    metric.background = background
    for numbers in parts:
        chosen = [order[i] for i in numbers]
        lengths = torch.tensor([len(CLIPS[i][0]) for i in chosen])
        y, given, hidden = (torch.tensor([x for i in chosen for x in CLIPS[i][part]]) for part in range(3))
        nats = torch.cat([torch.linspace(0.1, 1 + i, len(CLIPS[i][0])) for i in chosen])
        metric.update(torch.tensor(chosen), lengths, nats, y, given, hidden.bool())
    return metric.compute()


CLIPS = [
    ([0, 0, 1, 1, 1, 0], [0, 1, 1, 1, 1, 0], [0, 0, 0, 1, 1, 0]),
    ([2, 2, 0], [2, 0, 0], [1, 1, 0]),
    ([0, 0], [0, 0], [0, 0]),
    ([1], [2], [0]),
]


def test_the_metrics_of_a_split():
    found, told = scores([0, 1, 2, 3], [[0, 1, 2, 3]])
    assert told == "clips:4|frames:12|hidden:4"
    assert found["frame_accuracy"] == 9 / 12
    assert found["hidden_accuracy"] == 3 / 4
    assert found["edit"] == (1 + 1 + 1 + 0) / 4
    # The second clip's segment overlaps by exactly a half.
    assert found["f1_50"] == found["f1_10"] == 2 * 2 / (2 * 2 + 1 + 1)
    assert "hidden_accuracy" not in scores([2], [[0]])[0]


def test_batches_and_their_order_leave_no_trace():
    whole = scores([0, 1, 2, 3], [[0, 1, 2, 3]])
    assert scores([3, 1, 0, 2], [[0], [1, 2], [3]]) == whole


def ranked(parts, lengths=(4, 3, 5)):
    generator = torch.Generator().manual_seed(1)
    logits = torch.randint(-3, 4, (sum(lengths), 3), generator=generator).float()
    y = torch.randint(2, (sum(lengths), 3), generator=generator)
    y[:, 2] = 0
    metric, firsts = FrameRanks(), np.cumsum([0, *lengths])
    for clips in parts:
        numbers = torch.tensor([n for i in clips for n in range(firsts[i], firsts[i + 1])])
        sizes = torch.tensor([lengths[i] for i in clips])
        metric.update(torch.tensor(clips), numbers, sizes, logits[numbers], y[numbers])
    return logits.double(), y, metric.compute()


def test_mean_average_precision_by_its_definition():
    logits, y, (found, told) = ranked([[0, 1, 2]])
    assert told == "frames:12|held:2", "a class that never holds has no average precision"
    precisions = []
    for label in (0, 1):
        area, recall = 0.0, 0.0
        for threshold in sorted(set(logits[:, label].tolist()), reverse=True):
            said = logits[:, label] >= threshold
            right = int((said & (y[:, label] > 0)).sum())
            now = right / int(y[:, label].sum())
            area, recall = area + (now - recall) * right / int(said.sum()), now
        precisions.append(area)
    assert found["map"] == pytest.approx(sum(precisions) / 2, abs=1e-12)
    chances = 1 / (1 + (-logits).exp())
    nats = -(y * chances.log() + (1 - y) * (1 - chances).log()).sum(1)
    assert found["cross_entropy"] == pytest.approx(math.fsum(nats.tolist()) / 12)
    assert ranked([[2], [0, 1]])[2] == (found, told)


def test_a_clip_that_counts_for_nothing_has_no_frames():
    metric = FrameRanks()
    y = torch.tensor([[1], [0], [1]])
    metric.update(torch.tensor([-1, 0]), torch.tensor([0, 0, 1]), torch.tensor([1, 2]), y.float(), y)
    assert metric.compute()[1] == "frames:2|held:1"
