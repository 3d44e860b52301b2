"""Problems that a finite automaton solves: its output after the last symbol, or after each."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.automata.automaton import Automaton
from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.problem import Answers, Drawn, GeneratedProblem, Inputs, Plan, last_step

LONGER = tuple(range(50, 501, 50))
"""Lengths of test words where training has up to 40: ten of those from 41 to 500 over which G. Deletang et al., Neural
Networks and the Chomsky Hierarchy, ICLR 2023, take the mean."""
CHOMSKY = Plan(length=40, min_length=1, test_lengths=LONGER)


@dataclass(frozen=True)
class FiniteState(GeneratedProblem):
    """A word, and what an automaton says of it. Subclasses say which automaton, and how words are drawn.

    Args:
        every_step: Whether the output is asked for after each symbol rather than after the last one.
    """

    every_step: bool = False

    usual: ClassVar[Plan] = CHOMSKY

    @property
    @abstractmethod
    def machine(self) -> Automaton:
        """The automaton; its outputs are the answers."""

    @abstractmethod
    def word(self, length: int, draw: Draw) -> list[int]:
        """A word of this length, as numbers of symbols."""

    @abstractmethod
    def words(self, length: int, draws: Draws) -> NDArray[np.int64]:
        """Words ``(B, T)`` of this length."""

    @cached_property
    def automaton(self) -> Automaton:
        """The automaton."""
        return self.machine

    @property
    def inputs(self) -> Inputs:
        """The symbols of the automaton."""
        return Inputs(symbols=self.automaton.symbols)

    @property
    def answers(self) -> Answers:
        """The outputs of the automaton."""
        return Answers("class", self.automaton.outputs, last=not self.every_step)

    def steps(self, length: int) -> int:
        """The length."""
        return length

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        word, state = self.word(length, draw), 0
        states = []
        for symbol in word:
            state = int(self.automaton.next[state, symbol])
            states.append(state)
        y = [int(self.automaton.output[state]) for state in states]
        asked = [self.every_step or t == len(word) - 1 for t in range(len(word))]
        return Drawn(np.array(word), np.where(asked, y, 0), np.array(asked), states=np.array(states))

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        words = self.words(length, draws)
        states = self.automaton.run(words)
        asked = np.ones(words.shape, dtype=np.bool_) if self.every_step else last_step(words.shape[1], len(words))
        return Drawn(words, np.where(asked, self.automaton.output[states], 0), asked, states=states)
