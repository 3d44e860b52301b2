"""Attention: a weighted mean of a memory, such as the states of a sentence or the regions of an image.

B memories, S places in each, M width of a place; T queries a memory or N queries of any memories, Q width of a query; A
width of a key.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnnbench.errors import UserError


class Memory(NamedTuple):
    """What is attended to, with the part of the scores that no query changes.

    Several rows of queries may look at the same memory, as the hypotheses of a beam search do; it is not copied.
    """

    values: Tensor
    """``(B, S, M)``, zero past each length."""
    keys: Tensor
    """``(B, S, A)``: what `Attention.make_keys` makes of the values."""
    lengths: Tensor
    """``(B,)`` int64."""
    valid: Tensor
    """``(B, S)`` bool: the places within each length."""
    owner: Tensor | None = None
    """Which memory each of N rows of queries looks at ``(N,)`` int64, ascending; None where row i looks at memory i. It
    stays on the CPU, where places of rows are worked out without a device being waited for."""

    def select(self, rows: Tensor) -> Memory:
        """The memory as the rows ``(N,)`` (int64) of queries see it; memories that no row looks at are dropped."""
        rows = rows.cpu()
        owner = rows if self.owner is None else self.owner[rows]
        kept, owner = torch.unique_consecutive(owner, return_inverse=True)
        if torch.equal(kept, torch.arange(len(self.values))):
            return self._replace(owner=owner)
        there = kept.to(self.values.device)
        values, keys, lengths, valid = (part.index_select(0, there) for part in self[:4])
        return Memory(values, keys, lengths, valid, owner)


class Attention(nn.Module, ABC):
    """Scores each place of a memory by a query; the weights are a softmax over the places within each length.

    Args:
        query_size: Width Q of a query.
        memory_size: Width M of a place.
    """

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.query_size = query_size
        self.memory_size = memory_size

    @abstractmethod
    def make_keys(self, values: Tensor) -> Tensor:
        """``(B, S, M)`` -> ``(B, S, A)``, computed once a memory."""

    @abstractmethod
    def score(self, query: Tensor, memory: Memory) -> Tensor:
        """Queries ``(B, T, Q)`` -> scores ``(B, T, S)``, anything past a length."""

    def weigh(self, query: Tensor, memory: Memory) -> Tensor:
        """Queries ``(B, T, Q)`` -> weights ``(B, T, S)``, exactly zero past a length."""
        return _softmax(self.score(query, memory), memory.valid[:, None])

    def prepare(self, values: Tensor, lengths: Tensor) -> Memory:
        """A memory to look at.

        Args:
            values: ``(B, S, M)``; what stands past a length changes nothing.
            lengths: ``(B,)`` int64, each in 1..S.
        """
        valid = torch.arange(values.shape[1], device=values.device) < lengths[:, None]
        values = torch.where(valid[..., None], values, values.new_zeros(()))
        return Memory(values, self.make_keys(values), lengths, valid)

    def forward(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Looks at the memory.

        Args:
            query: ``(B, T, Q)``: T queries of each memory at once; or ``(N, Q)``: one of each row of the memory.
            memory: What `prepare` made.

        Returns:
            The weighted mean ``(B, T, M)`` or ``(N, M)``, and the weights ``(B, T, S)`` or ``(N, S)``.
        """
        if query.dim() == 3:
            weights = self.weigh(query, memory)
            return weights @ memory.values, weights
        if memory.owner is None:
            weights = self.weigh(query[:, None], memory)
            return (weights @ memory.values)[:, 0], weights[:, 0]
        # The rows of a memory side by side, as its T queries.
        counts = torch.bincount(memory.owner, minlength=len(memory.values))
        most = int(counts.max())
        first = counts.cumsum(0) - counts
        place = torch.arange(len(query)) + (most * memory.owner - first[memory.owner])
        place = place.to(query.device)
        spread = query.new_zeros(len(counts) * most, query.shape[1]).index_copy(0, place, query)
        weights = self.weigh(spread.view(len(counts), most, -1), memory)
        context = weights @ memory.values
        return context.flatten(0, 1).index_select(0, place), weights.flatten(0, 1).index_select(0, place)


