"""A model that fills blanks as a graph: a text and the place of its blank to the probabilities of the vocabulary."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.tasks.base.graph import Computed, Graph, lengths_up_to
from rnnbench.tasks.cloze.batch import ClozeBatch
from rnnbench.tasks.cloze.model import ClozeTask


def graph(model: ClozeTask) -> Graph:
    """Ids ``(B, T)``, lengths ``(B,)`` and places ``(B,)`` of the blanks, int64 -> probabilities ``(B, V)``.

    What stands at the place itself changes nothing.

    Args:
        model: A trained model.
    """
    begin, end = model.encoder.begin, model.encoder.end

    def compute(ids: Tensor, lengths: Tensor, places: Tensor) -> tuple[Tensor]:
        batch, steps = ids.shape
        x = F.pad(ids, (1, 1), value=begin).scatter(1, (lengths + 1)[:, None], end)
        rows = torch.arange(batch, device=ids.device)
        blanks = ClozeBatch(x, lengths, rows * steps + places, places, rows, batch)
        return (model.chances(model(blanks)),)

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        lengths = lengths_up_to(batch, steps)
        places = (torch.rand(batch) * lengths).long()
        return torch.randint(len(model.encoder), (batch, steps)), lengths, places

    return Graph(
        module=Computed(model, compute),
        inputs={"ids": ("batch", "time"), "lengths": ("batch",), "places": ("batch",)},
        outputs=("probabilities",),
        example=example,
        beside={"application": model.application, "tokenizer": model.encoder.portable()},
    )
