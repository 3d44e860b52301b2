"""What a forecaster says of a future value: a number, a distribution, or quantiles."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

LEVELS = (0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95)
"""The quantiles that every forecast with intervals has: the deciles, and the ends of 50 and 90 %."""

# So that no spread is zero.
_LEAST = 1e-4


class Unit(NamedTuple):
    """The unit in which a network sees a window: (value - location) / scale."""

    location: Tensor
    """``(B, 1)`` float64."""
    scale: Tensor
    """``(B, 1)`` float64, positive."""

    def into(self, values: Tensor) -> Tensor:
        """Values ``(B, ...)`` of the data's own unit, in this one."""
        return (values - self._like(self.location, values)) / self._like(self.scale, values)

    def out_of(self, values: Tensor) -> Tensor:
        """Values ``(B, ...)`` of this unit, in the data's own."""
        return values.double() * self._like(self.scale, values) + self._like(self.location, values)

    def _like(self, part: Tensor, values: Tensor) -> Tensor:
        return part.view(-1, *[1] * (values.dim() - 1))


class Output(ABC):
    """What the P numbers mean that a network gives for one future value."""

    size: int
    """Number P."""
    probabilistic: ClassVar[bool] = True
    """Whether it tells of more than one number."""
    name: ClassVar[str]
    """A word for it."""
    shifts: ClassVar[Literal["first", "all", "none"]] = "first"
    """Which of the P numbers move with the values, if these are moved within the network's unit."""

    @abstractmethod
    def loss(self, given: Tensor, values: Tensor, unit: Unit) -> Tensor:
        """What is lost on each value.

        Args:
            given: ``(B, T, P)``.
            values: ``(B, T)`` in the data's own unit, finite.
            unit: The network's.

        Returns:
            ``(B, T)``.
        """

    @abstractmethod
    def point(self, given: Tensor, unit: Unit) -> Tensor:
        """The forecast as one number: ``(B, T, P)`` -> ``(B, T)`` float64, in the data's own unit."""

    @abstractmethod
    def quantiles(self, given: Tensor, levels: Tensor, unit: Unit) -> Tensor:
        """Quantiles in the data's own unit.

        Args:
            given: ``(B, T, P)``.
            levels: ``(Q,)``, or one of each value and path: ``(1, T, Q)``.
            unit: The network's.

        Returns:
            ``(B, T, Q)`` float64.
        """

    def check(self, unit_is_centred: bool) -> None:  # noqa: B027 - most ask for nothing
        """Refuses a unit that the distribution cannot be stated in."""


class Point(Output):
    """One number, and nothing of how far off it may be.

    Args:
        error: What is lost: the square, the absolute value.
    """

    size = 1
    probabilistic = False
    name = "point"

    def __init__(self, error: Literal["mse", "mae"] = "mse") -> None:
        self.error = error

    def loss(self, given: Tensor, values: Tensor, unit: Unit) -> Tensor:
        """See `Output.loss`."""
        difference = given[..., 0] - unit.into(values).to(given)
        return difference.square() if self.error == "mse" else difference.abs()

    def point(self, given: Tensor, unit: Unit) -> Tensor:
        """See `Output.point`."""
        return unit.out_of(given[..., 0])

    def quantiles(self, given: Tensor, levels: Tensor, unit: Unit) -> Tensor:
        """The same number at every level."""
        return unit.out_of(given.expand(*given.shape[:-1], levels.shape[-1]))


class Gaussian(Output):
    """A normal distribution of (value - location) / scale: its mean, and a number whose softplus is the deviation."""

    size = 2
    name = "Gaussian"

    def loss(self, given: Tensor, values: Tensor, unit: Unit) -> Tensor:
        """Negative log-likelihood in nats."""
        mean, deviation = given[..., 0], F.softplus(given[..., 1]) + _LEAST
        return -torch.distributions.Normal(mean, deviation, False).log_prob(unit.into(values).to(given))

    def point(self, given: Tensor, unit: Unit) -> Tensor:
        """The mean."""
        return unit.out_of(given[..., 0])

    def quantiles(self, given: Tensor, levels: Tensor, unit: Unit) -> Tensor:
        """See `Output.quantiles`."""
        given = given.double()
        deviation = F.softplus(given[..., 1:2]) + _LEAST
        return unit.out_of(given[..., :1] + deviation * torch.special.ndtri(levels.double()))


