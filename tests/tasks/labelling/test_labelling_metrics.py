"""Counts of spans and tags: nothing may depend on the order or the batches."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.tasks.labelling.metrics import CorpusCounts, Counts, count_spans, count_tags, tagging_metrics
from rnnbench.tasks.labelling.sentences import segmented

TAG = st.sampled_from(["O", *(f"{prefix}-{kind}" for prefix in "BIES" for kind in ("LOC", "PER"))])
PAIRS = st.lists(st.lists(st.tuples(TAG, TAG), min_size=1, max_size=8), min_size=1, max_size=8)


def counted(pairs):
    return [count_spans([a for a, _ in one], [b for _, b in one], [False] * len(one)) for one in pairs]


@given(pairs=PAIRS, data=st.data())
def test_the_order_and_the_batches_of_sentences_change_nothing(pairs, data):
    counts = counted(pairs)
    order = data.draw(st.permutations(range(len(pairs))))
    cut = data.draw(st.integers(0, len(pairs)))
    metric = CorpusCounts()
    for part in (order[:cut], order[cut:]):
        if part:
            metric.update(torch.tensor(part), [counts[i] for i in part])
    metric.update(torch.tensor([-1]), [Counts(5, 5, 5, 5, 5)])
    assert metric.compute() == Counts(*map(sum, zip(*counts, strict=True)))


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(pairs=PAIRS)
def test_entity_metrics_are_those_of_seqeval(pairs):
    seqeval = pytest.importorskip("seqeval.metrics")
    truth, answer = ([[pair[side] for pair in one] for one in pairs] for side in (0, 1))
    found = tagging_metrics(Counts(*map(sum, zip(*counted(pairs), strict=True))), "entities")
    assert found["entity_f1"] == pytest.approx(seqeval.f1_score(truth, answer, zero_division=0))
    assert found["entity_precision"] == pytest.approx(seqeval.precision_score(truth, answer, zero_division=0))
    assert found["entity_recall"] == pytest.approx(seqeval.recall_score(truth, answer, zero_division=0))


def test_entities_by_hand():
    """From seqeval's own documentation: one of two is right."""
    truth = [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    answer = [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    counts = counted([list(zip(*pair, strict=True)) for pair in zip(truth, answer, strict=True)])
    assert counts == [(0, 1, 1, 0, 0), (1, 1, 1, 0, 0)]
    assert tagging_metrics(Counts(1, 2, 2, 0, 0), "entities")["entity_f1"] == 0.5


def test_words_by_hand():
    """共同 创造 美好 的 新 世纪, cut as 共同 创造 美 好的 新 世纪; 世纪 is new."""
    truth = segmented(["共同", "创造", "美好", "的", "新", "世纪"])
    answer = segmented(["共同", "创造", "美", "好的", "新", "世纪"])
    novel = [i == 8 for i in range(10)]
    counts = count_spans(truth.tags, answer.tags, novel)
    assert counts == (4, 6, 6, 1, 1)
    metrics = tagging_metrics(counts, "segmentation")
    assert metrics["segmentation_precision"] == metrics["segmentation_recall"] == pytest.approx(4 / 6)
    assert metrics["oov_recall"] == 1
    assert "oov_recall" not in tagging_metrics(counts._replace(novel=0), "segmentation")


def test_tags_by_hand():
    counts = count_tags(["n", "v", "n", "x"], ["n", "n", "n", "n"], [False, True, True, False])
    assert counts == (2, 4, 4, 1, 2)
    assert tagging_metrics(counts, "tags") == {"tag_accuracy": 0.5, "oov_accuracy": 0.5}


def test_nothing_to_find():
    assert set(tagging_metrics(Counts(0, 0, 0, 0, 0), "entities").values()) == {0.0}
