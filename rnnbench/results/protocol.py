"""The conditions under which a result was made: values are ranked only where they agree."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from rnnbench.results.metric import in_order

Split = Literal["validation", "test"]
Field = Literal[
    "application",
    "fingerprint",
    "metrics",
    "selection",
    "budget",
    "hardware",
    "decoding",
    "checkpoint",
    "start",
]
FIELDS: tuple[Field, ...] = get_args(Field)
_OPEN: tuple[Field, ...] = ("budget", "hardware", "decoding", "checkpoint")
"""Fields that some models have nothing to say about: None fits all."""


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What two results must share to be ranked. Sizes and costs are not among it: they stand beside a result.

    Nor is the name of the data set: a name is a label, and data are known by their fingerprint. Equal data in two
    folders are ranked together, different data of one name are not.

    Args:
        application: Id of the application.
        fingerprint: Hash of the data and of how they are split.
        metrics: (Split, metric) -> the part of its signature that says what was measured. Each metric has one of its
            own, and only that of the metric which values are ranked by has to be the same.
        selection: The rule by which the measured state of the model was chosen.
        budget: What training was allowed; None for a model that is counted, which fits every budget.
        hardware: What a budget of time was spent on; None for any other budget.
        decoding: How outputs were searched for; None for a model that searches for none.
        checkpoint: The state that was tested, ``selected`` for the one that the rule chose; None before a test.
        start: The run that the weights began from; None for a run from scratch.
    """

    application: str
    fingerprint: str
    metrics: Mapping[tuple[Split, str], str] = field(hash=False)
    selection: str
    budget: str | None
    hardware: str | None = None
    decoding: str | None = None
    checkpoint: str | None = None
    start: str | None = None

    @functools.cached_property
    def hash(self) -> str:
        """12 hexadecimal digits."""
        metrics = sorted([*key, signature] for key, signature in self.metrics.items())
        # Runs from scratch keep the hash that they had before there were others.
        fields = [name for name in FIELDS if name != "start" or self.start is not None]
        parts = [metrics if name == "metrics" else getattr(self, name) for name in fields]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]

    def differences(self, other: Protocol, across: Collection[Field] = (), metric: str | None = None) -> list[Field]:
        """The fields in which two protocols differ.

        Metrics differ only where both measured the leading one in two ways: perplexities of words and of subwords do
        not part two translations with BLEU. A run that was not tested yet has fewer. A counted model differs from no
        budget.

        Args:
            other: The other one.
            across: Fields that may differ.
            metric: The metric that values are ranked by; the leading one of those that both have where none is given.
        """
        found: list[Field] = []
        for name in FIELDS:
            a, b = getattr(self, name), getattr(other, name)
            if name == "metrics":
                differ = bool(self.measured_differently(other, metric))
            else:
                differ = a != b and not (name in _OPEN and None in (a, b))
            if differ and name not in across:
                found.append(name)
        return found

    def measured_differently(self, other: Protocol, metric: str | None = None) -> list[tuple[Split, str]]:
        """The splits on which two protocols measured the metric that values are ranked by in two ways, with the metric.

        Args:
            other: The other one.
            metric: The metric; the leading one of those that both have where none is given.
        """
        both = {name for _, name in self.metrics} & {name for _, name in other.metrics}
        names = in_order(both, self.application)
        chosen = metric or next(iter(names), None)
        return [
            key
            for key, signature in self.metrics.items()
            if key[1] == chosen and other.metrics.get(key, signature) != signature
        ]
