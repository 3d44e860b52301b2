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
            *_, (found, _) = _windows(network, tokens, lengths, _WINDOW)
            return found
        total = torch.zeros(())
        for found, is_there in _windows(network, tokens, lengths, 1):
            total = total.to(found) + found.tanh() * is_there[:, None]
        return total / lengths.to(total.device)[:, None]


def follow_unit(network: LanguageModel, text: str, unit: int) -> list[float]:
    """The value of a unit after each token of a text.

    Args:
        network: The network.
        text: The text.
        unit: Number of the unit.
    """
    tokens, lengths = _tokens(network, [text])
    with evaluating(network):
        values = [found[0, unit] for found, _ in _windows(network, tokens, lengths, 1)]
    # After the token that stands before every document nothing was read yet.
    return torch.stack(values)[1:].tolist()


def _tokens(network: LanguageModel, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Tokens ``(B, T)`` of texts, on the network's device, and their numbers ``(B,)``, on the CPU."""
    end = torch.tensor([network.tokenizer.end])
    rows = [torch.cat([end, torch.from_numpy(network.tokenizer.encode(text))]) for text in texts]
    tokens, lengths = pad(rows, network.tokenizer.end)
    return tokens.to(network.device), lengths


def _windows(network: LanguageModel, tokens: Tensor, lengths: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The units ``(B, U)`` after each so many steps, and whether a text ``(B,)`` still had one of them."""
    state = network.initial_state(len(tokens))
    for start in range(0, tokens.shape[1], size):
        window = tokens[:, start : start + size]
        here = (lengths - start).clamp(0, window.shape[1])
        state = network.after(window, here, state)
        yield units(network.backbone, state), (here > 0).to(tokens.device)
