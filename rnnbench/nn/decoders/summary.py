"""Decoders without attention: the source is one state, or one vector."""

from __future__ import annotations

from rnnbench.nn.bridge import Bridge, BridgeKind
from rnnbench.nn.decoder import DecoderState, Encoded, MakeStack
from rnnbench.nn.encoder import Encoder
from rnnbench.nn.readout import Readout, ReadoutKind
from rnnbench.nn.stack_decoder import StackDecoder


class SequenceDecoder(StackDecoder):
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
        self.stack = backbone(embedding_size)
        self.bridge = Bridge(encoder.cells, self.stack.cells, bridge)
        self.readout = None
        self.output_size = self.stack.output_size

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        return DecoderState(self.bridge(encoded.state, encoded.last), None, None)


class ContextDecoder(StackDecoder):
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
        self.stack = backbone(embedding_size + summary)
        self.bridge = Bridge(encoder.cells, self.stack.cells, bridge)
        self.readout = Readout((self.stack.output_size + summary, embedding_size), readout, readout_size)
        self.output_size = self.readout.output_size

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        return DecoderState(self.bridge(encoded.state, encoded.last), None, encoded.last)
