"""Self-critical training: the captions that a model draws are compared with the one it would write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.data.batches.batch import pad, places_within
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.vocabulary import END
from rnnbench.decode.beam import Beam
from rnnbench.decode.sample import Sampling, sample_sequences
from rnnbench.nn.decoder import Encoded
from rnnbench.tasks.base import evaluating
from rnnbench.tasks.captioning.batch import CaptionBatch
from rnnbench.tasks.captioning.scores.cider import Cider
from rnnbench.tasks.captioning.search import Captioning, search

_GREEDY = Beam(size=1)


class Drawn(NamedTuple):
    """Captions that were drawn, one of each image of a batch."""

    batch: CaptionBatch
    """The images with these captions."""
    advantage: Tensor
    """``(B,)``: by how much each is better than what the model would have written."""
    reward: float
    """Mean CIDEr-D of the captions, from 0 to 10."""


class SelfCritic:
    """Draws captions and says how much better they are than the model's best.

        loss = -(r(drawn) - r(greedy)) log p(drawn),   r being CIDEr-D

    S. J. Rennie et al., Self-critical Sequence Training for Image Captioning, CVPR 2017. The end mark counts as a word
    of all captions, so that none ends in the middle.

    Args:
        references: For each training image its captions, in words.
    """

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        self._references = [[f"{text} {END}" for text in texts if text] for texts in references]
        self._cider = Cider(self._references)

    def draw(self, model: Captioning, batch: CaptionBatch, encoded: Encoded, seed: int) -> Drawn:
        """Draws a caption for each image.

        Args:
            model: The model; neither dropout nor gradients are in force while it draws.
            batch: The images, with their numbers in the training split.
            encoded: What the encoder makes of them, which the captions are to be learned from, too.
            seed: Seed of the draws, with these numbers.
        """
        with evaluating(model):
            greedy = [best[0].tokens if best else [] for best in search(model, encoded, _GREEDY)]
            limits = torch.full_like(encoded.lengths, model.max_length)
            numbers = batch.ids.tolist()
            # Two of one number would draw the same.
            found = sample_sequences(
                model.step, model.decoder.start(encoded), TextEncoder.begin, TextEncoder.end, limits, numbers,
                Sampling(temperature=1.0, seed=seed),
            )  # fmt: skip
        drawn = [one.tokens for one in found]
        scores = [self._rewards(model, tokens, numbers) for tokens in (drawn, greedy)]
        rewards = torch.tensor(scores, dtype=torch.float64)
        ids = [torch.tensor([TextEncoder.begin, *tokens, TextEncoder.end]) for tokens in drawn]
        # An end that the limit forced was not chosen.
        target, marked = pad([one[: model.max_length + 1] for one in ids], TextEncoder.pad)
        lengths, places = (part.to(batch.target.device) for part in (marked - 1, places_within(marked - 1)))
        made = batch._replace(
            target=target.to(batch.target.device),
            target_lengths=lengths,
            owner=torch.arange(len(ids), device=batch.target.device),
            tokens=int((marked - 1).sum()),
            places=places,
        )
        return Drawn(made, (rewards[0] - rewards[1]).to(batch.ids.device), float(rewards[0].mean()))

    def _rewards(self, model: Captioning, captions: Sequence[list[int]], numbers: Sequence[int]) -> list[float]:
        texts = [f"{model.words.decode(tokens)} {END}".strip() for tokens in captions]
        return [self._cider.score(text, self._references[i]) for text, i in zip(texts, numbers, strict=True)]
