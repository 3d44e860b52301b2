"""What single samples contribute to the leading metric: their ratio is the metric."""

import pytest
import torch

from rnnbench.tasks.base import ItemValues
from rnnbench.tasks.base.classes import CorpusClasses
from rnnbench.tasks.labelling.metrics import CorpusCounts, Counts, tagging_metrics
from rnnbench.tasks.text_generation.metrics import CorpusLikelihood, likelihood_metrics

IDS = torch.tensor([4, 2, -1, 7])


def ratio(found) -> float:
    score, weight = found.sums.sum(0).tolist()
    return score / weight


def test_accuracy():
    corpus = CorpusClasses()
    corpus.update(IDS, torch.rand(4), torch.tensor([1, 0, 1, 1]), torch.tensor([1, 1, 1, 1]))
    wanted = corpus.compute()[0]
    corpus.reset()
    found = corpus.item_sums()
    assert found.metric == "accuracy"
    assert found.numbers.tolist() == [2, 4, 7]
    assert found.sums.tolist() == [[0, 1], [1, 1], [1, 1]]
    assert ratio(found) == wanted["accuracy"]


def test_likelihood():
    corpus = CorpusLikelihood()
    for place, nats, tokens in [(1, 7.5, 5), (0, 3.25, 4), (-1, 0.0, 0)]:
        corpus.update(torch.tensor(place), torch.tensor(nats), tokens)
    wanted = likelihood_metrics(*corpus.compute(), None)
    found = corpus.item_sums()
    assert (found.metric, found.numbers.tolist()) == ("nats_per_token", [0, 1])
    assert ratio(found) == wanted["nats_per_token"]


@pytest.mark.parametrize(
    ("task", "leading"), [("entities", "entity_f1"), ("segmentation", "segmentation_f1"), ("tags", "tag_accuracy")]
)
def test_labels(task, leading):
    # Of plain tags, as many are found as there are.
    counts = [Counts(3, 5, 4 if task != "tags" else 5, 0, 0), Counts(0, 0, 0, 0, 0), Counts(2, 2, 2, 1, 1)]
    corpus = CorpusCounts()
    corpus.leading = leading
    corpus.update(torch.tensor([0, 1, 2]), counts)
    wanted = tagging_metrics(corpus.compute(), task)
    found = corpus.item_sums()
    assert found.metric == leading
    assert ratio(found) == wanted[leading]


def test_values_that_are_no_sums_are_not_kept():
    metric = ItemValues()
    assert metric.item_sums() is None
    metric.update(torch.tensor([0]), torch.tensor([[1.0]]))
    metric.compute()
    assert metric.item_sums() is None
