"""Writing captions with a trained model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from rnnbench.data.images.features import Features
from rnnbench.data.images.picture import Pixels
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.decode.beam import Beam, Hypothesis, beam_search
from rnnbench.nn.decoder import Decoder, DecoderState, Encoded
from rnnbench.tasks.base import HasModes, evaluating
from rnnbench.tasks.captioning.batch import Regions, as_read

_IMAGES_AT_ONCE = 64


class Captioning(HasModes, Protocol):
    """What is asked of a model that writes captions."""

    words: TextEncoder
    max_length: int

    @property
    def encoder(self) -> Callable[[Any], Encoded]:
        """Reads B images."""

    @property
    def decoder(self) -> Decoder:
        """Writes their captions."""

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns that attention has in an image; None where it has no place there, or there is none."""

    @property
    def device(self) -> torch.device:
        """Where it is."""

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """One token ``(N,)`` of each caption -> log-probabilities of the next ``(N, V)``, and the state."""


class Caption(NamedTuple):
    """One caption of an image."""

    text: str
    score: float
    """By which captions of an image are ranked."""
    words: list[str]
    """Without the end mark."""
    attention: Tensor | None
    """``(T, rows, columns)`` weights of every word over the regions; None where the model has no grid of them."""


def search(
    model: Captioning, encoded: Encoded, beam: Beam, max_length: int | None = None, keep_attention: bool = False
) -> list[list[Hypothesis]]:
    """Hypotheses for the images of a batch.

    Args:
        model: The model.
        encoded: What its encoder made of the images.
        beam: How to search.
        max_length: Most words of a caption; None for that of the model.
        keep_attention: Whether hypotheses come with their attention.
    """
    state = model.decoder.start(encoded)
    limits = torch.full_like(encoded.lengths, model.max_length if max_length is None else max_length)
    begin, end = TextEncoder.begin, TextEncoder.end
    return beam_search(model.step, state, begin, end, limits, beam, encoded.lengths, keep_attention)


def describe_images(
    model: Captioning, seen: Sequence[Pixels | Features], beam: Beam, max_length: int | None = None
) -> list[list[Caption]]:
    """Captions of images, without dropout.

    Args:
        model: The model.
        seen: The images ``(S, S, 3)``; or, for models that read such, features ``(S, D)``.
        beam: How to search.
        max_length: Most words of a caption; None for that of the model.

    Returns:
        For each image up to ``beam.nbest`` captions, best first.
    """
    found = []
    with evaluating(model):
        for first in range(0, len(seen), _IMAGES_AT_ONCE):
            images = as_read(seen[first : first + _IMAGES_AT_ONCE])
            if isinstance(images, Regions):
                images = Regions(*(part.to(model.device) for part in images))
            else:
                images = images.to(model.device)
            hypotheses = search(model, model.encoder(images), beam, max_length, keep_attention=model.grid is not None)
            found += [[_caption(model, one) for one in of_image] for of_image in hypotheses]
    return found


def _caption(model: Captioning, found: Hypothesis) -> Caption:
    text = model.words.decode(found.tokens)
    maps = None
    if found.attention is not None and model.grid is not None:
        maps = found.attention[: len(found.tokens)].unflatten(1, model.grid).float().cpu()
    names = model.words.tokens
    return Caption(text, found.score, [names[i] for i in found.tokens], maps)