class StudentT(Output):
    """Student's t distribution of (value - location) / scale: centre, spread, and degrees of freedom above 2."""

    size = 3
    name = "Student-t"

    def loss(self, given: Tensor, values: Tensor, unit: Unit) -> Tensor:
        """Negative log-likelihood in nats."""
        centre, spread, freedom = self._parts(given)
        return -torch.distributions.StudentT(freedom, centre, spread, False).log_prob(unit.into(values).to(given))

    def point(self, given: Tensor, unit: Unit) -> Tensor:
        """The mean, which is the centre."""
        return unit.out_of(given[..., 0])

    def quantiles(self, given: Tensor, levels: Tensor, unit: Unit) -> Tensor:
        """See `Output.quantiles`."""
        from scipy import stats

        centre, spread, freedom = (part[..., None] for part in self._parts(given.double()))
        place = stats.t.ppf(levels.double().cpu().numpy(), freedom.cpu().numpy())
        return unit.out_of(centre + spread * torch.from_numpy(np.asarray(place)).to(centre.device))

    def _parts(self, given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return given[..., 0], F.softplus(given[..., 1]) + _LEAST, 2 + F.softplus(given[..., 2]) + _LEAST


class NegativeBinomial(Output):
    """A negative binomial distribution of counts: the softplus of one number is the mean over scale, of the other a.

    The variance is m + a m^2. D. Salinas, V. Flunkert, J. Gasthaus and T. Januschowski, DeepAR: Probabilistic
    Forecasting with Autoregressive Recurrent Networks, International Journal of Forecasting 36 (2020).
    """

    size = 2
    name = "negative binomial"
    shifts = "none"

    def loss(self, given: Tensor, values: Tensor, unit: Unit) -> Tensor:
        """Negative log-likelihood in nats; values are rounded to counts."""
        mean, shape = self._parts(given, unit)
        counts = values.clamp(min=0).round()
        log = torch.lgamma(counts + shape) - torch.lgamma(shape) - torch.lgamma(counts + 1)
        log = log + shape * (shape / (shape + mean)).log() + torch.xlogy(counts, mean / (shape + mean))
        return -log.to(given)

    def point(self, given: Tensor, unit: Unit) -> Tensor:
        """The mean."""
        return self._parts(given, unit)[0]

    def quantiles(self, given: Tensor, levels: Tensor, unit: Unit) -> Tensor:
        """See `Output.quantiles`; whole numbers."""
        from scipy import stats

        mean, shape = (part[..., None].cpu().numpy() for part in self._parts(given, unit))
        found = stats.nbinom.ppf(levels.double().cpu().numpy(), shape, shape / (shape + mean))
        return torch.from_numpy(np.asarray(found)).to(given.device)

    def check(self, unit_is_centred: bool) -> None:
        """Counts are not shifted."""
        if unit_is_centred:
            from rnnbench.errors import UserError

            raise UserError(
                "counts have a scale and no location",
                where="model.scaling",
                hint="with NegativeBinomial: --model.scaling mean_abs, or none",
            )

    def _parts(self, given: Tensor, unit: Unit) -> tuple[Tensor, Tensor]:
        given = given.double()
        mean = unit.out_of(F.softplus(given[..., 0]) + _LEAST)
        return mean, 1 / (F.softplus(given[..., 1]) + _LEAST)


class Quantiles(Output):
    """Quantiles, each learned by its pinball loss; the middle one is the forecast.

    Args:
        levels: Their levels, ascending, 0.5 among them; others are interpolated.
    """

    name = "quantiles"
    shifts = "all"

    def __init__(self, levels: Sequence[float] = LEVELS) -> None:
        from rnnbench.errors import UserError

        ascending = list(levels) == sorted(set(levels))
        if not ascending or len(levels) < 2 or 0.5 not in levels or not 0 < levels[0] < levels[-1] < 1:
            raise UserError(
                f"must ascend between 0 and 1, with 0.5 and another among them, found {list(levels)}",
                where="model.output.levels",
            )
        self.levels = tuple(levels)
        self.size = len(self.levels)

    def loss(self, given: Tensor, values: Tensor, unit: Unit) -> Tensor:
        """Mean of the pinball losses, times 2: the absolute error where 0.5 is the only level."""
        difference = unit.into(values).to(given)[..., None] - given
        levels = given.new_tensor(self.levels)
        return 2 * torch.maximum(levels * difference, (levels - 1) * difference).mean(-1)

    def point(self, given: Tensor, unit: Unit) -> Tensor:
        """The median."""
        return self.quantiles(given, given.new_tensor([0.5]), unit)[..., 0]

    def quantiles(self, given: Tensor, levels: Tensor, unit: Unit) -> Tensor:
        """See `Output.quantiles`; sorted, so that none crosses another."""
        ordered = given.double().sort(-1).values
        known = ordered.new_tensor(self.levels)
        # As `searchsorted` finds them, which has no counterpart in a graph of ONNX; there are a few.
        at = (known < levels.double()[..., None]).sum(-1).clamp(1, len(known) - 1)
        part = ((levels - known[at - 1]) / (known[at] - known[at - 1])).clamp(0, 1)
        shape = (*ordered.shape[:-1], levels.shape[-1])
        low, high = (ordered.gather(-1, place.expand(shape)) for place in (at - 1, at))
        return unit.out_of(low + part * (high - low))
