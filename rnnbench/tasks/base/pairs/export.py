"""An encoder-decoder over texts as two graphs: the source, and a step of the decoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.tasks.base.decoder_graphs import decoder_graphs
from rnnbench.tasks.base.graph import Graph, lengths_up_to
from rnnbench.tasks.base.pairs.recurrent import EncoderDecoder


def pair_graphs(model: Any) -> tuple[Graph, Graph]:
    """``encoder``: ids ``source (B, S)`` and ``lengths (B,)`` int64, ``<eos>`` among them -> see `decoder_graphs`.

    Args:
        model: A trained model.

    Raises:
        UserError: It is none that writes token by token.
    """
    if not isinstance(model, EncoderDecoder):
        raise UserError(
            f"a {type(model).__name__} has no graph",
            where="rnnbench export",
            hint="predict answers: rnnbench predict --run RUN",
        )
    source, target = model.source_encoder, model.target_encoder

    def draw(batch: int, steps: int) -> tuple[Tensor, ...]:
        return torch.randint(len(source), (batch, steps)), lengths_up_to(batch, steps)

    beside = {
        "application": model.application,
        "source": source.portable(),
        "target": target.portable(),
        "begin": target.begin,
        "end": target.end,
    }
    reads = {"source": ("batch", "places"), "lengths": ("batch",)}
    return decoder_graphs(model, model.start, model.step, reads, draw, len(target), beside)
