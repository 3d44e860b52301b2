"""Linear-chain conditional random field: tags of a sequence that depend on their neighbours."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

# What an illegal transition adds to a score: e^-10000 is zero in every precision, and unlike -inf it has a gradient.
_ILLEGAL = -1e4


class Legal(NamedTuple):
    """Which tags may stand where; K tags."""

    transitions: Tensor
    """``(K, K)`` bool: whether the second tag may follow the first."""
    starts: Tensor
    """``(K,)`` bool: whether a sequence may start with the tag."""
    ends: Tensor
    """``(K,)`` bool: whether a sequence may end with the tag."""


class LinearChainCRF(nn.Module):
    """Distribution over whole sequences of tags.

        p(y | x) = exp s(x, y) / Z(x),    s(x, y) = a[y_1] + sum_t e_t[y_t] + sum_{t>1} A[y_{t-1}, y_t] + b[y_T]

    with scores e_t of the tags at each position, and A, a, b learned. J. Lafferty, A. McCallum and F. Pereira,
    Conditional Random Fields, ICML 2001; on top of a bidirectional LSTM: Z. Huang, W. Xu and K. Yu, Bidirectional
    LSTM-CRF Models for Sequence Tagging, arXiv 1508.01991 (2015).

    What stands in the padding changes nothing. The empty sequence has the score 0 and Z = 1.

    Args:
        num_tags: K.
        legal: Which tags may stand where; every other sequence has probability 0. None allows all.
    """

    legal_transitions: Tensor
    legal_starts: Tensor
    legal_ends: Tensor

    def __init__(self, num_tags: int, legal: Legal | None = None) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(num_tags, num_tags))
        self.starts = nn.Parameter(torch.zeros(num_tags))
        self.ends = nn.Parameter(torch.zeros(num_tags))
        everything = Legal(
            *(torch.ones_like(one, dtype=torch.bool) for one in (self.transitions, self.starts, self.ends))
        )
        for name, mask in (legal or everything)._asdict().items():
            # Follows from the tags, so it need not be in a checkpoint.
            self.register_buffer(f"legal_{name}", mask, persistent=False)

    def log_likelihood(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Logarithm of the probability of tags.

        Args:
            emissions: Scores e of the tags ``(B, T, K)``.
            tags: ``(B, T)`` int64, each in 0..K-1 up to the length; anything past it.
            lengths: ``(B,)`` int64, each in 0..T.

        Returns:
            ``(B,)``.
        """
        return self.score(emissions, tags, lengths) - self.log_partition(emissions, lengths)

    def score(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """s(x, y) of each sequence ``(B,)``; arguments as of `log_likelihood`."""
        transitions, starts, ends = self.scores()
        valid = _valid(emissions, lengths)
        tags = torch.where(valid, tags, 0)
        emitted = emissions.gather(2, tags[..., None]).squeeze(2)
        moved = transitions[tags[:, :-1], tags[:, 1:]]
        last = tags.gather(1, (lengths - 1).clamp(min=0)[:, None]).squeeze(1)
        inner = torch.where(valid, emitted, 0).sum(1) + torch.where(valid[:, 1:], moved, 0).sum(1)
        return torch.where(lengths > 0, starts[tags[:, 0]] + inner + ends[last], 0)

    def log_partition(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Log Z of each sequence ``(B,)`` by the forward algorithm; arguments as of `log_likelihood`."""
        transitions, starts, ends = self.scores()
        valid = _valid(emissions, lengths)
        # unbind, not indexing: the gradient of e[:, t] would be a zero tensor of e's full size at every step.
        first, *others = torch.where(valid[..., None], emissions, 0).unbind(1)
        alpha = starts + first
        for emission, here in zip(others, valid.unbind(1)[1:], strict=True):
            grown = torch.logsumexp(alpha[:, :, None] + transitions, dim=1) + emission
            alpha = torch.where(here[:, None], grown, alpha)
        return torch.where(lengths > 0, torch.logsumexp(alpha + ends, dim=1), 0)

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Probability of each tag at each position, which is the gradient of log Z by the emissions.

        Args:
            emissions: ``(B, T, K)``; not of an inference mode, which knows no gradients.
            lengths: ``(B,)`` int64.

        Returns:
            ``(B, T, K)``, zero past each length, without a history.
        """
        with torch.enable_grad():
            emissions = emissions.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.log_partition(emissions, lengths).sum(), emissions)
        return gradient

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The most probable tags by the algorithm of Viterbi; among equally probable ones those with smaller numbers.

        Args:
            emissions: ``(B, T, K)``.
            lengths: ``(B,)`` int64.

        Returns:
            ``(B, T)`` int64, zero past each length.
        """
        transitions, starts, ends = (scores.detach() for scores in self.scores())
        valid = _valid(emissions, lengths)
        first, *others = torch.where(valid[..., None], emissions.detach(), 0).unbind(1)
        best = starts + first
        stay = torch.arange(len(starts), device=starts.device).expand_as(best)
        pointers = []
        for emission, here in zip(others, valid.unbind(1)[1:], strict=True):
            grown, source = (best[:, :, None] + transitions).max(1)
            grown = grown + emission
            # Only differences count. Sums over a long text would lose them to rounding.
            grown = grown - grown.max(1, keepdim=True).values
            best = torch.where(here[:, None], grown, best)
            pointers.append(torch.where(here[:, None], source, stay))
        tag = (best + ends).argmax(1, keepdim=True)
        tags = [tag]
        for source in reversed(pointers):
            tag = source.gather(1, tag)
            tags.append(tag)
        return torch.where(valid, torch.cat(tags[::-1], dim=1), 0)

    def scores(self) -> tuple[Tensor, Tensor, Tensor]:
        """A ``(K, K)``, a and b ``(K,)`` of the class's equation, with what is illegal put out of reach."""
        transitions, starts, ends = (
            scores.masked_fill(~mask, _ILLEGAL)
            for scores, mask in (
                (self.transitions, self.legal_transitions),
                (self.starts, self.legal_starts),
                (self.ends, self.legal_ends),
            )
        )
        return transitions, starts, ends


def _valid(emissions: Tensor, lengths: Tensor) -> Tensor:
    """``(B, T)`` bool: positions before the end of a sequence."""
    return torch.arange(emissions.shape[1], device=emissions.device) < lengths[:, None]
