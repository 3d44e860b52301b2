"""Decoders without attention: the source is one state, or one vector."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.backbone import Backbone
from rnnbench.nn.bridge import Bridge, BridgeKind
from rnnbench.nn.decoder import Decoder, DecoderState, Encoded, MakeStack, check_causal
from rnnbench.nn.readout import Readout, ReadoutKind
from rnnbench.tasks.translation.encoder import Encoder


class SequenceDecoder(Decoder):
    """A recurrent language model that begins where the encoder ended.

        s_0 = bridge(encoder's last state),   s_t = f(s_(t-1), e(y_(t-1)))

    I. Sutskever, O. Vinyals and Q. V. Le, Sequence to Sequence Learning with Neural Networks, NeurIPS 2014. Training
    runs whole translations through the fast engine.

    Args:
        embedding_size: Width E of a token's vector.
        encoder: The encoder.
        backbone: Makes the stack from its input size.
        bridge: How the decoder's first state comes from the encoder's last one.
    """

    def __init__(self, embedding_size: int, encoder: Encoder, backbone: MakeStack, bridge: BridgeKind) -> None:
        super().__init__()
        self.stack = check_causal(backbone(embedding_size))
        self.bridge = Bridge(encoder.cells, self.stack.cells, bridge)
        self.output_size = self.stack.output_size

    @property
    def stacks(self) -> list[Backbone]:
        """See `Decoder.stacks`."""
        return [self.stack]

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        return DecoderState(self.bridge(encoded.state, encoded.last), None, None)

    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Decoder.advance`."""
        made, stack = self.stack.step(x, state.stack)
        return made, state._replace(stack=stack)

    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """See `Decoder.finish`."""
        return made

    def forward(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, None]:
        """See `Decoder.forward`."""
        made, _ = self.stack(x, lengths, state.stack)
        return made, None

    def flops_per_token(self) -> int:
        """See `Decoder.flops_per_token`."""
        return self.stack.flops_per_token()


class ContextDecoder(Decoder):
    """A decoder that reads a summary c of the source at every step, and once more before the softmax.

        s_t = f(s_(t-1), [e(y_(t-1)), c]),   readout of [s_t, e(y_(t-1)), c]

    K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation, EMNLP
    2014. The summary is the encoder's last output. Training runs whole translations through the fast engine.

    Args:
        embedding_size: Width E of a token's vector.
        encoder: The encoder.
        backbone: Makes the stack from its input size.
        bridge: How the decoder's first state comes from the encoder's last one.
        readout: What is made of state, token and summary.
        readout_size: Its width, where it has one of its own.
    """

    def __init__(
        self,
        embedding_size: int,
        encoder: Encoder,
        backbone: MakeStack,
        bridge: BridgeKind,
        readout: ReadoutKind = "maxout",
        readout_size: int = 256,
    ) -> None:
        super().__init__()
        summary = encoder.pool.output_size
        self.stack = check_causal(backbone(embedding_size + summary))
        self.bridge = Bridge(encoder.cells, self.stack.cells, bridge)
        self.readout = Readout((self.stack.output_size + summary, embedding_size), readout, readout_size)
        self.output_size = self.readout.output_size

    @property
    def stacks(self) -> list[Backbone]:
        """See `Decoder.stacks`."""
        return [self.stack]

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        return DecoderState(self.bridge(encoded.state, encoded.last), None, encoded.last)

    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Decoder.advance`."""
        assert state.fed is not None
        made, stack = self.stack.step(torch.cat([x, state.fed], 1), state.stack)
        return torch.cat([made, state.fed], 1), state._replace(stack=stack)

    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """See `Decoder.finish`."""
        return self.readout(made, x)

    def forward(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, None]:
        """See `Decoder.forward`."""
        assert state.fed is not None
        summary = state.fed[:, None].expand(-1, x.shape[1], -1)
        made, _ = self.stack(torch.cat([x, summary], 2), lengths, state.stack)
        return self.finish(torch.cat([made, summary], 2), x), None

    def flops_per_token(self) -> int:
        """See `Decoder.flops_per_token`."""
        return self.stack.flops_per_token() + self.readout.flops()
