"""Deterministic finite automata whose states have outputs (Moore machines)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError

MOST_STATES = 1000
"""More than anybody has looked at; without a limit a short expression fills the memory."""

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Automaton:
    """S states, of which the first is the initial one, over A symbols; each state has one of K outputs.

    A language is an automaton whose outputs are ``no`` and ``yes``.

    Args:
        symbols: Names of the symbols.
        outputs: Names of the outputs.
        next: State after a state and a symbol ``(S, A)`` int64.
        output: Output of each state ``(S,)`` int64.
        names: Names of the states.
    """

    symbols: tuple[str, ...]
    outputs: tuple[str, ...]
    next: NDArray[np.int64]
    output: NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.output)

    def run(self, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """States after each symbol ``(B, T)`` of words ``(B, T)``."""
        states = np.empty_like(words)
        now = np.zeros(len(words), dtype=np.int64)
        # One index into a flat table is twice as fast as two into a square one.
        flat, width = self.next.ravel() * len(self.symbols), len(self.symbols)
        columns = np.ascontiguousarray(words.T)
        for step in range(words.shape[1]):
            now = flat.take(now + columns[step])
            states[:, step] = now
        return states // width

    def minimal(self) -> Automaton:
        """The automaton with the fewest states that says the same of every word (E. F. Moore, 1956)."""
        reached = self._reached()
        block = self.output.copy()
        while True:
            keys = np.concatenate([block[:, None], block[self.next]], 1)[reached]
            _, found = np.unique(keys, axis=0, return_inverse=True)
            finer = np.zeros_like(block)
            finer[reached] = found.reshape(-1)
            if len(np.unique(finer[reached])) == len(np.unique(block[reached])):
                break
            block = finer
        # Blocks in the order in which they are reached: the initial one first.
        order: dict[int, int] = {}
        first = [state for state in reached.tolist() if order.setdefault(int(block[state]), state) == state]
        number = {int(block[state]): place for place, state in enumerate(first)}
        following = [[number[int(block[to])] for to in self.next[state]] for state in first]
        return Automaton(
            self.symbols,
            self.outputs,
            np.array(following, dtype=np.int64),
            self.output[first],
            tuple(self.names[state] for state in first),
        )

    def difference(self, other: Automaton) -> tuple[int, ...] | None:
        """A shortest word of which another automaton says something else; None where they are equal.

        Args:
            other: An automaton over the same symbols; outputs are compared by name.
        """
        seen = {(0, 0)}
        waiting: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, ())]
        for here, there, word in waiting:
            if self.outputs[self.output[here]] != other.outputs[other.output[there]]:
                return word
            for symbol in range(len(self.symbols)):
                pair = int(self.next[here, symbol]), int(other.next[there, symbol])
                if pair not in seen:
                    seen.add(pair)
                    waiting.append((*pair, (*word, symbol)))
        return None

    def to_plain(self) -> dict[str, Any]:
        """As plain values, for a checkpoint."""
        return {
            "symbols": list(self.symbols),
            "outputs": list(self.outputs),
            "next": self.next.tolist(),
            "output": self.output.tolist(),
            "names": list(self.names),
        }

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> Automaton:
        """That of `to_plain`."""
        following = np.array(values["next"], dtype=np.int64)
        output = np.array(values["output"], dtype=np.int64)
        return cls(tuple(values["symbols"]), tuple(values["outputs"]), following, output, tuple(values["names"]))

    def _reached(self) -> NDArray[np.int64]:
        """States that a word leads to, in the order of their shortest words."""
        found = [0]
        seen = {0}
        for state in found:
            for to in self.next[state].tolist():
                if to not in seen:
                    seen.add(to)
                    found.append(to)
        return np.array(found)


def explored(
    start: S, symbols: Sequence[str], after: Callable[[S, str], S], output: Callable[[S], str], where: str | None = None
) -> Automaton:
    """The automaton of a rule: all states that can be reached by it.

    Args:
        start: The initial state.
        symbols: Names of the symbols.
        after: The state after a state and a symbol.
        output: The output of a state.
        where: What the rule comes from, for the error.

    Raises:
        UserError: There are more than `MOST_STATES`.
    """
    numbers = {start: 0}
    waiting = [start]
    following: list[list[int]] = []
    for state in waiting:
        row = []
        for symbol in symbols:
            to = after(state, symbol)
            if to not in numbers:
                if len(numbers) == MOST_STATES:
                    raise UserError(f"the automaton would have more than {MOST_STATES:,} states", where=where)
                numbers[to] = len(numbers)
                waiting.append(to)
            row.append(numbers[to])
        following.append(row)
    said = [output(state) for state in waiting]
    outputs = tuple(sorted(set(said), key=lambda name: (len(name), name)))
    return Automaton(
        tuple(symbols),
        outputs,
        np.array(following, dtype=np.int64),
        np.array([outputs.index(name) for name in said], dtype=np.int64),
        tuple(map(str, range(len(waiting)))),
    )
