"""A captioner with soft attention, plainly: ``nn.LSTMCell`` word by word."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.bench.layers import cell_of
from rnnbench.bench.plain.attention import PlainAttention
from rnnbench.bench.plain.model import PlainModel, PlainWords, expect, linear_of, only_cell
from rnnbench.cells import LSTM
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.nn import ConvEncoder
from rnnbench.tasks.captioning import Captioner, SoftAttentionDecoder
from rnnbench.tasks.captioning.batch import CaptionBatch


class PlainCaptioner(PlainModel):
    """A convolutional network, whose layers are ours, and a decoder that looks at its regions before each word.

    Args:
        model: Ours, of an LSTM and with K. Xu's soft attention, its gate and a readout by tanh.
    """

    def __init__(self, model: Captioner) -> None:
        super().__init__()
        encoder = expect(model.encoder, ConvEncoder)
        decoder = expect(model.decoder, SoftAttentionDecoder)
        self.look = copy.deepcopy(encoder.layers)
        self.look_dropout = nn.Dropout(encoder.dropout.p)
        self.coordinates = encoder.coordinates
        self.words = PlainWords(model.embedding)
        self.attention = PlainAttention(decoder.attention)
        self.cell = cell_of(only_cell(decoder.stack, LSTM))
        self.begin, self.begin_memory = (linear_of(layer) for layer in decoder.begin.linear.values())
        self.gate = linear_of(expect(decoder.gate, nn.Linear))
        self.readout = linear_of(expect(decoder.readout.linear, nn.Linear))
        self.dropout = nn.Dropout(model.dropout.p)
        self.output = linear_of(model.output)

    def regions(self, images: Tensor) -> Tensor:
        """Images ``(B, 3, S, S)`` uint8 -> regions ``(B, R, M)``."""
        x = images.float() / 127.5 - 1
        if self.coordinates:
            line = torch.linspace(-1, 1, x.shape[3])
            places = torch.stack(torch.meshgrid(line, line, indexing="xy"))
            x = torch.cat([x, places.expand(len(x), -1, -1, -1)], 1)
        return self.look_dropout(self.look(x)).flatten(2).transpose(1, 2)

    def forward(self, batch: CaptionBatch) -> Tensor:
        """A batch -> scores of the words of all captions and of padding ``(N, T, V)``."""
        # A row for every caption, though the network looks at an image once.
        values = self.regions(expect(batch.images, Tensor))[batch.owner]
        mean = values.mean(1)
        hidden, memory = torch.tanh(self.begin(mean)), torch.tanh(self.begin_memory(mean))
        keys = self.attention.key(values)
        x = self.words(batch.target[:, :-1])
        scores = []
        for t in range(x.shape[1]):
            seen = torch.sigmoid(self.gate(hidden)) * self.attention(hidden, keys, values)
            hidden, memory = self.cell(torch.cat([x[:, t], seen], 1), (hidden, memory))
            features = torch.tanh(self.readout(torch.cat([hidden, seen, x[:, t]], 1)))
            scores.append(self.output(self.dropout(features)))
        return torch.stack(scores, 1)

    def loss(self, batch: CaptionBatch) -> Tensor:
        """See `PlainModel.loss`: over words."""
        target = batch.target[:, 1:]
        return F.cross_entropy(self(batch).flatten(0, 1), target.flatten(), ignore_index=TextEncoder.pad)
