"""Decoders with attention: every step looks at the whole source."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

import torch
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.nn.attention import AdditiveAttention, Attention, GeneralAttention
from rnnbench.nn.bridge import Bridge, BridgeKind, last_output
from rnnbench.nn.decoder import Decoder, DecoderState, Encoded, MakeStack
from rnnbench.nn.encoder import Encoder
from rnnbench.nn.readout import Readout, ReadoutKind

MakeAttention = Callable[[int, int], Attention]
"""Makes an attention from the widths of a query and of a place."""


class BahdanauDecoder(Decoder):
    """Looks at the source before each step, which reads what it saw.

        c_t = attention(s_(t-1)),   s_t = f(s_(t-1), [e(y_(t-1)), c_t]),   readout of [s_t, c_t, e(y_(t-1))]

    D. Bahdanau, K. Cho and Y. Bengio, Neural Machine Translation by Jointly Learning to Align and Translate, ICLR 2015.
    The query is the output of the stack, before the first step as far as its state tells (`last_output`). Training
    loops over the steps, since each waits for the attention of the one before; keys, embeddings, readout and softmax
    are computed for all steps at once.

    Args:
        embedding_size: Width E of a token's vector.
        encoder: The encoder.
        backbone: Makes the stack from its input size.
        bridge: How the decoder's first state comes from the encoder's last one.
        attention: Makes the attention from the widths of a query and of the encoder's output.
        readout: What is made of state, context and token.
        readout_size: Its width, where it has one of its own.
    """

    def __init__(
        self,
        embedding_size: int,
        encoder: Encoder,
        backbone: MakeStack,
        bridge: BridgeKind,
        attention: MakeAttention = AdditiveAttention,
        readout: ReadoutKind = "maxout",
        readout_size: int = 256,
    ) -> None:
        super().__init__()
        memory = encoder.output_size
        self.stack = backbone(embedding_size + memory)
        self.bridge = Bridge(encoder.cells, self.stack.cells, bridge)
        self.attention = attention(self.stack.output_size, memory)
        self.readout = Readout((self.stack.output_size + memory, embedding_size), readout, readout_size)
        self.output_size = self.readout.output_size

    @property
    def stacks(self) -> list[Backbone]:
        """See `Decoder.stacks`."""
        return [self.stack]

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        stack = self.bridge(encoded.state, encoded.last)
        query = last_output(self.stack.cells, stack, self.stack.output_size)
        return DecoderState(stack, self.attention.prepare(encoded.values, encoded.lengths), query)

    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Decoder.advance`."""
        assert state.fed is not None
        assert state.memory is not None
        context, weights = self.attention(state.fed, state.memory)
        made, stack = self.stack.step(torch.cat([x, context], 1), state.stack)
        return torch.cat([made, context], 1), DecoderState(stack, state.memory, made, weights)

    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """See `Decoder.finish`."""
        return self.readout(made, x)

    def flops_per_token(self) -> int:
        """See `Decoder.flops_per_token`."""
        return self.stack.flops_per_token() + self.readout.flops()


