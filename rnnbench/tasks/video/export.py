"""A video model as a graph: one step from a frame and the state to what holds there and the next state."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.backbone.state import StackState
from rnnbench.errors import UserError
from rnnbench.tasks.base.graph import Graph, step_graph
from rnnbench.tasks.video.model import VideoModel
from rnnbench.tasks.video.models.recurrent import RecurrentVideoModel


def graph(model: VideoModel) -> Graph:
    """Frames ``(B, 3, S, S)`` uint8 and the leaves of the state -> probabilities ``(B, C)`` and the leaves after it.

    Args:
        model: A trained model.

    Raises:
        UserError: It does not go through a clip frame by frame.
    """
    if not isinstance(model, RecurrentVideoModel) or not model.causal or not model.every_frame:
        raise UserError(
            "only a recurrent model that labels frames, and reads forwards only, goes through a clip step by step",
            where="rnnbench export",
            hint="predict answers: rnnbench predict --run RUN",
        )
    side = model.image_size

    def step(frame: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        hidden, after = model.backbone.step(model.look(frame), state)
        scores = model.output(hidden)
        return scores.sigmoid() if model.several else scores.softmax(1), after

    return step_graph(
        model,
        step,
        lambda batch: model.backbone.initial_state(batch, model.output.weight),
        reads=("frame", ("batch", 3, side, side)),
        draw=lambda batch: torch.randint(256, (batch, 3, side, side), dtype=torch.uint8),
        says="probabilities",
        beside={
            "application": model.application,
            "classes": model.classes,
            "several": model.several,
            "image_size": side,
            "fit": model.fit,
        },
    )
