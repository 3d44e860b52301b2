"""Adaptive attention: a decoder that may look at what it remembers rather than at the image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.nn.attention import AdditiveAttention
from rnnbench.nn.bridge import VectorBridge
from rnnbench.nn.decoder import DecoderState, Encoded, MakeStack
from rnnbench.tasks.captioning.decoders.attention import AttendingDecoder, check_weight, rows_of


class AdaptiveDecoder(AttendingDecoder):
    """Looks after each step at the regions and at a visual sentinel.

        h_t = f(h_(t-1), x_t),   x_t = [e(y_(t-1)), v],   u_t = sigmoid(W [x_t, h_(t-1)]) * tanh(m_t)
        (a_t, b_t) = softmax over the scores of all regions and of u_t,   c_t = sum_s a_ts v_s + b_t u_t
        tanh(W' (c_t + h_t))

    J. Lu, C. Xiong, D. Parikh and R. Socher, Knowing When to Look: Adaptive Attention via A Visual Sentinel for Image
    Captioning, CVPR 2017. Regions v_s are mapped to the width of h, relu(W v_s); v is the mean of all. The memory m_t
    is that part of the top cell's state which is not its output, such as the cell of an LSTM; cells without one give
    their output. The tanh before the softmax is this platform's.

    Args:
        embedding_size: Width E of a token's vector.
        image_size: Width M of a region.
        backbone: Makes the stack from its input size.
        attention_size: Width of the attention's hidden layer; null for that of h.
        doubly_stochastic: Weight of the penalty sum_s (1 - sum_t a_ts)^2 of a caption.
    """

    def __init__(
        self,
        embedding_size: int,
        image_size: int,
        backbone: MakeStack,
        attention_size: int | None = None,
        doubly_stochastic: float = 0.0,
    ) -> None:
        super().__init__()
        check_weight("doubly_stochastic", doubly_stochastic)
        self.stack = backbone(embedding_size + image_size)
        width = self.stack.output_size
        self.begin = VectorBridge(image_size, self.stack.cells)
        self.region = nn.Linear(image_size, width)
        self.attention = AdditiveAttention(width, width, attention_size)
        top = self.stack.cells[-1][0]
        shapes = top.state_spec()
        others = [leaf for leaf, shape in enumerate(shapes) if leaf != top.emits and shape == (width,)]
        self._memory = others[-1] if others else None
        self.gate = nn.Linear(embedding_size + image_size + width, width)
        self.sentinel = nn.Linear(width, self.attention.query.out_features)
        self.mix = nn.Linear(width, width)
        self.doubly_stochastic = doubly_stochastic
        self.output_size = width

    @property
    def stacks(self) -> list[Backbone]:
        """See `Decoder.stacks`."""
        return [self.stack]

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`. The image and the last output, zero at first, are read by the next step."""
        values = torch.relu(self.region(encoded.values))
        memory = self.attention.prepare(values, encoded.lengths)
        nothing = encoded.last.new_zeros(encoded.last.shape[0], self.output_size)
        return DecoderState(self.begin(encoded.last), memory, torch.cat([encoded.last, nothing], 1))

    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Decoder.advance`."""
        assert state.fed is not None
        assert state.memory is not None
        image = state.fed[:, : -self.output_size]
        x = torch.cat([x, image], 1)
        output, stack = self.stack.step(x, state.stack)
        memory = output if self._memory is None else stack[-1][0][self._memory]
        sentinel = torch.sigmoid(self.gate(torch.cat([x, state.fed[:, -self.output_size :]], 1))) * torch.tanh(memory)
        seen, weights = self.attention(output, state.memory)
        # How much of the softmax over both is the sentinel's: sigmoid(its score - log sum exp of the regions' ones),
        # which follows from the score and the weight of any region.
        best, place = weights.max(1)
        asked = self.attention.query(output)
        region = self._energy(asked + rows_of(state.memory, state.memory.keys, place))
        share = torch.sigmoid(self._energy(asked + self.sentinel(sentinel)) - region + best.log())[:, None]
        weights = (1 - share) * weights
        made = (1 - share) * seen + share * sentinel + output
        return made, DecoderState(stack, state.memory, torch.cat([image, output], 1), weights)

    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """See `Decoder.finish`."""
        return torch.tanh(self.mix(made))

    def flops_per_token(self) -> int:
        """See `Decoder.flops_per_token`."""
        layers = (self.gate, self.sentinel, self.mix)
        return self.stack.flops_per_token() + 2 * sum(layer.weight.numel() for layer in layers)

    def _energy(self, hidden: Tensor) -> Tensor:
        """The score ``(N,)`` of what is put into the attention's hidden layer ``(N, A)``."""
        return self.attention.energy(torch.tanh(hidden))[:, 0]
