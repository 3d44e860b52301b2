"""A reader of images as a graph: images, and noise where places are drawn, to the probabilities of the classes."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.tasks.base.graph import Axes, Computed, Graph
from rnnbench.tasks.glimpses.model import SceneReader
from rnnbench.tasks.glimpses.models.looking import LookingReader


def graph(model: SceneReader) -> Graph:
    """Images ``(B, C, C)`` uint8 -> probabilities ``(B, L, K)``, and of networks that look places ``(B, P, T, 2)``.

    Where places are drawn, standard normal noise ``(B, P, T, 2)`` comes in, too, for P passes of T looks.

    Args:
        model: A trained model.
    """
    side, looking = model.size, isinstance(model, LookingReader)
    inputs: dict[str, Axes] = {"images": ("batch", side, side)}
    noise: tuple[int, ...] = ()
    if isinstance(model, LookingReader):
        noise = (model.passes, model.looks, 2)
        if model.draws:
            inputs["noise"] = ("batch", *noise)

    def compute(images: Tensor, drawn: Tensor | None = None) -> tuple[Tensor, ...]:
        if not isinstance(model, LookingReader):
            return (model(images).softmax(2),)
        given = torch.zeros(images.shape[0], *noise) if drawn is None else drawn
        scores, looked = model.read_with(images, given)
        return scores.softmax(2), looked.places.unflatten(0, (-1, model.passes))

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        images = torch.randint(256, (batch, side, side), dtype=torch.uint8)
        return (images, torch.randn(batch, *noise)) if "noise" in inputs else (images,)

    return Graph(
        module=Computed(model, compute),
        inputs=inputs,
        outputs=("probabilities", "places") if looking else ("probabilities",),
        example=example,
        beside={"application": model.application, "classes": list(model.classes), "ends": model.ends},
    )
