"""What is known about metrics: which way is better, which one leads a table, which values may be compared."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

BETTER: dict[str, Literal["higher", "lower"]] = {
    "bleu": "higher",
    "bleu_4": "higher",
    "cider": "higher",
    "meteor": "higher",
    "rouge_l": "higher",
    "bleu_3": "higher",
    "bleu_2": "higher",
    "bleu_1": "higher",
    "exact_semantics": "higher",
    "pointing": "higher",
    "chrf": "higher",
    "ter": "lower",
    "exact": "higher",
    "alignment_accuracy": "higher",
    "word_error_rate": "lower",
    "character_error_rate": "lower",
    "f1": "higher",
    "entity_f1": "higher",
    "segmentation_f1": "higher",
    "tag_accuracy": "higher",
    "oov_recall": "higher",
    "oov_accuracy": "higher",
    "entity_precision": "higher",
    "entity_recall": "higher",
    "segmentation_precision": "higher",
    "segmentation_recall": "higher",
    "accuracy": "higher",
    "macro_f1": "higher",
    "cross_entropy": "lower",
    "perplexity": "lower",
    "character_perplexity": "lower",
    "nats_per_character": "lower",
    "nats_per_byte": "lower",
    "bits_per_character": "lower",
    "bits_per_byte": "lower",
    "nats_per_token": "lower",
}
"""Every metric's direction, the one place that knows it. Where a run has several metrics, the first here leads."""

_SAYS_THE_SAME = {
    "nats_per_token": "perplexity",
    "bits_per_character": "nats_per_character",
    "bits_per_byte": "nats_per_byte",
}

_SPELT = {
    **{f"bleu{end}": f"BLEU{end.replace('_', '-')}" for end in ("", "_1", "_2", "_3", "_4")},
    "cider": "CIDEr-D",
    "meteor": "METEOR",
    "rouge_l": "ROUGE-L",
    "chrf": "chrF",
    "ter": "TER",
    "f1": "F1",
    "oov": "OOV",
}

_OF_LIKELIHOOD = {
    "perplexity",
    "nats_per_token",
    "nats_per_character",
    "nats_per_byte",
    "bits_per_character",
    "bits_per_byte",
}


def same_order(one: str, other: str) -> bool:
    """Whether two metrics put any two models in the same order: on the same text, all of likelihood do."""
    return one == other or {one, other} <= _OF_LIKELIHOOD


def metric_title(metric: str) -> str:
    """A metric's name as papers write it: ``BLEU-4``, ``entity F1``, ``nats per character``."""
    return _SPELT.get(metric) or " ".join(_SPELT.get(word, word) for word in metric.split("_"))


def in_order(metrics: Iterable[str]) -> list[str]:
    """The metric names, the leading one first; names that ``BETTER`` does not know come last."""
    known = list(BETTER)
    return sorted(set(metrics), key=lambda name: (known.index(name) if name in BETTER else len(known), name))


def without_repeats(metrics: Iterable[str]) -> list[str]:
    """The metrics in order, less those that are another one of them in another unit."""
    names = in_order(metrics)
    return [name for name in names if _SAYS_THE_SAME.get(name) not in names]


def badness(metric: str, value: float | None) -> float:
    """A number to sort by, smallest first: the best value leads, and a missing value or NaN comes last."""
    if value is None or math.isnan(value) or metric not in BETTER:
        return math.inf
    return value if BETTER[metric] == "lower" else -value


def best(metric: str, values: Iterable[float | None]) -> float | None:
    """The best of the finite values; None where fewer than two can be compared, or the direction is not known."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if len(finite) < 2 or metric not in BETTER:
        return None
    return min(finite, key=lambda value: badness(metric, value))


def comparable(signature: str) -> str:
    """The part of a signature that two values must share to be compared.

    A signature is ``name|key:value|...|word``. The name and the ``key:value`` parts say what was measured (tokens
    scored, strips, tokenisation of BLEU). Single words say how this model went about it (``carried``) and may differ:
    a counting model carries no state.
    """
    name, *parts = signature.split("|")
    return "|".join([name, *sorted(part for part in parts if ":" in part)])


def format_value(value: float | None) -> str:
    """A metric's value as tables print it: two decimals for 115.91, four for 1.3950."""
    if value is None:
        return "-"
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.4f}"
