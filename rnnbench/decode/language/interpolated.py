"""A Kneser-Ney model in the form of back-off, in which it can be searched with and written to an ARPA file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnbench.decode.language.backoff import BEGIN, END, BackoffModel
from rnnbench.decode.language.kneser_ney import KneserNey

# Log-probability of a token that is never predicted, as ARPA files have it.
_NEVER = -99 * np.log(10)


def with_backoff(model: KneserNey, tokens: Sequence[str], line_end: str = END) -> BackoffModel:
    """The same probabilities as a back-off model.

    An interpolated model has this form: an n-gram that was seen has its interpolated probability, any other gamma(h)
    times the probability after the shorter context. Where the model has sentences, its boundary becomes ``</s>`` as the
    last token of an n-gram and ``<s>`` as the first of several.

    Args:
        model: The model, of order 1 or more.
        tokens: Its vocabulary, in the order of ids.
        line_end: In a model without a boundary, the token that stands before a sentence and after it.
    """
    names = list(tokens)
    boundary = model.boundary
    if boundary is not None:
        names[boundary] = END
        names.append(BEGIN)
    rows = np.arange(model.vocabulary_size)  # the new row of each k-gram; <s> comes after all others
    all_keys, all_log_probs, all_backoffs = [], [], []
    for k, (keys, log_probs, weights) in enumerate(model.interpolated(), start=1):
        if k == 1:
            if boundary is not None:
                log_probs, weights = np.append(log_probs, _NEVER), np.append(weights, weights[boundary])
                rows[boundary] = len(names) - 1
        else:
            first, last = np.divmod(keys, model.vocabulary_size)
            keys = rows[first] * len(names) + last
            ranked = np.argsort(keys)
            rows = np.empty_like(ranked)
            rows[ranked] = np.arange(len(ranked))
            keys, log_probs, weights = keys[ranked], log_probs[ranked], weights[ranked]
            all_keys.append(keys)
        all_log_probs.append(log_probs)
        all_backoffs.append(weights)
    begin, end = (line_end, line_end) if boundary is None else (BEGIN, END)
    return BackoffModel(names, all_keys, all_log_probs, all_backoffs[:-1], begin, end)
