"""Where a network looks next."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.errors import UserError, did_you_mean

Rule = Literal["reinforce", "gradient", "random"]
Start = Literal["centre", "random"]

_LEAST_DEVIATION = 1e-3


class Place(NamedTuple):
    """N places, and how they were chosen."""

    at: Tensor
    """``(N, 2)``: (x, y), each from -1 to 1."""
    log_likelihood: Tensor | None
    """``(N,)``: of having chosen them, up to a constant; None where nothing was to be chosen."""


class Policy(nn.Module):
    """A normal distribution of the next place around a mean that follows from what was seen.

        mean = tanh(W h + b),  place ~ N(mean, deviation^2), cut off at -1 and 1

    V. Mnih et al., Recurrent Models of Visual Attention, NeurIPS 2014, section 3.

    Args:
        input_size: Width of what it reads.
        rule: How it learns: by ``reinforce``, from whether the answers were right; by the ``gradient`` of the loss
            through the retina; or not at all, places being ``random``, each as likely as any.
        deviation: Standard deviation along each axis, in halves of the image; of a learned one, where it begins.
        learned: Whether the deviation follows from what was seen, too.
        start: Where the first look goes, unless the whole image is seen coarsely before.

    Raises:
        UserError: The deviation is not positive, or an option has another name.
    """

    def __init__(
        self,
        input_size: int,
        rule: Rule = "reinforce",
        deviation: float = 0.1,
        learned: bool = False,
        start: Start = "centre",
    ) -> None:
        super().__init__()
        for name, value, known in (("rule", rule, get_args(Rule)), ("start", start, get_args(Start))):
            if value not in known:
                raise UserError(
                    f"there is no {name} {value!r}", where=f"model.policy.{name}", hint=did_you_mean(value, known)
                )
        if not _LEAST_DEVIATION < deviation <= 2:
            raise UserError(
                f"must be above {_LEAST_DEVIATION} and at most 2, found {deviation}", where="model.policy.deviation"
            )
        self.rule: Rule = rule
        self.start: Start = start
        self.deviation = deviation
        self.learned = learned
        if rule != "random":
            self.mean = nn.Linear(input_size, 2)
        if rule != "random" and learned:
            self.spread = nn.Linear(input_size, 2)
            nn.init.zeros_(self.spread.weight)
            # The inverse of softplus.
            nn.init.constant_(self.spread.bias, math.log(math.expm1(deviation - _LEAST_DEVIATION)))

    def first(self, noise: Tensor) -> Place:
        """Places to begin with.

        Args:
            noise: Standard normal ``(N, 2)``.
        """
        if self.start == "random" or self.rule == "random":
            return Place(_uniform(noise), None)
        return Place(torch.zeros_like(noise), None)

    def forward(self, seen: Tensor, noise: Tensor, drawn: bool) -> Place:
        """The next places.

        Args:
            seen: What was made of all that was seen ``(N, H)``.
            noise: Standard normal ``(N, 2)``.
            drawn: Whether places are drawn; else they are the means.
        """
        if self.rule == "random":
            return Place(_uniform(noise), None)
        mean = torch.tanh(self.mean(seen))
        if not drawn:
            return Place(mean, None)
        deviation = F.softplus(self.spread(seen)) + _LEAST_DEVIATION if self.learned else self.deviation
        at = mean + deviation * noise
        if self.rule == "gradient":
            return Place(at.clamp(-1, 1), None)
        at = at.detach()
        likelihood = -((at - mean) / deviation).square() / 2
        if isinstance(deviation, Tensor):
            likelihood = likelihood - deviation.log()
        # What is beyond the edge was chosen there; that it is looked at from the edge is the image's affair.
        return Place(at.clamp(-1, 1), likelihood.sum(1))


def _uniform(noise: Tensor) -> Tensor:
    """Numbers that are uniform from -1 to 1, of standard normal ones."""
    return torch.erf(noise / math.sqrt(2))
