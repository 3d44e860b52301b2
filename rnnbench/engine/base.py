"""What an engine is: one way to run a cell over time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from torch import Tensor

from rnnbench.cells import RNNCell, State


class Engine(ABC):
    """Runs one cell over a batch of sequences; every engine gives the same numbers up to rounding.

    An engine reads parameters from ``params`` alone, never from the module: they may be masked (weight drop) or shared.
    """

    name: str

    @abstractmethod
    def refusal(self, cell: RNNCell, masked: bool = False) -> str | None:
        """Why this engine cannot run the cell, in words that end a sentence; None where it can.

        Args:
            cell: The cell.
            masked: Whether ``params`` may hold a `state_mask`.
        """

    @abstractmethod
    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """Runs the cell forward in time.

        Args:
            cell: What to run; its ``project`` and ``step`` define the result.
            params: The values to take for the cell's parameters and buffers, by name.
            x: Input ``(B, T, I)``, T >= 1.
            state: State before the first step, leaves ``(B, ...)``.
            lengths: Number of valid steps ``(B,)``, int64, each in 0..T; None where all are T.

        Returns:
            Output ``(B, T, O)``, zero past each length, and the state after the last valid step.
        """


def first_that_runs(engines: Iterable[Engine], cell: RNNCell, masked: bool) -> tuple[Engine, str]:
    """The first engine that does not refuse a cell.

    Args:
        engines: Fastest first; the last refuses nothing.
        cell: The cell.
        masked: Whether ``params`` may hold a `state_mask`.

    Returns:
        The engine, and why none before it, in words that go on with a sentence.
    """
    refusals = ""
    for engine in engines:
        reason = engine.refusal(cell, masked)
        if reason is None:
            break
        refusals += f"; not on {engine.name}: {reason}"
    return engine, refusals
