"""What is known about metrics, from the cards of applications; and which values may be compared."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from rnnbench.applications import applications, metric_cards


def known_metrics() -> list[str]:
    """Names of all metrics of which it is known which way is better."""
    return [name for name, card in metric_cards().items() if card.better is not None]


def better(metric: str) -> Literal["higher", "lower"] | None:
    """Which way a metric is better; None where nobody knows."""
    card = metric_cards().get(metric)
    return card.better if card is not None else None


def same_order(one: str, other: str) -> bool:
    """Whether two metrics put any two models in the same order: on the same text, all of likelihood do."""
    if one == other:
        return True
    first, second = metric_cards().get(one), metric_cards().get(other)
    return first is not None and second is not None and first.measures is not None and first.measures == second.measures


def metric_title(metric: str) -> str:
    """A metric's name as papers write it: ``BLEU-4``, ``entity F1``, ``nats per character``."""
    card = metric_cards().get(metric)
    return card.title if card is not None and card.title is not None else metric.replace("_", " ")


def in_order(metrics: Iterable[str], application: str) -> list[str]:
    """The metric names in the order of the application's card, the leading one first; names not on it come last.

    Args:
        metrics: The names.
        application: Name of the application; it need not be installed where its results are read.
    """
    found = applications().get(application)
    known = [card.name for card in found.card.metrics] if found is not None else []
    return sorted(set(metrics), key=lambda name: (known.index(name) if name in known else len(known), name))


def without_repeats(metrics: Iterable[str], application: str) -> list[str]:
    """The metrics in order, less those that are another one of them in another unit."""
    names = in_order(metrics, application)
    cards = {name: metric_cards().get(name) for name in names}
    return [name for name, card in cards.items() if card is None or card.repeats not in names]


def learned_from(metric: str, application: str) -> float | None:
    """The value from which on a run of an application has learned its problem; None where its card states none.

    Args:
        metric: The metric.
        application: Name of the application; it need not be installed where its results are read.
    """
    found = applications().get(application)
    return found.card.learned.get(metric) if found is not None else None


def reaches(metric: str, value: float, criterion: float) -> bool:
    """Whether a value is as good as a criterion."""
    return badness(metric, value) <= badness(metric, criterion)


def badness(metric: str, value: float | None) -> float:
    """A number to sort by, smallest first: the best value leads, and a missing value or NaN comes last."""
    direction = better(metric)
    if value is None or math.isnan(value) or direction is None:
        return math.inf
    return value if direction == "lower" else -value


def best(metric: str, values: Iterable[float | None]) -> float | None:
    """The best of the finite values; None where fewer than two can be compared, or the direction is not known."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if len(finite) < 2 or better(metric) is None:
        return None
    return min(finite, key=lambda value: badness(metric, value))


def speed_title(application: str) -> str:
    """The head of a column of training speeds: ``tokens/s``, or in the unit of the application's card.

    Args:
        application: Its name; it need not be installed where its results are read.
    """
    found = applications().get(application)
    return f"{found.card.units if found is not None else 'units'}/s"


def comparable(signature: str) -> str:
    """The part of a signature that two values must share to be compared.

    A signature is ``name|key:value|...|word``. The name and the ``key:value`` parts say what was measured (tokens
    scored, strips, tokenisation of BLEU). Single words say how this model went about it (``carried``) and may differ:
    a counting model carries no state.
    """
    name, *parts = signature.split("|")
    return "|".join([name, *sorted(part for part in parts if ":" in part)])


def format_value(value: float | None) -> str:
    """A metric's value as tables print it: two decimals for 115.91, four for 1.3950, three digits for 5.31e-06."""
    if value is None:
        return "-"
    if 0 < abs(value) < 0.001:
        return f"{value:.3g}"
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.4f}"
