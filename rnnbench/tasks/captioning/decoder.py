"""What every decoder of captions is, and those that read the image as one vector."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.nn.bridge import VectorBridge
from rnnbench.nn.decoder import Decoder, DecoderState, Encoded, MakeStack, check_causal
from rnnbench.nn.readout import Readout, ReadoutKind


class CaptionDecoder(Decoder):
    """A decoder that may add something to the loss.

    In training it reads all captions with `read`, to which the model applies `Decoder.finish`.
    """

    @abstractmethod
    def read(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, Tensor | None]:
        """Reads whole captions by what `Decoder.advance` does.

        Args:
            x: Vectors of the tokens ``(N, T, E)``.
            lengths: Their numbers ``(N,)`` int64, each in 1..T.
            state: The state before the first.

        Returns:
            What was made ``(N, T, P)``, and the weights of the attention ``(N, T, S)`` if there is one, zero past each
            length.
        """

    def forward(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, Tensor | None]:
        """See `Decoder.forward`."""
        made, attention = self.read(x, lengths, state)
        return self.finish(made, x), attention

    def penalty(
        self, made: Tensor, attention: Tensor | None, nats: Tensor, valid: Tensor, regions: Tensor
    ) -> Tensor | None:
        """What this decoder adds to the loss of a batch.

        Args:
            made: What `read` made ``(N, T, P)``.
            attention: Its weights ``(N, T, S)``.
            nats: Negative log-likelihood of every token ``(N, T)``, zero past each length.
            valid: Which tokens there are ``(N, T)`` (bool).
            regions: How many regions each caption's image has ``(N,)`` int64.

        Returns:
            A mean over captions or tokens ``()``; None for nothing.
        """
        return None


class ImageFirstDecoder(CaptionDecoder):
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
        self.stack = check_causal(backbone(embedding_size))
        self.image = nn.Linear(image_size, embedding_size)
        self.output_size = self.stack.output_size

    @property
    def stacks(self) -> list[Backbone]:
        """See `Decoder.stacks`."""
        return [self.stack]

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        image = self.image(encoded.last)
        _, stack = self.stack.step(image, self.stack.initial_state(len(image), image))
        return DecoderState(stack, None, None)

    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Decoder.advance`."""
        made, stack = self.stack.step(x, state.stack)
        return made, state._replace(stack=stack)

    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """See `Decoder.finish`."""
        return made

    def read(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, None]:
        """See `CaptionDecoder.read`."""
        made, _ = self.stack(x, lengths, state.stack)
        return made, None

    def flops_per_token(self) -> int:
        """See `Decoder.flops_per_token`."""
        return self.stack.flops_per_token()


class ImageAlwaysDecoder(CaptionDecoder):
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
        self.stack = check_causal(backbone(embedding_size + image_size))
        self.begin = VectorBridge(image_size, self.stack.cells)
        self.readout = Readout((self.stack.output_size + image_size, embedding_size), readout, readout_size)
        self.output_size = self.readout.output_size

    @property
    def stacks(self) -> list[Backbone]:
        """See `Decoder.stacks`."""
        return [self.stack]

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`."""
        return DecoderState(self.begin(encoded.last), None, encoded.last)

    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Decoder.advance`."""
        assert state.fed is not None
        made, stack = self.stack.step(torch.cat([x, state.fed], 1), state.stack)
        return torch.cat([made, state.fed], 1), state._replace(stack=stack)

    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """See `Decoder.finish`."""
        return self.readout(made, x)

    def read(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, None]:
        """See `CaptionDecoder.read`."""
        assert state.fed is not None
        image = state.fed[:, None].expand(-1, x.shape[1], -1)
        made, _ = self.stack(torch.cat([x, image], 2), lengths, state.stack)
        return torch.cat([made, image], 2), None

    def flops_per_token(self) -> int:
        """See `Decoder.flops_per_token`."""
        return self.stack.flops_per_token() + self.readout.flops()
