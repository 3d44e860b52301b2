"""Linear recurrent unit."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from rnnbench.cells.base import State
from rnnbench.cells.linear import LinearCell, Number
from rnnbench.cells.options import check_choice
from rnnbench.errors import UserError


class LRU(LinearCell):
    """Linear recurrent unit: a diagonal recurrence of complex numbers.

        lambda = exp(-exp(nu) + i exp(theta))              |lambda| < 1 whatever the parameters are
        h = lambda h' + exp(gamma) (B x)                   h, B complex
        y = g(Re(C h) + D x)

    A. Orvieto et al., Resurrecting Recurrent Neural Networks for Long Sequences, ICML 2023. The unit itself is linear,
    and a stack of nothing but linear layers is one linear layer, so g is the GELU that follows the unit in the paper's
    block; ``identity`` gives the bare unit.

    The state is the real and the imaginary part of h, each ``(B, H)``. Row blocks of ``weight_ih (3 H, I)`` are Re B,
    Im B and D; column blocks of ``weight_out (H, 2 H)`` are Re C and -Im C. No product feeds back. C h needs the new
    state: `step` has that one product, 2 per unit, and an engine that scans takes it out of the loop with `read`.

    At the start, lambda is uniform on a ring of the complex plane, gamma = log sqrt(1 - |lambda|^2) gives h the
    variance of B x, and B, C, D are normal with variances 1/(2 I), 1/H, 1/I.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of complex hidden units, and width of the output.
        r_min: Inner radius of the ring.
        r_max: Outer radius of the ring; close to 1 for long memory.
        max_phase: Largest initial angle of lambda; small for slow oscillations.
        activation: The function g.

    Raises:
        UserError: A size, a radius or the phase is out of range, or the activation is unknown.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        r_min: float = 0.0,
        r_max: float = 1.0,
        max_phase: float = 2 * math.pi,
        activation: Literal["gelu", "identity"] = "gelu",
    ) -> None:
        super().__init__(input_size, hidden_size)
        if not 0 <= r_min < r_max <= 1:
            raise UserError(f"LRU: r_min and r_max must be 0 <= r_min < r_max <= 1, found {r_min} and {r_max}")
        if not 0 < max_phase <= 2 * math.pi:
            raise UserError(f"LRU: max_phase must be in (0, 2 pi], found {max_phase}")
        check_choice(self, "activation", activation, ("gelu", "identity"))
        self.r_min = r_min
        self.r_max = r_max
        self.max_phase = max_phase
        self.activation = activation
        self.nu = nn.Parameter(torch.empty(hidden_size))
        self.theta = nn.Parameter(torch.empty(hidden_size))
        self.gamma = nn.Parameter(torch.empty(hidden_size))
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))
        self.weight_out = nn.Parameter(torch.empty(hidden_size, 2 * hidden_size))
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draws lambda from the ring and the matrices from normal distributions."""
        size = self.hidden_size
        # The ends of the interval are left out: radius 0 and 1 have no finite nu or gamma.
        area = torch.empty(size).uniform_(1e-6, 1 - 1e-6)
        square = self.r_min**2 + area * (self.r_max**2 - self.r_min**2)
        self.nu.copy_(torch.log(-0.5 * torch.log(square)))
        self.theta.copy_(torch.log(self.max_phase * torch.empty(size).uniform_(1e-6, 1)))
        self.gamma.copy_(0.5 * torch.log1p(-square))
        nn.init.normal_(self.weight_ih[: 2 * size], std=math.sqrt(0.5 / self.input_size))
        nn.init.normal_(self.weight_ih[2 * size :], std=math.sqrt(1 / self.input_size))
        nn.init.normal_(self.weight_out, std=math.sqrt(1 / size))

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """Real and imaginary part of h, both ``(H,)``."""
        return ((self.hidden_size,), (self.hidden_size,))

    def project(self, x: Tensor) -> Tensor:
        """Re B x, Im B x and D x: ``(..., I)`` -> ``(..., 3 H)``."""
        return nn.functional.linear(x, self.weight_ih)

    def coefficients(self, z: Tensor) -> tuple[Number, Number]:
        """Lambda, parts ``(H,)``, and exp(gamma) B x, parts ``(..., H)``."""
        real, imaginary, _ = z.chunk(3, dim=-1)
        radius, angle, scale = torch.exp(-torch.exp(self.nu)), torch.exp(self.theta), torch.exp(self.gamma)
        return (radius * torch.cos(angle), radius * torch.sin(angle)), (scale * real, scale * imaginary)

    def read(self, z: Tensor, hidden: State) -> Tensor:
        """The activation of Re(C h) + D x."""
        y = nn.functional.linear(torch.cat(hidden, dim=-1), self.weight_out) + z.chunk(3, dim=-1)[2]
        return nn.functional.gelu(y) if self.activation == "gelu" else y

    def extra_repr(self) -> str:
        """Sizes, the ring and the activation."""
        ring = f"r_min={self.r_min}, r_max={self.r_max}, max_phase={self.max_phase:.4g}"
        return f"{super().extra_repr()}, {ring}, activation={self.activation!r}"