class AdditiveAttention(Attention):
    """score = v . tanh(W q + U m + b).

    D. Bahdanau, K. Cho and Y. Bengio, Neural Machine Translation by Jointly Learning to Align and Translate, ICLR 2015.
    The ``concat`` score of Luong et al. 2015, v . tanh(W [q; m]), is the same with W and U as one matrix. Over T
    queries at once the hidden layer takes ``B T S A`` numbers; the other scores take ``B T S``.

    Args:
        query_size: Width Q of a query.
        memory_size: Width M of a place.
        size: Width A of the hidden layer; null for that of a query.
    """

    def __init__(self, query_size: int, memory_size: int, size: int | None = None) -> None:
        super().__init__(query_size, memory_size)
        size = query_size if size is None else size
        if size < 1:
            raise UserError(f"AdditiveAttention: size must be at least 1, found {size}")
        self.query = nn.Linear(query_size, size, bias=False)
        self.key = nn.Linear(memory_size, size)
        self.energy = nn.Linear(size, 1, bias=False)

    def make_keys(self, values: Tensor) -> Tensor:
        """U m + b."""
        return self.key(values)

    def score(self, query: Tensor, memory: Memory) -> Tensor:
        """See `Attention.score`."""
        # In place: what is widest here is stored once.
        return self.energy((self.query(query)[:, :, None] + memory.keys[:, None]).tanh_())[..., 0]


class DotAttention(Attention):
    """score = q . m, for queries as wide as the places of the memory.

    M.-T. Luong, H. Pham and C. D. Manning, Effective Approaches to Attention-based Neural Machine Translation, EMNLP
    2015.

    Args:
        query_size: Width Q of a query.
        memory_size: Width M of a place.

    Raises:
        UserError: They are not of one width.
    """

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        if query_size != memory_size:
            raise UserError(
                f"DotAttention: a query has {query_size} values and what it looks at {memory_size}",
                hint="GeneralAttention has a matrix between them",
            )

    def make_keys(self, values: Tensor) -> Tensor:
        """The values."""
        return values

    def score(self, query: Tensor, memory: Memory) -> Tensor:
        """See `Attention.score`."""
        return query @ memory.keys.transpose(1, 2)


class GeneralAttention(Attention):
    """score = q . W m (Luong et al. 2015, ``general``).

    Args:
        query_size: Width Q of a query.
        memory_size: Width M of a place.
    """

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        self.key = nn.Linear(memory_size, query_size, bias=False)

    def make_keys(self, values: Tensor) -> Tensor:
        """W m."""
        return self.key(values)

    def score(self, query: Tensor, memory: Memory) -> Tensor:
        """See `Attention.score`."""
        return query @ memory.keys.transpose(1, 2)


class LocalAttention(Attention):
    """Attention around a place that the query predicts (Luong et al. 2015, ``local-p``).

        p = S sigmoid(v . tanh(W q)),   weight_s = softmax_s(score) exp(-(s - p)^2 / (2 (D / 2)^2)),   |s - p| <= D

    for places s = 0 ... S - 1 of a memory of length S. As in the paper the softmax is over the window, and what the
    Gaussian takes away is not given back: the weights sum to less than 1.

    Args:
        query_size: Width Q of a query.
        memory_size: Width M of a place.
        score: Makes the attention whose scores are taken, from both widths.
        window: D: so many places to both sides.
    """

    def __init__(
        self,
        query_size: int,
        memory_size: int,
        score: Callable[[int, int], Attention] = GeneralAttention,
        window: int = 10,
    ) -> None:
        super().__init__(query_size, memory_size)
        if window < 1:
            raise UserError(f"LocalAttention: window must be at least 1, found {window}")
        self.scorer = score(query_size, memory_size)
        self.window = window
        self.hidden = nn.Linear(query_size, query_size, bias=False)
        self.place = nn.Linear(query_size, 1, bias=False)

    def make_keys(self, values: Tensor) -> Tensor:
        """Those of the attention whose scores are taken."""
        return self.scorer.make_keys(values)

    def score(self, query: Tensor, memory: Memory) -> Tensor:
        """See `Attention.score`; without the window."""
        return self.scorer.score(query, memory)

    def weigh(self, query: Tensor, memory: Memory) -> Tensor:
        """See `Attention.weigh`; exactly zero outside of the window, too."""
        length = memory.lengths[:, None, None]
        center = length * torch.sigmoid(self.place(torch.tanh(self.hidden(query))))
        distance = torch.arange(memory.values.shape[1], device=query.device) - center
        near = memory.valid[:, None] & (distance.abs() <= self.window)
        return _softmax(self.score(query, memory), near) * torch.exp(-2 * (distance / self.window) ** 2)


def _softmax(scores: Tensor, where: Tensor) -> Tensor:
    """Softmax over the places that count, zero elsewhere."""
    return scores.masked_fill(~where, -torch.inf).softmax(-1)
