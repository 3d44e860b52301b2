"""The most frequent tag of each token."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.data.batches.batch import TaggingBatch
from rnnbench.tasks.base import CountingModel, Spec
from rnnbench.tasks.labelling.data import TaggingData
from rnnbench.tasks.labelling.model import TaggingModel


class MajorityTagger(CountingModel[TaggingData], TaggingModel):
    """Gives each token the tag that it has most often in training, and an unknown one the most frequent tag of all.

    It counts the training split in one epoch. Among equally frequent tags the first one in order is taken.
    """

    tables = ("counts",)
    counts: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()

    def build(self, spec: Spec) -> None:
        """Makes the table of counts."""
        self.register_buffer("counts", torch.zeros(len(self.encoder.tokens), len(self.tags), dtype=torch.int64))

    def count_batch(self, batch: TaggingBatch) -> None:
        """Counts the tags of some sentences."""
        valid = batch.y >= 0
        self.counts.index_put_((batch.x[valid], batch.y[valid]), torch.ones_like(batch.y[valid]), accumulate=True)

    def predict_tags(self, batch: TaggingBatch) -> Tensor:
        """See `TaggingModel.predict_tags`."""
        return self._table()[batch.x].argmax(2)

    def tag_probabilities(self, batch: TaggingBatch, tags: Tensor) -> Tensor:
        """See `TaggingModel.tag_probabilities`; relative frequencies."""
        counts = self._table()[batch.x].double()
        return (counts / counts.sum(2, keepdim=True).clamp(min=1)).gather(2, tags[..., None]).squeeze(2)

    def num_parameters(self) -> int:
        """Number of tokens that have a tag."""
        return int(self.counts.any(1).sum())

    def model_name(self) -> str:
        """What it is."""
        return "most frequent tag"

    def _table(self) -> Tensor:
        """The counts; a token that was not counted has those of all tokens together."""
        return torch.where(self.counts.any(1, keepdim=True), self.counts, self.counts.sum(0))
