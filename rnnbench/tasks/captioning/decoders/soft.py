"""Soft attention: every step sees the mean of all regions, weighed."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.nn.attention import AdditiveAttention, Attention
from rnnbench.nn.bridge import VectorBridge, last_output
from rnnbench.nn.decoder import DecoderState, Encoded, MakeStack
from rnnbench.nn.readout import Readout, ReadoutKind
from rnnbench.tasks.captioning.decoders.attention import AttendingDecoder, check_weight

MakeAttention = Callable[[int, int], Attention]
"""Makes an attention from the widths of a query and of a region."""


class SoftAttentionDecoder(AttendingDecoder):
    """Looks at the image before each step, which reads the mean of what it looked at.

        z_t = b_t sum_s a_ts v_s,   b_t = sigmoid(w . h_(t-1)),   a_t = attention(h_(t-1))
        h_t = f(h_(t-1), [e(y_(t-1)), z_t]),   readout of [h_t, z_t, e(y_(t-1))]

    K. Xu et al., Show, Attend and Tell: Neural Image Caption Generation with Visual Attention, ICML 2015. The first
    state is made of the mean of all regions v (`rnnbench.nn.bridge.VectorBridge`).

    Args:
        embedding_size: Width E of a token's vector.
        image_size: Width M of a region.
        backbone: Makes the stack from its input size.
        attention: Makes the attention from the widths of a query and of a region.
        gate: Whether b_t weighs what is seen; else it is 1.
        doubly_stochastic: Weight of the penalty sum_s (1 - sum_t a_ts)^2 of a caption: every region ought to be
            looked at as much as any other; 1 in the paper, whose loss is a sum over tokens, where here it is a mean.
        readout: What is made of state, sight and token.
        readout_size: Its width, where it has one of its own.
    """

    def __init__(
        self,
        embedding_size: int,
        image_size: int,
        backbone: MakeStack,
        attention: MakeAttention = AdditiveAttention,
        gate: bool = True,
        doubly_stochastic: float = 0.0,
        readout: ReadoutKind = "tanh",
        readout_size: int = 256,
    ) -> None:
        super().__init__()
        check_weight("doubly_stochastic", doubly_stochastic)
        self.stack = backbone(embedding_size + image_size)
        width = self.stack.output_size
        self.begin = VectorBridge(image_size, self.stack.cells)
        self.attention = attention(width, image_size)
        self.gate = nn.Linear(width, 1) if gate else None
        self.doubly_stochastic = doubly_stochastic
        self.readout = Readout((width + image_size, embedding_size), readout, readout_size)
        self.output_size = self.readout.output_size

    @property
    def stacks(self) -> list[Backbone]:
        """See `Decoder.stacks`."""
        return [self.stack]

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        stack = self.begin(encoded.last)
        query = last_output(self.stack.cells, stack, self.stack.output_size)
        return DecoderState(stack, self.attention.prepare(encoded.values, encoded.lengths), query)

    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Decoder.advance`."""
        assert state.fed is not None
        assert state.memory is not None
        seen, weights = self.attention(state.fed, state.memory)
        made, stack, fed = self._see(x, state, seen)
        return made, DecoderState(stack, state.memory, fed, weights)

    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """See `Decoder.finish`."""
        return self.readout(made, x)

    def flops_per_token(self) -> int:
        """See `Decoder.flops_per_token`."""
        return self.stack.flops_per_token() + self.readout.flops()

    def _see(self, x: Tensor, state: DecoderState, seen: Tensor) -> tuple[Tensor, tuple, Tensor]:
        """The step after the look ``(N, M)``: what it makes ``(N, H + M)``, the state of the stack, its output."""
        assert state.fed is not None
        if self.gate is not None:
            seen = torch.sigmoid(self.gate(state.fed)) * seen
        output, stack = self.stack.step(torch.cat([x, seen], 1), state.stack)
        return torch.cat([output, seen], 1), stack, output
