"""A language model as a graph: one step from a token and the state to the next token's probabilities and state."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.backbone.state import leaves, unflatten
from rnnbench.tasks.base.graph import Graph
from rnnbench.tasks.text_generation.model import TextModel


class _Step(nn.Module):
    def __init__(self, model: TextModel) -> None:
        super().__init__()
        self.model = model
        self.like = model.initial_state(1)

    def forward(self, token: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        scores, after = self.model.step(token, unflatten(list(state), self.like))
        # A leaf that is handed on as it came would be no output of its own.
        return scores.log_softmax(1), *(leaf.clone() for leaf in leaves(after))


def graph(model: TextModel) -> Graph:
    """Token ``(B,)`` int64 and the leaves of the state -> log-probabilities ``(B, V)`` and the leaves after it.

    Args:
        model: A trained model.
    """
    first = leaves(model.initial_state(1))
    names = [f"state_{number}" for number in range(len(first))]

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        state = model.initial_state(batch)
        # A state that a network can be in.
        for _ in range(steps):
            _, state = model.step(torch.randint(len(model.tokenizer), (batch,)), state)
        return torch.randint(len(model.tokenizer), (batch,)), *(leaf.contiguous() for leaf in leaves(state))

    return Graph(
        module=_Step(model),
        inputs={"token": ("batch",)}
        | {name: ("batch", *leaf.shape[1:]) for name, leaf in zip(names, first, strict=True)},
        outputs=("log_probabilities", *(f"next_{name}" for name in names)),
        example=example,
        beside={
            "application": model.application,
            "tokenizer": model.tokenizer.state(),
            "begin": model.tokenizer.end,
            "unknown": model.tokenizer.unknown,
            "state": {name: leaf[0].tolist() for name, leaf in zip(names, first, strict=True)},
        },
    )
