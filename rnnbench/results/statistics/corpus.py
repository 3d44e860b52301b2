"""Metrics of a whole corpus as functions of sums over its items, which is what resampling needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ORDERS = 4


def ratio(sums: Floats) -> Floats:
    """Sum of scores over sum of weights: accuracy, word error rate, cross-entropy, F1 (2 right / (found + wanted)).

    Args:
        sums: ``(..., 2)``.
    """
    return sums[..., 0] / sums[..., 1]


def bleu(sums: Floats) -> Floats:
    """BLEU with the exponential smoothing that sacreBLEU has by default.

    K. Papineni et al., BLEU, ACL 2002; smoothing: B. Chen, C. Cherry, A Systematic Comparison of Smoothing Techniques
    for Sentence-Level BLEU, WMT 2014, method 3.

    Args:
        sums: ``(..., 10)``: length of the hypotheses, of the references, n-grams of order 1 to 4 that match, n-grams of
            order 1 to 4 in the hypotheses.
    """
    hypothesis, reference = sums[..., 0], sums[..., 1]
    right, total = sums[..., 2 : 2 + _ORDERS], sums[..., 2 + _ORDERS :]
    # The k-th order without a match counts as 1 / 2^k of one.
    halved = np.where(right == 0, 0.5 ** np.cumsum(right == 0, axis=-1), right)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.exp(np.log(100.0 * halved / total).mean(axis=-1))
        brevity = np.minimum(1.0, np.exp(1 - reference / hypothesis))
    nothing = (right == 0).all(axis=-1) | (total == 0).any(axis=-1)
    return np.where(nothing, 0.0, brevity * precision)
