"""What a language model has in mind after a text, and after each of its tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor

from rnnbench.backbone.units import units
from rnnbench.data.batches.batch import pad
from rnnbench.tasks.base import evaluating
from rnnbench.tasks.text_generation.models.recurrent import LanguageModel

Pooling = Literal["last", "mean"]

# Steps that are computed at once: what they need of memory, for any length of a text.
_WINDOW = 64


def read_states(network: LanguageModel, texts: Sequence[str], pooling: Pooling = "last") -> Tensor:
    """The units of a network after texts, each read as the beginning of a document.

    Neither padding nor what else is in the batch changes them, beyond rounding.

    Args:
        network: The network.
        texts: B texts, best of about equal length.
        pooling: The units s after the last token, or the mean of tanh(s) over all tokens: else a few steps at which a
            unit is large would outweigh all others.

    Returns:
        ``(B, U)`` in the network's type and on its device, see `rnnbench.backbone.units.units`.
    """
    tokens, lengths = _tokens(network, texts)
    with evaluating(network):
        if pooling == "last":
            return _after_all(network, tokens, lengths)
        there = (torch.arange(tokens.shape[1]) < lengths[:, None]).to(tokens.device)
        total = torch.zeros(())
        for step, found in enumerate(_after_each(network, tokens)):
            total = total.to(found) + found.tanh().where(there[:, step, None], 0)
        return total / there.sum(1, keepdim=True)


def follow_unit(network: LanguageModel, text: str, unit: int) -> list[float]:
    """The value of a unit after each token of a text.

    Args:
        network: The network.
        text: The text.
        unit: Number of the unit.
    """
    tokens, _ = _tokens(network, [text])
    with evaluating(network):
        values = [found[0, unit] for found in _after_each(network, tokens)]
    # After the token that stands before every document nothing was read yet.
    return torch.stack(values)[1:].tolist()


def _tokens(network: LanguageModel, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Tokens ``(B, T)`` of texts, on the network's device, and their numbers ``(B,)``, on the CPU."""
    end = torch.tensor([network.tokenizer.end])
    rows = [torch.cat([end, torch.from_numpy(network.tokenizer.encode(text))]) for text in texts]
    tokens, lengths = pad(rows, network.tokenizer.end)
    return tokens.to(network.device), lengths


def _after_all(network: LanguageModel, tokens: Tensor, lengths: Tensor) -> Tensor:
    """The units ``(B, U)`` after the last token of each text."""
    state = network.initial_state(len(tokens))
    for start in range(0, tokens.shape[1], _WINDOW):
        window = tokens[:, start : start + _WINDOW]
        state = network.after(window, (lengths - start).clamp(0, window.shape[1]), state)
    return units(network.backbone, state)


def _after_each(network: LanguageModel, tokens: Tensor) -> Iterator[Tensor]:
    """The units ``(B, U)`` after each token; past the end of a text they are of no use."""
    state = network.initial_state(len(tokens))
    for token in tokens.T:
        _, state = network.backbone.step(network.embedding(token), state)
        yield units(network.backbone, state)
