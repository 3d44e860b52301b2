"""Sampling from a model that predicts one token after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.decode.beam import Hypothesis, S, SearchStep
from rnnbench.errors import UserError
from rnnbench.ranges import SEED

Step = Callable[[Tensor, Any], tuple[Tensor, Any]]
"""A token ``(B,)`` and a state -> scores of the next token ``(B, V)`` and the new state."""

_COLDEST = 1e-30
"""Scores that are divided by less leave the range of float32."""


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen.

    Args:
        temperature: Divides the scores: below 1 is more careful, above 1 bolder, 0 always takes the best token.
        top_k: Only the so many best tokens; 0 for all.
        top_p: Only the best tokens that together have this probability (nucleus); 1 for all.
        length: Number of tokens to write.
        seed: Seed of the choice.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    length: int = 500
    seed: int = 1

    def __post_init__(self) -> None:
        checks = (
            (
                "temperature",
                self.temperature,
                self.temperature == 0 or _COLDEST <= self.temperature < math.inf,
                f"0 or more, and not between 0 and {_COLDEST:g}",
            ),
            ("top_k", self.top_k, self.top_k >= 0, "0 (all) or more"),
            ("top_p", self.top_p, 0 < self.top_p <= 1, "in (0, 1]"),
            ("length", self.length, self.length >= 1, "at least 1"),
            ("seed", self.seed, SEED.complaint(self.seed) is None, str(SEED)),
        )
        for name, value, good, expected in checks:
            if not good:
                raise UserError(f"must be {expected}, found {value}", where=f"--{name}")


def restrict(scores: Tensor, sampling: Sampling) -> Tensor:
    """Probabilities of the next token after temperature, top-k and top-p.

    Args:
        scores: Unnormalised log-probabilities ``(B, V)``.
        sampling: What to keep.

    Returns:
        Probabilities ``(B, V)``, zero for tokens that are left out.
    """
    if sampling.temperature == 0:
        return torch.nn.functional.one_hot(scores.argmax(-1), scores.shape[-1]).to(scores.dtype)
    scores = scores / sampling.temperature
    if not sampling.top_k and sampling.top_p == 1:
        # Ranks are not asked for, and to sort a large vocabulary takes longer than a step of the model.
        return scores.softmax(-1)
    ranked, tokens = scores.sort(dim=-1, descending=True, stable=True)
    if sampling.top_k:
        ranked[:, sampling.top_k :] = -torch.inf
    probabilities = ranked.softmax(-1)
    # A token stays while those before it have less than top_p; the best one always does.
    before = probabilities.cumsum(-1) - probabilities
    probabilities = torch.where(before < sampling.top_p, probabilities, probabilities.new_zeros(()))
    probabilities = probabilities / probabilities.sum(-1, keepdim=True)
    return torch.zeros_like(scores).scatter(-1, tokens, probabilities)


def _choose(probabilities: Tensor, uniform: Tensor | float) -> Tensor:
    """Tokens ``(B,)`` that random numbers of [0, 1) stand for, where probabilities ``(B, V)`` lie one after the other.

    One number for a token: `torch.multinomial` draws one for each of the vocabulary.
    """
    cumulative = probabilities.double().cumsum(1)
    # To the right of a number below 1 there is always a token, and one that has a probability.
    return torch.searchsorted(cumulative, uniform * cumulative[:, -1:], right=True)[:, 0]


def sample(
    step: Step, prompt: Tensor, state: Any, sampling: Sampling, allowed: Sequence[Tensor] | None = None
) -> Iterator[int]:
    """Continues a prompt, token by token.

    Args:
        step: The model.
        prompt: Tokens ``(N,)``, N >= 1, that are read first.
        state: State before the prompt.
        sampling: How tokens are chosen.
        allowed: Ids ``(K,)`` of the tokens that may stand at each place, in place of ``sampling.length``; each is drawn
            among these alone, whatever has to follow.

    Yields:
        The tokens written, each as soon as it is chosen.
    """
    generator = np.random.default_rng(sampling.seed)
    for token in prompt:
        scores, state = step(token[None], state)
    for place in range(sampling.length if allowed is None else len(allowed)):
        known = scores.float().cpu()
        if allowed is None:
            chosen = _choose(restrict(known, sampling), generator.random())
        else:
            among = restrict(known.index_select(1, allowed[place]), sampling)
            chosen = allowed[place][_choose(among, generator.random())]
        yield int(chosen)
        scores, state = step(chosen.to(prompt.device), state)


def sample_sequences(
    step: SearchStep[S], state: S, begin: int, end: int, limits: Tensor, numbers: Sequence[int], sampling: Sampling
) -> list[Hypothesis]:
    """Draws a whole sequence for each of B sentences at once; those that are finished leave the batch.

    The random numbers of a sentence follow from the seed and its number alone: what is drawn for it does not depend on
    the batch it is in.

    Args:
        step: The model, as for `rnnbench.decode.beam.beam_search`.
        state: Its state before the first token, B rows.
        begin: The token that every sequence starts with.
        end: The token that ends one.
        limits: Most tokens of each sequence ``(B,)`` int64, in place of ``sampling.length``; there it has to end.
        numbers: B different numbers of the sentences.
        sampling: How tokens are chosen.
    """
    draws = [np.random.default_rng((sampling.seed, number)).random(int(limits.max()) + 1) for number in numbers]
    uniform = torch.tensor(np.array(draws), device=limits.device)
    rows = torch.arange(len(limits), device=limits.device)
    tokens = torch.full_like(rows, begin)
    written: list[list[int]] = [[] for _ in numbers]
    totals = torch.zeros(len(limits), dtype=torch.float64, device=limits.device)
    length = 0
    while len(rows):
        log_probs, state = step(tokens, state)
        tokens = _choose(restrict(log_probs.double(), sampling), uniform[rows, length : length + 1])
        tokens = torch.where(limits[rows] == length, end, tokens)
        totals[rows] += log_probs.gather(1, tokens[:, None])[:, 0]
        goes_on = (tokens != end).nonzero()[:, 0]
        rows, tokens = rows[goes_on], tokens[goes_on]
        for row, token in zip(rows.tolist(), tokens.tolist(), strict=True):
            written[row].append(token)
        state = state.select(goes_on)
        length += 1
    return [Hypothesis(found, total, total, None) for found, total in zip(written, totals.tolist(), strict=True)]
