"""A captioner as two graphs: the image, and a step of the decoder."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.nn.decoder import DecoderState
from rnnbench.tasks.base.decoder_graphs import decoder_graphs
from rnnbench.tasks.base.graph import Graph
from rnnbench.tasks.captioning.model import CaptionModel
from rnnbench.tasks.captioning.models.recurrent import Captioner


def graph(model: CaptionModel) -> tuple[Graph, Graph]:
    """``encoder``: ``images (B, 3, S, S)`` uint8 -> what the decoder starts with, see `decoder_graphs`.

    Args:
        model: A trained model.

    Raises:
        UserError: It is none that writes token by token, or reads features that another network has made.
    """
    if not isinstance(model, Captioner) or model.encoder.reads_features:
        raise UserError(
            "only a model that reads pixels and writes word by word has graphs",
            where="rnnbench export",
            hint="predict answers: rnnbench predict --run RUN",
        )
    spec = model.spec
    assert spec is not None
    side = spec["image_size"]

    def start(images: Tensor) -> DecoderState:
        return model.decoder.start(model.encoder(images))

    def draw(batch: int, steps: int) -> tuple[Tensor]:
        return (torch.randint(256, (batch, 3, side, side), dtype=torch.uint8),)

    beside = {
        "application": model.application,
        "words": model.words.portable(),
        "begin": model.words.begin,
        "end": model.words.end,
        "image_size": side,
        "fit": spec["fit"],
        "grid": model.grid,
    }
    reads = {"images": ("batch", 3, side, side)}
    return decoder_graphs(model, start, model.step, reads, draw, len(model.words), beside)
