"""Neural Turing machine: a recurrent cell that writes to a memory of its own, and reads from it."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.cells.base import RNNCell, State
from rnnbench.cells.lstm import LSTM
from rnnbench.cells.options import check_count
from rnnbench.errors import UserError

_BLANK = 1e-6
"""What every number of the memory is at first: M. Collier and J. Beel, Implementing Neural Turing Machines, ICANN 2018,
found a constant best."""

_LEAST_LENGTH = 1e-6
"""Added to the product of two squared norms, so that the angle to a blank location has a gradient of ordinary size."""

_LEAST_WEIGHT = 1e-12
_ROWS = 256


class NTM(RNNCell):
    """Neural Turing machine: a controller, which is any cell, with heads on a memory of N locations of M numbers.

        h   = controller(z + V r')            z the controller's projection of the input, r' what was read
        k, s, beta, gamma, g of each head from U h + b: s a softmax over shifts, beta a softplus, gamma 1 + a
        softplus, g a sigmoid
        c_i = softmax over i of beta k M'_i / |k| |M'_i|            addressed by content,
        a   = g c + (1 - g) w'                                      or from where the head stood,
        a_i = sum over j of s_j a_(i-j)                             moved around the memory,
        w_i = a_i^gamma / sum over j of a_j^gamma                   and sharpened
        M_i = M'_i prod (1 - w_i e) + sum w_i v                     over write heads; e a sigmoid, v linear in h
        r   = sum over i of w_i M_i                                 of each read head
        y   = h + W r

    A. Graves, G. Wayne and I. Danihelka, Neural Turing Machines, arXiv 1410.5401 (2014), section 3. All heads address
    the memory as the step found it; reading comes after writing. What was read enters the controller where its
    projected input does (of a cell whose projection is W x + b that is one product with [x, r']), and the output by
    one product, so that y is as wide as the controller's. A memory starts blank, and every head at location 0.

    `weight_head` ``(heads (M + 2 S + 4) + 2 M write_heads, H)`` has k, s, beta, gamma, g of the read heads, then of the
    write heads, then e of each write head, then v; `weight_read` ``(H + G, M read_heads)`` is W above V. The state is
    the controller's, V r ``(B, G)``, the memory ``(B, N, M)`` and the weights w ``(B, heads, N)``.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units of the controller.
        cell: Makes the controller from its input size and its hidden size.
        num_locations: Number N of locations of the memory.
        location_size: Width M of a location.
        read_heads: Number of heads that read.
        write_heads: Number of heads that write.
        shift: The most S that a head moves in a step, either way.

    Raises:
        UserError: A size or a number of heads is not positive, heads move by more than the memory is long, or the
            controller draws random numbers in its projection.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        cell: Callable[[int, int], RNNCell] = LSTM,
        num_locations: int = 128,
        location_size: int = 20,
        read_heads: int = 1,
        write_heads: int = 1,
        shift: int = 1,
    ) -> None:
        super().__init__(input_size, hidden_size)
        check_count(self, "num_locations", num_locations)
        check_count(self, "location_size", location_size)
        check_count(self, "read_heads", read_heads)
        check_count(self, "write_heads", write_heads)
        check_count(self, "shift", shift, at_least=0)
        if 2 * shift + 1 > num_locations:
            raise UserError(
                f"NTM: heads that move by {shift} either way need {2 * shift + 1} locations, found {num_locations}",
                hint="more num_locations, or a smaller shift",
            )
        self.num_locations = num_locations
        self.location_size = location_size
        self.read_heads = read_heads
        self.write_heads = write_heads
        self.shift = shift
        self.cell = cell(input_size, hidden_size)
        self.recurrent_weights = tuple(f"cell.{name}" for name in self.cell.recurrent_weights)
        self._projected = _projected(self.cell)
        addressing = (read_heads + write_heads) * self._per_head()
        self.weight_head = nn.Parameter(torch.empty(addressing + 2 * location_size * write_heads, self.output_size))
        self.bias_head = nn.Parameter(torch.empty(len(self.weight_head)))
        self.weight_read = nn.Parameter(torch.empty(self.output_size + self._projected, location_size * read_heads))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the weights of the heads from U(-b, b), b = 1/sqrt(their width), and sets their biases to zero.

        The controller has been drawn as it does it by itself.
        """
        for weight in (self.weight_head, self.weight_read):
            bound = 1 / math.sqrt(weight.shape[1])
            nn.init.uniform_(weight, -bound, bound)
        nn.init.zeros_(self.bias_head)

    @property
    def output_size(self) -> int:
        """That of the controller."""
        return self.cell.output_size

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """Those of the controller, then V r ``(G,)``, the memory ``(N, M)`` and the heads' weights ``(heads, N)``."""
        heads, locations = self.read_heads + self.write_heads, self.num_locations
        own = ((self._projected,), (locations, self.location_size), (heads, locations))
        return (*self.cell.state_spec(), *own)

    def initial_state(self, batch_size: int, like: Tensor) -> State:
        """The controller's, nothing read, a blank memory, and every head at location 0."""
        read, memory, weights = (like.new_zeros(batch_size, *shape) for shape in self.state_spec()[-3:])
        weights[..., 0] = 1.0
        return (*self.cell.initial_state(batch_size, like), read, memory + _BLANK, weights)

    def project(self, x: Tensor) -> Tensor:
        """That of the controller: ``(..., I)`` -> ``(..., G)``."""
        return self.cell.project(x)

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, G)``, (the controller's, V r', M', w') -> y ``(B, H)``, (the controller's, V r, M, w)."""
        *inner, read, memory, before = state
        hidden, new = self.cell.step(z + read, tuple(inner))
        heads = self.read_heads + self.write_heads
        wanted = F.linear(hidden, self.weight_head, self.bias_head)
        changed = self.location_size * self.write_heads
        addressing, erase, add = wanted.split([heads * self._per_head(), changed, changed], -1)
        weights = self._address(addressing.unflatten(-1, (heads, -1)), memory, before)
        reading, writing = weights.split([self.read_heads, self.write_heads], 1)
        shape = (self.write_heads, self.location_size)
        memory = self._write(erase.unflatten(-1, shape), add.unflatten(-1, shape), memory, writing)
        found = (reading @ memory).flatten(1)
        output, read = F.linear(found, self.weight_read).split([self.output_size, self._projected], -1)
        return hidden + output, (*new, read, memory, weights)

    def heads_of(self, state: State) -> tuple[Tensor, Tensor]:
        """The weights of the heads in a state, for people to see.

        Args:
            state: The cell's state.

        Returns:
            Those of the read heads ``(B, read_heads, N)`` and of the write heads ``(B, write_heads, N)``; each sums to
            1 over the locations.
        """
        reading, writing = state[-1].split([self.read_heads, self.write_heads], 1)
        return reading, writing

    def flops_per_step(self) -> int:
        """Those of the controller and of the heads' products, and those of comparing, writing and reading."""
        # Each head compares and reads or writes; a write head also erases.
        memory = self.num_locations * self.location_size * (2 * self.read_heads + 3 * self.write_heads)
        return self.cell.flops_per_step() + 2 * (self.weight_head.numel() + self.weight_read.numel() + memory)

    def extra_repr(self) -> str:
        """Sizes of the memory, and the heads."""
        memory = f"num_locations={self.num_locations}, location_size={self.location_size}, shift={self.shift}"
        return f"{super().extra_repr()}, {memory}, read_heads={self.read_heads}, write_heads={self.write_heads}"

    def _per_head(self) -> int:
        """Numbers that address: k, beta, g, s, gamma."""
        return self.location_size + 2 * self.shift + 4

    def _address(self, wanted: Tensor, memory: Tensor, before: Tensor) -> Tensor:
        """Numbers that address ``(B, heads, ...)`` -> weights ``(B, heads, N)``."""
        sizes = [self.location_size, 2 * self.shift + 1, 2, 1]
        key, shifts, positive, gate = wanted.split(sizes, -1)
        strength, sharpness = F.softplus(positive).split(1, -1)
        lengths = (key * key).sum(-1)[..., None] * (memory * memory).sum(-1)[:, None]
        angles = (key @ memory.transpose(1, 2)) * torch.rsqrt(lengths + _LEAST_LENGTH)
        content = torch.softmax(strength * angles, -1)
        weights = torch.lerp(before, content, torch.sigmoid(gate))
        moves = torch.softmax(shifts, -1).split(1, -1)
        moved = weights * moves[self.shift]
        for by in range(1, self.shift + 1):
            moved = torch.addcmul(moved, weights.roll(-by, -1), moves[self.shift - by])
            moved = torch.addcmul(moved, weights.roll(by, -1), moves[self.shift + by])
        return torch.softmax((1 + sharpness) * moved.clamp(min=_LEAST_WEIGHT).log(), -1)

    def _write(self, erase: Tensor, add: Tensor, memory: Tensor, weights: Tensor) -> Tensor:
        """What the write heads erase and add ``(B, write_heads, M)``, and where -> the memory after all of them."""
        erase, where = torch.sigmoid(erase), weights.transpose(1, 2)
        kept = memory
        for head in range(self.write_heads):
            erased = where[..., head, None] @ erase[:, head, None]
            kept = torch.addcmul(kept, kept, erased, value=-1)
        return torch.baddbmm(kept, where, add)


def _projected(cell: RNNCell) -> int:
    """Width G of a controller's projection.

    Raises:
        UserError: It is not the same twice: columns of it are masks, to which nothing that is read may be added.
    """
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        like = next(cell.parameters(), torch.zeros(()))
        x = like.new_zeros(_ROWS, cell.input_size)
        first, second = cell.project(x), cell.project(x)
    if not like.is_meta and not torch.equal(first, second):
        name = type(cell).__name__
        raise UserError(
            f"NTM: {name} draws random masks in its projection, so that nothing read can be added to it",
            hint=f"another controller than {name}",
        )
    return first.shape[1]
