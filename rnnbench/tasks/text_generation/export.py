"""A language model as a graph: one step from a token and the state to the next token's probabilities and state."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.backbone.state import StackState
from rnnbench.tasks.base.graph import Graph, step_graph
from rnnbench.tasks.text_generation.model import TextModel


def graph(model: TextModel) -> Graph:
    """Token ``(B,)`` int64 and the leaves of the state -> log-probabilities ``(B, V)`` and the leaves after it.

    Args:
        model: A trained model.
    """

    def step(token: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        scores, after = model.step(token, state)
        return scores.log_softmax(1), after

    return step_graph(
        model,
        step,
        model.initial_state,
        reads=("token", ("batch",)),
        draw=lambda batch: torch.randint(len(model.tokenizer), (batch,)),
        says="log_probabilities",
        beside={
            "application": model.application,
            "tokenizer": model.tokenizer.state(),
            "begin": model.tokenizer.end,
            "unknown": model.tokenizer.unknown,
        },
    )
