"""``python -m rnnbench.engine.cuda.bench``: how long a training step takes on a GPU, as a ratio to torch.nn.LSTM."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable

import torch
from torch import nn

from rnnbench import cells
from rnnbench.cells import RNNCell
from rnnbench.engine.base import Engine
from rnnbench.engine.cuda import ScanEngine, TritonEngine
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.engine.torch_layers import TorchEngine

SHAPES = ((50, 32, 128, 128), (100, 32, 256, 256), (200, 64, 512, 512), (35, 20, 650, 650))
_ENGINES: tuple[Engine, ...] = (TorchEngine(), ScanEngine(), TritonEngine(), ReferenceEngine())


def main() -> None:
    """Prints a table: rows are cells and engines, columns shapes (T, B, I, H)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how often each is timed, in turns")
    parser.add_argument(
        "--ragged", action="store_true", help="lengths from T / 2 to T; torch.nn.LSTM still runs over all T"
    )
    parser.add_argument(
        "--cells", nargs="+", default=["LSTM", "GRU", "Elman", "PeepholeLSTM", "LayerNormLSTM", "SRU", "MinGRU", "LRU"]
    )
    arguments = parser.parse_args()
    print(f"training step of one layer / that of torch.nn.LSTM, median of {arguments.rounds} rounds in turns,")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}; in brackets ms; columns: T, B, I, H\n")
    print("| cell (engine) | " + " | ".join(", ".join(map(str, shape)) for shape in SHAPES) + " |")
    print("|---" * (len(SHAPES) + 1) + "|")
    columns = [_times(shape, arguments.cells, arguments.rounds, arguments.ragged) for shape in SHAPES]
    for label in columns[0]:
        ratios = (statistics.median(a / b for a, b in zip(one[label], one["torch.nn"], strict=True)) for one in columns)
        numbers = zip(ratios, (statistics.median(one[label]) for one in columns), strict=True)
        print(f"| {label} | " + " | ".join(f"{ratio:.2f} ({time:.2f})" for ratio, time in numbers) + " |")


def _times(shape: tuple[int, int, int, int], names: list[str], rounds: int, ragged: bool) -> dict[str, list[float]]:
    time_steps, batch, inputs, hidden = shape
    x = torch.randn(batch, time_steps, inputs, device="cuda", requires_grad=True)
    lengths = torch.linspace(time_steps // 2, time_steps, batch, device="cuda").long() if ragged else None
    layer = nn.LSTM(inputs, hidden, batch_first=True).cuda()
    steps: dict[str, Callable[[], torch.Tensor]] = {"torch.nn": lambda: layer(x)[0]}
    for name in names:
        cell = getattr(cells, name)(inputs, hidden).cuda()
        for engine in _ENGINES:
            if engine.refusal(cell) is None:
                steps[f"{name} ({engine.name})"] = _runner(engine, cell, x, lengths)
    found: dict[str, list[float]] = {label: [] for label in steps}
    for step in steps.values():
        for _ in range(3):  # the second time a loop is captured
            step().sum().backward()
    for _ in range(rounds):
        for label, step in steps.items():
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            step().sum().backward()
            end.record()
            end.synchronize()
            found[label].append(start.elapsed_time(end))
    return found


def _runner(engine: Engine, cell: RNNCell, x: torch.Tensor, lengths: torch.Tensor | None) -> Callable[[], torch.Tensor]:
    params = dict(cell.named_parameters())
    return lambda: engine.run(cell, params, x, cell.initial_state(len(x), x), lengths)[0]


if __name__ == "__main__":
    main()
