"""Inputs of a prediction of which some cannot be read: the others are answered."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TypeVar

from rnnbench.errors import UserError

I = TypeVar("I")  # noqa: E741
R = TypeVar("R")


def readable(inputs: Iterable[I], read: Callable[[I], R], alone: bool = False) -> tuple[list[I], list[R]]:
    """The inputs that can be read, and what was read of each; the others are named on stderr.

    Args:
        inputs: The inputs.
        read: Reads one.
        alone: Whether there is but one, so that nothing is left without it.

    Raises:
        UserError: It is the only one, and cannot be read.
    """
    kept, found = [], []
    for one in inputs:
        try:
            found.append(read(one))
        except UserError as error:
            if alone:
                raise
            print(f"{error.where}: left out, {error.problem}", file=sys.stderr)
        else:
            kept.append(one)
    return kept, found
