"""A model of images as a graph: what lies behind a picture to the picture; of rows, a step from one to the next."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.backbone.state import StackState
from rnnbench.errors import UserError
from rnnbench.tasks.base.graph import Axes, Computed, Graph, step_graph
from rnnbench.tasks.drawing.model import ImageModel
from rnnbench.tasks.drawing.models.auto_encoder import AutoEncoder
from rnnbench.tasks.drawing.models.draw import Draw
from rnnbench.tasks.drawing.models.rows import RowModel


def graph(model: ImageModel) -> Graph:
    """Standard normal numbers ``z (B, T, Z)`` of T strokes -> what is to be seen after each ``(B, T, S, S)``, 0 to 1.

    A model that is told the class has ``class (B,)`` int64, too. Row by row it is a step, from ``row (B, S)`` and the
    leaves of the state to what the next row is like ``(B, S)`` and the leaves after it; zeros stand above the first.

    Args:
        model: A trained model.

    Raises:
        UserError: It is none of these.
    """
    beside = {
        "application": model.application,
        "classes": list(model.classes),
        "image_size": model.size,
        "binary": model.binary,
    }
    if isinstance(model, RowModel):
        return _rows(model, beside)
    if not isinstance(model, Draw | AutoEncoder):
        raise UserError(
            f"a {type(model).__name__} has no graph",
            where="rnnbench export",
            hint="predict answers: rnnbench predict --run RUN",
        )
    strokes, told = (model.steps, model.conditional) if isinstance(model, Draw) else (1, False)
    inputs: dict[str, Axes] = {"z": ("batch", strokes, model.latent)}

    def compute(z: Tensor, y: Tensor | None = None) -> tuple[Tensor]:
        return (model.draw(z.new_zeros(z.shape[0]).long() if y is None else y, z.flatten(1)).canvases,)

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        z = torch.randn(batch, strokes, model.latent)
        return (z, torch.randint(len(model.classes), (batch,))) if told else (z,)

    if told:
        inputs["class"] = ("batch",)
    return Graph(Computed(model, compute), inputs, ("pictures",), example, beside)


def _rows(model: RowModel, beside: dict[str, object]) -> Graph:
    def step(row: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        hidden, after = model.backbone.step(row, state)
        return model.likelihood.mean(model.output(hidden)), after

    def draw(batch: int) -> Tensor:
        rows = torch.rand(batch, model.size)
        return rows.round() if model.binary else rows

    return step_graph(
        model,
        step,
        lambda batch: model.backbone.initial_state(batch, model.output.weight),
        reads=("row", ("batch", model.size)),
        draw=draw,
        says="next_row",
        beside=beside,
    )
