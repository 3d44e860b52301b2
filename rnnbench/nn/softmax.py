"""The layer that scores a vocabulary, and its cross-entropy without the matrix of all scores."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Scores that exist at once: fewer would stay in the caches of a CPU, but products of few rows cost more than that.
_SCORES = {"cpu": 2**22}
_SCORES_ELSEWHERE = 2**26
# The narrower types have no room for a gradient that is summed over parts.
_SUMMED = (torch.float32, torch.float64)


class SoftmaxOutput(nn.Linear):
    """Scores of a vocabulary: z = W h + b, to be read as log-probabilities up to a constant."""

    def nats(self, hidden: Tensor, target: Tensor, ignored: int | None = None, smoothing: float = 0.0) -> Tensor:
        """Sum of the cross-entropies of the targets; equals ``F.cross_entropy(self(hidden), target, ...)``.

            nats = sum over n of [log sum over v of exp z_nv - (1 - e) z_n,y_n - e mean over v of z_nv]

        The N x V scores are made, used and forgotten a part at a time, and so are their gradients, computed on the way:
        dz = softmax(z) - (1 - e) 1_y - e / V. Under autocast, and in types of 16 bits, it is what it equals.

        Args:
            hidden: h ``(N, H)``.
            target: y ``(N,)`` int64.
            ignored: A target that counts for nothing.
            smoothing: e, the share of each target that is spread over the vocabulary (label smoothing).

        Returns:
            ``()``.
        """
        if hidden.dtype not in _SUMMED or torch.is_autocast_enabled(hidden.device.type):
            skipped = -100 if ignored is None else ignored
            return F.cross_entropy(
                self(hidden), target, reduction="sum", ignore_index=skipped, label_smoothing=smoothing
            )
        if ignored is None:
            counted = None
        else:
            counted = target != ignored
            target = target.where(counted, 0)
            # On a CPU it costs nothing to ask, and a factor of 1 for every score does.
            if target.device.type == "cpu" and bool(counted.all()):
                counted = None
        nats: Tensor = _Nats.apply(hidden, self.weight, self.bias, target, counted, smoothing)
        return nats


class _Nats(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, h: Tensor, weight: Tensor, bias: Tensor, y: Tensor, counted: Tensor | None, smoothing: float
    ) -> Tensor:
        wanted = any(ctx.needs_input_grad[:3])
        words = len(weight)
        gradients = [torch.empty_like(h), torch.zeros_like(weight), torch.zeros_like(bias)] if wanted else []
        total = h.new_zeros(())
        # As few parts as there must be, all of about one size.
        parts = math.ceil(len(h) * words / _SCORES.get(h.device.type, _SCORES_ELSEWHERE))
        rows = max(1, math.ceil(len(h) / max(1, parts)))
        for part in range(0, len(h), rows):
            hidden, target = h[part : part + rows], y[part : part + rows, None]
            # One matrix, which is scores, log-probabilities, probabilities and gradients in turn.
            scores = torch.log_softmax(torch.addmm(bias, hidden, weight.T), 1)
            nats = (smoothing - 1) * scores.gather(1, target)
            if smoothing:
                nats -= smoothing * scores.mean(1, keepdim=True)
            factor = None if counted is None else counted[part : part + rows, None].to(h.dtype)
            total += nats.sum() if factor is None else (nats * factor).sum()
            if wanted:
                scores.exp_()
                if smoothing:
                    scores -= smoothing / words
                scores.scatter_add_(1, target, scores.new_full((1, 1), smoothing - 1).expand(target.shape))
                if factor is not None:
                    scores *= factor
                torch.mm(scores, weight, out=gradients[0][part : part + rows])
                gradients[1].addmm_(scores.T, hidden)
                gradients[2].add_(scores.sum(0))
        ctx.save_for_backward(*gradients)
        return total

    @staticmethod
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor | None, ...]:
        return *(given * gradient for gradient in ctx.saved_tensors), None, None, None
