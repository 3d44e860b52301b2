"""Clips that come frame by frame: what holds now is said at once, and the state goes on to the next frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor

from rnnbench.backbone.state import StackState
from rnnbench.data.clips.clip import Frame
from rnnbench.data.images.picture import Pixels, as_images
from rnnbench.tasks.base import evaluating
from rnnbench.tasks.video.model import VideoModel
from rnnbench.tasks.video.models.recurrent import RecurrentVideoModel


class FrameStream:
    """Says of every frame what holds there, from the frames so far.

    Args:
        model: A trained model of classes of frames, which reads forwards only.
    """

    def __init__(self, model: VideoModel) -> None:
        self._model = model
        self._state: StackState | None = None

    def accept(self, frames: Sequence[Pixels]) -> Tensor:
        """Probabilities ``(N, C)`` float64 at the next N frames, each ``(S, S, 3)``."""
        model = self._model
        with evaluating(model):
            images = as_images(frames).to(model.device)
            if isinstance(model, RecurrentVideoModel):
                made, self._state = model.backbone(model.look(images)[None], None, self._state)
                scores = model.output(made[0])
            else:
                scores = whole_scores(model, images)
        return model.probabilities(scores).cpu()


def whole_scores(model: VideoModel, images: Tensor) -> Tensor:
    """Scores of one clip ``(T, 3, S, S)``: ``(T, C)`` of its frames, or ``(1, C)``."""
    lengths = torch.tensor([len(images)])
    return model(images, lengths, torch.arange(len(images), device=images.device))


def probabilities(model: VideoModel, frames: Iterable[Frame], at_once: int) -> Iterator[tuple[list[Frame], Tensor]]:
    """Some frames at a time, with the probabilities of the classes at each.

    Where a model reads from both ends, all frames come at once.

    Args:
        model: A trained model.
        frames: The frames of a clip.
        at_once: How many frames go through a model that reads forwards.

    Yields:
        N frames and ``(N, C)`` float64; of a model of whole clips all frames and ``(1, C)``.
    """
    coming = iter(frames)
    if not model.every_frame or (isinstance(model, RecurrentVideoModel) and not model.causal):
        some = list(coming)
        with evaluating(model):
            scores = whole_scores(model, as_images([frame.pixels for frame in some]).to(model.device))
        yield some, model.probabilities(scores).cpu()
        return
    stream = FrameStream(model)
    while some := list(islice(coming, at_once)):
        yield some, stream.accept([frame.pixels for frame in some])
