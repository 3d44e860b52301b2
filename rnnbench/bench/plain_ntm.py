"""A neural Turing machine as a user of PyTorch writes it, head by head: what the cell is tested against and timed with.

``python -m rnnbench.bench.plain_ntm`` prints how much longer it takes than `rnnbench.cells.NTM`, in turns.
"""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.bench.timing import ratio, time_in_turns
from rnnbench.cells import LSTM, NTM
from rnnbench.machine import pin_to_cores

_SHAPES = ((16, 40, 9, 100), (32, 50, 64, 128), (1, 40, 9, 100))
"""B, T, I, H; the first is that of the copy task of A. Graves et al. (2014)."""


class PlainNTM(nn.Module):
    """The equations of `NTM` with an `LSTM` as its controller, with the weights of such a cell.

    Args:
        cell: The cell; its weights are copied.
    """

    def __init__(self, cell: NTM) -> None:
        super().__init__()
        inner = cell.cell
        assert isinstance(inner, LSTM)
        self.hidden = inner.hidden_size
        self.locations, self.width, self.shift = cell.num_locations, cell.location_size, cell.shift
        self.controller = nn.LSTMCell(cell.input_size + cell.read_heads * self.width, self.hidden)
        size = self.width + 2 * self.shift + 4
        self.reading = nn.ModuleList(nn.Linear(self.hidden, size) for _ in range(cell.read_heads))
        self.writing = nn.ModuleList(nn.Linear(self.hidden, size) for _ in range(cell.write_heads))
        self.erasing = nn.ModuleList(nn.Linear(self.hidden, self.width) for _ in range(cell.write_heads))
        self.adding = nn.ModuleList(nn.Linear(self.hidden, self.width) for _ in range(cell.write_heads))
        self.output = nn.Linear(cell.read_heads * self.width, self.hidden, bias=False)
        self.to(cell.weight_head.dtype)
        with torch.no_grad():
            out, into = cell.weight_read.split([self.hidden, 4 * self.hidden])
            self.output.weight.copy_(out)
            self.controller.weight_ih.copy_(torch.cat([inner.weight_ih, into], 1))
            for name in ("weight_hh", "bias_ih", "bias_hh"):
                getattr(self.controller, name).copy_(getattr(inner, name))
            start = 0
            for head in (*self.reading, *self.writing, *self.erasing, *self.adding):
                assert isinstance(head, nn.Linear)
                rows = slice(start, start + head.out_features)
                head.weight.copy_(cell.weight_head[rows])
                head.bias.copy_(cell.bias_head[rows])
                start = rows.stop

    def address(self, wanted: Tensor, memory: Tensor, before: Tensor) -> Tensor:
        """What a head wants ``(B, ...)`` and its weights before ``(B, N)`` -> its weights."""
        key, shifts, beta, gamma, gate = wanted.split([self.width, 2 * self.shift + 1, 1, 1, 1], -1)
        lengths = (key**2).sum(-1, keepdim=True) * (memory**2).sum(-1)
        angles = (memory * key[:, None]).sum(-1) / (lengths + 1e-6).sqrt()
        content = torch.softmax(F.softplus(beta) * angles, -1)
        gate = torch.sigmoid(gate)
        weights = gate * content + (1 - gate) * before
        moves = torch.softmax(shifts, -1)
        moved = torch.zeros_like(weights)
        for place in range(2 * self.shift + 1):
            moved = moved + moves[:, place : place + 1] * torch.roll(weights, place - self.shift, -1)
        sharp = moved.clamp(min=1e-12) ** (1 + F.softplus(gamma))
        return sharp / sharp.sum(-1, keepdim=True)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, I)`` -> ``(B, T, H)``."""
        batch = len(x)
        hidden = c = x.new_zeros(batch, self.hidden)
        found = x.new_zeros(batch, len(self.reading) * self.width)
        memory = x.new_full((batch, self.locations, self.width), 1e-6)
        start = F.one_hot(torch.zeros(batch, dtype=torch.int64), self.locations).to(x)
        read_weights, write_weights = [start] * len(self.reading), [start] * len(self.writing)
        outputs = []
        for here in x.unbind(1):
            hidden, c = self.controller(torch.cat([here, found], -1), (hidden, c))
            for number, head in enumerate(self.reading):
                read_weights[number] = self.address(head(hidden), memory, read_weights[number])
            for number, head in enumerate(self.writing):
                write_weights[number] = self.address(head(hidden), memory, write_weights[number])
            for weights, head in zip(write_weights, self.erasing, strict=True):
                memory = memory * (1 - weights[:, :, None] * torch.sigmoid(head(hidden))[:, None])
            for weights, head in zip(write_weights, self.adding, strict=True):
                memory = memory + weights[:, :, None] * head(hidden)[:, None]
            found = torch.cat([(weights[:, :, None] * memory).sum(1) for weights in read_weights], -1)
            outputs.append(hidden + self.output(found))
        return torch.stack(outputs, 1)


def main() -> None:
    """Prints a line for each shape."""
    parser = argparse.ArgumentParser(description="Time a plain neural Turing machine against the cell, in turns.")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="default: %(default)s")
    rounds = parser.parse_args().rounds
    pin_to_cores(1)
    torch.set_num_threads(1)
    for batch, steps, inputs, hidden in _SHAPES:
        torch.manual_seed(0)
        x = torch.randn(batch, steps, inputs)
        stack = Backbone(inputs, NTM, hidden)
        cell = stack.cells[0][0]
        assert isinstance(cell, NTM)
        plain = PlainNTM(cell)

        def train_cell(stack: Backbone = stack, x: Tensor = x) -> None:
            stack.zero_grad()
            stack(x)[0].square().mean().backward()

        def train_plain(plain: PlainNTM = plain, x: Tensor = x) -> None:
            plain.zero_grad()
            plain(x).square().mean().backward()

        times = time_in_turns({"plain": train_plain, "cell": train_cell}, rounds, seconds=60)
        print(f"B {batch}, T {steps}, I {inputs}, H {hidden}: plain / cell = {ratio(times, 'plain', 'cell'):.2f}")


if __name__ == "__main__":
    main()
