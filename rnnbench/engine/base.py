"""What an engine is: one way to run a cell over time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.errors import UserError


class Engine(ABC):
    """Runs one cell over a batch of sequences; every engine gives the same numbers up to rounding.

    An engine reads parameters from ``params`` alone, never from the module: they may be masked (weight drop) or shared.
    """

    name: str

    def running(self, cell: RNNCell) -> set[str]:
        """Names of the engines that have run a cell: this one's, or those that it has handed it to."""
        return {self.name}

    @abstractmethod
    def refusal(
        self,
        cell: RNNCell,
        masked: bool = False,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> str | None:
        """Why this engine cannot run the cell, in words that end a sentence; None where it can.

        Args:
            cell: The cell.
            masked: Whether ``params`` may hold a `state_mask`.
            device: Where it is to run; None while nobody knows, since a cell is made on the CPU and moved later.
            dtype: The loop's type of numbers, where it is to run now: what has to be built for it is built.
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
            lengths: Number of valid steps ``(B,)``, int64, each in 0..T, best on the CPU; None where all are T.

        Returns:
            Output ``(B, T, O)``, zero past each length, and the state after the last valid step.

        Raises:
            UserError: It cannot run the cell here, and why; `refusal` says the same ahead.
        """


def cannot_run(engine: str, cell: RNNCell, reason: str) -> UserError:
    """The error of an engine that was named, and does not run the cell.

    Args:
        engine: Its name.
        cell: The cell.
        reason: Why, in words that end a sentence.
    """
    return UserError(f"the {engine} engine cannot run {type(cell).__name__}: {reason}", hint="engine: auto")


def wrong_device(engine: str, wanted: str, found: torch.device) -> UserError:
    """The error of an engine that was handed a tensor of another device than its own."""
    return UserError(f"the {engine} engine runs on {wanted} only, found a tensor on {found}", hint="engine: auto")
