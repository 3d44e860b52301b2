"""The automaton itself: what a network could learn at best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.tasks.base import CountingModel, Spec
from rnnbench.tasks.long_range.data import LongRangeData
from rnnbench.tasks.long_range.model import LongRangeModel


class AutomatonModel(CountingModel[LongRangeData], LongRangeModel):
    """Answers by the automaton of the problem, which it is told."""

    tables: ClassVar[Sequence[str]] = ("following", "outputs")
    following: Tensor
    outputs: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()

    def build(self, spec: Spec) -> None:
        """Takes the automaton.

        Raises:
            UserError: The problem has none.
        """
        if self.automaton is None:
            raise UserError(
                "this problem has no automaton",
                where="--model AutomatonModel",
                hint="one of RegularLanguage, Tomita, AutomatonFile, Parity, EvenPairs, CycleNavigation and so on",
            )
        self.register_buffer("following", torch.from_numpy(self.automaton.next))
        self.register_buffer("outputs", torch.from_numpy(self.automaton.output))

    def forward(self, x: Tensor, lengths: Tensor, asked: Tensor) -> Tensor:
        """See `LongRangeModel.forward`."""
        state = x.new_zeros(len(x))
        states = []
        for step in range(x.shape[1]):
            state = self.following[state, x[:, step]]
            states.append(state)
        said = self.outputs[torch.stack(states, 1)][asked]
        return torch.nn.functional.one_hot(said, self.answers.size).double().log()

    def model_name(self) -> str:
        """Number of states."""
        assert self.automaton is not None
        return f"automaton of {len(self.automaton)} states"