class LuongDecoder(Decoder):
    """Looks at the source after each step.

        s_t = f(s_(t-1), e(y_(t-1)))  or, with input feeding,  f(s_(t-1), [e(y_(t-1)), h_(t-1)])
        c_t = attention(s_t),   h_t = tanh(W [c_t, s_t]),   h_0 = 0

    M.-T. Luong, H. Pham and C. D. Manning, Effective Approaches to Attention-based Neural Machine Translation, EMNLP
    2015. Without input feeding no step waits for the attention: training runs whole translations through the fast
    engine, and looks at the source from all positions in one product. With it, training loops over the steps.

    Args:
        embedding_size: Width E of a token's vector.
        encoder: The encoder.
        backbone: Makes the stack from its input size.
        bridge: How the decoder's first state comes from the encoder's last one.
        attention: Makes the attention from the widths of a query and of the encoder's output.
        input_feeding: Whether a step reads the last h, too.
        readout_size: Width of h; null for that of the stack's output.
    """

    def __init__(
        self,
        embedding_size: int,
        encoder: Encoder,
        backbone: MakeStack,
        bridge: BridgeKind,
        attention: MakeAttention = GeneralAttention,
        input_feeding: bool = True,
        readout_size: int | None = None,
    ) -> None:
        super().__init__()
        stack = backbone(embedding_size)
        self.output_size = stack.output_size if readout_size is None else readout_size
        if input_feeding:
            stack = backbone(embedding_size + self.output_size)
        self.stack = stack
        self.bridge = Bridge(encoder.cells, self.stack.cells, bridge)
        self.attention = attention(self.stack.output_size, encoder.output_size)
        self.readout = Readout((encoder.output_size, self.stack.output_size), "tanh", self.output_size)
        self.input_feeding = input_feeding

    @property
    def stacks(self) -> list[Backbone]:
        """See `Decoder.stacks`."""
        return [self.stack]

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        stack = self.bridge(encoded.state, encoded.last)
        memory = self.attention.prepare(encoded.values, encoded.lengths)
        fed = encoded.last.new_zeros(encoded.last.shape[0], self.output_size) if self.input_feeding else None
        return DecoderState(stack, memory, fed)

    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Decoder.advance`."""
        assert state.memory is not None
        if state.fed is not None:
            x = torch.cat([x, state.fed], 1)
        made, stack = self.stack.step(x, state.stack)
        context, weights = self.attention(made, state.memory)
        read = self.readout(context, made)
        return read, DecoderState(stack, state.memory, read if self.input_feeding else None, weights)

    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """See `Decoder.finish`."""
        return made

    def read(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, Tensor | None]:
        """See `Decoder.read`."""
        if self.input_feeding:
            return super().read(x, lengths, state)
        assert state.memory is not None
        made, _ = self.stack(x, lengths, state.stack)
        context, weights = self.attention(made, state.memory)
        return self.readout(context, made), weights

    def flops_per_token(self) -> int:
        """See `Decoder.flops_per_token`."""
        return self.stack.flops_per_token() + self.readout.flops()


class GNMTDecoder(Decoder):
    """A deep stack whose lowest layer alone looks at the source; all layers read what it saw.

        c_t = attention(s1_(t-1)),   s1_t = f1(s1_(t-1), [e(y_(t-1)), c_t]),   x2_t = s1_t
        sl_t = fl(sl_(t-1), [xl_t, c_t]),   x(l+1)_t = xl_t + sl_t,   l = 2 ... L

    Y. Wu et al., Google's Neural Machine Translation System, arXiv 1609.08144 (2016). Only the lowest layer waits for
    the attention: training loops over its steps and runs the layers above over whole translations. Where the paper adds
    residual connections from the third layer on, here it is the second.

    Args:
        embedding_size: Width E of a token's vector.
        encoder: The encoder.
        backbone: Makes a stack from its input size: its depth is L, its connections are those above.
        bridge: How the decoder's first state comes from the encoder's last one.
        attention: Makes the attention from the widths of a query and of the encoder's output.
    """

    def __init__(
        self,
        embedding_size: int,
        encoder: Encoder,
        backbone: MakeStack,
        bridge: BridgeKind,
        attention: MakeAttention = AdditiveAttention,
    ) -> None:
        super().__init__()
        memory = encoder.output_size
        depth = len(backbone(embedding_size).layers)
        self.lowest = backbone(embedding_size + memory, num_layers=1, connect="plain")
        self.output_size = self.lowest.output_size
        self.above = nn.ModuleList(
            [backbone(self.output_size + memory, num_layers=1, connect="plain") for _ in range(depth - 1)]
        )
        self.bridge = Bridge(encoder.cells, [cells for stack in self.stacks for cells in stack.cells], bridge)
        self.attention = attention(self.output_size, memory)

    @property
    def stacks(self) -> list[Backbone]:
        """See `Decoder.stacks`."""
        return [self.lowest, *cast(Iterable[Backbone], self.above)]

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        stack = self.bridge(encoded.state, encoded.last)
        query = last_output(self.lowest.cells, stack[:1], self.output_size)
        return DecoderState(stack, self.attention.prepare(encoded.values, encoded.lengths), query)

    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Decoder.advance`."""
        y, context, state = self._lowest(x, state)
        ends = list(state.stack[:1])
        for stack, begin in zip(self.stacks[1:], state.stack[1:], strict=True):
            made, end = stack.step(torch.cat([self._dropped(y), context], 1), (begin,))
            y = y + made
            ends += end
        return y, state._replace(stack=tuple(ends))

    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """See `Decoder.finish`."""
        return made

    def read(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, Tensor | None]:
        """See `Decoder.read`."""
        above = state.stack[1:]
        made, seen, weights = [], [], []
        for token in x.unbind(1):
            one, context, state = self._lowest(token, state)
            made.append(one)
            seen.append(context)
            weights.append(state.attention)
        y, contexts = torch.stack(made, 1), torch.stack(seen, 1)
        for stack, begin in zip(self.stacks[1:], above, strict=True):
            more, _ = stack(torch.cat([self._dropped(y), contexts], 2), lengths, (begin,))
            y = y + more
        return y, torch.stack(weights, 1)  # type: ignore[arg-type]

    def flops_per_token(self) -> int:
        """See `Decoder.flops_per_token`."""
        return sum(stack.flops_per_token() for stack in self.stacks)

    def _lowest(self, x: Tensor, state: DecoderState) -> tuple[Tensor, Tensor, DecoderState]:
        """The lowest layer: its output, the context, and the state with its end in front."""
        assert state.fed is not None
        assert state.memory is not None
        context, weights = self.attention(state.fed, state.memory)
        made, end = self.lowest.step(torch.cat([x, context], 1), state.stack[:1])
        return made, context, DecoderState((*end, *state.stack[1:]), state.memory, made, weights)

    def _dropped(self, y: Tensor) -> Tensor:
        """What a layer reads of the one below, with the dropout that a stack has between its layers."""
        return self.lowest.dropout.drop(y, self.lowest.dropout.between, self.training)
