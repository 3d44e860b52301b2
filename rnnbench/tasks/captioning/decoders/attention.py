"""What decoders with attention share: every step looks at the regions of the image."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.nn.attention import Memory
from rnnbench.nn.decoder import DecoderState
from rnnbench.tasks.captioning.decoders.base import CaptionDecoder


class AttendingDecoder(CaptionDecoder):
    """A decoder that loops over the steps in training, because each waits for what the one before has seen."""

    doubly_stochastic: float
    """Weight of the penalty on regions that are looked at too little or too much."""

    def read(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, Tensor]:
        """See `Decoder.read`. A caption that is over leaves the loop."""
        # Captions are ragged: the state holds only the rows whose captions go on, and `rows` says where each belongs.
        # Asked of the device once: what stays in the loop is worked out here.
        sizes, here = lengths.cpu(), torch.arange(len(x))
        rows = here.to(x.device)
        made, weights = [], []
        for t, token in enumerate(x.unbind(1)):
            stays = sizes[here] > t
            if not bool(stays.all()):
                kept = stays.nonzero()[:, 0]
                here = here[kept]
                rows, state = here.to(x.device), state.select(kept)
            one, state = self.advance(token.index_select(0, rows), state)
            assert state.attention is not None
            # Back into places of their own, zero for captions that are over; gradients go the same way.
            made.append(one.new_zeros(len(x), one.shape[1]).index_copy(0, rows, one))
            seen = state.attention
            weights.append(seen.new_zeros(len(x), seen.shape[1]).index_copy(0, rows, seen))
        return torch.stack(made, 1), torch.stack(weights, 1)

    def penalty(
        self, made: Tensor, attention: Tensor | None, nats: Tensor, valid: Tensor, regions: Tensor
    ) -> Tensor | None:
        """See `CaptionDecoder.penalty`: lambda sum_s (1 - sum_t a_ts)^2 (Xu et al. 2015, equation 14)."""
        assert attention is not None
        if not self.doubly_stochastic:
            return None
        # Padding, which nothing is seen of, would count 1 a place.
        padding = attention.shape[2] - regions
        of_captions = ((1 - attention.sum(1)) ** 2).sum(1) - padding
        return self.doubly_stochastic * (of_captions * valid.sum(1)).sum() / valid.sum()


def check_weight(name: str, value: float) -> None:
    """Refuses a negative weight of a loss.

    Raises:
        UserError: Names the option.
    """
    if value < 0:
        raise UserError(f"must be 0 or more, found {value}", where=f"model.decoder.{name}")


def rows_of(memory: Memory, part: Tensor, places: Tensor) -> Tensor:
    """One place of the memory that each of N rows looks at.

    Args:
        memory: The memory.
        part: Its values or its keys ``(B, S, A)``.
        places: ``(N,)`` int64.

    Returns:
        ``(N, A)``.
    """
    owner = torch.arange(places.shape[0]) if memory.owner is None else memory.owner
    return part[owner.to(places.device), places]
