"""Beam search, batched over sentences and hypotheses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

from rnnbench.errors import UserError


class SearchState(Protocol):
    """What a model carries from step to step, N rows of it: one for each hypothesis."""

    @property
    def attention(self) -> Tensor | None:
        """Weights ``(N, S)`` of the last step, for models that attend to S places."""

    def select(self: S, rows: Tensor) -> S:
        """The rows ``(N',)`` (int64), in this order and as often as named; hypotheses of a sentence stay together."""


S = TypeVar("S", bound=SearchState)

SearchStep = Callable[[Tensor, S], tuple[Tensor, S]]
"""A token ``(N,)`` and a state -> log-probabilities of the next token ``(N, V)`` and the new state."""


@dataclass(frozen=True)
class Beam:
    """How to search.

    The score of a finished hypothesis y of |y| tokens, its end included, is that of Y. Wu et al., Google's Neural
    Machine Translation System, arXiv 1609.08144 (2016), section 7:

        log p(y | x) / lp + cp,   lp = ((5 + |y|) / 6)^alpha,   cp = beta sum_s log min(sum_t a_ts, 1)

    with the attention a_ts of the t-th token to place s.

    Args:
        size: Hypotheses of a sentence at a time; 1 takes the best token always (greedy).
        length_penalty: Alpha: 0 prefers short hypotheses, 1 (about) the mean over tokens.
        coverage_penalty: Beta: punishes places that were hardly attended to.
        nbest: How many hypotheses of a sentence are wanted.
    """

    size: int = 5
    length_penalty: float = 0.0
    coverage_penalty: float = 0.0
    nbest: int = 1

    def check(self) -> None:
        """Refuses what is out of range.

        Raises:
            UserError: Names the option.
        """
        checks = (
            ("size", self.size, self.size >= 1, "at least 1"),
            ("length_penalty", self.length_penalty, self.length_penalty >= 0, "0 or more"),
            ("coverage_penalty", self.coverage_penalty, self.coverage_penalty >= 0, "0 or more"),
            ("nbest", self.nbest, 1 <= self.nbest <= self.size, f"in 1..{self.size}, the size of the beam"),
        )
        for name, value, good, expected in checks:
            if not good:
                raise UserError(f"must be {expected}, found {value}", where=f"beam {name}")


class Hypothesis(NamedTuple):
    """What a search has found for a sentence."""

    tokens: list[int]
    """Without begin and end."""
    log_probability: float
    """Sum over the tokens, the end included."""
    score: float
    """The log-probability after the penalties, by which hypotheses are ranked."""
    attention: Tensor | None
    """``(T, S)`` weights of the T tokens, the end included; None where they were not asked for."""


class _Found(NamedTuple):
    """A finished hypothesis: its score, and where its history begins."""

    score: float
    log_probability: float
    step: int
    row: int


def beam_search(
    step: SearchStep[S],
    state: S,
    begin: int,
    end: int,
    limits: Tensor,
    beam: Beam,
    lengths: Tensor | None = None,
    keep_attention: bool = False,
) -> list[list[Hypothesis]]:
    """Searches for the best continuations of B sentences at once.

    A sentence has ``beam.size`` places. The best continuations of its hypotheses take the free ones, and a hypothesis
    that ends keeps its place to the end. All hypotheses of all sentences are rows of one batch; what is finished leaves
    it, and so do all hypotheses of a sentence once none of them can come under its ``beam.nbest`` best. With places for
    all sequences within the limit the search is exhaustive.

    What is found for a sentence does not depend on the batch it is in, but for rounding within ``step``.

    Args:
        step: The model.
        state: Its state before the first token, B rows.
        begin: The token that every sentence starts with.
        end: The token that ends one.
        limits: Most tokens of a hypothesis of each sentence ``(B,)`` int64; there it has to end.
        beam: How to search.
        lengths: Places ``(B,)`` int64 of each sentence that ought to be attended to, for the coverage penalty.
        keep_attention: Whether the hypotheses come with their attention.

    Returns:
        For each sentence up to ``beam.nbest`` hypotheses, best first; fewer where there are no more of them.
    """
    beam.check()
    search = _Search(limits, beam, begin, end, lengths, keep_attention)
    while len(search.tokens):
        log_probs, state = step(search.tokens, state)
        state = state.select(search.advance(log_probs, state.attention))
    return search.results()


class _Search:
    """The hypotheses that are not finished, N rows in the order of their sentences, and those that are."""

    def __init__(
        self, limits: Tensor, beam: Beam, begin: int, end: int, lengths: Tensor | None, keep_attention: bool
    ) -> None:
        sentences = len(limits)
        device = limits.device
        self.beam, self.end, self.limits = beam, end, limits
        self.tokens = torch.full((sentences,), begin, device=device)
        self.owner = torch.arange(sentences, device=device)
        self.scores = torch.zeros(sentences, dtype=torch.float64, device=device)
        self.free = torch.full((sentences,), beam.size, device=device)
        self.best = torch.full((sentences, beam.size), -torch.inf, dtype=torch.float64, device=device)
        self.lengths = lengths
        self.coverage: Tensor | None = None
        self.keep_attention = keep_attention
        self.steps: list[tuple[Tensor, Tensor]] = []
        self.attention: list[Tensor] = []
        self.found: list[list[_Found]] = [[] for _ in range(sentences)]

    def advance(self, log_probs: Tensor, attention: Tensor | None) -> Tensor:
        """Takes the best continuations ``(N, V)``; returns which rows go on, as often as they do."""
        length = len(self.steps) + 1
        if self.keep_attention and attention is not None:
            self.attention.append(attention)
        if self.beam.coverage_penalty and attention is not None:
            self.coverage = attention.double() if self.coverage is None else self.coverage + attention
        rows, tokens, scores = self._choose(log_probs, length)
        owner = self.owner[rows]
        ends = tokens == self.end
        self._finish(rows[ends], owner[ends], scores[ends], length)
        goes_on = ~ends & self._may_win(owner, scores)
        rows = rows[goes_on]
        self.steps.append((rows, tokens[goes_on]))
        self.tokens, self.scores, self.owner = tokens[goes_on], scores[goes_on], owner[goes_on]
        if self.coverage is not None:
            self.coverage = self.coverage[rows]
        return rows

    def results(self) -> list[list[Hypothesis]]:
        """The best hypotheses of each sentence."""
        steps = [(rows.tolist(), tokens.tolist()) for rows, tokens in self.steps]
        results = []
        for found in self.found:
            # Stable: of equal ones the shorter comes first.
            best = sorted(found, key=lambda one: -one.score)[: self.beam.nbest]
            results.append([self._hypothesis(one, steps) for one in best])
        return results

    def _choose(self, log_probs: Tensor, length: int) -> tuple[Tensor, Tensor, Tensor]:
        """Rows, tokens and log-probabilities of the best continuations, as many of a sentence as it has free places."""
        width = min(self.beam.size, log_probs.shape[1])
        best, tokens = log_probs.topk(width, dim=1)
        must_end = (self.limits[self.owner] < length)[:, None]
        only_end = torch.full_like(best, -torch.inf)
        only_end[:, 0] = log_probs[:, self.end]
        best = torch.where(must_end, only_end, best)
        tokens = torch.where(must_end, self.end, tokens)
        totals = self.scores[:, None] + best.double()
        # The candidates of a sentence side by side. A stable sort keeps equal ones in the order of hypotheses and
        # ranks, which no other sentence has a part in.
        sentences, place = torch.unique_consecutive(self.owner, return_inverse=True)
        counts = torch.bincount(place)
        first = counts.cumsum(0) - counts
        most = int(counts.max())
        place = place * most + torch.arange(len(place), device=place.device) - first[place]
        spread = totals.new_full((len(sentences) * most, width), -torch.inf).index_copy(0, place, totals)
        ranked, order = spread.view(len(sentences), -1).sort(dim=1, descending=True, stable=True)
        kept = torch.arange(ranked.shape[1], device=place.device) < self.free[sentences][:, None]
        kept &= ranked > -torch.inf
        column = order[kept]
        rows = first.repeat_interleave(kept.sum(1)) + column // width
        return rows, tokens[rows, column % width], ranked[kept]

    def _finish(self, rows: Tensor, owner: Tensor, log_probabilities: Tensor, length: int) -> None:
        """Enters finished hypotheses, which take a place of their sentence each."""
        if not len(rows):
            return
        scores = log_probabilities / self._length_penalty(torch.tensor(length, device=rows.device))
        if self.coverage is not None:
            scores = scores + self._coverage_penalty(rows, owner)
        columns = zip(owner.tolist(), rows.tolist(), log_probabilities.tolist(), scores.tolist(), strict=True)
        for sentence, row, log_probability, score in columns:
            place = len(self.found[sentence])
            self.found[sentence].append(_Found(score, log_probability, length - 1, row))
            self.best[sentence, place] = score
        self.free -= torch.bincount(owner, minlength=len(self.free))

    def _may_win(self, owner: Tensor, scores: Tensor) -> Tensor:
        """Whether hypotheses can still come under the best of their sentences.

        A log-probability only falls, and at best it is divided by the penalty of the longest hypothesis.
        """
        bound = scores / self._length_penalty(self.limits[owner] + 1)
        nth = self.best.topk(self.beam.nbest, dim=1).values[:, -1]
        return (self.free[owner] > 0) & (bound > nth[owner])

    def _length_penalty(self, length: Tensor) -> Tensor:
        return ((5 + length.double()) / 6) ** self.beam.length_penalty

    def _coverage_penalty(self, rows: Tensor, owner: Tensor) -> Tensor:
        assert self.coverage is not None
        covered = self.coverage[rows].clamp(min=torch.finfo(torch.float32).tiny, max=1).log()
        if self.lengths is not None:
            places = torch.arange(covered.shape[1], device=covered.device)
            covered = covered.masked_fill(places >= self.lengths[owner][:, None], 0)
        return self.beam.coverage_penalty * covered.sum(1)

    def _hypothesis(self, found: _Found, steps: list[tuple[list[int], list[int]]]) -> Hypothesis:
        """Follows a hypothesis back to its beginning."""
        tokens, history, row = [], [], found.row
        for step in range(found.step, -1, -1):
            if self.attention:
                history.append(self.attention[step][row])
            if step:
                rows, chosen = steps[step - 1]
                tokens.append(chosen[row])
                row = rows[row]
        attention = torch.stack(history[::-1]) if history else None
        return Hypothesis(tokens[::-1], found.log_probability, found.score, attention)
