"""Optimizers that torch lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD


class NTASGD(SGD):
    """Stochastic gradient descent that averages its iterates once validation stops improving.

        v_t > min(v_0, ..., v_{t-n-1})  =>  from this check on, the model is the mean of all weights after each step

    S. Merity, N. S. Keskar and R. Socher, Regularizing and Optimizing LSTM Language Models, ICLR 2018, algorithm 1. The
    steps themselves go on unaveraged; `rnnbench.platform.averaging.AveragedWeights`, which the command line always has
    and a script adds to the trainer's callbacks, tells it the validation values and evaluates the averages.

    Args:
        params: The parameters.
        lr: The learning rate.
        patience: The non-monotone interval n: a value counts as no improvement if one of more than n checks before it
            was better.
        momentum: Momentum of the steps.
        weight_decay: Weight of the L2 penalty.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 30.0,
        patience: int = 5,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay)
        # In the groups, so that it is part of a checkpoint.
        for group in self.param_groups:
            group.update(patience=patience, checks=[], averaged=None)

    @property
    def averaging(self) -> bool:
        """Whether there are averages by now: it has been triggered, and a step was taken since."""
        return bool(self.param_groups[0]["averaged"])

    def observe(self, value: float) -> None:
        """Takes the result of one check on the validation data, and triggers the averaging if it is due.

        Args:
            value: What is to be minimised.
        """
        for group in self.param_groups:
            before = group["checks"][: max(0, len(group["checks"]) - group["patience"])]
            if group["averaged"] is None and before and value > min(before):
                group["averaged"] = 0
            group["checks"].append(value)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """One step of gradient descent, after which the averages follow."""
        loss = super().step(closure)
        for group in self.param_groups:
            if group["averaged"] is None:
                continue
            group["averaged"] += 1
            for parameter in group["params"]:
                state = self.state[parameter]
                if "average" not in state:
                    state["average"] = torch.zeros_like(parameter)
                state["average"].lerp_(parameter, 1 / group["averaged"])
        return loss

    @torch.no_grad()
    def swap(self) -> None:
        """Exchanges weights and averages; a second call exchanges them back. Nothing happens before there are any."""
        if self.averaging:
            for parameter in (one for group in self.param_groups for one in group["params"]):
                average = self.state[parameter]["average"]
                weights = parameter.clone()
                parameter.copy_(average)
                average.copy_(weights)
