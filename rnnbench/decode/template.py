"""What may be written at each place: texts of a given form, such as an acrostic."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnbench.errors import UserError, did_you_mean

ANY = "?"
"""Stands for any word, or any character that is a letter or a digit."""


def read_template(places: Sequence[str], tokens: Sequence[str], where: str) -> list[Tensor]:
    """Which tokens may stand at each place.

    Args:
        places: L texts: a token each, or `ANY`.
        tokens: The vocabulary ``(V,)``.
        where: The option that the template is from, for errors.

    Returns:
        L tensors of ids ``(K,)`` int64, ascending.

    Raises:
        UserError: There are no places, or a token is not in the vocabulary.
    """
    if not places:
        raise UserError("there is nothing in it", where=where, hint=f"{ANY} is any letter, all else stands as it is")
    letters = torch.tensor([number for number, token in enumerate(tokens) if token.isalnum()])
    numbers = {token: number for number, token in enumerate(tokens)}
    found = []
    for place in places:
        if place != ANY and place not in numbers:
            raise UserError(
                f"{place!r} is not in the vocabulary of {len(tokens):,} tokens",
                where=where,
                hint=did_you_mean(place, tokens),
            )
        found.append(letters if place == ANY else torch.tensor([numbers[place]]))
    return found
