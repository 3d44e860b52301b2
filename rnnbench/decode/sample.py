"""Sampling from a model that predicts one token after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rnnbench.errors import UserError

Step = Callable[[Tensor, Any], tuple[Tensor, Any]]
"""A token ``(B,)`` and a state -> scores of the next token ``(B, V)`` and the new state."""


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
            ("temperature", self.temperature, self.temperature >= 0, "0 or more"),
            ("top_k", self.top_k, self.top_k >= 0, "0 (all) or more"),
            ("top_p", self.top_p, 0 < self.top_p <= 1, "in (0, 1]"),
            ("length", self.length, self.length >= 1, "at least 1"),
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
    ranked, tokens = (scores / sampling.temperature).sort(dim=-1, descending=True, stable=True)
    if sampling.top_k:
        ranked[:, sampling.top_k :] = -torch.inf
    probabilities = ranked.softmax(-1)
    # A token stays while those before it have less than top_p; the best one always does.
    before = probabilities.cumsum(-1) - probabilities
    probabilities = torch.where(before < sampling.top_p, probabilities, probabilities.new_zeros(()))
    probabilities = probabilities / probabilities.sum(-1, keepdim=True)
    return torch.zeros_like(scores).scatter(-1, tokens, probabilities)


def sample(step: Step, prompt: Tensor, state: Any, sampling: Sampling) -> Iterator[int]:
    """Continues a prompt, token by token.

    Args:
        step: The model.
        prompt: Tokens ``(N,)``, N >= 1, that are read first.
        state: State before the prompt.
        sampling: How tokens are chosen.

    Yields:
        The tokens written, each as soon as it is chosen.
    """
    generator = torch.Generator().manual_seed(sampling.seed)
    for token in prompt:
        scores, state = step(token[None], state)
    for _ in range(sampling.length):
        probabilities = restrict(scores.float().cpu(), sampling)
        chosen = torch.multinomial(probabilities, 1, generator=generator)[:, 0]
        yield int(chosen)
        scores, state = step(chosen.to(prompt.device), state)
