"""The conditions under which a result was made: values are ranked only where they agree."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Split = Literal["validation", "test"]
Field = Literal["application", "dataset", "fingerprint", "metrics", "selection", "budget"]
FIELDS: tuple[Field, ...] = get_args(Field)


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What two results must share to be ranked. Sizes and costs are not among it: they stand beside a result.

    Args:
        application: Id of the application.
        dataset: Name of the data set.
        fingerprint: Hash of the data, of how they are split and of how they are cut into tokens.
        metrics: (Split, metric) -> the part of its signature that says what was measured.
        selection: The rule by which the measured state of the model was chosen.
        budget: What training was allowed; None for a model that is counted, which fits every budget.
    """

    application: str
    dataset: str
    fingerprint: str
    metrics: Mapping[tuple[Split, str], str] = field(hash=False)
    selection: str
    budget: str | None

    @functools.cached_property
    def hash(self) -> str:
        """12 hexadecimal digits."""
        metrics = sorted([*key, signature] for key, signature in self.metrics.items())
        parts = [self.application, self.dataset, self.fingerprint, metrics, self.selection, self.budget]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]

    def differences(self, other: Protocol, across: Collection[Field] = ()) -> list[Field]:
        """The fields in which two protocols differ.

        Metrics differ only where both measured the same one in two ways: a run that was not tested yet has fewer. A
        counted model differs from no budget.

        Args:
            other: The other one.
            across: Fields that may differ.
        """
        found: list[Field] = []
        for name in FIELDS:
            a, b = getattr(self, name), getattr(other, name)
            if name == "metrics":
                differ = any(b.get(key, signature) != signature for key, signature in a.items())
            else:
                differ = a != b and not (name == "budget" and None in (a, b))
            if differ and name not in across:
                found.append(name)
        return found
