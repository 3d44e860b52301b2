"""The most frequent class, the least that a classifier must beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from rnnbench.tasks.sentiment.baselines.counting import CountingClassifier


class MajorityClassifier(CountingClassifier):
    """Gives every text the most frequent class of the training split, with the frequencies as probabilities."""

    tables = ("counts",)
    counts: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()

    def count(self, texts: Sequence[Tensor], classes: Tensor) -> Mapping[str, Tensor]:
        """How often each class occurs."""
        return {"counts": classes.bincount(minlength=len(self.labels))}

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """See `TextClassifier.forward`; before the counting all classes are equal."""
        scores = self.counts.double().log() if len(self.counts) else x.new_zeros(len(self.labels)).double()
        return scores.expand(len(x), -1)

    def model_name(self) -> str:
        """The name."""
        return "majority class"
