"""The decoder without attention: one stack, which training runs through the fast engine."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.backbone import Backbone
from rnnbench.nn.decoder import Decoder, DecoderState
from rnnbench.nn.readout import Readout


class StackDecoder(Decoder):
    """Reads the tokens and, where the state holds one, a vector v of the source beside each.

        s_t = f(s_(t-1), [e(y_(t-1)), v]),   readout of [s_t, v, e(y_(t-1))]

    No step waits for anything but the state before it. Subclasses make ``stack`` and ``readout``, and write `start`,
    whose ``fed`` is v.
    """

    stack: Backbone
    readout: Readout | None
    """None predicts from s_t as it is."""

    @property
    def stacks(self) -> list[Backbone]:
        """See `Decoder.stacks`."""
        return [self.stack]

    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Decoder.advance`."""
        made, stack = self.stack.step(_beside(x, state.fed), state.stack)
        return _beside(made, state.fed), state._replace(stack=stack)

    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """See `Decoder.finish`."""
        return made if self.readout is None else self.readout(made, x)

    def read(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, None]:
        """See `Decoder.read`."""
        fed = None if state.fed is None else state.fed[:, None].expand(-1, x.shape[1], -1)
        made, _ = self.stack(_beside(x, fed), lengths, state.stack)
        return _beside(made, fed), None

    def flops_per_token(self) -> int:
        """See `Decoder.flops_per_token`."""
        return self.stack.flops_per_token() + (0 if self.readout is None else self.readout.flops())


def _beside(x: Tensor, fed: Tensor | None) -> Tensor:
    return x if fed is None else torch.cat([x, fed], -1)
