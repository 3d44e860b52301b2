"""What a recurrent cell is: a projection of the input, one step, and the shape of its state."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from rnnbench.errors import UserError

State = tuple[Tensor, ...]
"""The state of one cell: a flat tuple of tensors, batch first, of any rank: ``((B, H),)``, ``((B, H), (B, H))``, ..."""


class RNNCell(nn.Module, ABC):
    """The base of every recurrent cell.

    An author writes `step`, in plain PyTorch, and `project` for all that needs no state. A cell knows no time axis, no
    length, no direction and no layer: engines run it over time, the backbone stacks it. Products with weights in `step`
    are `torch.nn.functional.linear` on two-dimensional tensors, so that an engine can split the step at them.

    Letters in shapes: B batch, T time, I input, H hidden, O output, G what `project` makes of the input.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.

    Raises:
        UserError: A size is not a positive integer.
    """

    emits: int | None = None
    """Which leaf of the state is also the output (0 for LSTM and GRU); None where the output is none of them."""

    recurrent_weights: tuple[str, ...] = ()
    """Names of the matrices that `step` multiplies with something of the state: weight drop and orthogonal
    initialisation act on these."""

    state_mask: Tensor | None
    """What locked dropout multiplies the state with, the same at every step: see `drop_state`; None for nothing."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise UserError(f"{type(self).__name__}: {name} must be a positive integer, found {size!r}")
        self.input_size = input_size
        self.hidden_size = hidden_size
        # A buffer, so that an engine hands in a call's mask as it hands in parameters; never in a checkpoint.
        self.register_buffer("state_mask", None, persistent=False)

    @property
    def output_size(self) -> int:
        """Width O of the output."""
        return self.hidden_size

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """Shape of each leaf of the state, without the batch axis."""
        return ((self.hidden_size,),)

    def initial_state(self, batch_size: int, like: Tensor) -> State:
        """The state before the first step: zeros of ``like``'s type and device.

        Args:
            batch_size: B.
            like: Any tensor of the wanted type and device.

        Returns:
            One tensor ``(B, *shape)`` for each shape of `state_spec`.
        """
        return tuple(like.new_zeros(batch_size, *shape) for shape in self.state_spec())

    def project(self, x: Tensor) -> Tensor:
        """All of the step that needs no state; engines compute it once for a whole sequence.

        Args:
            x: ``(..., I)``.

        Returns:
            ``(..., G)``; the input itself unless a cell says otherwise.
        """
        return x

    @abstractmethod
    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """One step in time: the definition of the cell.

        Args:
            z: ``(B, G)``, the projected input of this step.
            state: The state after the step before.

        Returns:
            The output ``(B, O)`` and the new state.
        """

    def drop_state(self, hidden: Tensor) -> Tensor:
        """Applies locked dropout to what of the state enters a product with weights.

        A cell's ``step`` passes each such operand through here, and nothing else: a state that is carried over (the
        z h' of a GRU) must not be scaled at every step. Y. Gal and Z. Ghahramani, A Theoretically Grounded Application
        of Dropout in Recurrent Neural Networks, NeurIPS 2016.

        Args:
            hidden: ``(B, O)``, most often the leaf that `emits` names.

        Returns:
            The operand times `state_mask` ``(B, O)`` where there is one, else the operand itself.
        """
        return hidden if self.state_mask is None else hidden * self.state_mask

    def flops_per_step(self) -> int:
        """Floating-point operations of one step for one sequence: those of its matrix products.

        Two for each multiplication and addition, as `torch.utils.flop_counter` counts; what is elementwise does not
        count. Every matrix among the parameters is taken to be used once in a step, and no other: a cell where that is
        not so says its own number.
        """
        return 2 * sum(parameter.numel() for parameter in self.parameters() if parameter.dim() >= 2)

    def state_mask_names(self) -> list[str]:
        """Names of the buffers that `drop_state` reads: of this cell, and of the cells that it wraps."""
        cells = [name for name, module in self.named_modules() if isinstance(module, RNNCell)]
        return [f"{name}.state_mask" if name else "state_mask" for name in cells]

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Projects and steps once, as torch.nn's cells do: ``(B, I)``, state -> ``(B, O)``, state."""
        return self.step(self.project(x), state)

    def extra_repr(self) -> str:
        """Sizes, as torch.nn prints them."""
        return f"{self.input_size}, {self.hidden_size}"


class GatedCell(RNNCell):
    """A cell whose gates all have the form W x + b + U h' + c, with the parameters of torch.nn's cells.

    ``weight_ih (G, I)``, ``weight_hh (G, H)``, ``bias_ih (G)`` and ``bias_hh (G)`` carry torch.nn's names, its order of
    gates and its initialisation U(-1/sqrt(H), 1/sqrt(H)), so that weights convert both ways. Two biases are one too
    many in most cells; torch.nn has them, and where the reset gate multiplies one of them they differ. A cell without a
    counterpart in torch.nn sets `recurrent_bias` to False and has no c.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    gates = 1
    """Number of gates: G = gates * H."""

    recurrent_bias = True
    """Whether there is a second bias, ``bias_hh``."""

    recurrent_weights: tuple[str, ...] = ("weight_hh",)

    weight_ih: nn.Parameter
    weight_hh: nn.Parameter
    bias_ih: nn.Parameter
    bias_hh: nn.Parameter | None

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        for name, shape in self.parameter_shapes().items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape)))
        if not self.recurrent_bias:
            self.register_parameter("bias_hh", None)
        self.reset_parameters()

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter by name, in the order of drawing; a cell with others adds or replaces them here."""
        rows = self.gates * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, self.input_size),
            "weight_hh": (rows, self.hidden_size),
            "bias_ih": (rows,),
        }
        return {**shapes, "bias_hh": (rows,)} if self.recurrent_bias else shapes

    def reset_parameters(self) -> None:
        """Draws every parameter from U(-1/sqrt(H), 1/sqrt(H)), but those of modules inside, such as norms."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters(recurse=False):
            nn.init.uniform_(parameter, -bound, bound)

    def project(self, x: Tensor) -> Tensor:
        """W x + b of every gate: ``(..., I)`` -> ``(..., G)``."""
        return nn.functional.linear(x, self.weight_ih, self.bias_ih)

    def recur(self, hidden: Tensor) -> Tensor:
        """U h' + c of every gate that ``weight_hh`` has: ``(B, H)`` -> ``(B, G)``."""
        return nn.functional.linear(self.drop_state(hidden), self.weight_hh, self.bias_hh)
