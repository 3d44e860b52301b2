"""Lines of text with blanks."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.data.text.encoder import TextEncoder

BLANK = "___"


class Blanks(NamedTuple):
    """A line with blanks."""

    text: str
    ids: Tensor
    """Its tokens ``(T,)`` int64; a blank is read as an unknown token."""
    places: list[int]
    """Where in them the blanks are."""

    def filled(self, tokens: list[str]) -> str:
        """The line with tokens in its blanks.

        Args:
            tokens: One for each blank.
        """
        parts = self.text.split(BLANK)
        return "".join(part for pair in zip(parts, [*tokens, ""], strict=True) for part in pair)


def find_blanks(text: str, encoder: TextEncoder) -> Blanks:
    """The blanks of a line, each three underscores.

    Args:
        text: The line.
        encoder: Makes tokens of what stands between them.
    """
    ids: list[int] = []
    places: list[int] = []
    for number, part in enumerate(text.split(BLANK)):
        if number:
            places.append(len(ids))
            ids.append(encoder.unknown)
        ids += encoder.encode(part).tolist()
    return Blanks(text, torch.tensor(ids, dtype=torch.int64), places)
