"""A video model as a graph: one step from a frame and the state to what holds there and the next state."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.backbone.state import StackState, leaves, unflatten
from rnnbench.errors import UserError
from rnnbench.tasks.base.graph import Graph
from rnnbench.tasks.video.model import VideoModel
from rnnbench.tasks.video.models.recurrent import RecurrentVideoModel


class _Step(nn.Module):
    def __init__(self, model: RecurrentVideoModel) -> None:
        super().__init__()
        self.model = model
        self.like = _initial_state(model, 1)

    def forward(self, frame: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        hidden, after = self.model.backbone.step(self.model.look(frame), unflatten(list(state), self.like))
        scores = self.model.output(hidden)
        chances = scores.sigmoid() if self.model.several else scores.softmax(1)
        # A leaf that is handed on as it came would be no output of its own.
        return chances, *(leaf.clone() for leaf in leaves(after))


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
    first = leaves(_initial_state(model, 1))
    names = [f"state_{number}" for number in range(len(first))]
    side = model.image_size

    def frames(batch: int) -> Tensor:
        return torch.randint(256, (batch, 3, side, side), dtype=torch.uint8)

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        state = _initial_state(model, batch)
        # A state that a network can be in.
        for _ in range(steps):
            _, state = model.backbone.step(model.look(frames(batch)), state)
        return frames(batch), *(leaf.contiguous() for leaf in leaves(state))

    return Graph(
        module=_Step(model),
        inputs={"frame": ("batch", 3, side, side)}
        | {name: ("batch", *leaf.shape[1:]) for name, leaf in zip(names, first, strict=True)},
        outputs=("probabilities", *(f"next_{name}" for name in names)),
        example=example,
        beside={
            "application": model.application,
            "classes": model.classes,
            "several": model.several,
            "image_size": side,
            "fit": model.fit,
            "state": {name: leaf[0].tolist() for name, leaf in zip(names, first, strict=True)},
        },
    )


def _initial_state(model: RecurrentVideoModel, batch: int) -> StackState:
    return model.backbone.initial_state(batch, model.output.weight)
