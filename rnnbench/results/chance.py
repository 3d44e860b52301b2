"""What a run counts that came to nothing: to leave it out would rank the survivors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from rnnbench.results.metric import badness, better

_OF_CLASSES = ("accuracy", "frame_accuracy", "hidden_accuracy", "node_accuracy", "unit_accuracy")
_OF_TOKENS = ("perplexity", "nats_per_token", "nats_per_character", "nats_per_byte")
_OF_BITS = ("bits_per_character", "bits_per_byte")
_ANYWHERE = {
    # Of two kinds, or of two in which order.
    **dict.fromkeys(("auc", "binary_accuracy", "node_binary_accuracy"), 0.5),
    # Everything is wrong.
    **dict.fromkeys(("word_error_rate", "character_error_rate", "alignment_error_rate"), 1.0),
    **dict.fromkeys(("error", "symbol_error", "mean_error", "transfer_error"), 1.0),
    "ter": 100.0,
}


def chance(metric: str, details: Mapping[str, str | int | float], measured: Iterable[float]) -> float | None:
    """The score of a model that knows nothing, or the worst one that was measured where that is worse or not known.

    Likelihoods are those of a uniform guess among the vocabulary, accuracies are those among the classes, half of the
    links are ranked before what is none; of error rates all is wrong, of what else is better when higher nothing right.

    Args:
        metric: Name of the metric.
        details: What a result says of its data.
        measured: The values of the runs that came to an end.

    Returns:
        None where the metric's direction is not known, or nothing at all is.
    """
    if better(metric) is None:
        return None
    known = [value for value in (_known(metric, details), *measured) if value is not None and math.isfinite(value)]
    return max(known, key=lambda value: badness(metric, value), default=None)


def _known(metric: str, details: Mapping[str, str | int | float]) -> float | None:
    vocabulary = details.get("vocabulary", details.get("target_vocabulary"))
    if metric in (*_OF_TOKENS, *_OF_BITS):
        if not isinstance(vocabulary, int) or vocabulary < 2:
            return None
        if metric == "perplexity":
            return float(vocabulary)
        level = details.get("level", "")
        if metric == "nats_per_token" or (level and metric.endswith(str(level).replace("char", "character"))):
            return math.log2(vocabulary) if metric in _OF_BITS else math.log(vocabulary)
        return None
    if metric in _OF_CLASSES:
        classes = details.get("classes")
        return 1 / len(classes.split(", ")) if isinstance(classes, str) else 0.0
    if metric in _ANYWHERE:
        return _ANYWHERE[metric]
    return 0.0 if better(metric) == "higher" else None
