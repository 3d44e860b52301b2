"""Logistic regression with an L1 penalty, for all labels and for few."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError

STRENGTHS = tuple(2.0**power for power in range(-9, 1))
"""Values of scikit-learn's C that are tried; the smaller, the more weights are zero."""

_MOST_ITERATIONS = 1000

Array = NDArray[np.float64]


class Examples(NamedTuple):
    """Texts as numbers, with their classes."""

    x: Array
    """``(N, U)``: features, of about zero mean and unit deviation."""
    y: NDArray[np.int64]
    """``(N,)``: 0 or 1."""


class Head(NamedTuple):
    """A linear classifier."""

    weights: Array
    """``(U,)``."""
    bias: float
    strength: float
    """C, under which it was fitted."""
    labels: int
    """Number of labels that it was fitted to."""


def fit_head(train: Examples, validation: Examples) -> Head:
    """The weights for the strength of the penalty under which most of the validation texts are right.

        min over w, b of   |w|_1 + C sum_n log(1 + exp(-s_n (w . x_n + b))),   s_n = 2 y_n - 1

    Of strengths that are equally good, the strongest penalty is taken. The bias is penalised like a weight, as the
    solver has it.

    Args:
        train: What is fitted, both classes among it.
        validation: What the strength is chosen by.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise UserError("a probe needs scikit-learn", where="model", hint="pip install 'rnnbench[baselines]'") from None
    # Named otherwise since scikit-learn 1.8.
    by_ratio = inspect.signature(LogisticRegression).parameters["l1_ratio"].default is not None
    penalty = {"l1_ratio": 1.0} if by_ratio else {"penalty": "l1"}
    best, most = None, -1
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, solver="liblinear", max_iter=_MOST_ITERATIONS, random_state=0, **penalty)
        model.fit(train.x, train.y)
        weights, bias = model.coef_[0], float(model.intercept_[0])
        right = int(((validation.x @ weights + bias > 0) == validation.y).sum())
        if right > most:
            best, most = Head(weights, bias, strength, len(train.y)), right
    assert best is not None
    return best


def heads(train: Examples, validation: Examples, draws: int, seed: int) -> Iterator[Head]:
    """Classifiers of 10, 30, 100, 300, ... labels drawn at random, several of each number, and one of all labels.

    Args:
        train: All labels.
        validation: What the strength is chosen by, every time; its labels are not among those counted.
        draws: Draws of each number.
        seed: Seed of the draws.

    Yields:
        The classifiers, that of all labels last.
    """
    for size in _sizes(len(train.y)):
        for draw in range(draws):
            chosen = _draw(train.y, size, np.random.default_rng((seed, size, draw)))
            yield fit_head(Examples(train.x[chosen], train.y[chosen]), validation)
    yield fit_head(train, validation)


def _sizes(count: int) -> Iterator[int]:
    """10, 30, 100, 300, ... below a number."""
    size = 10
    while size < count:
        yield from (one for one in (size, 3 * size) if one < count)
        size *= 10


def _draw(y: NDArray[np.int64], size: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Numbers of some examples, one of each class among them."""
    order = random.permutation(len(y))
    firsts = [int(np.argmax(y[order] == one)) for one in (0, 1)]
    rest = np.delete(order, firsts)
    return np.concatenate([order[firsts], rest])[:size]
