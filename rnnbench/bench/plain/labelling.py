"""A tagger, plainly: the characters of every word, layers of torch.nn, a conditional random field step by step."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from rnnbench.bench.plain.model import (
    PlainModel,
    PlainStack,
    PlainWords,
    embedding_of,
    expect,
    linear_of,
    valid_places,
)
from rnnbench.data.batches.batch import TaggingBatch
from rnnbench.nn.characters import CharacterRNN
from rnnbench.nn.crf import LinearChainCRF
from rnnbench.tasks.labelling import Tagger

_ILLEGAL = -1e4


class PlainTagger(PlainModel):
    """Vectors of words and of their characters, layers of torch.nn, `PlainCRF`.

    The characters are read for every word of every sentence, where ours reads a word that occurs twice once.

    Args:
        model: Ours, with a CRF and a recurrent encoder of characters.
    """

    def __init__(self, model: Tagger) -> None:
        super().__init__()
        expect(model.bigrams, type(None))
        characters = expect(model.characters, CharacterRNN)
        self.words = PlainWords(model.embedding)
        self.letters = embedding_of(characters.embedding)
        self.letter_dropout = nn.Dropout(characters.dropout.p)
        self.spelling = PlainStack(characters.backbone)
        self.letter_width = characters.backbone.cells[-1][0].output_size
        self.stack = PlainStack(model.backbone)
        self.dropout = nn.Dropout(model.dropout.p)
        self.output = linear_of(model.output)
        self.crf = PlainCRF(expect(model.crf, LinearChainCRF))

    def spell(self, letters: Tensor, lengths: Tensor) -> Tensor:
        """Characters ``(N, C)`` of words with ``lengths (N,)`` -> what both directions made of each ``(N, O)``."""
        read = self.spelling(self.letter_dropout(self.letters(letters)), lengths)
        last = read[torch.arange(len(read)), lengths - 1, : self.letter_width]
        return torch.cat([last, read[:, 0, self.letter_width :]], 1)

    def loss(self, batch: TaggingBatch) -> Tensor:
        """See `PlainModel.loss`: over tokens."""
        rows = cast(Tensor, batch.spelled).flatten()
        spelled = self.spell(cast(Tensor, batch.characters)[rows], cast(Tensor, batch.character_lengths)[rows])
        x = torch.cat([self.words(batch.x), spelled.view(*batch.x.shape, -1)], 2)
        emissions = self.output(self.dropout(self.stack(self.dropout(x), batch.lengths)))
        return self.crf(emissions, batch.y.clamp(min=0), batch.lengths).sum() / batch.tokens


class PlainCRF(nn.Module):
    """The equations of `LinearChainCRF`, position by position.

    Args:
        crf: Ours.
    """

    illegal_transitions: Tensor
    illegal_starts: Tensor
    illegal_ends: Tensor

    def __init__(self, crf: LinearChainCRF) -> None:
        super().__init__()
        for name in ("transitions", "starts", "ends"):
            setattr(self, name, nn.Parameter(getattr(crf, name).detach().clone()))
            self.register_buffer(f"illegal_{name}", ~getattr(crf, f"legal_{name}"))

    def forward(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Scores ``(B, T, K)``, tags ``(B, T)``, ``lengths (B,)`` -> negative log-likelihoods ``(B,)``."""
        transitions, starts, ends = (
            getattr(self, name).masked_fill(getattr(self, f"illegal_{name}"), _ILLEGAL)
            for name in ("transitions", "starts", "ends")
        )
        rows = torch.arange(len(tags))
        valid = valid_places(lengths, tags.shape[1])
        score = starts[tags[:, 0]] + emissions[rows, 0, tags[:, 0]]
        alpha = starts + emissions[:, 0]
        for t in range(1, tags.shape[1]):
            moved = transitions[tags[:, t - 1], tags[:, t]] + emissions[rows, t, tags[:, t]]
            score = score + moved * valid[:, t]
            grown = torch.logsumexp(alpha[:, :, None] + transitions + emissions[:, t, None], 1)
            alpha = torch.where(valid[:, t, None], grown, alpha)
        return torch.logsumexp(alpha + ends, 1) - score - ends[tags[rows, lengths - 1]]
