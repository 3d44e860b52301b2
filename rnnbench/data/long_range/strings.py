"""Strings that are to be said again: backwards, twice, or after a stack was at work on them.

G. Deletang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023.
"""

from __future__ import annotations

import string
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.finite_state import CHOMSKY
from rnnbench.data.long_range.problem import BLANK, Answers, Drawn, GeneratedProblem, Inputs, Plan
from rnnbench.errors import UserError


@dataclass(frozen=True)
class _Said(GeneratedProblem):
    """A string is read, and after it symbols of it are to be said, in an order that the length tells."""

    symbols: int = 2

    usual: ClassVar[Plan] = CHOMSKY

    def __post_init__(self) -> None:
        if not 2 <= self.symbols <= len(string.ascii_lowercase):
            raise UserError(f"must be from 2 to 26, found {self.symbols}", where="--data.source.symbols")

    @abstractmethod
    def order(self, length: int) -> list[int]:
        """Which symbols of the string are to be said."""

    @property
    def inputs(self) -> Inputs:
        """The symbols and a blank."""
        return Inputs(symbols=(BLANK, *string.ascii_lowercase[: self.symbols]))

    @property
    def answers(self) -> Answers:
        """The symbols."""
        return Answers("class", tuple(string.ascii_lowercase[: self.symbols]))

    def steps(self, length: int) -> int:
        """The string and what is to be said."""
        return length + len(self.order(length))

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        read = draw.belows(self.symbols, length)
        said = [read[place] for place in self.order(length)]
        x = [*(1 + symbol for symbol in read), *[0] * len(said)]
        return Drawn(np.array(x), np.array([*[0] * length, *said]), np.arange(len(x)) >= length)

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        read = draws.belows(self.symbols, length)
        x = np.zeros((len(draws), self.steps(length)), dtype=np.int64)
        y, asked = np.zeros_like(x), np.zeros(x.shape, dtype=np.bool_)
        x[:, :length] = 1 + read
        y[:, length:] = read[:, self.order(length)]
        asked[:, length:] = True
        return Drawn(x, y, asked)


@dataclass(frozen=True)
class ReverseString(_Said):
    """A string is to be said backwards. The length is that of the string.

    Args:
        symbols: How many symbols there are.
    """

    dataset = "reverse_string"

    def order(self, length: int) -> list[int]:
        """From the last to the first."""
        return list(range(length))[::-1]


@dataclass(frozen=True)
class DuplicateString(_Said):
    """A string is to be said twice. The length is that of the string.

    Args:
        symbols: How many symbols there are.
    """

    dataset = "duplicate_string"

    def order(self, length: int) -> list[int]:
        """From the first to the last, two times."""
        return [*range(length), *range(length)]


@dataclass(frozen=True)
class StackManipulation(GeneratedProblem):
    """What lies on a stack after symbols were taken off and put on it, the topmost first, then that it is empty.

    First the stack is read, the lowest symbol first, then what is done: A and B put a and b on it, ``-`` takes one off,
    and does nothing to an empty stack. The length is that of both together; how much of it is the stack is drawn. As
    many symbols are asked for as there could be, and one more.
    """

    dataset = "stack_manipulation"
    usual: ClassVar[Plan] = CHOMSKY._replace(min_length=2)

    @property
    def shortest(self) -> int:
        """A symbol and an action."""
        return 2

    @property
    def inputs(self) -> Inputs:
        """A blank, the symbols, and the actions."""
        return Inputs(symbols=(BLANK, "a", "b", "A", "B", "-"))

    @property
    def answers(self) -> Answers:
        """That the stack is empty, and the symbols."""
        return Answers("class", (BLANK, "a", "b"))

    def steps(self, length: int) -> int:
        """Stack and actions, and the answers."""
        return 2 * length + 1

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        size = 1 + draw.below(length - 1)
        random = [(draw.below(2), draw.below(3)) for _ in range(length)]
        stack, read = [], []
        for t, (symbol, action) in enumerate(random):
            if t < size:
                stack.append(1 + symbol)
                read.append(1 + symbol)
                continue
            read.append(3 + action)
            if action < 2:
                stack.append(1 + action)
            elif stack:
                stack.pop()
        said = [*stack[::-1], *[0] * (length + 1 - len(stack))]
        x = [*read, *[0] * (length + 1)]
        return Drawn(np.array(x), np.array([*[0] * length, *said]), np.arange(len(x)) >= length)

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        batch, rows = len(draws), np.arange(len(draws))
        size = 1 + draws.below(length - 1)
        random = draws.belows(np.tile([2, 3], length), 2 * length).reshape(batch, length, 2)
        on_stack = np.arange(length) < size[:, None]
        read = np.where(on_stack, 1 + random[..., 0], 3 + random[..., 1])
        # Place 0 lies below the stack, so that one who takes from an empty stack stays there.
        stack, height = np.zeros((batch, length + 1), dtype=np.int64), np.zeros(batch, dtype=np.int64)
        for t in range(length):
            now = read[:, t]
            put = now < 5
            height = np.where(put, height + 1, np.maximum(height - 1, 0))
            stack[rows, height] = np.where(put, np.where(now < 3, now, now - 2), stack[rows, height])
        places = height[:, None] - np.arange(length + 1)
        said = np.where(places > 0, np.take_along_axis(stack, np.maximum(places, 0), 1), 0)
        x = np.concatenate([read, np.zeros((batch, length + 1), dtype=np.int64)], 1)
        y = np.concatenate([np.zeros((batch, length), dtype=np.int64), said], 1)
        return Drawn(x, y, np.broadcast_to(np.arange(2 * length + 1) >= length, x.shape).copy())
