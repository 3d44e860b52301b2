"""Metrics of a split, by the definition and however the split is cut."""

import math

import pytest
import torch

from rnnbench.tasks.base.classes import CorpusClasses, class_metrics


def test_by_hand():
    classes, predicted = torch.tensor([0, 0, 0, 1, 2]), torch.tensor([0, 0, 1, 1, 1])
    found = class_metrics([0.5, 0.25, 2.0, 0.25, 1.0], classes, predicted)
    assert found["accuracy"] == 3 / 5
    assert found["macro_f1"] == pytest.approx((2 * 2 / (3 + 2) + 2 * 1 / (1 + 3) + 0) / 3)
    assert found["cross_entropy"] == 4 / 5


def test_a_class_that_does_not_occur_and_is_not_given_does_not_count():
    assert class_metrics([0.0], torch.tensor([3]), torch.tensor([3]))["macro_f1"] == 1


def test_against_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    generator = torch.Generator().manual_seed(1)
    classes, predicted = torch.randint(5, (2, 997), generator=generator)
    found = class_metrics([0.0] * 997, classes, predicted)
    assert found["accuracy"] == metrics.accuracy_score(classes, predicted)
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(classes, predicted, average="macro"), rel=1e-12)


@pytest.mark.parametrize("size", [1, 7, 100, 997])
def test_batches_and_their_order_change_no_bit(size):
    generator = torch.Generator().manual_seed(2)
    nats = torch.rand(997, generator=generator, dtype=torch.float64).exp()
    classes, predicted = torch.randint(3, (2, 997), generator=generator)
    whole = class_metrics(nats.tolist(), classes, predicted)
    metric = CorpusClasses()
    for ids in torch.randperm(997, generator=generator).split(size):
        metric.update(ids, nats[ids], classes[ids], predicted[ids])
    metric.update(torch.tensor([-1]), torch.tensor([math.nan]), torch.tensor([0]), torch.tensor([1]))
    assert metric.compute() == (whole, 997)
