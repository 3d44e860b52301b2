"""What is fitted to states: the conditions of a minimum, and brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.tasks.probe.regression import STRENGTHS, Examples, fit_head, heads
from rnnbench.tasks.probe.threshold import best_unit


def examples(count, units=12, seed=0, noise=1.0):
    """Of the units two count."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, units))
    return Examples(x, (x[:, 3] - x[:, 7] + noise * random.normal(size=count) > 0).astype(np.int64))


def test_the_weights_are_those_of_the_minimum():
    train = examples(400)
    head = fit_head(train, examples(200, seed=1))
    signs = 2 * train.y - 1
    pull = signs / (1 + np.exp(signs * (train.x @ head.weights + head.bias)))
    # C times the gradient of the likelihood is the sign of a weight, and no more than 1 where the weight is zero.
    gradient = head.strength * train.x.T @ pull
    used = head.weights != 0
    assert used[[3, 7]].all()
    assert not used.all()
    np.testing.assert_allclose(gradient[used], np.sign(head.weights[used]), atol=0.02)
    assert (np.abs(gradient[~used]) <= 1.02).all()


def test_the_strength_is_the_one_that_is_best_on_validation():
    train, validation = examples(60, units=40, noise=2), examples(300, units=40, seed=1, noise=2)
    from sklearn.linear_model import LogisticRegression

    right = []
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, l1_ratio=1.0, solver="liblinear", max_iter=1000, random_state=0)
        right.append(model.fit(train.x, train.y).score(validation.x, validation.y))
    assert len(set(right)) > 1
    assert fit_head(train, validation).strength == STRENGTHS[int(np.argmax(right))]


def test_fewer_labels_are_drawn_anew_and_hold_both_classes():
    train = examples(350)
    train.y[:] = 0
    train.y[[5, 300]] = 1
    found = list(heads(train, examples(50, seed=1), draws=3, seed=4))
    assert [head.labels for head in found] == [10] * 3 + [30] * 3 + [100] * 3 + [300] * 3 + [350]
    again = list(heads(train, examples(50, seed=1), draws=3, seed=4))
    assert all(np.array_equal(a.weights, b.weights) for a, b in zip(found, again, strict=True))
    few = list(heads(examples(7), examples(50, seed=1), draws=3, seed=4))
    assert [head.labels for head in few] == [7]


@settings(max_examples=60)
@given(st.data())
def test_no_other_unit_and_threshold_is_right_more_often(data):
    size = data.draw(st.integers(2, 7))
    values = np.array(
        data.draw(st.lists(st.lists(st.integers(-3, 3), min_size=3, max_size=3), min_size=size, max_size=size))
    )
    values = values.astype(np.float32)
    classes = np.array(data.draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)), dtype=np.int64)
    rule = best_unit(values, classes)

    def right(unit, threshold, sign):
        return int(((sign * (values[:, unit] - threshold) > 0) == classes).sum())

    assert right(rule.unit, rule.threshold, rule.sign) == rule.right
    edges = np.arange(-3.5, 4)
    brute = max(right(*one) for one in itertools.product(range(3), edges, (1, -1)))
    assert rule.right == brute
    assert rule.unit == min(
        unit for unit in range(3) if max(right(unit, *one) for one in itertools.product(edges, (1, -1))) == brute
    )


def test_a_unit_that_was_put_there_is_found():
    random = np.random.default_rng(0)
    values, classes = random.normal(size=(500, 64)), random.integers(0, 2, 500)
    values[:, 17] = np.where(classes == 1, -1.0, 1.0) + 0.3 * random.normal(size=500)
    rule = best_unit(values, classes)
    assert (rule.unit, rule.sign) == (17, -1)
    assert rule.threshold == pytest.approx(0, abs=0.3)
