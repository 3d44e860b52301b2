"""An encoder-decoder with attention, plainly: ``nn.GRU``, then ``nn.GRUCell`` token by token."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.bench.layers import cell_of
from rnnbench.bench.plain.attention import PlainAttention
from rnnbench.bench.plain.model import (
    PlainModel,
    PlainStack,
    PlainWords,
    expect,
    linear_of,
    only,
    only_cell,
    valid_places,
)
from rnnbench.cells import GRU
from rnnbench.data.batches.batch import PairBatch
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.nn.decoders.attention import BahdanauDecoder
from rnnbench.tasks.base.pairs.recurrent import EncoderDecoder


class PlainTranslator(PlainModel):
    """A bidirectional encoder, and a decoder of one layer that looks at the source before each token.

    Args:
        model: Ours, of GRU cells and with D. Bahdanau's decoder, its maxout and its linear bridge.
    """

    def __init__(self, model: EncoderDecoder[Any]) -> None:
        super().__init__()
        decoder = expect(model.decoder, BahdanauDecoder)
        encoder = expect(only(model.encoder.stacks), Backbone)
        expect(only(encoder.cells)[0], GRU)
        self.source_words = PlainWords(model.source_embedding)
        self.stack = PlainStack(encoder)
        self.width = encoder.cells[0][0].hidden_size
        self.begin = linear_of(only(decoder.bridge.linear.values()))
        self.target_words = PlainWords(model.target_embedding)
        self.attention = PlainAttention(decoder.attention)
        self.cell = cell_of(only_cell(decoder.stack, GRU))
        self.readout = linear_of(expect(decoder.readout.linear, nn.Linear))
        self.dropout = nn.Dropout(model.dropout.p)
        self.output = linear_of(model.output)

    def forward(self, batch: PairBatch) -> Tensor:
        """A batch -> scores of all target tokens and of padding ``(B, T, V)``."""
        lengths = batch.source_lengths
        values = self.stack(self.source_words(batch.source), lengths)
        ends = values[torch.arange(len(values)), lengths - 1, : self.width]
        hidden = torch.tanh(self.begin(torch.cat([ends, values[:, 0, self.width :]], 1)))
        keys = self.attention.key(values)
        padding = ~valid_places(lengths, values.shape[1])
        x = self.target_words(batch.target[:, :-1])
        scores = []
        for t in range(x.shape[1]):
            context = self.attention(hidden, keys, values, padding)
            hidden = self.cell(torch.cat([x[:, t], context], 1), hidden)
            made = self.readout(torch.cat([hidden, context, x[:, t]], 1))
            features = made.view(len(made), -1, 2).max(2).values
            scores.append(self.output(self.dropout(features)))
        return torch.stack(scores, 1)

    def loss(self, batch: PairBatch) -> Tensor:
        """See `PlainModel.loss`: over target tokens."""
        target = batch.target[:, 1:]
        return F.cross_entropy(self(batch).flatten(0, 1), target.flatten(), ignore_index=TextEncoder.pad)
