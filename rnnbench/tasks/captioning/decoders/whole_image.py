"""Decoders that read the image as one vector."""

from __future__ import annotations

from torch import nn

from rnnbench.nn.bridge import VectorBridge
from rnnbench.nn.decoder import DecoderState, Encoded, MakeStack
from rnnbench.nn.readout import Readout, ReadoutKind
from rnnbench.nn.stack_decoder import StackDecoder
from rnnbench.tasks.captioning.decoders.base import CaptionDecoder


class ImageFirstDecoder(StackDecoder, CaptionDecoder):
    """A recurrent language model whose first input is the image.

        s_0 = f(0, W v),   s_t = f(s_(t-1), e(y_(t-1)))

    O. Vinyals et al., Show and Tell: A Neural Image Caption Generator, CVPR 2015. Training runs whole captions through
    the fast engine.

    Args:
        embedding_size: Width E of a token's vector.
        image_size: Width of the image's vector v.
        backbone: Makes the stack from its input size.
    """

    def __init__(self, embedding_size: int, image_size: int, backbone: MakeStack) -> None:
        super().__init__()
        self.stack = backbone(embedding_size)
        self.image = nn.Linear(image_size, embedding_size)
        self.readout = None
        self.output_size = self.stack.output_size

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        image = self.image(encoded.last)
        _, stack = self.stack.step(image, self.stack.initial_state(image.shape[0], image))
        return DecoderState(stack, None, None)


class ImageAlwaysDecoder(StackDecoder, CaptionDecoder):
    """A decoder that reads the image at every step: the plain form of vector to sequence.

        s_0 = tanh(W v + b),   s_t = f(s_(t-1), [e(y_(t-1)), v]),   readout of [s_t, e(y_(t-1)), v]

    Training runs whole captions through the fast engine.

    Args:
        embedding_size: Width E of a token's vector.
        image_size: Width of the image's vector v.
        backbone: Makes the stack from its input size.
        readout: What is made of state, token and image.
        readout_size: Its width, where it has one of its own.
    """

    def __init__(
        self,
        embedding_size: int,
        image_size: int,
        backbone: MakeStack,
        readout: ReadoutKind = "tanh",
        readout_size: int = 256,
    ) -> None:
        super().__init__()
        self.stack = backbone(embedding_size + image_size)
        self.begin = VectorBridge(image_size, self.stack.cells)
        self.readout = Readout((self.stack.output_size + image_size, embedding_size), readout, readout_size)
        self.output_size = self.readout.output_size

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        return DecoderState(self.begin(encoded.last), None, encoded.last)
