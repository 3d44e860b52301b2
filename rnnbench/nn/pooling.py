"""A sequence of outputs as one vector."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from rnnbench.errors import UserError, did_you_mean

PoolingKind = Literal["last", "mean", "max", "attention"]


class Pooling(nn.Module):
    """Makes one vector of the outputs y_1 ... y_L of a sequence; of an empty sequence, zeros.

    - last: y_L; where a backbone reads from both ends, [y_L, y_1]: each direction has read all at one of them.
    - mean: (y_1 + ... + y_L) / L.
    - max: the largest value of each unit (R. Collobert et al., JMLR 12 (2011), section 3.3.2).
    - attention: sum_t a_t y_t with a = softmax(v . tanh(W y_t + b)) (Z. Lin et al., A Structured Self-Attentive
      Sentence Embedding, ICLR 2017, with one row of annotation).

    Args:
        kind: Which of these.
        input_size: Width O of an output.
        causal: Whether an output depends on what stands before it only.

    Raises:
        UserError: There is no such kind.
    """

    def __init__(self, kind: PoolingKind, input_size: int, causal: bool = True) -> None:
        super().__init__()
        if kind not in get_args(PoolingKind):
            raise UserError(f"Pooling: no kind is called {kind!r}", hint=did_you_mean(kind, get_args(PoolingKind)))
        self.kind = kind
        self.causal = causal
        self.output_size = input_size * (1 if kind != "last" or causal else 2)
        if kind == "attention":
            self.hidden = nn.Linear(input_size, input_size)
            self.query = nn.Linear(input_size, 1, bias=False)

    def forward(self, y: Tensor, lengths: Tensor) -> Tensor:
        """Pools each sequence; what stands past its end changes nothing.

        Args:
            y: Outputs ``(B, T, O)``.
            lengths: Their numbers ``(B,)`` int64, each in 0..T.

        Returns:
            ``(B, O)``, or ``(B, 2 O)`` for the last and the first output.
        """
        valid = (torch.arange(y.shape[1], device=y.device) < lengths[:, None])[..., None]
        # Before any product: zero times what stands in the padding may be no number.
        y = torch.where(valid, y, y.new_zeros(()))
        if self.kind == "mean":
            return y.sum(1) / lengths.clamp(min=1)[:, None]
        if self.kind == "max":
            largest = y.masked_fill(~valid, -torch.inf).amax(1)
            return torch.where(lengths[:, None] > 0, largest, y.new_zeros(()))
        if self.kind == "attention":
            scores = self.query(torch.tanh(self.hidden(y)))
            # Under autocast they are of another type than the outputs.
            scores = scores.masked_fill(~valid, torch.finfo(scores.dtype).min)
            # Of an empty sequence all y are zero, whatever the weights.
            return (scores.softmax(1) * y).sum(1)
        last = (lengths - 1).clamp(min=0)[:, None, None].expand(-1, 1, y.shape[2])
        end = y.gather(1, last)[:, 0]
        return end if self.causal else torch.cat([end, y[:, 0]], 1)
