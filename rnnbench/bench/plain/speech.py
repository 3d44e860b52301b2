"""A recogniser, plainly: stacked frames, layers of torch.nn, ``F.ctc_loss``."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.bench.plain.model import PlainModel, PlainStack, expect, linear_of
from rnnbench.nn.subsample import FrameStacking
from rnnbench.tasks.speech import Recognizer
from rnnbench.tasks.speech.batch import SpeechBatch


class PlainRecognizer(PlainModel):
    """Neighbouring frames side by side, layers of torch.nn, log-probabilities.

    Args:
        model: Ours, with stacked frames.
    """

    def __init__(self, model: Recognizer) -> None:
        super().__init__()
        self.factor = expect(model.subsampling, FrameStacking).factor
        self.stack = PlainStack(model.backbone)
        self.dropout = nn.Dropout(model.dropout.p)
        self.output = linear_of(model.output)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Frames ``(B, T, F)`` with ``lengths (B,)`` -> log-probabilities ``(B, S, V)``, steps ``(B,)``."""
        batch, frames, features = x.shape
        x = F.pad(x, (0, 0, 0, -frames % self.factor)).view(batch, -1, self.factor * features)
        steps = (lengths + self.factor - 1) // self.factor
        return self.output(self.dropout(self.stack(x, steps))).log_softmax(2), steps

    def loss(self, batch: SpeechBatch) -> Tensor:
        """See `PlainModel.loss`: over tokens."""
        log_probs, steps = self(batch.x, batch.lengths)
        nats = F.ctc_loss(log_probs.transpose(0, 1), batch.y, steps, batch.y_lengths, reduction="sum")
        return nats / len(batch.y)
