"""A network that remembers as a graph: a sequence to its answers at every step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.errors import UserError
from rnnbench.tasks.base.graph import Graph
from rnnbench.tasks.long_range.model import LongRangeModel
from rnnbench.tasks.long_range.models.recurrent import RecurrentModel


class _Answers(nn.Module):
    def __init__(self, model: RecurrentModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor]:
        hidden, _ = self.model.backbone(self.model.reader(x), lengths)
        return (self.model.output(hidden),)


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

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        lengths = torch.randint(1, steps + 1, (batch,))
        lengths[-1] = steps
        if symbols:
            return torch.randint(len(symbols), (batch, steps)), lengths
        return torch.randn(batch, steps, numbers), lengths

    answers = model.answers.answers
    return Graph(
        module=_Answers(model),
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
