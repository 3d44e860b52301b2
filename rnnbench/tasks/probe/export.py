"""A probe as a graph: a text to the state that a language model is in after it, and the class that this tells."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.backbone.units import units
from rnnbench.errors import UserError
from rnnbench.tasks.base.graph import Computed, Graph, lengths_up_to
from rnnbench.tasks.probe.model import StateProbe


def graph(model: StateProbe) -> Graph:
    """Ids ``(B, T)`` and lengths ``(B,)`` int64 -> probabilities ``(B, 2)`` float64, units of the state ``(B, U)``.

    Args:
        model: A trained probe.

    Raises:
        UserError: It takes the mean of the states after all tokens.
    """
    if model.pooling != "last":
        raise UserError(
            "the mean of the states after all tokens takes the state after each, and a graph gives the last one",
            where="rnnbench export",
            hint="a probe of the state after the last token has a graph: --model.pooling last",
        )
    network, tokenizer = model.network, model.network.tokenizer

    def compute(ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        # The token that stands before every document.
        tokens = F.pad(ids, (1, 0), value=tokenizer.end)
        state = network.after(tokens, lengths + 1, network.initial_state(ids.shape[0]))
        found = units(network.backbone, state)
        return model.probabilities(found), found

    return Graph(
        module=Computed(model, compute),
        inputs={"ids": ("batch", "time"), "lengths": ("batch",)},
        outputs=("probabilities", "units"),
        example=lambda batch, steps: (torch.randint(len(tokenizer), (batch, steps)), lengths_up_to(batch, steps)),
        beside={
            "application": model.application,
            "tokenizer": tokenizer.state(),
            "unknown": tokenizer.unknown,
            "labels": model.class_names,
            "best_unit": model.best_unit[0],
        },
    )
