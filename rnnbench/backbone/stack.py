"""The backbone that every application shares: layers of one cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, cast, get_args

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rnnbench.backbone.budget import for_budget
from rnnbench.backbone.connect import Connect, Link, make_link
from rnnbench.backbone.initialize import orthogonal_recurrent
from rnnbench.backbone.legality import check
from rnnbench.backbone.network import CellNetwork
from rnnbench.backbone.regularize import Dropout, check_rate, regularized_params
from rnnbench.backbone.reverse import reversal, reverse
from rnnbench.backbone.state import StackState, unflatten
from rnnbench.cells import LSTM, RNNCell, State
from rnnbench.cells.check import contradiction
from rnnbench.engine import EngineName, select_engine
from rnnbench.engine.call import zero_padding
from rnnbench.engine.pieces import run_in_pieces
from rnnbench.errors import UserError, did_you_mean
from rnnbench.ranges import AT_LEAST_1, Range

Merge = Literal["concat", "sum"]
RecurrentInit = Literal["cell", "orthogonal"]

_HIDDEN_SIZE = 256
# Far more than anybody has trained; without a limit a slip of the finger builds layers for hours.
_DEPTH = Range(least=1, most=1000)


class Backbone(CellNetwork):
    """A stack of recurrent layers over any cell.

        x_1 = drop_input(x)
        y_l = norm(merge(cell(drop_between(x_l), forwards), cell(drop_between(x_l), backwards)))
        x_{l+1} = link(x_l, y_l):   y_l (plain),   y_l + P x_l (residual),   [x_l, y_l] (dense)
        y = drop_output(x_{L+1})

    Layer 1 has no drop_between. The link sees x_l undropped, so that a residual path is never cut. `forward` runs layer
    by layer over whole sequences, `step` cell by cell over one position; both give the same numbers. What stands in the
    padding changes nothing, and the last state is the last valid one in both directions.

    In training, every call of `forward` draws masks of its own, locked ones and those of weight drop included; so does
    every `step`, since it cannot know where a sequence begins: train with `forward`.

    Args:
        input_size: Width I of the input.
        cell: Makes a cell from its input size and its hidden size: a class, or a class with options.
        hidden_size: Number H of hidden units of each layer and direction; 256 if neither it nor parameters is given.
        num_layers: Depth.
        bidirectional: Whether a second cell in each layer reads from the end.
        merge: What becomes of the outputs of two directions: they stand side by side, or are summed.
        connect: What the next layer reads: this layer's output (plain), this output plus what this layer read, through
            a projection where the widths differ (residual), or the input and the outputs of all layers so far (dense;
            so is the output of the stack).
        layer_norm: Whether the output of every layer is normalised, after the directions are merged and before the
            link (J. L. Ba, J. R. Kiros and G. E. Hinton, Layer Normalization, arXiv 1607.06450).
        dropout: Rates of dropout in training; one number is the rate between layers, as in torch.nn.LSTM.
        weight_drop: Rate at which single recurrent weights are dropped in training, once for each call.
        learned_state: Whether the state before the first step is learned, beginning at the cell's own.
        recurrent_init: What the recurrent weights are at first: as the cell does it, or orthogonal for each gate.
        parameters: Takes the hidden size that brings the backbone within 1 % of so many parameters, whatever
            hidden_size says.
        engine: How cells are run over time; ``auto`` takes the fastest that can run this cell.
        gradient_checkpointing: In training only the states between pieces of so many steps are kept in memory, and what
            is within is computed again in the backward pass: about a third more time, and least memory with the square
            root of the length; None keeps everything.

    Raises:
        UserError: A size or a rate is out of range, options do not go together, the budget of parameters cannot be met,
            or the engine cannot run the cell.
    """

    bidirectional: bool
    merge: Merge
    dropout: Dropout
    weight_drop: float
    recurrent_init: RecurrentInit

    def __init__(
        self,
        input_size: int,
        cell: Callable[[int, int], RNNCell] = LSTM,
        hidden_size: int | None = None,
        num_layers: Annotated[int, _DEPTH] = 1,
        bidirectional: bool = False,
        merge: Merge = "concat",
        connect: Connect = "plain",
        layer_norm: bool = False,
        dropout: float | Dropout = 0.0,
        weight_drop: float = 0.0,
        learned_state: bool = False,
        recurrent_init: RecurrentInit = "cell",
        parameters: int | None = None,
        engine: EngineName = "auto",
        gradient_checkpointing: Annotated[int, AT_LEAST_1] | None = None,
    ) -> None:
        super().__init__()
        if gradient_checkpointing is not None and (problem := AT_LEAST_1.complaint(gradient_checkpointing)) is not None:
            raise UserError(f"Backbone: gradient_checkpointing {problem}")
        if (problem := _DEPTH.complaint(num_layers)) is not None:
            raise UserError(f"Backbone: num_layers {problem}")
        _check_choice("merge", merge, get_args(Merge))
        _check_choice("connect", connect, get_args(Connect))
        _check_choice("recurrent_init", recurrent_init, get_args(RecurrentInit))
        if isinstance(dropout, int | float):
            check_rate("dropout", dropout)
            dropout = Dropout(between=dropout)
        dropout.check()
        check_rate("weight_drop", weight_drop)
        self.input_size = input_size
        self.bidirectional = bidirectional
        self.merge = merge
        self.dropout = dropout
        self.weight_drop = weight_drop
        self.recurrent_init = recurrent_init
        self.causal = not bidirectional
        self.gradient_checkpointing = gradient_checkpointing

        def build(size: int) -> nn.Module:
            return self._build(cell, size, num_layers, connect, layer_norm, learned_state)

        if parameters is not None:
            hidden_size = for_budget(parameters, build)
        build(_HIDDEN_SIZE if hidden_size is None else hidden_size)
        for cells in self.cells:
            _check_cell(cells[0])
        check(self)
        if recurrent_init == "orthogonal":
            for one in (one for cells in self.cells for one in cells):
                orthogonal_recurrent(one)
        self.engine = select_engine(self.cells[0][0], engine, masked=dropout.state > 0)

    def _build(
        self,
        cell: Callable[[int, int], RNNCell],
        hidden_size: int,
        num_layers: int,
        connect: Connect,
        layer_norm: bool,
        learned_state: bool,
    ) -> Backbone:
        """Makes all that has parameters, in place of what was made before."""
        self.layers, self.norms, self.links = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        width = self.input_size
        for _ in range(num_layers):
            cells = [cell(width, hidden_size) for _ in range(2 if self.bidirectional else 1)]
            made = cells[0].output_size * (len(cells) if self.merge == "concat" else 1)
            link = make_link(connect, width, made)
            self.layers.append(nn.ModuleList(cells))
            self.norms.append(nn.LayerNorm(made) if layer_norm else nn.Identity())
            self.links.append(link)
            width = link.output_size
        self.output_size = width
        self.learned = None
        if learned_state:
            like = torch.zeros(())
            first = [leaf for cells in self.cells for one in cells for leaf in one.initial_state(1, like)]
            self.learned = nn.ParameterList([nn.Parameter(leaf[0].clone()) for leaf in first])
        return self

    @property
    def cells(self) -> list[list[RNNCell]]:
        """The cells: for each layer, for each direction."""
        return [list(cast(nn.ModuleList, layer)) for layer in self.layers]  # type: ignore[arg-type]

    @property
    def cell_name(self) -> str:
        """Name of the cell, such as ``LSTM``."""
        return type(self.cells[0][0]).__name__

    def summary(self, head: str = "") -> str:
        """Direction, cell, depth and width, such as ``BiLSTM 2x128``.

        Args:
            head: What stands behind the cell's name, such as ``-CRF``.
        """
        direction = "Bi" if self.bidirectional else ""
        return f"{direction}{self.cell_name}{head} {len(self.cells)}x{self.cells[0][0].hidden_size}"

    def flops_per_token(self) -> int:
        """Floating-point operations of the forward pass over one position: those of its matrix products."""
        links = sum(cast(Link, link).flops_per_token() for link in self.links)
        return links + sum(cell.flops_per_step() for cells in self.cells for cell in cells)

    def initial_state(self, batch_size: int, like: Tensor) -> StackState:
        """The state before the first step: the cells' own, or the learned one.

        Args:
            batch_size: B.
            like: Any tensor of the wanted type and device.
        """
        state = tuple(tuple(cell.initial_state(batch_size, like) for cell in cells) for cells in self.cells)
        if self.learned is None:
            return state
        return unflatten([leaf.to(like).repeat(batch_size, *[1] * leaf.dim()) for leaf in self.learned], like=state)

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, state: StackState | None = None
    ) -> tuple[Tensor, StackState]:
        """Runs the stack over a batch of sequences.

        Args:
            x: Input ``(B, T, I)``.
            lengths: Number of valid steps ``(B,)``, int64, each in 0..T; None where all are T. Best on the CPU, where
                they are counted: lengths on a GPU make the host wait for it.
            state: State to start from; None for the initial one.

        Returns:
            Output ``(B, T, O)``, zero past each length, and the state after each last valid step.

        Raises:
            UserError: A shape, a length or the state does not fit; names the argument and both sizes.
        """
        if x.dim() != 3 or x.shape[2] != self.input_size or x.shape[1] < 1:
            raise UserError(f"Backbone: x must be (B, T >= 1, {self.input_size}), found {tuple(x.shape)}")
        batch, steps = x.shape[:2]
        if lengths is not None:
            lengths = lengths.cpu()
            _check_lengths(lengths, batch, steps)
            if bool((lengths == steps).all()):
                lengths = None
        here = None if lengths is None else lengths.to(x.device, non_blocking=True)
        rows = reversal(here, steps) if self.bidirectional else None
        if state is None:
            state = self.initial_state(batch, x)
        else:
            self._check_state(state, batch)

        def run(cell: RNNCell, x: Tensor, state: State, backward: bool) -> tuple[Tensor, State]:
            params = regularized_params(cell, x, *self._rates())
            x = reverse(x, rows) if backward else x
            if self.gradient_checkpointing is None or not torch.is_grad_enabled():
                y, end = self.engine.run(cell, params, x, state, lengths)
            else:
                y, end = run_in_pieces(self.engine, cell, params, x, state, lengths, self.gradient_checkpointing)
            return reverse(y, rows) if backward else y, end

        return self.through(zero_padding(x, here), state, run, here)

    def step(self, x: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """Runs the stack over one position.

        Args:
            x: Input ``(B, I)``.
            state: State after the position before.

        Returns:
            Output ``(B, O)`` and the new state.

        Raises:
            UserError: The backbone reads from both ends, so that no single step exists.
        """
        if not self.causal:
            raise UserError("Backbone: a bidirectional stack cannot step", hint="bidirectional: false")

        def run(cell: RNNCell, x: Tensor, state: State, backward: bool) -> tuple[Tensor, State]:
            if not any(self._rates()):
                return cell(x, state)
            return functional_call(cell, regularized_params(cell, x, *self._rates()), (x, state))

        return self.through(x, state, run)

    def through(
        self,
        x: Tensor,
        state: StackState,
        run: Callable[[RNNCell, Tensor, State, bool], tuple[Tensor, State]],
        lengths: Tensor | None = None,
    ) -> tuple[Tensor, StackState]:
        """All layers, over sequences or over one position, whatever runs a cell.

        Args:
            x: Input ``(B, T, I)``, zero past each length, or ``(B, I)``.
            state: State to start from.
            run: Runs a cell over its input from its state; the last argument says whether it reads from the end. Gives
                output, zero past each length, and state.
            lengths: Number of valid steps ``(B,)``; None where all are, and for one position.

        Returns:
            Output and state as `forward` and `step` give them.
        """
        last = []
        x = self.dropout.drop(x, self.dropout.input, self.training)
        for depth, (cells, norm, link) in enumerate(zip(self.cells, self.norms, self.links, strict=True)):
            read = self.dropout.drop(x, self.dropout.between, self.training) if depth > 0 else x
            ran = [run(cell, read, state[depth][way], way == 1) for way, cell in enumerate(cells)]
            y = _merge([output for output, _ in ran], self.merge)
            if isinstance(norm, nn.LayerNorm):
                y = zero_padding(norm(y), lengths)  # a norm makes something out of nothing
            x = link(x, y)
            last.append(tuple(end for _, end in ran))
        return self.dropout.drop(x, self.dropout.output, self.training), tuple(last)

    def _rates(self) -> tuple[float, float]:
        """Rates of dropout on states and of weight drop, in this mode."""
        return (self.dropout.state, self.weight_drop) if self.training else (0.0, 0.0)

    def _check_state(self, state: StackState, batch: int) -> None:
        expected = [[[(batch, *shape) for shape in cell.state_spec()] for cell in cells] for cells in self.cells]
        try:
            found = [[[tuple(leaf.shape) for leaf in leaves] for leaves in cells] for cells in state]
        except (AttributeError, TypeError):
            raise UserError("Backbone: state must be nested as layers, directions, tensors") from None
        if found != expected:
            raise UserError(f"Backbone: state must have the shapes {expected}, found {found}")


def _check_cell(cell: RNNCell) -> None:
    problem = contradiction(cell)
    if problem is not None:
        name = f"{type(cell).__module__}.{type(cell).__qualname__}"
        raise UserError(problem, where=name, hint=f"all that a cell has to keep to: rnnbench check-cell {name}")


def _check_lengths(lengths: Tensor, batch: int, steps: int) -> None:
    if lengths.dtype != torch.int64:
        raise UserError(f"Backbone: lengths must be int64, found {lengths.dtype}")
    if lengths.shape != (batch,):
        raise UserError(f"Backbone: lengths must be ({batch},), found {tuple(lengths.shape)}")
    if batch and (int(lengths.min()) < 0 or int(lengths.max()) > steps):
        raise UserError(f"Backbone: lengths must be in 0..{steps}, found {int(lengths.min())}..{int(lengths.max())}")


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UserError(
            f"Backbone: {name} must be one of {', '.join(known)}, found {value!r}", hint=did_you_mean(value, known)
        )


def _merge(outputs: list[Tensor], merge: Merge) -> Tensor:
    """The outputs ``(..., O)`` of one or two directions, as one."""
    if len(outputs) == 1:
        return outputs[0]
    return torch.cat(outputs, dim=-1) if merge == "concat" else outputs[0] + outputs[1]
