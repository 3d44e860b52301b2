"""A network that remembers as a graph: a sequence to its answers at every step."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.tasks.base.graph import Computed, Graph, lengths_up_to
from rnnbench.tasks.long_range.model import LongRangeModel
from rnnbench.tasks.long_range.models.recurrent import RecurrentModel


def graph(model: LongRangeModel) -> Graph:
    """Symbols ``(B, T)`` int64 or numbers ``(B, T, F)``, lengths ``(B,)`` int64 -> answers ``(B, T, K)``.

    Args:
        model: A trained model.

    Raises:
        UserError: It has no recurrent stack.
    """
    if not isinstance(model, RecurrentModel):
        raise UserError(
            f"a {type(model).__name__} has no recurrent stack, and no graph",
            where="rnnbench export",
            hint="predict answers: rnnbench predict --run RUN",
        )
    symbols, numbers = list(model.inputs.symbols), model.inputs.numbers

    def compute(x: Tensor, lengths: Tensor) -> tuple[Tensor]:
        hidden, _ = model.backbone(model.reader(x), lengths)
        return (model.output(hidden),)

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        lengths = lengths_up_to(batch, steps)
        if symbols:
            return torch.randint(len(symbols), (batch, steps)), lengths
        return torch.randn(batch, steps, numbers), lengths

    answers = model.answers.answers
    return Graph(
        module=Computed(model, compute),
        inputs={"x": ("batch", "time") if symbols else ("batch", "time", numbers), "lengths": ("batch",)},
        outputs=("answers",),
        example=example,
        beside={
            "application": model.application,
            "symbols": symbols,
            "numbers": numbers,
            "answers": {"kind": answers.kind, "names": list(answers.names), "last": answers.last},
        },
    )
